package httpserver

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a real server on loopback, whose handler trusts who sends the header Token.
type site struct {
	t       *testing.T
	address string
	listen  *Listener
	tls     bool
	ended   atomic.Int64
	hold    chan struct{} // requests of /hold wait for it
	held    chan struct{}
}

func newSite(t *testing.T, secure bool, change func(*Options)) *site {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, address: ln.Addr().String(), tls: secure, hold: make(chan struct{}), held: make(chan struct{}, 100)}
	o := Options{Tokens: true, Ended: func() { s.ended.Add(1) }, Problem: func(status int, reason string) (string, []byte) {
		b, _ := json.Marshal(map[string]any{"status": status, "detail": reason})
		return "application/problem+json", b
	}}
	if secure {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate(t)}, NextProtos: []string{"h2", "http/1.1"}}
	}
	if change != nil {
		change(&o)
	}
	s.listen = New(ln, o)
	server := &http.Server{Handler: http.HandlerFunc(s.serve), TLSConfig: o.TLS, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error)
	go func() { done <- s.listen.Serve(server) }()
	t.Cleanup(func() {
		_ = server.Close()
		s.listen.End()
		<-done
	})
	return s
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Token") == "" {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"status":401}`)
		return
	}
	Trust(r.Context())
	if r.URL.Path == "/unread" {
		s.held <- struct{}{}
		return
	}
	if r.URL.Path == "/hold" {
		s.held <- struct{}{}
		<-s.hold
	}
	n, err := io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "text/x")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
	fmt.Fprintf(w, "in %d.%d read %d, TLS %v", r.ProtoMajor, r.ProtoMinor, n, r.TLS != nil)
}

func (s *site) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// post sends a small request with a token over a connection of its own.
func (s *site) post() (answer string, took time.Duration) {
	s.t.Helper()
	start := time.Now()
	c := s.dial()
	defer c.Close()
	_ = c.SetDeadline(start.Add(20 * time.Second))
	if s.tls {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	_, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nToken: t\r\nContent-Length: 2\r\n\r\n{}")
	if err != nil {
		return err.Error(), time.Since(start)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err.Error(), time.Since(start)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b), time.Since(start)
}

func (s *site) answersAtOnce(what string) {
	s.t.Helper()
	var answers []string
	for range 10 { // another process may have the processor
		answer, took := s.post()
		if strings.Contains(answer, "read 2") && took <= 100*time.Millisecond {
			return
		}
		answers = append(answers, fmt.Sprint(answer, " after ", took))
	}
	s.t.Errorf("%s: %s", what, strings.Join(answers, ", "))
}

// Two thousand clients that say nothing, little, or only a part of what they should, keep nobody out.
func TestSilentConnections(t *testing.T) {
	const many = 2000
	for name, c := range map[string]struct {
		tls  bool
		says func(i int) string
	}{
		"silent":             {false, func(int) string { return "" }},
		"half a head":        {false, func(int) string { return "GET / HTTP/1.1\r\nHost: x\r\nX: " }},
		"no token":           {false, func(int) string { return "GET / HTTP/1.1\r\nHost: x\r\n\r\n" }},
		"body does not come": {false, func(int) string { return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{" }},
		"silent, tls":        {true, func(int) string { return "" }},
		"half a handshake":   {true, func(int) string { return "\x16\x03\x01\x02\x00\x01\x00" }},
		"no tls":             {true, func(i int) string { return fmt.Sprintf("GET /%d HTTP/1.1\r\n\r\n", i) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.tls, nil)
			for i := range many {
				_, _ = io.WriteString(s.dial(), c.says(i)) // it may have been ended
			}
			s.answersAtOnce(name)
			trusted, strange := s.listen.Open()
			if trusted+strange > s.listen.Connections() {
				t.Errorf("%d connections with a token, %d without; the limit is %d", trusted, strange, s.listen.Connections())
			}
		})
	}
}

// While they go on coming, one connection after the other, as fast as they can.
func TestFloodOfConnections(t *testing.T) {
	s := newSite(t, false, func(o *Options) { o.Connections = 1000 })
	stop := make(chan struct{})
	var flood sync.WaitGroup
	for range 2 {
		flood.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := net.Dial("tcp", s.address)
				if err == nil {
					defer c.Close()
				}
			}
		})
	}
	for s.ended.Load() < 1000 {
		s.post()
	}
	s.answersAtOnce("flood")
	close(stop)
	flood.Wait()
}

// Who is being answered stays, and so does who has shown a token while there are strangers.
func TestWhoGoesFirst(t *testing.T) {
	s := newSite(t, false, func(o *Options) { o.Connections = 16 })
	ask := func(c net.Conn, path string) { fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nToken: t\r\n\r\n", path) }
	busy, idle := s.dial(), s.dial()
	ask(busy, "/hold")
	<-s.held
	ask(idle, "/")
	reader := bufio.NewReader(idle)
	if resp, err := http.ReadResponse(reader, nil); err != nil || resp.StatusCode != 200 {
		t.Fatal(err)
	} else if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		s.dial()
	}
	s.answersAtOnce("many strangers")
	ask(idle, "/")
	if resp, err := http.ReadResponse(reader, nil); err != nil || resp.StatusCode != 200 {
		t.Errorf("who has shown a token went before strangers: %v", err)
	}
	for range 15 { // then all places are taken by who is being answered
		ask(s.dial(), "/hold")
		<-s.held
	}
	last := s.dial()
	if _, err := io.ReadAll(last); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	close(s.hold)
	if resp, err := http.ReadResponse(bufio.NewReader(busy), nil); err != nil || resp.StatusCode != 200 {
		t.Errorf("who was being answered had to go: %v", err)
	}
}

// Who has a token and owes the rest of a body that was refused holds no place either.
func TestOwedBodiesHoldNoPlace(t *testing.T) {
	s := newSite(t, false, func(o *Options) { o.Connections = 16 })
	for range 16 {
		fmt.Fprint(s.dial(), "POST /unread HTTP/1.1\r\nHost: x\r\nToken: t\r\nContent-Length: 1000\r\n\r\n")
		<-s.held
	}
	s.answersAtOnce("bodies that do not come")
}

func TestOneAddressHasItsShare(t *testing.T) {
	p := newPlaces(Options{Connections: 10, PerAddress: 2})
	take := func(address string) *place {
		one, other := net.Pipe()
		t.Cleanup(func() { _ = other.Close() })
		return p.take(addressed{one, address})
	}
	honest := take("192.0.2.1:5")
	first, second, third := take("192.0.2.9:1"), take("192.0.2.9:2"), take("192.0.2.9:3")
	if !first.gone || second.gone || third.gone || honest.gone {
		t.Error("not the oldest of the address went")
	}
	p.trust(second)
	p.trust(third)
	fourth, fifth := take("192.0.2.9:4"), take("192.0.2.9:5")
	if second.gone || third.gone || fourth.gone || fifth.gone || honest.gone {
		t.Error("who has shown a token counts among the strangers of its address")
	}
	for _, x := range []*place{take("[2001:db8::1]:1"), take("[2001:db8::2]:1"), take("[2001:db8::3]:1")} {
		defer func() { _ = x.Close() }()
	}
	if n := p.crowd("2001:db8::/64"); n != 2 {
		t.Errorf("%d of one network", n)
	}
	for range 5 {
		take("127.0.0.1:1")
	}
	if trusted, strange := p.count(); trusted != 2 || strange != 8 {
		t.Errorf("%d with a token, %d strangers", trusted, strange)
	}
	p.closeAll()
}

type addressed struct {
	net.Conn
	at string
}

func (a addressed) RemoteAddr() net.Addr {
	at, _ := net.ResolveTCPAddr("tcp", a.at)
	return at
}

// A client that sends all of its request before it looks for an answer gets one, whatever is refused.
func TestNaiveClientsReadTheirAnswer(t *testing.T) {
	big := strings.Repeat("x", 20<<20)
	chunk := "10000\r\n" + strings.Repeat("x", 0x10000) + "\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"no token":            {fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(big), big), 401},
		"no token, chunks":    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat(chunk, 200) + "0\r\n\r\n", 401},
		"did not wait":        {fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", len(big), big), 401},
		"both lengths":        {fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nToken: t\r\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n%s", len(big), big), 400},
		"unknown coding":      {"POST / HTTP/1.1\r\nHost: x\r\nToken: t\r\nTransfer-Encoding: gzip\r\n\r\n" + big, 501},
		"unknown expectation": {fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: %d\r\n\r\n%s", len(big), big), 417},
		"long head":           {"POST / HTTP/1.1\r\nHost: x\r\nX: " + big + "\r\n\r\n", 431},
		"long first line":     {"GET /" + big + " HTTP/1.1\r\n\r\n", 431},
		"no host":             {"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + big, 400},
		"nothing of HTTP":     {"HELO mail\r\n" + big, 400},
		"broken chunk":        {"POST / HTTP/1.1\r\nHost: x\r\nToken: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + big, 400},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, tls %v", name, secure), func(t *testing.T) {
				s := newSite(t, secure, nil)
				var conn = s.dial()
				_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
				if secure {
					conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
				}
				if _, err := io.WriteString(conn, c.request); err != nil {
					t.Fatalf("while it was sending: %v", err)
				}
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || resp.StatusCode != c.status {
					t.Errorf("%d instead of %d, %v: %s", resp.StatusCode, c.status, err, b)
				}
				if typ := resp.Header.Get("Content-Type"); name != "broken chunk" && typ != "application/problem+json" {
					t.Errorf("%s: %s", typ, b)
				}
			})
		}
	}
}

// What may be read in two ways is refused, and what follows on the connection is never read.
func TestAmbiguousHeads(t *testing.T) {
	smuggled := "GET /smuggled HTTP/1.1\r\nHost: x\r\nToken: t\r\n\r\n"
	head := "POST / HTTP/1.1\r\nHost: x\r\nToken: t\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"both":                  {head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"both, other order":     {head + "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n", 400},
		"two lengths":           {head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
		"the same length twice": {head + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400},
		"list of lengths":       {head + "Content-Length: 2, 2\r\n\r\n{}", 400},
		"signed length":         {head + "Content-Length: +2\r\n\r\n{}", 400},
		"no length":             {head + "Content-Length:\r\n\r\n", 400},
		"hex length":            {head + "Content-Length: 0x2\r\n\r\n{}", 400},
		"length with _":         {head + "Content_Length: 2\r\n\r\n{}", 400},
		"two codings":           {head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"coding twice":          {head + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501},
		"coding in HTTP/1.0":    {strings.Replace(head, "1.1", "1.0", 1) + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"bare LF":               {head + "X: y\nContent-Length: 2\r\n\r\n{}", 400},
		"bare LF at the end":    {head + "Content-Length: 2\r\n\n{}", 400},
		"bare CR":               {head + "X: a\rContent-Length: 2\r\n\r\n{}", 400},
		"NUL":                   {head + "X: a\x00b\r\n\r\n", 400},
		"folded":                {head + "X: a\r\n b\r\n\r\n", 400},
		"folded first":          {"POST / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
		"space before colon":    {head + "Content-Length : 2\r\n\r\n{}", 400},
		"no colon":              {head + "Content-Length\r\n\r\n", 400},
		"bare LF after chunk":   {head + "Transfer-Encoding: chunked\r\n\r\n1\n{\r\n0\r\n\r\n", 400},
		"chunk longer":          {head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 400},
		"folded trailer":        {head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n X: y\r\n\r\n", 400},
		"two hosts":             {head + "Host: y\r\n\r\n", 400},
		"another version":       {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, false, nil)
			conn := s.dial()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			_, _ = io.WriteString(conn, c.request+smuggled)
			_ = conn.(*net.TCPConn).CloseWrite()
			all, err := io.ReadAll(conn)
			if n := bytes.Count(all, []byte("HTTP/1.1 ")); err != nil || n != 1 || !bytes.HasPrefix(all, fmt.Appendf(nil, "HTTP/1.1 %d ", c.status)) {
				t.Errorf("%v: %s", err, all)
			}
			if bytes.Contains(all, []byte("text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")) {
				t.Errorf("in net/http's own words: %s", all)
			}
		})
	}
}

// What is right goes through as it came, however it is cut into packets, request after request.
func TestRightRequestsGoThrough(t *testing.T) {
	requests := "POST /1 HTTP/1.1\r\nHost: x\r\nToken: t\r\nContent-Length: 10\r\n\r\n0123456\r\n\r" +
		"POST /2 HTTP/1.1\r\nHost: x\r\nToken: t\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\nTrailer: v\r\n\r\n" +
		"GET /3 HTTP/1.1\r\nHost: x\r\nToken: t\r\n\r\n" +
		"POST /4 HTTP/1.1\r\nHost: x\r\nToken: t\r\nContent-Length: 0\r\n\r\n" +
		"POST /5 HTTP/1.1\r\nHost: x\r\nToken: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"
	for _, step := range []int{1, 2, 7, 100, len(requests)} {
		for _, secure := range []bool{false, true} {
			s := newSite(t, secure, nil)
			conn := s.dial()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			if secure {
				conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			}
			go func() {
				for rest := requests; rest != ""; rest = rest[min(step, len(rest)):] {
					_, _ = io.WriteString(conn, rest[:min(step, len(rest))])
				}
			}()
			r := bufio.NewReader(conn)
			for i, n := range []int{10, 13, 0, 0, 3} {
				resp, err := http.ReadResponse(r, nil)
				if err == nil && resp.StatusCode == http.StatusContinue {
					resp, err = http.ReadResponse(r, nil)
				}
				if err != nil {
					t.Fatalf("in steps of %d, answer %d: %v", step, i+1, err)
				}
				b, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if want := fmt.Sprintf("in 1.1 read %d, TLS %v", n, secure); string(b) != want {
					t.Errorf("in steps of %d, answer %d: %s instead of %s", step, i+1, b, want)
				}
			}
		}
	}
}

func TestHTTP2(t *testing.T) {
	s := newSite(t, true, nil)
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	defer tr.CloseIdleConnections()
	do := func(body io.Reader, header ...string) (int, string) {
		r, _ := http.NewRequest("POST", "https://"+s.address+"/", body)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := tr.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if status, b := do(strings.NewReader("{}"), "Token", "t"); status != 200 || b != "in 2.0 read 2, TLS true" {
		t.Errorf("%d %s", status, b)
	}
	if trusted, strange := s.listen.Open(); trusted != 1 || strange != 0 {
		t.Errorf("%d with a token, %d without", trusted, strange)
	}
	if status, b := do(strings.NewReader("{}"), "X", strings.Repeat("y", headerBytes)); status != 431 || !strings.Contains(b, `"status":431`) {
		t.Errorf("%d %s", status, b)
	}
	if status, b := do(strings.NewReader(strings.Repeat("x", 20<<20))); status != 401 {
		t.Errorf("%d %s", status, b)
	}
}

func TestPlainHTTPWhereTLSIsDue(t *testing.T) {
	s := newSite(t, true, nil)
	conn := s.dial()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	all, _ := io.ReadAll(conn)
	if !bytes.HasPrefix(all, []byte("HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n")) || !bytes.Contains(all, []byte("https")) {
		t.Errorf("%s", all)
	}
}

// Where there are no tokens, one whole request makes a connection worth more than silence.
func TestWithoutTokens(t *testing.T) {
	s := newSite(t, false, func(o *Options) { o.Tokens, o.Problem, o.Connections = false, nil, 16 })
	watcher := s.dial()
	fmt.Fprint(watcher, "GET /hold HTTP/1.1\r\nHost: x\r\nToken: t\r\n\r\n")
	<-s.held
	for range 100 {
		s.dial()
	}
	s.answersAtOnce("silent connections")
	close(s.hold)
	if resp, err := http.ReadResponse(bufio.NewReader(watcher), nil); err != nil || resp.StatusCode != 200 {
		t.Errorf("who was being answered had to go: %v", err)
	}
}

func TestClientBehindProxies(t *testing.T) {
	p, wrong := ParseProxies([]string{"10.0.0.5", "10.1.0.0/16", "2001:db8:1::/48"})
	if wrong != "" {
		t.Fatal(wrong)
	}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"},
		{"192.0.2.1:5", "198.51.100.7", "192.0.2.1"}, // nobody's word for it
		{"127.0.0.1:5", "198.51.100.7", "127.0.0.1"}, // it is not named
		{"10.0.0.5:5", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.5:5", "203.0.113.9, 198.51.100.7, 10.1.2.3", "198.51.100.7"}, // the first is the client's own word
		{"10.0.0.5:5", "198.51.100.7:4711", "198.51.100.7"},
		{"10.0.0.5:5", "nonsense", "10.0.0.5"},
		{"10.0.0.5:5", "198.51.100.7, nonsense", "10.0.0.5"},
		{"10.0.0.5:5", "", "10.0.0.5"},
		{"[::ffff:10.0.0.5]:5", "[2001:db8::7]", "2001:db8::7"},
		{"[2001:db8:1::9]:5", "[2001:db8::7]:80", "2001:db8::7"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := p.Client(r).String(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for _, s := range []string{"x", "10.0.0.0/99", "fe80::1%eth0", ""} {
		if _, wrong := ParseProxies([]string{s}); wrong != s {
			t.Errorf("%q is taken", s)
		}
	}
}

// FuzzFraming compares with what a whole read gives: however the bytes are cut, the same is passed on.
func FuzzFraming(f *testing.F) {
	f.Add("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n", 3)
	f.Add("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\nGET", 1)
	f.Add("GET / HTTP/1.1\nX\x00", 2)
	f.Fuzz(func(t *testing.T, s string, step int) {
		if step < 1 {
			step = 1
		}
		whole, cut := through(s, len(s)+1), through(s, step)
		if whole != cut {
			t.Errorf("%q in steps of %d gives %q instead of %q", s, step, cut, whole)
		}
		if clean := strings.TrimSuffix(whole, "\x00\r\n\r\n"); !strings.HasPrefix(s, clean) {
			t.Errorf("%q became %q", s, whole)
		}
	})
}

func through(s string, step int) string {
	c := &conn{Conn: &given{s: s, step: step}}
	b, _ := io.ReadAll(c)
	return string(b)
}

// given is a connection whose bytes come in steps.
type given struct {
	net.Conn
	s    string
	step int
}

func (g *given) Read(p []byte) (int, error) {
	if g.s == "" {
		return 0, io.EOF
	}
	n := copy(p, g.s[:min(g.step, len(g.s))])
	g.s = g.s[n:]
	return n, nil
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
