package journal

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// RouteFact is one way in which forms of a route are known, or were: among whose forms references are unique, by which mapping, and
// from which in-basket. What a configuration says now does not tell what was known before.
type RouteFact struct {
	Route    string `col:"word"`
	Scope    string `col:"word"`
	Mapping  string
	Inbasket string `col:"word" json:",omitempty"` // empty: front offices post
}

// FormerRoute is where forms of a route were known before, by another front office, or as those of another route.
type FormerRoute struct {
	Scope, Route string
	Loose        bool // another mapping: only the very same form is known
	There        bool // the route is still there, and took forms of an in-basket that this one takes forms of now
}

// Posted is the in-basket of forms that front offices post.
const Posted = "http"

// routesMark is under which the facts lie.
const routesMark = "routes"

// KeepRoutes keeps how forms of the routes are known from now on, and returns all that there ever was. A journal of a program
// that did not keep them is asked once for what its submissions and tombstones show.
func (j *Journal) KeepRoutes(ctx context.Context, now []RouteFact) (all []RouteFact, err error) {
	err = j.Do(ctx, "keep the routes", func(t *Tx) error {
		all = nil
		kept := Value[string](t.Look, markValue, routesMark)
		if kept == "" {
			all = routesShown(t.Look)
		} else if err := json.Unmarshal([]byte(kept), &all); err != nil {
			return err
		}
		for _, f := range now {
			if !slices.Contains(all, f) {
				all = append(all, f)
			}
		}
		text, err := json.Marshal(all)
		if err == nil && string(text) != kept {
			t.Exec(setMark, routesMark, string(text))
		}
		return err
	})
	return all, err
}

// routesShown are the facts that submissions and tombstones show.
func routesShown(l *Look) (facts []RouteFact) {
	const live = "SELECT DISTINCT s.route, s.scope, coalesce(p.name, '') AS mapping, s.inbasket FROM submission s LEFT JOIN plan p ON p.id=s.plan"
	const gone = "SELECT DISTINCT route, office AS scope, '' AS mapping, ? AS inbasket FROM tombstone"
	for _, f := range append(All[RouteFact](l, live), All[RouteFact](l, gone, engine.Word(Posted))...) {
		switch {
		case f.Route == "": // never read
			continue
		case f.Scope == "": // a tombstone's
			f.Scope = "route:" + f.Route
		}
		if f.Inbasket == Posted {
			f.Inbasket = ""
		}
		if !slices.Contains(facts, f) {
			facts = append(facts, f)
		}
	}
	return facts
}
