package agent_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
)

var token, tokenHash = frontoffice.NewToken()

func form(ref, name string) string {
	return fmt.Sprintf(`{"ref": %q, "name": %q, "drop": true, "parcels": [{"number": "1"}, {"number": "2"}]}`, ref, name)
}

func TestWholeWay(t *testing.T) {
	w := newWorld(t)
	w.start()
	for i := range 3 {
		w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), "Müller"))
	}
	w.until("three delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	if n := w.number("select count(*) from APPLICATION where NAME = 'MÜLLER'"); n != 3 {
		t.Errorf("%d applications", n)
	}
	if n := w.number("select count(*) from PARCEL p join APPLICATION a on a.ID = p.APP_ID"); n != 6 {
		t.Errorf("%d parcels with their application", n)
	}
	if got := strings.Join(w.files("drop"), " "); got != "REF-0.csv REF-0.ok REF-1.csv REF-1.ok REF-2.csv REF-2.ok" {
		t.Errorf("dropped: %s", got)
	}
	batch, err := os.ReadFile(filepath.Join(w.dir, "batches", "B000001.DAT"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(batch), "T") || strings.Count(string(batch), "M\xfcller") != 3 {
		t.Errorf("batch:\n%q", batch)
	}
	w.until("in-basket empty", func() bool { return len(w.files("in")) == 0 })

	// The office decides; the decision and its document come back, and the row is marked.
	w.exec("insert into DECISION (APP_ID, STATUS, REASON, PDF) select ID, 'A', 'fine', x'255044' from APPLICATION where FORM_REF = 'REF-1'")
	w.until("one decided", func() bool { return w.states()[journal.Decided] == 1 })
	w.until("marked", func() bool { return w.number("select count(*) from DECISION where SENT = 1") == 1 })
	found, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{State: journal.Decided})
	if err != nil || len(found) != 1 || found[0].Reference != "REF-1" {
		t.Fatalf("decided: %v, %v", found, err)
	}
	view, err := reading.Of(w.agent.Journal()).Show(context.Background(), found[0].ID)
	if err != nil || len(view.Results) != 1 || view.Results[0].Outcome != "approved" || len(view.Results[0].Documents) != 1 {
		t.Errorf("view: %+v, %v", view, err)
	}
}

func TestRepeatConflictWrong(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("taken", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	w.write("in/again.json", form("REF-1", "Anna"))
	w.until("repeat taken", func() bool { return len(w.files("in")) == 0 })
	w.write("in/other.json", form("REF-1", "Berta"))
	w.until("conflict parked", func() bool { return w.states()[journal.Parked] == 1 })
	w.write("in/wrong.json", `{"ref": "REF-2", "name": "a name that is much too long for its column"}`)
	w.until("rejected", func() bool { return w.states()[journal.Rejected] == 1 })
	w.write("in/broken.json", `{"ref": "REF-3", `)
	w.until("parked", func() bool { return w.states()[journal.Parked] == 2 })
	w.until("in-basket empty", func() bool { return len(w.files("in")) == 0 })
	if n := w.number("select count(*) from APPLICATION"); n != 1 {
		t.Errorf("%d applications", n)
	}
	if log := w.log.String(); strings.Contains(log, "Anna") || strings.Contains(log, "REF-1") {
		t.Errorf("the log shows what was written:\n%s", log)
	}
}

// One refused row must not keep the others of its group from being written.
func TestItemErrorParksOne(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		name := "Good"
		if i == 7 {
			name = "forbidden"
		}
		w.write(fmt.Sprintf("in/%02d.json", i), form(fmt.Sprintf("REF-%d", i), name))
	}
	w.start()
	w.until("nineteen written", func() bool { return w.number("select count(*) from APPLICATION") == 19 })
	w.until("one parked", func() bool { return w.states()[journal.Parked] == 1 })
	if n := w.number("select count(*) from PARCEL"); n != 38 {
		t.Errorf("%d parcels", n)
	}
}

// What is accepted while the database is gone waits, and goes when it is back; the drop goes on.
func TestTargetDownAndBack(t *testing.T) {
	w := newWorld(t)
	w.exec("alter table APPLICATION rename to HIDDEN")
	w.start()
	for i := range 5 {
		w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), "Anna"))
	}
	w.until("dropped all the same", func() bool { return len(w.files("drop")) == 10 }) // files and control files
	w.until("told in status", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[0].Trouble != nil && s.Targets[0].Open == 5
	})
	if n := w.states()[journal.Parked]; n != 0 {
		t.Errorf("%d parked by a fault of the target", n)
	}
	w.halt()
	w.exec("alter table HIDDEN rename to APPLICATION")
	w.start()
	w.until("written", func() bool { return w.number("select count(*) from APPLICATION") == 5 })
	if n := w.number("select count(*) from PARCEL"); n != 10 {
		t.Errorf("%d parcels", n)
	}
}

// Far more than a lane keeps in memory waits in the journal and is read back in order.
func TestBacklog(t *testing.T) {
	if testing.Short() {
		t.Skip("writes thousands of files")
	}
	w := newWorld(t)
	w.exec("alter table APPLICATION rename to HIDDEN")
	const n = 3000 // more than queueItems
	cfg, err := os.ReadFile(filepath.Join(w.dir, "inbasket.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("inbasket.yaml", strings.Replace(string(cfg), "count: 3", "count: 1000", 1))
	for i := range n {
		w.write(fmt.Sprintf("in/%05d.json", i), form(fmt.Sprintf("REF-%d", i), "Anna"))
	}
	w.start()
	w.until("all accepted", func() bool { return len(w.files("in")) == 0 })
	w.exec("alter table HIDDEN rename to APPLICATION")
	w.until("all written", func() bool { return w.number("select count(*) from APPLICATION") == n })
	w.until("all settled", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[0].Open == 0
	})
	if got := w.number("select count(*) from PARCEL"); got != 2*n {
		t.Errorf("%d parcels", got)
	}
}

// A large form that is gone from the content store is its own trouble, not its target's.
func TestLostLargeForm(t *testing.T) {
	w := newWorld(t)
	w.exec("alter table APPLICATION rename to HIDDEN")
	w.start()
	large := strings.TrimSuffix(form("REF-1", "Anna"), "}") + `, "pad": "` + strings.Repeat("x", 70<<10) + `"}`
	w.write("permit.schema.json", worldSchema)
	w.write("in/large.json", large)
	w.write("in/small.json", form("REF-2", "Berta"))
	w.until("accepted", func() bool { return len(w.files("in")) == 0 })
	w.halt()
	if err := os.RemoveAll(filepath.Join(w.dir, "state", "content")); err != nil {
		t.Fatal(err)
	}
	w.exec("alter table HIDDEN rename to APPLICATION")
	w.start()
	w.until("the small one written", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	w.until("the large one parked", func() bool { return w.states()[journal.Parked] == 1 })
}
