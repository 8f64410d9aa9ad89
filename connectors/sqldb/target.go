package sqldb

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/examine"
	"github.com/inbasket/inbasket/connectors/sqldb/results"
	"github.com/inbasket/inbasket/connectors/sqldb/write"
)

// Target is one database that is written to and asked for results.
type Target struct{ *write.Writer }

// Abilities says that records go in, in groups, and how surely once.
func (t *Target) Abilities() connectors.Abilities {
	a := connectors.Abilities{Operations: connectors.RowOperations, Returning: true, Binary: true, MaxItems: t.Cfg.MaxGroup, Parallel: t.Cfg.Parallel, Recorded: t.Cfg.Ledger}
	if t.Sys.Routine != nil {
		a.Operations |= connectors.OperationsOf(connectors.Call)
	}
	if t.Cfg.Ledger {
		a.Guarantee = connectors.Guarantee{Level: "exact", Why: "every delivery's key goes into the ledger " + t.Cfg.LedgerTable +
			" in the same transaction as its rows; it holds for tables with transactions and procedures that do not commit by themselves"}
	} else {
		a.Guarantee = connectors.Guarantee{Level: "parks-when-unclear", Why: "there is no ledger; after an unclear answer rows are " +
			"found again only where every one has a unique key, else the submission parks"}
	}
	return a
}

// Answers returns a source that asks the database by a query again and again.
func (t *Target) Answers(q connectors.Question) (connectors.ResultSource, error) {
	return results.Ask(t.DB, q)
}

// Repeat returns a source that gives what was marked as fetched since a time, as the mapping asks for it.
func (t *Target) Repeat(q connectors.Question, since time.Time) (connectors.ResultSource, error) {
	return results.Repeat(t.DB, q, since)
}

// Examine checks, and compares what mappings write and ask with the database.
func (t *Target) Examine(ctx context.Context, work []connectors.Work) ([]connectors.Finding, error) {
	return examine.Examine(ctx, t.Writer, work)
}

// Describe tells what tables are like.
func (t *Target) Describe(ctx context.Context, pick func(names []string) []string) ([]connectors.Table, error) {
	return examine.Describe(ctx, t.Writer, pick)
}

// planTime bounds each statement of a plan, and how long it waits for what others hold.
const planTime = 3 * time.Second

// Plan shows what a delivery would do, in a transaction that is taken back. It has a session of its own, whose statements end soon.
func (t *Target) Plan(ctx context.Context, d connectors.Delivery, o connectors.PlanOptions) (connectors.Planned, error) {
	c, e := t.Cfg, t.Env
	c.StatementTimeout, e.Look = planTime, true
	ctx, cancel := context.WithTimeout(ctx, 5*planTime)
	defer cancel()
	own, err := open(e, c, &t.Sys.Dialect)
	if err != nil {
		return connectors.Planned{}, err
	}
	defer func() { _ = own.Close() }()
	return own.Writer.Plan(ctx, d, o)
}

// Facts tells what tables take.
func (t *Target) Facts(ctx context.Context, tables []string) (*connectors.Facts, error) {
	return examine.Facts(ctx, t.Writer, tables)
}

func newTarget(e connectors.Env, c dialect.Config, sys *database.System) *Target {
	return &Target{write.New(database.New(e, c, sys))}
}

// Config is a database target's configuration.
type Config = dialect.Config
