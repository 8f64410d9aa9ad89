package audit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/connectors"
)

// still is a clock that stands at a moment and moves by a second at each look.
type still struct {
	mu  sync.Mutex
	now time.Time
}

func (s *still) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(time.Second)
	return s.now
}
func (*still) After(time.Duration) <-chan time.Time { return nil }

func newClock() *still { return &still{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// written makes a log with n entries, in files of few entries, and closes it.
func written(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "audit")
	l, err := open(dir, newClock(), 1000, (*os.File).Sync)
	must(t, err)
	for i := range n {
		e, err := l.Add(Record{Who: "root", Via: ViaControl, Action: "retry", Object: fmt.Sprint("sub-", i+1), Details: map[string]string{"route": "permits", "empty": ""}})
		must(t, err)
		if e.N != int64(i+1) {
			t.Fatalf("entry %d got number %d", i+1, e.N)
		}
	}
	must(t, l.Close())
	must(t, l.Close())
	return dir
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "audit-*.jsonl"))
	must(t, err)
	return list
}

func TestAWholeLogIsInOrder(t *testing.T) {
	dir := written(t, 20)
	if len(files(t, dir)) < 3 {
		t.Fatalf("20 entries did not fill a file: %v", files(t, dir))
	}
	r, err := Verify(t.Context(), dir)
	must(t, err)
	if !r.OK || r.Entries != 20 || r.First != 1 || r.Head.N != 20 {
		t.Fatalf("%+v", r)
	}
	l, err := Open(dir, newClock())
	must(t, err)
	defer l.Close()
	if l.Head() != r.Head {
		t.Fatalf("opened again it ends with %v instead of %v", l.Head(), r.Head)
	}
	e, err := l.Add(Record{Who: "agent", Via: ViaSystem, Action: "start"})
	must(t, err)
	if e.N != 21 || e.Prev != r.Head.Hash {
		t.Fatalf("the chain does not go on: %+v", e)
	}
	for name, c := range map[string]struct {
		filter Filter
		want   int
	}{
		"all": {Filter{}, 21}, "who": {Filter{Who: "agent"}, 1}, "action": {Filter{Action: "retry"}, 20}, "object": {Filter{Object: "sub-3"}, 1},
		"last": {Filter{Last: 4}, 4}, "after": {Filter{After: 19}, 2}, "since": {Filter{Since: newClock().now.Add(20 * time.Second)}, 1},
	} {
		list, err := Read(t.Context(), dir, c.filter)
		must(t, err)
		if len(list) != c.want {
			t.Errorf("%s: %d entries, want %d", name, len(list), c.want)
		}
	}
}

func TestEveryTamperingShows(t *testing.T) {
	lineOf := func(n int) func([]byte) ([]byte, int, int) {
		return func(text []byte) ([]byte, int, int) {
			from := 0
			for range n - 1 {
				from += bytes.IndexByte(text[from:], '\n') + 1
			}
			return text, from, from + bytes.IndexByte(text[from:], '\n') + 1
		}
	}
	second := lineOf(2)
	cases := map[string]struct {
		do   func(text []byte) []byte
		want string
	}{
		"a word is changed": {func(b []byte) []byte { return bytes.Replace(b, []byte("sub-2"), []byte("sub-9"), 1) }, "was changed"},
		"a word is changed, with a new digest": {func(b []byte) []byte {
			b, from, to := second(b)
			e, _ := parse(b[from:to])
			e.Object = "sub-9"
			forged, _ := seal(&e)
			return append(append(append([]byte{}, b[:from]...), forged...), b[to:]...)
		}, "does not continue"},
		"a line is taken out": {func(b []byte) []byte {
			b, from, to := second(b)
			return append(append([]byte{}, b[:from]...), b[to:]...)
		}, "entry 3 follows entry 1"},
		"a line is put in": {func(b []byte) []byte {
			b, from, to := second(b)
			return append(append(append([]byte{}, b[:to]...), b[from:to]...), b[to:]...)
		}, "entry 2 follows entry 2"},
		"two lines change places": {func(b []byte) []byte {
			b, from, to := second(b)
			return append(append(append([]byte{}, b[from:to]...), b[:from]...), b[to:]...)
		}, "entry 1 follows entry 2"},
		"a space is added":      {func(b []byte) []byte { return bytes.Replace(b, []byte(`{"n":1,`), []byte(`{ "n":1,`), 1) }, "is not an entry"},
		"a field is added":      {func(b []byte) []byte { return bytes.Replace(b, []byte(`{"n":1,`), []byte(`{"x":1,"n":1,`), 1) }, "is not an entry"},
		"the first one is gone": {func(b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] }, ""},
		"a line is emptied": {func(b []byte) []byte {
			b, from, to := second(b)
			return append(append([]byte{}, b[:from]...), b[to-1:]...)
		}, "is not an entry"},
		"the middle is cut off": {func(b []byte) []byte { b, _, to := second(b); return b[:to] }, "follows entry 2"},
		"half a line stays":     {func(b []byte) []byte { b, _, to := second(b); return b[:to-9] }, "never finished"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := written(t, 20)
			path := files(t, dir)[0]
			text, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, c.do(text), 0o600))
			r, err := Verify(t.Context(), dir)
			must(t, err)
			if c.want == "" { // older lines may be archived; it is said where the log begins
				if !r.OK || r.First != 2 {
					t.Fatalf("%+v", r)
				}
				return
			}
			if r.OK || !strings.Contains(r.Wrong, c.want) || r.File != "audit-000001.jsonl" && r.File != "audit-000002.jsonl" || r.Line == 0 {
				t.Fatalf("%+v, want %q", r, c.want)
			}
		})
	}
}

func TestACutTailShowsToWhoRemembers(t *testing.T) {
	dir := written(t, 20)
	whole, err := Verify(t.Context(), dir)
	must(t, err)
	list := files(t, dir)
	must(t, os.Remove(list[len(list)-1]))
	cut, err := Verify(t.Context(), dir)
	must(t, err)
	if !cut.OK || cut.Head.N >= 20 {
		t.Fatalf("a shorter chain is a chain: %+v", cut)
	}
	for name, m := range map[string]Memory{
		"number and digest": {"the journal", whole.Head},
		"digest only":       {"you", Head{Hash: whole.Head.Hash}},
	} {
		r, err := Verify(t.Context(), dir, m)
		must(t, err)
		if r.OK || !strings.Contains(r.Wrong, "cut off") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	// Written anew with as many entries, it is another chain.
	other := filepath.Join(t.TempDir(), "audit")
	l, err := Open(other, newClock())
	must(t, err)
	for range 25 {
		_, err := l.Add(Record{Who: "mallory", Via: ViaCLI, Action: "retry"})
		must(t, err)
	}
	must(t, l.Close())
	r, err := Verify(t.Context(), other, Memory{"the journal", whole.Head})
	must(t, err)
	if r.OK || !strings.Contains(r.Wrong, "written anew") {
		t.Fatalf("%+v", r)
	}
}

func TestATornLastLineIsSetAside(t *testing.T) {
	for cut := 1; cut < 120; cut += 17 {
		dir := written(t, 3)
		path := files(t, dir)[0]
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, text[:len(text)-cut], 0o600))
		l, err := open(dir, newClock(), 1<<20, (*os.File).Sync)
		must(t, err)
		kept := l.Found()
		if kept.Torn == 0 || kept.Damaged {
			t.Fatalf("cut %d: %+v", cut, kept)
		}
		torn, err := os.ReadFile(kept.Kept)
		must(t, err)
		if int64(len(torn)) != kept.Torn || !bytes.HasPrefix(torn, []byte(`{"n":3,`)) {
			t.Fatalf("cut %d: kept %q", cut, torn)
		}
		_, err = l.Add(Record{Who: "root", Via: ViaControl, Action: "pause"})
		must(t, err)
		must(t, l.Close())
		r, err := Verify(t.Context(), dir)
		must(t, err)
		if !r.OK || r.Entries != 4 {
			t.Fatalf("cut %d: %+v", cut, r)
		}
		list, err := Read(t.Context(), dir, Filter{Action: "log-repaired"})
		must(t, err)
		if len(list) != 1 || list[0].N != 3 || list[0].Details["bytes"] != fmt.Sprint(kept.Torn) {
			t.Fatalf("cut %d: %+v", cut, list)
		}
	}
}

// A crash between setting a torn line aside and writing the entry about it is made good by the next start.
func TestRepairIsRepairedItself(t *testing.T) {
	dir := written(t, 2)
	must(t, os.WriteFile(filepath.Join(dir, "torn-3.txt"), []byte(`{"n":3,"at"`), 0o600))
	l, err := Open(dir, newClock())
	must(t, err)
	must(t, l.Close())
	list, err := Read(t.Context(), dir, Filter{Action: "log-repaired"})
	must(t, err)
	if len(list) != 1 || list[0].Details["bytes"] != "11" {
		t.Fatalf("%+v", list)
	}
	l, err = Open(dir, newClock())
	must(t, err)
	if l.Head().N != 3 {
		t.Fatalf("said twice: %+v", l.Head())
	}
	must(t, l.Close())
}

func TestADamagedLastLineDoesNotStopTheLog(t *testing.T) {
	dir := written(t, 3)
	path := files(t, dir)[0]
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, bytes.Replace(text, []byte("sub-3"), []byte("sub-4"), 1), 0o600))
	l, err := Open(dir, newClock())
	must(t, err)
	if !l.Found().Damaged {
		t.Fatal("the damage was not noticed")
	}
	_, err = l.Add(Record{Who: "root", Via: ViaControl, Action: "pause"})
	must(t, err)
	must(t, l.Close())
	r, err := Verify(t.Context(), dir)
	must(t, err)
	if diff := cmp.Diff([]any{false, 3, "audit-000001.jsonl"}, []any{r.OK, r.Line, r.File}); diff != "" {
		t.Fatal(diff, r)
	}
}

func TestNoEntryIsNoOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	full := false
	l, err := open(dir, newClock(), 1<<20, func(f *os.File) error {
		if full {
			return errors.New("no space left on device")
		}
		return f.Sync()
	})
	must(t, err)
	_, err = l.Add(Record{Who: "root", Via: ViaControl, Action: "pause"})
	must(t, err)
	full = true
	for range 3 {
		_, err = l.Add(Record{Who: "root", Via: ViaControl, Action: "resume"})
		var coded *connectors.Error
		if !errors.As(err, &coded) || coded.Code != CodeUnwritten {
			t.Fatalf("%v", err)
		}
	}
	full = false
	e, err := l.Add(Record{Who: "root", Via: ViaControl, Action: "reload"})
	must(t, err)
	must(t, l.Close())
	if _, err := l.Add(Record{}); err == nil {
		t.Fatal("a closed log takes entries")
	}
	r, err := Verify(t.Context(), dir)
	must(t, err)
	if !r.OK || r.Head.Hash != e.Hash {
		t.Fatalf("%+v after %+v", r, e)
	}
}

func TestOnlyOneWrites(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l, err := Open(dir, newClock())
	must(t, err)
	if _, err := Open(dir, newClock()); !errors.Is(err, ErrLocked) {
		t.Fatalf("%v", err)
	}
	var together sync.WaitGroup
	for range 8 {
		together.Go(func() {
			for range 10 {
				if _, err := l.Add(Record{Who: "a", Via: ViaControl, Action: "retry"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	together.Wait()
	must(t, l.Close())
	r, err := Verify(t.Context(), dir)
	must(t, err)
	if !r.OK || r.Entries != 80 {
		t.Fatalf("%+v", r)
	}
}

func TestALogThatIsNotThereIsEmpty(t *testing.T) {
	r, err := Verify(t.Context(), filepath.Join(t.TempDir(), "none"))
	must(t, err)
	if !r.OK || r.Entries != 0 {
		t.Fatalf("%+v", r)
	}
}

// Whatever an order says, its line is one line and is read back as it was written.
func TestAnyTextIsALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Just("\xff\xfe broken \x00"), rapid.Just("a\nb\u2028<&>"))
		e := Entry{N: 1, At: time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 5).UTC(), Who: clean(text.Draw(t, "who")), Action: clean(text.Draw(t, "action")),
			Details: cleanAll(map[string]string{text.Draw(t, "key"): text.Draw(t, "value")}), Prev: Genesis}
		raw, err := seal(&e)
		if err != nil || bytes.Count(raw, []byte("\n")) != 1 {
			t.Fatalf("%q %v", raw, err)
		}
		again, err := parse(raw)
		if diff := cmp.Diff(e, again); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	})
}

// A log that begins after what is remembered is another one, unless it goes on from there: whoever takes old files
// away leaves the last entry.
func TestALogThatBeginsTooLate(t *testing.T) {
	dir := written(t, 20)
	var entries []Entry
	entries, err := Read(t.Context(), dir, Filter{})
	must(t, err)
	list := files(t, dir)
	must(t, os.Remove(list[0]))
	r, err := Verify(t.Context(), dir)
	must(t, err)
	if !r.OK || r.First < 3 {
		t.Fatalf("%+v", r)
	}
	for n, want := range map[int64]bool{r.First - 2: false, r.First - 1: true, r.First: true, 20: true} {
		e := entries[n-1]
		got, err := Verify(t.Context(), dir, Memory{"the journal", Head{N: e.N, Hash: e.Hash}})
		must(t, err)
		if got.OK != want {
			t.Errorf("entry %d: %+v", n, got)
		}
	}
	got, err := Verify(t.Context(), dir, Memory{"the journal", Head{N: r.First - 1, Hash: entries[0].Hash}})
	must(t, err)
	if got.OK {
		t.Errorf("%+v", got)
	}
}
