//go:build unix

package intake

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// TestStrangeFiles holds the answers that the package's documentation states.
func TestStrangeFiles(t *testing.T) {
	big := strings.Repeat("x", 200)
	tests := []struct {
		name  string
		put   func(t *testing.T, b *basket)
		taken string
		after string // files afterwards, nothing settled
		code  string
	}{
		{"hidden", func(t *testing.T, b *basket) { b.put(".a.json", "{}") }, "", ".a.json", ""},
		{"half-written", func(t *testing.T, b *basket) {
			b.put("a.json.tmp", "{}")
			b.put("b.json.part", "{}")
			b.put("c.json~", "{}")
		}, "", "a.json.tmp b.json.part c.json~", ""},
		{"no match", func(t *testing.T, b *basket) { b.put("a.doc", "{}") }, "", "a.doc", ""},
		{"ignored", func(t *testing.T, b *basket) { b.put("old-a.json", "{}") }, "", "old-a.json", ""},
		{"upper case", func(t *testing.T, b *basket) { b.put("A.JSON", "{}") }, "A.JSON", "A.JSON", ""},
		{"folder", func(t *testing.T, b *basket) { must(t, os.Mkdir(filepath.Join(b.dir, "d.json"), 0o700)) }, "", "", ""},
		{"link", func(t *testing.T, b *basket) { must(t, os.Symlink("/etc/passwd", filepath.Join(b.dir, "a.json"))) }, "", "a.json", CodeSkipped},
		{"pipe", func(t *testing.T, b *basket) { must(t, syscall.Mkfifo(filepath.Join(b.dir, "a.json"), 0o600)) }, "", "a.json", CodeSkipped},
		{"too large", func(t *testing.T, b *basket) { b.put("a.json", big) }, "", "error/a.json error/a.json.txt", CodeTooLarge},
		{"attachment too large", func(t *testing.T, b *basket) { b.put("a.json", "{}"); b.put("a.pdf", big) }, "", "error/a.json error/a.json.txt error/a.pdf", CodeTooLarge},
		{"link as attachment", func(t *testing.T, b *basket) {
			b.put("a.json", "{}")
			must(t, os.Symlink("/etc/passwd", filepath.Join(b.dir, "a.pdf")))
		}, "a.json", "a.json a.pdf", CodeSkipped},
		{"empty", func(t *testing.T, b *basket) { b.put("a.json", "") }, "", "error/a.json error/a.json.txt", CodeEmpty},
		{"not UTF-8", func(t *testing.T, b *basket) { b.put("m\xfcller.json", "{}") }, "", "error/m%FCller.json error/m%FCller.json.txt", CodeBadName},
		{"line break", func(t *testing.T, b *basket) { b.put("a\nb.json", "{}") }, "", "error/a%0Ab.json error/a%0Ab.json.txt", CodeBadName},
		{"turned round", func(t *testing.T, b *basket) { b.put("a\u202efdp.json", "{}") }, "", "error/a%E2%80%AEfdp.json error/a%E2%80%AEfdp.json.txt", CodeBadName},
		{"looks dangerous", func(t *testing.T, b *basket) { b.put("-rf $(x) ';.json", "{}") }, "-rf $(x) ';.json", "-rf $(x) ';.json", ""},
		{"very long name", func(t *testing.T, b *basket) { b.put(strings.Repeat("ü", 125)+".json", big) }, "", "error/" + strings.Repeat("ü", 107) + ".json error/" + strings.Repeat("ü", 107) + ".json.txt", CodeTooLarge},
		{"umlaut", func(t *testing.T, b *basket) { b.put("müller.json", "{}") }, "müller.json", "müller.json", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBasket(t, func(c *rules.FolderConfig) { c.MaxBytes, c.Attachments.MaxBytes, c.Ignore = 100, 100, "old-*" })
			tt.put(t, b)
			got := b.later()
			b.clock.advance(2 * time.Minute)
			got += b.names()
			expect(t, "taken", got, tt.taken)
			expect(t, "files", tree(t, b.dir), tt.after)
			expect(t, "notices", strings.Join(b.notices, " "), tt.code)
		})
	}
}

// TestLinkSwappedIn replaces a ready form by a link between the look and the read.
func TestLinkSwappedIn(t *testing.T) {
	b := newBasket(t, nil)
	b.put("a.json", "{}")
	g, err := b.look(context.Background(), "a.json")
	must(t, err)
	must(t, os.Remove(filepath.Join(b.dir, "a.json")))
	must(t, os.Symlink("/etc/passwd", filepath.Join(b.dir, "a.json")))
	if _, err := b.read(t.Context(), g.form); err == nil {
		t.Error("a link was followed")
	}
}

// TestOtherFileSystem moves to a done folder that a rename cannot reach.
func TestOtherFileSystem(t *testing.T) {
	shm, err := os.MkdirTemp("/dev/shm", "inbasket-test-*")
	if err != nil {
		lacks(t, "no second file system:", err)
	}
	defer func() { _ = os.RemoveAll(shm) }()
	b := newBasket(t, func(c *rules.FolderConfig) { c.After.Move = shm; c.Sync = true })
	b.put("a.json", "{}")
	expect(t, "ready", b.later(), "a.json")
	b.settle(connectors.Taken, "a.json")
	expect(t, "done", tree(t, shm), "a.json")
	expect(t, "in-basket", tree(t, b.dir), "")
}

// TestEventsWake shows that a form is found by its event alone: the clock stands still.
func TestEventsWake(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Events = true; c.Marker = "{name}.ok" })
	asleep := make(chan struct{}, 16)
	b.clock.onSleep(func() { asleep <- struct{}{} })
	got := make(chan string, 1)
	go func() {
		subs, err := b.Next(context.Background(), 1)
		if err != nil {
			got <- err.Error()
			return
		}
		got <- subs[0].Handle
	}()
	<-asleep
	b.put("a.json", "{}")
	b.put("a.json.ok", "")
	expect(t, "woken", <-got, "a.json")
}

// TestFolderMadeAnew deletes the watched folder and makes it again, of which no event tells.
func TestFolderMadeAnew(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Events = true; c.Quiet = 0 })
	expect(t, "empty", b.names(), "")
	must(t, os.RemoveAll(b.dir))
	must(t, os.Mkdir(b.dir, 0o700))
	b.put("a.json", "{}")
	b.clock.advance(6 * time.Second)
	expect(t, "the next scan finds it", b.names(), "a.json")
	b.settle(connectors.Taken, "a.json")
	expect(t, "done folder made anew", tree(t, b.dir), "done/a.json")
	if b.names(); b.next.watch == nil {
		t.Fatal("not watched again")
	}
}

// TestUnreadableFileIsSetAside does not need such an account: it says itself that reading failed.
func TestUnreadableFileIsSetAside(t *testing.T) {
	b := newBasket(t, nil)
	b.put("a.json", "{}")
	b.put("a.pdf", "x")
	fail := func() {
		g, err := b.look(context.Background(), "a.json")
		must(t, err)
		must(t, b.notRead(context.Background(), &item{candidate: g}, os.ErrPermission))
	}
	fail()
	b.clock.advance(unreadable - 1)
	fail()
	expect(t, "still there", tree(t, b.dir), "a.json a.pdf")
	b.clock.advance(1)
	fail()
	expect(t, "set aside", tree(t, b.dir), "error/a.json error/a.json.txt error/a.pdf")
	text, err := os.ReadFile(filepath.Join(b.dir, "error", "a.json.txt"))
	if must(t, err); !strings.Contains(string(text), "could not be read for 10m") {
		t.Errorf("text %q", text)
	}
}

// TestNextBesideSettle runs both at once, as the agent does.
func TestNextBesideSettle(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet, c.Events = 0, true })
	const n = 600
	for i := range n {
		b.put(strings.Repeat("f", 1+i%3)+strings.Repeat("x", i/3)[:i/3%100]+string(rune('a'+i%26))+strings.Repeat("z", i/100)+".json", "{}")
	}
	want := len(strings.Fields(tree(t, b.dir)))
	handles := make(chan string, n)
	settled := make(chan error, 1)
	go func() {
		var first error
		for h := range handles {
			err := b.Settle(context.Background(), []connectors.Receipt{{Handle: h, ID: "0000000000001", Verdict: connectors.Taken}})
			if first == nil {
				first = err
			}
		}
		settled <- first
	}()
	for got := 0; got < want; {
		subs, err := b.Next(context.Background(), 7)
		must(t, err)
		for _, s := range subs {
			handles <- s.Handle
		}
		got += len(subs)
	}
	close(handles)
	must(t, <-settled)
	if left := tree(t, b.dir); strings.Count(left, "done/") != want || len(strings.Fields(left)) != want {
		t.Errorf("left: %s", left)
	}
}

// TestCloseWakesNext ends a Next that waits.
func TestCloseWakesNext(t *testing.T) {
	b := newBasket(t, nil)
	asleep := make(chan struct{}, 16)
	b.clock.onSleep(func() { asleep <- struct{}{} })
	got := make(chan error, 1)
	go func() {
		_, err := b.Next(context.Background(), 1)
		got <- err
	}()
	<-asleep
	must(t, b.Close())
	if err := <-got; err == nil {
		t.Error("Next went on after Close")
	}
}

// deafWatch tells of nothing but that it has lost something.
type deafWatch struct{ lost atomic.Bool }

func (w *deafWatch) Take() (map[string]struct{}, bool) { return nil, w.lost.Swap(false) }
func (w *deafWatch) Stale() bool                       { return false }
func (w *deafWatch) Stop()                             {}

// deafPlace is a folder whose events are lost.
type deafPlace struct {
	place.Place
	watch *deafWatch
	wake  chan<- struct{}
}

func (p *deafPlace) Watch(wake chan<- struct{}, _ func(string) bool) (place.Watch, error) {
	p.wake = wake
	return p.watch, nil
}

// TestLostEvents loses events, and finds the form by a scan at once: the clock stands still.
func TestLostEvents(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Events, c.Quiet = true, 0 })
	deaf := &deafPlace{b.place, &deafWatch{}, nil}
	b.place = deaf
	expect(t, "empty", b.names(), "")
	b.put("a.json", "{}")
	expect(t, "not seen", b.names(), "")
	deaf.watch.lost.Store(true)
	deaf.wake <- struct{}{}
	expect(t, "found", b.names(), "a.json")
}
