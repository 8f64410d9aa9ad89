package accepting

import "github.com/inbasket/inbasket/agent/journal"

// KnownAs finds the submission, or its tombstone, that a form is or may be which was accepted without having been read, and is to get a route now: acceptance
// would have answered it, or asked a person. It is 0 for none.
func KnownAs(l *journal.Look, own journal.ID, r *journal.Arrival) (known journal.ID) {
	holders(l, r, true, func(k journal.KnownForm, b journal.FormerRoute, how alike, named bool) {
		if k.ID != own && (how > another || named && !b.Loose) {
			known = k.ID
		}
	})
	for _, g := range tombstonesOf(l, []journal.Arrival{*r})[0] {
		if g.id != own && (g.how > another || !g.apart) {
			known = g.id
		}
	}
	return known
}
