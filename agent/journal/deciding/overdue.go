package deciding

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// Overdue returns submissions of a route that are delivered but not decided, were accepted before a
// moment, and were not marked yet.
func (j Decisions) Overdue(ctx context.Context, route string, acceptedBefore time.Time, limit int) ([]journal.Entry, error) {
	before := journal.FirstAt(acceptedBefore)
	return journal.Find(ctx, j.Journal, func(l *journal.Look) []journal.Entry {
		const undecided = journal.EntryColumns + "WHERE s.route=? AND s.state=2 AND s.flags&6=0 AND "
		list := journal.All[journal.Entry](l, undecided+"s.id<? ORDER BY s.id LIMIT ?", engine.Word(route), before, journal.Bounded(limit))
		if len(list) >= journal.Bounded(limit) {
			return list
		}
		// IDs that are ahead of the clock: it was set back, and only the time of acceptance tells.
		ahead := max(journal.FirstAt(j.Now().Add(time.Second)), before)
		return append(list, journal.All[journal.Entry](l, undecided+"s.id>? AND s.at<? ORDER BY s.id LIMIT ?", engine.Word(route), ahead, acceptedBefore, journal.Bounded(limit)-len(list))...)
	})
}

// MarkOverdue tells the front offices that no decision came in time, once for each submission.
func (j Decisions) MarkOverdue(ctx context.Context, ids []journal.ID) error {
	return j.Do(ctx, "mark submissions as overdue", func(t *journal.Tx) error {
		rows, err := t.Load(ids...)
		if err != nil {
			return err
		}
		for _, id := range ids {
			s := rows[id]
			if s.State != states.Delivered || s.Flags&(states.FlagOverdue|states.FlagFinal) != 0 {
				continue
			}
			s.Flags, s.Dirty = s.Flags|states.FlagOverdue, true
			t.Event(s.Office, id, states.EventOverdue, false, nil)
			t.Note(id, journal.Moment{What: "overdue"})
		}
		return nil
	})
}
