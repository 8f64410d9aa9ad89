package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/agent/upkeep"
	"github.com/inbasket/inbasket/test/clock"
)

const day = 24 * time.Hour

// purging is a world that keeps what is over for 90 days.
func purging(t *testing.T) (*world, *clock.Settable) {
	t.Helper()
	w := newWorld(t)
	w.write("inbasket.yaml", fmt.Sprintf(worldConfig, tokenHash)+"retention: {closed: 90d, rejected: 90d, unfetched: 90d, tombstones: 3650d}\n")
	c := &clock.Settable{}
	timed(w, c)
	return w, c
}

// decided sends three forms, which fill a batch, and decides them with a document each.
func (w *world) decided(name string) {
	w.t.Helper()
	for n := range 3 {
		w.write(fmt.Sprintf("in/%d.json", n), form(fmt.Sprintf("REF-%d", n), name))
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	w.exec("insert into DECISION (APP_ID, STATUS, REASON, PDF) select ID, 'A', 'fine', cast(? as blob) from APPLICATION", "document of "+name)
	w.until("decided", func() bool { return w.states()[journal.Decided] == 3 })
	w.until("in-basket empty", func() bool { return len(w.files("in")) == 0 })
}

func (w *world) purge(r control.PurgeRequest) control.PurgeReport {
	w.t.Helper()
	report, err := orders.Purge.Give(context.Background(), w.agent.Desk(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

// get asks as a front office does.
func (w *world) get(path string) (status int, body string) {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+w.at.FrontOffice+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, b.String()
}

// holds tells whether a text is in any file below the state folder.
func (w *world) holds(text string) (where string) {
	w.t.Helper()
	err := filepath.WalkDir(filepath.Join(w.dir, "state"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			where = path
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return where
}

// ageContent makes everything in the content store two hours old.
func (w *world) ageContent() {
	w.t.Helper()
	at := time.Now().Add(-2 * time.Hour)
	err := filepath.WalkDir(filepath.Join(w.dir, "state", "content"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Chtimes(path, at, at)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// A form is purged when its time is over; nothing of it is left in the state folder, and it stays known.
func TestPurgedAndStillKnown(t *testing.T) {
	const name = "Kanarienvogel"
	w, c := purging(t)
	w.decided(name)
	ctx := context.Background()
	list, err := reading.Of(w.agent.Journal()).List(ctx, journal.Filter{Reference: "REF-1"})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	id := list[0].ID
	c.Set(89 * day)
	if r := w.purge(control.PurgeRequest{}); r.Purged != 0 {
		t.Fatalf("purged before its time: %+v", r)
	}
	c.Set(2 * day)
	if r := w.purge(control.PurgeRequest{DryRun: true}); r.Purged != 3 || len(r.Groups) != 1 || r.Groups[0].Keep != "90d" || w.states()[journal.Decided] != 3 {
		t.Fatalf("dry run: %+v", r)
	}
	r := w.purge(control.PurgeRequest{By: "anna"})
	if r.Purged != 3 || r.Files != 0 || r.FilesLater != 2 || !r.Overwritten || len(r.Certificates) != 1 || r.Certificates[0].Count != 3 {
		t.Fatalf("%+v", r)
	}
	w.ageContent() // one document and one batch
	if r = w.purge(control.PurgeRequest{}); r.Purged != 0 || r.Files != 2 || r.FilesLater != 0 {
		t.Fatalf("files: %+v", r)
	}
	for _, text := range []string{name, strings.ToUpper(name), "REF-1"} {
		if where := w.holds(text); where != "" {
			t.Errorf("%s is still in %s", text, where)
		}
	}
	if status, body := w.get("/v1/submissions/" + id.String()); status != http.StatusGone || !strings.Contains(body, "submission.purged") || !strings.Contains(body, "ended as decided") {
		t.Errorf("the front office reads %d %s", status, body)
	}
	for range 2 {
		w.write("in/again.json", form("REF-1", name))
		w.until("the same form taken as known", func() bool { return len(w.files("in")) == 0 })
		if n := w.number("select count(*) from APPLICATION"); n != 3 {
			t.Fatalf("%d applications", n)
		}
		if v, err := reading.Of(w.agent.Journal()).Show(ctx, id); err != nil || v.State != journal.Purged {
			t.Fatalf("%+v %v", v, err)
		}
		w.halt()
		timed(w, c)
	}
	w.write("in/other.json", form("REF-1", "Somebody else"))
	w.until("the conflict parked", func() bool { return w.states()[journal.Parked] == 1 })
	if n := w.number("select count(*) from APPLICATION"); n != 3 {
		t.Fatalf("%d applications", n)
	}
	w.proven()
}

// proven looks for the certificate in the audit log.
func (w *world) proven() {
	w.t.Helper()
	ctx := context.Background()
	list, err := orders.Audit.Give(ctx, w.agent.Desk(), audit.Filter{Action: upkeep.ActionPurged})
	if err != nil || len(list) != 1 || list[0].Details["count"] != "3" || list[0].Details["overwritten"] != "yes" || len(list[0].Details["ids-sha256"]) != 64 {
		w.t.Errorf("%+v %v", list, err)
	}
	if v, err := orders.VerifyAudit.Give(ctx, w.agent.Desk(), control.VerifyAuditRequest{}); err != nil || !v.OK || v.Memory != "the journal" {
		w.t.Errorf("%+v %v", v, err)
	}
	if k, err := orders.CheckJournal.Give(ctx, w.agent.Desk(), control.CheckJournalRequest{Full: true, Content: true}); err != nil || len(k.Findings) != 0 || k.Purged != 3 {
		w.t.Errorf("%+v %v", k, err)
	}
}

// One submission is purged on a person's word, if its life is over.
func TestPurgeOne(t *testing.T) {
	w, _ := purging(t)
	w.decided("Anna")
	ctx := context.Background()
	w.write("in/parked.json", `{"ref": `)
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	list, err := reading.Of(w.agent.Journal()).List(ctx, journal.Filter{})
	if err != nil || len(list) != 4 {
		t.Fatal(list, err)
	}
	over, parked, unknown := list[0].ID, list[3].ID, journal.ID(7)
	if _, err := orders.Purge.Give(ctx, w.agent.Desk(), control.PurgeRequest{IDs: []journal.ID{over}}); err == nil {
		t.Fatal("purged without a reason")
	}
	ids := []journal.ID{over, parked, unknown}
	if r := w.purge(control.PurgeRequest{IDs: ids, Reason: "by letter", DryRun: true}); r.Purged != 1 || len(r.Kept) != 2 {
		t.Fatalf("dry run: %+v", r)
	}
	for _, want := range []string{"submission.wrong-state control.not-found", "journal.purged submission.wrong-state control.not-found"} {
		r := w.purge(control.PurgeRequest{IDs: ids, Reason: "by letter", By: "anna"})
		if r.Purged != int64(3-len(r.Kept)) || keptCodes(r) != want {
			t.Fatalf("%+v", r)
		}
	}
	v, err := reading.Of(w.agent.Journal()).Show(ctx, over)
	if err != nil || v.Timeline[len(v.Timeline)-1].By != "anna" {
		t.Fatalf("%+v %v", v, err)
	}
	_, err = orders.Reject.Give(ctx, w.agent.Desk(), control.RejectRequest{ID: over, Reason: "x", Force: true})
	if e := control.ErrorOf(err); e == nil || e.Code != journal.CodePurged {
		t.Fatalf("an order for it: %v", err)
	}
}

func keptCodes(r control.PurgeReport) string {
	var codes []string
	for _, k := range r.Kept {
		codes = append(codes, k.Error.Code)
	}
	return strings.Join(codes, " ")
}
