package webhook

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/inbasket/inbasket/connectors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

type clock struct{ at time.Time }

func (c clock) Now() time.Time                         { return c.at }
func (c clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

func testEnv() connectors.Env {
	return connectors.Env{Name: "portal", Clock: clock{time.Unix(1614265330, 0)}, Notify: func(connectors.Notice) {}}
}

func open(t *testing.T, change func(*Config)) connectors.FrontOffice {
	t.Helper()
	c := Defaults()
	c.Secret, c.AllowPrivate = testSecret, true
	change(&c)
	o, err := Open(testEnv(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close(); _ = o.Close() })
	return o
}

func event(id, sub string) connectors.Event {
	return connectors.Event{ID: id, Seq: 7, Submission: sub, Reference: "R-1", Type: "decided",
		At: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Data: map[string]any{"reason": "canary", "state": "decided"}}
}

func TestSignKnownAnswer(t *testing.T) {
	k, err := parseSecret(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	got := Sign([][]byte{k}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestPublishSignsWithEveryKeyAndIsThin(t *testing.T) {
	other := NewSecret()
	var body []byte
	var header http.Header
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header = r.Header
	}))
	defer s.Close()
	o := open(t, func(c *Config) { c.URL = s.URL; c.Secrets = []connectors.Secret{connectors.Secret(other)} })
	out, err := o.Publish(context.Background(), []connectors.Event{event("evt_1", "A")})
	if err != nil || len(out) != 1 || out[0].Class != connectors.Written {
		t.Fatalf("got %v, %v", out, err)
	}
	at, _ := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if at != 1614265330 || header.Get("webhook-id") != "evt_1" {
		t.Fatalf("headers %v", header)
	}
	sigs := strings.Fields(header.Get("webhook-signature"))
	for i, s := range []string{testSecret, other} {
		k, _ := parseSecret(s)
		if sigs[i] != Sign([][]byte{k}, "evt_1", at, body) {
			t.Errorf("signature %d does not fit", i)
		}
	}
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"submission.decided","timestamp":"2026-03-01T10:00:00Z","data":{"id":"A","reference":"R-1","state":"decided","seq":7}}`
	if string(body) != want {
		t.Errorf("payload %s", body)
	}
}

func TestPublishClasses(t *testing.T) {
	for _, c := range []struct {
		status int
		header string
		class  connectors.Class
		code   string
		after  time.Duration
	}{
		{200, "", connectors.Written, "", 0},
		{204, "", connectors.Written, "", 0},
		{301, "", connectors.Transient, CodeRedirect, 0},
		{400, "", connectors.Transient, CodeRefused, 0},
		{410, "", connectors.ItemError, CodeGone, 0},
		{429, "7", connectors.Transient, CodeThrottled, 7 * time.Second},
		{503, "Thu, 25 Feb 2021 15:03:10 GMT", connectors.Transient, CodeThrottled, time.Minute},
		{503, "nonsense", connectors.Transient, CodeThrottled, 0},
		{503, "99999999999", connectors.Transient, CodeThrottled, 24 * time.Hour},
		{500, "-3", connectors.Transient, CodeRefused, 0},
	} {
		t.Run(strconv.Itoa(c.status)+c.header, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/inside" {
					t.Error("a redirect was followed")
				}
				w.Header().Set("Location", "/inside")
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				w.WriteHeader(c.status)
			}))
			defer s.Close()
			out, err := open(t, func(c *Config) { c.URL = s.URL }).Publish(context.Background(), []connectors.Event{event("evt_1", "A")})
			if err != nil || len(out) != 1 {
				t.Fatal(out, err)
			}
			if out[0].Class != c.class || out[0].Code != c.code || out[0].After != c.after || out[0].Key != "evt_1" {
				t.Errorf("got %+v", out[0])
			}
		})
	}
}

func TestPublishKeepsOrderOfASubmission(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("webhook-id"))
		if r.Header.Get("webhook-id") == "a1" {
			w.WriteHeader(400)
		}
	}))
	defer s.Close()
	out, err := open(t, func(c *Config) { c.URL = s.URL }).Publish(context.Background(),
		[]connectors.Event{event("a1", "A"), event("a2", "A"), event("b1", "B"), event("c.1", "C")})
	if err != nil || len(out) != 3 || strings.Join(got, " ") != "a1 b1" {
		t.Fatalf("sent %v, outcomes %+v, %v", got, out, err)
	}
	if out[2].Code != CodeEvent || out[2].Class != connectors.ItemError {
		t.Errorf("an ID with a full stop: %+v", out[2])
	}
}

func TestPublishTimeoutAndRefusedConnection(t *testing.T) {
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-hold }))
	o := open(t, func(c *Config) { c.URL = s.URL; c.Timeout = time.Second })
	out, _ := o.Publish(context.Background(), []connectors.Event{event("e", "A")})
	if out[0].Code != CodeTimeout || out[0].Class != connectors.Transient {
		t.Errorf("got %+v", out[0])
	}
	close(hold)
	s.Close()
	out, _ = o.Publish(context.Background(), []connectors.Event{event("e", "A"), event("f", "B")})
	if len(out) != 1 || out[0].Code != CodeConnection || strings.Contains(out[0].Text, "127.0.0.1") {
		t.Errorf("got %+v", out)
	}
	if err := o.Check(context.Background()); connectors.ClassOf(err) != connectors.Transient {
		t.Errorf("check: %v", err)
	}
}

func TestPrivateAddressesAreRefusedWhenDialled(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer s.Close()
	tr, err := newTransport(testEnv(), Defaults())
	if err != nil {
		t.Fatal(err)
	}
	o := &Office{url: s.URL, keys: [][]byte{make([]byte, 32)}, timeout: time.Second, env: testEnv(), client: &http.Client{Transport: tr}, transport: tr}
	out, _ := o.Publish(context.Background(), []connectors.Event{event("e", "A")})
	if out[0].Code != CodeAddress || out[0].Class != connectors.TargetError {
		t.Errorf("got %+v", out[0])
	}
}

func TestPublic(t *testing.T) {
	for a, want := range map[string]bool{
		"8.8.8.8": true, "2a00:1450:4001::1": true, "127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "::": false, "fe80::1": false,
		"fc00::1": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true, "64:ff9b::7f00:1": false, "2002:7f00:1::": false,
		"224.0.0.1": false, "255.255.255.255": false, "::127.0.0.1": false, "2001:0:1::1": false, "198.18.0.1": false,
	} {
		if got := public(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: public %v", a, got)
		}
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = nil
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := open(t, func(c *Config) { c.URL = s.URL }).Publish(context.Background(), []connectors.Event{event("e", "A")})
	if out[0].Code != CodeTLS {
		t.Errorf("unknown authority: %+v", out[0])
	}
	for spelling, set := range map[string]func(*Config){"tls.ca": func(c *Config) { c.TLS.CA = ca }, "ca": func(c *Config) { c.CA = ca }} {
		o := open(t, func(c *Config) { c.URL = s.URL; set(c) })
		out, _ = o.Publish(context.Background(), []connectors.Event{event("e", "A")})
		if out[0].Class != connectors.Written {
			t.Errorf("private CA by %s: %+v", spelling, out[0])
		}
		if err := o.Check(context.Background()); err != nil {
			t.Errorf("%s: %v", spelling, err)
		}
	}
}

func TestProxy(t *testing.T) {
	var asked string
	p := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.String() }))
	defer p.Close()
	o := open(t, func(c *Config) { c.URL = "http://portal.invalid/hook"; c.Proxy = p.URL })
	out, _ := o.Publish(context.Background(), []connectors.Event{event("e", "A")})
	if out[0].Class != connectors.Written || asked != "http://portal.invalid/hook" {
		t.Errorf("got %+v, asked %q", out[0], asked)
	}
}

func TestValidate(t *testing.T) {
	good := Config{URL: "https://portal.example/hook", Secret: testSecret, Timeout: 15 * time.Second}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"http":           func(c *Config) { c.URL = "http://portal.example" },
		"no host":        func(c *Config) { c.URL = "https:///x" },
		"user":           func(c *Config) { c.URL = "https://u:p@portal.example" },
		"loopback":       func(c *Config) { c.URL = "https://127.0.0.1/x" },
		"localhost":      func(c *Config) { c.URL = "https://localhost/x" },
		"link-local":     func(c *Config) { c.URL = "https://[fe80::1]/x" },
		"secret":         func(c *Config) { c.Secret = "hunter2" },
		"short secret":   func(c *Config) { c.Secret = "whsec_YWJj" },
		"second secret":  func(c *Config) { c.Secrets = []connectors.Secret{"x"} },
		"timeout":        func(c *Config) { c.Timeout = 0 },
		"half a pair":    func(c *Config) { c.Certificate = "x.pem" },
		"half of tls":    func(c *Config) { c.TLS.Key = "x.pem" },
		"two spellings":  func(c *Config) { c.CA, c.TLS.CA = "x.pem", "x.pem" },
		"proxy":          func(c *Config) { c.Proxy = "proxy" },
		"too many":       func(c *Config) { c.Secrets = []connectors.Secret{testSecret, testSecret, testSecret} },
		"no ca in it":    func(c *Config) { c.CA = "webhook_test.go" },
		"behind a proxy": func(c *Config) { c.CA, c.Proxy = "/does/not/exist", "http://proxy:8080" },
	} {
		c := good
		change(&c)
		_, err := Open(testEnv(), c)
		var e *connectors.Error
		if !errors.As(err, &e) || e.Code != CodeConfig {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is in the error", name)
		}
	}
	if _, ok := (connectors.Registry{Definition()}).Find(connectors.RoleFrontOffice, "webhook"); !ok {
		t.Error("not found by role and type")
	}
}

func TestScheduleSpansDays(t *testing.T) {
	var sum time.Duration
	for _, d := range Schedule() {
		sum += d
	}
	if want := 75*time.Hour + 35*time.Minute + 5*time.Second; sum != want {
		t.Errorf("%v, want %v", sum, want)
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Thu, 25 Feb 2021 15:03:10 GMT")
	f.Fuzz(func(t *testing.T, h string) {
		if d := retryAfter(h, time.Unix(0, 0)); d < 0 || d > 24*time.Hour {
			t.Errorf("%q: %v", h, d)
		}
	})
}
