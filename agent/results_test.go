package agent_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
)

// rows is a source of results that a test fills; it keeps its contract: what it gave and was not told of, it
// does not give again.
type rows struct {
	mu      sync.Mutex
	waiting []connectors.Result
	given   map[string]connectors.Result
	told    map[string]connectors.Verdict
	fail    int // so many calls of Settle
}

func (r *rows) add(id, ref, status string) { r.addWith(id, ref, status, nil) }

// addWith adds a row with a document.
func (r *rows) addWith(id, ref, status string, pdf *connectors.Blob) {
	text := func(s string) connectors.Value { return connectors.Value{Kind: connectors.Text, Str: s} }
	r.mu.Lock()
	document := connectors.Value{Kind: connectors.Null}
	if pdf != nil {
		document = connectors.Value{Kind: connectors.Binary, Blob: pdf}
	}
	r.waiting = append(r.waiting, connectors.Result{Handle: id, ID: id, Fields: map[string]connectors.Value{"ID": text(id), "REF": text(ref), "STATUS": text(status), "PDF": document}})
	r.mu.Unlock()
}

func (r *rows) Next(ctx context.Context, _ int) ([]connectors.Result, error) {
	for {
		r.mu.Lock()
		out := r.waiting
		r.waiting = nil
		for _, one := range out {
			if r.given == nil {
				r.given = map[string]connectors.Result{}
			}
			r.given[one.Handle] = one
		}
		r.mu.Unlock()
		if len(out) > 0 {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (r *rows) Settle(_ context.Context, receipts []connectors.Receipt) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail > 0 {
		r.fail--
		if r.fail%2 == 1 {
			panic("broken")
		}
		return errors.New("database gone")
	}
	for _, x := range receipts {
		r.told[x.Handle] = x.Verdict
	}
	return nil
}

func (r *rows) verdict(id string) connectors.Verdict {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told[id]
}

func (*rows) Close() error { return nil }

// asking is a script that can be asked for results.
type asking struct {
	*script
	rows *rows
}

func (a asking) Answers(connectors.Question) (connectors.ResultSource, error) { return a.rows, nil }

const askingAnswer = `answer:
  from: one
  query: select ID, REF, STATUS from DECISION
  id: ID
  match: {REF: form.ref}
  mark: update DECISION set SENT = 1 where ID = :ID
  outcome: {STATUS: {A: approved, R: refused}}
`

func newAsking(t *testing.T) (*world, *script, *rows) {
	one, r := newScript(recorded), &rows{told: map[string]connectors.Verdict{}}
	return newScripted(t, asking{one, r}, newScript(recorded), askingAnswer), one, r
}

func (w *world) view(ref string) journal.View {
	w.t.Helper()
	list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{Reference: ref})
	if err != nil || len(list) != 1 {
		w.t.Fatal(ref, list, err)
	}
	v, err := reading.Of(w.agent.Journal()).Show(context.Background(), list[0].ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// Two decisions are two results; one that came before the delivery, one that fits nothing and one with an
// unknown status are kept; and the source hears of each, however often it fails meanwhile.
func TestResults(t *testing.T) {
	w, one, r := newAsking(t)
	one.deliver = down
	r.fail = 4
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("accepted", func() bool { return w.states()[journal.Accepted] == 1 })
	r.add("1", "REF-1", "A")  // before it is delivered
	r.add("2", "NOBODY", "A") // fits nothing
	r.add("3", "REF-1", "X")  // unknown status
	w.until("told in spite of failures", func() bool {
		return r.verdict("1") == connectors.Taken && r.verdict("2") == connectors.Taken && r.verdict("3") == connectors.Taken
	})
	s, err := w.agent.Health().Status(context.Background())
	if err != nil || s.Orphans == 0 || s.ParkedResults != 1 {
		t.Errorf("%d orphans, %d parked, %v", s.Orphans, s.ParkedResults, err)
	}
	one.set(func() { one.deliver = nil })
	w.until("decided", func() bool { return w.states()[journal.Decided] == 1 })
	r.add("4", "REF-1", "R") // a second decision
	r.add("1", "REF-1", "A") // the first one again
	w.until("repeat", func() bool { return r.verdict("1") == connectors.Repeat })
	v := w.view("REF-1")
	if len(v.Results) != 2 || v.Results[0].Outcome != "approved" || v.Results[1].Outcome != "refused" {
		t.Errorf("%+v", v.Results)
	}
	if s, err = w.agent.Health().Status(context.Background()); err != nil || s.Orphans != 1 {
		t.Errorf("%d orphans, %v", s.Orphans, err)
	}
}

// What fields make of a row's columns is told: case, reason and a document by the name that the row gives it. A row that cannot be computed waits, and
// the others do not.
func TestResultsOfFields(t *testing.T) {
	one, r := newScript(recorded), &rows{told: map[string]connectors.Verdict{}}
	w := newScripted(t, asking{one, r}, newScript(recorded), `lookups: {why: {values: {A: all fine}}}
answer:
  from: one
  query: select ID, REF, STATUS from DECISION
  id: ID
  match: {KEY: form.ref}
  mark: update DECISION set SENT = 1 where ID = :ID
  let: {no: row.ID | text()}
  fields:
    KEY: row.REF | upper()
    NUMBER: concat("2026/", no)
    WHY: '[row.STATUS | lookup("why"), no] | join("; ")'
    LETTER: concat("letter ", no)
    TITLE: concat("letter-", no, ".txt")
  outcome: {STATUS: {A: approved, R: refused}}
  case: NUMBER
  reason: WHY
  documents: [{named: TITLE, from: LETTER}]
`)
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.write("in/b.json", form("REF-2", "Berta"))
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 2 })
	r.add("1", "ref-2", "R") // its reason is not in the lookup
	r.add("2", "ref-1", "A")
	w.until("decided", func() bool { return w.states()[journal.Decided] == 1 && r.verdict("1") != 0 })
	v := w.view("REF-1")
	if len(v.Results) != 1 || v.Results[0].CaseNo != "2026/2" || v.Results[0].Reason != "all fine; 2" || len(v.Results[0].Documents) != 1 || v.Results[0].Documents[0].Name != "letter-2.txt" {
		t.Errorf("%+v", v.Results)
	}
	if s, err := w.agent.Health().Status(context.Background()); err != nil || s.ParkedResults != 1 {
		t.Errorf("%d parked, %v", s.ParkedResults, err)
	}
}

func document(name, content string) iter.Seq2[control.Document, error] {
	return func(yield func(control.Document, error) bool) {
		yield(control.Document{Name: name, Body: strings.NewReader(content)}, nil)
	}
}

// People decide too: with a document, at the same time, on what is parked; not on what is rejected.
func TestDecide(t *testing.T) {
	w, one, _ := newAsking(t)
	one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		return []connectors.Outcome{{Key: g.Items[0].Key, Class: connectors.ItemError, Code: "test.refused", Text: "refused"}}, nil
	}
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	id := w.only().ID
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			r := control.DecideRequest{ID: id, Outcome: "approved", Reason: fmt.Sprint(i), By: "clerk", Documents: document("permit.pdf", fmt.Sprint("%PDF-", i))}
			if _, err := orders.Decide.Give(context.Background(), w.agent.Desk(), r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	v := w.view("REF-1")
	if len(v.Results) != 4 || len(v.Results[0].Documents) != 1 || v.Results[0].Documents[0].ContentType != "application/pdf" {
		t.Errorf("%+v", v.Results)
	}
	one.set(func() { one.deliver = nil })
	if _, err := orders.Release.Give(context.Background(), w.agent.Desk(), control.ReleaseRequest{IDs: []journal.ID{id}}); err != nil {
		t.Fatal(err)
	}
	w.until("delivered as well", func() bool { return one.count() == 1 })
	w.write("in/b.json", `{"ref": "REF-2"}`)
	w.until("rejected", func() bool { return w.states()[journal.Rejected] == 1 })
	_, err := orders.Decide.Give(context.Background(), w.agent.Desk(), control.DecideRequest{ID: w.view("REF-2").ID, Outcome: "approved", Documents: document("a", "b")})
	var refused *control.Error
	if !errors.As(err, &refused) {
		t.Errorf("decided what is rejected: %v", err)
	}
}

// A front office that cannot be reached is in status, and the trouble ends when it can.
func TestPushTrouble(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	office := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(office.Close)
	w := newScripted(t, newScript(recorded), newScript(recorded), "")
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(scriptWorld, tokenHash), "portal: {tokens:",
		"portal: {webhook: {url: "+office.URL+", secret: \"${env:TEST_HOOK}\", allow-private: true}, tokens:", 1))
	t.Setenv("TEST_HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	trouble := func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.FrontOffices[0].Trouble != nil
	}
	w.until("trouble", trouble)
	broken.Store(false)
	w.write("in/b.json", form("REF-2", "Berta"))
	w.until("no trouble", func() bool { return !trouble() })
}
