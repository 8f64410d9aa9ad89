package conformance

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Files is what the test of a target that takes files gives to TestFiles.
type Files struct {
	// Open opens the target anew, as after a restart of the agent. The suite closes what it opened.
	Open func() connectors.Target
	// Stored returns every file at the place, temporary ones too, by name with its content.
	Stored func() map[string]string
	// Take removes a file, as the legacy system does when it has read it.
	Take func(name string)
	// Occupy puts another system's file under a name.
	Occupy func(name, content string)
	// Proxy is on the way to the place; nil when there is none. Rename is the word that renames.
	Proxy  *Proxy
	Rename string
}

// TestFiles runs the suite for targets that take files.
func TestFiles(t *testing.T, harness func(testing.TB) Files) {
	runSteps(t, harness, []step[Files]{
		{"puts the files of each delivery", filesItems},
		{"puts a sealed batch and then its control file", filesBatch},
		{"staged files cannot be seen", filesStage},
		{"staging may be repeated", filesStageRepeat},
		{"delivers after a crash what was staged before", filesStagedRestart},
		{"delivers without staging", filesUnstaged},
		{"repeating changes nothing", filesRepeat},
		{"what the legacy system has taken is not put again", filesTaken},
		{"a name taken by other bytes is left alone", filesOccupied},
		{"one occupied name does not hold up the others", filesOccupiedOne},
		{"look-up tells present from absent", filesLookup},
		{"hostile names are refused", filesHostile},
		{"a cancelled call leaves nothing half done", filesCancel},
		{"large files", filesLarge},
		{"answer lost at the rename", filesAnswerLost},
		{"connection cut before the rename", filesCut},
		{"place down, and back", filesDown},
		{"check changes nothing", filesCheck},
		{"close twice", filesClose},
	})
}

func (h Files) open(t testing.TB) connectors.Target {
	t.Helper()
	target := h.Open()
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return target
}

// stored fails unless exactly these files are at the place, temporary ones counted.
func (h Files) stored(t testing.TB, want map[string]string) {
	t.Helper()
	got := h.Stored()
	if maps.Equal(got, want) {
		return
	}
	for name, content := range got {
		if w, ok := want[name]; !ok {
			t.Errorf("file %q of %d bytes is one too many", name, len(content))
		} else if w != content {
			t.Errorf("file %q has %d bytes, not the %d that it should", name, len(content), len(w))
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("file %q is missing", name)
		}
	}
}

func file(name, content string) connectors.File {
	b := connectors.BytesBlob([]byte(content))
	b.Digest = sha256.Sum256([]byte(content))
	return connectors.File{Name: name, Blob: b}
}

// drop is a delivery of one file under a key made of its name.
func drop(name, content string) connectors.Delivery {
	return connectors.Delivery{Key: "0" + strings.Map(ascii, name) + "/drop", Submission: "0" + name, Files: []connectors.File{file(name, content)}}
}

func ascii(r rune) rune {
	if r > ' ' && r < 0x7f && r != '/' {
		return r
	}
	return '_'
}

// batch is a sealed batch of two deliveries.
func batch(name, content, control string) connectors.Group {
	f := file(name, content)
	g := connectors.Group{
		Key: "batch-1", Seq: 1, SealedAt: time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC), File: &f,
		Items: []connectors.Delivery{{Key: "01/drop", Submission: "01"}, {Key: "02/drop", Submission: "02"}},
	}
	if control != "" {
		c := file(name+".ctl", control)
		g.Control = &c
	}
	return g
}

// put stages as the agent does, marks the group and delivers it until it is written or refused.
func put(t testing.TB, target connectors.Target, g *connectors.Group) map[string]connectors.Outcome {
	t.Helper()
	stage(t, target, g)
	return deliverAll(t, target, *g)
}

func stage(t testing.TB, target connectors.Target, g *connectors.Group) {
	t.Helper()
	s, ok := target.(connectors.Stager)
	if !ok {
		return
	}
	if err := s.Stage(within(t), *g); err != nil {
		t.Fatalf("stage: %v", err)
	}
	g.Staged = true
}

func filesItems(t *testing.T, h Files) {
	g := group(drop("a.xml", "<a/>"), drop("b.xml", "<b>ü</b>"), drop("empty.txt", ""))
	g.Items[1].Files = append(g.Items[1].Files, file("b.pdf", "%PDF\x00\xff"))
	wantWritten(t, g, put(t, h.open(t), &g))
	h.stored(t, map[string]string{"a.xml": "<a/>", "b.xml": "<b>ü</b>", "b.pdf": "%PDF\x00\xff", "empty.txt": ""})
}

func filesBatch(t *testing.T, h Files) {
	g := batch("PERM000001.DAT", "line 1\r\nline 2\r\n", "2 records")
	wantWritten(t, g, put(t, h.open(t), &g))
	h.stored(t, map[string]string{"PERM000001.DAT": "line 1\r\nline 2\r\n", "PERM000001.DAT.ctl": "2 records"})
}

func filesStage(t *testing.T, h Files) {
	target := h.open(t)
	if _, ok := target.(connectors.Stager); !ok {
		t.Skip("does not stage")
	}
	g := batch("B.DAT", "content", "control")
	stage(t, target, &g)
	for name := range h.Stored() {
		if name == "B.DAT" || name == "B.DAT.ctl" {
			t.Errorf("%s can be seen already", name)
		}
	}
	wantFound(t, target, g, connectors.Absent)
}

func filesStageRepeat(t *testing.T, h Files) {
	target := h.open(t)
	if _, ok := target.(connectors.Stager); !ok {
		t.Skip("does not stage")
	}
	g := batch("B.DAT", "content", "")
	for range 3 {
		g.Staged = false
		stage(t, target, &g)
	}
	g.Staged = false
	stage(t, h.open(t), &g)
	wantWritten(t, g, deliverAll(t, target, g))
	h.stored(t, map[string]string{"B.DAT": "content"})
}

func filesStagedRestart(t *testing.T, h Files) {
	g := batch("B.DAT", "content", "control")
	target := h.Open()
	stage(t, target, &g)
	if err := target.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	wantWritten(t, g, deliverAll(t, h.open(t), g))
	h.stored(t, map[string]string{"B.DAT": "content", "B.DAT.ctl": "control"})
}

func filesUnstaged(t *testing.T, h Files) {
	g := batch("B.DAT", "content", "control")
	wantWritten(t, g, deliverAll(t, h.open(t), g))
	h.stored(t, map[string]string{"B.DAT": "content", "B.DAT.ctl": "control"})
}

func filesRepeat(t *testing.T, h Files) {
	target := h.open(t)
	g := batch("B.DAT", "content", "control")
	items := group(drop("a.xml", "<a/>"))
	for _, again := range []connectors.Target{target, target, h.open(t)} {
		wantWritten(t, g, put(t, again, &g))
		wantWritten(t, items, put(t, again, &items))
	}
	h.stored(t, map[string]string{"B.DAT": "content", "B.DAT.ctl": "control", "a.xml": "<a/>"})
}

func filesTaken(t *testing.T, h Files) {
	target := h.open(t)
	g := group(drop("a.xml", "<a/>"))
	wantWritten(t, g, put(t, target, &g))
	if !g.Staged {
		t.Skip("does not stage: nothing tells what was taken from what never came")
	}
	h.Take("a.xml")
	for _, again := range []connectors.Target{target, h.open(t)} {
		wantFound(t, again, g, connectors.Present)
		wantWritten(t, g, deliverAll(t, again, g))
		h.stored(t, map[string]string{})
	}
}

func filesOccupied(t *testing.T, h Files) {
	target := h.open(t)
	g := batch("B.DAT", "ours", "control")
	stage(t, target, &g)
	h.Occupy("B.DAT", "theirs")
	out, err := target.Deliver(within(t), g)
	for _, o := range outcomes(t, g, out) {
		if o.Class == connectors.Written || o.Class == connectors.Transient {
			t.Errorf("%s is %s (error %v), though its name is taken", o.Key, o.Class, err)
		}
	}
	got := h.Stored()
	if got["B.DAT"] != "theirs" {
		t.Errorf("the other system's file now has %q", got["B.DAT"])
	}
	if _, ok := got["B.DAT.ctl"]; ok {
		t.Error("the control file is there without its file")
	}
}

func filesOccupiedOne(t *testing.T, h Files) {
	target := h.open(t)
	h.Occupy("b.xml", "theirs")
	g := group(drop("a.xml", "<a/>"), drop("b.xml", "ours"), drop("c.xml", "<c/>"))
	got := map[string]connectors.Outcome{}
	for _, d := range g.Items {
		one := group(d)
		if s, ok := target.(connectors.Stager); ok && s.Stage(within(t), one) == nil {
			one.Staged = true
		}
		out, err := target.Deliver(within(t), one)
		if err != nil && d.Key != g.Items[1].Key {
			t.Errorf("%s: %v", d.Key, err)
		}
		maps.Copy(got, outcomes(t, one, out))
	}
	wantWritten(t, group(g.Items[0], g.Items[2]), got)
	if o := got[g.Items[1].Key]; o.Class != connectors.ItemError {
		t.Errorf("the item whose name is taken is %s, want an item error", o.Class)
	}
	if stored := h.Stored(); stored["a.xml"] != "<a/>" || stored["b.xml"] != "theirs" || stored["c.xml"] != "<c/>" {
		t.Errorf("at the place stand %v", stored)
	}
}

func filesLookup(t *testing.T, h Files) {
	target := h.open(t)
	g, other := group(drop("a.xml", "<a/>")), group(drop("b.xml", "<b/>"))
	wantWritten(t, g, put(t, target, &g))
	wantFound(t, target, g, connectors.Present)
	wantFound(t, h.open(t), g, connectors.Present)
	wantFound(t, target, other, connectors.Absent)
	h.stored(t, map[string]string{"a.xml": "<a/>"})
}

func filesHostile(t *testing.T, h Files) {
	target := h.open(t)
	for _, name := range []string{
		"../escape", "a/b", "..", ".", "", "a\r\nDELE b", "a\nb", "a\x00b", "/etc/passwd", strings.Repeat("x", 5000),
	} {
		g := group(drop(name, "content"))
		var stageErr error
		if s, ok := target.(connectors.Stager); ok {
			stageErr = s.Stage(within(t), g)
		}
		out, err := target.Deliver(within(t), g)
		if stageErr == nil && err == nil && (len(out) == 0 || out[0].Class != connectors.ItemError) {
			t.Errorf("name %.20q is not refused: %v", name, out)
		}
		for _, o := range out {
			if o.Class == connectors.Written {
				t.Errorf("name %.20q is written", name)
			}
		}
	}
	h.stored(t, map[string]string{})
}

func filesCancel(t *testing.T, h Files) {
	target := h.open(t)
	g := batch("B.DAT", strings.Repeat("content\r\n", 20000), "control")
	for i := range 12 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i*i)*50*time.Microsecond)
		if s, ok := target.(connectors.Stager); ok && s.Stage(ctx, g) == nil {
			g.Staged = true
		}
		_, _ = target.Deliver(ctx, g)
		cancel()
	}
	for again := 20; !g.Staged; again-- { // what a server still does for a cancelled call may meet this one: then it is tried again
		s, ok := target.(connectors.Stager)
		if !ok {
			break
		}
		switch err := s.Stage(within(t), g); {
		case err == nil:
			g.Staged = true
		case again == 0 || connectors.ClassOf(err) != connectors.Transient:
			t.Fatalf("stage: %v", err)
		}
	}
	wantWritten(t, g, deliverAll(t, target, g))
	h.stored(t, map[string]string{"B.DAT": strings.Repeat("content\r\n", 20000), "B.DAT.ctl": "control"})
}

func filesLarge(t *testing.T, h Files) {
	content := strings.Repeat("0123456789abcdef", 1<<18) // 4 MiB
	g := group(drop("large.bin", content))
	wantWritten(t, g, put(t, h.open(t), &g))
	h.stored(t, map[string]string{"large.bin": content})
}

func filesAnswerLost(t *testing.T, h Files) {
	if h.Proxy == nil {
		t.Skip("no line that can be cut")
	}
	target := h.open(t)
	g := group(drop("a.xml", "<a/>"))
	stage(t, target, &g)
	h.Proxy.CutAfter(h.Rename)
	out, err := target.Deliver(within(t), g)
	if !h.Proxy.Fired() {
		t.Fatalf("nothing like %q was sent", h.Rename)
	}
	wantUnclear(t, g, out, err)
	wantFound(t, target, g, connectors.Present)
	wantWritten(t, g, deliverAll(t, target, g))
	h.stored(t, map[string]string{"a.xml": "<a/>"})
}

func filesCut(t *testing.T, h Files) {
	if h.Proxy == nil {
		t.Skip("no line that can be cut")
	}
	target := h.open(t)
	g := group(drop("a.xml", "<a/>"))
	stage(t, target, &g)
	h.Proxy.CutBefore(h.Rename)
	out, err := target.Deliver(within(t), g)
	if !h.Proxy.Fired() {
		t.Fatalf("nothing like %q was sent", h.Rename)
	}
	wantUnclear(t, g, out, err)
	wantFound(t, target, g, connectors.Absent)
	wantWritten(t, g, deliverAll(t, target, g))
	h.stored(t, map[string]string{"a.xml": "<a/>"})
}

func filesDown(t *testing.T, h Files) {
	if h.Proxy == nil {
		t.Skip("no line that can be cut")
	}
	target := h.open(t)
	g := group(drop("a.xml", "<a/>"))
	h.Proxy.Down()
	for range 2 {
		if s, ok := target.(connectors.Stager); ok {
			if err := s.Stage(within(t), g); err == nil || connectors.ClassOf(err) == connectors.ItemError {
				t.Errorf("with the place down, staging: %v", err)
			}
		}
		out, err := target.Deliver(within(t), g)
		if err == nil && len(out) == 0 {
			t.Error("with the place down, no outcome and no error")
		}
		for _, o := range out {
			if o.Class == connectors.Written || o.Class == connectors.ItemError {
				t.Errorf("with the place down %s is %s", o.Key, o.Class)
			}
		}
	}
	if err := target.Check(within(t)); err == nil {
		t.Error("check finds nothing wrong with the place down")
	}
	h.Proxy.Up()
	wantWritten(t, g, put(t, target, &g))
	h.stored(t, map[string]string{"a.xml": "<a/>"})
}

func filesCheck(t *testing.T, h Files) {
	target := h.open(t)
	for range 2 {
		if err := target.Check(within(t)); err != nil {
			t.Errorf("check: %v", err)
		}
	}
	h.stored(t, map[string]string{})
}

func filesClose(t *testing.T, h Files) {
	target := h.Open()
	g := group(drop("a.xml", "<a/>"))
	wantWritten(t, g, put(t, target, &g))
	if err := errors.Join(target.Close(), target.Close()); err != nil {
		t.Errorf("close: %v", err)
	}
	h.stored(t, map[string]string{"a.xml": "<a/>"})
}
