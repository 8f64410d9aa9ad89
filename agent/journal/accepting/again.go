package accepting

import (
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// recognise finds out whether an arrival was accepted before, in the time that the backup does not know. It then
// takes the ID that it had, where a target tells it; known by nothing but its name, it keeps its new one.
func (a *acceptance) recognise(row *arrivalRow) {
	r := &a.arrivals[row.n]
	row.again = a.Is("SELECT 1 FROM recall WHERE inbasket=? AND name=?", r.Inbasket, journal.ItemName(r.Transport))
	type ghost struct {
		ID      journal.ID
		Targets []string `col:"json"`
	}
	for _, digest := range append([]connectors.Digest{r.Digest}, r.Also...) {
		for _, g := range journal.All[ghost](a.Look, "SELECT id, targets FROM ghost WHERE adopted=0 AND digest=? ORDER BY id", digest) {
			if !a.adopted[g.ID] {
				a.adopted[g.ID] = true
				row.id, row.again, row.stands = g.ID, true, g.Targets
				return
			}
		}
	}
}

// mended ends what was recalled, and marks the ghosts that came again.
func (a *acceptance) mended() {
	for n := range a.fresh {
		row := &a.fresh[n]
		if !row.again {
			continue
		}
		a.out[row.n].Again = true
		text := "accepted once before, after the backup was made; nothing at the targets tells its ID"
		if a.Exec("UPDATE ghost SET adopted=1 WHERE id=? AND adopted=0", row.id) > 0 {
			text = "accepted once before, after the backup was made, under the same ID"
		}
		a.Note(row.id, journal.Moment{What: "again", Text: text})
		for target := range a.AfterRestore().Unsure { // of what is parked a person says whether it is there
			a.Exec("UPDATE delivery SET why=? WHERE sub=? AND target=? AND state=?", journal.EncodeReason(journal.RestoredReason()), row.id, target, states.Held)
		}
	}
	for n := range a.arrivals {
		if r := &a.arrivals[n]; !r.More {
			a.Exec("DELETE FROM recall WHERE inbasket=? AND name=?", r.Inbasket, journal.ItemName(r.Transport))
		}
	}
	a.LoadAfterRestore()
}
