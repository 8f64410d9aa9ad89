package agent

import (
	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/intake"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
)

// pageForms is how many forms are looked at at once.
const pageForms = 300

// flow is a submission's whole life, top to bottom:
//
//	intake:   identify → accept durably → answer the in-basket or the front office
//	prepare:  map and encode
//	lanes:    deliver, item by item or in sealed batches; settle
//	then:     collect results (results.go) → publish events (push.go, frontoffice) → close
//
// Pure steps may be repeated at will. Every effect that a target does not record itself is journaled
// before and after.
type flow struct {
	intake  *intake.Intake
	prepare *prepare.Preparer
	lanes   *lane.Lanes

	journal  *journal.Journal
	content  *content.Store
	clock    connectors.Clock
	log      zerolog.Logger
	counters *health.Counters
	waiting  *waiting.Items // of sources
	served   *servings
}
