package journal_test

import (
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// TestRenamedSource tells nothing again of what another source's name, or an ID that names more, makes look new: an old decision must not
// become the last word. What says anything else, or has another ID, is told.
func TestRenamedSource(t *testing.T) {
	first := decision("2", "CASE=1")
	for name, c := range map[string]struct {
		change func(o *journal.Outcome)
		want   connectors.Verdict
	}{
		"another source": {func(o *journal.Outcome) { o.Source = "other" }, connectors.Repeat},
		"an ID of more":  {func(o *journal.Outcome) { o.ResultID = "R1\x1f2" }, connectors.Repeat},
		"another ID":     {func(o *journal.Outcome) { o.ResultID = "R1\x1f3" }, connectors.Taken},
		"another reason": {func(o *journal.Outcome) { o.Source, o.Reason = "third", "new" }, connectors.Taken},
	} {
		r := newRig(t)
		id := r.delivered("A", "CASE=1")
		r.result(first)
		r.result(journal.Outcome{Source: "person", ResultID: "p", ID: id, Outcome: "approved", By: "clerk"})
		o := first
		c.change(&o)
		if got, err := r.Results(r.ctx(), []journal.Outcome{o}); err != nil || got[0] != c.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
		r.check()
	}
}

// TestBackToAnEarlierDecision: what says again, under another name or ID, what was told before something else was, may be a decision that goes
// back, or an old state: a person looks at it. It is neither dropped nor told.
func TestBackToAnEarlierDecision(t *testing.T) {
	for _, ids := range [][3]string{{"4711", "4711/1", "4711/2"}, {"2", "2", "2"}} {
		r := newRig(t)
		id := r.delivered("A", "CASE=1")
		for n, rid := range ids {
			o := decision(rid, "CASE=1")
			if n == 1 {
				o.Status, o.Outcome = "R", "refused"
			}
			if n == 2 && rid == ids[0] {
				o.Source = "renamed"
			}
			if got := r.result(o); got != connectors.Taken {
				t.Errorf("%v: result %d is a %v", ids, n+1, got)
			}
		}
		if list, err := r.ParkedResults(r.ctx(), 0, 10); err != nil || len(list) != 1 || list[0].Park.Code != journal.CodeSaidBefore {
			t.Errorf("%v: %+v %v", ids, list, err)
		}
		if types := r.types(id); types != "accepted delivered decided! decided! " {
			t.Errorf("%v: %s", ids, types)
		}
		r.check()
	}
}
