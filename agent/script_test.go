package agent_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/all"
)

// script is a target whose every call a test decides.
type script struct {
	mu      sync.Mutex
	can     connectors.Abilities
	deliver func(context.Context, connectors.Group) ([]connectors.Outcome, error)
	stage   func(context.Context, connectors.Group) error // of type stages only
	found   connectors.Presence
	check   error
	groups  []connectors.Group // as they were tried
	told    []string           // names that were written, in order
	looked  int
	written map[string]int // times by key
}

func newScript(can connectors.Abilities) *script {
	can.Operations |= connectors.RowOperations
	can.Returning, can.Binary = true, true
	return &script{can: can, written: map[string]int{}}
}

func (s *script) Abilities() connectors.Abilities { return s.can }

// set changes the script while the agent runs.
func (s *script) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// Deliver writes all items, unless the test has it do otherwise.
func (s *script) Deliver(ctx context.Context, g connectors.Group) ([]connectors.Outcome, error) {
	s.mu.Lock()
	do := s.deliver
	s.mu.Unlock()
	out, err := written(g), error(nil)
	if do != nil {
		out, err = do(ctx, g)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups = append(s.groups, g)
	for _, o := range out {
		if o.Class == connectors.Written {
			s.written[o.Key]++
			i := slices.IndexFunc(g.Items, func(d connectors.Delivery) bool { return d.Key == o.Key })
			s.told = append(s.told, nameOf(g.Items[i]))
		}
	}
	return out, err
}

func (s *script) Lookup(_ context.Context, g connectors.Group) ([]connectors.Found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked++
	out := make([]connectors.Found, len(g.Items))
	for i, d := range g.Items {
		out[i] = connectors.Found{Key: d.Key, Presence: s.found}
	}
	return out, nil
}

func (s *script) Check(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.check
}

func (s *script) Close() error { return nil }

// names returns what was written, by field NAME, in order.
func (s *script) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.written)
}

// doubled returns the keys that were written more than once.
func (s *script) doubled() (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, n := range s.written {
		if n > 1 {
			keys = append(keys, k)
		}
	}
	return keys
}

func nameOf(d connectors.Delivery) string {
	for _, r := range d.Records {
		if i := slices.Index(r.Shape.Fields, "NAME"); i >= 0 {
			return r.Values[i].Str
		}
	}
	return ""
}

func written(g connectors.Group) []connectors.Outcome {
	out := make([]connectors.Outcome, len(g.Items))
	for i, d := range g.Items {
		out[i] = connectors.Outcome{Key: d.Key, Class: connectors.Written}
	}
	return out
}

// staging is a script that stages.
type staging struct{ *script }

func (s staging) Stage(ctx context.Context, g connectors.Group) error {
	s.mu.Lock()
	do := s.stage
	s.mu.Unlock()
	if do != nil {
		return do(ctx, g)
	}
	return nil
}

type scriptConfig struct {
	Path string `yaml:"path" doc:"where it seems to point to"`
}

// registry is all connectors, and targets of type script that are the test's.
func registry(targets map[string]connectors.Target) connectors.Registry {
	open := func(e connectors.Env, _ scriptConfig) (connectors.Target, error) { return targets[e.Name], nil }
	return append(all.Registry(), connectors.DefineTarget("script", "A test's own.", func() scriptConfig { return scriptConfig{} }, open))
}

// Two targets: "one" and "two"; "two" may need what "one" returns.
const scriptWorld = `
agency: Bauamt Teststadt
state: state
monitor: localhost:0
listen: {address: 127.0.0.1:0}
inbaskets:
  permits: {folder: {path: in, match: "*.json", quiet: 0s, poll: 50ms}}
targets:
  one: {script: {path: a}, retry: {first: 5ms, most: 50ms}}
  two: {script: {path: b}, retry: {first: 5ms, most: 50ms}}
front-offices:
  portal: {tokens: ["%s"]}
routes:
  permit: {from: permits, mapping: permit.yaml, front-office: portal}
`

const scriptMapping = `
mapping: permit
version: 1
input: {format: json, schema: permit.schema.json, reference: form.ref}
write:
  - as: application
    to: one
    table: APPLICATION
    fields: {FORM_REF: form.ref, NAME: form.name}
    returning: [ID]
    key: [FORM_REF]
  - as: copy
    to: two
    table: COPY
    fields: {FORM_REF: form.ref, NAME: form.name}
ignore: [form.drop, form.parcels]
`

// newScripted makes a world whose targets are scripts, with the mapping above and what is added to it.
func newScripted(t *testing.T, one, two connectors.Target, more string) *world {
	t.Helper()
	w := newWorld(t)
	w.reg = registry(map[string]connectors.Target{"one": one, "two": two})
	w.write("inbasket.yaml", fmt.Sprintf(scriptWorld, tokenHash))
	w.write("permit.yaml", scriptMapping+more)
	return w
}
