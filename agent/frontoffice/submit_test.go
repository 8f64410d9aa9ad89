package frontoffice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice/wire"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

func TestSubmit(t *testing.T) {
	for _, ct := range []string{"application/json", "application/json; charset=UTF-8", "application/json; charset=utf-16", "application/xml", "text/xml; charset=iso-8859-1",
		"application/x-www-form-urlencoded", "application/vnd.city+json", "text/csv"} {
		t.Run(ct, func(t *testing.T) {
			b := newBench(t, nil)
			resp, body := b.do("POST", "/v1/submissions?route=permit", `{"a":"ü"}`, "Content-Type", ct, "Idempotency-Key", `"k-1"`)
			if resp.StatusCode != 202 || resp.Header.Get("Location") != "/v1/submissions/"+(journal.ID(1)<<30).String() || resp.Header.Get("Retry-After") != "5" {
				t.Fatalf("%d %v %s", resp.StatusCode, resp.Header, body)
			}
			in := b.incoming[0]
			if in.Route != "permit" || in.ContentType != ct || string(in.Form) != `{"a":"ü"}` || in.IdempotencyKey != "k-1" {
				t.Errorf("handed on %+v", in)
			}
			if !strings.Contains(body, `"state":"accepted"`) || !strings.Contains(body, `"reference":"R-1"`) || strings.Contains(body, "$schema") {
				t.Errorf("body %s", body)
			}
		})
	}
}

func TestSubmitVerdicts(t *testing.T) {
	for _, c := range []struct {
		receipt Receipt
		err     error
		status  int
		code    string
	}{
		{receipt: Receipt{Verdict: connectors.Repeat, State: journal.Delivered}, status: 202},
		{receipt: Receipt{Verdict: connectors.Conflict, On: "idempotency-key"}, status: 422, code: CodeKeyReused},
		{receipt: Receipt{Verdict: connectors.Conflict, On: "reference"}, status: 409, code: CodeReferenceUsed},
		{receipt: Receipt{}, status: 503, code: CodeUnavailable},
		{err: RouteNeeded([]string{"a", "b"}), status: 400, code: CodeRoute},
		{err: RouteNeeded(nil), status: 400, code: CodeRoute},
		{err: fmt.Errorf("wrapped: %w", Malformed(journal.FieldError{Pointer: "/a", Code: "decode.syntax", Message: "not JSON"})), status: 400, code: CodeForm},
		{err: Unavailable(7 * time.Second), status: 503, code: CodeUnavailable},
		{err: errors.New("canary: the disk said something"), status: 503, code: CodeUnavailable},
		{err: connectors.Errorf(connectors.TargetError, "journal.disk-full", "accept", "", "canary"), status: 503, code: CodeUnavailable},
	} {
		t.Run(fmt.Sprint(c.status, c.code), func(t *testing.T) {
			b := newBench(t, nil)
			b.submit = func(context.Context, string, Incoming) (Receipt, error) { return c.receipt, c.err }
			resp, body := b.do("POST", "/v1/submissions", `{}`, "Content-Type", "application/json")
			if c.status == 202 {
				if resp.StatusCode != 202 || resp.Header.Get("Idempotent-Replayed") != "true" {
					t.Errorf("%d %v", resp.StatusCode, resp.Header)
				}
				return
			}
			wantProblem(t, resp, body, c.status, c.code)
			if c.status == 503 && resp.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			if strings.Contains(body, "canary") || strings.Contains(fmt.Sprint(b.notice), "canary") {
				t.Errorf("an inner error shows: %s %v", body, b.notice)
			}
		})
	}
}

func TestSubmitRefusals(t *testing.T) {
	small := func(o *Options) {
		o.Limits = DefaultLimits()
		o.Limits.Form, o.Limits.Memory = 100, 1<<20
	}
	for _, c := range []struct {
		name, body string
		headers    []string
		status     int
		code       string
	}{
		{"no type", `{}`, nil, 415, CodeMediaType},
		{"odd type", `{}`, []string{"Content-Type", "image/png"}, 415, CodeMediaType},
		{"broken type", `{}`, []string{"Content-Type", "application/json; ="}, 415, CodeMediaType},
		{"gzip", `{}`, []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}, 415, CodeEncoding},
		{"empty", ``, []string{"Content-Type", "application/json"}, 400, CodeEmpty},
		{"large", strings.Repeat("x", 101), []string{"Content-Type", "application/json"}, 413, CodeTooLarge},
		{"key empty", `{}`, []string{"Content-Type", "application/json", "Idempotency-Key", `""`}, 400, CodeKey},
		{"key long", `{}`, []string{"Content-Type", "application/json", "Idempotency-Key", strings.Repeat("x", 129)}, 400, CodeKey},
		{"key list", `{}`, []string{"Content-Type", "application/json", "Idempotency-Key", `"a", "b"`}, 400, CodeKey},
		{"route", `{}`, []string{"Content-Type", "application/json"}, 422, CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, small)
			path := "/v1/submissions"
			if c.name == "route" {
				path += "?route=" + strings.Repeat("canary", 50)
			}
			resp, body := b.do("POST", path, c.body, c.headers...)
			wantProblem(t, resp, body, c.status, c.code)
			if len(b.incoming) > 0 || strings.Contains(body, "canary") {
				t.Errorf("handed on, or repeated: %s", body)
			}
		})
	}
}

func TestSubmitUnknownLength(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Limits = DefaultLimits(); o.Limits.Form = 100 })
	r, _ := http.NewRequest("POST", b.url+"/v1/submissions", onlyReader{strings.NewReader(strings.Repeat("x", 101))})
	r.Header.Set("Authorization", "Bearer "+b.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 413 {
		t.Errorf("got %d", resp.StatusCode)
	}
}

type onlyReader struct{ r *strings.Reader }

func (o onlyReader) Read(b []byte) (int, error) { return o.r.Read(b) }

func TestSubmitConcurrentKey(t *testing.T) {
	b := newBench(t, nil)
	in, go_ := make(chan struct{}), make(chan struct{})
	b.submit = func(context.Context, string, Incoming) (Receipt, error) {
		close(in)
		<-go_
		return Receipt{ID: 1 << 30, Verdict: connectors.Taken, State: journal.Accepted}, nil
	}
	done := make(chan int)
	go func() {
		resp, _ := b.do("POST", "/v1/submissions", `{}`, "Content-Type", "application/json", "Idempotency-Key", `"same"`)
		done <- resp.StatusCode
	}()
	select {
	case <-in:
	case <-done:
		t.Fatal("the first request did not get through")
	}
	resp, body := b.do("POST", "/v1/submissions", `{}`, "Content-Type", "application/json", "Idempotency-Key", `same`)
	wantProblem(t, resp, body, 409, CodeInProgress)
	close(go_)
	if got := <-done; got != 202 {
		t.Errorf("first: %d", got)
	}
}

// part is one part of a multipart body: form name, file name, type, content.
type part [4]string

func multi(parts ...part) (body, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		d := `form-data; name="` + p[0] + `"`
		if p[1] != "" {
			d += `; filename="` + p[1] + `"`
		}
		h.Set("Content-Disposition", d)
		if p[2] != "" {
			h.Set("Content-Type", p[2])
		}
		pw, _ := w.CreatePart(h)
		_, _ = pw.Write([]byte(p[3]))
	}
	_ = w.Close()
	return b.String(), w.FormDataContentType()
}

func TestMultipart(t *testing.T) {
	b := newBench(t, nil)
	body, ct := multi(part{"plan", `C:\\Users\\x\\Plän.pdf`, "application/pdf; x=y", "PDF"}, part{"form", "", "application/json", `{"a":1}`},
		part{"x", "../../etc/passwd", "", "two"})
	resp, text := b.do("POST", "/v1/submissions", body, "Content-Type", ct)
	if resp.StatusCode != 202 {
		t.Fatal(text)
	}
	in := b.incoming[0]
	if in.ContentType != "application/json" || string(in.Form) != `{"a":1}` || len(in.Attachments) != 2 {
		t.Fatalf("%+v", in)
	}
	if a := in.Attachments[0]; a.Name != "Plän.pdf" || a.ContentType != "application/pdf" || a.Blob.Size != 3 || a.Blob.Digest == (connectors.Digest{}) {
		t.Errorf("%+v", a)
	}
	if in.Attachments[1].Name != "passwd" {
		t.Errorf("%+v", in.Attachments[1])
	}
	if used := b.api.memory.used.Load(); used != 0 {
		t.Errorf("%d bytes are still counted", used)
	}
}

// TestBrowserForm: parts that are no files are fields where no part is named form; of a file the field has its name.
func TestBrowserForm(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts []part
		form  string
		files string
	}{
		{"fields", []part{{"name", "", "", "Ä&=%"}, {"owner[city]", "", "text/plain; charset=UTF-8", "x y"}, {"days[]", "", "", "1"}, {"days[]", "", "", ""}}, "name=%C3%84%26%3D%25&owner%5Bcity%5D=x+y&days%5B%5D=1&days%5B%5D=", ""},
		{"a file among them", []part{{"name", "", "", "A"}, {"plan", `C:\\x\\Plän.pdf`, "application/pdf", "PDF"}, {"more", "", "", "B"}}, "name=A&plan=Pl%C3%A4n.pdf&more=B", "Plän.pdf"},
		{"a file first", []part{{"plan", "p.pdf", "application/pdf", "PDF"}, {"name", "", "", "A"}}, "plan=p.pdf&name=A", "p.pdf"},
		{"bytes that are no UTF-8", []part{{"name", "", "", "\xe4"}}, "name=%E4", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, nil)
			body, ct := multi(c.parts...)
			resp, text := b.do("POST", "/v1/submissions", body, "Content-Type", ct)
			if resp.StatusCode != 202 {
				t.Fatal(text)
			}
			in, names := b.incoming[0], ""
			for _, a := range in.Attachments {
				names += a.Name
			}
			if in.ContentType != "application/x-www-form-urlencoded; charset=utf-8" || string(in.Form) != c.form || names != c.files {
				t.Errorf("%s %s %q", in.ContentType, in.Form, names)
			}
			if used := b.api.memory.used.Load(); used != 0 {
				t.Errorf("%d bytes are still counted", used)
			}
		})
	}
	t.Run("a file that was not chosen", func(t *testing.T) {
		b := newBench(t, nil)
		body := "--b\r\nContent-Disposition: form-data; name=\"plan\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n" +
			"--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nA\r\n--b--\r\n"
		resp, text := b.do("POST", "/v1/submissions", body, "Content-Type", "multipart/form-data; boundary=b")
		if resp.StatusCode != 202 || string(b.incoming[0].Form) != "plan=&name=A" || len(b.incoming[0].Attachments) != 0 {
			t.Errorf("%s %+v", text, b.incoming)
		}
	})
	t.Run("a file that was not chosen beside a form, in any order", func(t *testing.T) {
		file := "--b\r\nContent-Disposition: form-data; name=\"plan\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n"
		form := "--b\r\nContent-Disposition: form-data; name=\"form\"\r\nContent-Type: application/json\r\n\r\n{}\r\n"
		for _, body := range []string{file + form, form + file} {
			b := newBench(t, nil)
			resp, text := b.do("POST", "/v1/submissions", body+"--b--\r\n", "Content-Type", "multipart/form-data; boundary=b")
			if resp.StatusCode != 202 || string(b.incoming[0].Form) != "{}" || len(b.incoming[0].Attachments) != 0 {
				t.Errorf("%s %+v", text, b.incoming)
			}
		}
	})
}

func TestMultipartRefusals(t *testing.T) {
	form := part{"form", "", "application/json", `{}`}
	limits := func(o *Options) {
		o.Limits = DefaultLimits()
		o.Limits.Form, o.Limits.Attachment, o.Limits.Request, o.Limits.Attachments = 100, 200, 100000, 2
	}
	file := part{"a", "a", "", "x"}
	long := part{"a", "a", strings.Repeat("y", 2*headLimit), "x"}
	for _, c := range []struct {
		name   string
		parts  []part
		status int
		code   string
	}{
		{"no form", []part{file}, 400, CodeMultipart},
		{"two forms", []part{form, form}, 400, CodeMultipart},
		{"encoded", []part{form, {"a", "a", "application/pdf\r\nContent-Transfer-Encoding: base64", "eA=="}}, 415, CodeEncoding},
		{"compressed form", []part{{"form", "", "application/json\r\nContent-Encoding: gzip", "{}"}}, 415, CodeEncoding},
		{"form without type", []part{{"form", "", "", "{}"}}, 415, CodeMediaType},
		{"form in form", []part{{"form", "", "multipart/form-data; boundary=x", "{}"}}, 415, CodeMediaType},
		{"no file name", []part{form, {"a", "", "", "x"}}, 400, CodeMultipart},
		{"field before form", []part{{"a", "", "", "x"}, form}, 400, CodeMultipart},
		{"field without name", []part{{"", "", "", "x"}}, 400, CodeMultipart},
		{"field in another charset", []part{{"a", "", "text/plain; charset=latin1", "x"}}, 415, CodeMediaType},
		{"field large", []part{{"a", "", "", strings.Repeat("x", 101)}}, 413, CodeTooLarge},
		{"names of files large", []part{{"a", "", "", strings.Repeat("x", 60)}, {"b", strings.Repeat("y", 60), "", "x"}}, 413, CodeTooLarge},
		{"fields large", []part{{"a", "", "", strings.Repeat("x", 60)}, {"b", "", "", strings.Repeat("x", 60)}}, 413, CodeTooLarge},
		{"only dots", []part{form, {"a", "..", "", "x"}}, 400, CodeMultipart},
		{"form large", []part{{"form", "", "application/json", strings.Repeat("x", 101)}}, 413, CodeTooLarge},
		{"form empty", []part{{"form", "", "application/json", ""}}, 400, CodeEmpty},
		{"attachment large", []part{form, {"a", "a", "", strings.Repeat("x", 201)}}, 413, CodeTooLarge},
		{"too many", []part{form, file, file, file}, 413, CodeTooLarge},
		{"head long", []part{form, long}, 400, CodeMultipart},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, limits)
			body, ct := multi(c.parts...)
			resp, text := b.do("POST", "/v1/submissions", body, "Content-Type", ct)
			wantProblem(t, resp, text, c.status, c.code)
			if len(b.incoming) > 0 || b.api.memory.used.Load() != 0 {
				t.Error("handed on, or memory still counted")
			}
		})
	}
	t.Run("cut short", func(t *testing.T) {
		b := newBench(t, limits)
		body, ct := multi(form, file)
		resp, text := b.do("POST", "/v1/submissions", body[:len(body)-8], "Content-Type", ct)
		wantProblem(t, resp, text, 400, CodeMultipart)
	})
	t.Run("store full", func(t *testing.T) {
		b := newBench(t, limits)
		b.putErr = connectors.Errorf(connectors.TargetError, "content.disk-full", "put", "", "canary")
		body, ct := multi(form, file)
		resp, text := b.do("POST", "/v1/submissions", body, "Content-Type", ct)
		wantProblem(t, resp, text, 503, CodeUnavailable)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Limits = DefaultLimits(); o.Limits.Memory = 64 << 10 })
	resp, text := b.do("POST", "/v1/submissions", strings.Repeat("x", 100<<10), "Content-Type", "application/json")
	wantProblem(t, resp, text, 503, CodeBusy)
	resp, _ = b.do("POST", "/v1/submissions", "{}", "Content-Type", "application/json")
	if resp.StatusCode != 202 {
		t.Errorf("got %d", resp.StatusCode)
	}
}

func TestIdempotencyKey(t *testing.T) {
	for in, want := range map[string]string{
		`"abc"`: "abc", `abc`: "abc", `"a b"`: "a b", `"a\"b\\"`: `a"b\`, `"a"; p=1`: "a", ` "a" `: "a",
		`"a`: "", `a b`: "", `"a"b`: "", `"\x"`: "", "\"\u00fc\"": "", `a,b`: "", `"`: "",
	} {
		got, p := idempotencyKey([]string{in})
		if got != want || (p == nil) != (want != "") {
			t.Errorf("%s: %q %v", in, got, p)
		}
	}
}

func FuzzIdempotencyKey(f *testing.F) {
	for _, s := range []string{`"a"`, `a`, `"\"`, "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key, p := idempotencyKey([]string{s})
		if p == nil && (key == "" || len(key) > keyLimit) {
			t.Errorf("%q gives %q", s, key)
		}
		for _, c := range []byte(key) {
			if c < ' ' || c >= 0x7f {
				t.Errorf("%q gives %q", s, key)
			}
		}
	})
}

func FuzzMultipart(f *testing.F) {
	body, _ := multi(part{"form", "", "application/json", "{}"}, part{"a", "b", "", "c"})
	f.Add(body, body[2:62])
	f.Add("--x\r\n\r\n\r\n--x--", "x")
	body, _ = multi(part{"a", "", "", "b&=%"}, part{"c", "d", "", "e"}, part{"f", "", "text/plain; charset=utf-8", "g"})
	f.Add(body, body[2:62])
	f.Fuzz(func(t *testing.T, body, boundary string) {
		fk := newFake()
		l := DefaultLimits()
		l.Form, l.Attachment, l.Attachments = 1000, 1000, 3
		a := New(Options{Submitter: fk, Journal: fk, Content: fk, Clock: newClock(), Epoch: func() int64 { return 1 }, Limits: l})
		got, p := a.readMultipart(context.Background(), &account{}, strings.NewReader(body), boundary, func() bool { return true })
		got.release()
		if a.memory.used.Load() != 0 {
			t.Error("memory is still counted")
		}
		if p != nil {
			return
		}
		if len(got.form) > 1000 || len(got.attachments) > 3 {
			t.Error("over a limit")
		}
		if q, err := url.ParseQuery(string(got.form)); p == nil && strings.HasPrefix(got.contentType, "application/x-www-form-urlencoded") && got.plain && (err != nil || len(q) == 0) {
			t.Errorf("%q: %v", got.form, err)
		}
		for _, at := range got.attachments {
			if n, ok := wire.SafeName(at.Name); !ok || n != at.Name || strings.ContainsAny(n, "/\\\r\n\x00") {
				t.Errorf("name %q", at.Name)
			}
		}
	})
}
