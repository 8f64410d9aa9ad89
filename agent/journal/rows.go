package journal

import (
	"strings"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// submissionRow is what the state machine needs of a submission, with its deliveries.
type submissionRow struct {
	id         ID
	state, was states.State
	flags      int64
	office     nameID
	route      nameID
	plan       int64
	targets    nameID
	code, why  engine.Optional
	dirty      bool
	deliveries []deliveryRow // in the order of its targets; none where none were made
}

type deliveryRow struct {
	target        nameID
	state, was    states.Progress
	attempts      int64
	batch         int64
	returned, why engine.Optional
	dirty         bool
}

func (s *submissionRow) delivery(target nameID) *deliveryRow {
	for n := range s.deliveries {
		if s.deliveries[n].target == target {
			return &s.deliveries[n]
		}
	}
	return nil
}

// unclear tells whether a parked delivery may be at its target. Of a sealed batch its lane finds out by itself.
func (d *deliveryRow) unclear() bool {
	if d.state != states.Held || d.batch != 0 {
		return false
	}
	r := decodeVerdict(string(d.why)).Reason
	return r != nil && (r.Code == CodeUnclear || r.Code == CodeRestore)
}

func (d *deliveryRow) move(to states.Progress) {
	d.state, d.dirty = to, true
}

// start is where a delivery begins, or begins anew.
func (s *submissionRow) start() states.Progress {
	if s.flags&states.FlagWhole != 0 {
		return states.Held
	}
	return states.Pending
}

// inChunks calls f with the statement's text for as many IDs as its placeholders take.
func inChunks(ids []ID, before, after string, f func(sql string, ids []ID) error) error {
	for _, size := range [...]int{64, 16, 4, 1} {
		if len(ids) < size {
			continue
		}
		sql := before + "(?" + strings.Repeat(",?", size-1) + ")" + after
		for len(ids) >= size {
			if err := f(sql, ids[:size]); err != nil {
				return err
			}
			ids = ids[size:]
		}
	}
	return nil
}

func withIDs(args []any, ids []ID) []any {
	for _, id := range ids {
		args = append(args, id)
	}
	return args
}

// load reads submissions with all their deliveries. An ID that is not there is ErrNotFound.
func (t *tx) load(ids []ID) (map[ID]*submissionRow, error) {
	found := make(map[ID]*submissionRow, len(ids))
	wanted := make(map[nameID][]ID)
	lists := make(map[nameID][]nameID)
	const before = "SELECT id, state, flags, office, route, plan, targets, code, why FROM submission WHERE id IN "
	unique := make([]ID, 0, len(ids))
	for _, id := range ids {
		if _, ok := found[id]; !ok {
			found[id] = nil
			unique = append(unique, id)
		}
	}
	block := make([]submissionRow, len(unique))
	err := inChunks(unique, before, "", func(sql string, ids []ID) error {
		return engine.Each(t.c, sql, withIDs(nil, ids), func(r struct {
			ID            ID
			State         states.State
			Flags         int64
			Office, Route nameID
			Plan          int64
			Targets       nameID
			Code, Why     engine.Optional
		}) error {
			s := &block[0]
			block = block[1:]
			*s = submissionRow{id: r.ID, state: r.State, was: r.State, flags: r.Flags, office: r.Office, route: r.Route, plan: r.Plan, targets: r.Targets, code: r.Code, why: r.Why}
			found[s.id] = s
			list, ok := lists[s.targets]
			if !ok {
				var err error
				if list, err = t.targetIDs(s.targets); err != nil {
					return err
				}
				lists[s.targets] = list
			}
			for _, target := range list {
				wanted[target] = append(wanted[target], s.id)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	for _, id := range unique {
		if found[id] == nil {
			return nil, t.j.missing(t.c, id)
		}
	}
	return found, t.loadDeliveries(found, wanted, lists)
}

func (t *tx) loadDeliveries(found map[ID]*submissionRow, wanted map[nameID][]ID, lists map[nameID][]nameID) error {
	for target, ids := range wanted {
		const before = "SELECT sub, state, attempts, batch, returned, why FROM delivery WHERE target=? AND sub IN "
		err := inChunks(ids, before, "", func(sql string, ids []ID) error {
			return engine.Each(t.c, sql, withIDs([]any{target}, ids), func(r struct {
				ID              ID
				State           states.Progress
				Attempts, Batch int64
				Returned, Why   engine.Optional
			}) error {
				s := found[r.ID]
				if s.deliveries == nil {
					s.deliveries = make([]deliveryRow, 0, len(lists[s.targets]))
				}
				s.deliveries = append(s.deliveries, deliveryRow{target: target, state: r.State, was: r.State,
					attempts: r.Attempts, batch: r.Batch, returned: r.Returned, why: r.Why})
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) targetIDs(list nameID) ([]nameID, error) {
	names := splitList(t.j.names.text(list))
	ids := make([]nameID, len(names))
	for n, name := range names {
		var err error
		if ids[n], err = t.name(name); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (t *tx) submission(id ID) (*submissionRow, error) {
	found, err := t.load([]ID{id})
	if err != nil {
		return nil, err
	}
	return found[id], nil
}

const (
	updateSubmission = "UPDATE submission SET state=?, flags=?, changed=?, code=?, why=? WHERE id=?"
	updateDelivery   = "UPDATE delivery SET state=?, attempts=?, batch=?, at=?, returned=?, why=? WHERE target=? AND sub=?"
)

// save writes what changed of a submission and its deliveries, and counts.
func (t *tx) save(s *submissionRow) error {
	for n := range s.deliveries {
		d := &s.deliveries[n]
		if !d.dirty {
			continue
		}
		if _, err := t.c.Exec(updateDelivery, d.state, d.attempts, d.batch, t.now, d.returned, d.why, d.target, s.id); err != nil {
			return err
		}
		if d.state != d.was {
			t.count(tallyProgress, int64(d.target), int64(d.was), -1)
			t.count(tallyProgress, int64(d.target), int64(d.state), 1)
			d.was = d.state
		}
		d.dirty = false
	}
	if s.state == s.was && !s.dirty {
		return nil
	}
	if _, err := t.c.Exec(updateSubmission, s.state, s.flags, t.now, s.code, s.why, s.id); err != nil {
		return err
	}
	t.moved = append(t.moved, s.id)
	if s.state != s.was {
		t.count(tallyState, int64(s.route), int64(s.was), -1)
		t.count(tallyState, int64(s.route), int64(s.state), 1)
		s.was = s.state
	}
	s.dirty = false
	return nil
}

// park marks the submission as a whole or for a delivery with a reason.
func (s *submissionRow) park(r *Reason) {
	s.state, s.dirty = states.Parked, true
	if r != nil {
		s.code, s.why = engine.Optional(r.Code), encodeReason(r)
	}
}

// settle derives the submission's state from its deliveries, and its event. final says that no decision is expected.
func (t *tx) settle(s *submissionRow, final bool) {
	deliveries := make([]states.Progress, len(s.deliveries))
	for n := range s.deliveries {
		deliveries[n] = s.deliveries[n].state
	}
	out := states.Settle(states.Submission{State: s.state, Flags: s.flags, Office: s.office != 0}, deliveries, final)
	s.dirty = s.dirty || out.Flags != s.flags
	s.state, s.flags = out.State, out.Flags
	if out.Cleared && (s.code != "" || s.why != "") {
		s.code, s.why, s.dirty = "", "", true
	}
	if out.Tell {
		t.event(s.office, s.id, states.EventDelivered, out.Last, nil)
	}
}

// waits tells whether some delivery is open or held.
func (s *submissionRow) waits() bool {
	for n := range s.deliveries {
		if s.deliveries[n].state.Left() {
			return true
		}
	}
	return false
}
