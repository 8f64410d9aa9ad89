package conformance

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	drops "github.com/inbasket/inbasket/connectors/files/drop"
	"github.com/inbasket/inbasket/connectors/files/intake"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
	"github.com/inbasket/inbasket/connectors/files/place/local"
	"github.com/inbasket/inbasket/test/ftpserver"
	"github.com/inbasket/inbasket/test/servers"
)

func TestFolder(t *testing.T) {
	for name, change := range map[string]func(*rules.FolderConfig){
		"with events":    func(*rules.FolderConfig) {},
		"without events": func(c *rules.FolderConfig) { c.Events, c.Poll = false, time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			TestPlaces(t, func(t testing.TB) Places {
				dir, e := t.TempDir(), env(t)
				return Places{
					Dir:  dir,
					Open: func() place.Place { return &local.Place{Dir: dir, Durable: true, Leases: true} },
					Inbasket: func(b Basket) connectors.Inbasket {
						c := rules.FolderDefaults()
						c.Path, c.Marker = dir, b.Marker
						c.After = after(b)
						change(&c)
						return opened(t)(intake.NewFolder(e, c))
					},
					Target: func() connectors.Target {
						c := drops.FolderDefaults()
						c.Path = dir
						o, err := drops.NewFolder(e, c)
						check(t, err)
						return o
					},
					Answers: func() connectors.ResultSource {
						c := rules.FolderAnswersDefaults()
						c.Path = dir
						change(&c)
						o, err := intake.NewFolderAnswers(e, c)
						check(t, err)
						return o
					},
				}
			})
		})
	}
}

func opened(t testing.TB) func(*intake.Inbasket, error) connectors.Inbasket {
	return func(in *intake.Inbasket, err error) connectors.Inbasket {
		check(t, err)
		return in
	}
}

func after(b Basket) rules.AfterConfig {
	if b.Delete {
		return rules.AfterConfig{Delete: true}
	}
	return rules.AfterConfig{Move: "done"}
}

// inFTP is the configuration of an in-basket behind FTP.
type inFTP = rules.RemoteConfig[ftp.Config, *ftp.Config]

// overFTP is the harness of a folder behind FTP; dir is that folder as this machine sees it.
func overFTP(t testing.TB, c ftp.Config, dir string, readBack bool) Places {
	e := env(t)
	in := func(f inFTP) inFTP {
		f.Place, f.Quiet, f.Poll = c, 2*time.Second, 5*time.Second
		return f
	}
	return Places{
		Dir:  dir,
		Open: func() place.Place { return ftp.New(e, c, readBack) },
		Inbasket: func(b Basket) connectors.Inbasket {
			f := in(rules.RemoteDefaults[ftp.Config, *ftp.Config](ftp.Defaults()))
			f.Marker, f.After = b.Marker, after(b)
			return opened(t)(intake.NewRemote(e, f))
		},
		Target: func() connectors.Target {
			f := drops.RemoteDefaults[ftp.Config, *ftp.Config](ftp.Defaults())
			if f.Place = c; readBack {
				f.Verify = "read-back"
			}
			o, err := drops.NewRemote(e, f)
			check(t, err)
			return o
		},
		Answers: func() connectors.ResultSource {
			o, err := intake.NewRemoteAnswers(e, in(rules.RemoteAnswersDefaults[ftp.Config, *ftp.Config](ftp.Defaults())))
			check(t, err)
			return o
		},
	}
}

// TestFTP is vsftpd, over a line that can be cut.
func TestFTP(t *testing.T) {
	TestPlaces(t, func(t testing.TB) Places {
		s := servers.VSFTPD(t, servers.FTPOptions{})
		p := NewProxy(t, s.Addr)
		c := ftpConfig(s)
		c.Address, c.TLS.Mode = p.Addr, "none"
		h := overFTP(t, c, s.Root, false)
		h.Proxy, h.Rename = p, "RNTO"
		return h
	})
}

// TestFTPS is vsftpd with TLS, which demands that data connections resume the session.
func TestFTPS(t *testing.T) {
	TestPlaces(t, func(t testing.TB) Places {
		s := servers.VSFTPD(t, servers.FTPOptions{TLS: true})
		c := ftpConfig(s)
		c.TLS.CA = s.CAFile
		return overFTP(t, c, s.Root, true)
	})
}

// TestScriptedFTP are servers with other habits than vsftpd's, over a line that can be cut.
func TestScriptedFTP(t *testing.T) {
	for name, habits := range map[string]ftpserver.Habits{
		"MLSD":        {Features: []string{"MLST type*;size*;modify*;"}},
		"Windows":     {Listing: "dos", Refusals: map[string]string{"EPSV": "500 what?", "FEAT": "500 what?", "MLST": "500 what?", "MLSD": "500 what?"}},
		"hidden dots": {Hides: true},
		"no SIZE":     {Refusals: map[string]string{"SIZE": "502 no"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			TestPlaces(t, func(t testing.TB) Places {
				s, err := ftpserver.Start(ftpserver.Config{Root: filepath.Join(t.TempDir(), "root"), User: "batch", Password: "geheim", Habits: habits})
				check(t, err)
				t.Cleanup(func() { check(t, s.Close()) })
				dir := filepath.Join(s.Root(), "IN")
				check(t, os.Mkdir(dir, 0o700))
				p := NewProxy(t, s.Addr())
				c := ftp.Defaults()
				c.Address, c.User, c.Password, c.Dir, c.TLS.Mode = p.Addr, "batch", "geheim", "/IN", "none"
				h := overFTP(t, c, dir, false)
				h.Proxy, h.Rename = p, "RNTO"
				return h
			})
		})
	}
}

func ftpConfig(s *servers.FTP) ftp.Config {
	c := ftp.Defaults()
	c.Address, c.User, c.Password, c.Dir = s.Addr, s.User, connectors.Secret(s.Password), s.Dir
	return c
}

// Documents beside an answer file come with it and can be read until it is settled.
func TestFolderAnswerWithDocument(t *testing.T) {
	dir, e := t.TempDir(), env(t)
	c := rules.FolderAnswersDefaults()
	c.Path = dir
	write(t, filepath.Join(dir, "4711.pdf"), "%PDF")
	write(t, filepath.Join(dir, "4711.json"), `{"status":"A"}`)
	s, err := intake.NewFolderAnswers(e, c)
	check(t, err)
	defer s.Close()
	results, err := s.Next(within(t), 10)
	check(t, err)
	if len(results) != 1 || len(results[0].Documents) != 1 {
		t.Fatalf("%d results, want one with one document: %+v", len(results), results)
	}
	for range 2 {
		r, err := results[0].Documents[0].Blob.Open()
		check(t, err)
		if b, err := io.ReadAll(r); err != nil || string(b) != "%PDF" {
			t.Errorf("the document has %q, %v", b, err)
		}
		check(t, r.Close())
	}
}
