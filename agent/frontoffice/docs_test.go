package frontoffice

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// need skips where a tool of the examples is missing, but not on CI.
func need(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", tool)
		}
		t.Skipf("%s is missing", tool)
	}
}

// blocks returns the code of one language in the page for front-office developers.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	b, err := os.ReadFile("../../docs/front-office.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(b), -1) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		t.Fatalf("no examples in %s", language)
	}
	return out
}

func TestDocumentedCurlExamples(t *testing.T) {
	need(t, "curl")
	need(t, "sh")
	b := newBench(t, nil)
	v := submission(b, journal.Decided)
	b.put(v)
	b.document(sub, "permit.pdf", "application/pdf", "the permit")
	b.emit(journal.Event{ID: sub, Office: "portal", Type: "decided"})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plan.pdf"), []byte("PDF"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{"HTTP/1.1 202 Accepted", "HTTP/1.1 202 Accepted", `"state":"decided"`, "HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "", `"next":`, `"name":"main"`}
	examples := blocks(t, "sh")
	if len(examples) != len(want) {
		t.Fatalf("%d examples, %d expected", len(examples), len(want))
	}
	go func() { // the documented wait for a change ends by the clock; that for events finds one
		<-b.clock.asked
		b.clock.fire()
	}()
	for i, e := range examples {
		cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", e)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "INBASKET="+b.url, "TOKEN="+b.token, "ID="+sub.String(), "NEXT="+b.api.cursorAt("portal", 1))
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want[i]) || strings.Contains(string(out), "urn:inbasket:problem") {
			t.Errorf("example %d: %v\n%s\n%s", i+1, err, e, out)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "permit.pdf")); err != nil || string(got) != "the permit" {
		t.Errorf("fetched %q, %v", got, err)
	}
	if len(b.incoming) != 2 || len(b.incoming[1].Attachments) != 1 || b.acks["portal/main"] != 1 {
		t.Errorf("%d forms, acknowledged %v", len(b.incoming), b.acks)
	}
}

// signed returns a webhook as the agent signs it.
func signed() (secret, body string, h http.Header) {
	key := []byte("0123456789abcdef0123456789abcdef")
	body = `{"type":"submission.decided"}`
	h = http.Header{}
	h.Set("webhook-id", "evt_1")
	h.Set("webhook-timestamp", "1772359200")
	mac := hmac.New(sha256.New, key) // by hand: the page must agree with the standard, not with our code
	fmt.Fprintf(mac, "evt_1.1772359200.%s", body)
	h.Set("webhook-signature", "v1,AAAA v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return "whsec_" + base64.StdEncoding.EncodeToString(key), body, h
}

func TestDocumentedPythonVerifies(t *testing.T) {
	need(t, "python3")
	secret, body, h := signed()
	script := blocks(t, "python")[0] + fmt.Sprintf(`
h = {"webhook-id": %q, "webhook-timestamp": %q, "webhook-signature": %q}
print(verify(%q, h, %q.encode(), 1772359210), verify(%q, h, b"other", 1772359210), verify(%q, h, %q.encode(), 1772369210))
`, h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), secret, body, secret, secret, body)
	out, err := exec.CommandContext(t.Context(), "python3", "-c", script).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "True False False" {
		t.Errorf("%v %s", err, out)
	}
}

func TestDocumentedGoVerifies(t *testing.T) {
	need(t, "go")
	secret, body, h := signed()
	dir := t.TempDir()
	main := fmt.Sprintf(`package main

import (
	"fmt"
	"net/http"
	"time"
)

func main() {
	h := http.Header{"Webhook-Id": {%q}, "Webhook-Timestamp": {%q}, "Webhook-Signature": {%q}}
	at := time.Unix(1772359210, 0)
	fmt.Println(Verify(%q, h, []byte(%q), at), Verify(%q, h, []byte("other"), at), Verify(%q, h, []byte(%q), at.Add(time.Hour)))
}
`, h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), secret, body, secret, secret, body)
	for name, text := range map[string]string{"main.go": main, "verify.go": blocks(t, "go")[0], "go.mod": "module example\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "true false false" {
		t.Errorf("%v %s", err, out)
	}
}
