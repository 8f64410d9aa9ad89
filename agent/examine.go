package agent

import (
	"context"
	"errors"
	"runtime"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/monitor"
)

// Examine looks at everything that the agent stands on, from inside: with its account, sandbox and mounts.
func (a *Agent) Examine(ctx context.Context, r control.ExamineRequest) (control.Examination, error) {
	cfg := a.current().config
	p := doctor.NewPatient(a.clock, a.options.Version, config.Place{Path: cfg.Path, State: cfg.State, Agency: cfg.Agency})
	p.InForce, p.Inside, p.Probe = cfg, true, r.Probe
	p.Load = a.options.Reload
	if p.Load == nil {
		p.Load = func() (*config.Config, error) { return cfg, nil }
	}
	p.Status = a.health.Status
	p.Audit = func(ctx context.Context) (int64, error) {
		report, err := audit.VerifyAgainst(ctx, a.journal, cfg.State, "")
		return report.Entries, errors.Join(err, doctor.Wrong(report))
	}
	return doctor.Examine(ctx, p, r.Only), nil
}

// maxStacks bounds the stacks of all goroutines, in bytes.
const maxStacks = 4 << 20

// Internals tells what only the running process knows.
func (a *Agent) Internals(ctx context.Context) (control.Internals, error) {
	stacks := make([]byte, maxStacks)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	metrics, err := monitor.Page(ctx, a.health, a.health.Counters.Metrics)
	if err != nil {
		return control.Internals{}, err
	}
	return control.Internals{Goroutines: string(stacks), Metrics: metrics, HeapBytes: m.HeapAlloc, StackBytes: m.StackInuse, TotalBytes: m.Sys}, nil
}
