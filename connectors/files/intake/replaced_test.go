package intake

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// twin writes another form with the name, length and time of the one that lies there, in its inode or in one of its own.
func (b *basket) twin(name, content string, inPlace bool) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	fi, err := os.Stat(path)
	must(b.t, err)
	if int(fi.Size()) != len(content) {
		b.t.Fatal("no twin")
	}
	if !inPlace {
		must(b.t, os.Rename(path, path+".tmp"))
	}
	b.put(name, content)
	must(b.t, os.Chtimes(path, fi.ModTime(), fi.ModTime()))
	_ = os.Remove(path + ".tmp")
}

// TestTwinBeforeSettle: a form of the same name, length and time that comes between reading and settling is not moved
// away unread, wherever accepted and refused forms go.
func TestTwinBeforeSettle(t *testing.T) {
	for _, inPlace := range []bool{false, true} {
		for _, after := range []rules.AfterConfig{{Move: "done"}, {Delete: true}} {
			for _, v := range []connectors.Verdict{connectors.Taken, connectors.Refused} {
				b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet, c.After = 0, after })
				b.put("a.json", `{"n":1}`)
				expect(t, "first", b.names(), "a.json")
				b.twin("a.json", `{"n":2}`, inPlace)
				b.settle(v, "a.json")
				subs := b.ready(10)
				if len(subs) != 1 || string(subs[0].Form) != `{"n":2}` {
					t.Errorf("in place %v, %+v, %v: offered again %d; lies %s", inPlace, after, v, len(subs), tree(t, b.dir))
				}
			}
		}
	}
}

// TestTwinOfWhatIsDone: a form whose bytes lie in the done folder already is deleted only as those bytes.
func TestTwinOfWhatIsDone(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet = 0 })
	for range 2 {
		b.put("a.json", `{"n":1}`)
		expect(t, "taken", b.later(), "a.json")
		b.settle(connectors.Taken, "a.json")
		expect(t, "lies there", tree(t, b.dir), "done/a.json")
	}
	b.put("a.json", `{"n":1}`)
	expect(t, "once more", b.later(), "a.json")
	b.twin("a.json", `{"n":2}`, true)
	b.settle(connectors.Taken, "a.json")
	expect(t, "the twin", b.later(), "a.json")
}

// TestHoldsLooksAtWhatWasMoved: what came after the last look is found where it was moved to.
func TestHoldsLooksAtWhatWasMoved(t *testing.T) {
	b := newBasket(t, nil)
	b.names()
	b.put("a.json", `{"n":1}`)
	b.clock.advance(time.Minute)
	if len(b.ready(1)) != 1 {
		t.Fatal("not ready")
	}
	it := b.inflight["a.json"]
	if !it.firm {
		t.Fatal("a form that stood still for a minute is not known for sure")
	}
	holds := func(path string) bool {
		same, err := b.holds(it)(t.Context(), path)
		must(t, err)
		return same
	}
	to := filepath.Join(b.dir, "elsewhere")
	must(t, os.WriteFile(to, []byte(`{"n":2}`), 0o600))
	must(t, os.Chtimes(to, time.Unix(0, it.form.Mtime), time.Unix(0, it.form.Mtime)))
	if holds(to) {
		t.Error("another file of that length and time is taken for it")
	}
	must(t, os.WriteFile(to, []byte(`{"n":1}`), 0o600))
	if !holds(to) {
		t.Error("its bytes are not taken for it")
	}
	if !holds(filepath.Join(b.dir, "gone")) {
		t.Error("what was taken away is called replaced")
	}
}

// TestCrashBeforeDeletion: what lay there to be deleted is offered again.
func TestCrashBeforeDeletion(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet, c.After = 0, rules.AfterConfig{Delete: true} })
	must(t, os.Mkdir(filepath.Join(b.dir, "."+outFolder), 0o700))
	b.put(filepath.Join("."+outFolder, "a.json"), "{}")
	expect(t, "offered again", b.names(), "a.json")
	b.settle(connectors.Taken, "a.json")
	expect(t, "gone", tree(t, b.dir), "")
}

// TestWriterPauses: a writer that pauses longer than quiet writes on into the moved file; that is noticed, told once,
// and the whole form is taken.
func TestWriterPauses(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Match = "*.csv" })
	b.names()
	b.put("a.csv", "N\r\n1\r\n")
	expect(t, "half", b.later(), "a.csv")
	b.inflight["a.csv"].till = b.clock.Now().Add(recheckFor) // as where nobody can tell that no program has it open
	write := b.appender()
	b.settle(connectors.Taken, "a.csv")
	b.clock.advance(6 * time.Second)
	expect(t, "nothing yet", b.names(), "")
	write("2\r\n")
	b.clock.advance(12 * time.Second)
	subs := b.ready(10)
	if len(subs) != 1 || string(subs[0].Form) != "N\r\n1\r\n2\r\n" {
		t.Fatalf("the whole: %d forms, lies %s", len(subs), tree(t, b.dir))
	}
	expect(t, "told once", strings.Join(b.notices, " "), CodeGrown)
	b.settle(connectors.Conflict, "a.csv")
	b.clock.advance(time.Hour)
	expect(t, "in the end", b.names(), "")
	if len(b.moved) != 0 {
		t.Error("it is looked at for ever")
	}
}

// appender opens a form for writing and returns what appends to it and closes it.
func (b *basket) appender() func(string) {
	b.t.Helper()
	f, err := os.OpenFile(filepath.Join(b.dir, "a.csv"), os.O_WRONLY|os.O_APPEND, 0)
	must(b.t, err)
	b.t.Cleanup(func() { _ = f.Close() })
	return func(s string) {
		b.t.Helper()
		_, err := f.WriteString(s)
		must(b.t, err)
		must(b.t, f.Close())
	}
}

// TestGrownWhenTheSourceCloses: a reload or a stop looks for the last time.
func TestGrownWhenTheSourceCloses(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Match, c.Quiet = "*.csv", 0 })
	b.put("a.csv", "1")
	expect(t, "half", b.names(), "a.csv")
	write := b.appender()
	b.settle(connectors.Taken, "a.csv")
	write("2")
	must(t, b.Close())
	expect(t, "offered again", tree(t, b.dir), "a.csv")
}

// TestAttachmentChangesWhileItIsRead: the form is not accepted with a mixture.
func TestAttachmentChangesWhileItIsRead(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet = 0 })
	b.put("a.pdf", "one")
	b.put("a.json", "{}")
	subs := b.ready(1)
	if len(subs) != 1 || len(subs[0].Attachments) != 1 {
		t.Fatal(subs)
	}
	blob := subs[0].Attachments[0].Blob
	read := func() error {
		r, err := blob.Open()
		must(t, err)
		defer func() { _ = r.Close() }()
		_, err = io.ReadAll(r)
		return err
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	b.put("a.pdf", "another")
	if err := read(); err == nil {
		t.Error("an attachment that is another one by now is read as the first")
	}
}
