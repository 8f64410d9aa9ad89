package journal

import (
	"context"
	"database/sql/driver"
	"sort"
)

// Summary counts from tallies that every commit keeps, so it costs the same for a million submissions.
func (j *Journal) Summary(ctx context.Context) (s Summary, err error) {
	s.States = map[State]int64{}
	err = j.read(ctx, func(c *conn) error {
		if s.Epoch, err = c.number("SELECT value FROM meta WHERE key='epoch'"); err != nil {
			return err
		}
		if s.Orphans, err = c.number("SELECT n FROM tally WHERE kind=3"); err != nil {
			return err
		}
		if s.Purged, err = c.number("SELECT n FROM tally WHERE kind=?", tallyPurged); err != nil {
			return err
		}
		if err := j.sumRoutes(c, &s); err != nil {
			return err
		}
		if s.ParkedResults, err = c.number("SELECT count(*) FROM result WHERE park IS NOT NULL"); err != nil {
			return err
		}
		return j.sumTargets(c, &s)
	})
	return s, err
}

func (j *Journal) sumRoutes(c *conn, s *Summary) error {
	routes := map[word]*RouteSummary{}
	err := c.query("SELECT a, b, n FROM tally WHERE kind=1 AND n<>0", nil, func(row []driver.Value) error {
		w, state, n := word(integer(row[0])), stateCode(integer(row[1])).word(), integer(row[2])
		s.States[state] += n
		if routes[w] == nil {
			routes[w] = &RouteSummary{Route: j.name(c, row[0]), States: map[State]int64{}}
		}
		routes[w].States[state] += n
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
func (j *Journal) oldest(c *conn, route word, r *RouteSummary) error {
	take := func(row []driver.Value) error {
		if at := instant(row[0]); r.Oldest.IsZero() || at.Before(r.Oldest) {
			r.Oldest = at
		}
		return nil
	}
	if r.States[Parked] > 0 {
		if _, err := c.one("SELECT at FROM submission WHERE state=6 AND route=? ORDER BY id LIMIT 1", []any{route}, take); err != nil {
			return err
		}
	}
	if r.States[Accepted] == 0 {
		return nil
	}
	var targets []int64
	err := c.query("SELECT DISTINCT a FROM tally WHERE kind=2 AND b<10 AND n>0", nil, func(row []driver.Value) error {
		targets = append(targets, integer(row[0]))
		return nil
	})
	for _, target := range targets {
		if err != nil {
			break
		}
		const sql = `SELECT s.at FROM delivery d INDEXED BY delivery_open CROSS JOIN submission s ON s.id=d.sub WHERE d.target=? AND d.state<10 AND s.route=?
			ORDER BY d.sub LIMIT 1`
		_, err = c.one(sql, []any{target, route}, take)
	}
	return err
}

func (j *Journal) sumTargets(c *conn, s *Summary) error {
	targets := map[string]*TargetSummary{}
	words := map[string]int64{}
	get := func(name string) *TargetSummary {
		if targets[name] == nil {
			targets[name] = &TargetSummary{Target: name}
		}
		return targets[name]
	}
	err := c.query("SELECT a, b, n FROM tally WHERE kind=2", nil, func(row []driver.Value) error {
		name := j.name(c, row[0])
		words[name] = integer(row[0])
		t := get(name)
		switch p := progressCode(integer(row[1])); {
		case p.open():
			t.Open += integer(row[2])
		case p == pHeld:
			t.Parked += integer(row[2])
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = c.query("SELECT target FROM pause", nil, func(row []driver.Value) error {
		get(text(row[0])).Paused = true
		return nil
	})
	if err != nil {
		return err
	}
	for name, t := range targets {
		w := words[name]
		if t.LastSeq, err = c.number(lastSeq, w, name); err != nil {
			return err
		}
		if t.Open > 0 {
			const sql = "SELECT s.at FROM delivery d INDEXED BY delivery_open CROSS JOIN submission s ON s.id=d.sub WHERE d.target=? AND d.state<10 ORDER BY d.sub LIMIT 1"
			if _, err := c.one(sql, []any{w}, func(row []driver.Value) error { t.Oldest = instant(row[0]); return nil }); err != nil {
				return err
			}
		}
		s.Targets = append(s.Targets, *t)
	}
	sort.Slice(s.Targets, func(a, b int) bool { return s.Targets[a].Target < s.Targets[b].Target })
	return nil
}
