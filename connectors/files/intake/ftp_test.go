package intake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// ftpBasket is an in-basket behind a server with habits of its own, as a basket in the server's folder.
func ftpBasket(t *testing.T, habits ftpserver.Habits) *basket {
	t.Helper()
	b, cfg := ftpFolder(t, habits)
	var err error
	b.Inbasket, err = NewRemote(connectors.Env{Clock: b.clock, Notify: b.note}, cfg)
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return b
}

// ftpFolder is a folder behind a server, and how it is reached.
func ftpFolder(t *testing.T, habits ftpserver.Habits) (*basket, ftpConfig) {
	t.Helper()
	s, err := ftpserver.Start(ftpserver.Config{Root: filepath.Join(t.TempDir(), "root"), User: "batch", Password: "geheim", Habits: habits})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	b := &basket{t: t, dir: filepath.Join(s.Root(), "IN"), clock: newClock()}
	must(t, os.Mkdir(b.dir, 0o700))
	cfg := rules.RemoteDefaults[ftp.Config, *ftp.Config](ftp.Defaults())
	cfg.Place.Address, cfg.Place.User, cfg.Place.Password, cfg.Place.Dir, cfg.Place.TLS.Mode, cfg.Place.Timeout = s.Addr(), "batch", "geheim", "/IN", "none", 10*time.Second
	cfg.Quiet, cfg.Poll, cfg.After.Move, cfg.Errors = 2*time.Second, 5*time.Second, "DONE", "ERROR"
	return b, cfg
}

// TestFTPServersGiveOnce takes a form with its attachment from every kind of server that lists its folder, and is offered
// neither again.
func TestFTPServersGiveOnce(t *testing.T) {
	for _, tt := range ftpserver.Kinds() {
		if _, refused := tt.Habits.Refusals["LIST"]; refused {
			continue
		}
		t.Run(tt.Name, func(t *testing.T) {
			b := ftpBasket(t, tt.Habits)
			expect(t, "empty", b.later(), "")
			b.put("A.JSON", `{"a":1}`)
			b.put("A.PDF", "plan")
			expect(t, "ready", b.later()+b.later(), "A.JSON")
			b.settle(connectors.Taken, "A.JSON")
			expect(t, "moved", tree(t, b.dir), "DONE/A.JSON DONE/A.PDF")
			for range 3 {
				b.clock.advance(time.Minute)
				expect(t, "not again", b.later(), "")
			}
			expect(t, "told", strings.Join(b.notices, " "), "")
		})
	}
}

// TestFTPInbasketThatMayNotBeListed is found by a check: it looks empty for ever.
func TestFTPInbasketThatMayNotBeListed(t *testing.T) {
	b := ftpBasket(t, ftpserver.Habits{Refusals: map[string]string{"LIST": "550 Permission denied.", "NLST": "550 Permission denied."}})
	if err := b.Check(t.Context()); connectors.ClassOf(err) != connectors.TargetError {
		t.Errorf("check: %v", err)
	}
	expect(t, "nothing stays", tree(t, b.dir), "")
	b = ftpBasket(t, ftpserver.Habits{Empty: "550 No files found."})
	must(t, b.Check(t.Context()))
	expect(t, "nothing stays", tree(t, b.dir), "")
}

// TestFTPLinks are never followed: the form that they lead to would come twice.
func TestFTPLinks(t *testing.T) {
	for name, habits := range map[string]ftpserver.Habits{"LIST": {}, "LIST and odd lines": {Listing: "spaced"}, "MLSD": {Features: []string{"MLST type*;size*;modify*;", "MLSD"}}} {
		b := ftpBasket(t, habits)
		b.put("a.json", `{"a":1}`)
		must(t, os.Symlink("a.json", filepath.Join(b.dir, "b.json")))
		expect(t, name, b.later()+b.later(), "a.json")
		expect(t, name+": told", strings.Join(b.notices, " "), CodeSkipped)
	}
}

// TestAnswerFileOfEqualLength: behind a server that tells no times, an answer file that was replaced by one of equal length is
// another one, and the documents that lie there may be its.
func TestAnswerFileOfEqualLength(t *testing.T) {
	b, cfg := ftpFolder(t, ftpserver.Habits{})
	answers, err := NewRemoteAnswers(connectors.Env{Clock: b.clock, Notify: b.note}, cfg)
	must(t, err)
	b.Inbasket = &Inbasket{answers.source}
	t.Cleanup(func() { must(t, answers.Close()) })
	b.put("a.json", `{"case":1}`)
	expect(t, "seen", b.names(), "")
	b.clock.advance(6 * time.Second)
	list, err := answers.Next(t.Context(), 10)
	must(t, err)
	if len(list) != 1 || !list[0].Still() {
		t.Fatalf("%d, or not what lies there", len(list))
	}
	b.put("a.json", `{"case":2}`)
	if list[0].Still() {
		t.Error("another answer file is taken for the one that was read")
	}
}

// ftpConfig is that of an in-basket behind FTP.
type ftpConfig = rules.RemoteConfig[ftp.Config, *ftp.Config]
