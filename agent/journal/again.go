package journal

import (
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// afterRestore is what acceptance must know after a restore; the writer's own.
type afterRestore struct {
	active bool             // there are ghosts that may come again, or forms that were put back
	doubts map[nameID]int64 // targets that cannot tell what they got before this time, in nanoseconds
}

// loadAfterRestore reads what acceptance must know. It may say too much where its transaction fails, which does no harm.
func (l *look) loadAfterRestore() {
	m := afterRestore{doubts: map[nameID]int64{}}
	m.active = l.is("SELECT EXISTS(SELECT 1 FROM ghost WHERE adopted=0 AND digest IS NOT NULL) OR EXISTS(SELECT 1 FROM recall)")
	each(l, "SELECT target, restored FROM doubt", nil, func(d struct {
		Target   string
		Restored int64
	}) {
		if w, ok := l.j.names.find(d.Target); ok {
			m.doubts[w] = d.Restored
		}
	})
	if l.err == nil {
		l.j.afterRestore = m
	}
}

// RestoredReason says why something is parked that may have been delivered in the time that a restored journal has lost.
func RestoredReason() *Reason {
	return &Reason{Code: CodeRestore, Text: "it may have been delivered after the backup was made that the journal was restored from, and the target cannot tell",
		Next: "look in the target: if it has the data, inbasket confirm; if not, inbasket retry --target delivers it"}
}

// recognise finds out whether an arrival was accepted before, in the time that the backup does not know. It then
// takes the ID that it had, where a target tells it; known by nothing but its name, it keeps its new one.
func (a *acceptance) recognise(row *arrivalRow) {
	r := &a.arrivals[row.n]
	row.again = a.is("SELECT 1 FROM recall WHERE inbasket=? AND name=?", r.Inbasket, r.Transport)
	type ghost struct {
		ID      ID
		Targets []string `col:"json"`
	}
	for _, digest := range append([]connectors.Digest{r.Digest}, r.Also...) {
		for _, g := range all[ghost](a.look, "SELECT id, targets FROM ghost WHERE adopted=0 AND digest=? ORDER BY id", digest) {
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
		if a.exec("UPDATE ghost SET adopted=1 WHERE id=? AND adopted=0", row.id) > 0 {
			text = "accepted once before, after the backup was made, under the same ID"
		}
		a.note(row.id, Moment{What: "again", Text: text})
		for target := range a.j.afterRestore.doubts { // of what is parked a person says whether it is there
			a.exec("UPDATE delivery SET why=? WHERE sub=? AND target=? AND state=?", encodeReason(RestoredReason()), row.id, target, states.Held)
		}
	}
	for n := range a.arrivals {
		r := &a.arrivals[n]
		a.exec("DELETE FROM recall WHERE inbasket=? AND name=?", r.Inbasket, r.Transport)
	}
	a.loadAfterRestore()
}
