package doctor

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
)

// NewPatient makes what doctor looks at, except for what differs between the agent itself and the command
// line: Load, Status, InForce, Service.
func NewPatient(clock connectors.Clock, version string, place config.Place) *Patient {
	return &Patient{
		Clock: clock, Version: version, System: Local{}, Path: place.Path, Place: place,
		Mappings: func(cfg *config.Config) (map[string]*mapping.Plan, diag.Problems) { return mappings(cfg, clock) },
		Inspect:  checking.Inspect,
		Audit: func(ctx context.Context) (int64, error) {
			report, err := audit.Verify(ctx, filepath.Join(place.State, audit.Folder))
			if err != nil {
				return 0, err
			}
			return report.Entries, Wrong(report)
		},
	}
}

// Wrong says that the audit log is not as it was written.
func Wrong(r audit.Report) error {
	if r.OK {
		return nil
	}
	return errors.New("the audit log is not whole")
}

// mappings loads those of a configuration and returns everything that is wrong with any.
func mappings(cfg *config.Config, clock connectors.Clock) (map[string]*mapping.Plan, diag.Problems) {
	targets, err := catalog.Open(cfg, clock, func(connectors.Notice) {})
	if err != nil {
		return nil, nil // the target's own line tells
	}
	defer targets.Close()
	return catalog.Mappings(cfg, targets)
}
