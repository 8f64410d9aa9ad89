package page

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const permit = `mapping: permit
version: 1
input: {format: json, schema: s.json}
write:
  - as: main
    to: register
    table: T
    fields:
      KIND: "'<b>'"
      NAME: form.name | upper()
      NO: form.no
tests:
  - form: typical.json
`

// clock stands still.
type clock struct{}

func (clock) Now() time.Time                       { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }
func (clock) After(time.Duration) <-chan time.Time { return nil }

// folder has a mapping with what lies beside it.
func folder(t *testing.T, mapping string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"m.yaml": mapping, "typical.json": `{"name": "<i>Özlem 7</i>", "no": 4711}`, "wrong.json": `{"name": "x", "no": "many"}`,
		"s.json": `{"type": "object", "properties": {"name": {"type": "string"}, "no": {"type": "integer"}}}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// write is a Save.
func write(path string, text []byte) error { return os.WriteFile(path, text, 0o600) }

// site is a page that is asked without a network.
type site struct {
	t *testing.T
	p *Page
}

func open(t *testing.T, o Options) site {
	t.Helper()
	o.Clock, o.Save = clock{}, write
	p, l, _, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return site{t, p}
}

func (s site) ask(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.p.ServeHTTP(w, r)
	return w
}

func (s site) get(name string) string {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://"+s.p.host+"/"+s.p.token+"/"+name, nil)
	w := s.ask(r)
	if w.Code != http.StatusOK {
		s.t.Fatal(w.Code, w.Body)
	}
	return w.Body.String()
}

func (s site) posting(values url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://"+s.p.host+"/"+s.p.token+"/", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://"+s.p.host)
	return r
}

func (s site) post(do, text, base string) string {
	s.t.Helper()
	w := s.ask(s.posting(url.Values{"do": {do}, "text": {text}, "base": {base}}))
	if w.Code != http.StatusOK {
		s.t.Fatal(w.Code, w.Body)
	}
	return w.Body.String()
}

var baseOf = regexp.MustCompile(`id="base" value="([0-9a-f]{64})"`)

func base(t *testing.T, page string) string {
	t.Helper()
	m := baseOf.FindStringSubmatch(page)
	if m == nil {
		t.Fatal("no digest in the page")
	}
	return m[1]
}

// has fails where a page lacks one of some texts, or has one that begins with !.
func has(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, want := range texts {
		if not, absent := strings.CutPrefix(want, "!"); absent == strings.Contains(page, strings.TrimPrefix(not, "!")) {
			t.Errorf("%s: not so in\n%s", want, page)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	dir := folder(t, permit)
	masked := open(t, Options{Mapping: filepath.Join(dir, "m.yaml")}).get("")
	has(t, masked, "The mapping is right. The form gives 1 record.", "<option selected>typical.json</option>", "&lt;x&gt;Xxxxx 9&lt;/x&gt;", ">&lt;b&gt;<", "→ register T NAME", "Values are masked",
		"!Özlem", "!4711", "!<i>", "!ÖZLEM")
	open := open(t, Options{Mapping: filepath.Join(dir, "m.yaml"), Form: filepath.Join(dir, "wrong.json"), Reveal: true})
	has(t, open.get(""), "The form would be rejected: 1 error.", "<option selected>wrong.json</option>", "many", "<code>/no</code>", `<span class="wrong">`, "!Values are masked")
}

func TestProblemsAtTheirPlace(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Mapping: filepath.Join(folder(t, permit), "m.yaml")})
	text := strings.Replace(permit, "'<b>'", "'😀' + form.nme", 1)
	at := len("mapping: permit\nversion: 1\ninput: {format: json, schema: s.json}\nwrite:\n  - as: main\n    to: register\n    table: T\n    fields:\n      KIND: \"'xx' + form.")
	page := s.post("check", text, base(t, s.get("")))
	has(t, page, "1 problem in the mapping.", `<mark class="wrong">nme</mark>`, "did you mean &#34;name&#34;?", "mapping.unknown-field", `aria-invalid="true"`, "once nothing is wrong", "→ register T NO",
		`data-from="`+strconv.Itoa(at)+`" data-to="`+strconv.Itoa(at+3)+`"`)
	s.post("check", "mapping: [", base(t, page))
	has(t, s.post("check", "", base(t, page)), "problems in the mapping")
}

func TestSave(t *testing.T) {
	t.Parallel()
	path := filepath.Join(folder(t, "\ufeff"+strings.ReplaceAll(permit, "\n", "\r\n")), "m.yaml")
	s := open(t, Options{Mapping: path})
	first := base(t, s.get(""))
	read := func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := read()
	// A browser sends CRLF.
	has(t, s.post("save", strings.ReplaceAll(permit, "\n", "\r\n"), first), "Nothing to save.")
	next := strings.Replace(permit, "version: 1", "version: 2", 1)
	s.post("check", next, first)
	if read() != before {
		t.Fatal("checking has written the file")
	}
	saved := s.post("save", next, first)
	has(t, saved, "Saved. The mapping is right.")
	if want := "\ufeff" + strings.ReplaceAll(next, "\n", "\r\n"); read() != want {
		t.Fatalf("have %q", read())
	}
	// By an old page, or after somebody else, nothing is written.
	now := read()
	has(t, s.post("save", permit, first), "was changed on the disk", "Nothing was saved", "version: 1")
	if read() != now {
		t.Fatal("an old page has written over a newer file")
	}
	if err := os.WriteFile(path, []byte("mapping: other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	has(t, s.post("check", next, base(t, saved)), "was changed on the disk")
	has(t, s.post("save", next, base(t, saved)), "was changed on the disk")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	has(t, s.post("save", next, base(t, saved)), "cannot be read any more")
	if _, err := os.Stat(path); err == nil {
		t.Fatal("a file that was removed is there again")
	}
}

func TestOnlyThePageItselfIsAnswered(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Mapping: filepath.Join(folder(t, permit), "m.yaml")})
	for name, c := range map[string]struct {
		change func(r *http.Request)
		want   int
	}{
		"the page":         {func(*http.Request) {}, http.StatusOK},
		"no token":         {func(r *http.Request) { r.URL.Path = "/" }, http.StatusNotFound},
		"another token":    {func(r *http.Request) { r.URL.Path = "/" + strings.ToLower(s.p.token) + "/" }, http.StatusNotFound},
		"another name":     {func(r *http.Request) { r.Host = "evil.example" }, http.StatusMisdirectedRequest},
		"localhost":        {func(r *http.Request) { r.Host = strings.Replace(s.p.host, "127.0.0.1", "localhost", 1) }, http.StatusMisdirectedRequest},
		"another origin":   {func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, http.StatusForbidden},
		"null origin":      {func(r *http.Request) { r.Header.Set("Origin", "null") }, http.StatusForbidden},
		"no origin":        {func(r *http.Request) { r.Header.Del("Origin") }, http.StatusForbidden},
		"another method":   {func(r *http.Request) { r.Method = http.MethodPut }, http.StatusMethodNotAllowed},
		"another file":     {func(r *http.Request) { r.URL.Path += "page.html"; r.Method = http.MethodGet }, http.StatusNotFound},
		"a way out":        {func(r *http.Request) { r.URL.Path += "../m.yaml"; r.Method = http.MethodGet }, http.StatusNotFound},
		"a text too large": {func(r *http.Request) { r.Body = http.NoBody; r.URL.RawQuery = strings.Repeat("a;", 10) }, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.posting(url.Values{"text": {permit}})
			c.change(r)
			w := s.ask(r)
			if w.Code != c.want {
				t.Errorf("have %d, want %d", w.Code, c.want)
			}
			if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") || w.Header().Get("Cache-Control") != "no-store" {
				t.Error(w.Header())
			}
		})
	}
}

func TestWhatIsNoText(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"Latin-1": "mapping: M\xfcller\n", "NUL": "a\x00", "CR": "a\rb", "two ends": "a\r\nb\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, _, err := Listen(Options{Mapping: filepath.Join(folder(t, text), "m.yaml")}); err == nil {
				t.Error("it is edited")
			}
		})
	}
}
