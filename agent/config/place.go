package config

import (
	"os"
	"path/filepath"
	"slices"
)

// Place is where an agent lives, as far as its configuration file tells also when it is wrong otherwise.
type Place struct {
	Path   string // of the file
	State  string // absolute
	Agency string
}

// Locate reads from a configuration file only where the agent's state is, so that a running agent can be
// asked while somebody edits the file. The error is diag.Problems.
func Locate(path string) (Place, error) {
	c, err := look(path, "name the file by --config")
	if err != nil {
		return Place{}, err
	}
	p := Place{Path: c.Path, State: c.Abs(defaultDocument().State)}
	if n, ok := c.file.Root().Get("state"); ok && n.Text != "" {
		p.State = c.Abs(n.Text)
	}
	if n, ok := c.file.Root().Get("agency"); ok {
		p.Agency = n.Text
	}
	return p, nil
}

// Mappings returns the mapping files that a configuration names, as absolute paths, also when it is wrong
// otherwise: so that check can say at once what is wrong with them as well.
func Mappings(path string) []string {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	routes, ok := read(path, filepath.Dir(abs), src).file.Root().Get("routes")
	if !ok {
		return nil
	}
	var out []string
	c := &Config{Dir: filepath.Dir(abs)}
	for _, r := range routes.Pairs {
		if n, ok := r.Value.Get("mapping"); ok && n.Text != "" && !slices.Contains(out, c.Abs(n.Text)) {
			out = append(out, c.Abs(n.Text))
		}
	}
	return out
}
