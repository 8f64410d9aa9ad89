package delivering

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Stopping is a delivery that stops later ones: it is parked, or lacks a value.
type Stopping struct {
	ID    journal.ID
	Known bool   // its order key was found out before
	Order string // empty: it has none
}

// Stopping returns the deliveries of a target after an ID that stop later ones, in the order of acceptance.
func (j Deliveries) Stopping(ctx context.Context, target string, after journal.ID, limit int) ([]Stopping, error) {
	const sql = "SELECT sub, okey IS NOT NULL, okey FROM delivery /*by delivery_stops*/ WHERE target=? AND sub>? AND (state=13 OR needs IS NOT NULL) ORDER BY sub LIMIT ?"
	return journal.Ask[Stopping](ctx, j.Journal, sql, engine.Word(target), after, journal.Bounded(limit))
}

// KeepOrders keeps the order keys of parked deliveries to a target, so that nobody finds them out again. They go with the delivery: another
// mapping makes another one.
func (j Deliveries) KeepOrders(ctx context.Context, target string, orders map[journal.ID]string) error {
	if len(orders) == 0 {
		return nil
	}
	return j.Do(ctx, "keep order keys", func(t *journal.Tx) error {
		for id, key := range orders {
			t.Exec("UPDATE delivery SET okey=? WHERE target=? AND sub=? AND state<>11", key, t.NameID(target), id)
		}
		return nil
	})
}
