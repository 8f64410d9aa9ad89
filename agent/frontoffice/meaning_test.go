package frontoffice

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

// send writes a request as it stands, with the token for TOKEN, says that nothing more comes, and reads the answer.
func (b *bench) send(request string) (*http.Response, string) {
	b.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(conn, strings.ReplaceAll(request, "TOKEN", b.token))
	_ = conn.(*net.TCPConn).CloseWrite()
	return readAnswer(b.t, bufio.NewReader(conn))
}

// TestOneMeaning sends what may be said once twice: two programs in a row could read two requests, so none is taken.
func TestOneMeaning(t *testing.T) {
	b := newBench(t, nil)
	submission(b, journal.Decided)
	b.document(sub, "a", "", "0123456789")
	document := "/v1/submissions/" + sub.String() + "/documents/1"
	const json, form = "Content-Type: application/json\r\nContent-Length: 2\r\n", "{}"
	const chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
	for name, c := range map[string]struct{ line, headers, body, says string }{
		"content type":        {"POST /v1/submissions", json + "Content-Type: text/csv\r\n", form, "Content-Type"},
		"content type, other": {"POST /v1/submissions", "content-type: text/csv\r\n" + json, form, "Content-Type"},
		"the same twice":      {"POST /v1/submissions", json + "Content-Type: application/json\r\n", form, "Content-Type"},
		"content encoding":    {"POST /v1/submissions", json + "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", form, "Content-Encoding"},
		"idempotency key":     {"POST /v1/submissions", json + "Idempotency-Key: a\r\nIdempotency-Key: b\r\n", form, "Idempotency-Key"},
		"token":               {"GET /v1/events", "Authorization: Bearer x\r\n", "", "Authorization"},
		"range":               {"GET " + document, "Range: bytes=0-1\r\nRange: bytes=2-3\r\n", "", "Range"},
		"if-range":            {"GET " + document, "Range: bytes=0-1\r\nIf-Range: \"a\"\r\nIf-Range: \"b\"\r\n", "", "If-Range"},
		"if-modified-since":   {"GET " + document, "If-Modified-Since: x\r\nIf-Modified-Since: y\r\n", "", "If-Modified-Since"},
		"if-unmodified-since": {"GET " + document, "If-Unmodified-Since: x\r\nIf-Unmodified-Since: y\r\n", "", "If-Unmodified-Since"},
		"expect":              {"POST /v1/submissions", json + "Expect: tea\r\nExpect: 100-continue\r\n", form, "100-continue"},
		"route":               {"POST /v1/submissions?route=a&route=b", json, form, "query"},
		"route, escaped":      {"POST /v1/submissions?route=a&r%6Fute=b", json, form, "query"},
		"route, none":         {"POST /v1/submissions?route=a&route", json, form, "query"},
		"limit":               {"GET /v1/events?limit=1&limit=2", "", "", "query"},
		"after":               {"GET /v1/events?after=&after=x", "", "", "query"},
		"broken escape":       {"GET /v1/events?after=%zz", "", "", "query"},
		"half an escape":      {"GET /v1/events?after=%e", "", "", "query"},
		"escape in a name":    {"GET /v1/events?af%zzter=x", "", "", "query"},
		"semicolon":           {"GET /v1/events?limit=1;after=x", "", "", "query"},
		"not utf-8":           {"GET /v1/events?after=%ff", "", "", "query"},
		"broken, post":        {"POST /v1/submissions?route=%zz", json, form, "query"},
		"broken, description": {"GET /v1/openapi.json?a=%zz", "", "", "query"},
		"unknown":             {"GET /v1/events?afterr=x", "", "", `"parameter":"afterr"`},
		"unknown, post":       {"POST /v1/submissions?route=a&Route=b", json, form, `"parameter":"Route"`},
		"unknown, status":     {"GET /v1/submissions/" + sub.String() + "?wait=3", "", "", "knows none"},
		"unknown, odd":        {"GET /v1/events?%3Cb%3E=x", "", "", "not known here"},
		"cursor in the body":  {"PUT /v1/cursors/a", "Content-Type: application/json\r\nContent-Length: 27\r\n", `{"cursor":"a","cursor":"b"}`, ""},
		"content type of part": {"POST /v1/submissions", "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 133\r\n",
			"--b\r\nContent-Disposition: form-data; name=form\r\nContent-Type: application/json\r\nContent-Type: text/csv\r\n\r\n{}\r\n--b--\r\n          ", "Content-Type"},
		"after the end": {"POST /v1/submissions", "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 163\r\n",
			"--b\r\nContent-Disposition: form-data; name=form\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--\r\n--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\nx\r\n--b--\r\n ", "after its last one"},
		"before the first": {"POST /v1/submissions", "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 102\r\n",
			"--c\r\n\r\n--b\r\nContent-Disposition: form-data; name=form\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--\r\n  ", "before its first boundary"},
		"bare LF in chunks":    {"POST /v1/submissions", chunked, "2\n{}\r\n0\r\n\r\n", "http.request"},
		"bare LF after chunks": {"POST /v1/submissions", chunked, "2\r\n{}\n0\r\n\r\n", "CR and LF"},
		"bare LF, cursor":      {"PUT /v1/cursors/a", chunked, "2\n{}\r\n0\r\n\r\n", "CR and LF"},
		"name of part": {"POST /v1/submissions", "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 160\r\n",
			"--b\r\nContent-Disposition: form-data; name=form\r\nContent-Disposition: form-data; name=a; filename=a\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--\r\n             ", "Content-Disposition"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := b.send(c.line + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n" + c.headers + "\r\n" + c.body)
			status := http.StatusBadRequest
			if name == "expect" {
				status = http.StatusExpectationFailed
			}
			if resp.StatusCode != status || !strings.Contains(body, c.says) || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %.300s", resp.StatusCode, body)
			}
		})
	}
	if len(b.incoming) > 0 {
		t.Error("something was handed on")
	}
	for _, list := range []string{"Prefer: wait=0\r\nPrefer: respond-async\r\n", "Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n", "If-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\n",
		"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n", "Accept: a/b\r\nAccept: */*\r\n", "X-Own: a\r\nX-Own: b\r\n"} {
		if resp, body := b.send("GET /v1/events?limit=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n" + list + "\r\n"); resp.StatusCode != 200 {
			t.Errorf("%q: %d %s", list, resp.StatusCode, body)
		}
	}
}

// TestCutBodies ends connections in the middle of a body.
func TestCutBodies(t *testing.T) {
	b := newBench(t, nil)
	const part = "--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\nx"
	for name, request := range map[string]string{
		"json":    "POST /v1/submissions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"chunks":  "POST /v1/submissions HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
		"a chunk": "POST /v1/submissions HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{}",
		"nothing": "POST /v1/submissions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n",
		"a file":  "POST /v1/submissions HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n" + part,
		"a head":  "POST /v1/submissions HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n" + part[:20],
		"parts":   "POST /v1/submissions HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n" + part + "\r\n--b",
		"cursor":  "PUT /v1/cursors/a HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := b.send(strings.Replace(request, "\r\n", "\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n", 1))
			wantProblem(t, resp, body, 400, CodeCut)
		})
	}
	if len(b.incoming) > 0 || len(b.notice) > 0 {
		t.Errorf("handed on, or blamed on the agent: %v", b.notice)
	}
}

// TestLimitsAreNamed asks of every limit for its number, its unit, and who sets it.
func TestLimitsAreNamed(t *testing.T) {
	b := newBench(t, func(o *Options) {
		o.Limits = DefaultLimits()
		o.Limits.Form, o.Limits.Attachment, o.Limits.Request, o.Limits.Attachments = 100, 200, 10_000, 2
	})
	form, file := part{"form", "", "application/json", "{}"}, part{"a", "a", "", "x"}
	body := func(parts ...part) []string { text, typ := multi(parts...); return []string{text, typ} }
	for want, c := range map[string][]string{
		"a form may have 100 bytes; the agency sets this limit: listen.max-form":         {strings.Repeat("x", 101), "application/json"},
		"an attachment may have 200 bytes; this limit is built in":                       body(form, part{"a", "a", "", strings.Repeat("x", 201)}),
		"a form may have 2 attachments; this limit is built in":                          body(form, file, file, file),
		"a request may have 10000 bytes; the agency sets this limit: listen.max-body":    {strings.Repeat("x", 10_001), "multipart/form-data; boundary=b"},
		"the body of this request may have 4096 bytes; this limit is built in":           {url.QueryEscape(strings.Repeat("x", 5000)), ""},
		"a form may have 100 bytes; the agency sets this limit: listen.max-form ":        body(part{"form", "", "text/csv", strings.Repeat("x", 101)}),
		"a request may have 10000 bytes; the agency sets this limit: listen.max-body   ": {"--b\r\n" + strings.Repeat("x", 10_001), "multipart/form-data; boundary=b"},
	} {
		method, path := "POST", "/v1/submissions"
		if c[1] == "" {
			method, path = "PUT", "/v1/cursors/a"
		}
		resp, text := b.do(method, path, c[0], "Content-Type", c[1])
		if wantProblem(t, resp, text, 413, CodeTooLarge); !strings.Contains(text, strings.TrimSpace(want)) {
			t.Errorf("%s: %s", want, text)
		}
	}
}
