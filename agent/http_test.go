package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
)

// posted is what a front office reads from an answer to its form.
type posted struct {
	status    int
	header    http.Header
	ID        string
	Reference string
	Code      string
	Detail    string
	Errors    []struct{ Pointer, Code, Message string }
}

// post sends a form as a front office does; header are pairs.
func (w *world) post(body, contentType string, header ...string) posted {
	w.t.Helper()
	return w.postTo("", body, contentType, header...)
}

func (w *world) postTo(query, body, contentType string, header ...string) (p posted) {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+w.at.FrontOffice+"/v1/submissions"+query, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", contentType)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		w.t.Fatalf("%s: %s", err, b)
	}
	p.status, p.header = resp.StatusCode, resp.Header
	if status := fmt.Sprint(p.status); describedOfPost()[status] == nil {
		w.t.Errorf("the API's description lacks %s of a posted form", status)
	}
	return p
}

// describedOfPost are the answers that the API's description has for a posted form.
var describedOfPost = sync.OnceValue(func() map[string]any {
	var doc struct {
		Paths map[string]map[string]struct{ Responses map[string]any }
	}
	b, err := frontoffice.OpenAPI("")
	if err == nil {
		err = json.Unmarshal(b, &doc)
	}
	if err != nil {
		panic(err)
	}
	return doc.Paths["/v1/submissions"]["post"].Responses
})

func (p posted) expect(t *testing.T, what string, status int, code string) {
	t.Helper()
	if p.status != status || p.Code != code {
		t.Errorf("%s: %d %s %+v instead of %d %s", what, p.status, p.Code, p.Errors, status, code)
	}
}

const keyHeader = "Idempotency-Key"

// Repeats get the answer that the first one got; other bytes under its key or reference are refused and
// recorded, even when they are wrong in themselves.
func TestPostedForms(t *testing.T) {
	w := newWorld(t)
	w.start()
	json := "application/json"
	first := w.post(form("REF-1", "Anna"), json, keyHeader, `"k-1"`)
	first.expect(t, "first", 202, "")
	if first.header.Get("Location") != "/v1/submissions/"+first.ID || first.header.Get("Retry-After") == "" {
		t.Errorf("header %v", first.header)
	}
	for what, key := range map[string]string{"same key": `"k-1"`, "other key, same reference": `"k-2"`} {
		p := w.post(form("REF-1", "Anna"), json, keyHeader, key)
		if p.expect(t, what, 202, ""); p.ID != first.ID || p.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: %+v", what, p)
		}
	}
	w.post(form("REF-1", "Berta"), json, keyHeader, `"k-1"`).expect(t, "other bytes, same key", 422, "submit.key-reused")
	w.post(form("REF-1", "Berta"), json).expect(t, "other bytes, same reference", 409, "submit.reference-used")
	w.post(`{"ref": "REF-1"}`, json).expect(t, "wrong bytes, same reference", 409, "submit.reference-used")
	w.post(`{`, json, keyHeader, `"k-1"`).expect(t, "broken bytes, same key", 422, "submit.key-reused")
	w.post(`{`, json, keyHeader, `"k-3"`).expect(t, "broken bytes", 400, "submit.form")
	p := w.post(`{"ref": "REF-1234567890123", "parcels": [{}]}`, json, keyHeader, `"k-3"`)
	if p.expect(t, "wrong bytes", 422, "form.wrong"); len(p.Errors) != 3 {
		t.Errorf("errors: %+v", p.Errors)
	}
	w.post(form("REF-3", "Clara"), json, keyHeader, `"k-3"`).expect(t, "mended, same key", 202, "")
	w.until("two delivered", func() bool { return w.number("select count(*) from APPLICATION") == 2 })
	w.recorded(first.ID, "repeat", 2)
	w.recorded(first.ID, "conflict", 4)
}

// The same bytes on another route are another form: under one reference they are a conflict, over HTTP and from a folder.
func TestSameFormOnAnotherRoute(t *testing.T) {
	w := newWorld(t)
	head, _, _ := strings.Cut(worldMapping, "answer:")
	w.write("other.yaml", strings.Replace(head, "mapping: permit", "mapping: other", 1))
	config := fmt.Sprintf(worldConfig, tokenHash) + "  other: {from: others, mapping: other.yaml, front-office: portal}\n"
	w.write("inbasket.yaml", strings.Replace(config, "targets:", "  others: {folder: {path: in2, match: \"*.json\", quiet: 0s, poll: 50ms}}\ntargets:", 1))
	if err := os.Mkdir(filepath.Join(w.dir, "in2"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.start()
	post := func(route, body string, header ...string) posted {
		return w.postTo("?route="+route, body, "application/json", header...)
	}
	first := post("permit", form("REF-1", "Anna"), keyHeader, "k-1")
	first.expect(t, "first", 202, "")
	post("other", form("REF-1", "Anna")).expect(t, "the reference on another route", 409, "submit.other-route")
	post("other", form("REF-1", "Anna"), keyHeader, "k-1").expect(t, "the key on another route", 409, "submit.other-route")
	if again := post("permit", form("REF-1", "Anna")); again.ID != first.ID || again.status != 202 {
		t.Errorf("a repeat: %+v", again)
	}
	w.recorded(first.ID, "conflict", 2)
	w.write("in2/a.json", form("REF-1", "Anna"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
}

func (w *world) recorded(id, what string, want int) {
	w.t.Helper()
	n := 0
	for _, m := range w.timeline(id) {
		if m.What == what {
			n++
		}
	}
	if n != want {
		w.t.Errorf("%d times %s instead of %d", n, what, want)
	}
}

// A form that was accepted keeps its answer when its mapping becomes stricter afterwards.
func TestRepeatAfterStricterMapping(t *testing.T) {
	w := newWorld(t)
	w.start()
	first := w.post(form("REF-1", "Anna"), "application/json")
	first.expect(t, "first", 202, "")
	w.until("written", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	w.halt()
	w.write("permit.schema.json", strings.Replace(worldSchema, `"maxLength": 20`, `"maxLength": 3`, 1))
	w.write("permit.yaml", strings.Replace(worldMapping, "version: 1", "version: 2", 1))
	w.start()
	w.post(form("REF-2", "Anna"), "application/json").expect(t, "new form", 422, "form.wrong")
	again := w.post(form("REF-1", "Anna"), "application/json")
	if again.expect(t, "repeat", 202, ""); again.ID != first.ID {
		t.Errorf("repeat has ID %s instead of %s", again.ID, first.ID)
	}
}

// XML, urlencoded and multipart forms come in as well, each for a mapping of its format.
func TestPostedFormats(t *testing.T) {
	for format, c := range map[string]struct{ body, contentType string }{
		"xml":        {`<form><ref>REF-1</ref><name>Zoë</name><parcels><number>1</number></parcels></form>`, "application/xml"},
		"urlencoded": {"ref=REF-1&name=Zo%C3%AB&number=1", "application/x-www-form-urlencoded"},
		"json":       multi(t, `{"ref": "REF-1", "name": "Zoë", "parcels": [{"number": "1"}]}`),
	} {
		t.Run(format, func(t *testing.T) {
			w := newWorld(t)
			mapping := strings.NewReplacer("format: json, schema: permit.schema.json,", "format: "+format+", lists: [parcels],", "form.drop == true", `form.drop == "true"`).Replace(worldMapping)
			if format == "json" {
				mapping = worldMapping
			}
			if format == "urlencoded" {
				mapping = strings.NewReplacer("format: json, schema: permit.schema.json,", "format: urlencoded,",
					"    each: parcel in form.parcels\n", "", "parcel.number", `form.number`, "form.drop == true", `form.drop == "true"`).Replace(worldMapping)
			}
			w.write("permit.yaml", mapping)
			w.start()
			p := w.post(c.body, c.contentType)
			p.expect(t, "first", 202, "")
			w.until("written", func() bool { return w.number("select count(*) from PARCEL") == 1 })
			if n := w.number("select count(*) from APPLICATION a join PARCEL p on p.APP_ID = a.ID where NAME = 'ZOË' and NUMBER = '1'"); n != 1 {
				t.Errorf("%d rows", n)
			}
			if p := w.post(c.body, c.contentType); p.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("repeat: %+v", p)
			}
			other := "application/xml"
			if format == "xml" {
				other = "application/json"
			}
			bad := w.post("?", other)
			if bad.expect(t, "another format", 400, "submit.form"); len(bad.Errors) != 1 || !strings.Contains(bad.Errors[0].Message, "the mapping reads "+format) {
				t.Errorf("another format: %+v", bad.Errors)
			}
		})
	}
}

// multi is a form with an attachment as a browser sends it.
func multi(t *testing.T, form string) struct{ body, contentType string } {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, p := range [][3]string{{`form-data; name="form"`, "application/json", form}, {`form-data; name="plan"; filename="plan.pdf"`, "application/pdf", "%PDF"}} {
		w, err := m.CreatePart(textproto.MIMEHeader{"Content-Disposition": {p[0]}, "Content-Type": {p[1]}})
		if err == nil {
			_, err = fmt.Fprint(w, p[2])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return struct{ body, contentType string }{b.String(), m.FormDataContentType()}
}

// timeline returns everything that is recorded of a submission.
func (w *world) timeline(id string) []journal.Moment {
	w.t.Helper()
	n, err := journal.ParseID(id)
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := reading.Of(w.agent.Journal()).Show(context.Background(), n)
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Timeline
}
