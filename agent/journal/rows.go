package journal

import (
	"database/sql/driver"
	"strings"
)

// submissionRow is what the state machine needs of a submission, with its deliveries.
type submissionRow struct {
	id         ID
	state, was stateCode
	flags      int64
	office     word
	route      word
	plan       int64
	targets    word
	code, why  any // text or nil
	dirty      bool
	deliveries []deliveryRow // in the order of its targets; none where none were made
}

type deliveryRow struct {
	target        word
	state, was    progressCode
	attempts      int64
	batch         int64
	returned, why any // text or nil
	dirty         bool
}

func (s *submissionRow) delivery(target word) *deliveryRow {
	for n := range s.deliveries {
		if s.deliveries[n].target == target {
			return &s.deliveries[n]
		}
	}
	return nil
}

func (d *deliveryRow) move(to progressCode) {
	d.state, d.dirty = to, true
}

// start is where a delivery begins, or begins anew.
func (s *submissionRow) start() progressCode {
	if s.flags&flagWhole != 0 {
		return pHeld
	}
	return pPending
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
	wanted := make(map[word][]ID)
	lists := make(map[word][]word)
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
		return t.c.query(sql, withIDs(nil, ids), func(row []driver.Value) error {
			s := &block[0]
			block = block[1:]
			*s = submissionRow{id: ID(integer(row[0])), state: stateCode(integer(row[1])), was: stateCode(integer(row[1])), flags: integer(row[2]),
				office: word(integer(row[3])), route: word(integer(row[4])), plan: integer(row[5]), targets: word(integer(row[6])), code: row[7], why: row[8]}
			found[s.id] = s
			list, ok := lists[s.targets]
			if !ok {
				var err error
				if list, err = t.targetWords(s.targets); err != nil {
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

func (t *tx) loadDeliveries(found map[ID]*submissionRow, wanted map[word][]ID, lists map[word][]word) error {
	for target, ids := range wanted {
		const before = "SELECT sub, state, attempts, batch, returned, why FROM delivery WHERE target=? AND sub IN "
		err := inChunks(ids, before, "", func(sql string, ids []ID) error {
			return t.c.query(sql, withIDs([]any{target}, ids), func(row []driver.Value) error {
				s := found[ID(integer(row[0]))]
				if s.deliveries == nil {
					s.deliveries = make([]deliveryRow, 0, len(lists[s.targets]))
				}
				state := progressCode(integer(row[1]))
				s.deliveries = append(s.deliveries, deliveryRow{target: target, state: state, was: state,
					attempts: integer(row[2]), batch: integer(row[3]), returned: row[4], why: row[5]})
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) targetWords(list word) ([]word, error) {
	names := splitList(t.j.words.get(list))
	words := make([]word, len(names))
	for n, name := range names {
		var err error
		if words[n], err = t.word(name); err != nil {
			return nil, err
		}
	}
	return words, nil
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
		if _, err := t.c.exec(updateDelivery, d.state, d.attempts, d.batch, t.now, d.returned, d.why, d.target, s.id); err != nil {
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
	if _, err := t.c.exec(updateSubmission, s.state, s.flags, t.now, s.code, s.why, s.id); err != nil {
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
	s.state, s.dirty = sParked, true
	if r != nil {
		s.code, s.why = r.Code, encodeReason(r)
	}
}

// settle derives the submission's state from its deliveries. final says that no decision is expected.
func (t *tx) settle(s *submissionRow, final bool) {
	left, held := 0, 0
	for n := range s.deliveries {
		d := &s.deliveries[n]
		if d.state.left() {
			left++
		}
		if d.state == pHeld {
			held++
		}
	}
	if final && s.flags&flagFinal == 0 {
		s.flags |= flagFinal
		s.dirty = true
	}
	if s.state == sRejected || s.state == sClosed && left > 0 {
		return
	}
	waits := s.state == sAccepted || s.state == sParked
	switch {
	case waits && s.flags&flagWhole != 0:
		return
	case waits && held > 0:
		s.state = sParked
	case waits && left > 0:
		if s.state == sParked {
			s.code, s.why, s.dirty = nil, nil, true
		}
		s.state = sAccepted
	case waits:
		s.state = sDelivered
	}
	if left > 0 {
		return
	}
	if s.state == sDelivered {
		s.code, s.why = nil, nil
	}
	t.tellDelivered(s)
}

// waits tells whether some delivery is open or held.
func (s *submissionRow) waits() bool {
	for n := range s.deliveries {
		if s.deliveries[n].state.left() {
			return true
		}
	}
	return false
}

// tellDelivered gives the delivered event once.
func (t *tx) tellDelivered(s *submissionRow) {
	if s.flags&flagTold == 0 {
		s.flags |= flagTold
		s.dirty = true
		if s.office != 0 {
			t.event(s.office, s.id, evDelivered, s.flags&flagFinal != 0 && s.state == sDelivered, nil)
		}
	}
	if s.state == sDecided && s.flags&flagHeard != 0 {
		s.state, s.dirty = sClosed, true
	}
	if s.office == 0 && (s.state == sDecided || s.state == sDelivered && s.flags&flagFinal != 0) {
		s.state = sClosed // nobody waits for a word
	}
}
