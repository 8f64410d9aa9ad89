package legacy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/test/servers"
)

// lineYAML writes one line a form, into a file of its own.
const lineYAML = `input: {format: json, reference: form.ref, unused: allow}
layouts: {l: {format: fixed, charset: iso-8859-1, line-ending: lf, fields: [{name: NAME, width: 10}]}}
write: [{as: l, to: register, layout: l, fields: {NAME: form.name}}]
`

// place is where files are put; root is the folder as the legacy system sees it.
type place struct {
	name string
	open func(t *testing.T, dir string) (root, target string, server *servers.FTP)
}

var allPlaces = []place{
	{"folder", func(t *testing.T, dir string) (string, string, *servers.FTP) {
		root := filepath.Join(dir, "drop")
		mkdir(t, root)
		return root, "folder: {path: drop}\n    file: {name: \"{reference}.txt\"}", nil
	}},
	{"ftp", func(t *testing.T, dir string) (string, string, *servers.FTP) {
		s := servers.VSFTPD(t, servers.FTPOptions{})
		t.Setenv("LEGACY_FTP_PASSWORD", s.Password)
		return s.Root, fmt.Sprintf("ftp: {address: %q, user: %q, password: \"${env:LEGACY_FTP_PASSWORD}\", dir: %q, tls: {mode: none}, timeout: 3s}\n    file: {name: \"{reference}.txt\"}", s.Addr, s.User, s.Dir), s
	}},
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
}

// move is something that happens to a place while an agent runs on it.
type move struct {
	name   string
	do     func(t *testing.T, root string, s *servers.FTP)
	want   string                                          // the fate of the form sent after it; a prefix
	mend   func(t *testing.T, root string, s *servers.FTP) // makes a form that waits go on; nil: it does not wait
	strays []string                                        // other files that stay what they are, as NAME=CONTENT
	only   string                                          // one place
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// The line of the form "after" is ten characters and a line feed.
var moves = []move{
	{name: "nothing", do: func(*testing.T, string, *servers.FTP) {}, want: "closed"},
	{name: "a stranger's file of the same length", want: "parked files.name-taken", strays: []string{"after.txt=Ada       \n"},
		do: func(t *testing.T, root string, _ *servers.FTP) {
			put(t, filepath.Join(root, "after.txt"), "Ada       \n")
		}},
	{name: "a stranger's file of the same bytes", want: "parked files.name-taken", strays: []string{"after.txt=Bob       \n"},
		do: func(t *testing.T, root string, _ *servers.FTP) {
			put(t, filepath.Join(root, "after.txt"), "Bob       \n")
		}},
	{name: "a stranger's empty file", want: "parked files.name-taken", strays: []string{"after.txt="},
		do: func(t *testing.T, root string, _ *servers.FTP) { put(t, filepath.Join(root, "after.txt"), "") }},
	{name: "a folder of the file's name", only: "folder", want: "parked files.name-taken",
		do: func(t *testing.T, root string, _ *servers.FTP) { mkdir(t, filepath.Join(root, "after.txt")) }},
	{name: "the folder taken away", want: "waits ",
		do:   func(t *testing.T, root string, _ *servers.FTP) { rename(t, root, root+".away") },
		mend: func(t *testing.T, root string, _ *servers.FTP) { rename(t, root+".away", root) }},
	{name: "a file in the folder's place", want: "waits ",
		do: func(t *testing.T, root string, _ *servers.FTP) {
			rename(t, root, root+".away")
			put(t, root, "not a folder")
		},
		mend: func(t *testing.T, root string, _ *servers.FTP) {
			if err := os.Remove(root); err != nil {
				t.Fatal(err)
			}
			rename(t, root+".away", root)
		}},
	{name: "another folder in its place", want: "closed",
		do: func(t *testing.T, root string, _ *servers.FTP) { rename(t, root, root+".away"); mkdir(t, root) }},
	{name: "the server gone for a while", only: "ftp", want: "waits ",
		do: func(_ *testing.T, _ string, s *servers.FTP) { s.Stop() },
		mend: func(t *testing.T, _ string, s *servers.FTP) {
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
		}},
	{name: "the connection cut", only: "ftp", want: "closed",
		do: func(t *testing.T, _ string, s *servers.FTP) {
			s.Kill()
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
		}},
}

func TestChangesOfPlaces(t *testing.T) {
	for _, p := range allPlaces {
		t.Run(p.name, func(t *testing.T) {
			for _, m := range moves {
				if m.only == "" || m.only == p.name {
					t.Run(strings.ReplaceAll(m.name, " ", "-"), func(t *testing.T) { m.run(t, p) })
				}
			}
		})
	}
}

func (m move) run(t *testing.T, p place) {
	dir := t.TempDir()
	root, target, server := p.open(t, dir)
	o := newOffice(t, dir, target, lineYAML)
	o.send("before", `{"ref":"before","name":"Ada"}`)
	o.await("before", "closed")
	if got := read(t, root)["before.txt"]; got != "Ada       \n" {
		t.Fatalf("before.txt is %q", got)
	}
	m.do(t, root, server)
	o.send("after", `{"ref":"after","name":"Bob"}`)
	o.await("after", m.want)
	if m.mend != nil {
		m.mend(t, root, server)
		o.await("after", "closed")
	}
	want := map[string]string{}
	for _, s := range m.strays {
		name, content, _ := strings.Cut(s, "=")
		want[name] = content
	}
	if o.fate("after") == "closed" {
		want["after.txt"] = "Bob       \n"
	}
	got := read(t, root)
	delete(got, "before.txt")
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("there is %q, it should be %q\n%s", got, want, o.log)
	}
}

// read returns what stands in a folder under names that the legacy system may take.
func read(t *testing.T, root string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(b)
	}
	return got
}
