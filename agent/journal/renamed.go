package journal

import (
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// renamed tells whether a result of an identity that is not known was told to its submission already, saying the same under an ID of which all parts
// are among those of this one, or the other way round: its source got another name since, or answer.id names more.
func (t *tx) renamed(source, plan nameID, o *Outcome) (bool, error) {
	if o.By != "" || o.MatchKey == "" {
		return false, nil
	}
	id, park, err := t.match(plan, o)
	if err != nil || park != nil || id == 0 {
		return false, err
	}
	again := false
	err = engine.Each(t.c, "SELECT source, rid FROM result WHERE sub=? AND said=? AND (by IS NULL OR by='')", []any{id, o.said()}, func(r struct {
		Source   nameID
		ResultID string
	}) error {
		before, now := partsOf(r.ResultID), partsOf(o.ResultID)
		again = again || (r.Source != source || len(before) != len(now)) && (within(before, now) || within(now, before))
		return nil
	})
	return again, err
}

func partsOf(id string) []string {
	return strings.FieldsFunc(id, func(r rune) bool { return r == '\x1f' || r == '/' })
}

// within tells whether all parts of one ID are among those of another.
func within(some, all []string) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(p string) bool { return !slices.Contains(all, p) })
}
