package journal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/agent/journal/telling"
	"github.com/inbasket/inbasket/connectors"
)

// purge purges in a run of its own.
func (r *rig) purge(ids ...journal.ID) []journal.ID {
	r.Helper()
	run, err := r.StartPurge(r.ctx())
	r.must(err)
	gone, err := r.Purge(r.ctx(), ids, purging.PurgeOrder{Run: run})
	r.must(err)
	return gone
}

// closed accepts, delivers, decides and closes a submission.
func (r *rig) closed(ref string) journal.ID {
	r.Helper()
	id := r.delivered(ref, "CASE="+ref)
	r.result(decision("for "+ref, "CASE="+ref))
	r.must(r.Ack(r.ctx(), "portal", "main", 1<<40))
	if s := r.state(id); s != journal.Closed {
		r.Fatalf("%s is %s", ref, s)
	}
	return id
}

// A batch whose members are purged is given up as if they were there: once more where the answer was lost, and not once it is delivered.
func TestVoidBatchOfPurged(t *testing.T) {
	r := newRig(t)
	a, b := r.one("A", "line"), r.one("B", "line")
	r.must(r.Seal(r.ctx(), journal.Batch{Seq: 1, Target: "line", Name: "1", Members: []journal.ID{a}}))
	r.must(r.VoidBatch(r.ctx(), "line", 1, "me", "lost"))
	r.must(r.Reject(r.ctx(), a, nil, journal.Reason{Code: "r"}, "me", false))
	r.must(r.Seal(r.ctx(), journal.Batch{Seq: 2, Target: "line", Name: "2", Members: []journal.ID{b}}))
	r.must(r.MoveBatch(r.ctx(), "line", 2, journal.Done, nil, nil))
	r.result(journal.Outcome{Source: "person", ResultID: "1", ID: b, Outcome: "approved"})
	r.must(r.Ack(r.ctx(), "portal", "main", 1<<40))
	if gone := r.purge(a, b); len(gone) != 2 {
		t.Fatalf("purged %v", gone)
	}
	if err := r.VoidBatch(r.ctx(), "line", 1, "me", "lost"); err != nil {
		t.Error(err)
	}
	if err := r.VoidBatch(r.ctx(), "line", 2, "me", "lost"); !errors.Is(err, journal.ErrState) {
		t.Errorf("a delivered batch was given up: %v", err)
	}
}

func TestATombstoneKeepsAFormKnown(t *testing.T) {
	r := newRig(t)
	id := r.closed("REF-1")
	if got := r.purge(id); !slices.Equal(got, []journal.ID{id}) {
		t.Fatalf("purged %v", got)
	}
	if got := r.purge(id); len(got) != 0 {
		t.Fatalf("purged twice: %v", got)
	}
	for range 2 { // also from a journal that was opened again
		again := r.accept(arrival("REF-1", "x"))[0]
		if again != (journal.Acceptance{ID: id, Verdict: connectors.Repeat, State: journal.Closed}) {
			t.Fatalf("the same form again: %+v", again)
		}
		other := arrival("REF-1", "x")
		other.Digest = sha256.Sum256([]byte("other"))
		if got := r.accept(other)[0]; got != (journal.Acceptance{ID: id, Verdict: connectors.Conflict, State: journal.Closed, On: "reference"}) {
			t.Fatalf("other content: %+v", got)
		}
		other.KnownOnly = true
		if got := r.accept(other)[0]; got.ID != id || got.Verdict != connectors.Conflict {
			t.Fatalf("other content, if known: %+v", got)
		}
		known := arrival("REF-2", "x")
		known.KnownOnly = true
		if got := r.accept(known)[0]; got.ID != 0 {
			t.Fatalf("unknown, if known: %+v", got)
		}
		elsewhere := arrival("REF-1", "x")
		elsewhere.Scope = fmt.Sprint("another portal ", r.clock.Now())
		if got := r.accept(elsewhere)[0]; got.Verdict != connectors.Taken {
			t.Fatalf("the reference in another scope: %+v", got)
		}
		r.clock.add(time.Hour)
		r.reopen()
	}
	found, err := r.List(r.ctx(), journal.Filter{State: journal.Purged, Reference: "REF-1"})
	if err != nil || len(found) != 1 || found[0].ID != id {
		t.Fatalf("find: %+v %v", found, err)
	}
	r.check()
}

func TestWhatIsSeenOfAPurgedSubmission(t *testing.T) {
	r := newRig(t)
	id := r.closed("REF-1")
	at := r.clock.Now()
	r.clock.add(91 * 24 * time.Hour)
	run, err := r.StartPurge(r.ctx())
	r.must(err)
	if _, err := r.Purge(r.ctx(), []journal.ID{id}, purging.PurgeOrder{Run: run, By: "anna", Reason: "asked for by letter"}); err != nil {
		t.Fatal(err)
	}
	want := journal.Tombstone{ID: id, Was: journal.Closed, Route: "building", Office: "portal", Targets: []string{"x"}, At: at, Ended: at, Purged: r.clock.Now(), Run: run, By: "anna", Reason: "asked for by letter"}
	got, err := r.Tombstone(r.ctx(), id)
	r.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	v, err := r.Show(r.ctx(), id)
	r.must(err)
	if v.State != journal.Purged || v.Reference != "" || len(v.Timeline) != 3 || v.Deliveries[0].Progress != journal.Done {
		t.Errorf("%+v", v)
	}
	var gone *journal.PurgedError
	if err := r.Reject(r.ctx(), id, nil, journal.Reason{}, "me", true); !errors.As(err, &gone) || !errors.Is(err, journal.ErrNotFound) || gone.Was != journal.Closed {
		t.Errorf("an order for it: %v", err)
	}
	for name, c := range map[string]struct {
		f    journal.Filter
		want int
	}{"all": {journal.Filter{}, 1}, "route": {journal.Filter{Route: "building"}, 1}, "other route": {journal.Filter{Route: "else"}, 0}, "reference": {journal.Filter{Reference: "REF-1"}, 1},
		"other reference": {journal.Filter{Reference: "REF-2"}, 0}, "after": {journal.Filter{After: id}, 0}, "since": {journal.Filter{Since: at.Add(1)}, 0}, "office": {journal.Filter{Office: "portal", Until: at.Add(1)}, 1}} {
		c.f.State = journal.Purged
		list, err := r.List(r.ctx(), c.f)
		r.must(err)
		if len(list) != c.want {
			t.Errorf("list by %s: %+v", name, list)
		}
	}
	s, err := r.Summary(r.ctx())
	r.must(err)
	if s.Purged != 1 || s.States[journal.Closed] != 0 {
		t.Errorf("%+v", s)
	}
	// A result that comes now is kept for a person, with the reason.
	if v := r.result(decision("late", "CASE=REF-1")); v != connectors.Taken {
		t.Errorf("late result: %s", v)
	}
	parked, err := r.ParkedResults(r.ctx(), 0, 10)
	r.must(err)
	if len(parked) != 1 || parked[0].Park.Code != journal.CodePurged || !strings.Contains(parked[0].Park.Text, id.String()) {
		t.Errorf("%+v", parked)
	}
	r.result(decision("for nobody", "CASE=unknown"))
	if orphans, err := r.Orphans(r.ctx(), 10); err != nil || len(orphans) != 1 {
		t.Errorf("%v %v", orphans, err)
	}
	r.check()
}

func TestWhatIsNotOverStays(t *testing.T) {
	r := newRig(t)
	r.EnablePush("hooked", true)
	open := r.one("open", "x")
	parked := r.accept(func() journal.Arrival { a := arrival("parked", "x"); a.Park = &journal.Reason{Code: "odd"}; return a }())[0].ID
	delivered := r.delivered("delivered", "")
	hooked := r.accept(func() journal.Arrival {
		a := arrival("hooked", "x")
		a.Office, a.Reject = "hooked", []journal.FieldError{{Code: "required"}}
		return a
	}())[0].ID
	reopened := r.closed("reopened")
	r.must(r.Reopen(r.ctx(), []journal.ID{reopened}, "x", "me"))
	inBatch := r.one("in a batch", "line")
	r.must(r.Seal(r.ctx(), journal.Batch{Seq: 1, Target: "line", Name: "1", Members: []journal.ID{inBatch}}))
	r.must(r.Reject(r.ctx(), inBatch, nil, journal.Reason{Code: "r"}, "me", true))
	all := []journal.ID{open, parked, delivered, hooked, reopened, inBatch}
	if got := r.purge(all...); len(got) != 0 {
		t.Fatalf("purged %v of %v", got, all)
	}
	// Each of them goes once it is over.
	r.done(open, "x")
	r.must(r.Reject(r.ctx(), parked, nil, journal.Reason{Code: "r"}, "me", false))
	r.done(reopened, "x")
	r.must(r.MoveBatch(r.ctx(), "line", 1, journal.Done, nil, nil))
	due, err := r.DuePushes(r.ctx(), "hooked", r.clock.Now().Add(time.Hour), 10)
	r.must(err)
	for len(due) > 0 {
		for _, p := range due {
			r.must(r.Pushed(r.ctx(), "hooked", []telling.PushOutcome{{Seq: p.Event.Seq, OK: true}}))
		}
		due, err = r.DuePushes(r.ctx(), "hooked", r.clock.Now().Add(time.Hour), 10)
		r.must(err)
	}
	if got := r.purge(all...); !slices.Equal(got, []journal.ID{parked, hooked, reopened, inBatch}) {
		t.Fatalf("purged %v of %v", got, all)
	}
	r.check()
}

func TestWhoMayBePurged(t *testing.T) {
	r := newRig(t)
	var want []purging.Ended
	for n := range 5 {
		id := r.closed(fmt.Sprint("R", n))
		want = append(want, purging.Ended{ID: id, State: journal.Closed, Route: "building", At: r.clock.Now()})
		r.one(fmt.Sprint("open ", n), "x")
		r.clock.add(time.Minute)
	}
	before := r.clock.Now()
	r.clock.add(time.Minute)
	r.closed("too young")
	var got []purging.Ended
	var after journal.ID
	for more := true; more; more = after != 0 {
		list, next, err := r.EndedBefore(r.ctx(), before, after, 3)
		r.must(err)
		got, after = append(got, list...), next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

// canary is a text that must be nowhere after a purge.
func canary(n int) string { return fmt.Sprintf("KANARIENVOGEL-%04d", n) }

// A form's every word is gone from the journal's files, the write-ahead log and the content store.
func TestNothingOfAPurgedFormIsOnTheDisk(t *testing.T) {
	r := newRig(t)
	var ids, kept []journal.ID
	const forms = 400
	for n := range forms {
		a := arrival("ref-"+canary(n), "x", "line")
		filler := strings.Repeat(canary(n)+" ", 1+n%90) // some take pages of their own
		if n%50 == 0 {
			filler = strings.Repeat(canary(n), 6000) // and some lie in the content store
		}
		a.Form = []byte(`{"name": "` + filler + `"}`)
		a.Digest, a.IdempotencyKey = sha256.Sum256(a.Form), "key-"+canary(n)
		blob, err := r.ContentStore().Put(r.ctx(), strings.NewReader("attached "+canary(n)), 1<<20)
		r.must(err)
		a.Attachments = []journal.File{{Name: canary(n) + ".pdf", Digest: blob.Digest, Size: blob.Size}}
		id := r.accept(a)[0].ID
		r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Pending, Attempt: true, Reason: &journal.Reason{Code: "c", Raw: "refused: " + canary(n)}}}))
		r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, MatchKey: "CASE=" + canary(n), Returned: map[string]connectors.Value{"n": {Kind: connectors.Text, Str: canary(n)}}}}))
		ids = append(ids, id)
	}
	batch, err := r.ContentStore().Put(r.ctx(), strings.NewReader(canary(1)+canary(2)), 1<<20)
	r.must(err)
	r.must(r.Seal(r.ctx(), journal.Batch{Seq: 1, Target: "line", Name: "1", Members: ids, Digest: batch.Digest, Size: batch.Size}))
	r.must(r.MoveBatch(r.ctx(), "line", 1, journal.Done, nil, nil))
	for n := range forms {
		doc, err := r.ContentStore().Put(r.ctx(), strings.NewReader("document "+canary(n)), 1<<20)
		r.must(err)
		o := decision("rid "+canary(n), "CASE="+canary(n))
		o.Reason, o.Documents = canary(n), []journal.File{{Name: canary(n), Digest: doc.Digest, Size: doc.Size}}
		r.result(o)
	}
	r.must(r.Ack(r.ctx(), "portal", "main", 1<<40))
	for n, id := range ids {
		if n%10 == 3 {
			kept = append(kept, id)
		}
	}
	r.must(r.Checkpoint(r.ctx()))
	gone := 0
	for page := range slices.Chunk(slices.DeleteFunc(slices.Clone(ids), func(id journal.ID) bool { return slices.Contains(kept, id) }), 64) {
		gone += len(r.purge(page...))
	}
	if gone != forms-len(kept) {
		t.Fatalf("purged %d", gone)
	}
	r.collect()
	r.scrub()
	r.must(r.Checkpoint(r.ctx()))
	seen := r.canaries(forms)
	for n := range forms {
		if stays := n%10 == 3; seen[n] != stays {
			t.Errorf("canary %d is on the disk: %v, should be: %v", n, seen[n], stays)
		}
	}
	r.check()
	c, err := r.Checkup(r.ctx(), checking.CheckupOrder{Content: r.ContentStore()})
	r.must(err)
	if len(c.Findings) > 0 || c.Content == 0 {
		t.Errorf("%+v", c)
	}
}

// collect removes the garbage that nothing refers to, as the agent does.
func (r *rig) collect() {
	r.Helper()
	list, err := r.Garbage(r.ctx(), connectors.Digest{}, 10_000)
	r.must(err)
	unused, err := r.Unreferenced(r.ctx(), list)
	r.must(err)
	for _, d := range unused {
		r.must(r.ContentStore().Remove(d))
	}
	r.must(r.Collected(r.ctx(), list))
}

// scrub overwrites everything that is not used.
func (r *rig) scrub() {
	r.Helper()
	for next := int64(1); next != 0; {
		var err error
		next, err = r.Scrub(r.ctx(), next)
		r.must(err)
	}
}

// canaries looks for them in every file below the rig's folder, in the names as well.
func (r *rig) canaries(count int) []bool {
	r.Helper()
	seen := make([]bool, count)
	mark := []byte("KANARIENVOGEL-")
	r.must(filepath.WalkDir(r.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text = append(text, path...)
		for at := bytes.Index(text, mark); at >= 0; at = bytes.Index(text, mark) {
			text = text[at+len(mark):]
			n := -1
			if _, err := fmt.Sscanf(string(text[:min(4, len(text))]), "%04d", &n); err == nil && n >= 0 && n < count {
				seen[n] = true
			}
		}
		return nil
	}))
	return seen
}

func TestContentThatIsSharedStays(t *testing.T) {
	r := newRig(t)
	blob, err := r.ContentStore().Put(r.ctx(), strings.NewReader("the same for all"), 100)
	r.must(err)
	var ids []journal.ID
	for _, ref := range []string{"A", "B"} {
		a := arrival(ref, "x")
		a.Office, a.Attachments = "", []journal.File{{Name: "a", Digest: blob.Digest, Size: blob.Size}}
		id := r.accept(a)[0].ID
		r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, Final: true}}))
		ids = append(ids, id)
	}
	for n, there := range []bool{true, false} {
		if got := r.purge(ids[n]); len(got) != 1 {
			t.Fatalf("%v", got)
		}
		r.collect()
		if r.ContentStore().Has(blob.Digest) != there {
			t.Fatalf("after %d of 2 it is there: %v", n+1, !there)
		}
	}
}

func TestPurgeBearsABrokenDisk(t *testing.T) {
	r, before, after := faultyRig(t)
	id := r.closed("A")
	run, err := r.StartPurge(r.ctx())
	r.must(err)
	*before = errDisk
	if _, err := r.Purge(r.ctx(), []journal.ID{id}, purging.PurgeOrder{Run: run}); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	*before = nil
	if s := r.state(id); s != journal.Closed {
		t.Fatalf("rolled back, and %s", s)
	}
	*after = errDisk
	if _, err := r.Purge(r.ctx(), []journal.ID{id}, purging.PurgeOrder{Run: run}); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	*after = nil
	if s := r.state(id); s != journal.Purged {
		t.Fatalf("committed, and %s", s)
	}
	if got := r.accept(arrival("A", "x"))[0]; got.Verdict != connectors.Repeat {
		t.Fatalf("%+v", got)
	}
	// The certificate counts what is gone, whatever the callers were told.
	runs, err := r.Uncertified(r.ctx())
	r.must(err)
	if !slices.Equal(runs, []int64{run}) {
		t.Fatalf("%v", runs)
	}
	cert, err := r.Certify(r.ctx(), run)
	r.must(err)
	if cert.Count != 1 || cert.Digest != fmt.Sprintf("%x", sha256.Sum256([]byte(id.String()+"\n"))) {
		t.Fatalf("%+v", cert)
	}
	r.must(r.Certified(r.ctx(), run))
	if runs, err = r.Uncertified(r.ctx()); err != nil || len(runs) != 0 {
		t.Fatalf("%v %v", runs, err)
	}
	r.check()
}

func TestTombstonesExpire(t *testing.T) {
	r := newRig(t)
	old := r.closed("old")
	r.purge(old)
	r.clock.add(time.Hour)
	r.purge(r.closed("young"))
	n, err := r.ExpireTombstones(r.ctx(), r.clock.Now().Add(-time.Minute), 10)
	r.must(err)
	if n != 1 {
		t.Fatalf("%d expired", n)
	}
	if got := r.accept(arrival("old", "x"), arrival("young", "x")); got[0].Verdict != connectors.Taken || got[1].Verdict != connectors.Repeat {
		t.Fatalf("%+v", got)
	}
	r.check()
}

func TestAConflictWithAPurgedFormIsParked(t *testing.T) {
	r := newRig(t)
	id := r.closed("A")
	r.purge(id)
	other := arrival("A", "x")
	other.Form = []byte("other")
	other.Digest, other.ParkConflict = sha256.Sum256(other.Form), true
	first := r.accept(other)[0]
	if first.Verdict != connectors.Conflict || first.ID == id || first.State != journal.Parked {
		t.Fatalf("%+v", first)
	}
	if again := r.accept(other)[0]; again != first {
		t.Fatalf("again: %+v instead of %+v", again, first)
	}
	v, err := r.Show(r.ctx(), first.ID)
	r.must(err)
	if v.Code != journal.CodeReference || !strings.Contains(v.Reason.Text, id.String()) {
		t.Fatalf("%+v", v.Reason)
	}
	// Rejected and purged in its turn, the same conflict is the same conflict.
	r.must(r.Reject(r.ctx(), first.ID, nil, journal.Reason{Code: "r"}, "me", false))
	r.purge(first.ID)
	if again := r.accept(other)[0]; again.ID != first.ID || again.Verdict != connectors.Conflict {
		t.Fatalf("%+v", again)
	}
	r.check()
}

func TestDroppedResultsAreNotKeptForEver(t *testing.T) {
	r := newRig(t)
	r.result(decision("1", "CASE=none"))
	r.must(r.DropResult(r.ctx(), 1, "not ours", "me"))
	r.clock.add(time.Hour)
	for _, want := range []int{1, 0} {
		n, err := r.PurgeDropped(r.ctx(), r.clock.Now(), 10)
		r.must(err)
		if n != want {
			t.Fatalf("%d instead of %d", n, want)
		}
	}
	r.check()
}

func TestADryRunChangesNothing(t *testing.T) {
	r := newRig(t)
	over, open := r.closed("A"), r.one("B", "x")
	for range 2 {
		would, err := r.Purge(r.ctx(), []journal.ID{over, open, 99}, purging.PurgeOrder{DryRun: true})
		r.must(err)
		if !slices.Equal(would, []journal.ID{over}) || r.state(over) != journal.Closed {
			t.Fatalf("%v, and it is %s", would, r.state(over))
		}
	}
	if key, err := r.Value(r.ctx(), "tombstone-key"); err != nil || key != "" {
		t.Errorf("a key was made: %v", err)
	}
	r.check()
}
