// Package doctor looks at everything that an agent stands on, and says what is wrong with it and what helps:
// configuration, account, folders, disk, clock, certificates, targets, front offices, in-baskets, journal,
// the service's definition. It changes nothing, and one check that hangs or breaks does not hold up the others.
package doctor

import (
	"context"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Patient is what is looked at. Functions that are nil leave their part out.
type Patient struct {
	Clock   connectors.Clock
	Version string
	System  System
	Roots   *x509.CertPool // trusted authorities; nil: the system's

	// Path is the configuration file, Place what it says of the state also when it is wrong otherwise.
	Path  string
	Place config.Place
	// Load reads the file as it is now.
	Load func() (*config.Config, error)
	// InForce is the configuration that the running agent works by; nil: what Load gives.
	InForce *config.Config
	// Mappings loads the mapping of every route and returns those that are right, and what is wrong with any.
	Mappings func(*config.Config) (map[string]*mapping.Plan, diag.Problems)
	// Status asks the running agent; control.ErrNotRunning: none runs.
	Status func(context.Context) (control.Status, error)
	// Inspect looks at the journal in a folder; whole: it reads all of it for damage.
	Inspect func(ctx context.Context, dir string, whole bool) (checking.Inspection, error)
	// Service asks the service manager.
	Service func(context.Context, *config.Config) (Service, error)
	// Audit verifies the audit log and returns how many entries it has.
	Audit func(context.Context) (int64, error)

	// Inside says that the running agent itself looks.
	Inside bool
	// Probe lets folders be tried out with a file of a hidden name.
	Probe bool
}

// Service is what the service manager knows, and what is missing from its definition.
type Service struct {
	Name, Manager, Detail, Definition string
	Installed, Enabled, Running       bool
	Account                           string   // that it runs as; empty: unknown
	Other                             string   // another configuration that it runs with; empty: this one
	Drift                             []string // what its definition lacks, a line each
}

// Areas returns what can be looked at, in the order of the table.
func Areas() []string {
	names := make([]string, 0, len(checks()))
	for _, c := range checks() {
		names = append(names, c.area)
	}
	return names
}

// check is one area.
type check struct {
	area  string
	limit time.Duration
	run   func(context.Context, *exam, *notes)
}

// quick and slow are how long a check may take: those that speak with other systems may wait for them.
const (
	quick = 10 * time.Second
	slow  = 40 * time.Second
)

func checks() []check {
	return []check{
		{"config", quick, configuration},
		{"account", quick, account},
		{"folders", quick, folders},
		{"disk", quick, disks},
		{"clock", quick, clocks},
		{"certificates", slow, certificates},
		{"targets", slow, targets},
		{"front-offices", slow, offices},
		{"in-baskets", slow, inbaskets},
		{"journal", slow, theJournal},
		{"service", quick, service},
		{"upgrade", slow, upgrade},
		{"machine", quick, machine},
	}
}

// exam is one examination under way. What several checks need is found out before they start.
type exam struct {
	*Patient
	cfg     *config.Config  // in force, or of the file; nil: the file is refused
	loaded  error           // why the file is refused
	status  *control.Status // nil: no agent runs, or it does not answer
	asked   error           // why it does not
	account Account
	now     time.Time
	dir     string                              // of the journal
	journal func() (checking.Inspection, error) // looked at once
}

// Examine runs all checks, or those of some areas, each within its time. Findings come in the order of Areas.
func Examine(ctx context.Context, p *Patient, only []string) control.Examination {
	x := &exam{Patient: p, now: p.Clock.Now()}
	x.account = p.System.Account()
	x.dir = filepath.Join(p.Place.State, "journal")
	x.journal = sync.OnceValues(func() (checking.Inspection, error) { return p.Inspect(ctx, x.dir, false) })
	x.cfg, x.loaded = p.Load()
	if p.InForce != nil {
		x.cfg = p.InForce
	}
	x.ask(ctx)
	out := control.Examination{At: x.now, Version: p.Version, Account: x.account.Name, Inside: p.Inside}
	all := checks()
	found := make([][]control.Finding, len(all))
	var running sync.WaitGroup
	for i, c := range all {
		if len(only) > 0 && !slices.Contains(only, c.area) {
			continue
		}
		running.Go(func() { found[i] = bounded(ctx, c, x) })
	}
	running.Wait()
	out.Findings = slices.Concat(found...)
	return out
}

// ask asks the agent how it stands. One that hangs is as good as silent.
func (x *exam) ask(ctx context.Context) {
	if x.Status == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	if s, err := x.Status(ctx); err == nil {
		x.status = &s
	} else {
		x.asked = err
	}
}

// bounded runs one check. One that hangs, as on a share that is away, is left behind.
func bounded(ctx context.Context, c check, x *exam) []control.Finding {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	n := &notes{area: c.area}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			if p := recover(); p != nil {
				n.fail("", CodeBroke, fmt.Sprintf("this check broke: %v", firstWords(p)), "send the output of inbasket diagnostics to the maintainers")
			}
		}()
		c.run(ctx, x, n)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		select { // a check that heeds its context ends in a moment, and says more
		case <-ended:
		case <-x.Clock.After(time.Second):
			n.warn("", CodeLate, "this check did not end within "+c.limit.String(), "a disk, share or server hangs: see what else the table says, then ask again")
		}
	}
	return n.findings()
}

// firstWords keeps a panic's text short; it may be of a driver.
func firstWords(p any) string {
	if err, ok := p.(error); ok {
		return fmt.Sprintf("%T", err)
	}
	return "unexpectedly"
}

// notes collects the findings of one area; safe for concurrent use.
type notes struct {
	area string
	mu   sync.Mutex
	list []control.Finding
}

func (n *notes) add(level control.Level, subject, code, text, cure string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, control.Finding{Area: n.area, Subject: subject, Level: level, Code: code, Text: text, Cure: cure})
}

func (n *notes) ok(subject, text string) { n.add(control.LevelOK, subject, "", text, "") }

func (n *notes) warn(subject, code, text, cure string) {
	n.add(control.LevelWarn, subject, code, text, cure)
}

func (n *notes) fail(subject, code, text, cure string) {
	n.add(control.LevelFail, subject, code, text, cure)
}

// findings returns a copy: a check that was left behind may still add to its own.
func (n *notes) findings() []control.Finding {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.list)
}

// empty tells whether nothing was found so far.
func (n *notes) empty() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.list) == 0
}

// each runs f for every item at once and waits; what they note is put in the items' order.
func each[T any](n *notes, items []T, f func(T, *notes)) {
	parts := make([]*notes, len(items))
	var running sync.WaitGroup
	for i, item := range items {
		parts[i] = &notes{area: n.area}
		running.Go(func() {
			defer func() {
				if recover() != nil {
					parts[i].fail("", CodeBroke, "this check broke", "send the output of inbasket diagnostics to the maintainers")
				}
			}()
			f(item, parts[i])
		})
	}
	running.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range parts {
		n.list = append(n.list, p.list...)
	}
}
