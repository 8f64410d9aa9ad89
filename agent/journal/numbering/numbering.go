// Package numbering gives submissions the numbers of the agent's own sequences: each number once, to a submission the same one for good.
package numbering

import (
	"context"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

// Numbers is a journal that is asked for it.
type Numbers struct{ *journal.Journal }

// Of returns that of a journal.
func Of(j *journal.Journal) Numbers { return Numbers{j} }

// Want is the number of a series that a submission is to have.
type Want struct {
	ID     journal.ID
	Series string
	First  int64     // the number that the series begins with
	Begins time.Time // before which nobody had a number of it; zero: nobody knows
}

// Given are numbers by submission and series.
type Given map[journal.ID]map[string]int64

func (g Given) put(id journal.ID, series string, n int64) {
	if g[id] == nil {
		g[id] = map[string]int64{}
	}
	g[id][series] = n
}

// Give returns the numbers of submissions, and gives one to each that has none, in the order of the list. Those are left out whose series
// went on after the backup that the journal was restored from: what it gave since nobody knows until Set says it.
func (j Numbers) Give(ctx context.Context, wants []Want) (given Given, err error) {
	given, missing := Given{}, 0
	err = j.Read(ctx, func(l *journal.Look) { missing = look(l, wants, given) })
	if err != nil || missing == 0 {
		return given, err
	}
	err = j.Do(ctx, "give numbers", func(t *journal.Tx) error {
		given = Given{}
		look(t.Look, wants, given)
		for _, w := range wants {
			if given[w.ID][w.Series] != 0 {
				continue
			}
			if n := next(t, w); n != 0 {
				given.put(w.ID, w.Series, n)
				t.Insert("number(sub, series, n)", []any{w.ID, w.Series, n})
				t.Note(w.ID, journal.Moment{What: "number", Text: fmt.Sprintf("%s %d", w.Series, n)})
			}
		}
		return t.Err
	})
	return given, err
}

// Known returns the numbers that submissions have, and gives none.
func (j Numbers) Known(ctx context.Context, wants []Want) (given Given, err error) {
	given = Given{}
	if len(wants) == 0 || !j.Has(journal.NumberVersion) {
		return given, nil
	}
	return given, j.Read(ctx, func(l *journal.Look) { look(l, wants, given) })
}

// look finds the numbers that there are, and counts those that are missing.
func look(l *journal.Look, wants []Want, given Given) (missing int) {
	for _, w := range wants {
		n, found := journal.One[int64](l, "SELECT n FROM number WHERE sub=? AND series=?", w.ID, w.Series)
		if !found {
			missing++
			continue
		}
		given.put(w.ID, w.Series, n)
	}
	return missing
}

// next takes the next number of a series; 0: it is not known which are free.
func next(t *journal.Tx, w Want) int64 {
	epoch := t.Number(journal.Epoch)
	s, found := journal.One[struct{ Last, Epoch int64 }](t.Look, "SELECT last, epoch FROM series WHERE name=?", w.Series)
	if s.Epoch != epoch {
		restored, ever := journal.One[time.Time](t.Look, "SELECT restored FROM hold")
		if ever && (w.Begins.IsZero() || !w.Begins.After(restored)) {
			return 0
		}
	}
	n := s.Last + 1
	if !found {
		n = w.First
	}
	t.Exec("INSERT INTO series(name, last, epoch) VALUES(?, ?, ?) ON CONFLICT(name) DO UPDATE SET last=excluded.last, epoch=excluded.epoch", w.Series, n, epoch)
	return n
}

// Series is how far a sequence has come.
type Series struct {
	Name  string `json:"name"`
	Last  int64  `json:"last"`
	Known bool   `json:"known"` // false: the journal was restored, and numbers after this one may have been given since the backup
}

// All lists the series that ever gave a number, by name.
func (j Numbers) All(ctx context.Context) ([]Series, error) {
	if !j.Has(journal.NumberVersion) {
		return nil, nil
	}
	return journal.Ask[Series](ctx, j.Journal, "SELECT name, last, epoch=("+journal.Epoch+") FROM series ORDER BY name")
}

// Set has a series go on after a number, which may be higher than the last one, and says that no higher one was given.
func (j Numbers) Set(ctx context.Context, name string, last int64) (err error) {
	return j.Do(ctx, "set a sequence", func(t *journal.Tx) error {
		if have := t.Number("SELECT last FROM series WHERE name=?", name); last < have {
			return fmt.Errorf("%w: %s has given number %d already", journal.ErrState, name, have)
		}
		t.Exec("INSERT INTO series(name, last, epoch) VALUES(?, ?, ("+journal.Epoch+")) ON CONFLICT(name) DO UPDATE SET last=excluded.last, epoch=excluded.epoch", name, last)
		return t.Err
	})
}
