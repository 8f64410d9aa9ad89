package journal

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Needs are the values that a delivery lacks, each with the target that returns it. They stand in the delivery's row from the time it is
// mapped until it has them all.
type Needs map[string]string

func (n Needs) encode() engine.Optional {
	if len(n) == 0 {
		return ""
	}
	b, err := json.Marshal(n)
	if err != nil {
		return "" // impossible: texts only
	}
	return engine.Optional(b)
}

// Reason says for people what a delivery waits for; nil: it lacks nothing.
func (n Needs) Reason() *Reason {
	if len(n) == 0 {
		return nil
	}
	var list []string
	for _, value := range slices.Sorted(maps.Keys(n)) {
		list = append(list, value+", which "+n[value]+" returns")
	}
	return &Reason{Code: CodeLacks, Text: "it waits for " + strings.Join(list, ", and ")}
}

// Lacks is the condition on a delivery that lacks a value.
func (l *Look) Lacks() string {
	if l.Has(WaitVersion) {
		return "d.needs IS NOT NULL"
	}
	return "d.state=2"
}

// wake has the deliveries of a submission go on that have all they need by now, and parks those which nobody can give that any more.
func (t *Tx) wake(s *Row) {
	for n := range s.Deliveries {
		d := &s.Deliveries[n]
		if len(d.Needs) == 0 && d.State != states.Waiting {
			continue
		}
		value, never := t.lacks(s, d)
		switch {
		case value == "":
			d.Needs, d.Dirty = nil, true
			if d.State == states.Waiting {
				d.Move(s.Start())
			}
			t.turns = append(t.turns, Turn{Target: t.Name(d.Target), ID: s.ID})
		case never:
			t.neverGiven(s, d, value)
		}
	}
}

// lacks names a value that a delivery needs and has not, and tells whether nobody will give it; empty: it has all.
func (t *Tx) lacks(s *Row, d *DeliveryRow) (value string, never bool) {
	var there map[string]connectors.Value
	for n := range s.Deliveries {
		var err error
		there, err = DecodeReturned(string(s.Deliveries[n].Returned), there)
		t.Fail(err)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Needs)) {
		if _, ok := there[name]; ok {
			continue
		}
		value = name
		if giver := s.Delivery(t.NameID(d.Needs[name])); giver == nil || !giver.State.Left() {
			return name, true
		}
	}
	return value, false
}

// neverGiven parks a delivery that lacks a value of one which has ended without it. What may have been delivered stays so: it must not be
// delivered again by a retry.
func (t *Tx) neverGiven(s *Row, d *DeliveryRow, value string) {
	target, giver := t.Name(d.Target), d.Needs[value]
	lost := "it needs " + value + ", and " + giver + " has ended without returning it"
	r := &Reason{Code: CodeNoValue, Text: lost, Next: "bring it to " + target + " by hand and inbasket confirm, or mend the mapping and inbasket retry --mapping NEW"}
	switch d.State {
	case states.Waiting:
	case states.Doubtful:
		r = RestoredReason()
	default:
		r = &Reason{Code: CodeUnclear, Text: "the outcome of an earlier attempt is unknown, and it cannot be looked up: " + lost,
			Next: "look in the target: if it has the data, inbasket confirm; if not, mend the mapping and inbasket retry --mapping NEW"}
	}
	d.Why = EncodeReason(r)
	d.Move(states.Held)
	t.Note(s.ID, Moment{What: "parked", Target: target, Code: r.Code, Text: r.Text})
	if (s.State == states.Accepted || s.State == states.Parked) && s.Flags&states.FlagWhole == 0 {
		s.Park(r)
	}
}
