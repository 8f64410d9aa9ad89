package journal

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

const (
	parkedCounted = 10_000  // parked submissions that ParkedBy looks at
	eventsCounted = 100_000 // events that Unacknowledged looks at
)

// ParkedBy counts parked submissions by their code; of more than 10,000 the oldest.
func (j *Journal) ParkedBy(ctx context.Context) (by map[string]int64, err error) {
	by = map[string]int64{}
	err = j.read(ctx, func(c *engine.Conn) error {
		const sql = `SELECT code, count(*) FROM (SELECT code FROM submission /*by submission_parked*/ WHERE state=6 ORDER BY id LIMIT ?) oldest GROUP BY code`
		return engine.Each(c, sql, []any{parkedCounted}, func(r struct {
			Code  string
			Count int64
		}) error {
			by[r.Code] += r.Count
			return nil
		})
	})
	return by, err
}

// Unacknowledged counts the events of an office that none of its cursors has passed, at most 100,000, and
// tells when the oldest of them happened; zero without one. It is for offices that poll.
func (j *Journal) Unacknowledged(ctx context.Context, office string) (n int64, oldest time.Time, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, office)
		if !ok {
			return nil
		}
		passed, err := c.Number("SELECT coalesce(max(seq), 0) FROM cursor WHERE office=?", w)
		if err != nil {
			return err
		}
		if n, err = c.Number("SELECT count(*) FROM (SELECT 1 FROM event WHERE office=? AND seq>? LIMIT ?) some", w, passed, eventsCounted); err != nil || n == 0 {
			return err
		}
		oldest, err = engine.Value[time.Time](c, "SELECT at FROM event WHERE office=? AND seq>? ORDER BY seq LIMIT 1", w, passed)
		return err
	})
	return n, oldest, err
}

// PushWaiting tells when the oldest event that waits to be pushed to an office happened; zero without one.
func (j *Journal) PushWaiting(ctx context.Context, office string) (oldest time.Time, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, office)
		if !ok {
			return nil
		}
		const sql = "SELECT e.at FROM push p JOIN event e ON e.office=p.office AND e.seq=p.seq WHERE p.office=? ORDER BY p.seq LIMIT 1"
		oldest, err = engine.Value[time.Time](c, sql, w)
		return err
	})
	return oldest, err
}
