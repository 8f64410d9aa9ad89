package agent_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/decisions"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

// TestOrphanKeepsWhatItSays keeps a decision whose match is NULL with all that it says: whoever attaches it tells that, and
// nobody can tell the opposite.
func TestOrphanKeepsWhatItSays(t *testing.T) {
	one, r := newScript(recorded), &rows{told: map[string]connectors.Verdict{}}
	w := newScripted(t, asking{one, r}, newScript(recorded), strings.Replace(documentAnswer, "ID, REF, STATUS from", "ID, REF, STATUS, PDF from", 1))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	pdf := connectors.BytesBlob([]byte("%PDF"))
	r.addWith("1", "", "R", &pdf)
	w.until("on record", func() bool { return r.verdict("1") == connectors.Taken })
	list, err := control.WaitingResults(context.Background(), w.agent.Journal(), control.ResultsFilter{Orphans: true, Limit: 10})
	if err != nil || len(list) != 1 || list[0].Outcome != "refused" || len(list[0].Documents) != 1 || control.WaitingOf(list)[0].About != "result 1" {
		t.Fatalf("%+v %v", list, err)
	}
	id := w.only().ID
	attach := func(outcome string) error {
		_, err := orders.Attach.Give(context.Background(), w.agent.Desk(), control.AttachRequest{Result: list[0].N, ID: id, Outcome: outcome})
		return err
	}
	var refused *control.Error
	if err := attach("approved"); !errors.As(err, &refused) || refused.Code != control.CodeState {
		t.Errorf("the opposite: %v", err)
	}
	if err := attach(""); err != nil {
		t.Error(err)
	}
	if v := w.view("REF-1"); len(v.Results) != 1 || v.Results[0].Outcome != "refused" || len(v.Results[0].Documents) != 1 {
		t.Errorf("%+v", v.Results)
	}
}

// TestSharedDocument gives a document that lines about two cases name to neither, and to one that has two uses for it.
func TestSharedDocument(t *testing.T) {
	w, _ := nightly(t)
	w.write("answers/night-1.pdf", "%PDF-1")
	w.write("answers/night-2.pdf", "%PDF-2")
	w.write("answers/night.csv", "NO,REF,STATUS,PDF\n1,REF-1,NO,night-1.pdf\n2,REF-2,NO,NIGHT-1.PDF\n3,REF-3,OK,night-2.pdf\n4,REF-3,NO,night-2.pdf\n")
	w.until("the third is told", func() bool { return w.states()[journal.Decided] == 1 && len(w.view("REF-3").Results) == 2 })
	w.until("two wait", func() bool { return len(w.parked()) == 2 && len(w.status().Results[0].Waiting) == 2 })
	w.halt()
	c := clock.NewFast(10)
	timed(w, c)
	w.until("they wait again", func() bool { return len(w.status().Results[0].Waiting) == 2 })
	c.Jump(11 * time.Minute)
	w.until("set aside", func() bool { return len(w.files("answers")) == 0 })
	for _, o := range w.parked() {
		if o.Park.Code != decisions.CodeDocument || len(o.Documents) != 0 || !strings.Contains(o.Park.Text, "whose it is") || o.Outcome != "refused" {
			t.Errorf("%+v %+v", o, o.Park)
		}
	}
}
