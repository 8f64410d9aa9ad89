package agent

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"runtime"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Examine looks at everything that the agent stands on, from inside: with its account, sandbox and mounts.
func (a *Agent) Examine(ctx context.Context, r control.ExamineRequest) (control.Examination, error) {
	cfg := a.current().config
	p := NewPatient(a.clock, a.options.Version, config.Place{Path: cfg.Path, State: cfg.State, Agency: cfg.Agency})
	p.InForce, p.Inside, p.Probe = cfg, true, r.Probe
	p.Load = a.options.Reload
	if p.Load == nil {
		p.Load = func() (*config.Config, error) { return cfg, nil }
	}
	p.Status = a.health.Status
	p.Audit = func(ctx context.Context) (int64, error) {
		report, err := audit.VerifyAgainst(ctx, a.journal, cfg.State, "")
		return report.Entries, errors.Join(err, wrong(report))
	}
	return doctor.Examine(ctx, p, r.Only), nil
}

// NewPatient makes what doctor looks at, except for what differs between the agent itself and the command
// line: Load, Status, InForce, Service.
func NewPatient(clock connectors.Clock, version string, place config.Place) *doctor.Patient {
	return &doctor.Patient{
		Clock: clock, Version: version, System: doctor.Local{}, Path: place.Path, Place: place,
		Mappings: func(cfg *config.Config) (map[string]*mapping.Plan, diag.Problems) { return mappings(cfg, clock) },
		Inspect:  checking.Inspect,
		Audit: func(ctx context.Context) (int64, error) {
			report, err := audit.Verify(ctx, filepath.Join(place.State, audit.Folder))
			if err != nil {
				return 0, err
			}
			return report.Entries, wrong(report)
		},
	}
}

// wrong says that the audit log is not as it was written.
func wrong(r audit.Report) error {
	if r.OK {
		return nil
	}
	return errors.New("the audit log is not whole")
}

// mappings loads those of a configuration and returns everything that is wrong with any.
func mappings(cfg *config.Config, clock connectors.Clock) (map[string]*mapping.Plan, diag.Problems) {
	catalog, err := OpenCatalog(cfg, clock, func(connectors.Notice) {})
	if err != nil {
		return nil, nil // the target's own line tells
	}
	defer catalog.Close()
	return LoadMappings(cfg, catalog)
}

// maxStacks bounds the stacks of all goroutines, in bytes.
const maxStacks = 4 << 20

// Internals tells what only the running process knows.
func (a *Agent) Internals(ctx context.Context) (control.Internals, error) {
	stacks := make([]byte, maxStacks)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return control.Internals{}, err
	}
	var page pageWriter
	monitor.Handler(a.health, a.health.Counters.Metrics).ServeHTTP(&page, req)
	return control.Internals{Goroutines: string(stacks), Metrics: page.body.String(), HeapBytes: m.HeapAlloc, StackBytes: m.StackInuse, TotalBytes: m.Sys}, nil
}

// pageWriter keeps what a handler answers.
type pageWriter struct {
	header http.Header
	body   bytes.Buffer
}

// Header returns the answer's header.
func (p *pageWriter) Header() http.Header {
	if p.header == nil {
		p.header = http.Header{}
	}
	return p.header
}

// WriteHeader does nothing: the body says what is the matter.
func (p *pageWriter) WriteHeader(int) {}

// Write keeps the body.
func (p *pageWriter) Write(b []byte) (int, error) { return p.body.Write(b) }
