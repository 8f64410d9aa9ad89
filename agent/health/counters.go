package health

import (
	"slices"
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/codes"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors"
)

// Kinds of what an agent has at work, as people read them.
const (
	Inbasket    = "in-basket"
	Results     = "results"
	FrontOffice = "front office"
	Target      = "target"
)

// noticesKept is how many notices status shows.
const noticesKept = 20

// Counters are what status and metrics show beside the journal: how sources and channels do, and what
// was taken since the start. They outlive a reload.
type Counters struct {
	*monitor.Metrics
	clock  connectors.Clock
	jitter func() float64 // random share of delays; nil: the system's

	mu      sync.Mutex
	sources map[[2]string]*source // by kind and name
	notices []control.Notice
	certs   map[[2]string]monitor.Certificate // by what they belong to, and whose they are
	reload  monitor.Reload
	disks   disks
}

// source is what is counted of one source, target or channel.
type source struct {
	circuit *guard.Circuit
	taken   int64
	last    time.Time
}

func newCounters(clock connectors.Clock, jitter func() float64) *Counters {
	return &Counters{clock: clock, jitter: jitter, sources: map[[2]string]*source{}, certs: map[[2]string]monitor.Certificate{},
		disks: disks{measure: disk.Of, by: map[string]*room{}}}
}

// of returns what is counted of a source; mu is held.
func (c *Counters) of(kind, name string) *source {
	key := [2]string{kind, name}
	if c.sources[key] == nil {
		c.sources[key] = &source{}
	}
	return c.sources[key]
}

// took counts n items of a source.
func (c *Counters) took(kind, name string, n int) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	s := c.of(kind, name)
	s.taken += int64(n)
	s.last = c.clock.Now()
	c.mu.Unlock()
}

// Accepted counts the verdicts of one batch of an in-basket.
func (c *Counters) Accepted(inbasket string, receipts []connectors.Receipt) {
	byVerdict := map[connectors.Verdict]int{}
	for _, r := range receipts {
		byVerdict[r.Verdict]++
	}
	for v, n := range byVerdict {
		c.Metrics.Accepted(inbasket, v, n)
	}
	c.took(Inbasket, inbasket, len(receipts)-byVerdict[connectors.Released])
}

// Delivered counts the outcomes of one group.
func (c *Counters) Delivered(target string, outcomes map[connectors.Class]int) {
	for class, n := range outcomes {
		c.Outcome(target, class, n)
	}
	c.took(Target, target, outcomes[connectors.Written])
}

// TookResults counts n results of a source.
func (c *Counters) TookResults(name string, n int) { c.took(Results, name, n) }

// Notice counts a notice, and keeps it for status.
func (c *Counters) Notice(n connectors.Notice) {
	c.Metrics.Notice(n.Code)
	c.remember(n)
}

// remember keeps a notice for status.
func (c *Counters) remember(n connectors.Notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// What says the same again must not push out everything else.
	times := 1
	for i, known := range c.notices {
		if known.Code == n.Code && known.Text == n.Text {
			times = known.Count + 1
			c.notices = slices.Delete(c.notices, i, i+1)
			break
		}
	}
	c.notices = append(c.notices, control.Notice{At: c.clock.Now(), Code: n.Code, Text: n.Text, Count: times})
	if extra := len(c.notices) - noticesKept; extra > 0 {
		c.notices = slices.Delete(c.notices, 0, extra)
	}
}

// Notices are those that status shows.
func (c *Counters) Notices() []control.Notice {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.notices)
}

// Loaded remembers how an attempt to load a configuration ended.
func (c *Counters) Loaded(ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reload.OK = ok
	if ok {
		c.reload.At = c.clock.Now()
	}
}

// Certificate returns where an instance of the configuration tells of its certificates.
func (c *Counters) Certificate(of string) func(connectors.Certificate) {
	return func(x connectors.Certificate) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.certs[[2]string{of, x.Whose}] = monitor.Certificate{Of: of, Whose: x.Whose, Until: x.Until}
	}
}

// status returns what status shows of a source.
func (c *Counters) status(kind, name, typ string) control.SourceStatus {
	c.mu.Lock()
	s := *c.of(kind, name)
	c.mu.Unlock()
	return control.SourceStatus{Name: name, Type: typ, Taken: s.taken, Last: s.last, Trouble: troubleOf(s.circuit)}
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
