package doctor

import (
	"context"
	"path/filepath"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Misfit is one thing that does not fit between a target and the mapping or the configuration that it points into.
type Misfit struct {
	diag.Problem
	Warning bool   // it may be wrong; else it surely is
	Raw     string // the system's own words, for whoever looks on this machine; never sent anywhere
}

// Compare checks a target and compares it with what the mappings of all routes do with it. Nothing stays changed
// there. The error is that of a target that cannot be written to now; what was found comes with it.
func Compare(ctx context.Context, cfg *config.Config, t config.Target, target *guard.Target, plans map[string]*mapping.Plan) ([]Misfit, error) {
	type user struct {
		plan *mapping.Plan
		dir  string
	}
	var users []user
	var work []connectors.Work
	seen := map[*mapping.Plan]bool{}
	for _, r := range cfg.Routes {
		plan := plans[r.Name]
		if plan == nil || seen[plan] {
			continue
		}
		seen[plan] = true
		if w, some := plan.Work(t.Name); some {
			users, work = append(users, user{plan, filepath.Dir(r.Mapping)}), append(work, w)
		}
	}
	found, err := target.Examine(ctx, work)
	var misfits []Misfit
	for _, f := range found {
		cure := f.Cure
		if s := diag.Suggest(f.Word, f.Known); f.Word != "" && s != "" {
			cure = `did you mean "` + s + `"? Else ` + cure
		}
		m := Misfit{Warning: f.Warning, Raw: f.Raw}
		if f.Work < 0 || f.Work >= len(users) {
			m.Problem = cfg.Problem(f.Code, f.Message, cure, append([]any{"targets", t.Name, t.Definition.Type}, f.Path...)...)
		} else {
			u := users[f.Work]
			m.Problem = u.plan.Problem(f.Path, f.Offset, f.Code, f.Message, cure)
			m.File = filepath.Join(u.dir, filepath.FromSlash(m.File))
		}
		misfits = append(misfits, m)
	}
	return misfits, err
}
