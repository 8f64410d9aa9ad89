package lane

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/batch"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
)

type quickClock struct{}

func (quickClock) Now() time.Time { return time.Now() }

func (quickClock) After(time.Duration) <-chan time.Time { return time.After(time.Millisecond) }

// newPageLane returns a lane over a journal with n open deliveries.
func newPageLane(t *testing.T, n int) *Lane { return newLaneOver(t, n, nil, journal.Hooks{}) }

// newLaneOver is newPageLane for a target that may take batches, over a journal whose disk may break.
func newLaneOver(t *testing.T, n int, rules *Batch, hooks journal.Hooks) *Lane {
	t.Helper()
	store, err := content.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), t.TempDir(), journal.Options{Content: store, Hooks: hooks})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	plan := journal.Plan{Digest: connectors.Digest{1}, Name: "m", Version: 1, Bundle: []byte("b")}
	if err := j.PutPlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		ref := string(rune('a' + i))
		_, err := accepting.Of(j).Accept(t.Context(), []journal.Arrival{{Scope: "s", Inbasket: "i", Route: "r", Plan: plan.Digest, Reference: ref, Transport: ref,
			Digest: connectors.Digest{byte(i)}, Form: []byte("{}"), Targets: []string{"x"}, At: time.Now()}})
		if err != nil {
			t.Fatal(err)
		}
	}
	lanes := New(&prepare.Preparer{Journal: j, Targets: map[string]*prepare.Target{}})
	lanes.Add(Options{Target: prepare.Target{Name: "x"}, Guarded: guard.Wrap(nil, 0), Backoff: guard.DefaultBackoff(), Batch: rules, Content: store,
		Journal: j, Clock: quickClock{}, Log: zerolog.Nop(), Delivered: func(map[connectors.Class]int) {}, Notice: func(connectors.Notice) {}})
	l := lanes.Get("x")
	l.prepare = func(_ context.Context, page []journal.Stored) ([]*parcel, error) {
		parcels := make([]*parcel, len(page))
		for i, s := range page {
			parcels[i] = &parcel{Parcel: prepare.Parcel{ID: s.ID, Accepted: s.Accepted, Progress: s.Progress}}
		}
		return parcels, nil
	}
	return l
}

// What becomes due while the very first page is being read must not be overlooked.
func TestAgainDuringFirstPage(t *testing.T) {
	l := newPageLane(t, 3)
	usual := l.prepare
	l.prepare = func(ctx context.Context, page []journal.Stored) ([]*parcel, error) {
		l.Again() // an operator releases what this page, read a moment ago, does not have
		return usual(ctx, page[1:])
	}
	l.load(t.Context())
	l.prepare = usual
	for range 3 {
		if l.behind {
			l.load(t.Context())
		}
	}
	if len(l.list) != 3 || l.behind {
		t.Errorf("%d queued, behind %v", len(l.list), l.behind)
	}
}

// A page that could not be mapped for a fault of the journal is read again, not skipped.
func TestPageAfterFault(t *testing.T) {
	l := newPageLane(t, 3)
	usual, faults := l.prepare, 2
	l.prepare = func(ctx context.Context, page []journal.Stored) ([]*parcel, error) {
		if faults > 0 {
			faults--
			return nil, errors.New("disk full")
		}
		return usual(ctx, page)
	}
	for range 5 {
		if l.behind {
			l.load(t.Context())
		}
	}
	if len(l.list) != 3 || l.behind {
		t.Errorf("%d queued, behind %v", len(l.list), l.behind)
	}
}

// A delivery that an operator changes is not begun meanwhile, and is read anew afterwards.
func TestBar(t *testing.T) {
	l := newPageLane(t, 2)
	l.load(t.Context())
	first, second := l.list[0], l.list[1]
	if l.bar(first.ID) {
		t.Error("what only waits counts as under way")
	}
	l.admit([]*parcel{first}, true)
	l.mu.Lock()
	group, _ := l.pick(time.Now(), time.Hour, 10, math.MaxInt)
	l.mu.Unlock()
	if len(group) != 1 || group[0] != second {
		t.Fatalf("picked %d", len(group))
	}
	if !l.bar(second.ID) {
		t.Error("what is under way counts as waiting")
	}
	l.putBack([]*parcel{second}) // it failed
	if len(l.list) != 0 {
		t.Error("what is barred waits again")
	}
	l.unbar(first.ID)
	l.unbar(second.ID)
	for range 3 {
		if l.behind {
			l.load(t.Context())
		}
	}
	if len(l.list) != 2 {
		t.Errorf("%d queued", len(l.list))
	}
}

// Of two parked deliveries of one order key, both stop what came later: the end of one frees nothing of the other.
func TestTwoParkedOfOneKey(t *testing.T) {
	var q queue
	q.init()
	q.stops("key", 1)
	q.stops("key", 2)
	q.Drop(1)
	if q.keyFree("key", 3) || !q.keyFree("key", 2) {
		t.Fatal("the first of two has freed the key")
	}
	q.Drop(2)
	if !q.keyFree("key", 3) {
		t.Fatal("the key is not free")
	}
}

// What has its values is read when there is room, in its place; of more than a queue holds the journal is read anew.
func TestDue(t *testing.T) {
	l := newPageLane(t, 3)
	list, err := delivering.Of(l.journal).Backlog(t.Context(), "x", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	first, none := list[0].ID, ""
	waits := journal.Change{ID: first, Target: "x", To: journal.Waiting, Order: &none, Needs: journal.Needs{"w.V": "x"}}
	if err := delivering.Of(l.journal).Apply(t.Context(), []journal.Change{waits}); err != nil {
		t.Fatal(err)
	}
	for l.behind {
		l.load(t.Context())
	}
	if len(l.list) != 2 {
		t.Fatalf("%d queued while one waits", len(l.list))
	}
	if l.Due(first); !l.wantsPage() {
		t.Error("what is due is not read")
	}
	if l.load(t.Context()); len(l.list) != 2 || l.behind {
		t.Errorf("what waits all the same goes: %d queued, behind %v", len(l.list), l.behind)
	}
	if err := delivering.Of(l.journal).Apply(t.Context(), []journal.Change{{ID: first, Target: "x", To: journal.Pending}}); err != nil {
		t.Fatal(err)
	}
	usual := l.prepare
	l.prepare = func(context.Context, []journal.Stored) ([]*parcel, error) { return nil, errors.New("disk full") }
	l.Due(first)
	if l.load(t.Context()); !l.behind {
		t.Error("what could not be read is forgotten")
	}
	for l.prepare = usual; l.behind; {
		l.load(t.Context())
	}
	if len(l.list) != 3 || l.list[0].ID != first {
		t.Errorf("%d queued", len(l.list))
	}
	for range queueItems + 1 {
		l.Due(first)
	}
	if !l.behind || len(l.due) > 0 {
		t.Errorf("%d are due", len(l.due))
	}
}

// A delivery that is ended while it is under way stops nothing, however its attempt ends, and does not go again.
func TestEndedWhileUnderWay(t *testing.T) {
	for name, ends := range map[string]func(*queue, *parcel){
		"refused": func(q *queue, p *parcel) { q.forget([]*parcel{p}, map[journal.ID]bool{p.ID: true}) },
		"failed":  func(q *queue, p *parcel) { q.putBack([]*parcel{p}) },
	} {
		t.Run(name, func(t *testing.T) {
			q := queue{full: func(int, int64) bool { return false }}
			q.init()
			p := &parcel{Parcel: prepare.Parcel{ID: 1}}
			p.Delivery.Order = "key"
			q.admit([]*parcel{p}, true)
			group, _ := q.pick(time.Now(), time.Hour, 1, math.MaxInt)
			q.Drop(1)
			if ends(&q, group[0]); !q.keyFree("key", 2) || len(q.list) > 0 {
				t.Errorf("it stops the key, or goes again: %d listed", len(q.list))
			}
			q.admit([]*parcel{p}, true)
			if len(q.list) != 1 {
				t.Error("what an operator lets go on later does not")
			}
		})
	}
}

// What is given up while the keys are read that deliveries stop from before a start stops none.
func TestEndedWhileKeysAreRead(t *testing.T) {
	l := newPageLane(t, 2)
	list, err := delivering.Of(l.journal).Backlog(t.Context(), "x", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if err := delivering.Of(l.journal).Apply(t.Context(), []journal.Change{{ID: list[i].ID, Target: "x", To: journal.Held, Reason: &journal.Reason{Code: "c"}}}); err != nil {
			t.Fatal(err)
		}
	}
	err = l.stopKeys(t.Context(), func(s *journal.Stored) (string, bool) {
		l.Drop(list[0].ID)
		return s.ID.String(), true
	})
	if err != nil || !l.keyFree(list[0].ID.String(), math.MaxInt64) || l.keyFree(list[1].ID.String(), math.MaxInt64) {
		t.Errorf("%+v, %v", l.queue.stopped, err)
	}
}

// An order key that a parked delivery stops is found out once, also where the journal comes from an older program.
func TestOrderKeysAreFoundOutOnce(t *testing.T) {
	l := newPageLane(t, 3)
	list, err := delivering.Of(l.journal).Backlog(t.Context(), "x", 0, 10)
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	key := "by the lane"
	for i, order := range []*string{&key, nil, nil} {
		c := journal.Change{ID: list[i].ID, Target: "x", To: journal.Held, Order: order, Reason: &journal.Reason{Code: "c"}}
		if err := delivering.Of(l.journal).Apply(t.Context(), []journal.Change{c}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range [][]journal.ID{{list[1].ID, list[2].ID}, {list[2].ID}} { // what cannot be mapped is asked for again
		l.stopped = newStops()
		var asked []journal.ID
		err := l.stopKeys(t.Context(), func(s *journal.Stored) (string, bool) {
			asked = append(asked, s.ID)
			return "mapped", s.ID == list[1].ID
		})
		if err != nil || !slices.Equal(asked, want) {
			t.Errorf("asked for %v instead of %v, %v", asked, want, err)
		}
		if l.keyFree(key, math.MaxInt64) || l.keyFree("mapped", math.MaxInt64) || !l.keyFree("mapped", list[1].ID) {
			t.Error("a key is free that a parked delivery stops")
		}
	}
}

// A lane that stops while the journal cannot be read does not try again and again.
func TestStopWhileUnread(t *testing.T) {
	l := newPageLane(t, 1)
	ctx, stop := context.WithCancel(t.Context())
	tries := 0
	l.prepare = func(context.Context, []journal.Stored) ([]*parcel, error) {
		if tries++; tries > 1 {
			t.Fatal("read once more")
		}
		stop()
		return nil, errors.New("the journal cannot be written")
	}
	if group, probe := l.take(ctx); len(group) > 0 || probe {
		t.Fatal("something to do")
	}
}

// What is accepted while a healthy lane is behind is left to the journal, and the lane finds it there. What would wait for long
// is mapped at once: a wrong form is rejected although its target is away.
func TestLeftToTheJournal(t *testing.T) {
	l := newPageLane(t, 2)
	if !l.willRead() {
		t.Error("a lane that is behind and works does not read what comes")
	}
	for range 3 {
		if l.wantsPage() {
			l.load(t.Context())
		}
	}
	if l.willRead() || len(l.list) != 2 {
		t.Errorf("a lane that has caught up with %d leaves to the journal what it will not read", len(l.list))
	}
	l.Again()
	l.Pause("mended", true)
	if l.willRead() {
		t.Error("a paused lane says that it reads soon")
	}
	l.Pause("", false)
	l.circuit.Fail(connectors.TargetError, "x.down", "down")
	if l.willRead() {
		t.Error("a lane whose target is down says that it reads soon")
	}
}

// What a restore made doubtful gets into no batch because parking it could not be journaled: it may have been sent already.
func TestDoubtfulStaysOutOfBatches(t *testing.T) {
	full := false
	l := newLaneOver(t, 2, &Batch{Policy: batch.Policy{Count: 10}}, journal.Hooks{BeforeCommit: func() error {
		if full {
			return errors.New("disk full")
		}
		return nil
	}})
	usual := l.prepare
	l.prepare = func(ctx context.Context, page []journal.Stored) ([]*parcel, error) {
		parcels, err := usual(ctx, page)
		for _, p := range parcels[:min(1, len(parcels))] {
			p.Progress = journal.Doubtful
		}
		return parcels, err
	}
	full = true
	l.load(t.Context())
	if len(l.list) != 1 || l.list[0].Progress != journal.Pending || !l.behind {
		t.Errorf("%d for the next batch, behind %v", len(l.list), l.behind)
	}
	full = false
	l.load(t.Context())
	parked, err := reading.Of(l.journal).List(t.Context(), journal.Filter{Target: "x", Progress: journal.Held})
	if err != nil || len(parked) != 1 || len(l.list) != 1 {
		t.Errorf("%d parked, %d for the next batch, %v", len(parked), len(l.list), err)
	}
}

// A batch of which it cannot be read whether an operator gave it up is not sent: its forms may go in the next one.
func TestVoidedBatchOfAJournalThatCannotBeRead(t *testing.T) {
	l := newLaneOver(t, 1, &Batch{Policy: batch.Policy{Count: 10}}, journal.Hooks{})
	b := l.batches
	if sending, err := l.Void(t.Context(), 7, nil, func() error { return nil }); sending || err != nil {
		t.Fatal(sending, err)
	}
	if err := l.journal.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if b.mayTry(t.Context()) || b.voided(t.Context(), journal.Batch{Seq: 7}) {
			t.Fatal("it is sent, or called given up, and nobody knows")
		}
	}
}

// sealOne seals a batch of all open deliveries in the journal.
func sealOne(t *testing.T, l *Lane) journal.Batch {
	t.Helper()
	seq, err := delivering.Of(l.journal).NextSeq(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	page, err := delivering.Of(l.journal).Backlog(t.Context(), "x", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := l.batches.content.Put(t.Context(), strings.NewReader("two lines"), 100)
	if err != nil {
		t.Fatal(err)
	}
	b := journal.Batch{Seq: seq, Target: "x", Name: "B1.DAT", Control: "B1.CTL", Digest: blob.Digest, Size: blob.Size, SealedAt: time.Now(), Progress: journal.Batched, Why: batch.ByCount}
	for _, s := range page {
		b.Members = append(b.Members, s.ID)
	}
	if err := delivering.Of(l.journal).Seal(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return b
}

// A sealed batch of which not all members can be mapped stops its target, and status says so.
func TestSealedBatchThatCannotBeMapped(t *testing.T) {
	l := newLaneOver(t, 2, &Batch{Policy: batch.Policy{Count: 10}}, journal.Hooks{})
	sealOne(t, l)
	for _, failed := range []error{errors.New("the mapping does not load"), nil} {
		ctx, stop := context.WithCancel(t.Context())
		l.prepare = func(context.Context, []journal.Stored) ([]*parcel, error) {
			stop()
			return nil, failed
		}
		if l.batches.resume(ctx) {
			t.Error("resumed")
		}
		if state, trouble := l.Health().Circuit.State(); state == guard.Closed || trouble.Code != CodeSeal || !strings.Contains(trouble.Text, "B1.DAT") {
			t.Errorf("%v: %v %+v", failed, state, trouble)
		}
		l.circuit.OK()
	}
}

// scripted is a target that answers as it is told.
type scripted struct {
	connectors.Target
	stage   func() error
	deliver func() ([]connectors.Outcome, error)
	found   connectors.Presence
}

func (s *scripted) Abilities() connectors.Abilities { return connectors.Abilities{} }

func (s *scripted) Stage(context.Context, connectors.Group) error { return s.stage() }

func (s *scripted) Deliver(context.Context, connectors.Group) ([]connectors.Outcome, error) {
	return s.deliver()
}

func (s *scripted) Lookup(_ context.Context, g connectors.Group) ([]connectors.Found, error) {
	return []connectors.Found{{Presence: s.found}}, nil
}

// What becomes of a sealed batch by what its target says.
func TestTriesOfASealedBatch(t *testing.T) {
	fails := func(class connectors.Class) func() ([]connectors.Outcome, error) {
		return func() ([]connectors.Outcome, error) {
			return []connectors.Outcome{{Class: class, Code: "test.said", Text: "said"}}, nil
		}
	}
	staged := func() error { return nil }
	stop := func() error { return connectors.Errorf(connectors.ItemError, "test.name", "stage", "", "no such name") }
	for name, tt := range map[string]struct {
		target  scripted
		before  journal.Progress // in the journal; empty: as sealed
		want    journal.Progress
		over    bool
		blocked bool
	}{
		"delivered":               {target: scripted{stage: staged, deliver: fails(connectors.Written)}, want: journal.Done, over: true},
		"refused":                 {target: scripted{stage: staged, deliver: fails(connectors.ItemError)}, want: journal.Held, blocked: true},
		"target away":             {target: scripted{stage: staged, deliver: fails(connectors.TargetError)}, want: journal.Staged},
		"answer lost":             {target: scripted{stage: staged, deliver: fails(connectors.Uncertain)}, want: journal.Unclear},
		"no answer":               {target: scripted{stage: staged, deliver: func() ([]connectors.Outcome, error) { return nil, nil }}, want: journal.Unclear},
		"breaks":                  {target: scripted{stage: staged, deliver: func() ([]connectors.Outcome, error) { panic("broken") }}, want: journal.Unclear},
		"cannot be staged":        {target: scripted{stage: stop}, want: journal.Batched, blocked: true},
		"found there":             {target: scripted{found: connectors.Present}, before: journal.Staged, want: journal.Done, over: true},
		"not there, sent at once": {target: scripted{found: connectors.Absent, deliver: fails(connectors.Written)}, before: journal.Staged, want: journal.Done, over: true},
		"nobody can tell":         {target: scripted{found: connectors.Unknown}, before: journal.Staged, want: journal.Held, blocked: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLaneOver(t, 2, &Batch{Policy: batch.Policy{Count: 10}}, journal.Hooks{})
			l.target = guard.Wrap(&tt.target, 0)
			sealed := sealOne(t, l)
			b := l.batches
			if tt.before != "" {
				if err := b.move(t.Context(), &sealed, tt.before, nil, nil); err != nil {
					t.Fatal(err)
				}
			}
			members, err := b.members(t.Context(), sealed.Members)
			if err != nil {
				t.Fatal(err)
			}
			over := b.trySafely(t.Context(), &sealed, members)
			list, err := delivering.Of(l.journal).Batches(t.Context(), "x", false)
			if err != nil || len(list) != 1 || list[0].Progress != tt.want || over != tt.over {
				t.Errorf("%+v, over %v, %v", list, over, err)
			}
			if blocked := l.Health().Trouble != nil; blocked != tt.blocked {
				t.Errorf("stops its target: %v", blocked)
			}
		})
	}
}
