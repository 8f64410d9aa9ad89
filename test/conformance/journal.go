package conformance

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// Store is what the flow asks of a journal, whatever keeps it.
type Store interface {
	PutPlan(ctx context.Context, p journal.Plan) error
	Accept(ctx context.Context, arrivals []journal.Arrival) ([]journal.Acceptance, error)
	Backlog(ctx context.Context, target string, after journal.ID, limit int) ([]journal.Stored, error)
	Apply(ctx context.Context, changes []journal.Change) error
	NextSeq(ctx context.Context, target string) (int64, error)
	Seal(ctx context.Context, b journal.Batch) error
	MoveBatch(ctx context.Context, target string, seq int64, to journal.Progress, reason *journal.Reason, changes []journal.Change) error
	VoidBatch(ctx context.Context, target string, seq int64, by, reason string) error
	Batches(ctx context.Context, target string, openOnly bool) ([]journal.Batch, error)
	Results(ctx context.Context, outcomes []journal.Outcome) ([]connectors.Verdict, error)
	Orphans(ctx context.Context, limit int) ([]journal.Outcome, error)
	Events(ctx context.Context, office string, after int64, limit int) ([]journal.Event, int64, error)
	EventsOf(ctx context.Context, id journal.ID) ([]journal.Event, error)
	Ack(ctx context.Context, office, cursor string, seq int64) error
	Cursor(ctx context.Context, office, name string) (int64, error)
	Show(ctx context.Context, id journal.ID) (journal.View, error)
	Close() error
}

// Journal is what the test of a journal gives to TestJournal.
type Journal struct {
	// Open opens the journal; a second one while the first is open fails. The suite closes it.
	Open func() (Store, error)
	// Crash opens what a crash of the machine at this moment would leave, beside the open journal.
	Crash func() (Store, error)
}

// TestJournal runs the suite for journals.
func TestJournal(t *testing.T, harness func(testing.TB) Journal) {
	runSteps(t, harness, []step[Journal]{
		{"what was accepted outlives a crash", journalDurable},
		{"the same form twice is one submission", journalRepeat},
		{"other bytes under a reference are a conflict", journalConflict},
		{"many at once: one winner a reference, IDs ascend", journalConcurrent},
		{"a delivery moves, and the submission with it", journalDeliver},
		{"changes apply all or not at all", journalAtomic},
		{"batch numbers have no gap and no twin", journalBatches},
		{"a sealed batch outlives a crash", journalBatchCrash},
		{"results find their submission, before it or after", journalResults},
		{"a cursor skips nothing while others write", journalCursor},
		{"a cursor never goes back", journalAck},
		{"one agent a journal", journalOne},
		{"close twice, then nothing works", journalClose},
	})
}

var testPlan = journal.Plan{Digest: sha256.Sum256([]byte("plan")), Name: "permit", Version: 1, Bundle: []byte("bundle")}

func (h Journal) open(t testing.TB) Store {
	t.Helper()
	s, err := h.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.PutPlan(within(t), testPlan); err != nil {
		t.Fatal(err)
	}
	return s
}

func (h Journal) crash(t testing.TB) Store {
	t.Helper()
	s, err := h.Crash()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func arrival(ref string) journal.Arrival {
	form := []byte(`{"reference":"` + ref + `"}`)
	return journal.Arrival{
		Scope: "portal", Office: "portal", Inbasket: "http", Route: "permit", Plan: testPlan.Digest, Reference: ref,
		Transport: ref, Digest: sha256.Sum256(form), ContentType: "application/json", Form: form, Targets: []string{"register"},
		At: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
	}
}

func accept(t testing.TB, s Store, refs ...string) []journal.ID {
	t.Helper()
	var all []journal.Arrival
	for _, r := range refs {
		all = append(all, arrival(r))
	}
	got, err := s.Accept(within(t), all)
	if err != nil {
		t.Fatal(err)
	}
	var ids []journal.ID
	for _, a := range got {
		ids = append(ids, a.ID)
	}
	return ids
}

func backlog(t testing.TB, s Store) []journal.ID {
	t.Helper()
	list, err := s.Backlog(within(t), "register", 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var ids []journal.ID
	for _, b := range list {
		ids = append(ids, b.ID)
	}
	return ids
}

func done(id journal.ID) journal.Change {
	return journal.Change{ID: id, Target: "register", To: journal.Done, MatchKey: "case=" + id.String(), Attempt: true}
}

func apply(t testing.TB, s Store, changes ...journal.Change) {
	t.Helper()
	if err := s.Apply(within(t), changes); err != nil {
		t.Fatal(err)
	}
}

func journalDurable(t *testing.T, h Journal) {
	ids := accept(t, h.open(t), "A", "B", "C")
	after := h.crash(t)
	if got := backlog(t, after); !slices.Equal(got, ids) {
		t.Errorf("after a crash %v wait, want %v", got, ids)
	}
	list, err := after.Backlog(within(t), "register", 0, 10)
	if err != nil || string(list[0].Form) != `{"reference":"A"}` || list[0].Plan != testPlan.Digest {
		t.Errorf("the form came back as %q pinned to %x, %v", list[0].Form, list[0].Plan, err)
	}
}

func journalRepeat(t *testing.T, h Journal) {
	s := h.open(t)
	first := accept(t, s, "A", "A")
	if first[0] != first[1] {
		t.Errorf("in one call the same form has the IDs %v", first)
	}
	for name, s := range map[string]Store{"same journal": s, "after a crash": h.crash(t)} {
		got, err := s.Accept(within(t), []journal.Arrival{arrival("A")})
		if err != nil || got[0].Verdict != connectors.Repeat || got[0].ID != first[0] {
			t.Errorf("%s: %+v, %v; want a repeat of %s", name, got, err, first[0])
		}
	}
	if got := backlog(t, s); len(got) != 1 {
		t.Errorf("%d submissions wait, want 1", len(got))
	}
}

func journalConflict(t *testing.T, h Journal) {
	s := h.open(t)
	first := accept(t, s, "A")
	other := arrival("A")
	other.Form = []byte(`{"reference":"A","changed":true}`)
	other.Digest = sha256.Sum256(other.Form)
	got, err := s.Accept(within(t), []journal.Arrival{other})
	if err != nil || got[0].Verdict != connectors.Conflict {
		t.Errorf("other bytes are %+v, %v", got, err)
	}
	if got := backlog(t, s); !slices.Equal(got, first) {
		t.Errorf("%v wait, want %v", got, first)
	}
	elsewhere := other
	elsewhere.Scope, elsewhere.Office = "county", "county"
	if got, err := s.Accept(within(t), []journal.Arrival{elsewhere}); err != nil || got[0].Verdict != connectors.Taken {
		t.Errorf("another front office's reference is %+v, %v", got, err)
	}
}

func journalConcurrent(t *testing.T, h Journal) {
	s := h.open(t)
	var mu sync.Mutex
	winners := map[string]int{}
	ids := map[string]journal.ID{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 25 {
				ref := fmt.Sprintf("R%d", i)
				got, err := s.Accept(within(t), []journal.Arrival{arrival(ref)})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if got[0].Verdict == connectors.Taken {
					winners[ref]++
				}
				if id, ok := ids[ref]; ok && id != got[0].ID {
					t.Errorf("%s has the IDs %s and %s", ref, id, got[0].ID)
				}
				ids[ref] = got[0].ID
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for ref, n := range winners {
		if n != 1 {
			t.Errorf("%s was taken %d times", ref, n)
		}
	}
	if got := backlog(t, s); len(got) != 25 || !slices.IsSorted(got) {
		t.Errorf("%d submissions wait, in order: %v", len(got), slices.IsSorted(got))
	}
}

func journalDeliver(t *testing.T, h Journal) {
	s := h.open(t)
	ids := accept(t, s, "A", "B")
	apply(t, s, done(ids[0]))
	for name, s := range map[string]Store{"same journal": s, "after a crash": h.crash(t)} {
		if got := backlog(t, s); !slices.Equal(got, ids[1:]) {
			t.Errorf("%s: %v wait, want %v", name, got, ids[1:])
		}
		v, err := s.Show(within(t), ids[0])
		if err != nil || v.State != journal.Delivered {
			t.Errorf("%s: the submission is %s, %v", name, v.State, err)
		}
		events, err := s.EventsOf(within(t), ids[0])
		if err != nil || len(events) != 2 || events[0].Type != "accepted" || events[1].Type != "delivered" {
			t.Errorf("%s: its events are %+v, %v", name, events, err)
		}
	}
	// A late answer, such as that of an attempt before a restart, changes nothing.
	apply(t, s, done(ids[0]))
	if events, _ := s.EventsOf(within(t), ids[0]); len(events) != 2 {
		t.Errorf("%d events after a late answer, want 2", len(events))
	}
}

func journalAtomic(t *testing.T, h Journal) {
	s := h.open(t)
	ids := accept(t, s, "A", "B")
	bad := done(ids[1])
	bad.Target = "nowhere"
	if err := s.Apply(within(t), []journal.Change{done(ids[0]), bad}); err == nil {
		t.Error("a change of a delivery that is not there is no error")
	}
	if got := backlog(t, s); !slices.Equal(got, ids) {
		t.Errorf("half of the changes were applied: %v wait", got)
	}
}

func sealed(seq int64, members ...journal.ID) journal.Batch {
	return journal.Batch{
		Seq: seq, Target: "register", Name: fmt.Sprintf("PERM%06d.DAT", seq), Digest: sha256.Sum256(fmt.Append(nil, seq)), Size: 10,
		SealedAt: time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC), Progress: journal.Batched, Members: members, Why: "count",
	}
}

func journalBatches(t *testing.T, h Journal) {
	s := h.open(t)
	ids := accept(t, s, "A", "B", "C")
	if err := s.Seal(within(t), sealed(2, ids[0])); !errors.Is(err, journal.ErrSequence) {
		t.Errorf("number 2 before 1: %v", err)
	}
	if err := s.Seal(within(t), sealed(1, ids[0])); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(within(t), sealed(1, ids[1])); !errors.Is(err, journal.ErrSequence) {
		t.Errorf("number 1 twice: %v", err)
	}
	if err := s.Seal(within(t), sealed(2, ids[0])); err == nil {
		t.Error("a member of a sealed batch is sealed again")
	}
	if err := s.VoidBatch(within(t), "register", 1, "clerk", "for the test"); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(within(t), sealed(2, ids...)); err != nil {
		t.Fatalf("the members of a voided batch in the next: %v", err)
	}
	if err := s.MoveBatch(within(t), "register", 2, journal.Done, nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := backlog(t, s); len(got) != 0 {
		t.Errorf("%v wait after their batch was delivered", got)
	}
	if next, err := s.NextSeq(within(t), "register"); err != nil || next != 3 {
		t.Errorf("the next number is %d, %v; want 3", next, err)
	}
}

func journalBatchCrash(t *testing.T, h Journal) {
	s := h.open(t)
	ids := accept(t, s, "A", "B")
	if err := s.Seal(within(t), sealed(1, ids...)); err != nil {
		t.Fatal(err)
	}
	after := h.crash(t)
	open, err := after.Batches(within(t), "register", true)
	if err != nil || len(open) != 1 {
		t.Fatalf("%d open batches after a crash, %v", len(open), err)
	}
	want := sealed(1, ids...)
	if b := open[0]; b.Seq != 1 || b.Digest != want.Digest || b.Name != want.Name || !b.SealedAt.Equal(want.SealedAt) || !slices.Equal(b.Members, ids) {
		t.Errorf("the batch came back as %+v", b)
	}
	if next, err := after.NextSeq(within(t), "register"); err != nil || next != 2 {
		t.Errorf("the next number is %d, %v", next, err)
	}
}

func result(n int, key string) journal.Outcome {
	return journal.Outcome{
		Source: "register", ResultID: fmt.Sprint(n), Plan: "permit", MatchKey: key, Outcome: "approved", Status: "A",
		At: time.Date(2026, 3, 3, 9, 0, n, 0, time.UTC),
	}
}

func journalResults(t *testing.T, h Journal) {
	s := h.open(t)
	ids := accept(t, s, "A", "B")
	apply(t, s, done(ids[0]))
	early := result(2, "case="+ids[1].String())
	for i, want := range []connectors.Verdict{connectors.Taken, connectors.Repeat} {
		got, err := s.Results(within(t), []journal.Outcome{result(1, "case="+ids[0].String()), early, result(3, "case=nobody")})
		if err != nil || len(got) != 3 || got[0] != want {
			t.Fatalf("round %d: %v, %v; want %s", i, got, err, want)
		}
	}
	apply(t, s, done(ids[1]))
	for _, id := range ids {
		events, err := s.EventsOf(within(t), id)
		if err != nil || len(events) == 0 || events[len(events)-1].Type != "decided" || !events[len(events)-1].Final {
			t.Errorf("the last event of %s is not the decision: %+v, %v", id, events, err)
		}
	}
	orphans, err := s.Orphans(within(t), 10)
	if err != nil || len(orphans) != 1 || orphans[0].ResultID != "3" {
		t.Errorf("orphans: %+v, %v", orphans, err)
	}
}

func journalCursor(t *testing.T, h Journal) {
	s := h.open(t)
	const writers, each = 4, 30
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, err := s.Accept(within(t), []journal.Arrival{arrival(fmt.Sprintf("W%d-%d", w, i))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen, after, last := map[string]bool{}, int64(0), int64(0)
	deadline := time.Now().Add(patience)
	for len(seen) < writers*each && time.Now().Before(deadline) {
		events, next, err := s.Events(within(t), "portal", after, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Seq <= last || seen[e.Reference] {
				t.Errorf("event %d of %s after %d", e.Seq, e.Reference, last)
			}
			last, seen[e.Reference] = e.Seq, true
		}
		after = next
	}
	wg.Wait()
	if len(seen) != writers*each {
		t.Errorf("the cursor saw %d events of %d", len(seen), writers*each)
	}
	if events, _, err := s.Events(within(t), "county", 0, 10); err != nil || len(events) != 0 {
		t.Errorf("another front office sees %d events, %v", len(events), err)
	}
}

func journalAck(t *testing.T, h Journal) {
	s := h.open(t)
	accept(t, s, "A", "B", "C")
	events, _, err := s.Events(within(t), "portal", 0, 10)
	if err != nil || len(events) != 3 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for _, seq := range []int64{events[1].Seq, events[0].Seq} {
		if err := s.Ack(within(t), "portal", "main", seq); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := h.crash(t).Cursor(within(t), "portal", "main"); err != nil || got != events[1].Seq {
		t.Errorf("the cursor stands at %d, %v; want %d", got, err, events[1].Seq)
	}
}

func journalOne(t *testing.T, h Journal) {
	h.open(t)
	if second, err := h.Open(); err == nil {
		second.Close()
		t.Error("two agents use one journal")
	}
}

func journalClose(t *testing.T, h Journal) {
	s := h.open(t)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := s.Accept(within(t), []journal.Arrival{arrival("A")}); err == nil {
		t.Error("a closed journal accepts")
	}
	again, err := h.Open()
	if err != nil {
		t.Fatalf("opened again: %v", err)
	}
	again.Close()
}
