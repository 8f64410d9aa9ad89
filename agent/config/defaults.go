package config

import "time"

// DefaultMonitor is where health and metrics are served unless the configuration says otherwise.
const DefaultMonitor = "127.0.0.1:8471"

// DefaultListen returns the defaults of listen.
func DefaultListen() Listen { return Listen{MaxBody: 256 << 20, Connections: 1024} }

// DefaultLog returns the defaults of log.
func DefaultLog() Log { return Log{Level: "info", Format: "json"} }

// DefaultTarget returns the defaults of a target beside its connector.
func DefaultTarget() TargetOptions {
	return TargetOptions{Timeout: time.Minute, Retry: Retry{First: 250 * time.Millisecond, Most: 5 * time.Minute}}
}

func defaultDocument() document {
	return document{State: "state", Monitor: monitor{Address: DefaultMonitor}, Log: DefaultLog()}
}
