package intake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// errAway is what a share says that went away for a moment.
var errAway = &connectors.Error{Class: connectors.TargetError, Code: place.CodeIO, Op: "look at a file"}

// away is a place of which some files cannot be looked at, or some folders listed, for now.
type away struct {
	place.Place
	stat, read, rename func(path string) bool
	list               bool
}

func (a *away) Stat(ctx context.Context, path string) (place.Info, error) {
	if a.stat != nil && a.stat(path) {
		return place.Info{}, errAway
	}
	return a.Place.Stat(ctx, path)
}

func (a *away) Read(ctx context.Context, path string, limit int64) (place.Content, error) {
	if a.read != nil && a.read(path) {
		return place.Content{}, errAway
	}
	return a.Place.Read(ctx, path, limit)
}

func (a *away) Rename(ctx context.Context, from, to string) error {
	if a.rename != nil && a.rename(from) {
		return errAway
	}
	return a.Place.Rename(ctx, from, to)
}

func (a *away) List(ctx context.Context, folder string) (place.Listing, error) {
	if a.list {
		return nil, errAway
	}
	return a.Place.List(ctx, folder)
}

// goesAway puts a place that can be away under a source.
func goesAway(s *source) *away {
	a := &away{Place: s.place}
	s.place = a
	return a
}

// tries calls Next until it fails or would sleep.
func (b *basket) tries() (string, error) {
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	b.clock.onSleep(cancel)
	defer b.clock.onSleep(nil)
	subs, err := b.Next(ctx, 10)
	var got []string
	for _, s := range subs {
		for _, a := range s.Attachments {
			got = append(got, s.Handle+"+"+a.Name)
		}
		if len(s.Attachments) == 0 {
			got = append(got, s.Handle)
		}
	}
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return strings.Join(got, " "), err
}

// TestAttachmentCannotBeSeen takes no form without what belongs to it because that could not be looked at.
func TestAttachmentCannotBeSeen(t *testing.T) {
	tests := []struct {
		name, form, attachment string
		away                   func(*away)
	}{
		{"beside", "{}", "a.pdf", func(a *away) { a.stat = func(p string) bool { return strings.HasSuffix(p, ".pdf") } }},
		{"beside, written otherwise", "{}", "A.PDF", func(a *away) { a.list = true }},
		{"listed", `{"files":["plan.txt"]}`, "plan.txt", func(a *away) { a.stat = func(p string) bool { return p == "plan.txt" } }},
		{"the list", `{"files":["plan.txt"]}`, "plan.txt", func(a *away) {
			first := true
			a.read = func(p string) bool { was := first; first = first && p != "a.json"; return was && p == "a.json" }
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet, c.Attachments.List = 0, "files[]" })
			expect(t, "empty", b.names(), "")
			a := goesAway(b.source)
			b.put("a.json", tt.form)
			b.put(tt.attachment, "x")
			tt.away(a)
			b.clock.advance(6 * time.Second)
			got, err := b.tries()
			expect(t, "taken while it cannot be seen", got, "")
			if err == nil {
				t.Error("nobody is told")
			}
			*a = away{Place: a.Place}
			b.next.failed = false // the pause that follows
			b.clock.advance(6 * time.Second)
			got, err = b.tries()
			must(t, err)
			expect(t, "taken then", got, "a.json+"+tt.attachment)
		})
	}
}

// TestReofferCannotSee puts no form back without what belongs to it, and does not say that it was all, while the done folder
// cannot be looked at.
func TestReofferCannotSee(t *testing.T) {
	tests := []struct {
		name string
		away func(path string) bool
		read bool
	}{
		{"the form", func(p string) bool { return strings.HasSuffix(p, "a.json") }, false},
		{"the attachment", func(p string) bool { return strings.HasSuffix(p, "a.pdf") }, false},
		{"the list", func(p string) bool { return strings.HasSuffix(p, "a.json") }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, dir := rescanned(t, func(c *rules.FolderConfig) { c.Attachments.List = "files[]" },
				map[string]string{"a.json": `{"files":["plan.txt"]}`, "a.pdf": "pdf", "plan.txt": "plan"})
			a := goesAway(in.source)
			if a.stat = tt.away; tt.read {
				a.stat, a.read = nil, tt.away
			}
			ctx, tell := t.Context(), func([]string) error { return nil }
			if n, err := in.Reoffer(ctx, time.Time{}, tell); n != 0 || err == nil || slices.Contains(listed(t, dir), "a.json") {
				t.Fatal(n, err, listed(t, dir))
			}
			if tt.name == "the form" {
				if n, err := in.Settled(ctx, time.Time{}); err == nil {
					t.Fatal("counted", n)
				}
			}
			a.stat, a.read = nil, nil
			if n, err := in.Reoffer(ctx, time.Time{}, tell); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			expect(t, "back", strings.Join(listed(t, dir), " "), "a.json a.pdf plan.txt")
		})
	}
}

// TestReofferBesideAnothersAttachment does not give a form the attachment of another one: it waits.
func TestReofferBesideAnothersAttachment(t *testing.T) {
	in, dir := rescanned(t, nil, map[string]string{"a.json": "{}", "a.pdf": "its own"})
	theirs := filepath.Join(dir, "a.pdf")
	must(t, os.WriteFile(theirs, []byte("another's"), 0o600))
	tell := func([]string) error { return nil }
	if n, err := in.Reoffer(t.Context(), time.Time{}, tell); n != 0 || err == nil || slices.Contains(listed(t, dir), "a.json") {
		t.Fatal(n, err, listed(t, dir))
	}
	must(t, os.WriteFile(theirs, []byte("its own"), 0o600)) // as a call left it that did not come to its end
	if n, err := in.Reoffer(t.Context(), time.Time{}, tell); n != 1 || err != nil {
		t.Fatal(n, err, listed(t, dir))
	}
}

// TestGrownCannotBeSeen looks again for a form that was moved while it was written, however often that fails.
func TestGrownCannotBeSeen(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Match = "*.csv" })
	b.names()
	b.put("a.csv", "1")
	expect(t, "half", b.later(), "a.csv")
	b.inflight["a.csv"].till = b.clock.Now().Add(recheckFor) // as where nobody can tell that no program has it open
	write := b.appender()
	b.settle(connectors.Taken, "a.csv")
	write("2")
	a := goesAway(b.source)
	in := func(p string) bool { return filepath.Base(filepath.Dir(p)) == "done" }
	a.stat = in
	b.clock.advance(time.Minute)
	expect(t, "cannot be looked at", b.names(), "")
	a.stat, a.rename = nil, in
	b.clock.advance(20 * time.Minute)
	expect(t, "cannot be put back", b.names(), "")
	expect(t, "told", strings.Join(b.notices, " "), CodeNotMoved)
	a.rename = nil
	b.clock.advance(time.Hour)
	expect(t, "taken again", b.later()+b.later(), "a.csv")
	expect(t, "told", strings.Join(b.notices, " "), CodeNotMoved+" "+CodeGrown)
}

// TestMarkerCannotBeSeen moves no form whose done-marker would be left lying: it would make the next of that name ready.
func TestMarkerCannotBeSeen(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Marker = "{name}.ok" })
	b.put("a.json", "{}")
	b.put("a.json.ok", "")
	expect(t, "taken", b.names(), "a.json")
	a := goesAway(b.source)
	a.stat = func(p string) bool { return p == "a.json.ok" }
	receipts := []connectors.Receipt{{Handle: "a.json", ID: "0000000000001", Verdict: connectors.Taken}}
	if err := b.Settle(t.Context(), receipts); err == nil {
		t.Error("settled")
	}
	a.stat = nil
	must(t, b.Settle(t.Context(), receipts))
	expect(t, "both gone", tree(t, b.dir), "done/a.json")
}

// TestTwinCannotBePutBack: a form that was moved in the place of the one that was read goes back into the in-basket, also where
// that fails the first time and a third form of its name has come.
func TestTwinCannotBePutBack(t *testing.T) {
	for _, third := range []bool{false, true} {
		for _, after := range []rules.AfterConfig{{Move: "done"}, {Delete: true}} {
			for _, v := range []connectors.Verdict{connectors.Taken, connectors.Refused} {
				b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet, c.After = 0, after })
				b.put("a.json", `{"n":1}`)
				expect(t, "first", b.names(), "a.json")
				b.twin("a.json", `{"n":2}`, false)
				a := goesAway(b.source)
				a.rename = func(from string) bool { return strings.Contains(from, "/a.json") }
				receipts := []connectors.Receipt{{Handle: "a.json", ID: "0000000000001", Verdict: v, Reason: "because"}}
				if err := b.Settle(t.Context(), receipts); err == nil {
					t.Error("settled although the twin is not back")
				}
				a.rename = nil
				want := `{"n":2}`
				if third {
					b.put("a.json", `{"number":3}`)
					want += ` {"number":3}`
				}
				must(t, b.Settle(t.Context(), receipts))
				b.clock.advance(6 * time.Second)
				var got []string
				for _, s := range b.ready(10) {
					got = append(got, string(s.Form))
				}
				slices.Sort(got)
				expect(t, "offered again", strings.Join(got, " "), want)
			}
		}
	}
}

// TestFormsCannotBeListed: which forms an attachment may belong to is asked again by the next form, where the folder could not be listed.
func TestFormsCannotBeListed(t *testing.T) {
	b := newBasket(t, nil)
	b.names()
	b.put("x.json", "{}")
	b.put("x-1.json", "{}")
	b.put("x-1.pdf", "of x-1")
	a := goesAway(b.source)
	for range 2 {
		g, err := b.look(t.Context(), "x.json")
		must(t, err)
		expect(t, "seen", fmt.Sprint(len(g.attached), g.unseen), "0 <nil>")
		b.next.beside.forms, a.list = nil, true
		for range 2 {
			if g, err = b.look(t.Context(), "x.json"); err != nil || g.unseen == nil {
				t.Errorf("whose x-1.pdf is was told by a listing that failed: %+v, %v", g, err)
			}
		}
		a.list = false
	}
}
