package delivering

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Parked is a parked delivery as far as it stops later ones.
type Parked struct {
	ID    journal.ID
	Known bool   // its order key was found out before
	Order string // empty: it has none
}

// Parked returns the parked deliveries of a target after an ID, in the order of acceptance.
func (j Deliveries) Parked(ctx context.Context, target string, after journal.ID, limit int) ([]Parked, error) {
	return journal.Ask[Parked](ctx, j.Journal, "SELECT sub, okey IS NOT NULL, okey FROM delivery WHERE target=? AND sub>? AND state=13 ORDER BY sub LIMIT ?",
		engine.Word(target), after, journal.Bounded(limit))
}

// KeepOrders keeps the order keys of parked deliveries to a target, so that nobody finds them out again. They go with the delivery: another
// mapping makes another one.
func (j Deliveries) KeepOrders(ctx context.Context, target string, orders map[journal.ID]string) error {
	if len(orders) == 0 {
		return nil
	}
	return j.Do(ctx, "keep order keys", func(t *journal.Tx) error {
		for id, key := range orders {
			keepOrder(t, id, t.NameID(target), key)
		}
		return nil
	})
}

func keepOrder(t *journal.Tx, id journal.ID, target journal.NameID, key string) {
	t.Exec("UPDATE delivery SET okey=? WHERE target=? AND sub=? AND state<>11", key, target, id)
}
