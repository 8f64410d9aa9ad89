package journal_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/numbering"
)

// TestNumbers: a submission keeps its number for good, a purged one's is not given again, and what cannot be free is not given.
func TestNumbers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first, second := r.one("A", "x"), r.one("B", "x")
	give := func(series string, begins time.Time, ids ...journal.ID) (numbers []int64) {
		t.Helper()
		var wants []numbering.Want
		for _, id := range ids {
			wants = append(wants, numbering.Want{ID: id, Series: series, First: 100, Begins: begins})
		}
		given, err := numbering.Of(r.Journal).Give(r.ctx(), wants)
		r.must(err)
		for _, id := range ids {
			numbers = append(numbers, given[id][series])
		}
		return numbers
	}
	is := func(what string, have []int64, want ...int64) {
		t.Helper()
		if !slices.Equal(have, want) {
			t.Errorf("%s: %v instead of %v", what, have, want)
		}
	}
	is("in order", give("case", time.Time{}, first, second), 100, 101)
	is("the same again", give("case", time.Time{}, second, first), 101, 100)
	is("another series", give("case/2026", time.Time{}, second), 100)
	r.reopen()
	third := r.one("C", "x")
	is("past a start", give("case", time.Time{}, first, third), 100, 102)
	r.must(numbering.Of(r.Journal).Set(r.ctx(), "case", 500))
	fourth := r.one("D", "x")
	is("set", give("case", time.Time{}, third, fourth), 102, 501)
	if err := numbering.Of(r.Journal).Set(r.ctx(), "case", 500); !errors.Is(err, journal.ErrState) {
		t.Errorf("a number that is given: %v", err)
	}
	all, err := numbering.Of(r.Journal).All(r.ctx())
	r.must(err)
	known := map[string]int64{}
	for _, s := range all {
		if known[s.Name] = s.Last; !s.Known {
			t.Errorf("%+v", s)
		}
	}
	if !maps.Equal(known, map[string]int64{"case": 501, "case/2026": 100}) {
		t.Errorf("%v", known)
	}
}

// TestNumbersAfterARestore: what a series gave since the backup is not given again, nor guessed.
func TestNumbersAfterARestore(t *testing.T) {
	t.Parallel()
	r, known := lostWorld(t)
	give := func(series string, begins time.Time) int64 {
		t.Helper()
		given, err := numbering.Of(r.Journal).Give(r.ctx(), []numbering.Want{{ID: known[0].ID, Series: series, First: 1, Begins: begins}})
		r.must(err)
		return given[known[0].ID][series]
	}
	now := r.clock.Now()
	if n := give("case", time.Time{}); n != 0 {
		t.Errorf("number %d of a series that may have begun", n)
	}
	if n := give("case/then", now.Add(-24*time.Hour)); n != 0 {
		t.Errorf("number %d of a year that had begun", n)
	}
	if n := give("case/next", now.Add(24*time.Hour)); n != 1 {
		t.Errorf("number %d of a year that begins after the restore", n)
	}
	r.must(numbering.Of(r.Journal).Set(r.ctx(), "case", 41))
	if n := give("case", time.Time{}); n != 42 {
		t.Errorf("number %d once somebody has looked", n)
	}
}
