package health

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/telling"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors"
)

// Figures gives the metrics what the journal, the lanes and the disks know.
func (s *Service) Figures(ctx context.Context) (monitor.Snapshot, error) {
	now := s.options.Parts()
	s.expect(now)
	status, sum, err := s.look(ctx, now)
	_, hung := s.stalled()
	out := monitor.Snapshot{Summary: sum, Backup: status.Backup, Writable: status.Journal == nil, Held: status.Held != nil, Stuck: len(status.Stuck), Hung: len(hung),
		Journal: s.journalFiles(), Disks: s.Counters.disks.look(now.Config, s.options.Clock.Now()), Sources: s.Counters.working(now),
		Circuits: map[string]string{}, Batches: map[string]int64{}, Offices: map[string]monitor.Office{}}
	out.Reload, out.Certificates = s.Counters.configuration(now.Config)
	if offices := s.served.Offices; offices != nil {
		out.Certificates = append(out.Certificates, monitor.Certificate{Of: "listen", Whose: connectors.WhoseAgent, Until: offices.CertificateUntil()})
		out.Connections = &monitor.Connections{Limit: offices.Connections()}
		out.Connections.Token, out.Connections.Strange = offices.Open()
	}
	for _, t := range status.Targets {
		out.Circuits[t.Name] = t.Circuit
		if t.Batch != nil {
			out.Batches[t.Name] = int64(t.Batch.Sealed)
		}
	}
	if err != nil {
		return out, err
	}
	if out.ParkedBy, err = reading.Of(s.journal).ParkedBy(ctx); err != nil {
		return out, err
	}
	for _, o := range status.FrontOffices {
		if q := o.Quota; q != nil {
			for _, x := range []monitor.Quota{{What: frontoffice.OverBytes, Limit: q.BytesPerDay, Used: q.Bytes}, {What: frontoffice.OverOpen, Limit: q.OpenLimit, Used: q.Open}} {
				if x.Office = o.Name; x.Limit > 0 {
					out.Quotas = append(out.Quotas, x)
				}
			}
		}
		if out.Offices[o.Name], err = s.waiting(ctx, o); err != nil {
			return out, err
		}
	}
	return out, nil
}

// waiting tells what a front office has not been told, or has not acknowledged.
func (s *Service) waiting(ctx context.Context, o control.OfficeStatus) (w monitor.Office, err error) {
	switch {
	case o.Push == "":
		w.Waiting, w.Oldest, err = telling.Of(s.journal).Unacknowledged(ctx, o.Name)
	case o.Backlog > 0:
		w.Waiting, w.Failing = o.Backlog, o.Failing
		w.Oldest, err = telling.Of(s.journal).PushWaiting(ctx, o.Name)
	}
	return w, err
}

// journalFiles measures the journal's files; what cannot be measured is 0.
func (s *Service) journalFiles() (f monitor.Files) {
	size := func(name string) int64 {
		st, err := os.Stat(filepath.Join(s.options.Config.State, "journal", name))
		if err != nil {
			return 0
		}
		return st.Size()
	}
	return monitor.Files{Database: size("journal.db"), Log: size("journal.db-wal")}
}

// configuration tells of the configuration in force, and of the certificates of what it names.
func (c *Counters) configuration(cfg *config.Config) (monitor.Reload, []monitor.Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var certs []monitor.Certificate
	for _, x := range c.certs {
		if names(cfg, x.Of) {
			certs = append(certs, x)
		}
	}
	return c.reload, certs
}

// working tells which in-baskets, sources of results and push channels are in trouble.
func (c *Counters) working(now Parts) (all []monitor.Source) {
	add := func(kind, name string) {
		all = append(all, monitor.Source{Kind: kind, Name: name, Up: c.status(kind, name, "").Trouble == nil})
	}
	for name := range now.Inbaskets {
		add(Inbasket, name)
	}
	for name := range now.Results {
		add(Results, name)
	}
	for _, name := range now.Push {
		add(FrontOffice, name)
	}
	return all
}

// expect shows from 0 on what alerts look at the increase of.
func (s *Service) expect(now Parts) {
	s.Counters.ExpectNotices(CodeOverdue, CodeJumped)
	for _, o := range now.Config.FrontOffices {
		if o.Quota != nil {
			s.Counters.ExpectQuota(o.Name, frontoffice.OverRate)
			s.Counters.ExpectQuota(o.Name, frontoffice.OverBytes)
			s.Counters.ExpectQuota(o.Name, frontoffice.OverOpen)
		}
	}
	for _, name := range now.Push {
		s.Counters.ExpectOffice(name)
	}
}

// names tells whether a configuration still has what a certificate belongs to.
func names(cfg *config.Config, of string) bool {
	section, name, ofConnector := strings.Cut(of, "/")
	found := !ofConnector
	cfg.Connectors(func(x config.Connector, _ string) {
		found = found || string(x.Definition.Role) == section && x.Name == name
	})
	return found
}
