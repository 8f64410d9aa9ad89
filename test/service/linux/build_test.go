//go:build linux

package linux

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// The versions that are installed one after the other; the same program, as far as it does not name its version.
const (
	older = "1.0.0"
	newer = "1.1.0"
)

// built makes each version's packages once for all tests.
type built struct {
	mu   sync.Mutex
	dirs map[string]string
}

var packages = &built{dirs: map[string]string{}}

// of returns the folder with a version's packages for this architecture.
func (b *built) of(t *testing.T, version string) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if dir := b.dirs[version]; dir != "" {
		return dir
	}
	if given := os.Getenv("INBASKET_PACKAGES"); given != "" { // made before, in a folder a version
		return filepath.Join(given, version)
	}
	dir := filepath.Join(base, version)
	formats := "deb"
	if version == newer {
		formats = "deb,rpm,tar"
	}
	make1(t, must(filepath.Abs(repo))(t), dir, version, formats)
	b.dirs[version] = dir
	return dir
}

// make1 makes the packages of the source in a folder.
func make1(t *testing.T, source, out, version, formats string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./installer/packages", "-out", out, "-version", version, "-arch", "amd64", "-format", formats, "linux")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// one returns the only file of a folder that matches.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	found := must(filepath.Glob(filepath.Join(dir, pattern)))(t)
	if len(found) != 1 {
		t.Fatalf("%s in %s: %v", pattern, dir, found)
	}
	return found[0]
}

// base is the folder of what all tests share.
var base string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "inbasket-service")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		base = dir
		return m.Run()
	}())
}
