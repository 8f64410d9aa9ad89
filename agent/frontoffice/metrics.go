package frontoffice

import (
	"context"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// Figures gives what metrics show of the journal, at the time of a scrape; the agent implements it.
type Figures interface {
	Figures(ctx context.Context) (Snapshot, error)
}

// Snapshot is the agent's state in numbers.
type Snapshot struct {
	Summary  journal.Summary
	Circuits map[string]string // target to closed, open or half-open
	Batches  map[string]int64  // target to sealed batches that are not delivered
	Pushes   map[string]int64  // front office to events whose push failed at least once and is not given up
	Results  int64             // parked results
}

// Metrics are the agent's metrics, in a registry of their own. Labels hold configured names only.
type Metrics struct {
	registry *prometheus.Registry
	figures  Figures
	clock    connectors.Clock
	requests *prometheus.CounterVec
	accepted *prometheus.CounterVec
	outcomes *prometheus.CounterVec
	results  *prometheus.CounterVec
	pushes   *prometheus.CounterVec
	notices  *prometheus.CounterVec
}

// NewMetrics returns metrics that ask figures at each scrape.
func NewMetrics(figures Figures, clock connectors.Clock, version string) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "inbasket_" + name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(), figures: figures, clock: clock,
		requests: counter("http_requests_total", "Answers of the front office API.", "operation", "status"),
		accepted: counter("accepted_total", "Forms taken from in-baskets, by verdict.", "inbasket", "verdict"),
		outcomes: counter("outcomes_total", "Deliveries tried, by how they ended.", "target", "class"),
		results:  counter("results_total", "Results taken, by verdict.", "source", "verdict"),
		pushes:   counter("pushes_total", "Events pushed to front offices, by how it ended.", "office", "class"),
		notices:  counter("notices_total", "Notices to the operator, by code.", "code"),
	}
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "inbasket_info", Help: "The agent's version.",
		ConstLabels: prometheus.Labels{"version": version}}, func() float64 { return 1 })
	m.registry.MustRegister(m.requests, m.accepted, m.outcomes, m.results, m.pushes, m.notices, info, &collector{m: m},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request counts an answer of the API; it fits Options.Count.
func (m *Metrics) Request(operation string, status int) {
	if operation == "" {
		operation = "none"
	}
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
}

// Accepted counts n forms of an in-basket that ended with a verdict.
func (m *Metrics) Accepted(inbasket string, v connectors.Verdict, n int) {
	m.accepted.WithLabelValues(inbasket, v.String()).Add(float64(n))
}

// Outcome counts n deliveries to a target that ended in a class.
func (m *Metrics) Outcome(target string, c connectors.Class, n int) {
	m.outcomes.WithLabelValues(target, c.String()).Add(float64(n))
}

// Result counts n results of a source that ended with a verdict.
func (m *Metrics) Result(source string, v connectors.Verdict, n int) {
	m.results.WithLabelValues(source, v.String()).Add(float64(n))
}

// Push counts n events pushed to a front office that ended in a class.
func (m *Metrics) Push(office string, c connectors.Class, n int) {
	m.pushes.WithLabelValues(office, c.String()).Add(float64(n))
}

// Notice counts a notice to the operator.
func (m *Metrics) Notice(code string) { m.notices.WithLabelValues(code).Inc() }

// collector shows a snapshot. Its metrics differ from scrape to scrape, so that it describes none
// beforehand.
type collector struct{ m *Metrics }

func (c *collector) Describe(chan<- *prometheus.Desc) {}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	s, err := c.m.figures.Figures(ctx)
	if err != nil {
		gauge(ch, "journal_up", "Whether the journal can be read.", 0, nil)
		return
	}
	gauge(ch, "journal_up", "Whether the journal can be read.", 1, nil)
	gauge(ch, "journal_epoch", "Raised each time a journal is restored from a backup.", float64(s.Summary.Epoch), nil)
	for _, r := range s.Summary.Routes {
		for state, n := range r.States {
			gauge(ch, "submissions", "Submissions by state and route.", float64(n), []string{"state", "route"}, string(state), r.Route)
		}
	}
	gauge(ch, "parked", "Submissions that wait for a person.", float64(s.Summary.States[journal.Parked]), nil)
	gauge(ch, "results_orphans", "Results that match no submission.", float64(s.Summary.Orphans), nil)
	gauge(ch, "results_parked", "Results that wait for a person.", float64(s.Results), nil)
	c.targets(ch, s)
	for office, n := range s.Pushes {
		gauge(ch, "pushes_failing", "Events whose push failed and is tried again.", float64(n), []string{"office"}, office)
	}
}

func (c *collector) targets(ch chan<- prometheus.Metric, s Snapshot) {
	by := []string{"target"}
	now := c.m.clock.Now()
	for _, t := range s.Summary.Targets {
		oldest := 0.0
		if !t.Oldest.IsZero() {
			oldest = max(0, now.Sub(t.Oldest).Seconds())
		}
		gauge(ch, "target_open", "Deliveries that are not done.", float64(t.Open), by, t.Target)
		gauge(ch, "target_parked", "Deliveries that wait for a person.", float64(t.Parked), by, t.Target)
		gauge(ch, "target_oldest_seconds", "Age of the oldest delivery that is not done.", oldest, by, t.Target)
		gauge(ch, "target_paused", "Whether an operator paused the target.", truth(t.Paused), by, t.Target)
	}
	for target, state := range s.Circuits {
		for _, word := range []string{"closed", "open", "half-open"} {
			gauge(ch, "target_circuit", "1 for the state that the target's circuit is in.", truth(state == word), []string{"target", "state"}, target, word)
		}
	}
	for target, n := range s.Batches {
		gauge(ch, "batches_open", "Sealed batches that are not delivered.", float64(n), by, target)
	}
}

func gauge(ch chan<- prometheus.Metric, name, help string, v float64, labels []string, values ...string) {
	ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("inbasket_"+name, help, labels, nil), prometheus.GaugeValue, v, values...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
