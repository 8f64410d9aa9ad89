package catalog

import (
	"reflect"
	"slices"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
)

// sharedResults finds mappings that ask a target for the same rows of results. Each has a source of its own: whichever
// asks first takes a decision, which may be about a form of the other.
func sharedResults(cfg *config.Config, plans map[string]*mapping.Plan) (wrong, doubtful diag.Problems) {
	var before []config.Route
	for _, r := range cfg.Routes {
		plan := plans[r.Name]
		if plan == nil || slices.ContainsFunc(before, func(o config.Route) bool { return plans[o.Name] == plan }) {
			continue
		}
		for _, o := range before {
			code, message, cure, warning := shares(cfg, plan, plans[o.Name])
			if code == "" {
				continue
			}
			p := load.Problem(plan, []any{"answer", "query"}, 0, code, message+" (the mapping of route "+o.Name+")", cure)
			if found := problemsOf(cfg, r, diag.Problems{p}); warning {
				doubtful = append(doubtful, found...)
			} else {
				wrong = append(wrong, found...)
			}
		}
		before = append(before, r)
	}
	return wrong, doubtful
}

// shares says what is wrong with asking by two mappings; no code: nothing.
func shares(cfg *config.Config, plan, other *mapping.Plan) (code, message, cure string, warning bool) {
	from, q, asks := plan.Question()
	there, first, too := other.Question()
	if !asks || !too || from != there && !oneSystem(cfg, from, there) {
		return "", "", "", false
	}
	named, shared := from == there && plan.Name() == other.Name(), answers.Shares(q, first)
	switch {
	case named && reflect.DeepEqual(q, first): // they share one source
	case named:
		return CodeSameName, "another mapping of this name asks target " + from + " something else, and only one of both is asked", "give this mapping a name of its own", false
	case shared == answers.SharesAll:
		return CodeSameRows, "mapping " + other.Name() + " asks target " + from + " for the same rows: whichever is quicker takes a decision that may be the other's, and it waits for a person",
			"tell the rows apart by the where of both, such as KIND = 'A' and KIND = 'B', or have both routes use one mapping", false
	case shared == answers.MayShare:
		return CodeSameRows, "mapping " + other.Name() + " asks target " + from + " for rows of the same table: one that both queries give is taken by whichever is quicker, and may be the other's",
			"tell the rows apart by the where of both, such as KIND = 'A' and KIND = 'B'", true
	}
	return "", "", "", false
}

// oneSystem tells whether two targets point to the same system.
func oneSystem(cfg *config.Config, names ...string) bool {
	var points []string
	for _, t := range cfg.Targets {
		if slices.Contains(names, t.Name) {
			points = append(points, t.Fingerprint)
		}
	}
	return len(points) == 2 && points[0] != "" && points[0] == points[1]
}
