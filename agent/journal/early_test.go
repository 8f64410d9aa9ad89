package journal_test

import (
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// TestResultBeforeItsSubmission leaves to a person a result that had come before the submission was accepted that it fits: it may speak of
// another case that had the number before. One that came while its submission was on its way goes on by itself.
func TestResultBeforeItsSubmission(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		comes func(r *rig) // the decision, as it was when it came
		goes  func(r *rig) // on, once its submission is there
		code  string       // when it came before the submission
	}{
		"an orphan": {func(r *rig) { r.result(decision("1", "CASE=1")) }, func(*rig) {}, journal.CodeEarly},
		"it waited for its document": {func(r *rig) { r.result(waiting("1", "CASE=1")) }, func(r *rig) {
			whole := decision("1", "CASE=1")
			whole.Documents = []journal.File{{Name: "permit.pdf", Size: 4, Digest: connectors.Digest{1}}}
			r.result(whole)
		}, journal.CodeEarly},
		"its status was unknown": {func(r *rig) {
			o := decision("1", "CASE=1")
			o.Outcome, o.Park = "", &journal.Reason{Code: journal.CodeStatus}
			r.result(o)
		}, func(r *rig) {
			_, err := r.Understood(r.ctx(), 1, "approved")
			r.must(err)
		}, journal.CodeEarly},
	} {
		for _, before := range []bool{true, false} {
			t.Run(name+map[bool]string{true: " before", false: " after"}[before]+" it was accepted", func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				var id journal.ID
				if before {
					c.comes(r)
					id = r.one("A", "x")
				} else {
					id = r.one("A", "x") // delivered, but the answer of its target is not there yet
					c.comes(r)
				}
				r.reopen()
				r.found(id, "CASE=1")
				c.goes(r)
				if !before {
					if got := r.types(id); got != "accepted delivered decided! " || r.parkedResults() != "" {
						t.Errorf("events %q, parked %q", got, r.parkedResults())
					}
					return
				}
				if got := r.types(id); got != "accepted delivered " || r.parkedResults() != c.code {
					t.Errorf("events %q, parked %q", got, r.parkedResults())
				}
				if v := r.result(decision("2", "CASE=1")); v != connectors.Taken || r.state(id) != journal.Decided {
					t.Errorf("one that comes now: %s, %s", v, r.state(id))
				}
				r.must(r.AttachOrphan(r.ctx(), 1, id, "", "me")) // a person's word
				if got := r.types(id); got != "accepted delivered decided! decided! " {
					t.Errorf("events %q", got)
				}
				r.check()
			})
		}
	}
}

// parkedResults are the codes of results that wait for a person.
func (r *rig) parkedResults() (codes string) {
	r.Helper()
	list, err := r.ParkedResults(r.ctx(), 0, 10)
	r.must(err)
	for _, o := range list {
		codes += o.Park.Code
	}
	return codes
}

// TestResultByAFormerValue leaves to a person a result that fits a submission only by a value that its target has replaced since, and one
// that had come before the target returned the new one.
func TestResultByAFormerValue(t *testing.T) {
	t.Parallel()
	const first, second = "CASE=1", "CASE=3"
	for name, c := range map[string]struct {
		early string // the key of a decision that comes before it is delivered again
		again []string
		then  string // the key of a decision
		code  string // why it waits; empty: it is told
	}{
		"the old value":          {again: []string{second}, then: first, code: journal.CodeFormerValue},
		"the new value":          {again: []string{second}, then: second},
		"the same value again":   {again: []string{first}, then: first},
		"a value that came back": {again: []string{second, first}, then: first},
		"came back, the other":   {again: []string{second, first}, then: second, code: journal.CodeFormerValue},
		"an orphan of the new":   {early: second, again: []string{second}, code: journal.CodeEarly},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			id := r.one("A", "x")
			deliver := func(key string) {
				returned := map[string]connectors.Value{"app.ID": {Kind: connectors.Text, Str: key}}
				r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, MatchKey: key, Returned: returned}}))
			}
			deliver(first)
			if c.early != "" {
				r.result(decision("1", c.early))
			}
			for _, key := range c.again {
				r.must(r.Reopen(r.ctx(), []journal.ID{id}, "x", "me"))
				deliver(key)
			}
			if c.then != "" {
				r.result(decision("2", c.then))
			}
			want := "accepted delivered "
			if c.code == "" {
				want += "decided! "
			}
			if got := r.types(id); got != want || r.parkedResults() != c.code {
				t.Errorf("events %q, parked %q", got, r.parkedResults())
			}
			r.check()
		})
	}
}

// TestResultNumbersAreNotGivenAgain: a number that a returned value was compared with is not that of a later result, though it is purged.
func TestResultNumbersAreNotGivenAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.one("A", "x")
	deliver := func(key string) {
		returned := map[string]connectors.Value{"app.ID": {Kind: connectors.Text, Str: key}}
		r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, MatchKey: key, Returned: returned}}))
	}
	deliver("CASE=1")
	o := decision("9", "CASE=9")
	o.Outcome, o.Park = "", &journal.Reason{Code: journal.CodeStatus}
	r.result(o)
	r.must(r.Reopen(r.ctx(), []journal.ID{id}, "x", "me"))
	deliver("CASE=3")
	r.must(r.DropResult(r.ctx(), 1, "", "me"))
	if n, err := r.PurgeDropped(r.ctx(), time.Now().Add(1e6*time.Hour), 10); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	r.result(decision("2", "CASE=3"))
	if r.state(id) != journal.Decided {
		t.Errorf("%s, parked %q", r.state(id), r.parkedResults())
	}
}
