package conformance

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// Places is what the test of a place for files gives to TestPlaces.
type Places struct {
	// Dir is the place's own folder as this machine sees it.
	Dir string
	// Open opens the place itself, and the others what works over it: anew, as after a restart of the agent. The suite
	// closes what it opened.
	Open     func() place.Place
	Inbasket func(Basket) connectors.Inbasket
	Target   func() connectors.Target
	Answers  func() connectors.ResultSource
	// Proxy is on the way to the place; nil when there is none. Rename is the word that renames.
	Proxy  *Proxy
	Rename string
}

// Basket is how the suite wants an in-basket.
type Basket struct {
	Marker string // done-marker; empty: none
	Delete bool   // accepted forms are deleted, not moved to the folder done
}

// TestPlaces runs the suite for places: the contract of package place, and the suites of all three roles.
func TestPlaces(t *testing.T, harness func(testing.TB) Places) {
	t.Run("place", func(t *testing.T) {
		runSteps(t, harness, []step[Places]{
			{"a file comes back as it was put", placePut},
			{"a rename never writes over a file", placeRename},
			{"folders", placeFolders},
			{"what is not there", placeAbsent},
			{"names that are not names", placeHostile},
			{"a file longer than asked for", placeLonger},
		})
	})
	for name, b := range map[string]Basket{"in-basket": {}, "in-basket that deletes": {Delete: true}} {
		t.Run(name, func(t *testing.T) {
			TestSource(t, func(t testing.TB) Source[connectors.Submission] {
				h := harness(t)
				s := inFolder[connectors.Submission](t, h.Dir)
				s.Open = func() connectors.Inbasket { return h.Inbasket(b) }
				s.Handle = func(i connectors.Submission) string { return i.Handle }
				s.Content = func(i connectors.Submission) string { return string(i.Form) }
				return s
			})
		})
	}
	t.Run("in-basket of files", func(t *testing.T) {
		runSteps(t, harness, []step[Places]{
			{"attachments come and go with their form", basketAttachments},
			{"a form with a done-marker", basketMarker},
			{"a refused form lies in the error folder with a text", basketRefused},
			{"another form of the same name, length and time", basketTwin},
			{"a form and its attachment after a lost answer to each rename", basketAnswerLost},
			{"a connection cut before each rename", basketCut},
			{"place down, and back", basketDown},
			{"offered again after a restore", basketReoffer},
		})
	})
	t.Run("answers", func(t *testing.T) {
		TestSource(t, func(t testing.TB) Source[connectors.Result] {
			h := harness(t)
			s := inFolder[connectors.Result](t, h.Dir)
			s.Open = h.Answers
			s.Handle = func(r connectors.Result) string { return r.Handle }
			s.Content = func(r connectors.Result) string { return string(r.Content) }
			return s
		})
	})
	t.Run("target", func(t *testing.T) {
		TestFiles(t, func(t testing.TB) Files {
			h := harness(t)
			f := inPlace(t, h.Dir, h.Target)
			f.Proxy, f.Rename = h.Proxy, h.Rename
			return f
		})
	})
}

func (h Places) open(t testing.TB) place.Place {
	t.Helper()
	p := h.Open()
	t.Cleanup(func() { check(t, errors.Join(p.Close(), p.Close())) })
	return p
}

func (h Places) basket(t testing.TB, b Basket) connectors.Inbasket {
	t.Helper()
	in := h.Inbasket(b)
	t.Cleanup(func() { check(t, in.Close()) })
	return in
}

// lies fails unless exactly these files lie below the folder, by path with their content. What the agent keeps there of its
// own begins with a dot.
func (h Places) lies(t testing.TB, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	check(t, filepath.WalkDir(h.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".inbasket") && strings.HasSuffix(d.Name(), ".lock") {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(h.Dir, path)
		got[filepath.ToSlash(name)] = string(b)
		return err
	}))
	if !maps.Equal(got, want) {
		t.Errorf("there lie %q, want %q", got, want)
	}
}

func (h Places) write(t testing.TB, name, content string) {
	t.Helper()
	write(t, filepath.Join(h.Dir, filepath.FromSlash(name)), content)
}

// list returns the names of a folder's entries of one kind.
func list(t testing.TB, p place.Place, folder string, kind place.Kind) string {
	t.Helper()
	l, err := p.List(within(t), folder)
	check(t, err)
	defer func() { check(t, l.Close()) }()
	var names []string
	for {
		some, err := l.Next(2)
		check(t, err)
		if len(some) == 0 {
			slices.Sort(names)
			return strings.Join(names, " ")
		}
		for _, e := range some {
			if e.Kind == kind {
				names = append(names, e.Name)
			}
		}
	}
}

func bytesOf(t testing.TB, p place.Place, path string) string {
	t.Helper()
	f, err := p.Open(within(t), path)
	check(t, err)
	b, err := io.ReadAll(f)
	check(t, err)
	info, err := f.Info()
	check(t, errors.Join(err, f.Close()))
	if info.Size != int64(len(b)) {
		t.Errorf("%s has %d bytes, and tells %d", path, len(b), info.Size)
	}
	return string(b)
}

func placePut(t *testing.T, h Places) {
	p := h.open(t)
	for _, text := range []string{"first", "and another, over it: \x00\xff ü", ""} {
		check(t, p.Put(within(t), "a.txt", connectors.BytesBlob([]byte(text)), true))
		check(t, p.Sync(within(t), ""))
		if got := bytesOf(t, p, "a.txt"); got != text {
			t.Errorf("opened: %q, want %q", got, text)
		}
		c, err := p.Read(within(t), "a.txt", 1<<10)
		check(t, err)
		info, err := p.Stat(within(t), "a.txt")
		check(t, err)
		if string(c.Bytes) != text || c.Info.Size != int64(len(text)) || info.Size != int64(len(text)) || info.Kind != place.Regular || info.Name != "a.txt" {
			t.Errorf("read %q and %+v, seen %+v", c.Bytes, c.Info, info)
		}
		if got := list(t, p, "", place.Regular); got != "a.txt" {
			t.Errorf("listed: %q", got)
		}
	}
	check(t, p.Remove(within(t), "a.txt"))
	check(t, p.Remove(within(t), "a.txt"))
	h.lies(t, map[string]string{})
}

func placeRename(t *testing.T, h Places) {
	p := h.open(t)
	h.write(t, "a", "a")
	h.write(t, "b", "b")
	if err := p.Rename(within(t), "a", "b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
	h.lies(t, map[string]string{"a": "a", "b": "b"})
	check(t, p.Rename(within(t), "a", "c"))
	h.lies(t, map[string]string{"c": "a", "b": "b"})
	if err := p.Rename(within(t), "gone", "d"); err == nil {
		t.Error("what is not there was renamed")
	}
}

func placeFolders(t *testing.T, h Places) {
	p := h.open(t)
	for range 2 {
		check(t, p.MakeFolder(within(t), "done"))
		check(t, p.MakeFolder(within(t), "done/2026-03-02"))
	}
	h.write(t, "a", "a")
	check(t, p.Rename(within(t), "a", "done/2026-03-02/a b"))
	if got := list(t, p, "", place.Folder) + "; " + list(t, p, "done", place.Folder) + "; " + list(t, p, "done/2026-03-02", place.Regular); got != "done; 2026-03-02; a b" {
		t.Errorf("listed: %s", got)
	}
	if got := bytesOf(t, p, "done/2026-03-02/a b"); got != "a" {
		t.Errorf("moved: %q", got)
	}
	info, err := p.Stat(within(t), "done/2026-03-02/a b")
	if err != nil || info.Size != 1 {
		t.Errorf("seen: %+v %v", info, err)
	}
	if info, err := p.Stat(within(t), "done"); err == nil && info.Kind == place.Regular && info.Size >= 0 {
		t.Errorf("a folder is seen as a file: %+v", info)
	}
	h.write(t, "a b", "other")
	if err := p.Rename(within(t), "a b", "done/2026-03-02/a b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file of another folder: %v", err)
	}
}

func placeAbsent(t *testing.T, h Places) {
	p := h.open(t)
	_, err := p.Stat(within(t), "gone")
	if !errors.Is(err, fs.ErrNotExist) || place.AtFault(err) {
		t.Errorf("stat: %v", err)
	}
	if _, err = p.Read(within(t), "gone", 10); !errors.Is(err, fs.ErrNotExist) || place.AtFault(err) {
		t.Errorf("read: %v", err)
	}
	if _, err = p.Open(within(t), "gone"); !errors.Is(err, fs.ErrNotExist) || place.AtFault(err) {
		t.Errorf("open: %v", err)
	}
	if got := list(t, p, "", place.Regular); got != "" {
		t.Errorf("listed in an empty folder: %q", got)
	}
	check(t, os.RemoveAll(h.Dir))
	if _, err := p.Stat(within(t), "gone"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the folder, a file is %v: that would mean that it was taken", err)
	}
	if _, err := p.List(within(t), ""); err == nil {
		t.Error("a folder that is not there is listed")
	}
	if err := p.Check(within(t), "probe"); err == nil {
		t.Error("check finds nothing wrong without the folder")
	}
	check(t, os.MkdirAll(h.Dir, 0o777))
}

func placeHostile(t *testing.T, h Places) {
	p := h.open(t)
	for _, name := range []string{"", "a\x00b", "a\r\nDELE b"} {
		if p.Put(within(t), name, connectors.BytesBlob([]byte("x")), false) != nil {
			continue
		}
		if got := list(t, p, "", place.Regular); got != name { // it may be kept as the one name that it is
			t.Errorf("%q was put, and listed is %q", name, got)
		}
		check(t, p.Remove(within(t), name))
	}
	h.lies(t, map[string]string{})
}

func placeLonger(t *testing.T, h Places) {
	p := h.open(t)
	h.write(t, "a", strings.Repeat("x", 300_000))
	c, err := p.Read(within(t), "a", 1000)
	if err == nil && (len(c.Bytes) > 1000 || c.Info.Size <= 1000) {
		t.Errorf("read %d bytes, and it has %d", len(c.Bytes), c.Info.Size)
	}
	if got := bytesOf(t, p, "a"); len(got) != 300_000 {
		t.Errorf("%d bytes after that", len(got))
	}
}

// next calls Next until n forms have come.
func next(t testing.TB, in connectors.Inbasket, n int) []connectors.Submission {
	t.Helper()
	var all []connectors.Submission
	for begun := time.Now(); len(all) < n; {
		some, err := in.Next(within(t), n)
		if err != nil && time.Since(begun) > patience {
			t.Fatalf("after %d of %d forms: %v", len(all), n, err)
		}
		all = append(all, some...)
	}
	return all
}

func settle(t testing.TB, in connectors.Inbasket, v connectors.Verdict, item connectors.Submission) error {
	t.Helper()
	return in.Settle(within(t), []connectors.Receipt{{Handle: item.Handle, ID: "0123456789ABC", Verdict: v, Reason: "for the test"}})
}

// settled settles as the agent does, which tries again what did not work.
func settled(t testing.TB, in connectors.Inbasket, v connectors.Verdict, item connectors.Submission) {
	t.Helper()
	var err error
	for range 5 {
		if err = settle(t, in, v, item); err == nil {
			return
		}
	}
	t.Errorf("settle: %v", err)
}

func read(t testing.TB, b connectors.Blob) string {
	t.Helper()
	r, err := b.Open()
	check(t, err)
	var all bytes.Buffer
	_, err = all.ReadFrom(r)
	check(t, errors.Join(err, r.Close()))
	return all.String()
}

func basketAttachments(t *testing.T, h Places) {
	h.write(t, "a-1.pdf", "one")
	h.write(t, "A-2.PDF", "two")
	h.write(t, "other.pdf", "nobody's")
	h.write(t, "a.json", "{}")
	in := h.basket(t, Basket{})
	form := next(t, in, 1)[0]
	if len(form.Attachments) != 2 {
		t.Fatalf("%d attachments came, want two", len(form.Attachments))
	}
	for range 2 {
		if got := read(t, form.Attachments[0].Blob) + " " + read(t, form.Attachments[1].Blob); got != "one two" {
			t.Errorf("attachments: %q", got)
		}
	}
	settled(t, in, connectors.Taken, form)
	h.lies(t, map[string]string{"done/a.json": "{}", "done/a-1.pdf": "one", "done/A-2.PDF": "two", "other.pdf": "nobody's"})
}

func basketMarker(t *testing.T, h Places) {
	h.write(t, "a.json", "{}")
	h.write(t, "b.json", "{}")
	h.write(t, "b.json.ok", "")
	in := h.basket(t, Basket{Marker: "{name}.ok"})
	form := next(t, in, 1)[0]
	if form.Handle != "b.json" {
		t.Errorf("%s came without its marker", form.Handle)
	}
	settled(t, in, connectors.Taken, form)
	h.lies(t, map[string]string{"a.json": "{}", "done/b.json": "{}"})
}

func basketRefused(t *testing.T, h Places) {
	for range 2 { // the second does not write over the first
		h.write(t, "a.json", "{}")
		in := h.basket(t, Basket{})
		settled(t, in, connectors.Refused, next(t, in, 1)[0])
		check(t, in.Close())
	}
	for _, name := range []string{"a.json.txt", "a-1.json.txt"} {
		b, err := os.ReadFile(filepath.Join(h.Dir, "error", name))
		if err != nil || !strings.Contains(string(b), "for the test") {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		check(t, os.Remove(filepath.Join(h.Dir, "error", name)))
	}
	h.lies(t, map[string]string{"error/a.json": "{}", "error/a-1.json": "{}"})
}

func basketTwin(t *testing.T, h Places) {
	for _, b := range []Basket{{}, {Delete: true}} {
		h.write(t, "a.json", `{"n":1}`)
		fi, err := os.Stat(filepath.Join(h.Dir, "a.json"))
		check(t, err)
		in := h.basket(t, b)
		form := next(t, in, 1)[0]
		h.write(t, "a.json", `{"n":2}`)
		check(t, os.Chtimes(filepath.Join(h.Dir, "a.json"), fi.ModTime(), fi.ModTime()))
		settled(t, in, connectors.Taken, form)
		if form = next(t, in, 1)[0]; string(form.Form) != `{"n":2}` {
			t.Errorf("%+v: %s came once more", b, form.Form)
		}
		settled(t, in, connectors.Taken, form)
		check(t, in.Close())
	}
	h.lies(t, map[string]string{"done/a.json": `{"n":2}`})
}

// basketUnclear settles a form with an attachment while each of its two renames is struck once, in this process or in the
// next one. In the end both lie in the done folder, and the form was offered at most twice.
func basketUnclear(t *testing.T, h Places, strike func(*Proxy, string)) {
	if h.Proxy == nil {
		t.Skip("no line that can be cut")
	}
	for _, restart := range []bool{false, true} {
		h.write(t, "a.json", "{}")
		h.write(t, "a.pdf", "%PDF")
		in := h.basket(t, Basket{})
		form := next(t, in, 1)[0]
		read(t, form.Attachments[0].Blob)
		for i := range 2 {
			strike(h.Proxy, h.Rename)
			_ = settle(t, in, connectors.Taken, form)
			if i == 0 && !h.Proxy.Fired() {
				t.Fatalf("nothing like %q was sent", h.Rename)
			}
		}
		if restart {
			check(t, in.Close())
			in = h.basket(t, Basket{})
			h.write(t, "b.json", "{}") // which shows that nothing comes before it
			for form := range slices.Values(next(t, in, 1)) {
				settled(t, in, connectors.Taken, form)
			}
		}
		settled(t, in, connectors.Taken, form)
		check(t, in.Close())
		check(t, os.RemoveAll(filepath.Join(h.Dir, "b.json")))
		check(t, os.RemoveAll(filepath.Join(h.Dir, "done", "b.json")))
		h.lies(t, map[string]string{"done/a.json": "{}", "done/a.pdf": "%PDF"})
		check(t, os.RemoveAll(filepath.Join(h.Dir, "done")))
	}
}

func basketAnswerLost(t *testing.T, h Places) { basketUnclear(t, h, (*Proxy).CutAfter) }

func basketCut(t *testing.T, h Places) { basketUnclear(t, h, (*Proxy).CutBefore) }

func basketDown(t *testing.T, h Places) {
	if h.Proxy == nil {
		t.Skip("no line that can be cut")
	}
	h.write(t, "a.json", "{}")
	in := h.basket(t, Basket{})
	h.Proxy.Down()
	if items, err := in.Next(within(t), 1); err == nil || len(items) > 0 {
		t.Errorf("with the place down %d forms came, %v", len(items), err)
	}
	h.Proxy.Up()
	form := next(t, in, 1)[0]
	h.Proxy.Down()
	if err := settle(t, in, connectors.Taken, form); err == nil {
		t.Error("settled with the place down")
	}
	h.Proxy.Up()
	settled(t, in, connectors.Taken, form)
	h.lies(t, map[string]string{"done/a.json": "{}"})
}

func basketReoffer(t *testing.T, h Places) {
	h.write(t, "a.json", "{}")
	h.write(t, "a.pdf", "%PDF")
	in := h.basket(t, Basket{})
	settled(t, in, connectors.Taken, next(t, in, 1)[0])
	r := in.(connectors.Rescanner)
	if n, err := r.Settled(within(t), time.Time{}); n != 1 || err != nil {
		t.Errorf("settled: %d, %v", n, err)
	}
	if n, err := r.Reoffer(within(t), time.Time{}, func([]string) error { return nil }); n != 1 || err != nil {
		t.Errorf("offered again: %d, %v", n, err)
	}
	form := next(t, in, 1)[0]
	if form.Handle != "a.json" || len(form.Attachments) != 1 {
		t.Errorf("%s came with %d attachments", form.Handle, len(form.Attachments))
	}
	settled(t, in, connectors.Repeat, form)
	h.lies(t, map[string]string{"done/a.json": "{}", "done/a.pdf": "%PDF"})
}

// inFolder is the harness of a source whose items are files of a folder of this machine, named NAME.json.
func inFolder[T any](t testing.TB, dir string) Source[T] {
	return Source[T]{
		Put:    func(name, content string) { write(t, filepath.Join(dir, name+".json"), content) },
		Remove: func(name string) { check(t, os.Remove(filepath.Join(dir, name+".json"))) },
		Waiting: func() []string {
			var names []string
			paths, err := fs.Glob(os.DirFS(dir), "*.json")
			check(t, err)
			for _, path := range paths {
				names = append(names, strings.TrimSuffix(path, ".json"))
			}
			return names
		},
		Reopened: true, Refusable: true,
	}
}

// inPlace is the harness of a target whose files lie in a folder of this machine.
func inPlace(t testing.TB, dir string, open func() connectors.Target) Files {
	return Files{
		Open: open,
		Stored: func() map[string]string {
			all := map[string]string{}
			entries, err := os.ReadDir(dir)
			check(t, err)
			for _, d := range entries {
				b, err := os.ReadFile(filepath.Join(dir, d.Name()))
				check(t, err)
				all[d.Name()] = string(b)
			}
			return all
		},
		Take:   func(name string) { check(t, os.Remove(filepath.Join(dir, name))) },
		Occupy: func(name, content string) { write(t, filepath.Join(dir, name), content) },
	}
}

func write(t testing.TB, path, content string) {
	t.Helper()
	check(t, os.WriteFile(path, []byte(content), 0o644))
}

// check ends the test on an error.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
