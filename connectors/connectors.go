// Package connectors holds the contracts between the agent and the systems around it: in-baskets that
// forms come from, targets that they are written to, sources of results, and front offices that are
// told about them. It uses the standard library only, so that a connector needs nothing else of the agent.
//
// The agent drives; a connector only does what one call asks and says exactly how it ended. Retrying,
// batching, circuits, timeouts, rate limits and redaction live in the agent (agent/guard), never here.
// Unless a comment says otherwise the agent calls one instance from one goroutine at a time, every call
// carries a context that may be cancelled at any moment, and Close may be called twice.
package connectors

import (
	"context"
	"time"
)

// Source hands out items that stay where they are until they are settled: at least once. Settle may run
// while Next waits or reads; neither runs twice at once.
type Source[T any] interface {
	// Next waits until at least one item is ready, or ctx ends, and returns at most max of them. An item
	// that was returned and not yet settled is not returned again by the same instance, but is by the
	// next one: a crash before Settle repeats the item. Next never returns an empty slice without an error.
	Next(ctx context.Context, max int) ([]T, error)
	// Settle tells the source what became of items, by their Handle. It is called only after the journal
	// has it on disk. An error leaves the named items unsettled; settling twice is harmless.
	Settle(ctx context.Context, receipts []Receipt) error
	// Close releases everything; unsettled items stay where they are.
	Close() error
}

// Checker is a Source that can tell whether items could be taken and settled now. What it puts there to try is gone
// afterwards.
type Checker interface {
	Check(ctx context.Context) error
}

// Holder is a Source that keeps some of its items back on its own, such as a form whose attachments have not come.
// Held may be called at any time, from any goroutine.
type Holder interface{ Held() []HeldItem }

// HeldItem is one of them, for the operator.
type HeldItem struct {
	Item  string // as the transport calls it
	Code  string // stable
	Text  string // why
	Since time.Time
	Until time.Time // when it is set aside
}

// Inbasket is where submissions come from.
type Inbasket = Source[Submission]

// ResultSource is where the back office's results come from.
type ResultSource = Source[Result]

// Verdict says what the agent made of an item of a Source.
type Verdict uint8

// The verdicts. The zero value is Released: the item stays and comes again later.
const (
	Released Verdict = iota // without a verdict: nothing was journaled, it is offered again
	Taken                   // durably accepted for the first time
	Repeat                  // the same bytes were accepted before; nothing new was made of it
	Conflict                // the reference is known with other bytes; kept and parked
	Refused                 // cannot be accepted at all; Reason says why
)

// String returns the verdict's word as docs and logs use it.
func (v Verdict) String() string {
	switch v {
	case Taken:
		return "taken"
	case Repeat:
		return "repeat"
	case Conflict:
		return "conflict"
	case Refused:
		return "refused"
	default:
		return "released"
	}
}

// Receipt settles one item of a Source.
type Receipt struct {
	Handle  string  // the item's Handle
	ID      string  // the submission's ID, once it has one
	Verdict Verdict // what became of it
	Reason  string  // for Refused and Conflict: a sentence for the person who owns the in-basket
}

// Target is one legacy system that is written to. The agent may call Deliver from Abilities.Parallel
// goroutines at once, never with the same key twice at once.
type Target interface {
	// Deliver writes the group: all records of one delivery together, the deliveries of the group in one
	// transaction where the system has them. It returns one outcome an item, in any order. With an error,
	// every item without an outcome is uncertain. A key that was written before writes nothing and is
	// Written again, with the values it returned then.
	Deliver(ctx context.Context, g Group) ([]Outcome, error)
	// Lookup says what became of items whose outcome is uncertain, without writing anything.
	Lookup(ctx context.Context, g Group) ([]Found, error)
	// Check connects and tells whether the target could be written to now: login, grants, tables, space.
	// It changes nothing that stays.
	Check(ctx context.Context) error
	Close() error
}

// Stager is a Target whose effect becomes visible in two steps. The agent calls Stage, journals that it
// succeeded, sets Group.Staged and calls Deliver. After a crash it sets Staged from the journal.
type Stager interface {
	// Stage puts everything in place under a temporary name, durably. It may be repeated at will.
	Stage(ctx context.Context, g Group) error
}

// Able is a Target that tells its abilities; one without has the zero Abilities.
type Able interface{ Abilities() Abilities }

// Questioner is a Target that can be asked for results, such as a database with a table of decisions.
type Questioner interface {
	Answers(q Question) (ResultSource, error)
}

// Witness is a Target that can tell what of ours it holds: evidence for a journal that was restored from a backup.
type Witness interface {
	// Evidence calls each for what came since a time and bears our mark: a row of the ledger, a file by its
	// name. What has no time of its own is told whenever it came. An error of each ends it and is returned.
	Evidence(ctx context.Context, since time.Time, each func(Trace) error) error
}

// FrontOffice pushes events to whoever sent the forms. Publish is at least once: the receiver drops
// repeats by the event's ID.
type FrontOffice interface {
	// Publish sends the events in order and returns one outcome an event it tried. One of class ItemError is not pushed again, as it
	// cannot be, or as the receiver wants none any more.
	Publish(ctx context.Context, events []Event) ([]Outcome, error)
	Check(ctx context.Context) error
	Close() error
}

// Patient is a FrontOffice with a schedule of its own: the waits before each attempt, the first being
// the first attempt itself. After the last attempt the agent gives the event up for push.
type Patient interface{ Schedule() []time.Duration }

// Clock is the agent's own time. Connectors take it from Env and never call time.Now or time.Sleep.
type Clock interface {
	Now() time.Time
	// After returns a channel that receives once when d has passed on this clock.
	After(d time.Duration) <-chan time.Time
}
