package journal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/agent/journal/telling"
)

// A position has one opaque name for life; what an older program told as a number stays one.
func TestPositionsKeepTheirNames(t *testing.T) {
	r := newRig(t)
	r.EnablePush("portal", true)
	id := r.one("A", "x")
	r.must(r.Put(r.ctx(), "forget the key, as a journal of an older program has none", "DELETE FROM mark WHERE name=?", "event-key"))
	r.reopen()
	r.EnablePush("portal", true)
	if r.Clear() != 1 {
		t.Errorf("positions up to %d are clear instead of 1", r.Clear())
	}
	before := r.Hide(2)
	r.reopen()
	r.EnablePush("portal", true)
	if r.Clear() != 1 || r.Hide(2) != before {
		t.Error("a restart changes names")
	}
	seen := map[[16]byte]bool{}
	for seq := range int64(1000) {
		name := r.Hide(seq)
		if back, ok := r.Reveal(name); !ok || back != seq || seen[name] {
			t.Errorf("%d becomes %x, and %d again", seq, name, back)
		}
		seen[name] = true
	}
	if _, ok := r.Reveal([16]byte{1}); ok {
		t.Error("a name is taken that was never given")
	}
	r.must(r.Do(r.ctx(), "two more events", func(t *journal.Tx) error {
		for range 2 {
			t.Event(t.NameID("portal"), id, states.EventDelivered, false, nil)
		}
		return nil
	}))
	r.one("B", "x")
	var nths []int64
	for range 3 {
		due, err := r.DuePushes(r.ctx(), "portal", r.clock.Now(), 10)
		r.must(err)
		for _, p := range due {
			if p.Event.ID == id {
				nths = append(nths, p.Nth)
			} else if p.Nth != p.Event.At.UnixMicro()+1 {
				t.Errorf("the first event of another form has number %d", p.Nth)
			}
			r.must(r.Pushed(r.ctx(), "portal", []telling.PushOutcome{{Seq: p.Event.Seq, OK: true}}))
		}
	}
	if at := r.clock.Now().UnixMicro(); len(nths) != 3 || nths[0] != 1 || nths[1] != at+2 || nths[2] != at+3 {
		t.Errorf("numbers of one form's events: %v", nths)
	}
}

func TestWhatAnOfficePosted(t *testing.T) {
	r := newRig(t)
	midnight := r.clock.Now()
	post := func(ref, office, inbasket, form string, files ...journal.File) {
		t.Helper()
		a := arrival(ref, "x")
		a.Form = []byte(form)
		a.Office, a.Inbasket, a.Attachments = office, inbasket, files
		r.accept(a)
	}
	post("A", "portal", "http", strings.Repeat("a", 100))
	r.clock.add(time.Hour)
	since := r.clock.Now()
	post("B", "portal", "http", strings.Repeat("b", 10), journal.File{Name: "x", Size: 7}, journal.File{Name: "y", Size: 5})
	post("C", "portal", "http", strings.Repeat("c", journal.InlineForm+1))
	post("D", "portal", "folder", "dddd")
	post("E", "other", "http", "eeee")
	for _, c := range []struct {
		office string
		since  time.Time
		forms  int64
		bytes  int64
	}{{"portal", midnight, 3, 100 + 22 + journal.InlineForm + 1}, {"portal", since, 2, 22 + journal.InlineForm + 1}, {"other", midnight, 1, 4}, {"nobody", midnight, 0, 0}} {
		forms, bytes, err := r.Posted(r.ctx(), c.office, c.since)
		if err != nil || forms != c.forms || bytes != c.bytes {
			t.Errorf("%s since %s: %d with %d bytes instead of %d with %d, %v", c.office, c.since, forms, bytes, c.forms, c.bytes, err)
		}
	}
	if n, err := r.OpenOf(r.ctx(), []string{arrival("", "").Route, "nothing"}); err != nil || n != 5 {
		t.Errorf("%d are open, %v", n, err)
	}
}

// A pseudonym outlives a restart, and tells texts apart.
func TestPseudonym(t *testing.T) {
	r := newRig(t)
	name := r.Pseudonym("Scheidung.json")
	r.reopen()
	if again := r.Pseudonym("Scheidung.json"); again != name || r.Pseudonym("Scheidung.jso") == name || newRig(t).Pseudonym("Scheidung.json") == name {
		t.Errorf("%x, then %x", name, again)
	}
}
