//go:build !windows

package windows

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// eventually waits for something that happens inside Windows.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 300 {
		if is() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("it did not happen: %s\n%s", what, tail(w.host(data+`\log\inbasket.log`)))
}

// tail returns the end of a log, for a test that failed.
func tail(path string) string {
	text, _ := os.ReadFile(path)
	lines := strings.Split(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// state returns how Windows says that a service stands: 1 stopped, 4 running.
func state(t *testing.T, service string) string {
	t.Helper()
	out, _, code := run(t, `C:\ctl.exe`, "state", service)
	if code != 0 {
		return "none"
	}
	return strings.TrimSpace(out)
}

func wantState(t *testing.T, service, prefix string) {
	t.Helper()
	if got := state(t, service); !strings.HasPrefix(got, prefix) {
		t.Fatalf("%s: %s, want %s\n%s", service, got, prefix, tail(w.host(data+`\log\inbasket.log`)))
	}
}

// form puts a form of the starter's contact mapping into an in-basket, as a sender does: whole, by a rename.
func form(t *testing.T, folder, reference string) {
	t.Helper()
	text := read(t, filepath.Join(repo, "agent/cmd/setup/starter/mappings/samples/typical.json"))
	changed := regexp.MustCompile(`C-1`).ReplaceAllString(text, reference)
	if changed == text {
		t.Fatal("the sample has no reference any more")
	}
	write(t, folder+`\`+reference+`.tmp`, changed)
	if err := os.Rename(w.host(folder+`\`+reference+`.tmp`), w.host(folder+`\`+reference+`.json`)); err != nil {
		t.Fatal(err)
	}
}

// write writes a file inside Windows, with the folders above it.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.host(path)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.host(path), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func there(path string) bool {
	_, err := os.Stat(w.host(path))
	return err == nil
}

// delivered waits until forms lie in a drop folder, each once.
func delivered(t *testing.T, folder string, references ...string) {
	t.Helper()
	for _, r := range references {
		eventually(t, r+" is delivered", func() bool { return there(folder + `\` + r + ".csv") })
	}
	list, err := os.ReadDir(w.host(folder))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(references) {
		t.Errorf("%d files in the drop folder, want %d: %v", len(list), len(references), list)
	}
}

// change replaces something in a file inside Windows.
func change(t *testing.T, path, old, text string) {
	t.Helper()
	have := read(t, w.host(path))
	if !strings.Contains(have, old) {
		t.Fatalf("%s is without %q:\n%s", path, old, have)
	}
	write(t, path, strings.Replace(have, old, text, 1))
}

// clean removes what a test left behind, so that the next one begins with a fresh machine.
func clean(t *testing.T) {
	t.Cleanup(func() {
		_, _, _ = run(t, exe, "service", "package", "remove")
		for _, v := range []string{older, newer} {
			_ = msiexec(t, "/x", `C:\inbasket-`+v+`.msi`)
		}
		for _, dir := range []string{data, `C:\Program Files\Inbasket`} {
			if err := os.RemoveAll(w.host(dir)); err != nil {
				t.Error(err)
			}
		}
	})
}

// references returns n references.
func references(prefix string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s-%d", prefix, i+1))
	}
	return out
}
