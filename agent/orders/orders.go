// Package orders is what people may have a running agent do. Its table is the one place that says it: the name of each order, what
// it is asked and answers, what is put on record, and who carries it out. The control API serves the table, and the command line
// gives its orders by it.
package orders

import (
	"context"
	"net/http"
	"strconv"
	"sync"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// Order is one order. Whoever may open the control socket may give it; who that is, the operating system says.
type Order[Request, Answer any] struct {
	Name string
	// Record is what is put on record before the order is carried out, and false where this request only looks. Nil: the order
	// changes nothing and shows nothing that a citizen wrote.
	Record func(Request) (audit.Record, bool)
	// WhenReleased orders are refused while a restored agent is held.
	WhenReleased bool
	Do           func(*Desk, context.Context, Request) (Answer, error)

	handle func(name string, do func(context.Context, Request) (Answer, error)) control.Handler // nil: JSON both ways
}

// Ask gives the order to the running agent.
func (o Order[Request, Answer]) Ask(ctx context.Context, c *control.Client, r Request) (Answer, error) {
	return control.Ask[Answer](ctx, c, o.Name, r)
}

// Give carries the order out: it is on record first, and one that fails is put on record again, with the code of the failure.
func (o Order[Request, Answer]) Give(ctx context.Context, d *Desk, r Request) (a Answer, err error) {
	carryOut := func() error {
		if o.WhenReleased && d.Journal.Held() {
			return &control.Error{Code: control.CodeHeld, Message: "the agent was restored from a backup and is held",
				Hint: "look at what it found by inbasket restored, then inbasket restored release", Status: http.StatusConflict}
		}
		a, err = o.Do(d, ctx, r)
		return err
	}
	if o.Record != nil {
		if entry, changes := o.Record(r); changes {
			entry.Via = audit.ViaControl
			return a, onRecord(ctx, d.Trail, entry, carryOut)
		}
	}
	return a, carryOut()
}

// onRecord puts an order on record and carries it out.
func onRecord(ctx context.Context, t *audit.Trail, r audit.Record, do func() error) error {
	e, err := t.Add(ctx, r)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		r.Action, r.Details = r.Action+audit.FailedSuffix, map[string]string{"entry": strconv.FormatInt(e.N, 10), "code": control.ErrorOf(err).Code}
		t.Tell(ctx, r)
		return err
	}
	return nil
}

// entry is an order in the table, whatever it is asked.
type entry interface {
	name() string
	handler(d *Desk) control.Handler
	line() line
}

func (o Order[Request, Answer]) name() string { return o.Name }

func (o Order[Request, Answer]) handler(d *Desk) control.Handler {
	do := func(ctx context.Context, r Request) (Answer, error) { return o.Give(ctx, d, r) }
	if o.handle != nil {
		return o.handle(o.Name, do)
	}
	return control.Handle(o.Name, do)
}

// Desk is where orders are carried out.
type Desk struct {
	Journal  *journal.Journal
	Content  *content.Store
	Clock    connectors.Clock
	Log      zerolog.Logger
	Trail    *audit.Trail
	Health   *health.Service
	Version  string
	State    string
	Running  func() Running // what the configuration in force has at work
	Agent    Agent
	Upkeep   Upkeep
	Recovery Recovery

	deciding loop.Turn
	backups  sync.Mutex // one at a time
}

// Handlers are those of all orders.
func (d *Desk) Handlers() []control.Handler {
	var list []control.Handler
	for _, o := range table() {
		list = append(list, o.handler(d))
	}
	return list
}

// Running is what one configuration has at work, as orders see it.
type Running interface {
	Configuration() *config.Config
	// Lanes are those of all targets.
	Lanes() *lane.Lanes
	// Plan returns the mapping that a submission's route has now; it is an error where there is no such route, and where the mapping
	// asks more of what is delivered already.
	Plan(ctx context.Context, v journal.View) (*mapping.Plan, error)
	// Assign gives a submission that was never read to the route that takes it now. It does nothing with one that was read.
	Assign(ctx context.Context, v journal.View, by string) (unread bool, err error)
	// Confirmed makes the changes that end deliveries, as their target would have ended them.
	Confirmed(ctx context.Context, r control.ConfirmRequest, ids []journal.ID) ([]journal.Change, error)
}

// Agent is what orders have others do.
type Agent interface {
	Reload(ctx context.Context, r control.ReloadRequest) (control.ReloadReport, error)
	Examine(ctx context.Context, r control.ExamineRequest) (control.Examination, error)
	Internals(ctx context.Context) (control.Internals, error)
}

// Upkeep lets go of what is kept.
type Upkeep interface {
	Purge(ctx context.Context, r control.PurgeRequest) (control.PurgeReport, error)
	CompactJournal(ctx context.Context) (checking.Compaction, error)
}

// Recovery brings an agent back that was restored from a backup.
type Recovery interface {
	Restored(ctx context.Context, r control.RestoredRequest) (control.Restored, error)
	EndHold(ctx context.Context, r control.EndHoldRequest) (control.Restored, error)
}
