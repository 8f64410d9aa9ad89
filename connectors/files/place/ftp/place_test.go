package ftp

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// newPlace returns a place behind a server in this process, and its folder as seen from here.
func newPlace(t *testing.T, habits ftpserver.Habits) (*Place, *ftpserver.Server, string) {
	t.Helper()
	s, err := ftpserver.Start(ftpserver.Config{Root: filepath.Join(t.TempDir(), "root"), User: "batch", Password: "geheim", Habits: habits})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	dir := filepath.Join(s.Root(), "IN")
	must(t, os.MkdirAll(filepath.Join(dir, "DONE"), 0o700))
	cfg := Defaults()
	cfg.Address, cfg.User, cfg.Password, cfg.Dir, cfg.TLS.Mode, cfg.Timeout = s.Addr(), "batch", "geheim", "/IN", "none", 10*time.Second
	p := New(connectors.Env{Clock: clock.NewManual(), Scratch: filepath.Join(t.TempDir(), "scratch")}, cfg, false)
	t.Cleanup(func() { must(t, p.Close()) })
	return p, s, dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
}

// TestSessionThatDoesNotComeBack: a session that stays in another folder is not asked about files of its own.
func TestSessionThatDoesNotComeBack(t *testing.T) {
	p, s, dir := newPlace(t, ftpserver.Habits{})
	write(t, filepath.Join(dir, "DONE"), "a.json", "{}")
	_, err := p.Stat(t.Context(), "a.json")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	s.SetFaults(ftpserver.Faults{RefuseReturn: 1})
	if _, err := p.List(t.Context(), "DONE"); err == nil {
		t.Error("listed, and nobody knows where the session is")
	}
	s.SetFaults(ftpserver.Faults{})
	for range 2 {
		if info, err := p.Stat(t.Context(), "a.json"); err == nil {
			t.Fatalf("found in the other folder: %+v", info)
		}
	}
	if _, err := p.Stat(t.Context(), "DONE/a.json"); err != nil {
		t.Error(err)
	}
}

// TestRead reads no more than the limit, and says how the file was; Open gives it to whoever takes his time.
func TestRead(t *testing.T) {
	for _, habits := range []ftpserver.Habits{{}, {Features: []string{"MLST modify*;size*;type*;"}}, {Refusals: map[string]string{"SIZE": "500 no"}, Listing: "vms"}} {
		p, _, dir := newPlace(t, habits)
		write(t, dir, "A.JSON", "0123456789")
		c, err := p.Read(t.Context(), "A.JSON", 100)
		must(t, err)
		if string(c.Bytes) != "0123456789" || c.Info.Size != 10 || c.Info.Kind != place.Regular {
			t.Errorf("%+v", c)
		}
		if c, err = p.Read(t.Context(), "A.JSON", 4); err != nil || string(c.Bytes) != "0123" || c.Info.Size != 5 {
			t.Errorf("beyond the limit: %+v, %v", c, err)
		}
		f, err := p.Open(t.Context(), "A.JSON")
		must(t, err)
		write(t, dir, "A.JSON", "another")
		b, err := io.ReadAll(f)
		info, e := f.Info()
		if err = errors.Join(err, e, f.Close()); err != nil || string(b) != "0123456789" || info.Size != 10 {
			t.Errorf("%s %+v %v", b, info, err)
		}
		if left, err := os.ReadDir(p.env.Scratch); err != nil || len(left) != 0 {
			t.Errorf("left in the scratch folder: %v, %v", left, err)
		}
		if _, err := p.Read(t.Context(), "B.JSON", 100); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("of what is not there: %v", err)
		}
		if _, err := p.Open(t.Context(), "B.JSON"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("of what is not there: %v", err)
		}
	}
	p, _, dir := newPlace(t, ftpserver.Habits{Refusals: map[string]string{"RETR": "550 Permission denied."}})
	write(t, dir, "a.json", "{}")
	if _, err := p.Read(t.Context(), "a.json", 100); !errors.Is(err, fs.ErrPermission) || connectors.ClassOf(err) != connectors.Uncertain {
		t.Errorf("of what may not be read: %v", err)
	}
}

// TestNamesInAnotherEncoding are told and asked for in the server's own.
func TestNamesInAnotherEncoding(t *testing.T) {
	p, _, dir := newPlace(t, ftpserver.Habits{})
	p.enc, _ = place.NameEncoding("windows-1252")
	write(t, dir, "m\xfcller-\x80.json", "{}")
	l, err := p.List(t.Context(), "")
	must(t, err)
	list, err := l.Next(10)
	must(t, err)
	names := ""
	for _, e := range list {
		names += e.Name + " "
	}
	if names != "DONE müller-€.json " {
		t.Errorf("listed %q", names)
	}
	if _, err := p.Stat(t.Context(), "müller-€.json"); err != nil {
		t.Error(err)
	}
	if _, err := p.Stat(t.Context(), "Ł.json"); connectors.ClassOf(err) != connectors.ItemError {
		t.Errorf("a name that the encoding lacks: %v", err)
	}
	if _, err := place.NameEncoding("klingon"); err == nil {
		t.Error("an unknown encoding is known")
	}
}

// TestRename writes over nothing, and makes no difference between a file that was fetched and one that was never there.
func TestRename(t *testing.T) {
	p, s, dir := newPlace(t, ftpserver.Habits{})
	write(t, dir, "a", "1")
	write(t, dir, "b", "2")
	if err := p.Rename(t.Context(), "a", "b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another: %v", err)
	}
	if err := p.Rename(t.Context(), "gone", "c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of what is not there: %v", err)
	}
	must(t, p.Rename(t.Context(), "a", "DONE/a"))
	s.SetFaults(ftpserver.Faults{RefuseRename: "c"})
	if err := p.Rename(t.Context(), "b", "c"); connectors.ClassOf(err) != connectors.TargetError {
		t.Errorf("refused: %v", err)
	}
	s.SetFaults(ftpserver.Faults{LoseRename: 1})
	if err := p.Rename(t.Context(), "b", "d"); connectors.ClassOf(err) != connectors.Uncertain {
		t.Errorf("without an answer: %v", err)
	}
	must(t, p.Remove(t.Context(), "d"))
	must(t, p.Remove(t.Context(), "d"))
	for _, name := range []string{"", "a\r\nDELE b", `a\b`} {
		if err := p.Remove(t.Context(), name); connectors.ClassOf(err) != connectors.ItemError {
			t.Errorf("%q: %v", name, err)
		}
	}
	must(t, p.MakeFolder(t.Context(), "x/y/z"))
	must(t, p.MakeFolder(t.Context(), "x/y/z"))
	if fi, err := os.Stat(filepath.Join(dir, "x", "y", "z")); err != nil || !fi.IsDir() {
		t.Error(err)
	}
	if info, err := p.Stat(t.Context(), "DONE/a"); err != nil || info.Size != 1 || info.Name != "a" {
		t.Errorf("%+v, %v", info, err)
	}
}

// TestPut sees that all arrived, and reads back where the server tells no size.
func TestPut(t *testing.T) {
	blob := connectors.BytesBlob([]byte("0123456789"))
	p, s, dir := newPlace(t, ftpserver.Habits{})
	must(t, p.Put(t.Context(), "a", blob, true))
	s.SetFaults(ftpserver.Faults{TruncateStore: 3})
	if err := p.Put(t.Context(), "b", blob, true); connectors.ClassOf(err) != connectors.Transient {
		t.Errorf("cut: %v", err)
	}
	s.SetFaults(ftpserver.Faults{FullStore: true})
	var told *connectors.Error
	if err := p.Put(t.Context(), "c", blob, true); !errors.As(err, &told) || told.Code != place.CodeDiskFull || told.Class != connectors.TargetError {
		t.Errorf("full: %v", err)
	}
	s.SetFaults(ftpserver.Faults{})
	broken := connectors.Blob{Size: 3, Open: func() (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF }}
	if err := p.Put(t.Context(), "d", broken, true); !errors.As(err, &told) || told.Code != place.CodeContent {
		t.Errorf("our own: %v", err)
	}
	must(t, os.RemoveAll(dir))
	if err := p.Put(t.Context(), "e", blob, true); !errors.As(err, &told) || told.Code != place.CodeFolder {
		t.Errorf("without its folder: %v", err)
	}
	p, s, _ = newPlace(t, ftpserver.Habits{Listing: "vms", Refusals: map[string]string{"SIZE": "500 no"}})
	must(t, p.Put(t.Context(), "A", blob, true))
	s.SetFaults(ftpserver.Faults{CorruptStore: true})
	if err := p.Put(t.Context(), "B", blob, true); connectors.ClassOf(err) != connectors.Transient {
		t.Errorf("other bytes of that length: %v", err)
	}
}

// TestAnswersOfOddServers: what is no answer ends the connection, and the next call has another.
func TestAnswersOfOddServers(t *testing.T) {
	for name, habits := range map[string]ftpserver.Habits{
		"no number":           {Answers: map[string]string{"TYPE": "fine"}},
		"number out of range": {Answers: map[string]string{"TYPE": "999 what"}},
		"endless line":        {Answers: map[string]string{"TYPE": "200 " + strings.Repeat("x", maxReplyLine)}},
		"endless answer":      {Answers: map[string]string{"TYPE": "200-" + strings.Repeat("x\r\n", maxReplyLines+1)}},
		"goodbye":             {Answers: map[string]string{"TYPE": "421 too long idle"}},
		"refused":             {Refusals: map[string]string{"TYPE": "504 no"}},
		"wants an account":    {Answers: map[string]string{"USER": "332 account?"}},
	} {
		p, _, _ := newPlace(t, habits)
		if _, err := p.Stat(t.Context(), "a"); err == nil || errors.Is(err, fs.ErrNotExist) || !place.AtFault(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
