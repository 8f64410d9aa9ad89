package conformance

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files"
	"github.com/inbasket/inbasket/test/servers"
)

func TestFolderDrop(t *testing.T) {
	TestFiles(t, func(t testing.TB) Files {
		dir, e := t.TempDir(), env(t)
		c := files.DropDefaults()
		c.Path = dir
		return place(t, dir, func() connectors.Target {
			o, err := files.NewDrop(e, c)
			check(t, err)
			return o
		})
	})
}

func TestFTP(t *testing.T) {
	TestFiles(t, func(t testing.TB) Files {
		s := servers.VSFTPD(t, servers.FTPOptions{})
		p, e := NewProxy(t, s.Addr), env(t)
		c := ftpConfig(s)
		c.Address, c.TLS.Mode = p.Addr, "none"
		h := place(t, s.Root, func() connectors.Target {
			o, err := files.NewFTP(e, c)
			check(t, err)
			return o
		})
		h.Proxy, h.Rename = p, "RNTO"
		return h
	})
}

func TestFTPS(t *testing.T) {
	TestFiles(t, func(t testing.TB) Files {
		s, e := servers.VSFTPD(t, servers.FTPOptions{TLS: true}), env(t)
		c := ftpConfig(s)
		c.TLS.CA, c.Verify = s.CAFile, "read-back"
		return place(t, s.Root, func() connectors.Target {
			o, err := files.NewFTP(e, c)
			check(t, err)
			return o
		})
	})
}

func ftpConfig(s *servers.FTP) files.FTPConfig {
	c := files.FTPDefaults()
	c.Address, c.User, c.Password, c.Dir = s.Addr, s.User, connectors.Secret(s.Password), s.Dir
	return c
}

// place is the harness of a target whose files lie in a local folder.
func place(t testing.TB, dir string, open func() connectors.Target) Files {
	return Files{
		Open: open,
		Standing: func() map[string]string {
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

func TestFolderInbasket(t *testing.T) {
	for name, change := range map[string]func(*files.FolderConfig){
		"moves to done": func(*files.FolderConfig) {},
		"deletes":       func(c *files.FolderConfig) { c.After = files.AfterConfig{Delete: true} },
		"without events": func(c *files.FolderConfig) {
			c.Events, c.Poll = false, time.Second
		},
	} {
		t.Run(name, func(t *testing.T) {
			TestSource(t, func(t testing.TB) Source[connectors.Submission] {
				dir, e := t.TempDir(), env(t)
				c := files.FolderDefaults()
				c.Path = dir
				change(&c)
				h := folder[connectors.Submission](t, dir)
				h.Open = func() connectors.Inbasket {
					o, err := files.NewInbasket(e, c)
					check(t, err)
					return o
				}
				h.Handle = func(s connectors.Submission) string { return s.Handle }
				h.Content = func(s connectors.Submission) string { return string(s.Form) }
				return h
			})
		})
	}
}

func TestFolderAnswers(t *testing.T) {
	TestSource(t, func(t testing.TB) Source[connectors.Result] {
		dir, e := t.TempDir(), env(t)
		c := files.AnswersDefaults()
		c.Path = dir
		h := folder[connectors.Result](t, dir)
		h.Open = func() connectors.ResultSource {
			o, err := files.NewAnswers(e, c)
			check(t, err)
			return o
		}
		h.Handle = func(r connectors.Result) string { return r.Handle }
		h.Content = func(r connectors.Result) string { return string(r.Content) }
		return h
	})
}

// folder is the harness of a source whose items are files of a local folder, named NAME.json.
func folder[T any](t testing.TB, dir string) Source[T] {
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

// Documents beside an answer file come with it and can be read until it is settled.
func TestFolderAnswerWithDocument(t *testing.T) {
	dir, e := t.TempDir(), env(t)
	c := files.AnswersDefaults()
	c.Path = dir
	write(t, filepath.Join(dir, "4711.pdf"), "%PDF")
	write(t, filepath.Join(dir, "4711.json"), `{"status":"A"}`)
	s, err := files.NewAnswers(e, c)
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
