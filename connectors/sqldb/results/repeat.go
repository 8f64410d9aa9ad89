package results

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Repeat makes a source that gives what was marked as fetched since a time, as the mapping asks for it.
func Repeat(t *database.DB, q connectors.Question, since time.Time) (connectors.ResultSource, error) {
	m, err := ParseMark(q.Again, t.Sys.Bind)
	if err == nil && (len(m.Names) == 0 || strings.TrimSpace(q.Again) == "") {
		err = errors.New("it has no place :since")
	}
	for _, name := range m.Names {
		if err == nil && !strings.EqualFold(name, "since") {
			err = errors.New("it has a place :" + name)
		}
	}
	var at any
	if err == nil {
		at = earliestClock(since.In(t.Sys.Zone), t.Sys.Offsets)
	}
	if err != nil {
		return nil, connectors.Errorf(connectors.TargetError, dialect.CodeQuery, "ask for results again", "mend answer.again in the mapping: its one place is :since", "%w", err)
	}
	args := make([]any, len(m.Names))
	for i := range args {
		args[i] = at
	}
	q.Query = m.SQL
	return &repeated{newAnswers(t, q, Mark{}, args)}, nil
}

// earliestClock is the earliest that clocks show from t on: where they are put back soon after, that is less than
// they show at t, and what is written in the hour that comes again must not be missed. PostgreSQL takes the offset
// for a column with a zone, which it would guess otherwise, and ignores it for one without.
func earliestClock(t time.Time, offset bool) string {
	const layout = "2006-01-02 15:04:05"
	text := t.Format(layout)
	for at := t.Truncate(15 * time.Minute); at.Before(t.Add(3 * time.Hour)); {
		at = at.Add(15 * time.Minute)
		text = min(text, at.Format(layout))
	}
	if offset {
		text += t.Format("-07:00")
	}
	return text
}

// repeated is the source over one query that is asked until it gives nothing new.
type repeated struct{ *Answers }

// Next returns rows that it has not returned yet, and io.EOF after the last.
func (r *repeated) Next(ctx context.Context, max int) ([]connectors.Result, error) {
	results, err := r.Poll(ctx, max)
	if err == nil && len(results) == 0 {
		return nil, io.EOF
	}
	return results, err
}
