package installer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// environment returns what the drop-ins of a service add to its environment: a configuration may take secrets from
// there, and is checked before systemd could tell.
func (m *systemd) environment(service string) []string {
	var out []string
	files, _ := filepath.Glob(m.h.path(filepath.Join(dropInDir(service), "*.conf")))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // systemd will complain
		}
		for line := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch strings.TrimSpace(key) {
			case "Environment":
				out = append(out, words(value)...)
			case "EnvironmentFile":
				out = append(out, m.variables(strings.TrimPrefix(strings.TrimSpace(value), "-"))...)
			}
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return !strings.Contains(s, "=") })
}

// variables reads a file of NAME=value lines.
func (m *systemd) variables(path string) []string {
	var out []string
	text, _ := m.h.read(path)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		out = append(out, name+"="+value)
	}
	return out
}
