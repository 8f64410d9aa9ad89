package frontoffice

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/httpserver"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// plain is a client that does not unpack by itself.
func plain() *http.Client { return &http.Client{Transport: &http.Transport{DisableCompression: true}} }

func (b *bench) plain(c *http.Client, method, path string, headers ...string) (*http.Response, []byte) {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.token)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, body
}

func TestLargeAnswersAreCompressed(t *testing.T) {
	b := newBench(t, nil)
	for range 100 {
		b.emit(journal.Event{ID: sub, Office: "portal", Type: "accepted", Reference: "R"})
	}
	b.put(submission(b, journal.Accepted))
	b.document(sub, "a.json", "application/json", strings.Repeat(`{"a": 1}`, 1000))
	c := plain()
	defer c.CloseIdleConnections()
	_, whole := b.plain(c, "GET", "/v1/events")
	for accept, want := range map[string]bool{"gzip": true, "deflate, GZIP;q=0.5": true, "*": true, "gzip;q=0": false, "gzip; q=0.0": false, "*;q=0": false, "identity": false, "br": false, "": false, "gzip;q=0, *": false} {
		resp, body := b.plain(c, "GET", "/v1/events", "Accept-Encoding", accept)
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != want || resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %v", accept, resp.Header)
			continue
		}
		if want {
			if len(body)*3 > len(whole) {
				t.Errorf("%q: %d bytes of %d", accept, len(body), len(whole))
			}
			z, err := gzip.NewReader(strings.NewReader(string(body)))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if string(body) != string(whole) {
			t.Errorf("%q: another answer", accept)
		}
	}
	for _, path := range []string{"/v1/submissions/" + sub.String(), "/v1/submissions/" + sub.String() + "/documents/1"} {
		if resp, _ := b.plain(c, "GET", path, "Accept-Encoding", "gzip"); resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
	resp, body := b.plain(c, "GET", "/v1/submissions/"+sub.String()+"/documents/1", "Accept-Encoding", "gzip", "Range", "bytes=1-3")
	if resp.StatusCode != 206 || string(body) != `"a"` {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
}

// The compressed answer has a tag of its own, which says the same in If-None-Match.
func TestTagOfCompressedAnswer(t *testing.T) {
	b := newBench(t, nil)
	v := submission(b, journal.Rejected)
	for i := range 50 {
		v.Errors = append(v.Errors, journal.FieldError{Pointer: fmt.Sprint("/a/", i), Code: "required", Message: "is missing"})
	}
	b.put(v)
	c := plain()
	defer c.CloseIdleConnections()
	path := "/v1/submissions/" + sub.String()
	one, _ := b.plain(c, "GET", path)
	two, _ := b.plain(c, "GET", path, "Accept-Encoding", "gzip")
	if a, z := one.Header.Get("ETag"), two.Header.Get("ETag"); two.Header.Get("Content-Encoding") != "gzip" || z != "W/"+a {
		t.Errorf("%v %v", one.Header, two.Header)
	}
	for _, tag := range []string{one.Header.Get("ETag"), two.Header.Get("ETag")} {
		resp, body := b.plain(c, "GET", path, "Accept-Encoding", "gzip", "If-None-Match", tag)
		if resp.StatusCode != 304 || len(body) > 0 || resp.Header.Get("Content-Encoding") != "" || resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %d %v", tag, resp.StatusCode, resp.Header)
		}
	}
}

func TestHeadOnEveryGet(t *testing.T) {
	b := newBench(t, nil)
	submission(b, journal.Decided)
	b.document(sub, "a.pdf", "application/pdf", "PDF")
	for _, path := range []string{"/v1/openapi.json", "/v1/events", "/v1/cursors/main", "/v1/submissions/" + sub.String(), "/v1/submissions/" + sub.String() + "/events",
		"/v1/submissions/" + sub.String() + "/documents/1", "/v1/submissions/0000000000001", "/v1/nothing", "/v1/events?after=x"} {
		get, whole := b.do("GET", path, "")
		head, body := b.do("HEAD", path, "")
		if head.StatusCode != get.StatusCode || body != "" || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") || head.Header.Get("ETag") != get.Header.Get("ETag") {
			t.Errorf("%s: %d %v %q instead of %d %v %q", path, head.StatusCode, head.Header, body, get.StatusCode, get.Header, whole)
		}
	}
}

// The delay of wrong tokens takes no slot, ends with the request, and is counted for who is really behind a proxy.
func TestDelayHoldsNothing(t *testing.T) {
	proxies, _ := httpserver.ParseProxies([]string{"127.0.0.1"})
	told := make(chan string, 10)
	b := newBench(t, func(o *Options) {
		o.Limits, o.Proxies = DefaultLimits(), proxies
		o.Limits.Requests = 1
		o.Unauthenticated.Tell = func(address string, _ int) { told <- address }
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r, _ := http.NewRequestWithContext(ctx, "GET", b.url+"/v1/events", nil)
		r.Header.Set("Authorization", "Bearer wrong")
		r.Header.Set("X-Forwarded-For", "198.51.100.7")
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-b.clock.asked
	if address := <-told; address != "198.51.100.7" {
		t.Errorf("told of %s", address)
	}
	if resp, _ := b.do("GET", "/v1/events", ""); resp.StatusCode != 200 {
		t.Errorf("%d while a wrong token waits", resp.StatusCode)
	}
	cancel()
	<-ended
}

// One front office cannot take all slots, nor all memory, where there are others.
func TestShareOfSlots(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Limits = DefaultLimits(); o.Limits.Requests = 4 })
	in, out := make(chan struct{}), make(chan struct{})
	b.submit = func(_ context.Context, office string, _ Incoming) (Receipt, error) {
		if office == "portal" {
			in <- struct{}{}
			<-out
		}
		return Receipt{ID: 1, Verdict: connectors.Taken, State: journal.Accepted}, nil
	}
	done := make(chan struct{})
	for range 3 {
		go func() { b.do("POST", "/v1/submissions", "{}", "Content-Type", "application/json"); done <- struct{}{} }()
		<-in
	}
	resp, body := b.do("POST", "/v1/submissions", "{}", "Content-Type", "application/json")
	wantProblem(t, resp, body, 503, CodeBusy)
	if resp, body := b.do("POST", "/v1/submissions", "{}", "Content-Type", "application/json", "Authorization", "Bearer "+b.other); resp.StatusCode != 202 {
		t.Errorf("another front office gets %d %s", resp.StatusCode, body)
	}
	close(out)
	for range 3 {
		<-done
	}
	for _, x := range b.api.offices.Load().accounts {
		if x.writing.Load() != 0 || x.held.Load() != 0 {
			t.Errorf("%s still has %d slots, %d bytes", x.name, x.writing.Load(), x.held.Load())
		}
	}
}

// A body that does not say its length is counted as it comes; what is too much is read on only to see whether it is known.
func TestQuotaOfChunkedBodies(t *testing.T) {
	b := newBench(t, func(o *Options) {})
	if err := b.api.SetOffices([]Office{{Name: "portal", Tokens: []string{HashToken(b.token)}, Quota: Quota{Bytes: 1000}}}); err != nil {
		t.Fatal(err)
	}
	b.submit = func(_ context.Context, _ string, in Incoming) (Receipt, error) {
		if strings.HasPrefix(string(in.Form), "known") {
			return Receipt{ID: 1, Verdict: connectors.Repeat}, nil
		}
		if in.Over != nil {
			return Receipt{}, in.Over
		}
		return Receipt{ID: 1, Verdict: connectors.Taken}, nil
	}
	for _, c := range []struct {
		form   string
		status int
		used   int64
	}{{strings.Repeat("a", 300), 202, 300}, {"known" + strings.Repeat("k", 2000), 202, 300}, {strings.Repeat("b", 800), 429, 300}, {strings.Repeat("c", 700), 202, 1000},
		{"d", 429, 1000}, {"known", 202, 1000}} {
		r, _ := http.NewRequest("POST", b.url+"/v1/submissions", onlyReader{strings.NewReader(c.form)})
		r.Header.Set("Authorization", "Bearer "+b.token)
		r.Header.Set("Content-Type", "text/csv")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		u, err := b.api.Usages(context.Background())
		if err != nil || resp.StatusCode != c.status || u[0].Bytes != c.used {
			t.Errorf("%.5s…: %d, %d used, %v; want %d, %d", c.form, resp.StatusCode, u[0].Bytes, err, c.status, c.used)
		}
	}
	if x := b.api.offices.Load().accounts[0]; x.coming != 0 || x.posts != 0 {
		t.Errorf("%d bytes and %d posts are still under way", x.coming, x.posts)
	}
}

// While the disk has only its reserve, forms are read to see whether they are known, and nothing of them is kept.
func TestNoRoom(t *testing.T) {
	room := false
	b := newBench(t, func(o *Options) { o.Space = func(int64) bool { return room } })
	b.submit = func(_ context.Context, _ string, in Incoming) (Receipt, error) {
		if in.Over == nil {
			return Receipt{ID: 1, Verdict: 1}, nil
		}
		return Receipt{}, in.Over
	}
	body, ct := multi(part{"form", "", "application/json", `{"a":1}`}, part{"a", "a.pdf", "application/pdf", "PDF"})
	resp, text := b.do("POST", "/v1/submissions", body, "Content-Type", ct)
	wantProblem(t, resp, text, 503, CodeNoSpace)
	if resp.Header.Get("Retry-After") == "" || len(b.blobs) != 0 || len(b.incoming) != 1 || len(b.incoming[0].Attachments) != 1 {
		t.Errorf("%v, %d kept, %+v", resp.Header, len(b.blobs), b.incoming)
	}
	room = true
	if resp, text := b.do("POST", "/v1/submissions", body, "Content-Type", ct); resp.StatusCode != 202 || len(b.blobs) != 1 || b.incoming[0].Attachments[0].Blob.Digest != b.incoming[1].Attachments[0].Blob.Digest {
		t.Errorf("%d %s, %d kept", resp.StatusCode, text, len(b.blobs))
	}
}
