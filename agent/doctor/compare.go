package doctor

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
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
			m.Problem = load.Problem(u.plan, f.Path, f.Offset, f.Code, f.Message, cure)
			m.File = filepath.Join(u.dir, filepath.FromSlash(m.File))
		}
		misfits = append(misfits, m)
	}
	slices.SortStableFunc(misfits, func(a, b Misfit) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return misfits, err
}

// Sources looks at the folders that forms and answer files are taken from: whether files there can be read, and
// renamed into the folders for what is done. What it puts there to try has a hidden name and is gone afterwards.
func Sources(p *Patient, cfg *config.Config) []Misfit {
	x := &exam{Patient: p, cfg: cfg, now: p.Clock.Now(), account: p.System.Account()}
	var misfits []Misfit
	x.surroundings(func(role connectors.Role, name string, s connectors.Surroundings) {
		if role != connectors.RoleInbasket && role != connectors.RoleResults {
			return
		}
		n := &notes{}
		for _, f := range s.Folders {
			x.wholeFolder(owned{f, name}, n)
		}
		for _, f := range n.findings() {
			if f.Level != control.LevelOK {
				misfits = append(misfits, Misfit{Warning: f.Level == control.LevelWarn, Problem: cfg.Problem(f.Code, f.Subject+": "+f.Text, f.Cure, string(role), name)})
			}
		}
	})
	x.reachSources(context.Background(), func(role connectors.Role, name string, err error) {
		if err == nil {
			return
		}
		n := &notes{}
		x.broken(name, err, n)
		for _, f := range n.findings() {
			misfits = append(misfits, Misfit{Raw: err.Error(), Problem: cfg.Problem(f.Code, f.Subject+": "+f.Text, f.Cure, string(role), name)})
		}
	})
	return misfits
}
