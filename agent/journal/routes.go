package journal

import (
	"context"
	"encoding/json"
	"errors"
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

// Routes returns all ways in which forms of routes were known at any time, and those of now. A journal of a program that did not keep
// them is asked for what its submissions and tombstones show.
func (j *Journal) Routes(ctx context.Context, now []RouteFact) (all []RouteFact, err error) {
	var failed error
	err = j.Read(ctx, func(l *Look) {
		if kept := Value[string](l, markValue, routesMark); kept == "" {
			all = routesShown(l)
		} else {
			failed = json.Unmarshal([]byte(kept), &all)
		}
	})
	for _, f := range now {
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all, errors.Join(err, failed)
}

// KeepRoutes keeps what Routes returned, from when a configuration is in force.
func (j *Journal) KeepRoutes(ctx context.Context, all []RouteFact) error {
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if kept, err := j.Value(ctx, routesMark); err != nil || kept == string(text) {
		return err
	}
	return j.SetValue(ctx, routesMark, string(text))
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
