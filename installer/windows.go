package installer

import "path/filepath"

// StartErrorName is the file in the log folder of a Windows service that says why its last start failed, as
// a terminal would show it. An agent that starts removes it.
const StartErrorName = "start-error.txt"

// LogFolder returns where a Windows service logs when its configuration does not say: beside the
// configuration, so that also a configuration that cannot be read has its reason told in a known place.
func LogFolder(config string) string {
	if abs, err := filepath.Abs(config); err == nil {
		config = abs
	}
	return filepath.Join(filepath.Dir(config), "log")
}
