package accepting

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"slices"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// before looks for an arrival under names that it does not have today: those by earlier versions of its mapping, and those that forms
// of its route had among others. The form that is most surely the same is answered, unless a front office waits for it that is not told
// of that one. What may be the same is for a person to decide: why says so.
func (a *acceptance) before(n int) (why *journal.Reason, answered bool) {
	r := &a.arrivals[n]
	mine := func(office string) bool { return r.Office == "" || r.Office == office }
	var best journal.KnownForm
	var gone *purgedForm // best is that tombstone
	most := another
	holders(a.Look, r, false, func(k journal.KnownForm, b journal.FormerRoute, how alike, named bool) {
		switch office := a.Name(journal.Value[journal.NameID](a.Look, "SELECT office FROM submission WHERE id=?", k.ID)); {
		case how >= today && mine(office) && !b.There:
			if how > most {
				best, most = k, how
			}
		case how == earlier:
			why = knownBefore(k.ID, "by an earlier version of the mapping it is the same form", office)
		case how > another:
			why = knownBefore(k.ID, "it seems to be the same form", office)
		case named && !b.Loose:
			why = knownBefore(k.ID, "it has the same reference, and other content", office)
		}
	})
	for _, g := range a.tombstones[n] {
		switch {
		case !g.apart:
		case g.how >= today && mine(g.office) && !g.there:
			if g.how > most {
				best, most, gone = journal.KnownForm{ID: g.id}, g.how, &g
			}
		default:
			why = knownBefore(g.id, "it may be the same form, of which only a tombstone is left", g.office)
		}
	}
	if why == nil && most == another {
		return nil, false
	}
	if k, known := a.Claimant(r.Scope, r.Reference); known {
		why = nil // then it was parked for that before, or is a conflict today
		if how, _ := recognises(a.Look, r, k, false); how >= most {
			return nil, false
		}
	}
	switch {
	case most == another:
		return why, false
	case gone != nil:
		a.tell(n, gone.id, gone.state, gone.claim == 1, "reference")
	default:
		a.answerKnown(n, best, "reference")
	}
	return nil, true
}

// holders calls each with the submissions that have a name of an arrival, or had it where forms of its route were known before; how is how alike
// both are, and named tells that it is its name of today. Who has that name in its scope of today is left out without now.
func holders(l *journal.Look, r *journal.Arrival, now bool, each func(k journal.KnownForm, b journal.FormerRoute, how alike, named bool)) {
	for place, b := range append([]journal.FormerRoute{{Scope: r.Scope}}, r.Before...) {
		for i, name := range r.Names() {
			if place == 0 && i == 0 && !now {
				continue
			}
			k, found := l.Claimant(b.Scope, name)
			if !found || place > 0 && !l.Is("SELECT count(*) FROM submission WHERE id=? AND route=?", k.ID, engine.Word(b.Route)) || b.There && !wouldTake(l, r, k.ID) {
				continue
			}
			how, _ := recognises(l, r, k, i > 0)
			each(k, b, how, i == 0)
		}
	}
}

// wouldTake tells whether the route of an arrival would take a known form of the same in-basket now, which another one took.
func wouldTake(l *journal.Look, r *journal.Arrival, id journal.ID) bool {
	row, found := l.FormOf(id)
	if !found || r.Takes == nil {
		return false
	}
	form, err := l.Journal.OpenForm(row.Form)
	return err == nil && r.Takes(form, row.Type, row.Transport) && l.Is("SELECT count(*) FROM submission WHERE id=? AND inbasket=?", id, engine.Word(r.Inbasket))
}

// knownBefore says that a form may be one that was known before.
func knownBefore(id journal.ID, what, office string) *journal.Reason {
	whose := "no front office"
	if office != "" {
		whose = "front office " + office
	}
	return &journal.Reason{Code: journal.CodeKnownBefore, Text: "known before as " + id.String() + ", whose result is owed to " + whose + ": " + what,
		Next: "compare both; reject this one, or release it to deliver it as well"}
}

// purgedForm is a tombstone as acceptance needs it.
type purgedForm struct {
	id    journal.ID
	state journal.State
	claim int64
	how   alike

	apart  bool // it has not this name today, or not for sure: see before
	there  bool // the route that took it is still there
	office string
}

// tombstonesOf finds the tombstones that carry the references of arrivals, those that hold a reference first. Where
// nothing was purged it costs nothing.
func tombstonesOf(l *journal.Look, arrivals []journal.Arrival) map[int][]purgedForm {
	key := l.PurgedKey()
	if key == nil {
		return nil
	}
	h := hmac.New(sha256.New, key)
	type named struct {
		n      int
		alias  bool                 // by an earlier version of its mapping
		before *journal.FormerRoute // among forms of which the route's were
	}
	refs := make([][]byte, 0, len(arrivals))
	at := make(map[string][]named, len(arrivals))
	for n := range arrivals {
		r := &arrivals[n]
		add := func(scope, name string, of named) {
			ref := journal.HashOf(h, "reference", scope, name)
			refs, at[string(ref)] = append(refs, ref), append(at[string(ref)], of)
		}
		for i, name := range r.Names() {
			add(r.Scope, name, named{n, i > 0, nil})
			for b := range r.Before {
				add(r.Before[b].Scope, name, named{n, i > 0, &r.Before[b]})
			}
		}
	}
	found := map[int][]purgedForm{}
	journal.EachOf(l, "SELECT ref, id, state, claim, digest, route, office FROM tombstone WHERE ref IN ", nil, refs, func(r struct {
		Ref    []byte
		ID     journal.ID
		State  journal.State
		Claim  int64
		Digest []byte
		Route  string `col:"word"`
		Office string `col:"word"`
	}) {
		for _, a := range at[string(r.Ref)] {
			if a.before != nil && a.before.Route != r.Route {
				continue
			}
			arrival := &arrivals[a.n]
			g := purgedForm{id: r.ID, state: r.State, claim: r.Claim, office: r.Office}
			g.how = byDigest(arrival, func(d connectors.Digest) bool {
				return bytes.Equal(r.Digest, journal.HashOf(h, "digest", string(d[:])))
			})
			if slices.Contains(arrival.Elsewhere, r.Route) {
				g.how = another
			}
			if g.how == another && (a.alias || a.before != nil && a.before.Loose) {
				continue // two forms had one name by different rules
			}
			g.apart, g.there = a.before != nil || a.alias && g.how == earlier, a.before != nil && a.before.There
			found[a.n] = append(found[a.n], g)
		}
	})
	for _, list := range found {
		slices.SortFunc(list, func(a, b purgedForm) int { return cmp.Or(cmp.Compare(b.claim, a.claim), cmp.Compare(a.id, b.id)) })
	}
	return found
}
