package frontoffice

import (
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// TestRanges asks for parts of a document in every way that RFC 9110 (13 and 14) knows.
func TestRanges(t *testing.T) {
	b := newBench(t, nil)
	submission(b, journal.Decided)
	b.document(sub, "a", "text/plain", "0123456789")
	b.document(sub, "empty", "", "")
	path := "/v1/submissions/" + sub.String() + "/documents/"
	whole, _ := b.do("GET", path+"1", "")
	tag := whole.Header.Get("ETag")
	for _, c := range []struct {
		ranges  string
		status  int
		content string // Content-Range; empty: none
		body    string
		headers []string
	}{
		{"bytes=0-4", 206, "bytes 0-4/10", "01234", nil},
		{"bytes=5-", 206, "bytes 5-9/10", "56789", nil},
		{"bytes=-3", 206, "bytes 7-9/10", "789", nil},
		{"bytes=9-9", 206, "bytes 9-9/10", "9", nil},
		{"bytes=5-99", 206, "bytes 5-9/10", "56789", nil},
		{"bytes=-99", 206, "bytes 0-9/10", "0123456789", nil},
		{"BYTES=0-1", 206, "bytes 0-1/10", "01", nil},
		{"bytes= 0-1 , ", 206, "bytes 0-1/10", "01", nil},
		{"bytes=10-", 416, "bytes */10", "", nil},
		{"bytes=10-10", 416, "bytes */10", "", nil},
		{"bytes=-0", 416, "bytes */10", "", nil},
		{"bytes=-000", 416, "bytes */10", "", nil},
		{"bytes=99-,-0", 416, "bytes */10", "", nil},
		{"bytes=5-2", 416, "bytes */10", "", nil},
		{"bytes=x", 416, "bytes */10", "", nil},
		{"bytes=--1", 416, "bytes */10", "", nil},
		{"bytes=0-1,99-", 206, "bytes 0-1/10", "01", nil},
		{"bytes=-0,2-3", 206, "bytes 2-3/10", "23", nil},
		{"bytes=0-9,0-9,0-9", 200, "", "0123456789", nil},
		{"items=0-1", 200, "", "0123456789", nil},
		{"bytes 0-1", 200, "", "0123456789", nil},
		{"bytes=", 200, "", "0123456789", nil},
		{"bytes=0-1", 206, "bytes 0-1/10", "01", []string{"If-Range", tag}},
		{"bytes=0-1", 200, "", "0123456789", []string{"If-Range", "W/" + tag}},
		{"bytes=0-1", 200, "", "0123456789", []string{"If-Range", `"other"`}},
		{"bytes=99-", 200, "", "0123456789", []string{"If-Range", `"other"`}},
		{"bytes=99-", 416, "bytes */10", "", []string{"If-Range", tag}},
		{"bytes=0-1", 200, "", "0123456789", []string{"If-Range", "Wed, 21 Oct 2026 07:28:00 GMT"}},
		{"bytes=0-1", 200, "", "0123456789", []string{"If-Range", "nonsense"}},
		{"bytes=0-1", 304, "", "", []string{"If-None-Match", tag}},
		{"bytes=0-1", 206, "bytes 0-1/10", "01", []string{"If-None-Match", `"other"`}},
		{"bytes=0-1", 412, "", "", []string{"If-Match", `"other"`}},
		{"bytes=0-1", 206, "bytes 0-1/10", "01", []string{"If-Match", tag, "Accept-Encoding", "gzip"}},
	} {
		resp, body := b.do("GET", path+"1", "", append(c.headers, "Range", c.ranges)...)
		if resp.StatusCode != c.status || resp.Header.Get("Content-Range") != c.content || c.status < 400 && body != c.body {
			t.Errorf("%s %v: %d %q %q", c.ranges, c.headers, resp.StatusCode, resp.Header.Get("Content-Range"), body)
		}
		if c.status == 416 {
			wantProblem(t, resp, body, 416, CodeRange)
		}
		if digest := resp.Header.Get("Repr-Digest"); c.status < 300 && digest != whole.Header.Get("Repr-Digest") {
			t.Errorf("%s: digest %s", c.ranges, digest)
		}
		// Range means something to GET only.
		head, _ := b.do("HEAD", path+"1", "", append(c.headers, "Range", c.ranges)...)
		if want := c.status == 304 || c.status == 412; head.Header.Get("Content-Range") != "" || !want && (head.StatusCode != 200 || head.ContentLength != 10) || want && head.StatusCode != c.status {
			t.Errorf("HEAD %s: %d %v", c.ranges, head.StatusCode, head.Header)
		}
	}
	for _, ranges := range []string{"bytes=0-", "bytes=-1", "bytes=-0", "bytes=5-", "bytes=0-1,3-"} { // there is no part to name
		if resp, body := b.do("GET", path+"2", "", "Range", ranges); resp.StatusCode != 200 || body != "" || resp.Header.Get("Content-Range") != "" {
			t.Errorf("of nothing, %s: %d %v", ranges, resp.StatusCode, resp.Header)
		}
	}
}

func TestSeveralRanges(t *testing.T) {
	b := newBench(t, nil)
	submission(b, journal.Decided)
	b.document(sub, "a", "text/plain", "0123456789")
	resp, body := b.do("GET", "/v1/submissions/"+sub.String()+"/documents/1", "", "Range", "bytes=0-1, -2, 99-, -0")
	typ, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || resp.StatusCode != 206 || typ != "multipart/byteranges" {
		t.Fatalf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
	var parts []string
	for r := multipart.NewReader(strings.NewReader(body), params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(p)
		parts = append(parts, p.Header.Get("Content-Range")+" "+p.Header.Get("Content-Type")+" "+string(text))
	}
	if got := strings.Join(parts, "\n"); got != "bytes 0-1/10 text/plain 01\nbytes 8-9/10 text/plain 89" {
		t.Error(got)
	}
}
