package config

import (
	"sync"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// held is a secret of a connector and the reference that gave it.
type held struct {
	at    *diag.Node
	value connectors.Secret
}

// holder is the key of a connector in a section.
func holder(role connectors.Role, name string) string { return string(role) + " " + name }

// anew reads a reference as a load would do now.
func (l *loader) anew(n *diag.Node) (string, error) {
	again := &loader{options: Options{Getenv: l.options.Getenv}, c: &Config{Dir: l.c.Dir, file: l.c.file}}
	again.vault = newVault(again)
	value, problems := again.resolve(n, false)
	return value, problems.Err()
}

// reader returns what reads secrets of one connector again. It knows references by the values that they gave, also
// those that it has read itself.
func (c *Config) reader(holder string) func(connectors.Secret) (connectors.Secret, error) {
	if c.held == nil { // not loaded from a file
		return nil
	}
	var mu sync.Mutex
	known := map[connectors.Secret][]*diag.Node{}
	for _, h := range c.held(holder) {
		known[h.value] = append(known[h.value], h.at)
	}
	return func(old connectors.Secret) (connectors.Secret, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, n := range known[old] {
			value, err := c.resolve(n)
			if err != nil {
				return "", err
			}
			if now := connectors.Secret(value); now != old {
				known[now] = append(known[now], n)
				return now, nil
			}
		}
		return old, nil
	}
}
