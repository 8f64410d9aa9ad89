package intake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lacks skips a test whose means this machine does not have, but fails on CI: a skip must not go unnoticed.
func lacks(t *testing.T, why ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why...)
	}
	t.Skip(why...)
}

// basket is an in-basket in a temporary folder on a clock of its own.
type basket struct {
	*Inbasket
	t       *testing.T
	dir     string
	clock   *fakeClock
	mu      sync.Mutex
	notices []string
}

func newBasket(t *testing.T, change func(*rules.FolderConfig)) *basket {
	t.Helper()
	b := &basket{t: t, dir: t.TempDir(), clock: newClock()}
	b.open(change)
	return b
}

func (b *basket) open(change func(*rules.FolderConfig)) {
	b.t.Helper()
	cfg := rules.FolderDefaults()
	cfg.Path, cfg.Events, cfg.Sync = b.dir, false, false
	if change != nil {
		change(&cfg)
	}
	in, err := NewFolder(connectors.Env{Clock: b.clock, Notify: b.note}, cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Inbasket = in
	b.t.Cleanup(func() { _ = in.Close() })
}

func (b *basket) note(n connectors.Notice) {
	b.mu.Lock()
	b.notices = append(b.notices, n.Code)
	b.mu.Unlock()
}

func (b *basket) put(name, content string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// ready calls Next until it would sleep, and returns what it gave.
func (b *basket) ready(max int) []connectors.Submission {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.clock.onSleep(cancel)
	defer b.clock.onSleep(nil)
	subs, err := b.Next(ctx, max)
	if err != nil && !errors.Is(err, context.Canceled) {
		b.t.Fatal(err)
	}
	return subs
}

// names returns the names of the forms that are ready now.
func (b *basket) names() string {
	b.t.Helper()
	var names []string
	for _, s := range b.ready(10_000) {
		names = append(names, s.Handle)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// later advances past the quiet time and the poll and returns what is ready then.
func (b *basket) later() string {
	b.t.Helper()
	first := b.names()
	b.clock.advance(6 * time.Second)
	return strings.TrimSpace(first + " " + b.names())
}

func (b *basket) settle(v connectors.Verdict, names ...string) {
	b.t.Helper()
	var rs []connectors.Receipt
	for _, n := range names {
		rs = append(rs, connectors.Receipt{Handle: n, ID: "0000000000001", Verdict: v, Reason: "because"})
	}
	if err := b.Settle(context.Background(), rs); err != nil {
		b.t.Fatal(err)
	}
}

// tree lists all files below the folder, hidden ones too, but not the lock that the agent keeps there.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != ".inbasket.lock" {
			rel, _ := filepath.Rel(dir, p)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestFormMustStandStill(t *testing.T) {
	b := newBasket(t, nil)
	b.put("a.json", "{")
	expect(t, "at once", b.names(), "")
	b.clock.advance(time.Second)
	b.put("a.json", "{}")
	b.clock.advance(time.Second)
	expect(t, "it grew meanwhile", b.names(), "")
	b.clock.advance(2*time.Second - 1)
	expect(t, "not quite", b.names(), "")
	b.clock.advance(1)
	expect(t, "two seconds still", b.names(), "a.json")
	expect(t, "handed out once", b.later(), "")
}

func TestOldFormNeedsNoSecondLook(t *testing.T) {
	b := newBasket(t, nil)
	expect(t, "empty", b.names(), "")
	b.put("a.json", "{}")
	b.clock.advance(6 * time.Second)
	expect(t, "older than quiet on a clock that was found right", b.names(), "a.json")
}

func TestForeignClockAlwaysTwoLooks(t *testing.T) {
	for _, shift := range []time.Duration{time.Hour, -time.Hour} {
		b := newBasket(t, nil)
		b.clock.advance(shift)
		expect(t, "empty", b.names(), "")
		b.put("a.json", "{}")
		expect(t, "first look", b.names(), "")
		b.clock.advance(6 * time.Second)
		expect(t, "scan sees it", b.names(), "")
		b.clock.advance(2 * time.Second)
		expect(t, "second look", b.names(), "a.json")
	}
}

func TestQuietZeroTakesAtOnce(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet = 0 })
	b.put("a.json", "{}")
	expect(t, "at once", b.names(), "a.json")
}

func TestMarker(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Marker = "{name}.ok" })
	b.put("a.json", "{}")
	b.put("lonely.json.ok", "")
	expect(t, "without marker", b.later(), "")
	b.put("a.json.ok", "")
	b.clock.advance(6 * time.Second)
	expect(t, "with marker", b.names(), "a.json")
	b.settle(connectors.Taken, "a.json")
	expect(t, "marker goes too", tree(t, b.dir), "done/a.json lonely.json.ok")
}

func TestSettle(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*rules.FolderConfig)
		before  map[string]string // files in the done or error folder
		verdict connectors.Verdict
		want    string
	}{
		{"taken", nil, nil, connectors.Taken, "done/a.json"},
		{"repeat", nil, nil, connectors.Repeat, "done/a.json"},
		{"conflict", nil, nil, connectors.Conflict, "done/a.json"},
		{"refused", nil, nil, connectors.Refused, "error/a.json error/a.json.txt"},
		{"released", nil, nil, connectors.Released, "a.json"},
		{"deleted", func(c *rules.FolderConfig) { c.After = rules.AfterConfig{Delete: true} }, nil, connectors.Taken, ""},
		{"same in done", nil, map[string]string{"done/a.json": "{}"}, connectors.Repeat, "done/a.json"},
		{"other in done", nil, map[string]string{"done/a.json": "{ }"}, connectors.Taken, "done/a-0000000000001.json done/a.json"},
		{"other in error", nil, map[string]string{"error/a.json": "{ }"}, connectors.Refused, "error/a-1.json error/a-1.json.txt error/a.json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBasket(t, tt.change)
			for _, d := range []string{"done", "error"} {
				if err := os.Mkdir(filepath.Join(b.dir, d), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for n, c := range tt.before {
				b.put(n, c)
			}
			b.put("a.json", "{}")
			expect(t, "ready", b.later(), "a.json")
			b.settle(tt.verdict, "a.json")
			b.settle(tt.verdict, "a.json") // twice is harmless
			expect(t, "files", tree(t, b.dir), tt.want)
		})
	}
}

func TestDatedDone(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.After.Dated = true; c.Sync = true })
	b.put("a.json", "{}")
	expect(t, "ready", b.later(), "a.json")
	b.settle(connectors.Taken, "a.json")
	expect(t, "files", tree(t, b.dir), "done/"+b.clock.Now().Format("2006-01-02")+"/a.json")
}

func TestRefusedTextSaysWhy(t *testing.T) {
	b := newBasket(t, nil)
	b.put("a.json", "{}")
	b.later()
	b.settle(connectors.Refused, "a.json")
	text, err := os.ReadFile(filepath.Join(b.dir, "error", "a.json.txt"))
	if err != nil || !strings.Contains(string(text), "because") {
		t.Errorf("text %q, error %v", text, err)
	}
}

func TestReleasedComesAgain(t *testing.T) {
	b := newBasket(t, nil)
	b.put("a.json", "{}")
	expect(t, "ready", b.later(), "a.json")
	b.settle(connectors.Released, "a.json")
	expect(t, "later", b.names(), "")
	b.clock.advance(6 * time.Second)
	expect(t, "again", b.names(), "a.json")
}

func TestChangedBeforeSettleIsOfferedAgain(t *testing.T) {
	b := newBasket(t, nil)
	b.put("a.json", "{}")
	expect(t, "ready", b.later(), "a.json")
	b.put("a.json", `{"other":1}`)
	b.settle(connectors.Taken, "a.json")
	expect(t, "left lying", tree(t, b.dir), "a.json")
	expect(t, "again", b.later(), "a.json")
}

func TestUnsettledComesAgainAfterRestart(t *testing.T) {
	b := newBasket(t, nil)
	b.put("a.json", "{}")
	expect(t, "ready", b.later(), "a.json")
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Next(context.Background(), 1); err == nil {
		t.Error("Next after Close")
	}
	b.open(nil)
	expect(t, "after restart", b.later(), "a.json")
}

func TestOldestFirst(t *testing.T) {
	b := newBasket(t, nil)
	for i, n := range []string{"c", "a", "b"} {
		b.put(n+".json", "{}")
		at := b.clock.Now().Add(time.Duration(i-10) * time.Minute)
		if err := os.Chtimes(filepath.Join(b.dir, n+".json"), at, at); err != nil {
			t.Fatal(err)
		}
	}
	b.names()
	b.clock.advance(6 * time.Second)
	var got []string
	for _, s := range b.ready(10) {
		got = append(got, s.Handle)
	}
	slices.Sort(got) // waited side by side: any order
	b.settle(connectors.Released, got...)
	b.clock.advance(6 * time.Second)
	if len(b.ready(10)) != 3 {
		t.Error("not all came again")
	}
	b2 := &basket{t: t, dir: b.dir, clock: newClock()}
	b2.open(func(c *rules.FolderConfig) { c.Quiet = 0 })
	var order []string
	for _, s := range b2.ready(10) {
		order = append(order, s.Handle)
	}
	expect(t, "order", strings.Join(order, " "), "c.json a.json b.json")
}

func TestFolderMissingThenThere(t *testing.T) {
	b := newBasket(t, nil)
	if err := os.Remove(b.dir); err != nil {
		t.Fatal(err)
	}
	_, err := b.Next(context.Background(), 1)
	var e *connectors.Error
	if !errors.As(err, &e) || e.Class != connectors.TargetError || e.Code != place.CodeFolder {
		t.Fatalf("got %v", err)
	}
	expect(t, "does not spin", b.names(), "")
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b.put("a.json", "{}")
	go func() { // Next waits for a poll before it tries the folder again
		for range 3 {
			b.clock.advance(6 * time.Second)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	b.clock.onSleep(func() { go b.clock.advance(6 * time.Second) })
	subs, err := b.Next(ctx, 1)
	b.clock.onSleep(nil)
	if err != nil || len(subs) != 1 {
		t.Fatalf("got %v, %v", subs, err)
	}
}

func TestManyFilesComeInPortions(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet = 0 })
	const n = 2500
	for i := range n {
		b.put(fmt.Sprintf("f%05d.json", i), `{"n":1}`)
	}
	first := b.ready(1)
	if len(first) != 1 || len(b.next.ready) > place.Portion {
		t.Fatalf("%d forms, %d read ahead", len(first), len(b.next.ready))
	}
	seen := map[string]bool{first[0].Handle: true}
	for len(seen) < n {
		subs := b.ready(300)
		if len(subs) == 0 {
			t.Fatalf("only %d of %d", len(seen), n)
		}
		var names []string
		for _, s := range subs {
			if seen[s.Handle] {
				t.Fatal("handed out twice")
			}
			seen[s.Handle] = true
			names = append(names, s.Handle)
		}
		b.settle(connectors.Taken, names...)
	}
	b.settle(connectors.Taken, first[0].Handle)
	expect(t, "nothing left", b.later(), "")
	if len(b.inflight) != 0 || len(b.next.pending) != 0 {
		t.Errorf("%d in flight, %d pending", len(b.inflight), len(b.next.pending))
	}
}

func TestMoreThanPendingHolds(t *testing.T) {
	b := newBasket(t, nil)
	b.clock.advance(time.Hour) // two looks for each
	const n = 700
	b.room = 200
	for i := range n {
		b.put(fmt.Sprintf("f%05d.json", i), `{"n":1}`)
	}
	got := 0
	for range 40 {
		for {
			subs := b.ready(2000)
			if len(subs) == 0 {
				break
			}
			var names []string
			for _, s := range subs {
				names = append(names, s.Handle)
			}
			b.settle(connectors.Taken, names...)
			got += len(subs)
		}
		if len(b.next.pending) > b.room {
			t.Fatalf("%d pending", len(b.next.pending))
		}
		if got == n {
			return
		}
		b.clock.advance(2 * time.Second)
	}
	t.Fatalf("%d of %d", got, n)
}

func TestAnswers(t *testing.T) {
	dir, clock := t.TempDir(), newClock()
	cfg := rules.FolderAnswersDefaults()
	cfg.Path, cfg.Quiet, cfg.Events = dir, 0, false
	a, err := NewFolderAnswers(connectors.Env{Clock: clock}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	next := func() connectors.Result {
		t.Helper()
		clock.advance(6 * time.Second)
		rs, err := a.Next(context.Background(), 10)
		if err != nil || len(rs) != 1 {
			t.Fatalf("got %v, %v", rs, err)
		}
		if err := a.Settle(context.Background(), []connectors.Receipt{{Handle: rs[0].Handle, Verdict: connectors.Taken}}); err != nil {
			t.Fatal(err)
		}
		return rs[0]
	}
	write("x.pdf", "licence")
	write("x.xml", "<ok/>")
	first := next()
	if string(first.Content) != "<ok/>" || len(first.Documents) != 1 || first.Documents[0].Name != "x.pdf" || first.File != "x.xml" {
		t.Fatalf("got %+v", first)
	}
	write("x.xml", "<ok/>")
	if again := next(); again.ID != first.ID {
		t.Error("the same file is the same result")
	}
	write("x.xml", "<no/>")
	if second := next(); second.ID == first.ID {
		t.Error("a second decision is a second result")
	}
}

// Large forms are handed out in small portions, so that memory is bounded by bytes as well.
func TestOneRead(t *testing.T) {
	sized := func(sizes ...int64) (list []*candidate) {
		for _, n := range sizes {
			list = append(list, &candidate{form: stat{Info: place.Info{Size: n}}})
		}
		return list
	}
	for _, c := range []struct {
		ready []*candidate
		max   int
		want  int
	}{
		{nil, 10, 0},
		{sized(1, 1, 1), 2, 2},
		{sized(portionBytes+1, 1), 10, 1},
		{sized(portionBytes/2, portionBytes/2, 1), 10, 2},
	} {
		if got := oneRead(c.ready, c.max); got != c.want {
			t.Errorf("%d of %d: %d, want %d", c.max, len(c.ready), got, c.want)
		}
	}
}
