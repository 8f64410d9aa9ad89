package monitor

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/inbasket/inbasket/connectors"
)

// Metrics are the agent's metrics, in a registry of their own.
type Metrics struct {
	registry *prometheus.Registry
	version  string
	counters map[string]*prometheus.CounterVec // those that are counted as things happen
}

// NewMetrics returns metrics that ask figures at each scrape.
func NewMetrics(figures Figures, clock connectors.Clock, version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), version: version, counters: map[string]*prometheus.CounterVec{}}
	shown := &collector{figures: figures, clock: clock, version: version, descs: map[string]*prometheus.Desc{}, counters: map[string]bool{}}
	for _, d := range Definitions() {
		if d.Counter && !d.asked {
			c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + d.Name, Help: d.Help}, d.Labels)
			m.counters[d.Name] = c
			m.registry.MustRegister(c)
			if len(d.Labels) == 0 {
				c.WithLabelValues() // shown from 0 on
			}
			continue
		}
		shown.descs[d.Name] = prometheus.NewDesc(prefix+d.Name, d.Help, d.Labels, nil)
		shown.counters[d.Name] = d.Counter
	}
	m.registry.MustRegister(shown, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) add(n int, name string, labels ...string) {
	m.counters[name].WithLabelValues(labels...).Add(float64(n))
}

// ExpectNotices shows notices from 0 on, so that the first one is seen to be an increase.
func (m *Metrics) ExpectNotices(codes ...string) {
	for _, code := range codes {
		m.add(0, "notices_total", code)
	}
}

// ExpectOffice does the same for the pushes to a front office.
func (m *Metrics) ExpectOffice(office string) { m.add(0, "pushes_given_up_total", office) }

// ExpectQuota does the same for what a quota refuses.
func (m *Metrics) ExpectQuota(office, what string) { m.add(0, "office_over_quota_total", office, what) }

// Request counts an answer of the front-office API.
func (m *Metrics) Request(operation string, status int) {
	if operation == "" {
		operation = "none"
	}
	m.add(1, "http_requests_total", operation, strconv.Itoa(status))
}

// WrongToken counts a request with a token that is not valid.
func (m *Metrics) WrongToken() { m.add(1, "http_wrong_tokens_total") }

// Ended counts a connection that had to go for others.
func (m *Metrics) Ended() { m.add(1, "http_connections_ended_total") }

// OverQuota counts a request that a front office's quota refused.
func (m *Metrics) OverQuota(office, what string) { m.add(1, "office_over_quota_total", office, what) }

// Accepted counts n forms of an in-basket that ended with a verdict.
func (m *Metrics) Accepted(inbasket string, v connectors.Verdict, n int) {
	m.add(n, "accepted_total", inbasket, v.String())
}

// Outcome counts n deliveries to a target that ended in a class.
func (m *Metrics) Outcome(target string, c connectors.Class, n int) {
	m.add(n, "outcomes_total", target, c.String())
}

// Result counts n results of a source that ended with a verdict.
func (m *Metrics) Result(source string, v connectors.Verdict, n int) {
	m.add(n, "results_total", source, v.String())
}

// Push counts n events pushed to a front office that ended in a class.
func (m *Metrics) Push(office string, c connectors.Class, n int) {
	m.add(n, "pushes_total", office, c.String())
}

// GaveUp counts an event that is not pushed any more.
func (m *Metrics) GaveUp(office string) { m.add(1, "pushes_given_up_total", office) }

// Purged counts n submissions whose content was taken away.
func (m *Metrics) Purged(n int) { m.add(n, "purged_total") }

// Notice counts a notice to the operator.
func (m *Metrics) Notice(code string) { m.add(1, "notices_total", code) }
