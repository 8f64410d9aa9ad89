package deciding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/journal"
)

// renamed tells whether a result of an identity that is not known was told to its submission already, saying the same under an ID of which all parts
// are among those of this one, or the other way round: its source got another name since, or answer.id names more. Where its submission was told
// something else since, it may as well be a decision that goes back to an earlier one: a person must look at it.
func renamed(t *journal.Tx, o *journal.Outcome) (again bool, park *journal.Reason) {
	if o.By != "" || o.MatchKey == "" {
		return false, nil
	}
	id, unfit := match(t, o)
	if unfit != nil || id == 0 {
		return false, nil
	}
	last := List(t.Look, "WHERE sub=? AND (by IS NULL OR by='') ORDER BY revision DESC LIMIT 1", id)
	journal.Each(t.Look, "SELECT "+resultColumns+"WHERE sub=? AND said=? AND (by IS NULL OR by='')", []any{id, said(o)}, func(r journal.Outcome) {
		before, now := partsOf(r.ResultID), partsOf(o.ResultID)
		if (r.Source != o.Source || len(before) != len(now)) && (within(before, now) || within(now, before)) {
			again = again || said(&last[0]) == said(o) || !o.At.IsZero() && r.At.Equal(o.At)
			park = &journal.Reason{Code: journal.CodeSaidBefore, Text: fmt.Sprintf("the result says again, under another name or ID, what result %d said before result %d said otherwise", r.N, last[0].N),
				Next: "ask the office which one holds: give this one to its submission, or drop it"}
		}
	})
	return again, park
}

func partsOf(id string) []string {
	return strings.FieldsFunc(id, func(r rune) bool { return r == '\x1f' || r == '/' })
}

// within tells whether all parts of one ID are among those of another.
func within(some, all []string) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(p string) bool { return !slices.Contains(all, p) })
}
