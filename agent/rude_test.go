package agent_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

// Two thousand silent connections to each listener of a running agent delay neither a front office nor a scrape.
func TestSilentClientsKeepNobodyOut(t *testing.T) {
	w := newWorld(t)
	w.start()
	for _, at := range []string{w.at.FrontOffice, w.at.Monitor} {
		for range 2000 {
			c, err := net.Dial("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}
	best := time.Hour
	for i := range 10 {
		http.DefaultClient.CloseIdleConnections() // the next one comes new
		start := time.Now()
		w.post(form(fmt.Sprint("REF-", i), "Anna"), "application/json").expect(t, "post", 202, "")
		if best = min(best, time.Since(start)); best < 100*time.Millisecond {
			break
		}
	}
	if best > 100*time.Millisecond {
		t.Errorf("the answer took %s", best)
	}
	scrape := w.scrape()
	if !strings.Contains(scrape, "inbasket_http_connections_ended_total") || strings.Contains(scrape, "inbasket_http_connections_ended_total 0\n") {
		t.Error("metrics do not tell that connections had to go")
	}
}

// withQuota gives the front office of a world a quota.
func (w *world) withQuota(quota string) {
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(worldConfig, tokenHash), "portal: {", "portal: {quota: "+quota+", ", 1))
}

func (w *world) quota() *control.QuotaStatus {
	w.t.Helper()
	s, err := w.agent.Health().Status(context.Background())
	if err != nil || s.FrontOffices[0].Quota == nil {
		w.t.Fatalf("%v: %+v", err, s.FrontOffices)
	}
	return s.FrontOffices[0].Quota
}

// What a front office brought today is known after a restart, and what it brings again is no more of it.
func TestQuotaOfBytes(t *testing.T) {
	w := newWorld(t)
	one := form("REF-1", "Anna")
	limit := 2*len(one) + 1
	w.withQuota(fmt.Sprintf("{bytes-per-day: %d}", limit))
	w.start()
	w.post(one, "application/json").expect(t, "first", 202, "")
	w.post(one, "application/json").expect(t, "the same again", 202, "")
	w.post(strings.Replace(one, "Anna", "Anna ", 1), "application/json").expect(t, "a conflict counts, since it was read", 409, "submit.reference-used")
	over := w.post(form("REF-2", "Anna"), "application/json")
	over.expect(t, "over the quota", 429, "http.quota")
	if s := over.header.Get("Retry-After"); s == "" || len(s) > 5 {
		t.Errorf("Retry-After is %q", s)
	}
	w.post(one, "application/json").expect(t, "a known form when the quota is used up", 202, "")
	w.halt()
	w.start()
	if q := w.quota(); q.Bytes != int64(len(one)) {
		t.Errorf("%d bytes are known after a restart instead of %d", q.Bytes, len(one))
	}
	w.post(form("REF-3", "Anna"), "application/json").expect(t, "what is left", 202, "")
	w.post(form("REF-4", "Anna"), "application/json").expect(t, "over the quota", 429, "http.quota")
	m := multi(t, one)
	w.post(m.body, m.contentType).expect(t, "known reference, with an attachment that nobody knows", 409, "submit.reference-used")
	q := w.quota()
	if q.Bytes != int64(2*len(one)) || q.Refused["bytes-per-day"] != 2 {
		t.Errorf("%+v", q)
	}
	for _, line := range []string{fmt.Sprintf(`inbasket_office_quota{office="portal",what="bytes-per-day"} %d`, limit), fmt.Sprintf(`inbasket_office_quota_used{office="portal",what="bytes-per-day"} %d`, q.Bytes),
		`inbasket_office_over_quota_total{office="portal",what="bytes-per-day"} 2`, `inbasket_office_over_quota_total{office="portal",what="open"} 0`} {
		if !strings.Contains(w.scrape(), line) {
			t.Errorf("not in the metrics: %s", line)
		}
	}
}

// Forms that are not delivered are bounded, also when they come all at once.
func TestQuotaOfOpenForms(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	w.withQuotaOf("open: 3")
	w.start()
	if _, err := orders.Pause.Give(context.Background(), w.agent.Desk(), control.PauseRequest{Target: "one", Paused: true, By: "test"}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	status := map[int]int{}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			p := w.post(form(fmt.Sprint("REF-", i), "Anna"), "application/json")
			mu.Lock()
			defer mu.Unlock()
			status[p.status]++
		})
	}
	all.Wait()
	if status[202] > 3 || status[202]+status[429] != 20 {
		t.Errorf("answers %v", status)
	}
	for i := 100; status[202] < 3; i++ { // refused only because others were under way
		w.post(form(fmt.Sprint("REF-", i), "Anna"), "application/json").expect(t, "up to the quota", 202, "")
		status[202]++
	}
	w.post(form("REF-X", "Anna"), "application/json").expect(t, "over the quota", 429, "http.quota")
	if _, err := orders.Pause.Give(context.Background(), w.agent.Desk(), control.PauseRequest{Target: "one", By: "test"}); err != nil {
		t.Fatal(err)
	}
	w.until("delivered", func() bool { return one.count() == 3 && w.states()[journal.Accepted] == 0 })
	w.post(form("REF-X", "Anna"), "application/json").expect(t, "after delivery", 202, "")
}

func (w *world) readFile(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func (w *world) withQuotaOf(quota string) {
	cfg := strings.Replace(w.readFile("inbasket.yaml"), "portal: {", "portal: {quota: {"+quota+"}, ", 1)
	w.write("inbasket.yaml", cfg)
}

func TestQuotaOfRequests(t *testing.T) {
	w := newWorld(t)
	w.withQuota("{rate: 3/h}")
	w.start()
	first := w.post(form("REF-1", "Anna"), "application/json")
	first.expect(t, "first", 202, "")
	w.post(form("REF-2", "Anna"), "application/json").expect(t, "second", 202, "")
	w.post(form("REF-3", "Anna"), "application/json").expect(t, "third", 202, "")
	over := w.post(form("REF-4", "Anna"), "application/json")
	over.expect(t, "fourth", 429, "http.quota")
	if s := over.header.Get("Retry-After"); s != "1200" && s != "1199" {
		t.Errorf("Retry-After is %q", s)
	}
	w.withQuota("{rate: 100/h}")
	if _, err := w.agent.Reload(context.Background(), control.ReloadRequest{By: "test"}); err != nil {
		t.Fatal(err)
	}
	w.post(form("REF-4", "Anna"), "application/json").expect(t, "after a reload", 202, "")
	if q := w.quota(); q.Rate != "100/h" || q.Refused["rate"] != 1 {
		t.Errorf("%+v", q)
	}
	w.halt()
	w.withQuota("{rate: 5/h}")
	w.start()
	w.post(form("REF-5", "Anna"), "application/json").expect(t, "the fifth, after a restart", 202, "")
	w.post(form("REF-6", "Anna"), "application/json").expect(t, "no burst after a restart", 429, "http.quota")
}

// What cannot be a form is refused at once, whatever the mapping makes of it.
func TestNothingIsNoForm(t *testing.T) {
	w := newWorld(t)
	w.write("permit.yaml", strings.Replace(worldMapping, "schema: permit.schema.json, ", "", 1))
	w.start()
	for _, body := range []string{"null", " null\r\n", "\ufeffnull", "true", "0", `"text"`, " ", "\n\n", "\ufeff"} {
		p := w.post(body, "application/json")
		if p.expect(t, fmt.Sprintf("%q", body), 400, "submit.form"); len(p.Errors) != 1 || p.Errors[0].Message == "" {
			t.Errorf("%q: %+v", body, p.Errors)
		}
	}
	m := multi(t, "null")
	w.post(m.body, m.contentType).expect(t, "null with an attachment", 400, "submit.form")
	w.post("", "application/json").expect(t, "nothing", 400, "submit.empty")
	w.write("in/null.json", "null")
	w.until("a null from a folder waits for a person", func() bool { return w.states()[journal.Parked] == 1 })
}

func TestNoFieldIsNoForm(t *testing.T) {
	w := newWorld(t)
	w.write("permit.yaml", strings.NewReplacer("format: json, schema: permit.schema.json,", "format: urlencoded,",
		"    each: parcel in form.parcels\n", "", "parcel.number", "form.number", "form.drop == true", `form.drop == "true"`).Replace(worldMapping))
	w.start()
	for _, body := range []string{"&", "&&&"} {
		w.post(body, "application/x-www-form-urlencoded").expect(t, body, 400, "submit.form")
	}
}

// References that nobody can tell apart, or read out, are refused.
func TestImproperReferences(t *testing.T) {
	w := newWorld(t)
	w.write("permit.schema.json", strings.Replace(worldSchema, `, "maxLength": 12`, "", 1))
	w.start()
	for what, ref := range map[string]string{"long": strings.Repeat("x", 201), "long, of two bytes each": strings.Repeat("ü", 201), "line": "A\nB", "tab": "A\tB", "null": "A\u0000B", "escape": "A\u001b[2J",
		"delete": "A\u007f", "C1": "A\u0085B", "right to left": "A\u202eB", "isolate": "A\u2066B", "no width": "A\u200bB", "mark": "\ufeffA", "line separator": "A\u2028B", "blank before": " A", "blank after": "A ",
		"no break": "A\u00a0", "soft hyphen": "A\u00adB", "filler": "A\u3164", "tag": "A\U000e0041", "blank": " "} {
		p := w.post(fmt.Sprintf(`{"ref": %s, "name": "Anna"}`, jsonText(ref)), "application/json")
		if p.expect(t, what, 422, "form.reference"); len(p.Errors) != 1 || p.Errors[0].Code != "form.reference" {
			t.Errorf("%s: %+v", what, p.Errors)
		}
	}
	for i, ref := range []string{strings.Repeat("ü", 200), "Ä 4711/2026 (b)", "日本-1", "0"} {
		w.post(fmt.Sprintf(`{"ref": %s, "name": "Anna"}`, jsonText(ref)), "application/json").expect(t, fmt.Sprint("proper ", i), 202, "")
	}
	for _, key := range []string{`" a"`, `"a "`, `"a` + "\t" + `b"`, `""`, strings.Repeat("k", 129)} {
		w.post(form("REF-9", "Anna"), "application/json", keyHeader, key).expect(t, key, 400, "submit.key")
	}
	w.until("three do not fit into the line", func() bool { return w.states()[journal.Rejected] == 3 })
	w.write("in/bad.json", `{"ref": "A\u202eB", "name": "Anna"}`)
	w.until("one from a folder is rejected", func() bool { return w.states()[journal.Rejected] == 4 })
}

func jsonText(s string) string {
	b, _ := json.Marshal(s) // a text
	return string(b)
}

// Wrong tokens are told with their address, and keep nobody else waiting.
func TestWrongTokensAreTold(t *testing.T) {
	w := newWorld(t)
	w.start()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			req, _ := http.NewRequest(http.MethodGet, "http://"+w.at.FrontOffice+"/v1/events", nil)
			req.Header.Set("Authorization", "Bearer wrong")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if resp.StatusCode != 401 || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %v", resp.StatusCode, resp.Header)
			}
		})
	}
	w.untilLogged("http.wrong-tokens")
	start := time.Now()
	w.post(form("REF-1", "Anna"), "application/json").expect(t, "right token from the same address", 202, "")
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %s", took)
	}
	all.Wait()
	if n := strings.Count(w.log.String(), `"address":"127.0.0.1"`); n != 1 {
		t.Errorf("told %d times within a minute:\n%s", n, w.log)
	}
	if !strings.Contains(w.scrape(), "inbasket_http_wrong_tokens_total 5") {
		t.Error("not counted in the metrics")
	}
	s, err := w.agent.Health().Status(context.Background())
	if err != nil || !strings.Contains(fmt.Sprint(s.Notices), "wrong tokens") {
		t.Errorf("%v: %v", err, s.Notices)
	}
}

// A body that nobody wants is read to its end within bounds, so that who sends all of it first reads the problem.
func TestRefusedBodiesAreAnswered(t *testing.T) {
	w := newWorld(t)
	w.write("inbasket.yaml", strings.Replace(w.readFile("inbasket.yaml"), "address: 127.0.0.1:0", "address: 127.0.0.1:0, max-body: 1MiB", 1))
	w.start()
	body := strings.Repeat("x", 30<<20)
	head := "POST /v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	auth := "Authorization: Bearer " + token + "\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	for what, c := range map[string]struct {
		head, code string
		status     int
	}{
		"no token":   {head + length, "http.token", 401},
		"too large":  {head + auth + length, "submit.too-large", 413},
		"compressed": {head + auth + "Content-Encoding: gzip\r\n" + length, "submit.encoding", 415},
		"bad key":    {head + auth + "Idempotency-Key: \"\"\r\n" + length, "submit.key", 400},
		"no path":    {strings.Replace(head, "submissions", "nothing", 1) + auth + length, "http.not-found", 404},
		"no method":  {strings.Replace(head, "POST", "DELETE", 1) + auth + length, "http.method", 405},
		"both":       {head + auth + length + "Transfer-Encoding: chunked\r\n", "http.request", 400},
		"coding":     {head + auth + "Transfer-Encoding: br\r\n", "http.request", 501},
		"expecting":  {head + auth + "Expect: 100-continue\r\n" + length, "submit.too-large", 413},
	} {
		c1, err := net.Dial("tcp", w.at.FrontOffice)
		if err != nil {
			t.Fatal(err)
		}
		defer c1.Close()
		_ = c1.SetDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.WriteString(c1, c.head+"\r\n"+body); err != nil {
			t.Errorf("%s: while it was sending: %v", what, err)
			continue
		}
		resp, err := http.ReadResponse(bufio.NewReader(c1), nil)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != c.status || !strings.Contains(string(b), `"code":"`+c.code+`"`) || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v %s", what, resp.StatusCode, err, b)
		}
		_ = resp.Body.Close()
	}
	if n := w.states()[journal.Accepted]; n != 0 {
		t.Errorf("%d were accepted", n)
	}
}
