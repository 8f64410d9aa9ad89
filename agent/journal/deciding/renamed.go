package deciding

import (
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/journal"
)

// renamed tells whether a result of an identity that is not known was told to its submission already, saying the same under an ID of which all parts
// are among those of this one, or the other way round: its source got another name since, or answer.id names more.
func renamed(t *journal.Tx, o *journal.Outcome) (again bool) {
	if o.By != "" || o.MatchKey == "" {
		return false
	}
	id, park := match(t, o)
	if park != nil || id == 0 {
		return false
	}
	journal.Each(t.Look, "SELECT "+resultColumns+"WHERE sub=? AND said=? AND (by IS NULL OR by='')", []any{id, said(o)}, func(r journal.Outcome) {
		before, now := partsOf(r.ResultID), partsOf(o.ResultID)
		again = again || (r.Source != o.Source || len(before) != len(now)) && (within(before, now) || within(now, before))
	})
	return again
}

func partsOf(id string) []string {
	return strings.FieldsFunc(id, func(r rune) bool { return r == '\x1f' || r == '/' })
}

// within tells whether all parts of one ID are among those of another.
func within(some, all []string) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(p string) bool { return !slices.Contains(all, p) })
}
