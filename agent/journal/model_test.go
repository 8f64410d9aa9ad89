package journal_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// model is the journal in a few lines, without a disk.
type model struct {
	*rig
	t             *rapid.T
	before, after *error
	subs          map[journal.ID]*modelSub
	order         []journal.ID
	claims        map[string]journal.ID // reference to the one that holds it
	batches       [][]journal.ID        // of target "line", by number
	closed        []bool                // batches that are done or voided
	gone          map[journal.ID]string // content of what is purged
	rids          int
}

type modelSub struct {
	ref, content string
	office       bool
	state        journal.State
	whole        bool
	final        bool
	told         bool // of its delivery
	reopened     bool
	to           map[string]journal.Progress
	needs        map[string]string // the target whose value a delivery lacks, by its own
	returned     map[string]bool   // targets that returned theirs
	unsure       map[string]bool   // targets that may have what is held
	batch        int
	finals       int
	heard        bool // the front office knows the decision
}

var modelTargets = []string{"db", "drop", "line"}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t, rt)
		defer func() { m.must(m.Close()) }()
		rt.Repeat(map[string]func(*rapid.T){
			"":        func(*rapid.T) { m.compare() },
			"accept":  m.accept,
			"apply":   m.apply,
			"park":    m.park,
			"release": m.release,
			"reject":  m.reject,
			"reopen":  m.again,
			"seal":    m.seal,
			"move":    m.move,
			"decide":  m.decide,
			"ack":     m.ack,
			"purge":   m.purge,
			"restart": func(*rapid.T) { m.rig.reopen() },
		})
		m.check()
	})
}

func newModel(t *testing.T, rt *rapid.T) *model {
	m := &model{rig: &rig{TB: t, clock: newClock(), dir: t.TempDir()}, t: rt, before: new(error), after: new(error), subs: map[journal.ID]*modelSub{}, claims: map[string]journal.ID{}, gone: map[journal.ID]string{}}
	m.opts = journal.Options{Clock: m.clock, Rand: zeros{}, Hooks: journal.Hooks{BeforeCommit: func() error { return *m.before }, AfterCommit: func() error { return *m.after }}}
	m.rig.open()
	m.must(m.PutPlan(m.ctx(), planA))
	return m
}

// must has rapid look for the shortest way to what failed.
func (m *model) must(err error) {
	if err != nil {
		m.t.Fatal(err)
	}
}

// zeros is a source of chance that always gives the same.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// try calls f, now and then with a broken disk first; the call must then bear being repeated.
func (m *model) try(t *rapid.T, f func() error) error {
	switch rapid.IntRange(0, 12).Draw(t, "fault") {
	case 0:
		*m.before = errDisk
	case 1:
		*m.after = errDisk
	}
	err := f()
	*m.before, *m.after = nil, nil
	if errors.Is(err, errDisk) {
		err = f()
	}
	return err
}

func (m *model) pick(t *rapid.T) (journal.ID, *modelSub) {
	if len(m.order) == 0 {
		t.Skip("nothing yet")
	}
	id := rapid.SampledFrom(m.order).Draw(t, "id")
	return id, m.subs[id]
}

func (m *model) accept(t *rapid.T) {
	var list []journal.Arrival
	for range rapid.IntRange(1, 5).Draw(t, "n") {
		ref, content := rapid.StringMatching("[a-f]").Draw(t, "ref"), rapid.StringMatching("[xy]").Draw(t, "content")
		a := arrival(ref, modelTargets[:rapid.IntRange(1, 3).Draw(t, "targets")]...)
		a.Form, a.Digest = []byte(content), sha256.Sum256([]byte(content))
		if rapid.Bool().Draw(t, "quiet") {
			a.Office = ""
		}
		if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
			a.Park = &journal.Reason{Code: "odd"}
		}
		list = append(list, a)
	}
	var out []journal.Acceptance
	m.must(m.try(t, func() (err error) { out, err = m.Accept(m.ctx(), list); return err }))
	for n, a := range list {
		known, ok := m.claims[a.Reference]
		switch {
		case !ok: // a Repeat where the first try was on disk after all
			m.claims[a.Reference] = out[n].ID
			s := &modelSub{ref: a.Reference, content: string(a.Form), office: a.Office != "", state: journal.Accepted, to: map[string]journal.Progress{}, needs: map[string]string{}, returned: map[string]bool{}, unsure: map[string]bool{}}
			p := journal.Pending
			if a.Park != nil {
				s.state, s.whole, p = journal.Parked, true, journal.Held
			}
			for _, target := range a.Targets {
				s.to[target] = p
			}
			m.subs[out[n].ID] = s
			m.order = append(m.order, out[n].ID)
		case out[n].ID != known:
			t.Fatalf("%s is %s and not %s", a.Reference, out[n].ID, known)
		default:
			want := connectors.Conflict
			if m.content(known) == string(a.Form) {
				want = connectors.Repeat
			}
			if out[n].Verdict != want {
				t.Fatalf("%s: %s", a.Reference, out[n].Verdict)
			}
		}
	}
}

func (m *model) apply(t *rapid.T) {
	id, s := m.pick(t)
	target := rapid.SampledFrom(modelTargets).Draw(t, "target")
	to := rapid.SampledFrom([]journal.Progress{journal.Pending, journal.Waiting, journal.Attempting, journal.Staged, journal.Unclear, journal.Done, journal.Done, journal.Done, journal.Skipped, journal.Held, journal.Batched}).Draw(t, "to")
	final := rapid.Bool().Draw(t, "final")
	giver := rapid.SampledFrom(append([]string{"nobody"}, modelTargets...)).Draw(t, "giver")
	change := journal.Change{ID: id, Target: target, To: to, Final: final, Attempt: true, Needs: journal.Needs{giver + ".V": giver}}
	if to == journal.Done && rapid.Bool().Draw(t, "returns") {
		change.Returned = map[string]connectors.Value{target + ".V": {Kind: connectors.Integer, Int: 1}}
	}
	err := m.try(t, func() error { return m.Apply(m.ctx(), []journal.Change{change}) })
	from, ok := s.to[target]
	how := states.Refused
	if ok {
		how = states.Transition(states.ProgressOf(string(from)), states.ProgressOf(string(to)))
	}
	if to == journal.Batched && (target != "line" || s.batch == 0) {
		how = states.Refused
	}
	if (how == states.Refused) != errors.Is(err, journal.ErrState) {
		t.Fatalf("%s to %s: %v", from, to, err)
	}
	if how != states.Refused && change.Returned != nil {
		s.returned[target] = true
	}
	if how != states.Refused && to == journal.Waiting && states.ProgressOf(string(from)).Open() && (how == states.Stays || !s.whole) {
		s.needs[target] = giver
	}
	if how == states.Taken {
		if s.to[target] = to; to != journal.Waiting {
			delete(s.needs, target)
		}
		if to == journal.Done {
			delete(s.unsure, target)
		}
		if s.whole && (to == journal.Pending || to == journal.Waiting) {
			s.to[target] = journal.Held
		}
	}
	if how != states.Refused {
		m.settle(s, final && (to == journal.Done || to == journal.Skipped))
	}
}

// settle says what follows for a submission from its deliveries.
func (m *model) settle(s *modelSub, final bool) {
	s.final = s.final || final
	for target, giver := range s.needs {
		if !s.returned[giver] && s.to[giver].Left() {
			continue
		}
		if delete(s.needs, target); !s.returned[giver] {
			s.unsure[target] = s.to[target] != journal.Waiting && (target != "line" || s.batch == 0)
			s.to[target] = journal.Held
		} else if s.to[target] == journal.Waiting {
			s.to[target] = journal.Pending
		}
	}
	left, held := 0, 0
	for _, p := range s.to {
		if states.ProgressOf(string(p)).Left() {
			left++
		}
		if p == journal.Held {
			held++
		}
	}
	if s.state == journal.Rejected || s.whole && (s.state == journal.Accepted || s.state == journal.Parked) {
		return
	}
	if s.state == journal.Accepted || s.state == journal.Parked {
		switch {
		case held > 0:
			s.state = journal.Parked
		case left > 0:
			s.state = journal.Accepted
		default:
			s.state = journal.Delivered
		}
	}
	if left > 0 {
		return
	}
	if !s.told && s.office && s.final && s.state == journal.Delivered {
		s.finals++
	}
	s.told = true
	if s.state == journal.Decided && s.heard {
		s.state = journal.Closed
	}
	if !s.office && (s.state == journal.Decided || s.state == journal.Delivered && s.final) {
		s.state = journal.Closed
	}
}

func (m *model) park(t *rapid.T) {
	id, s := m.pick(t)
	err := m.try(t, func() error { return m.ParkSubmission(m.ctx(), id, journal.Reason{Code: "p"}) })
	late, some := s.state != journal.Accepted && s.state != journal.Parked, false
	for _, p := range s.to {
		some = some || p == journal.Pending || p == journal.Waiting || p == journal.Held
	}
	if late && !some {
		if !errors.Is(err, journal.ErrState) {
			t.Fatal(err)
		}
		return
	}
	m.must(err)
	if !late {
		s.state, s.whole = journal.Parked, true
	}
	for target, p := range s.to {
		if p == journal.Pending || p == journal.Waiting {
			s.to[target] = journal.Held
			delete(s.needs, target)
		}
	}
}

func (m *model) release(t *rapid.T) {
	id, s := m.pick(t)
	err := m.Release(m.ctx(), id, "", "me")
	held, unsure, rest := false, false, s.whole
	for target, p := range s.to {
		held = held || p == journal.Held
		unsure = unsure || p == journal.Held && s.unsure[target]
		rest = rest || p == journal.Held && !s.unsure[target]
	}
	var unclear *journal.UnclearError
	switch {
	case s.state != journal.Parked && !held:
		if !errors.Is(err, journal.ErrState) {
			t.Fatal(err)
		}
		return
	case unsure:
		if !errors.As(err, &unclear) || unclear.Rest != rest {
			t.Fatal(err)
		}
		if !rest {
			return
		}
	default:
		m.must(err)
	}
	for target, p := range s.to {
		if p == journal.Held && !s.unsure[target] {
			s.to[target] = journal.Pending
			if target == "line" && s.batch != 0 {
				s.to[target] = journal.Batched
			}
		}
	}
	s.whole = false
	m.settle(s, false)
}

func (m *model) reject(t *rapid.T) {
	id, s := m.pick(t)
	force := rapid.Bool().Draw(t, "force")
	err := m.try(t, func() error { return m.Reject(m.ctx(), id, nil, journal.Reason{Code: "r"}, "me", force) })
	if s.state == journal.Rejected {
		m.must(err)
		return
	}
	begun, left, given := false, false, false
	for target, p := range s.to {
		given = given || p == journal.Dropped
		left = left || states.ProgressOf(string(p)).Left()
		sealed := target == "line" && s.batch != 0 && states.ProgressOf(string(p)).Left()
		begun = begun || sealed || p == journal.Held && s.unsure[target] || slices.Contains([]journal.Progress{journal.Done, journal.Attempting, journal.Batched, journal.Staged, journal.Unclear}, p)
	}
	switch {
	case begun && !force:
		if !errors.Is(err, journal.ErrPartlyDelivered) {
			t.Fatal(err)
		}
		return
	case (s.state == journal.Closed || s.state == journal.Decided) && !left && given:
		m.must(err)
		return
	case (s.state == journal.Closed || s.state == journal.Decided) && !left:
		if !errors.Is(err, journal.ErrState) {
			t.Fatal(err)
		}
		return
	}
	m.must(err)
	for target, p := range s.to {
		if states.ProgressOf(string(p)).Left() {
			s.to[target] = journal.Dropped
			delete(s.needs, target)
		}
	}
	if s.state == journal.Closed || s.state == journal.Decided { // what is left is given up
		s.whole = false
		m.settle(s, false)
		return
	}
	s.state, s.whole = journal.Rejected, false
	if s.office {
		s.finals++
	}
}

func (m *model) again(t *rapid.T) {
	id, s := m.pick(t)
	target := rapid.SampledFrom(modelTargets).Draw(t, "target")
	m.must(m.try(t, func() error { return m.Reopen(m.ctx(), []journal.ID{id}, target, "me") }))
	if s.to[target] == journal.Done && s.state != journal.Rejected {
		s.to[target] = journal.Pending
		if s.whole {
			s.to[target] = journal.Held
		}
		s.reopened = true
		if target == "line" {
			s.batch = 0
		}
	}
}

func (m *model) seal(t *rapid.T) {
	var ids []journal.ID
	for _, id := range m.order {
		if p := m.subs[id].to["line"]; p == journal.Pending && rapid.Bool().Draw(t, "member") {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		t.Skip("nothing to seal")
	}
	seq := int64(len(m.batches) + 1)
	m.must(m.try(t, func() error {
		return m.Seal(m.ctx(), journal.Batch{Seq: seq, Target: "line", Name: fmt.Sprint(seq), Members: ids})
	}))
	m.batches, m.closed = append(m.batches, ids), append(m.closed, false)
	for _, id := range ids {
		m.subs[id].to["line"], m.subs[id].batch = journal.Batched, int(seq)
	}
}

func (m *model) move(t *rapid.T) {
	if len(m.batches) == 0 {
		t.Skip("no batch")
	}
	n := rapid.IntRange(0, len(m.batches)-1).Draw(t, "batch")
	if m.closed[n] {
		t.Skip("closed")
	}
	void := rapid.IntRange(0, 3).Draw(t, "void") == 0
	m.closed[n] = true
	if void {
		m.must(m.try(t, func() error { return m.VoidBatch(m.ctx(), "line", int64(n+1), "me", "why") }))
	} else {
		m.must(m.try(t, func() error { return m.MoveBatch(m.ctx(), "line", int64(n+1), journal.Done, nil, nil) }))
	}
	for _, id := range m.batches[n] {
		s := m.subs[id]
		if !void {
			s.to["line"] = journal.Done // whatever an operator did meanwhile
			delete(s.needs, "line")
			m.settle(s, false)
		} else if s.batch == n+1 && states.ProgressOf(string(s.to["line"])).Left() {
			s.to["line"], s.batch = journal.Pending, 0
			delete(s.needs, "line")
			if s.whole {
				s.to["line"] = journal.Held
			}
			m.settle(s, false)
		}
	}
}

func (m *model) decide(t *rapid.T) {
	id, s := m.pick(t)
	m.rids++
	o := journal.Outcome{Source: "person", ResultID: fmt.Sprint(m.rids), ID: id, Outcome: "approved"}
	m.must(m.try(t, func() error { _, err := m.Results(m.ctx(), []journal.Outcome{o}); return err }))
	if s.state == journal.Rejected {
		return
	}
	left := false
	for _, p := range s.to {
		left = left || states.ProgressOf(string(p)).Left()
	}
	s.state, s.heard = journal.Decided, false
	if !s.office && !left {
		s.state = journal.Closed
	}
	if s.office {
		s.finals++
	}
}

func (m *model) ack(t *rapid.T) {
	m.must(m.try(t, func() error { return m.Ack(m.ctx(), "portal", "main", 1<<40) }))
	for _, s := range m.subs {
		left := false
		for _, p := range s.to {
			left = left || states.ProgressOf(string(p)).Left()
		}
		if s.office && s.state == journal.Decided && left {
			s.heard = true
			continue
		}
		if s.office && (s.state == journal.Decided || s.state == journal.Delivered && s.final && s.finals > 0) {
			s.state = journal.Closed
		}
	}
}

// compare holds the journal against the model.
func (m *model) compare() {
	for _, target := range modelTargets {
		var want []journal.ID
		for _, id := range m.order {
			if p, ok := m.subs[id].to[target]; ok && states.ProgressOf(string(p)).Open() && m.subs[id].needs[target] == "" {
				want = append(want, id)
			}
		}
		list, err := m.Backlog(m.ctx(), target, 0, 10_000)
		m.must(err)
		var got []journal.ID
		for _, s := range list {
			got = append(got, s.ID)
			if s.Progress != m.subs[s.ID].to[target] {
				m.t.Fatalf("%s to %s is %s instead of %s", s.ID, target, s.Progress, m.subs[s.ID].to[target])
			}
		}
		if !slices.Equal(got, want) {
			m.t.Fatalf("backlog of %s: %v instead of %v", target, got, want)
		}
	}
	for id, s := range m.subs {
		v, err := m.Show(m.ctx(), id)
		m.must(err)
		for _, d := range v.Deliveries {
			if d.Progress != s.to[d.Target] {
				m.t.Fatalf("%s to %s is %s instead of %s", id, d.Target, d.Progress, s.to[d.Target])
			}
		}
		if v.State != s.state {
			m.t.Fatalf("%s is %s instead of %s, with %v", id, v.State, s.state, s.to)
		}
		events, err := m.EventsOf(m.ctx(), id)
		m.must(err)
		finals := 0
		for _, e := range events {
			if e.Final {
				finals++
			}
		}
		if finals != s.finals {
			m.t.Fatalf("%s has %d last words instead of %d", id, finals, s.finals)
		}
	}
	m.check()
}
