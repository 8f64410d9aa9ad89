package frontoffice

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/inbasket/inbasket/agent/httpserver"
)

// realClock is the clock of the time that synctest makes.
type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// pipes is a listener whose connections are in memory.
type pipes struct {
	come chan net.Conn
	done chan struct{}
	once sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.come:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.come <- theirs
	return ours
}

// inNoTime runs a whole server in time that passes when nobody has anything to do.
func inNoTime(t *testing.T, conf *tls.Config, f func(b *bench, dial func() net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newUnserved(t, func(o *Options) {
			o.Clock = realClock{}
			o.Limits = DefaultLimits()
			o.Limits.Form = 200_000
		})
		ln := &pipes{come: make(chan net.Conn), done: make(chan struct{})}
		s := newServer(httpserver.New(ln, httpserver.Options{TLS: conf, Tokens: true, Problem: unreadable}), conf, b.api.Handler(), b.api.Stop)
		done := make(chan error)
		go func() { done <- s.Serve() }()
		defer func() {
			if err := s.Close(context.Background()); err != nil {
				t.Error(err)
			}
			<-done
		}()
		f(b, ln.dial)
	})
}

// drip is a text that comes n bytes a second.
type drip struct {
	text string
	n    int
}

func (d *drip) Read(p []byte) (int, error) {
	if d.text == "" {
		return 0, io.EOF
	}
	<-time.After(time.Second)
	n := copy(p, d.text[:min(d.n, len(d.text))])
	d.text = d.text[n:]
	return n, nil
}

// TestSlowClientsAreTold sends each part of a request too slowly: the client reads a problem before its connection ends.
func TestSlowClientsAreTold(t *testing.T) {
	long := strings.Repeat("x", 1000)
	head := func(line, more string) string {
		return line + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n" + more
	}
	json := head("POST /v1/submissions", "Content-Type: application/json\r\n")
	multi := head("POST /v1/submissions", "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n")
	form := "--b\r\nContent-Disposition: form-data; name=form\r\nContent-Type: application/json\r\n\r\n{}\r\n"
	file := "--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n"
	for name, c := range map[string]struct {
		atOnce string
		slowly string
		rate   int
		pause  bool // after slowly nothing more comes
		status int
		code   string
		within time.Duration
	}{
		"head drips":           {json, "X: " + long, 5, false, 408, CodeTooSlow, 11 * time.Second},
		"head stops":           {json, "", 1, true, 408, CodeTooSlow, 11 * time.Second},
		"body drips":           {json + "Content-Length: 100000\r\n\r\n", long + long + long + long, 100, false, 408, CodeTooSlow, time.Minute},
		"body stops":           {json + "Content-Length: 100000\r\n\r\n", "{", 1, true, 408, CodeTooSlow, 30 * time.Second},
		"body stops late":      {json + "Content-Length: 100000\r\n\r\n", strings.Repeat(long, 25), 1000, true, 408, CodeTooSlow, time.Minute},
		"chunks drip":          {json + "Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\nx\r\n", 1000), 6, false, 408, CodeTooSlow, time.Minute},
		"length of a chunk":    {json + "Transfer-Encoding: chunked\r\n\r\n1;x=", long, 1, false, 408, CodeTooSlow, time.Minute},
		"trailer drips":        {json + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nX: ", long, 1, false, 408, CodeTooSlow, time.Minute},
		"head of a part":       {multi + "--b\r\nX: ", long, 10, false, 408, CodeTooSlow, time.Minute},
		"form in a part":       {multi + strings.TrimSuffix(form, "}\r\n"), long + long, 50, false, 408, CodeTooSlow, time.Minute},
		"attachment drips":     {multi + form + file, long + long, 50, false, 408, CodeTooSlow, time.Minute},
		"attachment stops":     {multi + form + file, long, 100, true, 408, CodeTooSlow, time.Minute},
		"cursor drips":         {head("PUT /v1/cursors/a", "Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n"), long, 10, false, 408, CodeTooSlow, time.Minute},
		"cursor stops":         {head("PUT /v1/cursors/a", "Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n"), "{", 1, true, 408, CodeTooSlow, 30 * time.Second},
		"refused, then drips":  {head("POST /v1/submissions", "Content-Length: 1000\r\n\r\n"), long, 1, false, 415, CodeMediaType, owedTime},
		"unknown, then drips":  {head("POST /v1/nothing", "Content-Length: 1000\r\n\r\n"), long, 1, false, 404, CodeNotFound, owedTime},
		"no form, then drips":  {head("GET /v1/events?limit=0", "Content-Length: 1000\r\n\r\n"), long, 1, false, 422, CodeInvalid, owedTime},
		"nobody's, then drips": {"POST /v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", long, 1, false, 401, CodeToken, owedTime},
		"too large, slowly":    {json + "Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("7d0\r\n"+long+long+"\r\n", 101), 2007, false, 413, CodeTooLarge, 3 * time.Minute},
		"right, slowly":        {json + "Content-Length: 150000\r\n\r\n", strings.Repeat(long, 150), 1500, false, 202, "", 3 * time.Minute},
		"expects, then stops":  {json + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n", "", 1, true, 408, CodeTooSlow, 30 * time.Second},
		"second head drips":    {json + "Content-Length: 2\r\n\r\n{}", json + "X: " + long, 5, false, 408, CodeTooSlow, time.Minute},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, tls %v", name, secure), func(t *testing.T) {
				inNoTime(t, tlsConfig(t, secure), func(b *bench, dial func() net.Conn) {
					conn := dial()
					written := make(chan struct{})
					defer func() {
						_ = conn.Close()
						<-written
					}()
					if secure {
						conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
					}
					start := time.Now()
					go func() {
						defer close(written)
						token := strings.NewReplacer("TOKEN", b.token)
						if _, err := io.WriteString(conn, token.Replace(c.atOnce)); err == nil && c.slowly != "" {
							_, _ = io.Copy(conn, &drip{token.Replace(c.slowly), c.rate}) // it may be ended
						}
						if !c.pause {
							_, _ = io.WriteString(conn, "\r\n")
						}
					}()
					r := bufio.NewReader(conn)
					if strings.HasPrefix(name, "second") || strings.HasPrefix(name, "expects") {
						readAnswer(b.t, r) // of the first request, or 100
					}
					resp, body := readAnswer(b.t, r)
					if took := time.Since(start); resp.StatusCode != c.status || took > c.within {
						b.t.Errorf("%d after %s: %s", resp.StatusCode, took, body)
					}
					if c.code != "" {
						wantProblem(b.t, resp, body, c.status, c.code)
					}
				})
			})
		}
	}
}

func tlsConfig(t *testing.T, secure bool) *tls.Config {
	t.Helper()
	if !secure {
		return nil
	}
	dir := t.TempDir()
	writeCert(t, dir, 1)
	pair, err := tls.LoadX509KeyPair(dir+"/cert.pem", dir+"/key.pem")
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
}

func readAnswer(t *testing.T, r *bufio.Reader) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal("no answer: ", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp, string(b)
}

// TestSlowBodiesInHTTP2 does the same where a request is a stream of its own.
func TestSlowBodiesInHTTP2(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, c := range map[string]struct {
		body   drip
		status int
		code   string
	}{
		"drips":        {drip{strings.Repeat(long, 100), 100}, 408, CodeTooSlow},
		"large":        {drip{strings.Repeat(long, 300), 2000}, 413, CodeTooLarge},
		"right":        {drip{strings.Repeat(long, 150), 1500}, 202, ""},
		"right cursor": {drip{`{"cursor": "x"}`, 1}, 400, CodeCursor},
		"cursor":       {drip{strings.Repeat(long, 3), 10}, 408, CodeTooSlow},
	} {
		t.Run(name, func(t *testing.T) {
			inNoTime(t, tlsConfig(t, true), func(b *bench, dial func() net.Conn) {
				tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
					DialContext: func(context.Context, string, string) (net.Conn, error) { return dial(), nil }}
				defer tr.CloseIdleConnections()
				method, path := "POST", "/v1/submissions"
				if strings.Contains(name, "cursor") {
					method, path = "PUT", "/v1/cursors/a"
				}
				r, _ := http.NewRequest(method, "https://x"+path, &c.body)
				r.Header.Set("Authorization", "Bearer "+b.token)
				r.Header.Set("Content-Type", "application/json")
				resp, err := tr.RoundTrip(r)
				if err != nil {
					b.t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != c.status || resp.ProtoMajor != 2 {
					b.t.Errorf("%d in %s: %s", resp.StatusCode, resp.Proto, body)
				}
				if c.code != "" {
					wantProblem(b.t, resp, string(body), c.status, c.code)
				}
			})
		})
	}
}
