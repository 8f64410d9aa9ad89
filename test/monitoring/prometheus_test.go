package monitoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shownConfig returns what operate.md tells people to write for Prometheus, with the rules and the agent of a test.
func shownConfig(t *testing.T, rules, agent string) string {
	t.Helper()
	page := read(t, root+"/docs/operate.md")
	_, rest, found := strings.Cut(page, "   rule_files:")
	block, _, ended := strings.Cut(rest, "```")
	const shownRules, shownAgent = "/usr/share/inbasket/monitoring/alerts.yaml", "127.0.0.1:8471"
	if !found || !ended || !strings.Contains(block, shownRules) || !strings.Contains(block, shownAgent) {
		t.Fatalf("operate.md does not show a configuration of Prometheus: %q", block)
	}
	block = strings.NewReplacer(shownRules, rules, shownAgent, agent, "\n   ", "\n").Replace("rule_files:" + block)
	return "global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}\n" + block
}

// server is a real Prometheus that asks a running agent.
type server struct {
	t    *testing.T
	base string
	log  bytes.Buffer
}

func prometheus(t *testing.T, agent string) *server {
	t.Helper()
	if _, err := exec.LookPath("prometheus"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("Prometheus is not here: go run ./test/servers/install prometheus")
	}
	dir := t.TempDir()
	rules, err := filepath.Abs(folder + "/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "prometheus.yml", shownConfig(t, rules, agent))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, base: "http://" + l.Addr().String()}
	l.Close() // Prometheus cannot say which port it has taken
	cmd := exec.CommandContext(t.Context(), "prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+l.Addr().String())
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	return s
}

// get asks the server's API; what it cannot answer yet is an error.
func (s *server) get(path string, into any) error {
	resp, err := http.Get(s.base + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// query returns how many series an expression has now.
func (s *server) query(expr string) (int, error) {
	var data struct{ Result []json.RawMessage }
	err := s.get("/api/v1/query?query="+url.QueryEscape(expr), &data)
	return len(data.Result), err
}

func (s *server) until(what string, ok func() bool) {
	s.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(60 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// silent are parts of queries that have no answer while all is well.
var silent = []string{"== 0", "== 1", "state!=", "> 0", "http_requests", "results_total", "[5m]"}

// TestRealPrometheus has a real Prometheus ask a running agent, evaluate the alerts and answer the dashboard.
func TestRealPrometheus(t *testing.T) {
	s := prometheus(t, run(t))
	s.until("the agent is asked", func() bool {
		n, err := s.query(`up{job="inbasket"} == 1 and on (instance) count_over_time(inbasket_info[1m]) > 2`)
		return err == nil && n == 1
	})
	for _, q := range queries(t) {
		n, err := s.query(q)
		if err != nil {
			t.Error(err)
		}
		expected := true
		for _, part := range silent {
			expected = expected && !strings.Contains(q, part)
		}
		if expected && n == 0 {
			t.Errorf("no answer to %s", q)
		}
	}
	// The world's certificate ends in a week, no backup was made, a form is parked: these alerts begin, and no other
	// that tells of something being down.
	want := map[string]bool{"InbasketCertificateExpires": true, "InbasketBackupOld": true, "InbasketParked": true}
	never := []string{"InbasketDown", "InbasketJournalDown", "InbasketStuck", "InbasketHeld", "InbasketReloadRefused", "InbasketCertificateExpiresSoon"}
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Health, State, LastError string }
		}
	}
	begun := map[string]bool{}
	s.until("alerts begin", func() bool {
		if err := s.get("/api/v1/rules", &data); err != nil {
			return false
		}
		for _, g := range data.Groups {
			for _, r := range g.Rules {
				begun[r.Name] = r.State != "inactive"
				if r.Health == "err" {
					t.Errorf("%s: %s", r.Name, r.LastError)
				}
			}
		}
		for name := range want {
			if !begun[name] {
				return false
			}
		}
		return true
	})
	for _, name := range never {
		if begun[name] {
			t.Errorf("%s begins for an agent that is well", name)
		}
	}
}
