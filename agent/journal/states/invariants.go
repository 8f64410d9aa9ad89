package states

import "slices"

// Facts is all that a journal has of one submission, and of one that it should not have.
type Facts struct {
	Submission
	Known, Form   bool // it is there; its form is
	Purged        bool // there is a tombstone
	Remains, Told bool // there are other rows about it; there are events
	Deliveries    []Delivery
	Events        [eventTypes]int // by type
}

// Delivery is what decides about a delivery.
type Delivery struct {
	State   Progress
	Batch   int64    // 0: none
	InBatch Progress // state of the batch; 0: there is no such batch
	Lacks   bool     // it is known which values it lacks
}

func (d *Facts) some(is func(Delivery) bool) bool { return slices.ContainsFunc(d.Deliveries, is) }

func isOpen(d Delivery) bool { return d.State.Open() }
func isHeld(d Delivery) bool { return d.State == Held }
func isLeft(d Delivery) bool { return d.State.Left() }

// Invariants are what must never be true of a submission.
var Invariants = []struct {
	What   string
	Broken func(d *Facts) bool
}{
	{"a submission without its form", func(d *Facts) bool { return d.Known && !d.Form }},
	{"a form without its submission", func(d *Facts) bool { return d.Form && !d.Known }},
	{"delivered with something left", func(d *Facts) bool { return d.State == Delivered && d.Flags&FlagReopened == 0 && d.some(isLeft) }},
	{"accepted with nothing left", func(d *Facts) bool { return d.State == Accepted && !d.some(isOpen) }},
	{"accepted with a parked delivery", func(d *Facts) bool { return d.State == Accepted && d.some(isHeld) }},
	{"parked without a cause", func(d *Facts) bool { return d.State == Parked && d.Flags&FlagWhole == 0 && !d.some(isHeld) }},
	{"rejected with an open delivery", func(d *Facts) bool { return d.State == Rejected && d.some(isOpen) }},
	{"acceptance told twice or never", func(d *Facts) bool { return d.Known && d.Office && d.Events[EventAccepted] != 1 }},
	{"delivery told twice", func(d *Facts) bool { return d.Events[EventDelivered] > 1 }},
	{"in a batch that has no number", func(d *Facts) bool {
		return d.some(func(d Delivery) bool { return d.State == Batched && d.Batch == 0 })
	}},
	{"waiting for nothing", func(d *Facts) bool {
		return d.some(func(d Delivery) bool { return d.State == Waiting && !d.Lacks || d.Lacks && !d.State.Open() })
	}},
	{"a delivery without its submission", func(d *Facts) bool { return !d.Known && len(d.Deliveries) > 0 }},
	{"an event without its submission", func(d *Facts) bool { return !d.Known && d.Told }},
	{"something is left of a purged submission", func(d *Facts) bool {
		return d.Purged && (d.Remains || d.Known || d.Form || d.Told || len(d.Deliveries) > 0)
	}},
	{"a delivered batch with an open member", func(d *Facts) bool {
		return d.some(func(d Delivery) bool { return (d.State == Batched || d.State == Staged) && d.InBatch == Done })
	}},
	{"a delivery in a batch that does not exist", func(d *Facts) bool {
		return d.some(func(d Delivery) bool { return d.Batch != 0 && d.InBatch == 0 })
	}},
}
