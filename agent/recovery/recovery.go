// Package recovery brings an agent back that was restored from a backup: its journal knows less than the world does. Nothing is taken,
// delivered or told while it is held. What happened since is gathered from targets, in-baskets and sources of results; a person says what
// they cannot tell; and once it is released, what must be read again is offered again.
package recovery

import (
	"context"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// Service recovers one agent.
type Service struct {
	Journal   *journal.Journal
	Clock     connectors.Clock
	Log       zerolog.Logger
	Parts     func() Parts // of the configuration in force
	Reloading *loop.Turn   // held while the configuration changes
	Begin     func()       // begins what the hold kept from running

	gathering loop.Turn
}

// Parts are what one configuration has, to be asked what happened in the time that the journal does not know.
type Parts struct {
	Config        *config.Config
	Lanes         *lane.Lanes
	Inbaskets     map[string]connectors.Inbasket
	Results       map[string]health.ResultSource
	Asked         func(source string) []connectors.Question // what mappings ask a source of results for
	Take          func(ctx context.Context, source string, results []connectors.Result) ([]connectors.Receipt, error)
	EvidenceFound *atomic.Bool // evidence was gathered with these targets
}
