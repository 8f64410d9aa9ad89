package journal_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/connectors"
)

var caseNo = map[string]connectors.Value{"application.NO": {Kind: connectors.Integer, Int: 4711}}

// lacks is how the journal gets to know that what goes to y needs what x returns.
func lacks(id journal.ID, key string) journal.Change {
	return journal.Change{ID: id, Target: "y", To: journal.Waiting, Order: &key, Needs: journal.Needs{"application.NO": "x"}}
}

// Which value a delivery lacks is kept with it. The commit that brings the value, or shows that it never comes, has it go on or parks it,
// and tells its lane; what waits is in no backlog, also after a restart.
func TestWhoWaitsForAValue(t *testing.T) {
	t.Parallel()
	done := func(to journal.Progress, returned map[string]connectors.Value) func(*rig, journal.ID) []journal.Change {
		return func(_ *rig, id journal.ID) []journal.Change {
			return []journal.Change{{ID: id, Target: "x", To: to, Returned: returned}}
		}
	}
	for name, tt := range map[string]struct {
		before  journal.Progress // of what waits
		then    func(*rig, journal.ID) []journal.Change
		want    journal.Progress
		code    string
		due     bool
		waiting bool
	}{
		"nothing happened": {want: journal.Waiting, waiting: true},
		"it tries":         {then: done(journal.Attempting, nil), want: journal.Waiting, waiting: true},
		"it parks":         {then: done(journal.Held, nil), want: journal.Waiting, waiting: true},
		"the value comes":  {then: done(journal.Done, caseNo), want: journal.Pending, due: true},
		"another comes":    {then: done(journal.Done, map[string]connectors.Value{"application.OTHER": {}}), want: journal.Held, code: journal.CodeNoValue},
		"it is there":      {then: done(journal.Done, nil), want: journal.Held, code: journal.CodeNoValue},
		"nothing goes":     {then: done(journal.Skipped, nil), want: journal.Held, code: journal.CodeNoValue},
		"it was begun":     {before: journal.Unclear, want: journal.Unclear, waiting: true},
		"begun, it comes":  {before: journal.Unclear, then: done(journal.Done, caseNo), want: journal.Unclear, due: true},
		"begun, and never": {before: journal.Attempting, then: done(journal.Skipped, nil), want: journal.Held, code: journal.CodeUnclear},
		"it is delivered": {then: func(_ *rig, id journal.ID) []journal.Change {
			return []journal.Change{{ID: id, Target: "y", To: journal.Done}}
		}, want: journal.Done},
		"it is parked with the form": {then: func(r *rig, id journal.ID) []journal.Change {
			r.must(r.ParkSubmission(r.ctx(), id, journal.Reason{Code: "p"}))
			return nil
		}, want: journal.Held},
		"it is parked and released": {then: func(r *rig, id journal.ID) []journal.Change {
			r.must(r.ParkSubmission(r.ctx(), id, journal.Reason{Code: "p"}))
			r.must(r.Release(r.ctx(), id, "", "me"))
			return nil
		}, want: journal.Pending},
		"given up": {then: func(r *rig, id journal.ID) []journal.Change {
			r.must(r.Reject(r.ctx(), id, nil, journal.Reason{Code: "r"}, "me", false))
			return nil
		}, want: journal.Dropped},
		"another mapping": {then: func(r *rig, id journal.ID) []journal.Change {
			r.must(r.Repin(r.ctx(), id, planA.Digest, []string{"x", "y"}, "", "me"))
			return nil
		}, want: journal.Pending},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &rig{TB: t, clock: newClock(), dir: t.TempDir()}
			var turns []journal.Turn
			r.opts = journal.Options{Clock: r.clock, Turned: func(list []journal.Turn) { turns = append(turns, list...) }}
			r.open()
			defer func() { r.must(r.Close()) }()
			r.must(r.PutPlan(r.ctx(), planA))
			id := r.one("A", "x", "y")
			if tt.before != "" {
				r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "y", To: tt.before}}))
			}
			r.must(r.Apply(r.ctx(), []journal.Change{lacks(id, "key")}))
			if tt.then != nil {
				r.must(r.Apply(r.ctx(), tt.then(r, id)))
			}
			r.reopen()
			list, err := r.Load(r.ctx(), "y", []journal.ID{id})
			r.must(err)
			back, err := r.Backlog(r.ctx(), "y", 0, 10)
			r.must(err)
			stopping, err := r.Stopping(r.ctx(), "y", 0, 10)
			r.must(err)
			if got := list[0].Progress; got != tt.want {
				t.Errorf("it is %s", got)
			}
			if open := tt.want == journal.Pending || tt.want == journal.Unclear; (len(back) == 1) != (open && !tt.waiting) {
				t.Errorf("%d in the backlog", len(back))
			}
			stops := tt.waiting || tt.want == journal.Held
			if (len(stopping) == 1) != stops || stops && stopping[0] != (delivering.Stopping{ID: id, Known: true, Order: "key"}) {
				t.Errorf("stops %+v", stopping)
			}
			if due := slices.Contains(turns, journal.Turn{Target: "y", ID: id}); due != tt.due {
				t.Errorf("told %+v", turns)
			}
			if ended := slices.Contains(turns, journal.Turn{Target: "y", ID: id, Ended: true}); ended != (tt.want == journal.Dropped) {
				t.Errorf("told %+v", turns)
			}
			if v, err := r.Show(r.ctx(), id); err != nil || tt.code != "" && (v.Deliveries[1].Reason == nil || v.Deliveries[1].Reason.Code != tt.code || v.State != journal.Parked) {
				t.Errorf("%+v, %v", v, err)
			}
			if v, err := r.Show(r.ctx(), id); err != nil || tt.waiting && (v.Deliveries[1].Reason == nil || v.Deliveries[1].Reason.Text != "it waits for application.NO, which x returns") {
				t.Errorf("%+v, %v", v, err)
			}
			r.check()
		})
	}
}

// A delivery that waits, and may have been made after the backup that its journal comes from, still waits for the same value: it is
// looked up with it, and is never taken for one that a retry may make.
func TestWaitingAfterARestore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		returned map[string]connectors.Value
		want     journal.Progress
		code     string
		due      int
	}{
		"the value comes": {returned: caseNo, want: journal.Doubtful, due: 1},
		"it never comes":  {want: journal.Held, code: journal.CodeRestore},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			id := r.one("A", "x", "y")
			r.must(r.Apply(r.ctx(), []journal.Change{lacks(id, "")}))
			r.restored(t)
			r.must(r.EndHold(r.ctx(), restoring.Ending{By: "me", Uncertain: []restoring.UncertainTarget{{Target: "y", Open: true}}}))
			if back, err := r.Backlog(r.ctx(), "y", 0, 10); err != nil || len(back) != 0 {
				t.Errorf("it waits no more: %+v, %v", back, err)
			}
			r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, Returned: tt.returned}}))
			v, err := r.Show(r.ctx(), id)
			r.must(err)
			if d := v.Deliveries[1]; d.Progress != tt.want || tt.code != "" && d.Reason.Code != tt.code {
				t.Errorf("%+v", d)
			}
			if due, err := r.Due(r.ctx(), "y", []journal.ID{id}); err != nil || len(due) != tt.due {
				t.Errorf("%+v, %v", due, err)
			}
			r.check()
		})
	}
}

// A value that came while the form was being mapped is seen by the very call that says that it is lacking; one of a target that the
// submission does not go to never comes.
func TestValueCameBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.one("A", "x", "y")
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, Returned: caseNo}}))
	c := []journal.Change{lacks(id, "")}
	r.must(r.Apply(r.ctx(), c))
	if c[0].Stands != journal.Pending {
		t.Errorf("it is %s", c[0].Stands)
	}
	due, err := r.Due(r.ctx(), "y", []journal.ID{id})
	if err != nil || len(due) != 1 || due[0].Returned["application.NO"].Int != 4711 {
		t.Errorf("%+v, %v", due, err)
	}
	c[0].Needs = journal.Needs{"elsewhere.NO": "z"}
	r.must(r.Apply(r.ctx(), c))
	if due, err := r.Due(r.ctx(), "y", []journal.ID{id}); c[0].Stands != journal.Held || len(due) != 0 || err != nil {
		t.Errorf("it is %s, due %+v, %v", c[0].Stands, due, err)
	}
	r.check()
}

// A new mapping tells the lanes of the targets that nothing goes to any more, and no other.
func TestNewMappingTellsOfTargetsThatAreGone(t *testing.T) {
	t.Parallel()
	r := &rig{TB: t, clock: newClock(), dir: t.TempDir()}
	var turns []journal.Turn
	r.opts = journal.Options{Clock: r.clock, Turned: func(list []journal.Turn) { turns = append(turns, list...) }}
	r.open()
	defer func() { r.must(r.Close()) }()
	r.must(r.PutPlan(r.ctx(), planA))
	id := r.one("A", "x", "y")
	r.must(r.Repin(r.ctx(), id, planA.Digest, []string{"x"}, "", "me"))
	if !slices.Equal(turns, []journal.Turn{{Target: "y", ID: id, Ended: true}}) {
		t.Errorf("told %+v", turns)
	}
}

// A journal of before says of a delivery that it waits, and not for what: it is mapped once more.
func TestWaitingOfOlderJournals(t *testing.T) {
	t.Parallel()
	r := &rig{TB: t, clock: newClock(), dir: t.TempDir()}
	r.opts = journal.Options{Clock: r.clock}
	statements := []string{"INSERT INTO word(id, text) VALUES(1, 's'), (2, 'x'), (3, 'y'), (4, 'x\x1fy')"}
	for id := 1; id <= 2; id++ {
		statements = append(statements, fmt.Sprintf(`INSERT INTO submission(id, state, flags, claim, scope, office, inbasket, route, plan, targets, at, changed, received, reference, digest)
			VALUES(%d, 1, 0, 1, 1, 0, 1, 1, 0, 4, 1, 1, 1, 'r%d', x'00')`, id, id), fmt.Sprintf("INSERT INTO form(id, body) VALUES(%d, x'7b7d')", id))
	}
	older(t, r.dir, 6, append(statements, "INSERT INTO delivery(target, sub, state, attempts, batch, at) VALUES(2, 1, 1, 0, 0, 1), (3, 1, 2, 0, 0, 1), (2, 2, 1, 0, 0, 1), (3, 2, 1, 0, 0, 1)",
		"INSERT INTO tally(kind, a, b, n) VALUES(1, 1, 1, 2), (2, 2, 1, 2), (2, 3, 1, 1), (2, 3, 2, 1)")...)
	r.open()
	defer func() { r.must(r.Close()) }()
	back, err := r.Backlog(r.ctx(), "y", 0, 10)
	if err != nil || len(back) != 2 || back[0].Progress != journal.Pending {
		t.Errorf("%+v, %v", back, err)
	}
	r.check()
}
