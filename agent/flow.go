package agent

import (
	"github.com/inbasket/inbasket/agent/intake"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/prepare"
)

// flow is a submission's whole life, top to bottom:
//
//	intake:    identify → accept durably → answer the in-basket or the front office
//	prepare:   map and encode
//	lanes:     deliver, item by item or in sealed batches; settle
//	decisions: collect results → publish events, also by frontoffice → close
//
// Pure steps may be repeated at will. Every effect that a target does not record itself is journaled
// before and after.
type flow struct {
	intake  *intake.Intake
	prepare *prepare.Preparer
	lanes   *lane.Lanes

	journal *journal.Journal
}
