package journal_test

import (
	"context"
	"crypto/sha256"
	"flag"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/engine/sqlite"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/agent/journal/telling"
	"github.com/inbasket/inbasket/connectors"
)

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked { // every check writes to the disk for real, and -race makes SQLite slow
		if err := flag.Set("rapid.checks", "20"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// fakeClock moves only when it is told to.
type fakeClock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *fakeClock { return &fakeClock{t: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *fakeClock) After(time.Duration) <-chan time.Time { return nil }

func (c *fakeClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var planA = journal.Plan{Digest: sha256.Sum256([]byte("plan a")), Name: "permit", Version: 1, Bundle: []byte("bundle a")}

type rig struct {
	testing.TB
	*journal.Journal
	accepting.Forms
	delivering.Deliveries
	deciding.Decisions
	reading.Submissions
	telling.Stream
	purging.Purges
	restoring.Restores
	checking.Checks
	clock *fakeClock
	dir   string
	opts  journal.Options
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{TB: t, clock: newClock(), dir: t.TempDir()}
	store, err := content.Open(filepath.Join(r.dir, "content"))
	r.must(err)
	r.opts = journal.Options{Clock: r.clock, Content: store}
	r.open()
	t.Cleanup(func() { r.must(r.Close()) })
	r.must(r.PutPlan(r.ctx(), planA))
	return r
}

func (r *rig) ctx() context.Context { return context.Background() }

func (r *rig) open() {
	r.Helper()
	j, err := journal.Open(r.ctx(), r.dir, r.opts)
	r.must(err)
	r.use(j)
}

// use asks another journal from here on.
func (r *rig) use(j *journal.Journal) {
	r.Journal, r.Forms, r.Deliveries, r.Decisions, r.Submissions = j, accepting.Of(j), delivering.Of(j), deciding.Of(j), reading.Of(j)
	r.Stream, r.Purges, r.Restores, r.Checks = telling.Of(j), purging.Of(j), restoring.Of(j), checking.Of(j)
}

func (r *rig) reopen() {
	r.Helper()
	r.must(r.Close())
	r.open()
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func arrival(ref string, targets ...string) journal.Arrival {
	form := []byte(`{"ref":"` + ref + `"}`)
	return journal.Arrival{Scope: "portal", Office: "portal", Inbasket: "permits", Route: "building", Plan: planA.Digest, Reference: ref, Transport: ref + ".json",
		Digest: sha256.Sum256(form), ContentType: "application/json", Form: form, Targets: targets}
}

func (r *rig) accept(a ...journal.Arrival) []journal.Acceptance {
	r.Helper()
	out, err := r.Accept(r.ctx(), a)
	r.must(err)
	return out
}

// one accepts one submission and returns its ID.
func (r *rig) one(ref string, targets ...string) journal.ID {
	r.Helper()
	return r.accept(arrival(ref, targets...))[0].ID
}

func (r *rig) state(id journal.ID) journal.State {
	r.Helper()
	v, err := r.Show(r.ctx(), id)
	r.must(err)
	return v.State
}

func (r *rig) done(id journal.ID, target string) {
	r.Helper()
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: target, To: journal.Done, Attempt: true}}))
}

// types returns the types of a submission's events; final ones have a mark.
func (r *rig) types(id journal.ID) (s string) {
	r.Helper()
	events, err := r.EventsOf(r.ctx(), id)
	r.must(err)
	for _, e := range events {
		s += e.Type
		if e.Final {
			s += "!"
		}
		s += " "
	}
	return s
}

func TestLifeOfASubmission(t *testing.T) {
	r := newRig(t)
	id := r.one("A-1", "register", "mainframe")
	if s := r.state(id); s != journal.Accepted {
		t.Fatalf("state %s", s)
	}
	list, err := r.Backlog(r.ctx(), "register", 0, 10)
	r.must(err)
	if len(list) != 1 || list[0].ID != id || string(list[0].Form) != `{"ref":"A-1"}` || list[0].Plan != planA.Digest || list[0].Progress != journal.Pending {
		t.Fatalf("backlog %+v", list)
	}
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "register", To: journal.Done, Attempt: true, MatchKey: "CASE_NO=4711",
		Returned: map[string]connectors.Value{"application.CASE_NO": {Kind: connectors.Integer, Int: 4711}}}}))
	list, err = r.Backlog(r.ctx(), "mainframe", 0, 10)
	r.must(err)
	if len(list) != 1 || list[0].Returned["application.CASE_NO"].Int != 4711 {
		t.Fatalf("backlog %+v", list)
	}
	r.done(id, "mainframe")
	if s := r.state(id); s != journal.Delivered {
		t.Fatalf("state %s", s)
	}
	v, err := r.Results(r.ctx(), []journal.Outcome{{Source: "register", ResultID: "1", Plan: "permit", MatchKey: "CASE_NO=4711", Outcome: "approved", Status: "A",
		Documents: []journal.File{{Name: "permit.pdf", Size: 3}}}})
	r.must(err)
	if v[0] != connectors.Taken || r.state(id) != journal.Decided {
		t.Fatalf("verdict %s state %s", v[0], r.state(id))
	}
	if got := r.types(id); got != "accepted delivered decided! " {
		t.Fatalf("events %q", got)
	}
	_, next, err := r.Events(r.ctx(), "portal", 0, 100)
	r.must(err)
	r.must(r.Ack(r.ctx(), "portal", "main", next))
	if s := r.state(id); s != journal.Closed {
		t.Fatalf("state %s", s)
	}
	r.reopen()
	sum, err := r.Summary(r.ctx())
	r.must(err)
	if sum.States[journal.Closed] != 1 || sum.States[journal.Accepted] != 0 || len(sum.Targets) != 2 || sum.Epoch != 1 {
		t.Fatalf("summary %+v", sum)
	}
	show, err := r.Show(r.ctx(), id)
	r.must(err)
	if len(show.Timeline) < 6 || len(show.Results) != 1 || len(show.Deliveries) != 2 {
		t.Fatalf("show %+v", show)
	}
}

// older makes the journal in a folder one of a version of before, and runs statements on it.
func older(t testing.TB, dir string, version int64, statements ...string) {
	t.Helper()
	e := sqlite.New(filepath.Join(dir, journal.FileName))
	c, err := e.Writer()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.MigrateTo(c, version); err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := c.Exec(s); err != nil {
			t.Fatal(s, err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}
