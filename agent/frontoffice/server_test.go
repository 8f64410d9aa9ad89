package frontoffice

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

func TestTokens(t *testing.T) {
	token, hash := NewToken()
	if !strings.HasPrefix(token, "ibk_") || HashToken(token) != hash || len(hash) != 64 {
		t.Errorf("%s %s", token, hash)
	}
	b := newBench(t, nil)
	go func() { // wrong tokens are answered late
		for range b.clock.asked {
			b.clock.fire()
		}
	}()
	defer close(b.clock.asked)
	for name, h := range map[string]string{"none": "", "other scheme": "Basic " + b.token, "wrong": "Bearer " + token,
		"prefix": "Bearer " + b.token[:20], "no token": "Bearer", "long": "Bearer " + strings.Repeat("x", 5000), "spaces": "Bearer  " + b.token} {
		resp, body := b.do("GET", "/v1/events", "", "Authorization", h)
		wantProblem(t, resp, body, 401, CodeToken)
		if !strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %v", name, resp.Header)
		}
	}
	if resp, _ := b.do("GET", "/v1/events", "", "Authorization", "bearer "+b.token); resp.StatusCode != 200 {
		t.Errorf("scheme in lower case: %d", resp.StatusCode)
	}
	// Rotation: old and new are valid together, then the new one only; a wrong list changes nothing.
	if err := b.api.SetOffices([]Office{{Name: "portal", Tokens: []string{HashToken(b.token), hash}}}); err != nil {
		t.Fatal(err)
	}
	for _, tok := range []string{b.token, token} {
		if resp, _ := b.do("GET", "/v1/events", "", "Authorization", "Bearer "+tok); resp.StatusCode != 200 {
			t.Errorf("%d", resp.StatusCode)
		}
	}
	for _, wrong := range [][]string{{hash, hash}, {"x"}, {token}, {hash, HashToken("a"), HashToken("b")}} {
		err := b.api.SetOffices([]Office{{Name: "portal", Tokens: wrong}})
		var e *connectors.Error
		if !errors.As(err, &e) || e.Code != CodeTokens {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	if resp, _ := b.do("GET", "/v1/events", "", "Authorization", "Bearer "+token); resp.StatusCode != 200 {
		t.Errorf("%d", resp.StatusCode)
	}
}

func TestPathsAndMethods(t *testing.T) {
	b := newBench(t, nil)
	for _, p := range []string{"/", "/v1", "/v1/", "/v2/events", "/v1/events/", "//v1/events", "/v1//events", "/v1/../v1/events", "/v1/submissions/%2e%2e/events",
		"/v1/submissions/a%2fb", "/v1/openapi.yaml", "/v1/openapi-3.0.json", "/v1/submissions/x/documents", "/v1/events%00", "/V1/events", "/docs", "/schemas/Event"} {
		resp, body := b.do("GET", p, "")
		wantProblem(t, resp, body, 404, CodeNotFound)
	}
	for p, allow := range map[string]string{"/v1/events": "GET, HEAD", "/v1/submissions": "POST", "/v1/cursors/a": "GET, HEAD, PUT", "/v1/openapi.json": "GET, HEAD"} {
		resp, body := b.do("DELETE", p, "")
		wantProblem(t, resp, body, 405, CodeMethod)
		if resp.Header.Get("Allow") != allow {
			t.Errorf("%s allows %q", p, resp.Header.Get("Allow"))
		}
	}
}

func TestSecurityHeadersAreEverywhere(t *testing.T) {
	b := newBench(t, nil)
	for _, p := range []string{"/v1/events", "/nothing", "/v1/openapi.json"} {
		resp, _ := b.do("GET", p, "")
		for _, h := range []string{"X-Content-Type-Options", "Content-Security-Policy", "Cache-Control", "Referrer-Policy"} {
			if resp.Header.Get(h) == "" {
				t.Errorf("%s without %s", p, h)
			}
		}
	}
}

func TestPanicEndsOneRequestOnly(t *testing.T) {
	b := newBench(t, nil)
	b.submit = func(context.Context, string, Incoming) (Receipt, error) { panic("canary") }
	resp, body := b.do("POST", "/v1/submissions", "{}", "Content-Type", "application/json")
	wantProblem(t, resp, body, 500, CodeInternal)
	if strings.Contains(fmt.Sprint(b.notice), "canary") || len(b.notice) != 1 {
		t.Errorf("%v", b.notice)
	}
	if resp, _ := b.do("GET", "/v1/events", ""); resp.StatusCode != 200 || b.api.reads.used.Load() != 0 {
		t.Error("it goes on badly")
	}
}

func TestTooManyRequests(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Limits = DefaultLimits(); o.Limits.Requests, o.Limits.Polls = 1, 1 })
	in, out := make(chan struct{}), make(chan struct{})
	b.submit = func(context.Context, string, Incoming) (Receipt, error) {
		close(in)
		<-out
		return Receipt{}, nil
	}
	done := make(chan struct{})
	go func() { b.do("POST", "/v1/submissions", "{}", "Content-Type", "application/json"); close(done) }()
	<-in
	resp, body := b.do("POST", "/v1/submissions", "{}", "Content-Type", "application/json")
	wantProblem(t, resp, body, 503, CodeBusy)
	close(out)
	<-done
	// A long poll holds no one up; one too many is told when to come again, and not answered as if it had waited.
	polled := make(chan struct{})
	go func() { b.do("GET", "/v1/events", "", "Prefer", "wait=9"); close(polled) }()
	<-b.clock.asked
	resp, body = b.do("GET", "/v1/events", "", "Prefer", "wait=9")
	if wantProblem(t, resp, body, 503, CodeBusy); resp.Header.Get("Retry-After") != "5" {
		t.Errorf("%v", resp.Header)
	}
	if resp, _ = b.do("GET", "/v1/events", ""); resp.StatusCode != 200 {
		t.Errorf("without a wait: %d", resp.StatusCode)
	}
	b.clock.fire()
	<-polled
}

func raw(t *testing.T, b *bench, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, request)
	line, _ := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line)
}

func TestHostileConnections(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Limits = DefaultLimits(); o.Limits.Idle = 50 * time.Millisecond })
	head := "POST /v1/submissions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b.token + "\r\nContent-Type: application/json\r\n"
	for name, c := range map[string][2]string{
		"huge header":       {"GET /v1/events HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 64<<10) + "\r\n\r\n", "431"},
		"no host":           {"GET /v1/events HTTP/1.1\r\n\r\n", "400"},
		"slow body":         {head + "Content-Length: 100\r\n\r\n{", "408"},
		"slow chunks":       {head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "408"},
		"two lengths":       {head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400"},
		"length and chunks": {head + "Content-Length: 2\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{}", "400"},
		"smuggled header":   {head + "X: a\rY: b\r\nContent-Length: 2\r\n\r\n{}", "400"},
		"two tokens":        {strings.Replace(head, "Content-Type", "Authorization: Bearer x\r\nContent-Type", 1) + "Content-Length: 2\r\n\r\n{}", "400"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := raw(t, b, c[0]); !strings.Contains(got, " "+c[1]+" ") {
				t.Errorf("got %q, want %s", got, c[1])
			}
		})
	}
	if len(b.incoming) > 0 {
		t.Error("something was handed on")
	}
}

func TestTricklingBody(t *testing.T) {
	start := time.Unix(0, 0)
	c := &stepClock{at: start}
	p := &pacedReader{r: strings.NewReader(strings.Repeat("x", 100000)), rc: http.NewResponseController(httptest.NewRecorder()), clock: c, idle: time.Second}
	one := make([]byte, 1)
	for i := range 100 {
		if _, err := p.Read(one); err != nil {
			if !errors.Is(err, errSlow) || i < 30 {
				t.Errorf("after %d s: %v", i, err)
			}
			return
		}
		c.at = c.at.Add(time.Second)
	}
	t.Error("it went on for ever")
}

type stepClock struct{ at time.Time }

func (c *stepClock) Now() time.Time                       { return c.at }
func (c *stepClock) After(time.Duration) <-chan time.Time { return nil }

func TestListenRefuses(t *testing.T) {
	for a, code := range map[string]string{"0.0.0.0:0": CodeTLSRequired, ":0": CodeTLSRequired, "[::]:0": CodeTLSRequired, "10.0.0.1:0": CodeTLSRequired,
		"example.org:80": CodeTLSRequired, "127.0.0.1": CodeListen, "127.0.0.1:0": "", "[::1]:80": "", "localhost:80": "", "[::ffff:127.0.0.1]:80": ""} {
		err := ListenConfig{Address: a}.Validate()
		var e *connectors.Error
		if (code == "") != (err == nil) || err != nil && (!errors.As(err, &e) || e.Code != code) {
			t.Errorf("%s: %v", a, err)
		}
	}
	if err := (ListenConfig{Address: "0.0.0.0:0", Certificate: "a"}).Validate(); err == nil {
		t.Error("half a pair")
	}
	_, err := Listen(context.Background(), ListenConfig{Address: "0.0.0.0:0", Certificate: "/none", Key: "/none"}, nil, nil, newClock(), nil)
	var e *connectors.Error
	if !errors.As(err, &e) || e.Code != CodeCertificate {
		t.Errorf("%v", err)
	}
}

// writeCert puts a self-signed certificate with a serial number into dir.
func writeCert(t *testing.T, dir string, serial int64) {
	t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	k, _ := x509.MarshalPKCS8PrivateKey(key)
	for name, b := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: k}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(serial*1000, 0)
		_ = os.Chtimes(filepath.Join(dir, name), at, at)
	}
}

func TestCertificateIsReloaded(t *testing.T) {
	dir := t.TempDir()
	writeCert(t, dir, 1)
	var notices []connectors.Notice
	c := &stepClock{at: time.Unix(0, 0)}
	s := &certificates{config: ListenConfig{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}, clock: c,
		notify: func(n connectors.Notice) { notices = append(notices, n) }}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		c.at = c.at.Add(lookEvery)
		pair, err := s.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		cert, _ := x509.ParseCertificate(pair.Certificate[0])
		return cert.SerialNumber.Int64()
	}
	if serial() != 1 {
		t.Error("the first")
	}
	writeCert(t, dir, 2)
	if serial() != 2 {
		t.Error("the second was not taken")
	}
	_ = os.WriteFile(filepath.Join(dir, "key.pem"), []byte("half"), 0o600)
	again := serial()
	if serial() != again || again != 2 || len(notices) != 1 || notices[0].Code != CodeCertificate {
		t.Errorf("%v", notices)
	}
	writeCert(t, dir, 3)
	if serial() != 3 {
		t.Error("the third was not taken")
	}
}

func TestTLSListener(t *testing.T) {
	dir := t.TempDir()
	writeCert(t, dir, 1)
	b := newBench(t, nil)
	s, err := Listen(context.Background(), ListenConfig{Address: "0.0.0.0:0", Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")},
		b.api.Handler(), nil, b.clock, func(connectors.Notice) {})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve() }()
	_, port, _ := net.SplitHostPort(s.Addr())
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	r, _ := http.NewRequest("GET", "https://127.0.0.1:"+port+"/v1/events", nil)
	r.Header.Set("Authorization", "Bearer "+b.token)
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%v", resp)
	}
	tr.CloseIdleConnections()
	for range 2 {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOpenAPI(t *testing.T) {
	b := newBench(t, nil)
	resp, body := b.do("GET", "/v1/openapi.json", "", "Authorization", "")
	want, err := OpenAPI("")
	if err != nil || resp.StatusCode != 200 || body != string(want) {
		t.Errorf("%d %v %s", resp.StatusCode, err, body)
	}
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			Responses   map[string]any `json:"responses"`
			RequestBody struct {
				Content map[string]any `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Paths) != 6 || doc.Components.Schemas["Problem"] == nil || doc.Components.Schemas["ErrorModel"] != nil {
		t.Errorf("%+v", doc)
	}
	post := doc.Paths["/v1/submissions"]["post"]
	if len(post.RequestBody.Content) != 7 || post.Responses["202"] == nil || post.Responses["409"] == nil || post.Responses["422"] == nil {
		t.Errorf("%+v", post)
	}
}

// TestFormsHaveTheirPlaces fills all places of those who read: a form is accepted all the same.
func TestFormsHaveTheirPlaces(t *testing.T) {
	b := newBench(t, nil)
	b.api.reads.max = 0
	resp, body := b.do("GET", "/v1/events", "")
	wantProblem(t, resp, body, 503, CodeBusy)
	if resp, body := b.do("POST", "/v1/submissions", `{"a": 1}`, "Content-Type", "application/json"); resp.StatusCode != 202 {
		t.Errorf("a form is answered with %d %s", resp.StatusCode, body)
	}
}
