package agent_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
)

// scrape returns the metrics of a running agent.
func (w *world) scrape() string {
	w.t.Helper()
	resp, err := http.Get("http://" + w.at.Monitor + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatal(resp.Status, err)
	}
	return string(b)
}

func (w *world) shows(lines ...string) {
	w.t.Helper()
	var body string
	w.until(strings.Join(lines, ", "), func() bool {
		body = w.scrape()
		for _, line := range lines {
			if !strings.Contains(body, "\n"+line) {
				return false
			}
		}
		return true
	})
}

func TestMetricsOfARunningAgent(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.shows(`inbasket_config_reload_ok 1`, `inbasket_config_loaded_timestamp_seconds 1.`, `inbasket_disk_free_bytes{folder="state"} `,
		`inbasket_disk_size_bytes{folder="inbaskets/permits"} `, `inbasket_disk_free_bytes{folder="targets/drop"} `, `inbasket_journal_bytes{file="database"} `,
		`inbasket_target_circuit{state="closed",target="register"} 1`)
	w.post(`{"ref": "A-1", "name": "Huber"}`, "application/json").expect(t, "a form", http.StatusAccepted, "")
	w.post(`{"ref": "A-2", "name": "FORBIDDEN"}`, "application/json").expect(t, "a form", http.StatusAccepted, "")
	w.shows(`inbasket_parked_by_code{code="sql.constraint"} 1`, `inbasket_submissions{route="permit",state="parked"} 1`, `inbasket_target_parked{target="register"} 1`,
		`inbasket_office_waiting{office="portal"} `, `inbasket_office_oldest_seconds{office="portal"} `, `inbasket_route_oldest_seconds{route="permit"} `)
	if body := w.scrape(); strings.Contains(body, "Huber") || strings.Contains(body, "A-1") {
		t.Error("metrics tell of a form")
	}

	good, err := os.ReadFile(w.dir + "/inbasket.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w.write("inbasket.yaml", "agenzy: wrong")
	if _, err := w.agent.Reload(t.Context(), control.ReloadRequest{}); err == nil {
		t.Error("a wrong configuration was taken")
	}
	w.shows(`inbasket_config_reload_ok 0`)
	w.write("inbasket.yaml", strings.ReplaceAll(string(good), "drop:", "drop2:"))
	if _, err := w.agent.Reload(t.Context(), control.ReloadRequest{Force: true}); err == nil {
		t.Error("a mapping without its target was taken")
	}
	w.write("inbasket.yaml", string(good))
	if _, err := w.agent.Reload(t.Context(), control.ReloadRequest{}); err != nil {
		t.Error(err)
	}
	w.shows(`inbasket_config_reload_ok 1`)
}

// TestMetricsOfCertificates serves front offices over TLS and pushes to one over TLS.
func TestMetricsOfCertificates(t *testing.T) {
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer receiver.Close()
	w := newWorld(t)
	peer := receiver.Certificate()
	w.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: peer.Raw})))
	pair := receiver.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	w.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	cfg, err := os.ReadFile(w.dir + "/inbasket.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("INBASKET_TEST_HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	text := strings.ReplaceAll(string(cfg), "address: 127.0.0.1:0}", "address: 127.0.0.1:0, tls: {cert: ca.pem, key: key.pem}}")
	text = strings.ReplaceAll(text, "portal: {", `portal: {webhook: {url: "`+receiver.URL+`", secret: "${env:INBASKET_TEST_HOOK}", ca: ca.pem, allow-private: true}, `)
	w.write("inbasket.yaml", text)
	w.start()
	w.write("in/form.json", `{"ref": "A-1", "name": "Huber"}`)
	until := fmt.Sprintf("%.9g", float64(peer.NotAfter.Unix()))
	w.shows(`inbasket_certificate_expiry_timestamp_seconds{of="listen",whose="agent"} `, `inbasket_certificate_expiry_timestamp_seconds{of="front-offices/portal",whose="peer"} `)
	if body := w.scrape(); !strings.Contains(body, until[:6]) {
		t.Errorf("no %s in\n%s", until, body)
	}
	w.write("inbasket.yaml", strings.ReplaceAll(string(cfg), "address: 127.0.0.1:0}", "address: 127.0.0.1:0, tls: {cert: ca.pem, key: key.pem}}"))
	if _, err := w.agent.Reload(t.Context(), control.ReloadRequest{}); err != nil {
		t.Fatal(err)
	}
	if body := w.scrape(); strings.Contains(body, `of="front-offices/portal"`) || !strings.Contains(body, `of="listen"`) {
		t.Error("a certificate is shown of a webhook that is configured no more")
	}
}

// TestMetricsOfARestore looks at what Prometheus sees of backups and of an agent that waits for its release.
func TestMetricsOfARestore(t *testing.T) {
	w := restorable(t)
	w.start()
	w.shows(`inbasket_last_backup_timestamp_seconds 0`, `inbasket_held 0`)
	file := w.backup("one.tar")
	if _, err := orders.BackedUp.Give(t.Context(), w.agent.Desk(), control.BackedUpRequest{Made: time.Now()}); err != nil {
		t.Fatal(err)
	}
	w.shows(`inbasket_last_backup_timestamp_seconds 1.`)
	w.lose()
	w.restore(file, false)
	w.start()
	w.shows(`inbasket_held 1`, `inbasket_journal_up 1`)
	resp, err := http.Get("http://" + w.at.Monitor + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(b), agent.CodeHeld) {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
	w.gathered()
	w.endHold(control.EndHoldRequest{AcceptSeq: []string{"batches"}, TrustAbsent: []string{"drop", "batches"}})
	w.shows(`inbasket_held 0`)
}
