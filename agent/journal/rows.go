package journal

import (
	"fmt"
	"slices"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// submissionRow is what the state machine needs of a submission, with its deliveries.
type submissionRow struct {
	ID            ID
	State         states.State
	Flags         int64
	Office, Route nameID
	Plan          int64
	Targets       nameID
	Code, Why     engine.Optional
	Dirty         bool          `col:"-"`
	Deliveries    []deliveryRow `col:"-"` // none where none were made
	was           states.State  `col:"-"`
}

type deliveryRow struct {
	State           states.Progress
	Attempts, Batch int64
	Returned, Why   engine.Optional
	Target          nameID          `col:"-"`
	Dirty           bool            `col:"-"`
	was             states.Progress `col:"-"`
}

// delivery returns that to a target; nil: there is none.
func (s *submissionRow) delivery(target nameID) *deliveryRow {
	n := slices.IndexFunc(s.Deliveries, func(d deliveryRow) bool { return d.Target == target })
	if n < 0 {
		return nil
	}
	return &s.Deliveries[n]
}

// unclear tells whether a parked delivery may be at its target. Of a sealed batch its lane finds out by itself.
func (d *deliveryRow) unclear() bool {
	if d.State != states.Held || d.Batch != 0 {
		return false
	}
	r := decodeVerdict(string(d.Why)).Reason
	return r != nil && (r.Code == CodeUnclear || r.Code == CodeRestore)
}

func (d *deliveryRow) move(to states.Progress) {
	d.State, d.Dirty = to, true
}

// start is where a delivery begins, or begins anew.
func (s *submissionRow) start() states.Progress {
	if s.Flags&states.FlagWhole != 0 {
		return states.Held
	}
	return states.Pending
}

// load returns submissions with all their deliveries, as the call has left them so far. Without one of the IDs the call fails.
func (t *tx) load(ids ...ID) (map[ID]*submissionRow, error) {
	unknown := make([]ID, 0, len(ids))
	for _, id := range ids {
		if _, ok := t.rows[id]; !ok {
			t.rows[id] = nil
			unknown = append(unknown, id)
		}
	}
	block := make([]submissionRow, 0, len(unknown))
	var targets []nameID
	of := map[nameID][]ID{}
	lists := map[nameID][]nameID{}
	const submissions = "SELECT id, state, flags, office, route, plan, targets, code, why FROM submission WHERE id IN "
	eachOf(t.look, submissions, nil, unknown, func(r submissionRow) {
		r.was = r.State
		block = append(block, r)
		s := &block[len(block)-1]
		t.rows[s.ID], t.loaded = s, append(t.loaded, s)
		list, ok := lists[s.Targets]
		if !ok {
			for _, name := range splitList(t.name(s.Targets)) {
				list = append(list, t.nameID(name))
			}
			lists[s.Targets] = list
		}
		s.Deliveries = make([]deliveryRow, 0, len(list))
		for _, target := range list {
			if of[target] == nil {
				targets = append(targets, target)
			}
			of[target] = append(of[target], s.ID)
		}
	})
	for _, id := range unknown {
		if t.rows[id] == nil {
			t.missing(id)
		}
	}
	for _, target := range targets {
		const deliveries = "SELECT sub, state, attempts, batch, returned, why FROM delivery WHERE target=? AND sub IN "
		eachOf(t.look, deliveries, []any{target}, of[target], func(r struct {
			ID       ID
			Delivery deliveryRow
		}) {
			r.Delivery.Target, r.Delivery.was = target, r.Delivery.State
			t.rows[r.ID].Deliveries = append(t.rows[r.ID].Deliveries, r.Delivery)
		})
	}
	return t.rows, t.err
}

func (t *tx) submission(id ID) (*submissionRow, error) {
	found, err := t.load(id)
	return found[id], err
}

const (
	updateSubmission = "UPDATE submission SET state=?, flags=?, changed=?, code=?, why=? WHERE id=?"
	updateDelivery   = "UPDATE delivery SET state=?, attempts=?, batch=?, at=?, returned=?, why=? WHERE target=? AND sub=?"
)

// save writes what changed of a submission and its deliveries, and counts.
func (t *tx) save(s *submissionRow) {
	for n := range s.Deliveries {
		d := &s.Deliveries[n]
		if !d.Dirty {
			continue
		}
		t.exec(updateDelivery, d.State, d.Attempts, d.Batch, t.now, d.Returned, d.Why, d.Target, s.ID)
		t.moveTally(tallyProgress, int64(d.Target), int64(d.was), int64(d.State))
	}
	if s.State == s.was && !s.Dirty {
		return
	}
	t.exec(updateSubmission, s.State, s.Flags, t.now, s.Code, s.Why, s.ID)
	t.moved = append(t.moved, s.ID)
	t.moveTally(tallyState, int64(s.Route), int64(s.was), int64(s.State))
}

// moveTally counts one that goes from one state to another.
func (t *tx) moveTally(kind, of, from, to int64) {
	t.count(kind, of, from, -1)
	t.count(kind, of, to, 1)
}

// park marks the submission as a whole or for a delivery with a reason.
func (s *submissionRow) park(r *Reason) {
	s.State, s.Dirty = states.Parked, true
	if r != nil {
		s.Code, s.Why = engine.Optional(r.Code), encodeReason(r)
	}
}

// settle derives the submission's state from its deliveries, and its event. final says that no decision is expected.
func (t *tx) settle(s *submissionRow, final bool) {
	deliveries := make([]states.Progress, len(s.Deliveries))
	for n := range s.Deliveries {
		deliveries[n] = s.Deliveries[n].State
	}
	out := states.Settle(states.Submission{State: s.State, Flags: s.Flags, Office: s.Office != 0}, deliveries, final)
	s.Dirty = s.Dirty || out.Flags != s.Flags
	s.State, s.Flags = out.State, out.Flags
	if out.Cleared && (s.Code != "" || s.Why != "") {
		s.Code, s.Why, s.Dirty = "", "", true
	}
	if out.Tell {
		t.event(s.Office, s.ID, states.EventDelivered, out.Last, nil)
	}
}

// waits tells whether some delivery is open or held.
func (s *submissionRow) waits() bool {
	return slices.ContainsFunc(s.Deliveries, func(d deliveryRow) bool { return d.State.Left() })
}

// refused says that an order is not possible in the state that the submission is in.
func (s *submissionRow) refused(order string) error {
	return fmt.Errorf("%s %s, which is %s: %w", order, s.ID, State(s.State.String()), ErrState)
}
