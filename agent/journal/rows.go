package journal

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// Row is what the state machine needs of a submission, with its deliveries.
type Row struct {
	ID            ID
	State         states.State
	Flags         int64
	Office, Route NameID
	Plan          int64
	Targets       NameID
	Code, Why     engine.Optional
	Dirty         bool          `col:"-"`
	Deliveries    []DeliveryRow `col:"-"` // none where none were made
	Was           states.State  `col:"-"`
}

// DeliveryRow is what the state machine needs of a delivery.
type DeliveryRow struct {
	State           states.Progress
	Attempts, Batch int64
	Returned, Why   engine.Optional
	Needs           Needs           `col:"json"`
	Order           any             `col:"-"` // the order key that was found out; nil: as before
	Target          NameID          `col:"-"`
	Dirty           bool            `col:"-"`
	Was             states.Progress `col:"-"`
}

// Delivery returns that to a target; nil: there is none.
func (s *Row) Delivery(target NameID) *DeliveryRow {
	n := slices.IndexFunc(s.Deliveries, func(d DeliveryRow) bool { return d.Target == target })
	if n < 0 {
		return nil
	}
	return &s.Deliveries[n]
}

// Unclear tells whether a parked delivery may be at its target. Of a sealed batch its lane finds out by itself.
func (d *DeliveryRow) Unclear() bool {
	if d.State != states.Held || d.Batch != 0 {
		return false
	}
	r := DecodeVerdict(string(d.Why)).Reason
	return r != nil && (r.Code == CodeUnclear || r.Code == CodeRestore)
}

// Move has the delivery go on to another state. One that goes on lacks nothing.
func (d *DeliveryRow) Move(to states.Progress) {
	d.State, d.Dirty = to, true
	if to != states.Waiting {
		d.Needs = nil
	}
}

// Start is where a delivery begins, or begins anew.
func (s *Row) Start() states.Progress {
	if s.Flags&states.FlagWhole != 0 {
		return states.Held
	}
	return states.Pending
}

// Load returns submissions with all their deliveries, as the call has left them so far. Without one of the IDs the call fails.
func (t *Tx) Load(ids ...ID) (map[ID]*Row, error) {
	unknown := make([]ID, 0, len(ids))
	for _, id := range ids {
		if _, ok := t.rows[id]; !ok {
			t.rows[id] = nil
			unknown = append(unknown, id)
		}
	}
	block := make([]Row, 0, len(unknown))
	var targets []NameID
	of := map[NameID][]ID{}
	lists := map[NameID][]NameID{}
	const submissions = "SELECT id, state, flags, office, route, plan, targets, code, why FROM submission WHERE id IN "
	EachOf(t.Look, submissions, nil, unknown, func(r Row) {
		r.Was = r.State
		block = append(block, r)
		s := &block[len(block)-1]
		t.rows[s.ID], t.loaded = s, append(t.loaded, s)
		list, ok := lists[s.Targets]
		if !ok {
			for _, name := range SplitList(t.Name(s.Targets)) {
				list = append(list, t.NameID(name))
			}
			lists[s.Targets] = list
		}
		s.Deliveries = make([]DeliveryRow, 0, len(list))
		for _, target := range list {
			if of[target] == nil {
				targets = append(targets, target)
			}
			of[target] = append(of[target], s.ID)
		}
	})
	for _, id := range unknown {
		if t.rows[id] == nil {
			t.Missing(id)
		}
	}
	for _, target := range targets {
		const deliveries = "SELECT sub, state, attempts, batch, returned, why, needs FROM delivery WHERE target=? AND sub IN "
		EachOf(t.Look, deliveries, []any{target}, of[target], func(r struct {
			ID       ID
			Delivery DeliveryRow
		}) {
			r.Delivery.Target, r.Delivery.Was = target, r.Delivery.State
			t.rows[r.ID].Deliveries = append(t.rows[r.ID].Deliveries, r.Delivery)
		})
	}
	return t.rows, t.Err
}

// Submission is Load for one.
func (t *Tx) Submission(id ID) (*Row, error) {
	found, err := t.Load(id)
	return found[id], err
}

const (
	updateSubmission = "UPDATE submission SET state=?, flags=?, changed=?, code=?, why=? WHERE id=?"
	updateDelivery   = "UPDATE delivery SET state=?, attempts=?, batch=?, at=?, returned=?, why=?, needs=?, okey=coalesce(?, okey) WHERE target=? AND sub=?"
)

// save writes what changed of a submission and its deliveries, and counts.
func (t *Tx) save(s *Row) {
	for n := range s.Deliveries {
		d := &s.Deliveries[n]
		if !d.Dirty {
			continue
		}
		t.Exec(updateDelivery, d.State, d.Attempts, d.Batch, t.Now, d.Returned, d.Why, d.Needs.encode(), d.Order, d.Target, s.ID)
		t.moveTally(TallyProgress, int64(d.Target), int64(d.Was), int64(d.State))
	}
	if s.State == s.Was && !s.Dirty {
		return
	}
	t.Exec(updateSubmission, s.State, s.Flags, t.Now, s.Code, s.Why, s.ID)
	t.moved = append(t.moved, s.ID)
	t.moveTally(TallyState, int64(s.Route), int64(s.Was), int64(s.State))
}

// moveTally counts one that goes from one state to another.
func (t *Tx) moveTally(kind, of, from, to int64) {
	t.Count(kind, of, from, -1)
	t.Count(kind, of, to, 1)
}

// Park marks the submission as a whole or for a delivery with a reason.
func (s *Row) Park(r *Reason) {
	s.State, s.Dirty = states.Parked, true
	if r != nil {
		s.Code, s.Why = engine.Optional(r.Code), EncodeReason(r)
	}
}

// Settle derives the submission's state from its deliveries, and its event. final says that no decision is expected.
func (t *Tx) Settle(s *Row, final bool) {
	t.wake(s)
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
		t.Event(s.Office, s.ID, states.EventDelivered, out.Last, nil)
	}
}

// Waits tells whether some delivery is open or held.
func (s *Row) Waits() bool {
	return slices.ContainsFunc(s.Deliveries, func(d DeliveryRow) bool { return d.State.Left() })
}

// Refused says that an order is not possible in the state that the submission is in.
func (s *Row) Refused(order string) error {
	return fmt.Errorf("%s %s, which is %s: %w", order, s.ID, State(s.State.String()), ErrState)
}

// BatchText names a batch in a timeline.
func BatchText(seq int64) string {
	if seq == 0 {
		return ""
	}
	return "in batch " + strconv.FormatInt(seq, 10)
}

// DeliveryColumns are those that a new delivery is written by.
const DeliveryColumns = "delivery(target, sub, state, attempts, batch, at)"
