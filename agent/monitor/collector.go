package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

var errUndefined = errors.New("it is not among Definitions")

// collector shows a snapshot at each scrape.
type collector struct {
	figures  Figures
	clock    connectors.Clock
	version  string
	descs    map[string]*prometheus.Desc // by name without prefix
	counters map[string]bool             // which of them only ever grow
}

// Describe tells the registry of every metric.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect reads a snapshot and shows it. When the journal cannot be read the rest is shown still.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	snapshot, err := c.figures.Figures(ctx)
	s := scrape{collector: c, ch: ch, now: c.clock.Now()}
	s.show("info", 1, c.version)
	s.truth("journal_up", err == nil)
	s.agent(&snapshot)
	if err == nil {
		s.journal(&snapshot)
	}
}

// scrape is one answer.
type scrape struct {
	*collector
	ch  chan<- prometheus.Metric
	now time.Time
}

func (s *scrape) show(name string, v float64, labels ...string) {
	desc := s.descs[name]
	if desc == nil {
		s.ch <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(errUndefined), fmt.Errorf("metric %s: %w", name, errUndefined))
		return
	}
	kind := prometheus.GaugeValue
	if s.counters[name] {
		kind = prometheus.CounterValue
	}
	s.ch <- prometheus.MustNewConstMetric(desc, kind, v, labels...)
}

func (s *scrape) truth(name string, is bool, labels ...string) {
	v := 0.0
	if is {
		v = 1
	}
	s.show(name, v, labels...)
}

// age shows for how long something waits; 0 where nothing does.
func (s *scrape) age(name string, since time.Time, labels ...string) {
	v := 0.0
	if !since.IsZero() {
		v = max(0, s.now.Sub(since).Seconds())
	}
	s.show(name, v, labels...)
}

// time shows a moment; one that is not known is not shown.
func (s *scrape) time(name string, t time.Time, labels ...string) {
	if !t.IsZero() {
		s.show(name, float64(t.UnixMilli())/1000, labels...)
	}
}

// agent shows what is known without the journal.
func (s *scrape) agent(from *Snapshot) {
	s.time("config_loaded_timestamp_seconds", from.Reload.At)
	s.truth("config_reload_ok", from.Reload.OK)
	s.show("stuck", float64(from.Stuck))
	s.show("hung", float64(from.Hung))
	s.truth("held", from.Held)
	s.truth("journal_writable", from.Writable)
	for _, x := range from.Sources {
		s.truth("source_up", x.Up, x.Kind, x.Name)
	}
	if c := from.Connections; c != nil {
		s.show("http_connections", float64(c.Token), "token")
		s.show("http_connections", float64(c.Strange), "strange")
		s.show("http_connections_limit", float64(c.Limit))
	}
	for target, state := range from.Circuits {
		for _, word := range []string{"closed", "open", "half-open"} {
			s.truth("target_circuit", state == word, target, word)
		}
	}
	for _, c := range from.Certificates {
		s.time("certificate_expiry_timestamp_seconds", c.Until, c.Of, c.Whose)
	}
	for folder, d := range from.Disks {
		s.show("disk_free_bytes", float64(d.Free), folder)
		s.show("disk_size_bytes", float64(d.Size), folder)
	}
	s.show("journal_bytes", float64(from.Journal.Database), "database")
	s.show("journal_bytes", float64(from.Journal.Log), "log")
}

// journal shows what the journal knows.
func (s *scrape) journal(from *Snapshot) {
	backup := 0.0
	if !from.Backup.IsZero() {
		backup = float64(from.Backup.Unix())
	}
	s.show("last_backup_timestamp_seconds", backup)
	s.show("journal_epoch", float64(from.Summary.Epoch))
	for _, r := range from.Summary.Routes {
		s.age("route_oldest_seconds", r.Oldest, r.Route)
		for state, n := range r.States {
			s.show("submissions", float64(n), string(state), r.Route)
		}
	}
	s.show("parked", float64(from.Summary.States[journal.Parked]+from.Summary.ParkedLate))
	for code, n := range from.ParkedBy {
		s.show("parked_by_code", float64(n), code)
	}
	s.show("results_orphans", float64(from.Summary.Orphans))
	s.show("results_parked", float64(from.Summary.ParkedResults))
	for _, t := range from.Summary.Targets {
		s.show("target_open", float64(t.Open), t.Target)
		s.show("target_parked", float64(t.Parked), t.Target)
		s.age("target_oldest_seconds", t.Oldest, t.Target)
		s.truth("target_paused", t.Paused, t.Target)
	}
	for target, n := range from.Batches {
		s.show("batches_open", float64(n), target)
	}
	for _, q := range from.Quotas {
		s.show("office_quota", float64(q.Limit), q.Office, q.What)
		s.show("office_quota_used", float64(q.Used), q.Office, q.What)
	}
	for name, o := range from.Offices {
		s.show("office_waiting", float64(o.Waiting), name)
		s.age("office_oldest_seconds", o.Oldest, name)
		s.show("pushes_failing", float64(o.Failing), name)
	}
}
