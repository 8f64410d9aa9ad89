package legacy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/test/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// office is an agent with one folder in-basket, one target and one route.
type office struct {
	t     *testing.T
	dir   string
	agent *agent.Agent
	log   *log
	forms map[string]string // by reference, as they were sent
}

// log keeps what the agent says, for when a test fails.
type log struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.b.String()
	return s[max(0, len(s)-1500):]
}

const configYAML = `
agency: Test
state: state
monitor: off
inbaskets: {forms: {%s}}
targets:
  register:
    %s
    retry: {first: 20ms, most: 200ms}
routes: {r: {from: forms, mapping: m.yaml}}
`

// newOffice starts an agent in dir with this target and mapping.
func newOffice(t *testing.T, dir, target, mapping string) *office {
	t.Helper()
	return openOffice(t, dir, "folder: {path: in, quiet: 0s, poll: 20ms}", target, mapping)
}

// openOffice starts an agent with an in-basket of another kind.
func openOffice(t *testing.T, dir, inbasket, target, mapping string) *office {
	t.Helper()
	o := &office{t: t, dir: dir, log: &log{}, forms: map[string]string{}}
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	o.write("inbasket.yaml", fmt.Sprintf(configYAML, inbasket, target))
	o.write("m.yaml", "mapping: m\nversion: 1\n"+mapping)
	load := func() (*config.Config, error) {
		return config.Load(filepath.Join(dir, "inbasket.yaml"), all.Registry(), config.Options{})
	}
	cfg, err := load()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	o.agent, err = agent.New(ctx, agent.Options{Config: cfg, Reload: load, Log: zerolog.New(o.log), Ready: func(agent.Addresses) { close(ready) }})
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- o.agent.Run(ctx) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal("the agent did not start: ", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error("run: ", err)
		}
		if err := o.agent.Close(); err != nil {
			t.Error("close: ", err)
		}
	})
	return o
}

func (o *office) write(name, content string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(content), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// send puts a form into the in-basket.
func (o *office) send(ref, form string) {
	o.t.Helper()
	o.forms[ref] = form
	o.write("."+ref+".part", form)
	if err := os.Rename(filepath.Join(o.dir, "."+ref+".part"), filepath.Join(o.dir, "in", ref+".json")); err != nil {
		o.t.Fatal(err)
	}
}

// fate says how a form stands: "closed", "parked CODE", or "waits CODE" with the trouble of its target.
func (o *office) fate(ref string) string {
	o.t.Helper()
	list, err := reading.Of(o.agent.Journal()).List(context.Background(), journal.Filter{Reference: ref})
	if err != nil {
		o.t.Fatal(err)
	}
	if len(list) != 1 {
		return fmt.Sprintf("%d submissions", len(list))
	}
	switch e := list[0]; e.State {
	case journal.Closed:
		return "closed"
	case journal.Parked, journal.Rejected:
		return string(e.State) + " " + e.Code
	}
	s, err := o.agent.Health().Status(context.Background())
	if err != nil {
		o.t.Fatal(err)
	}
	if t := s.Targets[0].Trouble; t != nil {
		return "waits " + t.Code
	}
	return "waits"
}

// await waits until a form stands as is wanted. A form that is closed or parked otherwise fails the test at once.
func (o *office) await(ref, want string) {
	o.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for {
		got := o.fate(ref)
		if got == want || strings.HasSuffix(want, " ") && strings.HasPrefix(got, want) { // any code will do
			return
		}
		if got == "closed" || strings.HasPrefix(got, string(journal.Rejected)) {
			o.t.Errorf("%s: %s, want %s", ref, got, want)
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			o.t.Fatalf("%s: %s, want %s\n%s", ref, got, want, o.log)
		}
	}
}

// closed returns the forms that are closed.
func (o *office) closed() (refs []string) {
	for ref := range o.forms {
		if o.fate(ref) == "closed" {
			refs = append(refs, ref)
		}
	}
	return refs
}
