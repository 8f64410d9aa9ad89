//go:build !windows

package windows

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// step is one command of a page, with what it must print: "..." stands for anything within a line, and alone for
// any lines.
type step struct {
	line    int
	command string
	want    []string
}

// steps returns the commands of the blocks that a page leaves to this folder.
func steps(t *testing.T, page string) []step {
	t.Helper()
	const mark = "<!-- run by: test/service/windows -->"
	var out []step
	marked, inside := false, false
	for i, line := range strings.Split(read(t, filepath.Join(repo, page)), "\n") {
		switch {
		case inside && line == "```":
			marked, inside = false, false
		case inside && strings.HasPrefix(line, "> "):
			out = append(out, step{line: i + 1, command: line[2:]})
		case inside:
			out[len(out)-1].want = append(out[len(out)-1].want, line)
		case line == mark:
			marked = true
		case marked && line == "```console":
			inside = true
		case line != "":
			marked = false
		}
	}
	return out
}

// matches compares what was printed with what a page says.
func (s step) matches(printed string) bool {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for _, w := range s.want {
		if w == "..." {
			b.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		parts := strings.Split(w, "...")
		for i := range parts {
			parts[i] = strings.ReplaceAll(regexp.QuoteMeta(parts[i]), " ", " +")
		}
		b.WriteString(`[ \t]*` + strings.Join(parts, `[^\n]*`) + `[ \t]*\n`)
	}
	b.WriteString(`\s*\z`)
	return regexp.MustCompile(b.String()).MatchString(strings.TrimSpace(printed) + "\n")
}

// shows tells whether a command only shows something: what it shows may come a little later.
func (s step) shows() bool {
	return regexp.MustCompile(`^(type |sc query|inbasket (list|status|service status))`).MatchString(s.command)
}

// TestPage runs the commands of docs/install-windows.md one after the other, as cmd.exe does.
func TestPage(t *testing.T) {
	need(t)
	clean(t)
	dir := `C:\`
	list := steps(t, "docs/install-windows.md")
	if len(list) < 15 {
		t.Fatalf("the page has %d commands only", len(list))
	}
	for _, s := range list {
		if to, ok := strings.CutPrefix(s.command, "cd "); ok {
			dir = to
			continue
		}
		command := strings.ReplaceAll(s.command, "inbasket_1.2.3_windows_amd64.msi", `C:\inbasket-`+newer+`.msi`)
		write(t, `C:\page.cmd`, "@echo off\r\ncd /d "+dir+"\r\n"+command+"\r\n")
		var printed string
		var code int
		for range 100 {
			var complaint string
			printed, complaint, code = run(t, "cmd", "/c", `C:\page.cmd`)
			printed += complaint
			if code == 0 && (len(s.want) == 0 || s.matches(printed)) || !s.shows() {
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		if code != 0 || len(s.want) > 0 && !s.matches(printed) {
			t.Fatalf("docs/install-windows.md:%d: %s\nended with %d and printed\n%swant\n%s", s.line, s.command, code, printed, strings.Join(s.want, "\n"))
		}
	}
	wantState(t, "inbasket", "none")
}
