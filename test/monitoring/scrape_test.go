package monitoring

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors/all"
)

// world has one of everything that metrics tell of: a database that is not there, a batch target, a front office that
// polls and one that is pushed to, a certificate, a form that is parked and one that is delivered.
var world = map[string]string{
	"inbasket.yaml": `
agency: Bauamt Teststadt
state: state
monitor: 127.0.0.1:0
listen: {address: 127.0.0.1:0, tls: {cert: cert.pem, key: key.pem}}
inbaskets:
  permits: {folder: {path: in, quiet: 0s, poll: 50ms, errors: error}}
targets:
  drop: {folder: {path: drop}, file: {name: "{reference}.csv"}}
  mainframe: {folder: {path: batches}, batch: {close: {count: 2}, name: "B{seq:06}.DAT"}}
front-offices:
  portal: {quota: {open: 10000}, tokens: ["7d5c6a2d5d0e6b1e3a4f4a7c3d2b1a0f7d5c6a2d5d0e6b1e3a4f4a7c3d2b1a0f"]}
  city: {webhook: {url: "https://127.0.0.1:9/hook", secret: "${env:INBASKET_TEST_HOOK}", allow-private: true}}
routes:
  permit: {from: permits, mapping: permit.yaml, front-office: city}
`,
	"permit.yaml": `
mapping: permit
version: 1
input: {format: json, reference: form.ref, unused: allow}
layouts:
  line: {format: fixed, charset: iso-8859-1, fields: [{name: REF, width: 12}]}
  row: {format: csv, fields: [{name: REF}]}
write:
  - {as: line, to: mainframe, layout: line, fields: {REF: form.ref}}
  - {as: row, to: drop, layout: row, fields: {REF: form.ref}}
`,
	"in/a.json":    `{"ref": "A-1"}`,
	"in/b.json":    `{"ref": "A-2"}`,
	"drop/A-2.csv": "of another system",
}

// certificate writes a certificate that ends in a week.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(7 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, dir, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run starts an agent in a world of its own and returns where it tells of itself.
func run(t *testing.T) (monitor string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("INBASKET_TEST_HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	for name, content := range world {
		write(t, dir, name, content)
	}
	if err := os.Mkdir(filepath.Join(dir, "batches"), 0o755); err != nil {
		t.Fatal(err)
	}
	certificate(t, dir)
	cfg, err := config.Load(filepath.Join(dir, "inbasket.yaml"), all.Registry(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan agent.Addresses, 1), make(chan error, 1)
	a, err := agent.New(ctx, agent.Options{Config: cfg, Log: zerolog.Nop(), Ready: func(at agent.Addresses) { ready <- at }})
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case at := <-ready:
		return at.Monitor
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
		return ""
	}
}

func scrape(t *testing.T, at string) string {
	t.Helper()
	resp, err := http.Get("http://" + at + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	metric = regexp.MustCompile(`\b(inbasket|process|go)_[a-z_]+\b`)
	series = regexp.MustCompile(`(?m)^((?:inbasket|process|go)_[a-z_]+)[{ ]`)
	pairs  = regexp.MustCompile(`\b((?:inbasket)_[a-z_]+)\{([^}]*)\}`)
	label  = regexp.MustCompile(`([a-z]+) *(?:=~|!=|=)`)
)

// TestMetricsAreNamedAsUsual has Prometheus's linter look at what a running agent shows.
func TestMetricsAreNamedAsUsual(t *testing.T) {
	promtoolReads(t, scrape(t, run(t)), "check", "metrics")
}

// TestMetricsAreThere looks whether what dashboard and alerts ask for is shown by a running agent, with the labels
// that they go by.
func TestMetricsAreThere(t *testing.T) {
	at := run(t)
	labels := map[string]string{"instance": "", "job": ""}
	for _, d := range monitor.Definitions() {
		labels["inbasket_"+d.Name] = " " + strings.Join(d.Labels, " ") + " instance job "
	}
	asked := map[string]bool{}
	ask := func(from, expr string) {
		for _, m := range metric.FindAllString(expr, -1) {
			asked[m] = true
		}
		for _, m := range pairs.FindAllStringSubmatch(expr, -1) {
			for _, l := range label.FindAllStringSubmatch(m[2], -1) {
				if !strings.Contains(labels[m[1]], " "+l[1]+" ") {
					t.Errorf("%s: %s has no label %s", from, m[1], l[1])
				}
			}
		}
	}
	for _, g := range alerts(t).Groups {
		for _, r := range g.Rules {
			ask(r.Alert, r.Expr)
		}
	}
	for _, q := range queries(t) {
		ask("dashboard", q)
	}
	var missing []string
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-tick.C {
		shown := map[string]bool{}
		for _, m := range series.FindAllStringSubmatch(scrape(t, at), -1) {
			shown[m[1]] = true
		}
		missing = nil
		for m := range asked {
			if !shown[m] && !later[m] {
				missing = append(missing, m)
			}
		}
		if len(missing) == 0 {
			break
		}
	}
	if len(missing) > 0 {
		t.Errorf("a running agent does not show %v", missing)
	}
	if len(asked) < 25 {
		t.Errorf("only %d metrics are asked for", len(asked))
	}
}

// later are metrics that this world's agent has no reason to show; the unit tests of agent/monitor show them.
var later = map[string]bool{"inbasket_http_requests_total": true, "inbasket_results_total": true}
