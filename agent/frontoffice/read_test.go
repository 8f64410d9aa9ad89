package frontoffice

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice/wire"
	"github.com/inbasket/inbasket/agent/journal"
)

const sub = journal.ID(77) << 22

func submission(b *bench, state journal.State) journal.View {
	v := journal.View{Entry: journal.Entry{ID: sub, Office: "portal", Route: "permit", State: state, Reference: "R-9",
		At: time.Unix(1000, 0), Changed: time.Unix(2000, 0)}}
	b.put(v)
	return v
}

func TestStatus(t *testing.T) {
	b := newBench(t, nil)
	v := submission(b, journal.Decided)
	v.Errors = []journal.FieldError{{Pointer: "/a", Code: "required", Message: "is missing"}}
	v.Results = []journal.Outcome{{Outcome: "refused", At: time.Unix(3, 0)}, {Outcome: "approved", CaseNo: "C-1", At: time.Unix(2, 0), // the last word, of an older file
		Documents: []journal.File{{Name: "permit.pdf", ContentType: "application/pdf"}}}}
	b.put(v)
	resp, body := b.do("GET", "/v1/submissions/"+strings.ToLower(sub.String()), "")
	var s Submission
	if err := json.Unmarshal([]byte(body), &s); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp.StatusCode, body)
	}
	if s.State != "decided" || s.Decision.Outcome != "approved" || s.Decision.CaseNumber != "C-1" || len(s.Errors) != 1 || s.Decision.Revision != 2 ||
		len(s.Documents) != 1 || s.Documents[0].Revision != 2 || s.Documents[0].N != 1 || s.Reference != "R-9" {
		t.Errorf("%s", body)
	}
	tag := resp.Header.Get("ETag")
	for _, h := range []string{tag, `W/` + tag, `"x", ` + tag, "*"} {
		resp, body = b.do("GET", "/v1/submissions/"+sub.String(), "", "If-None-Match", h)
		if resp.StatusCode != 304 || body != "" || resp.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %q", h, resp.StatusCode, body)
		}
	}
	v.State = journal.Closed
	b.put(v)
	if resp, _ = b.do("GET", "/v1/submissions/"+sub.String(), "", "If-None-Match", tag); resp.StatusCode != 200 || resp.Header.Get("ETag") == tag {
		t.Errorf("changed: %d", resp.StatusCode)
	}
}

func TestOthersSubmissionsAreUnknown(t *testing.T) {
	b := newBench(t, nil)
	submission(b, journal.Accepted)
	b.document(sub, "a", "", "x")
	paths := []string{"/v1/submissions/" + sub.String(), "/v1/submissions/" + sub.String() + "/events", "/v1/submissions/" + sub.String() + "/documents/1"}
	for _, p := range paths {
		resp, own := b.do("GET", p, "")
		if resp.StatusCode != 200 {
			t.Errorf("own %s: %d %s", p, resp.StatusCode, own)
		}
		r1, other := b.do("GET", p, "", "Authorization", "Bearer "+b.other)
		r2, none := b.do("GET", strings.Replace(p, sub.String(), "0000000000001", 1), "")
		if r1.StatusCode != 404 || other != none || r2.StatusCode != 404 {
			t.Errorf("%s: %d %s, %d %s", p, r1.StatusCode, other, r2.StatusCode, none)
		}
	}
}

func TestLongPollOfStatus(t *testing.T) {
	b := newBench(t, nil)
	v := submission(b, journal.Accepted)
	type reply struct {
		resp *http.Response
		body string
	}
	got := make(chan reply)
	ask := func(h ...string) {
		resp, body := b.do("GET", "/v1/submissions/"+sub.String(), "", h...)
		got <- reply{resp, body}
	}
	go ask("Prefer", "respond-async, wait=30")
	<-b.clock.asked
	b.emit(journal.Event{ID: 5, Office: "harbour"}) // of someone else: it goes on waiting
	v.State = journal.Delivered
	b.put(v)
	b.emit(journal.Event{ID: sub, Office: "portal", Type: "delivered"})
	r := <-got
	if r.resp.StatusCode != 200 || r.resp.Header.Get("Preference-Applied") != "wait=30" || !strings.Contains(r.body, "delivered") {
		t.Errorf("%d %v %s", r.resp.StatusCode, r.resp.Header, r.body)
	}
	go ask("Prefer", "wait=3000", "If-None-Match", r.resp.Header.Get("ETag"))
	<-b.clock.asked
	looks := b.looked()
	b.clock.fire()
	if r = <-got; r.resp.StatusCode != 304 || r.resp.Header.Get("Preference-Applied") != "wait=60" {
		t.Errorf("%d %v", r.resp.StatusCode, r.resp.Header)
	}
	if n := b.looked() - looks; n != 0 {
		t.Errorf("%d looks at what had not moved", n)
	}
	go ask("Prefer", "wait=30", "If-None-Match", r.resp.Header.Get("ETag"))
	<-b.clock.asked
	b.api.Stop()
	if r = <-got; r.resp.StatusCode != 304 {
		t.Errorf("after stop: %d", r.resp.StatusCode)
	}
	resp, body := b.do("GET", "/v1/submissions/"+sub.String(), "")
	wantProblem(t, resp, body, 503, CodeStopping)
	if n := b.api.reads.used.Load() + b.api.polls.used.Load(); n != 0 {
		t.Errorf("%d slots are still taken", n)
	}
}

func page(t *testing.T, body string) (p Events) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatal(err, body)
	}
	return p
}

func TestEvents(t *testing.T) {
	b := newBench(t, nil)
	for i := range 5 {
		b.emit(journal.Event{ID: sub, Office: "portal", Type: "accepted", Reference: "R", Data: map[string]any{"i": i}})
		b.emit(journal.Event{ID: 5, Office: "harbour", Type: "accepted"})
	}
	var ids []string
	after := ""
	for range 4 {
		resp, body := b.do("GET", "/v1/events?limit=2&after="+after, "")
		if resp.StatusCode != 200 {
			t.Fatal(body)
		}
		p := page(t, body)
		for _, e := range p.Events {
			ids = append(ids, e.ID)
			if e.Submission != sub.String() {
				t.Error("an event of someone else")
			}
		}
		if len(p.Events) == 0 && p.Next != after {
			t.Error("an empty page moved the cursor")
		}
		after = p.Next
	}
	if first := b.Hide(1); len(ids) != 5 || ids[0] != "evt_"+sub.String()+"_"+hex.EncodeToString(first[:]) {
		t.Errorf("%v", ids)
	}
	_, again := b.do("GET", "/v1/events", "")
	if len(page(t, again).Events) != 5 {
		t.Error("reading consumed")
	}
	if _, body := b.do("GET", "/v1/submissions/"+sub.String()+"/events", ""); !strings.Contains(body, CodeNotFound) {
		t.Error(body)
	}
}

func TestLongPollOfEvents(t *testing.T) {
	b := newBench(t, nil)
	got := make(chan string)
	go func() {
		_, body := b.do("GET", "/v1/events", "", "Prefer", "wait=10")
		got <- body
	}()
	<-b.clock.asked
	b.emit(journal.Event{ID: sub, Office: "portal", Type: "decided"})
	if p := page(t, <-got); len(p.Events) != 1 {
		t.Errorf("%+v", p)
	}
}

func TestCursors(t *testing.T) {
	b := newBench(t, nil)
	for range 3 {
		b.emit(journal.Event{ID: sub, Office: "portal"})
	}
	_, body := b.do("GET", "/v1/events?limit=2", "")
	next := page(t, body).Next
	put := func(c string) (*http.Response, string) {
		return b.do("PUT", "/v1/cursors/portal.main-1", `{"cursor":"`+c+`"}`, "Content-Type", "application/json")
	}
	if resp, body := put(next); resp.StatusCode != 200 || !strings.Contains(body, next) || !strings.Contains(body, "portal.main-1") {
		t.Fatal(resp.StatusCode, body)
	}
	if _, body := put(b.api.cursorAt("portal", 1)); !strings.Contains(body, next) {
		t.Errorf("it moved back: %s", body)
	}
	if _, body := b.do("GET", "/v1/cursors/portal.main-1", "", "Authorization", "Bearer "+b.other); strings.Contains(body, next) {
		t.Error("someone else's cursor")
	}
	resp, body := put("nonsense")
	wantProblem(t, resp, body, 400, CodeCursor)
	resp, body = put("")
	wantProblem(t, resp, body, 400, CodeCursor)
	resp, body = b.do("PUT", "/v1/cursors/UPPER", `{"cursor":"x"}`, "Content-Type", "application/json")
	wantProblem(t, resp, body, 422, CodeInvalid)
	resp, body = b.do("PUT", "/v1/cursors/a", `{"canary":"canary"}`, "Content-Type", "application/json")
	wantProblem(t, resp, body, 422, CodeInvalid)
	resp, body = b.do("PUT", "/v1/cursors/a", `canary`, "Content-Type", "application/json")
	wantProblem(t, resp, body, 400, CodeInvalid)
	resp, body = b.do("PUT", "/v1/cursors/a", `{"cursor":"`+strings.Repeat("x", 5<<10)+`"}`, "Content-Type", "application/json")
	wantProblem(t, resp, body, 413, CodeTooLarge)
	resp, body = b.do("PUT", "/v1/cursors/a", `{"cursor":"x"}`, "Content-Type", "text/csv")
	wantProblem(t, resp, body, 415, CodeInvalid)
	b.epoch = 2
	resp, body = b.do("GET", "/v1/events?after="+next, "")
	wantProblem(t, resp, body, 410, CodeCursorEpoch)
	resp, body = put(next)
	wantProblem(t, resp, body, 410, CodeCursorEpoch)
}

func TestLimitsOfEvents(t *testing.T) {
	b := newBench(t, nil)
	for _, q := range []string{"limit=0", "limit=1001", "limit=canary", "limit=-1"} {
		resp, body := b.do("GET", "/v1/events?"+q, "")
		wantProblem(t, resp, body, 422, CodeInvalid)
		if !strings.Contains(body, `"parameter":"limit"`) || strings.Contains(body, "canary") {
			t.Errorf("%s: %s", q, body)
		}
	}
}

func TestDocuments(t *testing.T) {
	b := newBench(t, nil)
	submission(b, journal.Decided)
	b.document(sub, "Bescheid \"Müller\"\r\nX-Evil: 1.pdf", "application/pdf; x=y", "0123456789")
	b.document(sub, "a.html", "nonsense\r\n", "<script>")
	base := "/v1/submissions/" + sub.String() + "/documents/"
	resp, body := b.do("GET", base+"1", "")
	sum := sha256.Sum256([]byte("0123456789"))
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	h := resp.Header
	if body != "0123456789" || h.Get("Repr-Digest") != digest || h.Get("Content-Digest") != digest || h.Get("Content-Type") != "application/pdf" {
		t.Errorf("%s %v", body, h)
	}
	if d := h.Get("Content-Disposition"); d != `attachment; filename="Bescheid _M_ller_X-Evil_ 1.pdf"; filename*=UTF-8''Bescheid%20_M%C3%BCller_X-Evil_%201.pdf` || h.Get("X-Evil") != "" {
		t.Errorf("%s", d)
	}
	resp, body = b.do("GET", base+"1", "", "Range", "bytes=2-4")
	if resp.StatusCode != 206 || body != "234" || resp.Header.Get("Repr-Digest") != digest || resp.Header.Get("Content-Digest") != "" {
		t.Errorf("%d %s %v", resp.StatusCode, body, resp.Header)
	}
	resp, body = b.do("GET", base+"1", "", "Range", "bytes=99-")
	if wantProblem(t, resp, body, 416, CodeRange); resp.Header.Get("Content-Range") != "bytes */10" || resp.Header.Get("Content-Disposition") != "" {
		t.Errorf("%v", resp.Header)
	}
	resp, body = b.do("GET", base+"1", "", "If-Match", `"other"`)
	wantProblem(t, resp, body, 412, CodePrecondition)
	if resp, _ = b.do("GET", base+"1", "", "If-None-Match", h.Get("ETag")); resp.StatusCode != 304 {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp, body = b.do("HEAD", base+"1", ""); resp.StatusCode != 200 || body != "" || resp.ContentLength != 10 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, _ = b.do("GET", base+"2", ""); resp.Header.Get("Content-Type") != "application/octet-stream" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", resp.Header)
	}
	for _, n := range []string{"0", "3", "01", "-1", "x", "99999999999"} {
		if resp, _ = b.do("GET", base+n, ""); resp.StatusCode != 404 && resp.StatusCode != 422 {
			t.Errorf("%s: %d", n, resp.StatusCode)
		}
	}
	clear(b.blobs)
	resp, body = b.do("GET", base+"1", "")
	wantProblem(t, resp, body, 410, CodeGone)
}

// A reader that takes a document byte by byte is left in the end.
func TestTricklingReader(t *testing.T) {
	c := &stepClock{at: time.Unix(0, 0)}
	w := httptest.NewRecorder()
	s := &steadyWriter{ResponseWriter: w, rc: http.NewResponseController(w), clock: c}
	for i := range 100 {
		if _, err := s.Write([]byte("x")); err != nil {
			if !errors.Is(err, errSlow) || i < 30 {
				t.Errorf("after %d s: %v", i, err)
			}
			return
		}
		c.at = c.at.Add(time.Second)
	}
	t.Error("it went on for ever")
}

// The cursor of one front office says nothing to another, neither to read from nor to acknowledge.
func TestCursorOfAnotherOffice(t *testing.T) {
	b := newBench(t, nil)
	b.emit(journal.Event{ID: sub, Office: "portal"})
	_, body := b.do("GET", "/v1/events", "")
	p := page(t, body)
	for _, cursor := range []string{p.Next, p.Events[0].Cursor} {
		resp, body := b.do("GET", "/v1/events?after="+cursor, "", "Authorization", "Bearer "+b.other)
		wantProblem(t, resp, body, 400, CodeCursor)
		resp, body = b.do("PUT", "/v1/cursors/a", `{"cursor":"`+cursor+`"}`, "Content-Type", "application/json", "Authorization", "Bearer "+b.other)
		wantProblem(t, resp, body, 400, CodeCursor)
	}
}

func TestPreferWait(t *testing.T) {
	for h, want := range map[string]time.Duration{"wait=5": 5 * time.Second, "Wait = 5": 5 * time.Second, `wait="7"; x=1`: 7 * time.Second,
		"respond-async, wait=3": 3 * time.Second, "wait": 0, "wait=-1": 0, "wait=x": 0, "wait=99999999999999": 0, "": 0} {
		if got := preferWait([]string{h}); got != want {
			t.Errorf("%q: %v", h, got)
		}
	}
}

// clearCursor is a cursor as programs before this one made them.
func clearCursor(epoch, seq int64) string {
	b := binary.AppendUvarint(binary.AppendUvarint([]byte{1}, uint64(epoch)), uint64(seq))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
}

// No position says how many events there are, but those that were told as numbers before go on being so.
func TestPositionsAreOpaque(t *testing.T) {
	b := newBench(t, nil)
	b.clear = 2
	for range 4 {
		b.emit(journal.Event{ID: sub, Office: "portal", Type: "accepted"})
	}
	_, body := b.do("GET", "/v1/events?after="+clearCursor(1, 1), "")
	p := page(t, body)
	hidden := b.Hide(3)
	if len(p.Events) != 3 || p.Events[0].ID != "evt_"+sub.String()+"_2" || p.Events[1].ID != "evt_"+sub.String()+"_"+hex.EncodeToString(hidden[:]) {
		t.Errorf("%s", body)
	}
	for _, e := range p.Events {
		if c, ok := decodeCursor(b.api.sealFor("portal"), e.Cursor); !ok || c.clear {
			t.Errorf("the cursor %s tells a number", e.Cursor)
		}
	}
	resp, body := b.do("GET", "/v1/events?after="+clearCursor(1, 3), "") // none such was ever given
	wantProblem(t, resp, body, 400, CodeCursor)
	resp, body = b.do("GET", "/v1/events?after="+clearCursor(2, 1), "")
	wantProblem(t, resp, body, 410, CodeCursorEpoch)
}

func FuzzCursor(f *testing.F) {
	by := func(body []byte) []byte { sum := sha256.Sum256(body); return sum[:8] }
	f.Add(encodeCursor(by, 1, [16]byte{1, 2, 3}))
	f.Add(clearCursor(1, 2))
	f.Add("AQEC")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := decodeCursor(by, s)
		if again := encodeCursor(by, c.epoch, c.name); ok && (c.epoch < 0 || c.seq < 0 || !c.clear && again != s && len(again) == len(s)) {
			t.Errorf("%q is %+v", s, c)
		}
	})
}

func FuzzSafeName(f *testing.F) {
	f.Add("a/b\\c\x00.pdf")
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := wire.SafeName(s)
		if !ok {
			return
		}
		if again, ok := wire.SafeName(n); !ok || again != n || len(n) > 200 || strings.ContainsAny(n, "/\\\r\n\x00:\"") {
			t.Errorf("%q gives %q, then %q", s, n, again)
		}
		if d := disposition(s); strings.ContainsAny(d, "\r\n\x00") {
			t.Errorf("%q", d)
		}
	})
}
