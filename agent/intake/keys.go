package intake

import (
	"slices"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/mapping"
)

// findable has people find the form by what its mapping names, also one that is rejected or parked: of such a form nobody wants to know what
// could not be computed.
func (a *arrival) findable() {
	a.entry.Keys = prepare.KeysOf(a.route.Plan, a.form, mapping.Input{Reference: a.entry.Reference, Received: a.entry.At})
	if len(a.entry.Reject) > 0 || a.entry.Park != nil {
		a.entry.Keys = slices.DeleteFunc(a.entry.Keys, func(k journal.Key) bool { return k.Failed != "" })
	}
}
