package accepting

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// sameContent answers an arrival that says the same as a form of its route which was accepted without a reference of its own: that one is known by
// what its transport called it, which the sender need not call it again. Where another form has the arrival's reference, that decides.
func (a *acceptance) sameContent(n int) (answered bool) {
	r := &a.arrivals[n]
	if !r.Unnamed {
		return false
	}
	if _, known := a.Claimant(r.Scope, r.Reference); known {
		return false
	}
	const sql = "SELECT id, digest FROM submission /*by submission_unnamed*/ WHERE digest=? AND transport IS NULL AND claim=1 AND scope=? AND route=? ORDER BY id LIMIT 1"
	for _, d := range append([]connectors.Digest{r.Raw, r.Digest}, r.Also...) {
		k, found := journal.One[journal.KnownForm](a.Look, sql, d, engine.Word(r.Scope), engine.Word(r.Route))
		if !found {
			continue
		}
		if how, _ := recognises(a.Look, r, k, true); how >= today {
			a.answerKnown(n, k, "content")
			return true
		}
	}
	return false
}

// IndexContent makes the index by which forms are found that had no reference. Only who has a mapping that came to name one pays for it.
func (j Forms) IndexContent(ctx context.Context) error {
	return j.Do(ctx, "index the forms without a reference", func(t *journal.Tx) error {
		defer t.Maintains()()
		t.Exec("CREATE INDEX IF NOT EXISTS submission_unnamed ON submission(digest) WHERE transport IS NULL")
		return nil
	})
}
