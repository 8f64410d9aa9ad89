package installer

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/inbasket/inbasket/agent/config"
)

// Describe returns what a configuration asks of the service; name, program and account are the caller's.
func Describe(c *config.Config) Instance {
	i := Instance{Config: c.Path, State: c.State, Credentials: map[string]string{}}
	for _, p := range c.Paths() {
		if p.Writable {
			i.Writable = append(i.Writable, p.Path)
		} else {
			i.Readable = append(i.Readable, p.Path)
		}
	}
	i.Writable, i.Readable = outermost(i.Writable), outermost(i.Readable)
	for _, name := range c.Credentials() {
		i.Credentials[name] = filepath.Join(CredentialFolder(c.Path), name)
	}
	return i
}

// Compare asks the manager again how an installed service stands, and compares it with what a configuration asks of it.
func Compare(ctx context.Context, m Manager, name string, s State, c *config.Config) (State, error) {
	i := Describe(c)
	i.Name, i.Program, i.Account = name, s.Program, s.Account
	return m.Status(ctx, i)
}

// CredentialFolder returns the folder whose files systemd hands to the service: ${credential:NAME} is NAME there.
func CredentialFolder(config string) string {
	return filepath.Join(filepath.Dir(config), "credentials")
}

// outermost returns paths sorted, each once, without those that lie in another one.
func outermost(paths []string) []string {
	var out []string
	for _, p := range slices.Sorted(slices.Values(paths)) {
		if !slices.ContainsFunc(out, func(dir string) bool { return inside(p, dir) }) {
			out = append(out, p)
		}
	}
	return out
}

// inside tells whether path is dir or lies in it.
func inside(path, dir string) bool { return config.Inside(path, dir) }

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
