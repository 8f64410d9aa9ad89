//go:build linux

package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// block is a fenced block of a page that is run here, a file of it, or a hidden setup.
type block struct {
	line int
	lang string // console or setup; else a file
	file string
	text string
}

// pageBlocks returns what a page wants to be run by these tests.
func pageBlocks(t *testing.T, page string) []block {
	t.Helper()
	src := string(must(os.ReadFile(filepath.Join(repo, page)))(t))
	var out []block
	var now *block
	end, file, ours := "", "", false
	for i, line := range strings.Split(src, "\n") {
		switch {
		case now != nil && line == end:
			if ours || now.lang == "setup" || now.file != "" {
				out = append(out, *now)
			}
			now, file, ours = nil, "", false
		case now != nil:
			now.text += line + "\n"
		case strings.HasPrefix(line, "```"):
			now, end = &block{line: i + 2, lang: line[3:], file: file}, "```"
		case line == "<!-- setup":
			now, end = &block{line: i + 2, lang: "setup"}, "-->"
		case strings.HasPrefix(line, "<!-- file: /"):
			file = strings.TrimSuffix(strings.TrimPrefix(line, "<!-- file: "), " -->")
		case line == "<!-- run by: test/service/linux -->":
			ours = true
		case line != "":
			file, ours = "", false
		}
	}
	return out
}

var (
	varying = regexp.MustCompile(`\b0[0-9A-HJKMNP-TV-Z]{12}\b|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?Z?`)
	blanks  = regexp.MustCompile(`[ \t]+`)
	looks   = regexp.MustCompile(`^(inbasket (list|status)|cat |ls |runuser .* sqlite3 |journalctl )`)
)

// pattern is what a page shows as a regular expression: "..." is anything, IDs and times may differ.
func pattern(want string) *regexp.Regexp {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(want, "\n") + "\n") {
		line = strings.TrimSpace(line)
		if line == "..." {
			b.WriteString(`(?:.*\n)*?`)
			continue
		}
		for i, part := range varying.Split(line, -1) {
			if i > 0 {
				b.WriteString("(?:" + varying.String() + ")")
			}
			part = strings.ReplaceAll(regexp.QuoteMeta(part), `\.\.\.`, `.*`)
			b.WriteString(blanks.ReplaceAllString(part, `[ \t]+`))
		}
		b.WriteString("[ \\t\\r]*\n")
	}
	return regexp.MustCompile("^" + b.String() + "$")
}

// TestPattern keeps the comparison honest.
func TestPattern(t *testing.T) {
	for _, c := range []struct {
		want, got string
		matches   bool
	}{
		{"active\n", "active\n", true}, {"active\n", "inactive\n", false}, {"...\nok: x\n", "a\nb\nok: x\n", true},
		{"...\nok: x\n", "a\nb\n", false}, {"inbasket_...: OK\n...\n", "inbasket_1_amd64.deb: OK\n", true},
		{"0AM54X991NQB9  closed  2026-11-22 20:14\n", "0AM55Y2A1NQB9 closed 2027-01-02 03:04:05\n", true}, {"", "x\n", false},
	} {
		if got := pattern(c.want).MatchString(c.got); got != c.matches {
			t.Errorf("%q and %q: %v", c.want, c.got, got)
		}
	}
}

// TestInstallPage runs the commands of docs/install-linux.md on a fresh machine, as a sysadmin would.
func TestInstallPage(t *testing.T) {
	wanted(t, "debootstrap", "systemd-nspawn", "nsenter", "script")
	blocks := pageBlocks(t, "docs/install-linux.md")
	if len(blocks) < 10 {
		t.Fatalf("only %d blocks", len(blocks))
	}
	m := newMachine(t)
	from := one(t, packages.of(t, newer), "*.deb")
	m.bring(from, "/root/"+filepath.Base(from))
	m.sh("sha256sum inbasket_* > SHA256SUMS")
	for _, b := range blocks {
		switch {
		case b.file != "":
			m.write(b.file, b.text)
		case b.lang == "setup":
			m.sh(b.text)
		default:
			m.console("docs/install-linux.md", b)
		}
	}
}

// console runs the commands of a block and compares what each prints.
func (m *machine) console(page string, b block) {
	m.t.Helper()
	for _, part := range strings.Split("\n"+b.text, "\n$ ")[1:] {
		command, want, _ := strings.Cut(part, "\n")
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			out, err := m.try(command)
			if out != "" {
				out += "\n"
			}
			if want == "" && err == nil && out == "" || want != "" && pattern(want).MatchString(out) {
				break
			}
			if !looks.MatchString(command) || time.Now().After(deadline) {
				m.t.Fatalf("%s, block at line %d: $ %s\n%v, it printed\n%s\nthe page shows\n%s\n%s", page, b.line, command, err, out, want,
					fmt.Sprint("--- journal\n", m.journal("inbasket*")))
			}
		}
	}
}

// TestInstallText runs the commands of the tarball's INSTALL, in the tarball's folder.
func TestInstallText(t *testing.T) {
	wanted(t, "debootstrap", "systemd-nspawn", "nsenter", "script")
	m := newMachine(t)
	m.bring(one(t, packages.of(t, newer), "*.tar.gz"), "/root/inbasket.tar.gz")
	m.sh("tar -xzf inbasket.tar.gz")
	text := m.sh("cat inbasket_*/INSTALL")
	commands := 0
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "     "); ok {
			m.sh("cd inbasket_*/ && " + strings.TrimSpace(command))
			commands++
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands in\n%s", commands, text)
	}
	m.sh("cp /etc/inbasket/mappings/samples/typical.json /var/lib/inbasket/example/in/")
	m.await("C-1.csv", "ls /var/lib/inbasket/example/out")
	// What it says about removing.
	m.sh("inbasket service uninstall && rm /usr/bin/inbasket")
	m.sh("test -s /etc/inbasket/inbasket.yaml -a -s /var/lib/inbasket/journal/journal.db")
}
