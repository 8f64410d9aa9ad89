package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Path is a file or folder of this machine that the configuration names.
type Path struct {
	Path     string // absolute
	Writable bool   // the agent makes, renames or removes files in it
	Key      string // where it is configured, such as inbaskets.permits
}

// Paths returns everything on this machine that the agent needs besides its state folder: what it writes and what
// it reads, in the order of the file. It is what a hardened service must be let through to.
func (c *Config) Paths() []Path {
	var out []Path
	add := func(key, path string, writable bool) {
		if path != "" {
			out = append(out, Path{Path: filepath.Clean(c.Abs(path)), Writable: writable, Key: key})
		}
	}
	connector := func(x Connector, _ string) {
		u, ok := x.Config.(connectors.Surrounded)
		if !ok {
			return
		}
		key := string(x.Definition.Role) + "." + x.Name
		around := u.Surroundings(connectors.Env{Name: x.Name, Dir: c.Dir}, x.Definition.Type)
		for _, f := range around.Folders {
			if f.Beside == "" || !Inside(f.Path, f.Beside) {
				add(key, f.Path, f.Write)
			}
		}
		for _, f := range around.Certificates {
			add(key, f.Path, false)
			add(key, f.Key, false)
		}
	}
	add("", c.Dir, false)
	if c.Listen != nil && c.Listen.TLS != nil {
		add("listen.tls", c.Listen.TLS.Cert, false)
		add("listen.tls", c.Listen.TLS.Key, false)
	}
	if c.Log.File != "" {
		add("log.file", filepath.Dir(c.Log.File), true)
	}
	c.Connectors(connector)
	for _, r := range c.Routes {
		add("routes."+r.Name, filepath.Dir(r.Mapping), false) // with its schema and lookups beside it
	}
	if a := ageOf(c.file); a != nil {
		add("secrets.age", a.File, false)
	}
	for _, name := range c.references("file") {
		add("secret", name, false)
	}
	return out
}

// Inside tells whether path is dir or lies in it.
func Inside(path, dir string) bool {
	r, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(r)
}

// Credentials returns the names of the secrets that the configuration takes from the service manager.
func (c *Config) Credentials() []string { return c.references("credential") }

var anyReference = regexp.MustCompile(`^\$\{([a-z]+):([^}]*)\}$`)

// references returns the names behind all references of a kind, each once, in the order of the file.
func (c *Config) references(kind string) []string {
	var out []string
	var walk func(n *diag.Node)
	walk = func(n *diag.Node) {
		if n == nil {
			return
		}
		if m := anyReference.FindStringSubmatch(strings.TrimSpace(n.Text)); m != nil && m[1] == kind && !slices.Contains(out, m[2]) {
			out = append(out, m[2])
		}
		for _, p := range n.Pairs {
			walk(p.Value)
		}
		for _, item := range n.Items {
			walk(item)
		}
	}
	walk(c.file.Root())
	return out
}
