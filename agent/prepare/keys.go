package prepare

import (
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/mapping"
)

// KeysOf are what people find a form's submission by, as the journal keeps it. A mapping that breaks gives none: the form goes on.
func KeysOf(plan *mapping.Plan, form mapping.Form, in mapping.Input) (keys []journal.Key) {
	if !plan.HasKeys() {
		return nil
	}
	err := guard.Safely("make keys", func() error {
		for _, k := range plan.Keys(form, in) {
			keys = append(keys, journal.Key(k))
		}
		return nil
	})
	if err != nil {
		return []journal.Key{{Name: "all", Failed: loop.CodePanic}}
	}
	return keys
}
