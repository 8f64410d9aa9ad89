package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/connectors"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type clock struct{ t time.Time }

func (c clock) Now() time.Time                     { return c.t }
func (clock) After(time.Duration) <-chan time.Time { return nil }
func code(err error) string {
	var e *connectors.Error
	_ = errors.As(err, &e)
	if e == nil {
		return fmt.Sprint(err)
	}
	return e.Code
}

// state is an agent's state folder with an open journal.
type state struct {
	t       *testing.T
	dir     string
	journal *journal.Journal
	content *content.Store
	n       int
}

func newState(t *testing.T, dir string) *state {
	t.Helper()
	s := &state{t: t, dir: dir}
	s.open()
	return s
}

func (s *state) open() {
	s.t.Helper()
	var err error
	if s.content, err = content.Open(filepath.Join(s.dir, "content")); err != nil {
		s.t.Fatal(err)
	}
	if s.journal, err = journal.Open(context.Background(), filepath.Join(s.dir, "journal"), journal.Options{Clock: clock{noon}, Content: s.content}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = s.journal.Close() })
}

// accept accepts n forms, each with an attachment of its own and one that all share.
func (s *state) accept(n int) {
	s.t.Helper()
	ctx := context.Background()
	plan := journal.Plan{Digest: sha256.Sum256([]byte("plan")), Name: "permit", Version: 1, Bundle: []byte("b")}
	if err := s.journal.PutPlan(ctx, plan); err != nil {
		s.t.Fatal(err)
	}
	for range n {
		s.n++
		form := fmt.Sprintf(`{"n": %d}`, s.n)
		if s.n == 1 {
			form = strings.Repeat("a large form ", 10_000)
		}
		a := journal.Arrival{Scope: "portal", Office: "portal", Inbasket: "in", Route: "permit", Plan: plan.Digest, Reference: fmt.Sprint(s.n),
			Transport: fmt.Sprint(s.n), Digest: sha256.Sum256([]byte(form)), Form: []byte(form), Targets: []string{"register"}, At: noon}
		for _, text := range []string{"shared", form + "'s"} {
			blob, err := s.content.Put(ctx, strings.NewReader(text), 1<<20)
			if err != nil {
				s.t.Fatal(err)
			}
			a.Attachments = append(a.Attachments, journal.File{Name: "a.pdf", Digest: blob.Digest, Size: blob.Size})
		}
		if _, err := accepting.Of(s.journal).Accept(ctx, []journal.Arrival{a}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *state) write(w io.Writer) (Manifest, error) {
	return Write(context.Background(), Source{State: s.dir, Journal: s.journal, Content: s.content, Agency: "Bauamt", Version: "1.2.3", Now: noon}, w)
}

func (s *state) writeTo(w io.Writer) error {
	_, err := s.write(w)
	return err
}

// save makes a backup and returns its file.
func (s *state) save() string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "x.tar")
	if _, err := Save(context.Background(), file, s.writeTo); err != nil {
		s.t.Fatal(err)
	}
	return file
}

func (s *state) about() restoring.About {
	s.t.Helper()
	a, err := restoring.Of(s.journal).About(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// restore restores a file into a folder.
func restore(dir, file string, replace bool) (Restored, error) {
	return Run(context.Background(), Restore{File: file, State: dir, Replace: replace, Now: noon.Add(time.Hour)})
}

// TestRoundTrip backs up a journal that is open, restores it elsewhere, and finds everything in it.
func TestRoundTrip(t *testing.T) {
	s := newState(t, t.TempDir())
	s.accept(5)
	if err := os.MkdirAll(filepath.Join(s.dir, "audit"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "audit", "audit.log"), []byte("who did what\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := s.save()
	m, err := VerifyFile(context.Background(), file)
	if err != nil || m.Content.Files != 7 || m.Journal.Submissions != 5 || m.Agency != "Bauamt" || len(m.Parts) != 2 {
		t.Fatalf("%+v %v", m, err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, ".inbasket*")); len(left) != 0 {
		t.Fatal(left)
	}
	s.accept(1) // it goes on
	dir := t.TempDir()
	out, err := restore(dir, file, false)
	if err != nil || out.Epoch < noon.Unix() || out.Prior {
		t.Fatalf("%+v %v", out, err)
	}
	r := newState(t, dir)
	if a := r.about(); a.Submissions != 5 || a.Epoch != out.Epoch || !a.Held || a.Seq <= s.about().Seq || !r.journal.Held() {
		t.Fatalf("%+v", a)
	}
	err = restoring.Of(r.journal).Contents(context.Background(), func(d connectors.Digest) error { return r.content.Verify(context.Background(), d) })
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "audit", "audit.log")); err != nil || string(b) != "who did what\n" {
		t.Fatalf("%s %v", b, err)
	}
	hold, err := restoring.Of(r.journal).Hold(context.Background())
	if err != nil || !hold.Backup.Equal(noon) || !hold.Restored.Equal(noon.Add(time.Hour)) || hold.File != "x.tar" {
		t.Fatalf("%+v %v", hold, err)
	}
}

// TestReplace moves what is there aside, uses none of its numbers again, and refuses without a word.
func TestReplace(t *testing.T) {
	s := newState(t, t.TempDir())
	s.accept(1)
	file := s.save()
	if _, err := restore(s.dir, file, true); code(err) != CodeRunning {
		t.Fatal(err)
	}
	s.accept(2)
	last := s.about()
	if err := delivering.Of(s.journal).Seal(context.Background(), journal.Batch{Seq: 1, Target: "mainframe", Name: "1"}); err != nil {
		t.Fatal(err)
	}
	if err := s.journal.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := restore(s.dir, file, false); code(err) != CodeNotEmpty {
		t.Fatal(err)
	}
	out, err := restore(s.dir, file, true)
	if err != nil || !out.Prior {
		t.Fatalf("%+v %v", out, err)
	}
	s.open()
	if a := s.about(); a.Submissions != 1 || a.Epoch <= last.Epoch || a.Seq <= last.Seq {
		t.Fatalf("%+v", a)
	}
	if n, err := delivering.Of(s.journal).NextSeq(context.Background(), "mainframe"); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	old, err := journal.OpenReadOnly(context.Background(), filepath.Join(s.dir, out.Aside, "journal"), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if a, err := restoring.Of(old).About(context.Background()); err != nil || a.Submissions != 3 {
		t.Fatalf("%+v %v", a, err)
	}
	// Once more from the same backup: another epoch again.
	if err := s.journal.Close(); err != nil {
		t.Fatal(err)
	}
	twice, err := restore(s.dir, file, true)
	if err != nil || twice.Epoch <= out.Epoch || twice.Aside == out.Aside {
		t.Fatalf("%+v %v", twice, err)
	}
}

// TestCrash ends a restore at each of its steps: what is left is the old state, or the next start finishes the new one.
func TestCrash(t *testing.T) {
	source := newState(t, t.TempDir())
	source.accept(3)
	file := source.save()
	for step := range 6 {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			s := newState(t, t.TempDir())
			s.accept(1)
			if err := s.journal.Close(); err != nil {
				t.Fatal(err)
			}
			r := Restore{File: file, State: s.dir, Replace: true, Now: noon.Add(time.Hour)}
			out, err := r.stage(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			want := int64(1)
			if step > 0 { // from here on the new state takes over
				want = 3
				if err := mark(s.dir, marker{Aside: out.Aside}); err != nil {
					t.Fatal(err)
				}
			}
			for n, name := range []string{contentFolder, auditFolder, journalFolder} {
				if step >= n+2 {
					if err := takeOver(s.dir, name, out.Aside); err != nil {
						t.Fatal(err)
					}
				}
			}
			if step == 5 { // even the marker's folder is half gone
				if err := os.RemoveAll(filepath.Join(s.dir, staging, contentFolder)); err != nil {
					t.Fatal(err)
				}
			}
			if err := Finish(s.dir); err != nil {
				t.Fatal(err)
			}
			s.open()
			if err := Clean(s.dir); err != nil {
				t.Fatal(err)
			}
			if a := s.about(); a.Submissions != want || a.Held != (step > 0) {
				t.Fatalf("%+v", a)
			}
			err = restoring.Of(s.journal).Contents(context.Background(), func(d connectors.Digest) error { return s.content.Verify(context.Background(), d) })
			if err != nil {
				t.Fatal(err)
			}
			if left, _ := filepath.Glob(filepath.Join(s.dir, ".inbasket*")); len(left) != 0 {
				t.Fatal(left)
			}
		})
	}
}

// TestDamage changes one bit in every part of a backup, and cuts it off everywhere: each is refused, and nothing is changed.
func TestDamage(t *testing.T) {
	s := newState(t, t.TempDir())
	s.accept(3)
	var b bytes.Buffer
	if _, err := s.write(&b); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	for at := 0; at < len(whole)-1024; at += 4099 {
		bad := bytes.Clone(whole)
		bad[at] ^= 4
		if _, err := Verify(context.Background(), bytes.NewReader(bad)); err == nil && !harmless(whole, at) {
			t.Fatalf("a change at %d of %d is not seen", at, len(whole))
		}
	}
	for at := 0; at < len(whole)-2048; at += 8209 {
		if _, err := Verify(context.Background(), bytes.NewReader(whole[:at])); code(err) != CodeDamaged {
			t.Fatalf("cut off at %d: %v", at, err)
		}
	}
	file := filepath.Join(t.TempDir(), "bad.tar")
	bad := bytes.Clone(whole)
	bad[len(bad)/2] ^= 1
	if err := os.WriteFile(file, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := restore(dir, file, false); code(err) != CodeDamaged {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "journal")); err == nil {
		t.Fatal("something was restored")
	}
}

// harmless tells that a byte is neither content nor a name: the padding between the parts of a tar file, or a field of
// its headers that nobody reads.
func harmless(whole []byte, at int) bool {
	read := &counted{r: bytes.NewReader(whole)}
	r := tar.NewReader(read)
	for {
		h, err := r.Next()
		if err != nil {
			return true
		}
		begin := read.n
		if at < begin {
			return true // within headers; their checksums guard them, the rest is padding
		}
		if at < begin+int(h.Size) {
			return h.Name == manifestName // words that people read, such as the agency's name
		}
	}
}

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// hostile makes a backup whose manifest or entries are another's.
func hostile(t *testing.T, change func(*Manifest), names ...string) error {
	t.Helper()
	body := []byte("x")
	m := Manifest{Format: Format, Parts: []Part{{Name: journal.FileName, Size: 1, Digest: sha256.Sum256(body)}}}
	change(&m)
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	put := func(name string, body []byte) {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimSuffix(name, "/"), Size: int64(len(body)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	put(manifestName, text)
	for _, name := range names {
		put(name, body)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Verify(context.Background(), &b)
	return err
}

// TestHostile refuses names that lead elsewhere, versions from the future, and what is no backup.
func TestHostile(t *testing.T) {
	for _, name := range []string{"../x", "audit/../x", "audit/", "audit/..", "/etc/passwd", "audit/a/b", `audit\x`, "content/x", "audit/c:x"} {
		err := hostile(t, func(m *Manifest) { m.Parts = append(m.Parts, Part{Name: name}) }, journal.FileName, name)
		if code(err) != CodeDamaged {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := hostile(t, func(m *Manifest) { m.Format = Format + 1 }); code(err) != CodeTooNew {
		t.Error(err)
	}
	if err := hostile(t, func(m *Manifest) { m.Journal.Schema = 1000 }); code(err) != CodeTooNew {
		t.Error(err)
	}
	if err := hostile(t, func(m *Manifest) { m.Parts = nil }); code(err) != CodeDamaged {
		t.Error(err)
	}
	if err := hostile(t, func(*Manifest) {}, journal.FileName); code(err) != CodeDamaged { // the journal is no database
		t.Error(err)
	}
	for _, text := range []string{"", "no tar file at all", strings.Repeat("\x00", 4096)} {
		if _, err := Verify(context.Background(), strings.NewReader(text)); code(err) != CodeDamaged {
			t.Errorf("%q: %v", text[:min(len(text), 10)], err)
		}
	}
}

// TestClock refuses to restore while the clock is set before the backup: what must be new is taken from it.
func TestClock(t *testing.T) {
	s := newState(t, t.TempDir())
	s.accept(1)
	dir := t.TempDir()
	_, err := Run(context.Background(), Restore{File: s.save(), State: dir, Now: noon.Add(-time.Minute)})
	if _, e := os.Stat(filepath.Join(dir, journalFolder)); code(err) != CodeClock || e == nil {
		t.Fatal(err, e)
	}
}

// TestMissing leaves out what the content store had lost before, and says so.
func TestMissing(t *testing.T) {
	s := newState(t, t.TempDir())
	s.accept(2)
	if err := s.content.Remove(sha256.Sum256([]byte("shared"))); err != nil {
		t.Fatal(err)
	}
	m, err := VerifyFile(context.Background(), s.save())
	if err != nil || len(m.Content.Missing) != 1 || m.Content.Files != 3 {
		t.Fatalf("%+v %v", m, err)
	}
}

// TestSave leaves nothing half, overwrites nothing, and tells whose fault it was.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.tar")
	ctx := context.Background()
	broken := errors.New("broken off")
	if _, err := Save(ctx, file, func(w io.Writer) error { _, _ = w.Write([]byte("x")); return broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if _, err := Save(ctx, file, func(w io.Writer) error { return nil }); code(err) != CodeDamaged {
		t.Fatal(err)
	}
	if _, err := Save(ctx, filepath.Join(dir, "none", "x.tar"), func(io.Writer) error { return nil }); code(err) != CodeWrite {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Fatal(left)
	}
	if err := os.WriteFile(file, []byte("another's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Save(ctx, file, func(io.Writer) error { t.Error("written"); return nil }); code(err) != CodeExists {
		t.Fatal(err)
	}
}

func TestPrune(t *testing.T) {
	dir := t.TempDir()
	for n := range 5 {
		if err := os.WriteFile(filepath.Join(dir, Name("Bauamt Süd", noon.Add(time.Duration(n)*time.Hour))), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []string{Name("Bauamt", noon), "inbasket-Bauamt-Süd-notes.tar", "x.tar"} {
		if err := os.WriteFile(filepath.Join(dir, other), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := Prune(dir, "Bauamt Süd", 2)
	left, _ := os.ReadDir(dir)
	if err != nil || len(removed) != 3 || len(left) != 5 || removed[0] != "inbasket-Bauamt-Süd-20261122T120000Z.tar" {
		t.Fatal(removed, left, err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"inbasketBackup": 1, "parts": [{"name": "journal.db", "size": 1}]}`))
	f.Add([]byte(`{"inbasketBackup": 1, "parts": [{"name": "../x"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, _, err := readManifest(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			for _, p := range m.Parts {
				if strings.Contains(p.Name, "..") && p.Name != journal.FileName && strings.HasPrefix(filepath.Clean(p.Name), "..") {
					t.Fatalf("%q", p.Name)
				}
			}
		}
	})
}
