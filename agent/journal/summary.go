package journal

import (
	"context"
	"sort"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// Summary counts from tallies that every commit keeps, so it costs the same for a million submissions.
func (j *Journal) Summary(ctx context.Context) (s Summary, err error) {
	s.States = map[State]int64{}
	err = j.read(ctx, func(c *engine.Conn) error {
		if s.Epoch, err = c.Number("SELECT value FROM meta WHERE key='epoch'"); err != nil {
			return err
		}
		if s.Orphans, err = c.Number("SELECT n FROM tally WHERE kind=3"); err != nil {
			return err
		}
		if s.Purged, err = c.Number("SELECT n FROM tally WHERE kind=?", tallyPurged); err != nil {
			return err
		}
		if err := j.sumRoutes(c, &s); err != nil {
			return err
		}
		if s.ParkedResults, err = c.Number("SELECT count(*) FROM result WHERE park IS NOT NULL"); err != nil {
			return err
		}
		return j.sumTargets(c, &s)
	})
	return s, err
}

func (j *Journal) sumRoutes(c *engine.Conn, s *Summary) error {
	routes := map[nameID]*RouteSummary{}
	err := engine.Each(c, "SELECT a, b, n FROM tally WHERE kind=1 AND n<>0", nil, func(t struct {
		Route nameID
		State states.State
		Count int64
	}) error {
		s.States[State(t.State.String())] += t.Count
		if routes[t.Route] == nil {
			routes[t.Route] = &RouteSummary{Route: j.name(c, t.Route), States: map[State]int64{}}
		}
		routes[t.Route].States[State(t.State.String())] += t.Count
		return nil
	})
	if err != nil {
		return err
	}
	for w, r := range routes {
		if r.States[Accepted]+r.States[Parked] > 0 {
			if err := j.oldest(c, w, r); err != nil {
				return err
			}
		}
		s.Routes = append(s.Routes, *r)
	}
	sort.Slice(s.Routes, func(a, b int) bool { return s.Routes[a].Route < s.Routes[b].Route })
	return nil
}

// oldest finds the route's oldest submission that is not delivered, through the small indexes over what
// is open or parked.
func (j *Journal) oldest(c *engine.Conn, route nameID, r *RouteSummary) error {
	take := func(sql string, args ...any) error {
		at, found, err := engine.One[time.Time](c, sql, args...)
		if found && (r.Oldest.IsZero() || at.Before(r.Oldest)) {
			r.Oldest = at
		}
		return err
	}
	if r.States[Parked] > 0 {
		if err := take("SELECT at FROM submission WHERE state=6 AND route=? ORDER BY id LIMIT 1", route); err != nil {
			return err
		}
	}
	if r.States[Accepted] == 0 {
		return nil
	}
	targets, err := engine.All[nameID](c, "SELECT DISTINCT a FROM tally WHERE kind=2 AND b<10 AND n>0")
	for _, target := range targets {
		if err != nil {
			break
		}
		const sql = `SELECT s.at FROM delivery d /*by delivery_open*/ CROSS JOIN submission s ON s.id=d.sub WHERE d.target=? AND d.state<10 AND s.route=?
			ORDER BY d.sub LIMIT 1`
		err = take(sql, target, route)
	}
	return err
}

func (j *Journal) sumTargets(c *engine.Conn, s *Summary) error {
	targets := map[string]*TargetSummary{}
	ids := map[string]nameID{}
	get := func(name string) *TargetSummary {
		if targets[name] == nil {
			targets[name] = &TargetSummary{Target: name}
		}
		return targets[name]
	}
	err := engine.Each(c, "SELECT a, b, n FROM tally WHERE kind=2", nil, func(r struct {
		Target nameID
		State  states.Progress
		Count  int64
	}) error {
		name := j.name(c, r.Target)
		ids[name] = r.Target
		t := get(name)
		switch {
		case r.State.Open():
			t.Open += r.Count
		case r.State == states.Held:
			t.Parked += r.Count
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = engine.Each(c, "SELECT target FROM pause", nil, func(name string) error { get(name).Paused = true; return nil })
	if err != nil {
		return err
	}
	for name, t := range targets {
		w := ids[name]
		if t.LastSeq, err = c.Number(lastSeq, w, name); err != nil {
			return err
		}
		if t.Open > 0 {
			const sql = "SELECT s.at FROM delivery d /*by delivery_open*/ CROSS JOIN submission s ON s.id=d.sub WHERE d.target=? AND d.state<10 ORDER BY d.sub LIMIT 1"
			if t.Oldest, err = engine.Value[time.Time](c, sql, w); err != nil {
				return err
			}
		}
		s.Targets = append(s.Targets, *t)
	}
	sort.Slice(s.Targets, func(a, b int) bool { return s.Targets[a].Target < s.Targets[b].Target })
	return nil
}
