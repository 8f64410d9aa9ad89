package agent

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/codes"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors"
)

// figures are what status and metrics show beside the journal: how sources and channels do, and what
// was taken since the start. They outlive a reload.
type figures struct {
	clock   connectors.Clock
	metrics *monitor.Metrics

	waited  atomic.Bool // some item has waited alone: else nobody need look
	mu      sync.Mutex
	sources map[[2]string]*sourceFigures // by kind and name
	notices []control.Notice
	certs   map[[2]string]monitor.Certificate // by what they belong to, and whose they are
	reload  monitor.Reload
	disks   map[string]*diskFigure // by folder

	measure func(path string) (disk.Space, error) // disk.Of
}

type sourceFigures struct {
	circuit *guard.Circuit
	taken   int64
	last    time.Time
	waits   map[string]*wait  // items that cannot be taken now
	served  map[string]string // documents of answer files that still wait: which file and decision took them
}

// Kinds of sources and channels.
const (
	kindInbasket = "in-basket"
	kindResults  = "results"
	kindOffice   = "front office"
	kindTarget   = "target"
)

// noticesKept is how many notices status shows.
const noticesKept = 20

func newFigures(clock connectors.Clock) *figures {
	return &figures{clock: clock, sources: map[[2]string]*sourceFigures{}, certs: map[[2]string]monitor.Certificate{}, disks: map[string]*diskFigure{}, measure: disk.Of}
}

func (f *figures) of(kind, name string) *sourceFigures {
	key := [2]string{kind, name}
	if f.sources[key] == nil {
		f.sources[key] = &sourceFigures{}
	}
	return f.sources[key]
}

// watch remembers the circuit of a source, for status.
func (f *figures) watch(kind, name string, c *guard.Circuit) {
	f.mu.Lock()
	f.of(kind, name).circuit = c
	f.mu.Unlock()
}

// took counts n items of a source.
func (f *figures) took(kind, name string, n int) {
	if n == 0 {
		return
	}
	f.mu.Lock()
	s := f.of(kind, name)
	s.taken += int64(n)
	s.last = f.clock.Now()
	f.mu.Unlock()
}

// accepted counts the verdicts of one batch of an in-basket.
func (f *figures) accepted(inbasket string, receipts []connectors.Receipt) {
	byVerdict := map[connectors.Verdict]int{}
	for _, r := range receipts {
		byVerdict[r.Verdict]++
	}
	for v, n := range byVerdict {
		f.metrics.Accepted(inbasket, v, n)
	}
	f.took(kindInbasket, inbasket, len(receipts)-byVerdict[connectors.Released])
}

// delivered counts the outcomes of one group.
func (f *figures) delivered(target string, outcomes map[connectors.Class]int) {
	for class, n := range outcomes {
		f.metrics.Outcome(target, class, n)
	}
	f.took(kindTarget, target, outcomes[connectors.Written])
}

func (f *figures) notice(n connectors.Notice) {
	f.metrics.Notice(n.Code)
	f.remember(n)
}

// remember keeps a notice for status.
func (f *figures) remember(n connectors.Notice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// What says the same again must not push out everything else.
	times := 1
	for i, known := range f.notices {
		if known.Code == n.Code && known.Text == n.Text {
			times = known.Count + 1
			f.notices = slices.Delete(f.notices, i, i+1)
			break
		}
	}
	f.notices = append(f.notices, control.Notice{At: f.clock.Now(), Code: n.Code, Text: n.Text, Count: times})
	if extra := len(f.notices) - noticesKept; extra > 0 {
		f.notices = slices.Delete(f.notices, 0, extra)
	}
}

func (f *figures) lastNotices() []control.Notice {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.notices)
}

// source returns what status shows of a source.
func (f *figures) source(kind, name, typ string) control.SourceStatus {
	f.mu.Lock()
	s := *f.of(kind, name)
	waiting := s.waiting(f.clock.Now())
	f.mu.Unlock()
	return control.SourceStatus{Name: name, Type: typ, Taken: s.taken, Last: s.last, Trouble: troubleOf(s.circuit), Waiting: waiting}
}

// troubleOf returns what is wrong behind a circuit; nil: nothing, or no circuit.
func troubleOf(c *guard.Circuit) *control.Trouble {
	if c == nil {
		return nil
	}
	state, t := c.State()
	if state == guard.Closed {
		return nil
	}
	return &control.Trouble{Code: t.Code, Text: t.Text, Next: codes.Cure(t.Code, "see what it says") + "; it is tried again by itself", Since: t.Since, RetryAt: t.RetryAt, Count: t.Count}
}

// Alive returns why the agent should be restarted: a part of it is stuck, or the journal cannot be read at all.
func (a *Agent) Alive(ctx context.Context) (reasons []monitor.Reason) {
	stuck, _ := a.stalled()
	for _, s := range stuck {
		reasons = append(reasons, monitor.Reason{Code: CodeStuck, Text: s.Kind + " " + s.Name + ": " + s.Doing + " does not end"})
	}
	if len(reasons) > 0 {
		return reasons // reading the journal might be stuck as well
	}
	if _, err := a.journal.Paused(ctx); err != nil {
		return []monitor.Reason{{Code: CodeJournal, Text: "the journal cannot be read"}}
	}
	return nil
}

// Ready returns why the agent cannot do all of its work now: targets, in-baskets and front offices in trouble.
func (a *Agent) Ready(ctx context.Context) []monitor.Reason {
	reasons := a.Alive(ctx)
	status, err := a.Status(ctx)
	if err != nil {
		return reasons
	}
	add := func(what, name string, t *control.Trouble) {
		if t != nil {
			reasons = append(reasons, monitor.Reason{Code: t.Code, Text: what + " " + name + ": " + t.Text})
		}
	}
	add("the", "journal", status.Journal)
	add("the", "agent", status.Held)
	for _, t := range status.Targets {
		add("target", t.Name, t.Trouble)
	}
	for _, s := range status.Inbaskets {
		add("in-basket", s.Name, s.Trouble)
	}
	for _, s := range status.Results {
		add("results", s.Name, s.Trouble)
	}
	for _, o := range status.FrontOffices {
		add("front office", o.Name, o.Trouble)
	}
	return reasons
}
