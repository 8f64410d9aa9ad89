package monitor

import (
	"context"
	"errors"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

type agentFake struct {
	now     time.Time
	reasons []Reason
	err     error
}

func (a *agentFake) Alive(context.Context) []Reason { return nil }
func (a *agentFake) Ready(context.Context) []Reason { return a.reasons }

// Figures has something of everything, so that every metric is shown.
func (a *agentFake) Figures(context.Context) (Snapshot, error) {
	return Snapshot{
		Summary: journal.Summary{
			States:  map[journal.State]int64{journal.Parked: 2},
			Targets: []journal.TargetSummary{{Target: "register", Open: 3, Oldest: a.now.Add(-time.Minute), Paused: true, Parked: 2}},
			Routes:  []journal.RouteSummary{{Route: "permit", States: map[journal.State]int64{journal.Accepted: 5}, Oldest: a.now.Add(-time.Hour)}},
			Orphans: 1, ParkedResults: 3, Epoch: 1},
		ParkedBy: map[string]int64{"sql.constraint": 2},
		Circuits: map[string]string{"register": "open"}, Batches: map[string]int64{"mainframe": 1},
		Offices:      map[string]Office{"portal": {Waiting: 7, Failing: 4, Oldest: a.now.Add(-2 * time.Hour)}, "quiet": {}},
		Disks:        map[string]disk.Space{"state": {Free: 1 << 30, Size: 1 << 40}},
		Certificates: []Certificate{{Of: "listen", Whose: connectors.WhoseAgent, Until: time.Unix(1800000000, 0)}, {Of: "targets/old", Whose: connectors.WhosePeer}},
		Quotas:       []Quota{{Office: "portal", What: "open", Limit: 10, Used: 4}}, Connections: &Connections{Token: 3, Strange: 5, Limit: 100},
		Journal:  Files{Database: 4096, Log: 512},
		Sources:  []Source{{Kind: "in-basket", Name: "permits", Up: true}, {Kind: "results", Name: "register"}},
		Writable: true, Held: true, Backup: time.Unix(1740000000, 0), Stuck: 2, Hung: 1,
		Reload: Reload{At: time.Unix(1700000000, 0), OK: true},
	}, a.err
}

func rig(t *testing.T) (*agentFake, func(path string) (int, string)) {
	t.Helper()
	c := clock.NewManual()
	a := &agentFake{now: c.Now()}
	m := NewMetrics(a, c, "1.2.3")
	m.Request("submit", 202)
	m.Request("", 404)
	m.Accepted("permits", connectors.Taken, 7)
	m.Outcome("register", connectors.Written, 6)
	m.Result("register", connectors.Repeat, 1)
	m.Push("portal", connectors.Transient, 1)
	m.GaveUp("portal")
	m.Notice("http.internal")
	m.Purged(3)
	m.WrongToken()
	m.Ended()
	m.OverQuota("portal", "rate")
	h := Handler(a, m)
	return a, func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
}

func TestMetrics(t *testing.T) {
	a, get := rig(t)
	_, body := get("/metrics")
	for _, line := range []string{
		`inbasket_submissions{route="permit",state="accepted"} 5`, `inbasket_route_oldest_seconds{route="permit"} 3600`,
		`inbasket_parked 2`, `inbasket_parked_by_code{code="sql.constraint"} 2`,
		`inbasket_target_open{target="register"} 3`, `inbasket_target_oldest_seconds{target="register"} 60`, `inbasket_target_paused{target="register"} 1`,
		`inbasket_target_circuit{state="open",target="register"} 1`, `inbasket_target_circuit{state="closed",target="register"} 0`,
		`inbasket_batches_open{target="mainframe"} 1`, `inbasket_results_orphans 1`, `inbasket_results_parked 3`,
		`inbasket_office_waiting{office="portal"} 7`, `inbasket_office_oldest_seconds{office="portal"} 7200`, `inbasket_office_oldest_seconds{office="quiet"} 0`,
		`inbasket_office_quota{office="portal",what="open"} 10`, `inbasket_office_quota_used{office="portal",what="open"} 4`,
		`inbasket_office_over_quota_total{office="portal",what="rate"} 1`, `inbasket_http_wrong_tokens_total 1`, `inbasket_http_connections_ended_total 1`,
		`inbasket_http_connections{who="token"} 3`, `inbasket_http_connections{who="strange"} 5`, `inbasket_http_connections_limit 100`,
		`inbasket_pushes_failing{office="portal"} 4`, `inbasket_pushes_given_up_total{office="portal"} 1`,
		`inbasket_http_requests_total{operation="submit",status="202"} 1`, `inbasket_accepted_total{inbasket="permits",verdict="taken"} 7`,
		`inbasket_outcomes_total{class="written",target="register"} 6`, `inbasket_info{version="1.2.3"} 1`, `inbasket_journal_up 1`,
		`inbasket_certificate_expiry_timestamp_seconds{of="listen",whose="agent"} 1.8e+09`,
		`inbasket_disk_free_bytes{folder="state"} 1.073741824e+09`, `inbasket_journal_bytes{file="log"} 512`,
		`inbasket_source_up{kind="in-basket",source="permits"} 1`, `inbasket_source_up{kind="results",source="register"} 0`,
		`inbasket_journal_writable 1`, `inbasket_held 1`, `inbasket_last_backup_timestamp_seconds 1.74e+09`, `inbasket_stuck 2`, `inbasket_purged_total 3`, `inbasket_hung 1`,
		`inbasket_config_loaded_timestamp_seconds 1.7e+09`, `inbasket_config_reload_ok 1`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	if strings.Contains(body, "targets/old") {
		t.Error("a certificate is shown whose end is not known")
	}
	for _, d := range Definitions() {
		if !strings.Contains(body, "# HELP "+prefix+d.Name+" ") {
			t.Errorf("%s is defined and never shown", d.Name)
		}
	}
	a.err = errors.New("canary")
	code, body := get("/metrics")
	if code != 200 || !strings.Contains(body, "inbasket_journal_up 0") || strings.Contains(body, "canary") || strings.Contains(body, "inbasket_parked ") {
		t.Errorf("%d %s", code, body)
	}
	if !strings.Contains(body, "inbasket_disk_free_bytes") {
		t.Error("nothing of the disk is shown when the journal cannot be read, which is when it is wanted")
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Definitions() {
		if seen[d.Name] || !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(d.Name) {
			t.Errorf("%s", d.Name)
		}
		seen[d.Name] = true
		if d.Counter != strings.HasSuffix(d.Name, "_total") {
			t.Errorf("%s: counters, and only they, end in _total", d.Name)
		}
		if !strings.HasSuffix(d.Help, ".") {
			t.Errorf("%s: %q is no sentence", d.Name, d.Help)
		}
	}
}

func TestHealth(t *testing.T) {
	a, get := rig(t)
	if code, body := get("/healthz"); code != 200 || !strings.Contains(body, `"alive":true`) {
		t.Errorf("%d %s", code, body)
	}
	if code, body := get("/readyz"); code != 200 || !strings.Contains(body, `"reasons":[]`) {
		t.Errorf("%d %s", code, body)
	}
	a.reasons = []Reason{{Code: "target.circuit", Text: "register"}}
	if code, body := get("/readyz"); code != 503 || !strings.Contains(body, "target.circuit") {
		t.Errorf("%d %s", code, body)
	}
	for _, path := range []string{"/", "/debug/pprof/", "/metrics/x"} {
		if code, _ := get(path); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
}
