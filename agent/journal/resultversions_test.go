package journal_test

import (
	"context"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/connectors"
)

// TestWhatAResultSaid takes a result of a known identity for a repeat only if it says the very same; whatever else it
// says is a second decision, or waits for a person.
func TestWhatAResultSaid(t *testing.T) {
	pdf := func(b byte) []journal.File {
		return []journal.File{{Name: "permit.pdf", Size: 4, Digest: connectors.Digest{b}}}
	}
	first := decision("1", "CASE=1")
	first.Documents = pdf(1)
	for name, change := range map[string]func(*journal.Outcome){
		"status":   func(o *journal.Outcome) { o.Status, o.Outcome = "R", "refused" },
		"reason":   func(o *journal.Outcome) { o.Reason = "because" },
		"case":     func(o *journal.Outcome) { o.CaseNo = "9" },
		"document": func(o *journal.Outcome) { o.Documents = pdf(2) }, // of the same size
		"none":     func(o *journal.Outcome) { o.Documents = nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.delivered("A", "CASE=1")
			second := first
			change(&second)
			if r.result(first) != connectors.Taken || r.result(first) != connectors.Repeat || r.result(second) != connectors.Taken || r.result(second) != connectors.Repeat {
				t.Fatal("verdicts")
			}
			if got := r.types(id); got != "accepted delivered decided! decided! " {
				t.Errorf("events %q", got)
			}
			r.check()
		})
	}
}

// TestAnswerFileWithoutDocuments takes a file that comes again without what lay beside it for the same.
func TestAnswerFileWithoutDocuments(t *testing.T) {
	r := newRig(t)
	r.delivered("A", "CASE=1")
	first, again := decision("1", "CASE=1"), decision("1", "CASE=1")
	first.Documents, again.Bare = []journal.File{{Name: "a.pdf", Size: 1}}, true
	if r.result(first) != connectors.Taken || r.result(again) != connectors.Repeat {
		t.Error("verdicts")
	}
	again.Status = "R"
	if r.result(again) != connectors.Taken {
		t.Error("another decision")
	}
}

// TestSaidBefore leaves to a person what goes back to what was said before: it may be an old state.
func TestSaidBefore(t *testing.T) {
	r := newRig(t)
	id := r.delivered("A", "CASE=1")
	at := r.clock.Now()
	a, b := decision("1", "CASE=1"), decision("1", "CASE=1")
	a.At, b.At, b.Status, b.Outcome = at, at, "R", "refused"
	r.result(a)
	r.result(b)
	if v := r.result(a); v != connectors.Repeat {
		t.Errorf("the same file once more: %s", v)
	}
	a.At = at.Add(time.Hour)
	if r.result(a) != connectors.Taken || r.result(a) != connectors.Repeat {
		t.Error("what was said before")
	}
	list, err := r.ParkedResults(r.ctx(), 0, 10)
	r.must(err)
	if len(list) != 1 || list[0].Park.Code != journal.CodeSaidBefore {
		t.Fatalf("%+v", list)
	}
	r.must(r.AttachOrphan(r.ctx(), list[0].N, id, "", "me"))
	if got := r.types(id); got != "accepted delivered decided! decided! decided! " {
		t.Errorf("events %q", got)
	}
	r.check()
}

// TestIDsUsedAgain tells a number that is used for another case from a repeat, also before the other case is known.
func TestIDsUsedAgain(t *testing.T) {
	r := newRig(t)
	r.delivered("A", "CASE=1")
	r.result(decision("1", "CASE=1"))
	b := r.delivered("B", "CASE=2")
	if v := r.result(decision("1", "CASE=2")); v != connectors.Taken {
		t.Error(v)
	}
	r.result(decision("1", "CASE=3"))
	r.delivered("C", "CASE=3")
	list, err := r.ParkedResults(r.ctx(), 0, 10)
	r.must(err)
	if len(list) != 2 || list[0].Park.Code != journal.CodeOtherCase || list[1].Park.Code != journal.CodeOtherCase {
		t.Fatalf("%+v", list)
	}
	r.must(r.AttachOrphan(r.ctx(), list[0].N, b, "", "me"))
	if s := r.state(b); s != journal.Decided {
		t.Error(s)
	}
	// Where what it decided is purged, the number is free.
	p := newRig(t)
	id := p.one("D", "x")
	p.result(decision("1", "CASE=1"))
	p.result(decision("1", "CASE=2")) // nobody was told the first
	if p.found(id, "CASE=2"); p.state(id) != journal.Decided {
		t.Error(p.state(id))
	}
	r.check()
	p.check()
}

// TestUnderstood goes on with what was parked for its status, unless something newer was told or said.
func TestUnderstood(t *testing.T) {
	r := newRig(t)
	id := r.delivered("A", "CASE=1")
	unknown := decision("1", "CASE=1")
	unknown.Outcome, unknown.Status, unknown.Park = "", "X", &journal.Reason{Code: "result.unknown-status"}
	later := r.one("B", "x")
	early := unknown
	early.ResultID, early.MatchKey = "2", "CASE=2"
	old := unknown
	old.ResultID = "3"
	r.result(unknown)
	r.result(early)
	r.result(old)
	newer := decision("3", "CASE=1")
	r.result(newer)
	for n, want := range map[int64]bool{1: false, 2: true, 3: false} {
		done, err := r.Understood(r.ctx(), n, "postponed")
		if r.must(err); done != want {
			t.Errorf("result %d: %v", n, done)
		}
	}
	if got := r.types(id); got != "accepted delivered decided! " {
		t.Errorf("events %q", got)
	}
	if r.found(later, "CASE=2"); r.state(later) != journal.Decided {
		t.Error(r.state(later))
	}
	if list, err := r.ParkedResults(r.ctx(), 0, 10); err != nil || len(list) != 2 || list[0].Park.Code != journal.CodeOvertaken || list[1].Park.Code != journal.CodeOvertaken {
		t.Errorf("%+v %v", list, err)
	}
	r.check()
}

// TestResultsOfVersion3 knows what a result said that was written before that was kept.
func TestResultsOfVersion3(t *testing.T) {
	dir := t.TempDir()
	older(t, dir, 3, "INSERT INTO word(id, text) VALUES(1, 'register'), (2, 'permit')",
		`INSERT INTO result VALUES(7, 1, '1', NULL, 2, 'CASE=1', 'approved', 'A', '4711', '', NULL, '', 5, NULL)`,
		`INSERT INTO tally(kind, a, b, n) VALUES(3, 0, 0, 1)`)
	ro, err := journal.OpenReadOnly(t.Context(), dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := deciding.Of(ro).Orphans(t.Context(), 10); err != nil || len(list) != 1 {
		t.Errorf("read before it is lifted: %+v %v", list, err)
	}
	if err := ro.Close(); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(context.Background(), dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	same, other := decision("1", "CASE=1"), decision("1", "CASE=1")
	other.Reason = "because"
	v, err := deciding.Of(j).Results(t.Context(), []journal.Outcome{same, other})
	if err != nil || v[0] != connectors.Repeat || v[1] != connectors.Taken {
		t.Errorf("%v %v", v, err)
	}
	if list, err := deciding.Of(j).Orphans(t.Context(), 10); err != nil || len(list) != 2 || list[0].N != 7 {
		t.Errorf("%+v %v", list, err)
	}
	up, err := checking.Of(j).Checkup(t.Context(), checking.CheckupOrder{Full: true})
	if err != nil || len(up.Findings) != 0 {
		t.Errorf("%+v %v", up, err)
	}
}

// TestDroppedAndSentAgain asks a person again about a result that one dropped and the office sends once more.
func TestDroppedAndSentAgain(t *testing.T) {
	r := newRig(t)
	o := decision("1", "CASE=1")
	r.result(o) // it fits nothing yet
	list, err := r.Orphans(r.ctx(), 10)
	r.must(err)
	r.must(r.DropResult(r.ctx(), list[0].N, "a mistake", "me"))
	id := r.delivered("A", "CASE=1")
	for n := range 2 {
		o.At = r.clock.Now().Add(time.Duration(n+1) * time.Hour)
		if r.result(o) != connectors.Taken || r.result(o) != connectors.Repeat {
			t.Fatal("verdicts")
		}
		list, err = r.ParkedResults(r.ctx(), 0, 10)
		r.must(err)
		if len(list) != 1 || list[0].Park.Code != journal.CodeDroppedBefore || r.state(id) != journal.Delivered {
			t.Fatalf("%+v", list)
		}
		if n == 0 {
			r.must(r.DropResult(r.ctx(), list[0].N, "again", "me"))
			if r.result(o) != connectors.Repeat {
				t.Error("the same file read once more")
			}
		}
	}
	r.must(r.AttachOrphan(r.ctx(), list[0].N, id, "", "me"))
	if r.state(id) != journal.Decided {
		t.Error(r.state(id))
	}
	r.check()
}
