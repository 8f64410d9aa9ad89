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
