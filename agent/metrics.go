package agent

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors"
)

// Figures gives the metrics what the journal, the lanes and the disks know.
func (a *Agent) Figures(ctx context.Context) (monitor.Snapshot, error) {
	now := a.current()
	a.figures.lookAtDisks(now.config)
	s := monitor.Snapshot{Circuits: map[string]string{}, Batches: map[string]int64{}, Offices: map[string]monitor.Office{}}
	a.figures.fill(&s)
	a.figures.expect(now)
	s.Certificates = slices.DeleteFunc(s.Certificates, func(c monitor.Certificate) bool { return !names(now.config, c.Of) })
	if offices := a.serving.offices; offices != nil {
		s.Certificates = append(s.Certificates, monitor.Certificate{Of: "listen", Whose: connectors.WhoseAgent, Until: offices.CertificateUntil()})
		s.Connections = &monitor.Connections{Limit: offices.Connections()}
		s.Connections.Token, s.Connections.Strange = offices.Open()
	}
	s.Sources = a.figures.sourcesOf(now)
	stuck, hung := a.stalled()
	s.Stuck, s.Hung = len(stuck), len(hung)
	s.Writable, s.Held = a.journal.Fault() == nil, a.journal.Held()
	s.Journal = a.journalFiles()
	for name, l := range now.flow.lanes.All() {
		state, _ := l.Circuit.State()
		s.Circuits[name] = string(state)
	}
	return s, a.counted(ctx, now, &s)
}

// counted adds what the journal counts.
func (a *Agent) counted(ctx context.Context, now *assembly, s *monitor.Snapshot) (err error) {
	if s.Summary, err = a.journal.Summary(ctx); err != nil {
		return err
	}
	if s.ParkedBy, err = a.journal.ParkedBy(ctx); err != nil {
		return err
	}
	if s.Backup, err = a.journal.LastBackup(ctx); err != nil {
		return err
	}
	for name, l := range now.flow.lanes.All() {
		if l.Batch() == nil {
			continue
		}
		open, err := a.journal.Batches(ctx, name, true)
		if err != nil {
			return err
		}
		s.Batches[name] = int64(len(open))
	}
	if s.Quotas, err = a.quotas(ctx); err != nil {
		return err
	}
	for _, o := range now.config.FrontOffices {
		if s.Offices[o.Name], err = a.waiting(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// waiting tells what a front office has not been told, or has not acknowledged.
func (a *Agent) waiting(ctx context.Context, o config.FrontOffice) (w monitor.Office, err error) {
	if o.Push == nil {
		w.Waiting, w.Oldest, err = a.journal.Unacknowledged(ctx, o.Name)
		return w, err
	}
	b, err := a.journal.PushBacklog(ctx, o.Name)
	if err != nil || b.Waiting == 0 {
		return w, err
	}
	w.Waiting, w.Failing = b.Waiting, b.Failing
	w.Oldest, err = a.journal.PushWaiting(ctx, o.Name)
	return w, err
}

// journalFiles measures the journal's files; what cannot be measured is 0.
func (a *Agent) journalFiles() (f monitor.Files) {
	size := func(name string) int64 {
		st, err := os.Stat(filepath.Join(a.options.Config.State, "journal", name))
		if err != nil {
			return 0
		}
		return st.Size()
	}
	return monitor.Files{Database: size("journal.db"), Log: size("journal.db-wal")}
}

// fill adds what does not come from the journal.
func (f *figures) fill(s *monitor.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.Reload, s.Disks = f.reload, map[string]disk.Space{}
	for _, c := range f.certs {
		s.Certificates = append(s.Certificates, c)
	}
	for folder, d := range f.disks {
		if !d.at.IsZero() && d.known {
			s.Disks[folder] = d.space
		}
	}
}

// sourcesOf tells which in-baskets, sources of results and push channels are in trouble.
func (f *figures) sourcesOf(now *assembly) (all []monitor.Source) {
	add := func(kind, name string) {
		all = append(all, monitor.Source{Kind: kind, Name: name, Up: f.source(kind, name, "").Trouble == nil})
	}
	for name := range now.inbaskets {
		add(kindInbasket, name)
	}
	for name := range now.sources {
		add(kindResults, name)
	}
	for name := range now.offices {
		add(kindOffice, name)
	}
	return all
}

// expect shows from 0 on what alerts look at the increase of.
func (f *figures) expect(now *assembly) {
	f.metrics.ExpectNotices(CodeOverdue, CodeJumped)
	for _, o := range now.config.FrontOffices {
		if o.Quota != nil {
			f.metrics.ExpectQuota(o.Name, frontoffice.OverRate)
			f.metrics.ExpectQuota(o.Name, frontoffice.OverBytes)
			f.metrics.ExpectQuota(o.Name, frontoffice.OverOpen)
		}
	}
	for name := range now.offices {
		f.metrics.ExpectOffice(name)
	}
}

// loaded remembers how an attempt to load a configuration ended.
func (f *figures) loaded(ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reload.OK = ok
	if ok {
		f.reload.At = f.clock.Now()
	}
}

// certificate returns where an instance of the configuration tells of its certificates.
func (f *figures) certificate(of string) func(connectors.Certificate) {
	return func(c connectors.Certificate) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.certs[[2]string{of, c.Whose}] = monitor.Certificate{Of: of, Whose: c.Whose, Until: c.Until}
	}
}

// diskEvery is how often the room of a disk is measured, when there are scrapes at all.
const diskEvery = 30 * time.Second

// diskFigure is the room of one folder's disk.
type diskFigure struct {
	space  disk.Space
	known  bool
	at     time.Time // of the last look
	asking bool
}

// lookAtDisks begins to measure what was not measured lately. It does not wait: a network folder that is
// away may answer never, and a scrape must not hang with it.
func (f *figures) lookAtDisks(cfg *config.Config) {
	folders := foldersOf(cfg)
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.Now()
	for name := range f.disks {
		if _, still := folders[name]; !still {
			delete(f.disks, name)
		}
	}
	for name, path := range folders {
		d := f.disks[name]
		if d == nil {
			d = &diskFigure{}
			f.disks[name] = d
		}
		if since := now.Sub(d.at); d.asking || !d.at.IsZero() && since >= 0 && since < diskEvery {
			continue
		}
		d.asking, d.at = true, now
		go func() {
			space, err := f.measure(path)
			f.mu.Lock()
			defer f.mu.Unlock()
			d.space, d.known, d.asking = space, err == nil, false
		}()
	}
}

// names tells whether a configuration still has what a certificate belongs to.
func names(cfg *config.Config, of string) bool {
	section, name, _ := strings.Cut(of, "/")
	has := func(known string) bool { return known == name }
	switch connectors.Role(section) {
	case connectors.RoleInbasket:
		return slices.ContainsFunc(cfg.Inbaskets, func(x config.Inbasket) bool { return has(x.Name) })
	case connectors.RoleTarget:
		return slices.ContainsFunc(cfg.Targets, func(x config.Target) bool { return has(x.Name) })
	case connectors.RoleResults:
		return slices.ContainsFunc(cfg.Results, func(x config.Results) bool { return has(x.Name) })
	case connectors.RoleFrontOffice:
		return slices.ContainsFunc(cfg.FrontOffices, func(x config.FrontOffice) bool { return has(x.Name) && x.Push != nil })
	}
	return true
}

// foldersOf returns the folders whose disks are watched, by the name that metrics give them: of each
// instance the first, since the others lie beside it.
func foldersOf(cfg *config.Config) map[string]string {
	folders := map[string]string{"state": cfg.State}
	add := func(role connectors.Role, typ, name string, of any) {
		if c, ok := of.(connectors.Surrounded); ok {
			around := c.Surroundings(connectors.Env{Name: name, Dir: cfg.Dir}, typ)
			if len(around.Folders) > 0 {
				folders[string(role)+"/"+name] = around.Folders[0].Path
			}
		}
	}
	for _, x := range cfg.Inbaskets {
		add(connectors.RoleInbasket, x.Definition.Type, x.Name, x.Config)
	}
	for _, x := range cfg.Targets {
		add(connectors.RoleTarget, x.Definition.Type, x.Name, x.Config)
	}
	for _, x := range cfg.Results {
		add(connectors.RoleResults, x.Definition.Type, x.Name, x.Config)
	}
	return folders
}
