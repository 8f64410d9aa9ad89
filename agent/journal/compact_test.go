package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/connectors"
)

func TestCompactMakesTheFileSmall(t *testing.T) {
	r := newRig(t)
	var list []journal.Arrival
	for n := range 300 {
		a := arrival(fmt.Sprint("R", n), "x")
		a.Office, a.Form = "", noise(2500)
		list = append(list, a)
	}
	var ids []journal.ID
	var changes []journal.Change
	for _, a := range r.accept(list...) {
		ids = append(ids, a.ID)
		changes = append(changes, journal.Change{ID: a.ID, Target: "x", To: journal.Done, Final: true})
	}
	r.must(r.Apply(r.ctx(), changes))
	if got := r.purge(ids[:290]...); len(got) != 290 {
		t.Fatalf("%d purged", len(got))
	}
	r.must(r.Put(r.ctx(), "spoil the counters", "UPDATE tally SET n=n+7 WHERE kind IN (1, 2, 5)"))
	c, err := r.Checkup(r.ctx(), checking.CheckupOrder{})
	r.must(err)
	if len(c.Findings) == 0 || c.Findings[0].Code != journal.CodeTally {
		t.Fatalf("wrong counters are not found: %+v", c)
	}
	report, err := r.Compact(r.ctx(), func() (int64, error) { return 1 << 40, nil })
	r.must(err)
	if report.After*3 > report.Before || report.Needed == 0 {
		t.Errorf("%+v", report)
	}
	if got := r.accept(list...); got[0].Verdict != connectors.Repeat || got[299].Verdict != connectors.Repeat {
		t.Errorf("afterwards: %+v", got[0])
	}
	r.check()
}

func TestCompactAsksForSpaceFirst(t *testing.T) {
	r := newRig(t)
	r.one("A", "x")
	_, err := r.Compact(r.ctx(), func() (int64, error) { return 1000, nil })
	var e *connectors.Error
	if !errors.As(err, &e) || e.Code != journal.CodeSpace || !strings.Contains(e.Hint, "1 MB are free") {
		t.Fatalf("%v", err)
	}
	if _, err := r.Compact(r.ctx(), func() (int64, error) { return 0, errors.New("cannot tell") }); err != nil {
		t.Fatal(err)
	}
	r.one("B", "x")
	r.check()
}

func TestCheckupFindsDamage(t *testing.T) {
	r := newRig(t)
	for n := range 200 {
		r.one(fmt.Sprint("R", n), "x")
	}
	r.must(r.Checkpoint(r.ctx()))
	r.must(r.Close())
	file, err := os.OpenFile(filepath.Join(r.dir, journal.FileName), os.O_RDWR, 0)
	r.must(err)
	info, err := file.Stat()
	r.must(err)
	for at := int64(8192 * 3); at < info.Size(); at += 8192 {
		_, err := file.WriteAt([]byte(strings.Repeat("\xff", 64)), at)
		r.must(err)
	}
	r.must(file.Close())
	j, err := journal.OpenReadOnly(r.ctx(), r.dir, r.opts)
	if err == nil {
		var c checking.Checkup
		c, err = checking.Of(j).Checkup(r.ctx(), checking.CheckupOrder{Full: true})
		r.must(j.Close())
		if err == nil && (len(c.Findings) == 0 || c.Findings[0].Code != journal.CodeCorrupt) {
			t.Fatalf("%+v", c)
		}
	}
	var e *connectors.Error
	if err != nil && (!errors.As(err, &e) || e.Code != journal.CodeCorrupt) {
		t.Fatal(err)
	}
}

func TestCheckupFindsContradictions(t *testing.T) {
	for what, sql := range map[string]string{
		"without its form":    "DELETE FROM form",
		"nothing left":        "UPDATE delivery SET state=11",
		"acceptance told":     "DELETE FROM event",
		"left of a purged":    "INSERT INTO tombstone SELECT id, state, 1, 0, 0, 0, x'00', x'00', 0, 0, 0, 1, NULL, NULL FROM submission",
		"without its submiss": "DELETE FROM submission",
	} {
		r := newRig(t)
		id := r.one("A", "x")
		r.must(r.Put(r.ctx(), "spoil", sql))
		c, err := r.Checkup(r.ctx(), checking.CheckupOrder{})
		r.must(err)
		found := false
		for _, f := range c.Findings {
			found = found || f.Code == journal.CodeInconsistent && strings.Contains(f.Text, what) && strings.Contains(f.Text, id.String()) && f.Cure != ""
		}
		if !found {
			t.Errorf("%s: %+v", what, c.Findings)
		}
	}
}

func TestCheckupReadsContent(t *testing.T) {
	r := newRig(t)
	a := arrival("A", "x")
	blob, err := r.ContentStore().Put(r.ctx(), strings.NewReader("attached"), 100)
	r.must(err)
	a.Attachments = []journal.File{{Name: "a.pdf", Digest: blob.Digest, Size: blob.Size}}
	id := r.accept(a)[0].ID
	c, err := r.Checkup(r.ctx(), checking.CheckupOrder{Content: r.ContentStore()})
	r.must(err)
	if c.Content != 1 || len(c.Findings) != 0 {
		t.Fatalf("%+v", c)
	}
	r.must(r.ContentStore().Remove(blob.Digest))
	c, err = r.Checkup(r.ctx(), checking.CheckupOrder{Content: r.ContentStore()})
	r.must(err)
	if len(c.Findings) != 1 || c.Findings[0].Code != journal.CodeContent || !strings.Contains(c.Findings[0].Text, id.String()) || strings.Contains(c.Findings[0].Text, "a.pdf") {
		t.Fatalf("%+v", c)
	}
}
