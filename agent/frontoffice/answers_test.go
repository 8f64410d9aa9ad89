package frontoffice

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

// seen is every status that an operation has answered in a test of this package.
var seen struct {
	mu  sync.Mutex
	all map[string]bool
}

// observed notes what a handler answers, by the operation of the description.
func observed(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	for operation := range operations() {
		mux.Handle(operation, http.NotFoundHandler())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		_, operation := mux.Handler(r)
		h.ServeHTTP(rec, r)
		if ours, _ := route(r.URL); ours == "" || operation == "" || rec.status == http.StatusMethodNotAllowed {
			return
		}
		seen.mu.Lock()
		defer seen.mu.Unlock()
		if seen.all == nil {
			seen.all = map[string]bool{}
		}
		seen.all[fmt.Sprint(operation, ": ", rec.status)] = true
	})
}

// operations are those of the description, such as GET /v1/events, with their statuses.
func operations() map[string][]string {
	var doc struct {
		Paths map[string]map[string]struct{ Responses map[string]any }
	}
	b, err := OpenAPI("")
	if err == nil {
		err = json.Unmarshal(b, &doc)
	}
	if err != nil {
		panic(err)
	}
	out := map[string][]string{}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			out[strings.ToUpper(method)+" "+path] = slices.Collect(maps.Keys(o.Responses))
		}
	}
	return out
}

// described runs the tests, and then compares what was answered in them with the description: it must have every status that
// there was, and none that there never is.
type described struct{ *testing.M }

func (d described) Run() int {
	code := d.M.Run()
	told := map[string]bool{}
	for operation, statuses := range operations() {
		for _, s := range statuses {
			told[operation+": "+s] = true
		}
	}
	part := "" // not all tests were run
	for _, name := range []string{"run", "skip", "list", "fuzz"} {
		part += flag.Lookup("test." + name).Value.String()
	}
	for answer := range seen.all {
		if !told[answer] {
			fmt.Fprintf(os.Stderr, "the description lacks %s\n", answer)
			code = 1
		}
	}
	for answer := range told {
		if !seen.all[answer] && part == "" && code == 0 {
			fmt.Fprintf(os.Stderr, "the description has %s, and no test had that answer\n", answer)
			code = 1
		}
	}
	return code
}

// TestWhatAllOperationsAnswer asks each operation for what any of them may have to answer.
func TestWhatAllOperationsAnswer(t *testing.T) {
	b := newBench(t, nil)
	submission(b, journal.Decided)
	b.document(sub, "a", "", "x")
	place := strings.NewReplacer("{id}", sub.String(), "{n}", "1", "{name}", "a")
	long := strings.NewReplacer("{id}", strings.Repeat("0", 41), "{n}", "1", "{name}", "A")
	for operation := range operations() {
		method, path, _ := strings.Cut(operation, " ")
		ask := func(status int, code, path string, headers ...string) {
			t.Helper()
			body := "{}"
			if method == http.MethodPut {
				body = `{"cursor": "` + b.api.cursorAt("portal", 0) + `"}`
			}
			resp, text := b.do(method, path, body, append(headers, "Content-Type", "application/json")...)
			if wantProblem(t, resp, text, status, code); resp.StatusCode != status {
				t.Error(operation)
			}
		}
		ask(401, CodeToken, place.Replace(path), "Authorization", "")
		ask(400, CodeInvalid, place.Replace(path)+"?a=%zz")
		if strings.Contains(path, "{") {
			ask(422, CodeInvalid, long.Replace(path))
		}
		if strings.Contains(path, "{id}") {
			ask(404, CodeNotFound, strings.Replace(place.Replace(path), sub.String(), "0000000000001", 1))
			b.put(journal.View{Entry: journal.Entry{ID: sub, Office: "portal", State: journal.Purged}})
			ask(410, CodePurged, place.Replace(path))
			submission(b, journal.Decided)
		}
		b.broken = errors.New("canary")
		b.submit = func(context.Context, string, Incoming) (Receipt, error) { panic("canary") }
		ask(500, CodeInternal, place.Replace(path))
		b.broken, b.submit = nil, nil
		b.api.posts.max, b.api.reads.max = 0, 0
		ask(503, CodeBusy, place.Replace(path))
		b.api.posts.max, b.api.reads.max = 10, 10
		if err := b.api.SetOffices([]Office{{Name: "portal", Tokens: []string{HashToken(b.token)}, Quota: Quota{Requests: 1, Per: time.Hour}}}); err != nil {
			t.Fatal(err)
		}
		b.do("GET", "/v1/events", "")
		ask(429, CodeQuota, place.Replace(path))
		if err := b.api.SetOffices([]Office{{Name: "portal", Tokens: []string{HashToken(b.token)}}}); err != nil {
			t.Fatal(err)
		}
	}
}
