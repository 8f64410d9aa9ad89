package accepting

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
)

// KnownAs finds the submission, or its tombstone, that a form is or may be which was accepted without having been read, and is to get a route now.
// Acceptance would have answered it, or asked a person.
func (j Forms) KnownAs(ctx context.Context, own journal.ID, r journal.Arrival) (known journal.ID, err error) {
	err = j.Read(ctx, func(l *journal.Look) {
		for place, b := range append([]journal.FormerRoute{{Scope: r.Scope}}, r.Before...) {
			for i, name := range r.Names() {
				k, found := l.Claimant(b.Scope, name)
				if !found || k.ID == own || place > 0 && !l.Is("SELECT count(*) FROM submission WHERE id=? AND route=?", k.ID, engine.Word(b.Route)) || b.There && !wouldTake(l, &r, k.ID) {
					continue
				}
				if how, _ := recognises(l, &r, k, i > 0); how > another || i == 0 && !b.Loose {
					known = k.ID
					return
				}
			}
		}
		for _, g := range tombstonesOf(l, []journal.Arrival{r})[0] {
			if g.id != own && (g.how > another || !g.apart) {
				known = g.id
				return
			}
		}
	})
	return known, err
}
