package reading

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Summary counts from tallies that every commit keeps, so it costs the same for a million submissions.
func (j Submissions) Summary(ctx context.Context) (journal.Summary, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) journal.Summary {
		s := journal.Summary{States: map[journal.State]int64{}}
		s.Epoch = l.Number(journal.Epoch)
		s.Orphans = l.Number("SELECT n FROM tally WHERE kind=?", journal.TallyOrphans)
		s.Purged = l.Number("SELECT n FROM tally WHERE kind=?", journal.TallyPurged)
		s.ParkedResults = l.Number("SELECT count(*) FROM result WHERE park IS NOT NULL")
		if heldLate(l) {
			s.ParkedLate = l.Number("SELECT count(*) FROM submission WHERE state IN (2, 3, 4) AND id IN (" + heldDeliveries(l) + ")")
		}
		sumRoutes(l, &s)
		sumTargets(l, &s)
		return s
	})
}

func sumRoutes(l *journal.Look, s *journal.Summary) {
	routes := map[journal.NameID]*journal.RouteSummary{}
	journal.Each(l, "SELECT a, a, b, n FROM tally WHERE kind=1 AND n<>0", nil, func(t struct {
		ID    journal.NameID
		Route string `col:"word"`
		State journal.State
		Count int64
	}) {
		s.States[t.State] += t.Count
		if routes[t.ID] == nil {
			routes[t.ID] = &journal.RouteSummary{Route: t.Route, States: map[journal.State]int64{}}
		}
		routes[t.ID].States[t.State] += t.Count
	})
	for w, r := range routes {
		r.Oldest = oldest(l, w, r.States)
		s.Routes = append(s.Routes, *r)
	}
	slices.SortFunc(s.Routes, func(a, b journal.RouteSummary) int { return cmp.Compare(a.Route, b.Route) })
}

const oldestOpen = "SELECT s.at FROM delivery d /*by delivery_open*/ CROSS JOIN submission s ON s.id=d.sub WHERE d.target=? AND d.state<10 "

// oldest finds the route's oldest submission that is not delivered, through the small indexes over what
// is open or parked.
func oldest(l *journal.Look, route journal.NameID, count map[journal.State]int64) (oldest time.Time) {
	take := func(sql string, args ...any) {
		if at, found := journal.One[time.Time](l, sql, args...); found && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	}
	if count[journal.Parked] > 0 {
		take("SELECT at FROM submission WHERE state=6 AND route=? ORDER BY id LIMIT 1", route)
	}
	if count[journal.Accepted] > 0 {
		for _, target := range journal.All[journal.NameID](l, "SELECT DISTINCT a FROM tally WHERE kind=2 AND b<10 AND n>0") {
			take(oldestOpen+"AND s.route=? ORDER BY d.sub LIMIT 1", target, route)
		}
	}
	return oldest
}

func sumTargets(l *journal.Look, s *journal.Summary) {
	targets := map[string]*journal.TargetSummary{}
	get := func(name string) *journal.TargetSummary {
		if targets[name] == nil {
			targets[name] = &journal.TargetSummary{Target: name}
		}
		return targets[name]
	}
	journal.Each(l, "SELECT a, b, n FROM tally WHERE kind=2", nil, func(r struct {
		Target string `col:"word"`
		State  states.Progress
		Count  int64
	}) {
		t := get(r.Target)
		switch {
		case r.State.Open():
			t.Open += r.Count
		case r.State == states.Held:
			t.Parked += r.Count
		}
	})
	journal.Each(l, "SELECT target FROM pause", nil, func(name string) { get(name).Paused = true })
	for name, t := range targets {
		t.LastSeq = l.LastSeq(name)
		if t.Open > 0 {
			t.Oldest = journal.Value[time.Time](l, oldestOpen+"ORDER BY d.sub LIMIT 1", engine.Word(name))
		}
		s.Targets = append(s.Targets, *t)
	}
	slices.SortFunc(s.Targets, func(a, b journal.TargetSummary) int { return cmp.Compare(a.Target, b.Target) })
}

const parkedCounted = 10_000 // parked submissions that ParkedBy looks at

// ParkedBy counts parked submissions by their code; of more than 10,000 the oldest.
func (j Submissions) ParkedBy(ctx context.Context) (map[string]int64, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) map[string]int64 {
		by := map[string]int64{}
		const sql = `SELECT code, count(*) FROM (SELECT code FROM submission /*by submission_parked*/ WHERE state=6 ORDER BY id LIMIT ?) oldest GROUP BY code`
		journal.Each(l, sql, []any{parkedCounted}, func(r struct {
			Code  string
			Count int64
		}) {
			by[r.Code] += r.Count
		})
		return by
	})
}

// Posted counts the forms that an office has posted since, and the bytes of them and their attachments, as far as they are kept.
func (j Submissions) Posted(ctx context.Context, office string, since time.Time) (forms, bytes int64, err error) {
	var large []connectors.Digest
	err = j.Read(ctx, func(l *journal.Look) {
		const sql = "SELECT coalesce(nullif(%s, 0), length(f.body), 0), f.digest, s.files FROM submission s JOIN form f ON f.id=s.id WHERE s.id>=? AND s.office=? AND s.inbasket=?"
		journal.Each(l, fmt.Sprintf(sql, l.FormSize()), []any{journal.FirstAt(since), engine.Word(office), engine.Word("http")}, func(r struct {
			Size   int64
			Digest connectors.Digest
			Files  []journal.File `col:"json"`
		}) {
			forms++
			bytes += r.Size
			if r.Digest != (connectors.Digest{}) {
				large = append(large, r.Digest)
			}
			for _, f := range r.Files {
				bytes += f.Size
			}
		})
	})
	for _, d := range large {
		n, e := j.ContentStore().Size(d)
		err = errors.Join(err, e)
		bytes += n
	}
	return forms, bytes, err
}

// OpenOf counts the submissions of routes that are accepted or parked: neither delivered nor at their end.
func (j Submissions) OpenOf(ctx context.Context, routes []string) (int64, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) (n int64) {
		for _, route := range routes {
			n += l.Number("SELECT coalesce(sum(n), 0) FROM tally WHERE kind=? AND a=? AND b IN (?, ?)", journal.TallyState, engine.Word(route), states.Accepted, states.Parked)
		}
		return n
	})
}
