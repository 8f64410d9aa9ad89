package agent_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/test/clock"
)

// standing is a clock that stands still while timers run.
type standing struct{ now time.Time }

func (s standing) Now() time.Time                         { return s.now }
func (s standing) After(d time.Duration) <-chan time.Time { return time.After(d) }

// batching is a world whose forms go into batches only.
func batching(t *testing.T, closing string) *world {
	t.Helper()
	w := newWorld(t)
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(worldConfig, tokenHash), "count: 3, age: 1h", closing, 1))
	w.write("permit.yaml", `
mapping: permit
version: 1
input: {format: json, reference: form.ref, unused: allow}
layouts: {line: {format: csv, fields: [{name: REF}, {name: TEXT}], trailer: [{fields: [{value: "{count}"}]}], control-file: {name: "{stem}.CTL", text: "{count} {bytes} {sha256}"}}}
write: [{as: line, to: batches, layout: line, fields: {REF: form.ref, TEXT: form.text}}]
`)
	return w
}

// sent tells whether the batch file of a number is there, with its control file, which comes last.
func (w *world) sent(seq int) bool {
	_, err := os.Stat(filepath.Join(w.dir, "batches", fmt.Sprintf("B%06d.CTL", seq)))
	return err == nil
}

// whole puts a whole form into the in-basket at once: while the clock stands still nobody looks a second time at one that is
// still being written.
func (w *world) whole(name, content string) {
	w.t.Helper()
	w.write(name, content)
	if err := os.Rename(filepath.Join(w.dir, name), filepath.Join(w.dir, "in", name)); err != nil {
		w.t.Fatal(err)
	}
}

// Age counts from acceptance: 10,000 forms whose files are old make two batches of 5,000 and not one a few moments.
func TestAgeCountsFromAcceptance(t *testing.T) {
	w := batching(t, "count: 5000, age: 2s")
	const forms = 10_000
	for i := range forms {
		w.write(fmt.Sprintf("in/%d.json", i), fmt.Sprintf(`{"ref": "REF-%d", "text": "x"}`, i))
	}
	w.startWith(func(o *agent.Options) { o.Clock = standing{time.Now().Add(time.Hour)} })
	w.until("both batches are put", func() bool { return w.sent(1) && w.sent(2) || w.sent(3) })
	for _, name := range []string{"B000001.DAT", "B000002.DAT"} {
		b, err := os.ReadFile(filepath.Join(w.dir, "batches", name))
		if err != nil || strings.Count(string(b), "REF-") != forms/2 {
			t.Errorf("%s: %d lines, %v", name, strings.Count(string(b), "REF-"), err)
		}
	}
}

// The time of acceptance is in the journal: a batch that waits is as old after a restart as before.
func TestAgeGoesOnOverRestart(t *testing.T) {
	w := batching(t, "age: 1h")
	now := time.Now()
	w.startWith(func(o *agent.Options) { o.Clock = standing{now} })
	w.whole("0.json", `{"ref": "REF-0", "text": "x"}`)
	w.until("accepted", func() bool { return len(w.states()) == 1 })
	w.halt()
	w.startWith(func(o *agent.Options) { o.Clock = standing{now.Add(59 * time.Minute)} })
	w.whole("1.json", `{"ref": "REF-1", "text": "x"}`)
	w.until("accepted", func() bool { return w.number("select 1") == 1 && len(w.files("in")) == 0 })
	if n := len(w.files("batches")); n != 0 {
		t.Fatalf("%d files before their time", n)
	}
	w.halt()
	w.startWith(func(o *agent.Options) { o.Clock = standing{now.Add(time.Hour)} })
	w.until("one batch of both", func() bool { return w.sent(1) })
	if b, err := os.ReadFile(filepath.Join(w.dir, "batches", "B000001.DAT")); err != nil || strings.Count(string(b), "REF-") != 2 {
		t.Errorf("%q %v", b, err)
	}
}

// Neither a size nor a number that nobody configured closes a batch: 24 MiB in 40 forms go as one file, each body as the form
// said, though the lane does not hold all of them; also when it is sent by the next start.
func TestNothingElseClosesABatch(t *testing.T) {
	w := batching(t, `count: 40`)
	const size = 600 << 10
	var want strings.Builder
	for i := range 40 {
		text := strings.Repeat(string(rune('a'+i%26)), size)
		fmt.Fprintf(&want, "REF-%02d,%s\n", i, text)
		w.write(fmt.Sprintf("in/%02d.json", i), fmt.Sprintf(`{"ref": "REF-%02d", "text": %q}`, i, text))
	}
	want.WriteString("40\n")
	folder, away := filepath.Join(w.dir, "batches"), filepath.Join(w.dir, "away")
	if err := os.Rename(folder, away); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.until("sealed", func() bool {
		open, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
		return err == nil && len(open) == 1 && open[0].Size == int64(want.Len())
	})
	w.halt()
	if err := os.Rename(away, folder); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.until("put", func() bool { return w.sent(1) })
	b, err := os.ReadFile(filepath.Join(folder, "B000001.DAT"))
	if err != nil || string(b) != want.String() {
		t.Fatalf("%d bytes instead of %d, or others; %v", len(b), want.Len(), err)
	}
	control, err := os.ReadFile(filepath.Join(folder, "B000001.CTL"))
	if digest := fmt.Sprintf("40 %d %x", len(b), sha256.Sum256(b)); err != nil || string(control) != digest {
		t.Errorf("%s instead of %s, %v", control, digest, err)
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered]+w.states()[journal.Closed] == 40 })
}

// A batch that closes at a time of day closes once, also over a restart in the hour that comes again and when the clock is set
// back by some minutes.
func TestTimeOfDayOnce(t *testing.T) {
	w := batching(t, `at: "02:30", zone: Europe/Berlin`)
	c := &clock.Settable{}
	set := func(at string) {
		t.Helper()
		to, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		c.Set(to.Sub(c.Now()))
	}
	send := func(n int) {
		t.Helper()
		w.write(fmt.Sprintf("in/%d.json", n), fmt.Sprintf(`{"ref": "REF-%d", "text": "x"}`, n))
		w.until("taken", func() bool { return len(w.files("in")) == 0 })
	}
	set("2026-10-25T00:10:00Z")
	timed(w, c)
	send(1)
	set("2026-10-25T00:30:00Z") // the first 02:30
	send(2)
	w.until("the first batch is put", func() bool { return w.sent(1) })
	set("2026-10-25T00:20:00Z") // set back
	send(3)
	w.halt()
	set("2026-10-25T01:29:59Z")
	timed(w, c)
	send(4)
	set("2026-10-25T01:30:01Z") // the second 02:30
	send(5)
	w.halt()
	set("2026-10-26T07:00:00Z") // down over the next
	timed(w, c)
	w.until("the second batch is put", func() bool { return w.sent(2) })
	b, err := os.ReadFile(filepath.Join(w.dir, "batches", "B000002.DAT"))
	if err != nil || !strings.Contains(string(b), "REF-3,x\nREF-4,x\nREF-5,x\n") || w.sent(3) {
		t.Errorf("%q %v", b, err)
	}
}
