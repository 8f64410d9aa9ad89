package agent_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/decisions"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

// broken is a file that cannot be read, in one of several ways.
func broken(how string) connectors.Blob {
	return connectors.Blob{Size: 3, Open: func() (io.ReadCloser, error) {
		switch how {
		case "opened":
			return nil, errors.New("disk of the office")
		case "panic":
			panic("broken")
		case "large":
			return nil, connectors.Errorf(connectors.ItemError, "sql.too-large", "read a document", "", "too large")
		}
		return io.NopCloser(io.MultiReader(strings.NewReader("%PDF"), failing{})), nil
	}}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("bad block") }

func (w *world) status() control.Status {
	w.t.Helper()
	s, err := w.agent.Health().Status(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) parked() []journal.Outcome {
	w.t.Helper()
	list, err := control.WaitingResults(context.Background(), w.agent.Journal(), control.ResultsFilter{Parked: true, Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// again gives what was released once more, as a source has to.
type again struct{ *rows }

func (a again) Settle(ctx context.Context, receipts []connectors.Receipt) error {
	a.mu.Lock()
	for _, x := range receipts {
		if r, ok := a.given[x.Handle]; ok && x.Verdict == connectors.Released {
			a.waiting = append(a.waiting, r)
		}
	}
	a.mu.Unlock()
	return a.rows.Settle(ctx, receipts)
}

type askingAgain struct {
	*script
	rows *rows
}

func (a askingAgain) Answers(connectors.Question) (connectors.ResultSource, error) {
	return again{a.rows}, nil
}

const documentAnswer = askingAnswer + "  documents: [{name: permit.pdf, from: PDF}]\n"

// TestResultsWaitAlone has one document after the other fail, in every way: the other decisions of its source are
// told, status names the one at once, and after ten minutes it is set aside for a person.
func TestResultsWaitAlone(t *testing.T) {
	for _, how := range []string{"opened", "read", "panic"} {
		t.Run(how, func(t *testing.T) {
			one, r := newScript(recorded), &rows{told: map[string]connectors.Verdict{}}
			w := newScripted(t, askingAgain{one, r}, newScript(recorded), strings.Replace(documentAnswer, "ID, REF, STATUS from", "ID, REF, STATUS, PDF from", 1))
			c := clock.NewFast(10)
			timed(w, c)
			for _, n := range []string{"1", "2", "3"} {
				w.write("in/"+n+".json", form("REF-"+n, "Anna"))
			}
			w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
			bad, good := broken(how), connectors.BytesBlob([]byte("%PDF"))
			r.addWith("1", "REF-1", "A", &bad)
			r.addWith("2", "REF-2", "A", &good)
			r.addWith("3", "REF-3", "R", nil)
			w.until("the others are decided", func() bool { return w.states()[journal.Decided] == 2 })
			w.until("named", func() bool {
				list := w.status().Results[0].Waiting
				return len(list) == 1 && strings.Contains(list[0].Item, "result 1 about REF=REF-1") && list[0].Code == waiting.CodeUnread && !list[0].SetAside.IsZero()
			})
			if list := w.parked(); len(list) != 1 || !list[0].Park.Waits || r.verdict("1") != connectors.Released {
				t.Errorf("it is to wait, on record: %+v", list)
			}
			c.Jump(11 * time.Minute)
			w.until("set aside", func() bool { return r.verdict("1") == connectors.Taken })
			list := w.parked()
			if len(list) != 1 || list[0].Park.Code != decisions.CodeDocument || list[0].Park.Waits || list[0].Outcome != "approved" || len(w.status().Results[0].Waiting) != 0 {
				t.Errorf("%+v", list)
			}
			if _, err := orders.Attach.Give(context.Background(), w.agent.Desk(), control.AttachRequest{Result: list[0].N, ID: w.view("REF-1").ID}); err != nil {
				t.Error(err)
			}
			w.until("decided", func() bool { return w.states()[journal.Decided] == 3 })
		})
	}
}

// TestResultInTrouble sets a result aside that its source cannot tell from another one, without a meaning or documents.
func TestResultInTrouble(t *testing.T) {
	one, r := newScript(recorded), &rows{told: map[string]connectors.Verdict{}}
	w := newScripted(t, askingAgain{one, r}, newScript(recorded), strings.Replace(documentAnswer, "ID, REF, STATUS from", "ID, REF, STATUS, PDF from", 1))
	c := clock.NewFast(10)
	timed(w, c)
	pdf := connectors.BytesBlob([]byte("%PDF"))
	r.mu.Lock()
	r.waiting = append(r.waiting, connectors.Result{Handle: "1", ID: "1", Trouble: connectors.Errorf(connectors.TargetError, "sql.result-twice", "ask for results", "", "several"),
		Fields: map[string]connectors.Value{"ID": {Kind: connectors.Text, Str: "1"}, "REF": {Kind: connectors.Text, Str: "REF-1"}, "STATUS": {Kind: connectors.Text, Str: "A"}, "PDF": {Kind: connectors.Binary, Blob: &pdf}}})
	r.mu.Unlock()
	w.until("named", func() bool {
		list := w.status().Results[0].Waiting
		return len(list) == 1 && list[0].Code == "sql.result-twice"
	})
	c.Jump(11 * time.Minute)
	w.until("set aside", func() bool { return r.verdict("1") == connectors.Taken })
	if list := w.parked(); len(list) != 1 || list[0].Park.Code != "sql.result-twice" || list[0].Outcome != "" || len(list[0].Documents) != 0 {
		t.Errorf("%+v", list)
	}
}

// TestResultTwiceAfterRestart has two rows of one ID wait in memory only: they stay in the database unmarked, so that the next
// start reads them again and names them at once. Then the office mends them, or they are set aside for a person.
func TestResultTwiceAfterRestart(t *testing.T) {
	w := newWorld(t)
	w.write("permit.yaml", strings.NewReplacer("id: ID", "id: APP_ID", "where ID = :ID and", "where APP_ID = :APP_ID and").Replace(worldMapping))
	c := clock.NewFast(1)
	timed(w, c)
	w.write("in/a.json", form("REF-1", "Anna"))
	w.write("in/b.json", form("REF-2", "Berta"))
	w.until("delivered", func() bool { return w.number("select count(*) from APPLICATION") == 2 })
	w.exec("insert into DECISION (APP_ID, STATUS) select ID, 'A' from APPLICATION union all select ID, 'R' from APPLICATION") // at once: the first alone would be told
	named := func(n int) func() bool {
		return func() bool {
			list := w.status().Results[0].Waiting
			return len(list) == n && list[0].Code == "sql.result-twice" && strings.Contains(list[n-1].Item, "result ")
		}
	}
	w.until("named", named(2))
	for range 2 {
		w.halt()
		timed(w, c)
		w.until("named again", named(2))
		if n := w.number("select count(*) from DECISION where SENT is null"); n != 4 || len(w.parked()) != 0 {
			t.Fatalf("%d rows are left", n)
		}
	}
	w.exec("delete from DECISION where STATUS = 'A' and APP_ID = (select ID from APPLICATION where FORM_REF = 'REF-1')")
	w.until("the one that was mended is told", func() bool { return w.view("REF-1").State == journal.Decided })
	c.Jump(11 * time.Minute)
	w.until("the other is set aside", func() bool {
		return len(w.parked()) == 1 && w.number("select count(*) from DECISION where SENT is null") == 0
	})
	if o := w.parked()[0]; o.Park.Code != "sql.result-twice" || w.view("REF-2").State == journal.Decided {
		t.Errorf("%+v", o)
	}
}

// TestTooLargeIsToldOnce parks a decision whose document is too large at once, with its case.
func TestTooLargeIsToldOnce(t *testing.T) {
	one, r := newScript(recorded), &rows{told: map[string]connectors.Verdict{}}
	w := newScripted(t, askingAgain{one, r}, newScript(recorded), strings.Replace(documentAnswer, "ID, REF, STATUS from", "ID, REF, STATUS, PDF from", 1))
	w.start()
	large := broken("large")
	r.addWith("1", "REF-1", "A", &large)
	w.until("taken", func() bool { return r.verdict("1") == connectors.Taken })
	list := w.parked()
	if len(list) != 1 || list[0].Park.Code != decisions.CodeDocument || !strings.Contains(list[0].Park.Text, "sql.too-large") || list[0].MatchKey != "REF=REF-1" {
		t.Errorf("%+v", list)
	}
}

// TestMissingColumn tells and marks nothing when the query does not give what the mapping reads; status says what.
func TestMissingColumn(t *testing.T) {
	w := newWorld(t)
	w.write("permit.yaml", strings.Replace(strings.Replace(worldMapping, "select ID, APP_ID, STATUS, REASON, PDF from", "select * from", 1), "reason: REASON", "reason: REASONN", 1))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	w.exec("insert into DECISION (APP_ID, STATUS, REASON) select ID, 'R', 'because' from APPLICATION")
	w.until("in trouble", func() bool {
		x := w.status().Results[0].Trouble
		return x != nil && x.Code == decisions.CodeMissing && strings.Contains(x.Text, "REASONN")
	})
	if n := w.number("select count(*) from DECISION where SENT is null"); n != 1 || w.states()[journal.Decided] != 0 || len(w.parked()) != 0 {
		t.Errorf("%d rows left, %v", n, w.states())
	}
	w.write("permit.yaml", strings.Replace(worldMapping, "version: 1", "version: 2", 1))
	if _, err := w.agent.Reload(context.Background(), control.ReloadRequest{}); err != nil {
		t.Fatal(err)
	}
	w.write("in/b.json", `{"ref": "REF-2", "name": "Berta", "drop": false}`)
	w.until("told with its reason", func() bool { v := w.view("REF-1"); return len(v.Results) == 1 && v.Results[0].Reason == "because" })
}

// TestCorrectedRow tells a correction of a decision that was told before, and marks it.
func TestCorrectedRow(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	w.exec("insert into DECISION (APP_ID, STATUS, PDF) select ID, 'A', x'01' from APPLICATION")
	results := func(n int) func() bool {
		return func() bool {
			return len(w.view("REF-1").Results) == n && w.number("select count(*) from DECISION where SENT is null") == 0
		}
	}
	w.until("decided", results(1))
	w.exec("update DECISION set STATUS = 'R', SENT = null")
	w.until("corrected", results(2))
	w.exec("update DECISION set PDF = x'02', SENT = null")
	w.until("another document of the same size", results(3))
	w.exec("update DECISION set SENT = null")
	w.until("marked once more", results(3))
	w.exec("update DECISION set STATUS = 'A', PDF = x'01', SENT = null")
	w.until("what was said before waits for a person", func() bool { return len(w.parked()) == 1 && w.parked()[0].Park.Code == journal.CodeSaidBefore })
}

// TestStatusThatIsKnownLater goes on with a parked result once the mapping knows its status.
func TestStatusThatIsKnownLater(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	w.exec("insert into DECISION (APP_ID, STATUS) select ID, 'P' from APPLICATION")
	w.until("parked", func() bool { return len(w.parked()) == 1 })
	w.write("permit.yaml", strings.Replace(strings.Replace(worldMapping, "R: refused", "R: refused, P: postponed", 1), "version: 1", "version: 2", 1))
	if _, err := w.agent.Reload(context.Background(), control.ReloadRequest{}); err != nil {
		t.Fatal(err)
	}
	w.until("told", func() bool { v := w.view("REF-1"); return len(v.Results) == 1 && v.Results[0].Outcome == "postponed" })
	if len(w.parked()) != 0 {
		t.Error("it waits on")
	}
}

// basket is an in-basket that a test fills; what is released comes again.
type basket struct {
	*rows
	forms map[string]connectors.Submission
}

func (b *basket) put(name, content string, files ...connectors.Attachment) {
	b.mu.Lock()
	b.forms[name] = connectors.Submission{Handle: name, Transport: name, Form: []byte(content), Attachments: files}
	b.mu.Unlock()
}

func (b *basket) Next(ctx context.Context, _ int) (list []connectors.Submission, err error) {
	for {
		b.mu.Lock()
		for name, s := range b.forms {
			if _, told := b.told[name]; !told {
				list = append(list, s)
				b.told[name] = connectors.Conflict // it is out
			}
		}
		b.mu.Unlock()
		if len(list) > 0 {
			return list, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (b *basket) Settle(ctx context.Context, receipts []connectors.Receipt) error {
	if err := b.rows.Settle(ctx, receipts); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range receipts {
		if r.Verdict == connectors.Released {
			delete(b.told, r.Handle)
		}
	}
	return nil
}

// TestFormsWaitAlone has an attachment fail: the other forms go on, status names the one, and after ten minutes it
// is set aside.
func TestFormsWaitAlone(t *testing.T) {
	for _, how := range []string{"opened", "read", "panic", "large"} {
		t.Run(how, func(t *testing.T) {
			one := newScript(recorded)
			w := newScripted(t, one, newScript(recorded), "")
			b := &basket{rows: &rows{told: map[string]connectors.Verdict{}}, forms: map[string]connectors.Submission{}}
			w.reg = append(w.reg, connectors.DefineInbasket("script-basket", "A test's own.", func() scriptConfig { return scriptConfig{} },
				func(connectors.Env, scriptConfig) (connectors.Inbasket, error) { return b, nil }))
			w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(scriptWorld, tokenHash), `{folder: {path: in, match: "*.json", quiet: 0s, poll: 50ms}}`, "{script-basket: {path: x}}", 1))
			c := clock.NewFast(10)
			timed(w, c)
			b.put("bad.json", form("REF-1", "Anna"), connectors.Attachment{Name: "secret-name.pdf", Blob: broken(how)})
			b.put("good.json", form("REF-2", "Berta"), connectors.Attachment{Name: "b.pdf", Blob: connectors.BytesBlob([]byte("%PDF"))})
			w.until("the other one goes on", func() bool { return one.count() == 1 })
			if how != "large" {
				w.until("named", func() bool {
					list := w.status().Inbaskets[0].Waiting
					return len(list) == 1 && list[0].Item == "form bad.json" && list[0].Code == waiting.CodeUnread
				})
				c.Jump(11 * time.Minute)
			}
			w.until("set aside", func() bool { return b.verdict("bad.json") == connectors.Refused })
			if s := w.status(); len(s.Inbaskets[0].Waiting) != 0 || noticed(s, waiting.CodeUnread) != 1 {
				t.Errorf("%+v %+v", s.Inbaskets, s.Notices)
			}
			if strings.Contains(w.log.String(), "secret-name") || strings.Contains(w.log.String(), "bad.json") {
				t.Error("the log names what a citizen named")
			}
		})
	}
}

// TestAttachmentVanishes does not take a form without the attachment that could not be read before.
func TestAttachmentVanishes(t *testing.T) {
	one := newScript(recorded)
	w := newScripted(t, one, newScript(recorded), "")
	b := &basket{rows: &rows{told: map[string]connectors.Verdict{}}, forms: map[string]connectors.Submission{}}
	w.reg = append(w.reg, connectors.DefineInbasket("script-basket", "A test's own.", func() scriptConfig { return scriptConfig{} },
		func(connectors.Env, scriptConfig) (connectors.Inbasket, error) { return b, nil }))
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(scriptWorld, tokenHash), `{folder: {path: in, match: "*.json", quiet: 0s, poll: 50ms}}`, "{script-basket: {path: x}}", 1))
	c := clock.NewFast(10)
	timed(w, c)
	b.put("bad.json", form("REF-1", "Anna"), connectors.Attachment{Name: "a.pdf", Blob: broken("read")})
	w.until("named", func() bool { return len(w.status().Inbaskets[0].Waiting) == 1 })
	b.put("bad.json", form("REF-1", "Anna"))
	b.put("good.json", form("REF-2", "Berta"))
	w.until("the other one goes on", func() bool { return one.count() == 1 })
	c.Jump(11 * time.Minute)
	w.until("set aside", func() bool { return b.verdict("bad.json") == connectors.Refused })
	if one.count() != 1 {
		t.Error("delivered without its attachment")
	}
}

const nightlyAnswer = `answer:
  from: answers
  format: csv
  each: line in content
  fields: {NO: line.NO, REF: line.REF, STATUS: line.STATUS, PDF: line.PDF ?? nil}
  id: NO
  match: {REF: form.ref}
  outcome: {STATUS: {OK: approved, "NO": refused}}
  documents: [{name: permit.pdf, from: PDF}]
`

// nightly is a world that takes answer files of many decisions, and has delivered REF-0 to REF-5.
func nightly(t *testing.T) (*world, *clock.Settable) {
	w := newWorld(t)
	w.write("inbasket.yaml", fmt.Sprintf(strings.Replace(worldConfig, "front-offices:",
		"results:\n  answers: {folder: {path: answers, match: \"*.csv\", quiet: 0s, poll: 50ms, attachments: {beside: [\"{name}-{n}.pdf\"]}}}\nfront-offices:", 1), tokenHash))
	w.answering(nightlyAnswer)
	if err := os.Mkdir(filepath.Join(w.dir, "answers"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := &clock.Settable{}
	timed(w, c)
	for i := range 6 {
		w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), "Anna"))
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 6 })
	return w, c
}

// TestNightlyWaitingIsKept loses no line that waits for its document when its file is replaced or removed and the agent
// ends; and the line takes no document of the file that lies there then.
func TestNightlyWaitingIsKept(t *testing.T) {
	for _, how := range []string{"replaced", "removed"} {
		t.Run(how, func(t *testing.T) {
			w, c := nightly(t)
			w.write("answers/night.csv", "NO,REF,STATUS,PDF\n1,REF-1,NO,night-1.pdf\n")
			w.until("kept", func() bool { return len(w.parked()) == 1 })
			if how == "removed" {
				if err := os.Remove(filepath.Join(w.dir, "answers/night.csv")); err != nil {
					t.Fatal(err)
				}
			} else {
				w.write("answers/night.csv", "NO,REF,STATUS,PDF\n2,REF-2,OK,night-1.pdf\n")
				w.until("the next waits as well", func() bool { return len(w.parked()) == 2 })
			}
			w.halt()
			timed(w, c)
			if list := w.parked(); len(list) == 0 || list[0].MatchKey != "REF=REF-1" || list[0].Park.Code != decisions.CodeDocument {
				t.Fatalf("lost: %+v", list)
			}
			w.write("answers/night-1.pdf", "%PDF-2")
			if how == "removed" {
				w.write("answers/night.csv", "NO,REF,STATUS,PDF\n2,REF-2,OK,night-1.pdf\n")
			}
			w.until("told of the one that lies there", func() bool { return w.states()[journal.Decided] == 1 && len(w.files("answers")) == 0 })
			if v := w.view("REF-2"); len(v.Results) != 1 || len(v.Results[0].Documents) != 1 {
				t.Errorf("%+v", v.Results)
			}
			w.write("answers/once-1.pdf", "%PDF-1")
			w.write("answers/once.csv", "NO,REF,STATUS,PDF\n1,REF-1,NO,once-1.pdf\n")
			w.until("sent again, it goes on", func() bool { return w.states()[journal.Decided] == 2 && len(w.files("answers")) == 0 })
			if v := w.view("REF-1"); len(v.Results) != 1 || len(v.Results[0].Documents) != 1 || len(w.parked()) != 0 {
				t.Errorf("%+v %+v", v.Results, w.parked())
			}
		})
	}
}

// TestFileThatWaitsIsToldAgain names an answer file that lacks a column, also after a restart, and takes it when the mapping can read
// it. Neither a document beside it nor a line that is broken for itself makes anything else of it.
func TestFileThatWaitsIsToldAgain(t *testing.T) {
	w, c := nightly(t)
	named := func() bool {
		list := w.status().Results
		return len(list) == 1 && len(list[0].Waiting) == 1 && list[0].Waiting[0].Code == decisions.CodeMissing && strings.Contains(list[0].Waiting[0].Text, "STATUS")
	}
	w.write("answers/night-1.pdf", "%PDF")
	w.write("answers/night.csv", "NO,REF,STATE,PDF\n1,REF-1,NO,night-1.pdf\n2,REF-2,OK,\n3,REF-3\n")
	w.until("named", named)
	w.halt()
	start := c.Now()
	timed(w, c)
	w.until("named again", named)
	list, err := orders.Results.Give(context.Background(), w.agent.Desk(), control.ResultsFilter{Limit: 10})
	if err != nil || len(list) != 1 || list[0].N != 0 || list[0].Kind != control.KindWaits || list[0].Code != decisions.CodeMissing || list[0].About != "answer file night.csv" {
		t.Errorf("results: %+v, %v", list, err)
	}
	if took := c.Now().Sub(start); took > time.Minute || len(w.files("answers")) != 2 {
		t.Errorf("after %s, files %v", took, w.files("answers"))
	}
	w.halt()
	w.answering(strings.Replace(nightlyAnswer, "line.STATUS", "line.STATE", 1))
	w.write("permit.yaml", strings.Replace(w.readFile("permit.yaml"), "version: 1", "version: 2", 1))
	timed(w, c)
	w.until("told", func() bool { return w.states()[journal.Decided] == 2 && len(w.files("answers")) == 0 })
	if v := w.view("REF-1"); len(v.Results) != 1 || len(v.Results[0].Documents) != 1 || len(w.parked()) != 1 || len(w.status().Results[0].Waiting) != 0 { // the short line
		t.Errorf("%+v, parked %+v", v.Results, w.parked())
	}
}

// TestNightlyOvertaken does not tell a line whose document comes after its correction was told.
func TestNightlyOvertaken(t *testing.T) {
	w, _ := nightly(t)
	w.write("answers/a.csv", "NO,REF,STATUS,PDF\n1,REF-1,NO,a-1.pdf\n")
	w.until("waits", func() bool { return len(w.parked()) == 1 })
	w.write("answers/b.csv", "NO,REF,STATUS,PDF\n1,REF-1,OK,\n")
	w.until("corrected", func() bool { return w.states()[journal.Decided] == 1 })
	w.write("answers/a-1.pdf", "%PDF")
	w.until("taken", func() bool { return len(w.files("answers")) == 0 })
	if v, list := w.view("REF-1"), w.parked(); len(v.Results) != 1 || v.Results[0].Outcome != "approved" || len(list) != 1 || list[0].Park.Code != journal.CodeOvertaken || len(list[0].Documents) != 1 {
		t.Errorf("%+v %+v", v.Results, list)
	}
}

// TestNightlyDocumentServesOnce does not give a document to two answer files of one name, and says when a number is
// missing before one that lies there.
func TestNightlyDocumentServesOnce(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart %v", restart), func(t *testing.T) { documentServesOnce(t, restart) })
	}
}

func documentServesOnce(t *testing.T, restart bool) {
	w, c := nightly(t)
	w.write("answers/night-1.pdf", "%PDF-1")
	w.write("answers/night-3.pdf", "%PDF-3")
	w.write("answers/night.csv", "NO,REF,STATUS,PDF\n1,REF-1,NO,night-1.pdf\n2,REF-2,NO,night-3.pdf\n")
	w.until("one is told, one waits", func() bool { return w.states()[journal.Decided] == 1 && len(w.parked()) == 1 })
	if text := w.parked()[0].Park.Text; !strings.Contains(text, "behind a number that is missing") {
		t.Error(text)
	}
	if restart {
		w.halt()
	}
	w.write("answers/night.csv", "NO,REF,STATUS,PDF\n3,REF-3,OK,night-1.pdf\n")
	if restart {
		timed(w, c)
	}
	w.until("the other's waits", func() bool { return len(w.parked()) == 2 })
	if v, list := w.view("REF-1"), w.parked(); len(v.Results) != 1 || !strings.Contains(list[1].Park.Text, "given to a decision of the answer file that lay there before") {
		t.Errorf("%+v %+v", v.Results, list[1].Park)
	}
	if s := w.states(); s[journal.Decided] != 1 {
		t.Errorf("%v", s)
	}
}

// TestNightlyBadLines keeps each line that cannot be read by itself, named by its number, and tells the others.
func TestNightlyBadLines(t *testing.T) {
	w, _ := nightly(t)
	w.write("answers/night-1.pdf", "%PDF-1")
	w.write("answers/night-2.pdf", "%PDF-2")
	w.write("answers/night.csv", "NO,REF,STATUS,PDF\n1,REF-1,NO,\n2,REF-2\n3,REF-3,\xff,night-1.pdf\n,REF-4,OK,\n5,REF-5,OK,\n\x1a")
	w.until("the others are told", func() bool { return w.states()[journal.Decided] == 2 && len(w.files("answers")) == 0 })
	texts := ""
	for _, o := range w.parked() {
		texts += fmt.Sprintf("%s (%d)\n", o.Park.Text, len(o.Documents))
	}
	if texts != "no mapping can read line 5 of the file night.csv (0)\n"+
		"no mapping can read line 3 of the file night.csv: the line has 2 fields, the header 4 (0)\n"+
		"no mapping can read line 4 of the file night.csv: the line is not valid in the character set of the file (0)\n"+
		"the result cannot be read: no line of the answer file names this document beside it (1)\n"+
		"the result cannot be read: no line of the answer file names this document beside it (1)\n" {
		t.Error(texts)
	}
	w.write("answers/whole.csv", "NO,REF,STATUS,PDF\n1,REF-1\n")
	w.until("not one line of it", func() bool { return len(w.parked()) == 6 })
	_, err := orders.Attach.Give(context.Background(), w.agent.Desk(), control.AttachRequest{Result: w.parked()[5].N, ID: w.view("REF-3").ID, Outcome: "refused"})
	var refused *control.Error
	if !errors.As(err, &refused) || refused.Code != orders.CodeWholeFile {
		t.Errorf("a whole file was given to one submission: %v", err)
	}
}

// TestNightlyWithoutDecisions lets a file whose list is empty go, and says so.
func TestNightlyWithoutDecisions(t *testing.T) {
	w, _ := nightly(t)
	w.write("answers/night.csv", "NO,REF,STATUS,PDF\n")
	w.untilLogged("holds no decision")
	w.until("it is done", func() bool { return len(w.files("answers")) == 0 && len(w.parked()) == 0 })
}

// TestNightlyFile takes a file of many decisions line by line: bad ones are kept on their own, one whose document is
// not there yet waits alone, and what comes again, under the same name or another, is told once.
func TestNightlyFile(t *testing.T) {
	w, c := nightly(t)
	w.write("answers/night-1.pdf", "%PDF-0")
	const night = "NO,REF,STATUS,PDF\n10,REF-0,OK,night-1.pdf\n11,REF-1,NO,\n12,NOBODY,OK,\n13,REF-2,HUH,\n,REF-3,OK,\n14,REF-4,OK,night-2.pdf\n"
	w.write("answers/night.csv", night)
	w.until("the good lines are told", func() bool { return w.states()[journal.Decided] == 2 })
	w.until("the one that waits is named", func() bool {
		list := w.status().Results
		return len(list) == 1 && len(list[0].Waiting) == 1 && strings.Contains(list[0].Waiting[0].Text, "night-2.pdf")
	})
	if s := w.status(); s.Orphans != 1 || s.ParkedResults != 3 || len(w.files("answers")) != 2 {
		t.Errorf("%d orphans, %d parked", s.Orphans, s.ParkedResults)
	}
	w.halt()
	timed(w, c) // what is on record is only a repeat
	w.until("it waits again", func() bool { return len(w.status().Results) == 1 && len(w.status().Results[0].Waiting) == 1 })
	w.write("answers/night-2.pdf", "%PDF-4")
	w.until("all is on record", func() bool { return w.states()[journal.Decided] == 3 && len(w.files("answers")) == 0 })
	if v := w.view("REF-4"); len(v.Results) != 1 || len(v.Results[0].Documents) != 1 || v.Results[0].Documents[0].Name != "permit.pdf" {
		t.Errorf("%+v", v.Results)
	}
	w.write("answers/tomorrow.csv", "NO,REF,STATUS,PDF\n11,REF-1,NO,\n15,REF-5,OK,\n")
	w.until("repeated and new", func() bool { return w.states()[journal.Decided] == 4 && len(w.files("answers")) == 0 })
	w.write("answers/later.csv", "NO,REF,STATUS,PDF\n11,REF-1,OK,\n")
	w.until("corrected", func() bool { return len(w.view("REF-1").Results) == 2 && len(w.files("answers")) == 0 })
	if v := w.view("REF-1"); len(v.Results) != 2 || v.Results[1].Outcome != "approved" {
		t.Errorf("%+v", v.Results)
	}
	if s := w.status(); s.Orphans != 1 || s.ParkedResults != 2 {
		t.Errorf("%d orphans, %d parked", s.Orphans, s.ParkedResults)
	}
	w.write("answers/typo.csv", "NO,REF,STATE\n20,REF-1,OK\n")
	w.until("a column that is not there", func() bool {
		list := w.status().Results[0].Waiting
		return len(list) == 1 && list[0].Code == decisions.CodeMissing && strings.Contains(list[0].Text, "STATUS") && list[0].SetAside.IsZero()
	})
	if s := w.status(); s.ParkedResults != 2 || len(w.files("answers")) != 1 {
		t.Errorf("it is not only waiting: %d parked", s.ParkedResults)
	}
}

// TestTwiceInOneFile leaves it to a person what holds where the lines of one file say different things under one ID.
func TestTwiceInOneFile(t *testing.T) {
	w, _ := nightly(t)
	w.write("answers/night.csv", "NO,REF,STATUS,PDF\n1,REF-1,OK,\n1,REF-1,NO,\n1,REF-1,OK,\n2,REF-2,OK,\n2,REF-2,OK,\n3,REF-3,OK,\n3,REF-4,OK,\n")
	w.until("the others go on, and those are named", func() bool {
		list := w.status().Results[0].Waiting
		return w.states()[journal.Decided] == 1 && len(list) == 2 && list[0].Code == decisions.CodeTwice
	})
	if len(w.files("answers")) != 1 {
		t.Errorf("the file was settled")
	}
	w.halt()
	c := clock.NewFast(10)
	timed(w, c)
	w.until("named again", func() bool { return len(w.status().Results[0].Waiting) == 2 })
	c.Jump(11 * time.Minute)
	w.until("set aside", func() bool { return len(w.parked()) == 2 && len(w.files("answers")) == 0 })
	for _, o := range w.parked() {
		if o.Park.Code != decisions.CodeTwice || o.Outcome != "" {
			t.Errorf("%+v", o)
		}
	}
	w.write("answers/mended.csv", "NO,REF,STATUS,PDF\n1,REF-1,NO,\n")
	w.until("decided by the next file", func() bool { return w.states()[journal.Decided] == 2 })
	if v := w.view("REF-1"); len(v.Results) != 1 || v.Results[0].Outcome != "refused" {
		t.Errorf("%+v", v.Results)
	}
}
