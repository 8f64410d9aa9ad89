package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/mapping/diag"
)

// partsWorld makes a folder with a main file and files in conf.d, and returns the main file's path.
func partsWorld(t *testing.T, main string, parts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "inbasket.yaml"), main, 0o600)
	for name, content := range parts {
		write(t, filepath.Join(dir, "conf.d", name), content, 0o600)
	}
	return filepath.Join(dir, "inbasket.yaml")
}

const mainPart = `agency: A
inbaskets:
  permits: {folder: {path: in}}
routes:
  building: {from: permits, mapping: m.yaml, match: "b*"}
`

func TestParts(t *testing.T) {
	path := partsWorld(t, mainPart, map[string]string{
		"20-dogs.yaml":     "inbaskets: {dogs: {folder: {path: dogs}}}\nroutes:\n  dog: {from: dogs, mapping: maps/dog.yaml}\n",
		"10-register.yaml": "targets:\n  register: {folder: {path: out}, file: {name: \"{id}\"}}\nroutes: {rest: {from: permits, mapping: m.yaml}}\n",
		"30-empty.yaml":    "# nothing yet\n",
		"40-none.yaml":     "targets:\n",
		"old.yaml.bak":     "nonsense: 1", "x.yaml~": "nonsense: 1", ".x.yaml.swp": "nonsense: 1", "a.yaml.dpkg-old": "nonsense: 1",
	})
	c, err := Load(path, registry(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, r := range c.Routes {
		routes = append(routes, r.Name)
	}
	if diff := cmp.Diff([]string{"building", "rest", "dog"}, routes); diff != "" {
		t.Error("the main file comes first, then the parts by name: ", diff)
	}
	if r, _ := c.Route("dog"); r.Mapping != filepath.Join(c.Dir, "maps", "dog.yaml") {
		t.Errorf("relative paths of a part start at the main file's folder, not %s", r.Mapping)
	}
	var files []string
	for _, f := range c.Files {
		rel, _ := filepath.Rel(c.Dir, f)
		files = append(files, filepath.ToSlash(rel))
	}
	want := []string{"inbasket.yaml", "conf.d/10-register.yaml", "conf.d/20-dogs.yaml", "conf.d/30-empty.yaml", "conf.d/40-none.yaml"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	if len(c.Warnings) > 0 {
		t.Error(c.Warnings)
	}
	if got := Mappings(path); len(got) != 2 {
		t.Errorf("mappings: %v", got)
	}
}

// What is wrong in a part is told where it stands, all at once with what is wrong elsewhere; compared
// with a golden file.
func TestPartsGolden(t *testing.T) {
	path := partsWorld(t, mainPart+"targets: {register: {folder: {path: out}, file: {name: \"{id}\"}}}\n", map[string]string{
		"10-wrong.yaml":  "targets:\n  register: {folder: {path: b}, file: {name: \"{id}\"}}\n  other: {postgres: {hots: h, password: hunter2}}\n",
		"20-more.yaml":   "agency: B\nroute: {}\nroutes:\n  dog: {from: dogs, mapping: m.yaml}\n",
		"30-list.yaml":   "- targets\n",
		"40-kind.yaml":   "targets: [a]\nresults: x\n",
		"50-syntax.yaml": "targets: {a: [}\n",
		"60-unused.yaml": "inbaskets:\n  cats: {folder: {path: cats}}\n",
		"README":         "how to add a target",
	})
	_, err := Load(path, registry(), Options{})
	var p diag.Problems
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	got := filepath.ToSlash(strings.ReplaceAll(p.Format(), filepath.Dir(path)+string(filepath.Separator), ""))
	if strings.Contains(got, "hunter2") {
		t.Error("a secret that is written out in a part is printed")
	}
	golden := filepath.Join("testdata", "parts.golden")
	if *update {
		write(t, golden, got, 0o644)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
		t.Error(diff)
	}
}

func TestPartNames(t *testing.T) {
	path := partsWorld(t, minimal, map[string]string{"extra.yml": "nonsense: 1", "notes.txt": "x"})
	t.Setenv("P", "x")
	c, err := Load(path, registry(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 2 || c.Warnings[0].Code != CodePart || c.Warnings[1].Code != CodePart {
		t.Errorf("warnings: %v", c.Warnings)
	}
	if err := os.Mkdir(filepath.Join(filepath.Dir(path), "conf.d", "sub.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	var p diag.Problems
	if _, err = Load(path, registry(), Options{}); !errors.As(err, &p) || p[0].Code != CodeRead {
		t.Errorf("a folder called sub.yaml: %v", err)
	}
}

// A part that cannot be read is an error, never a smaller configuration.
func TestPartUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		path := partsWorld(t, minimal, nil)
		if err := os.Symlink(filepath.Join(t.TempDir(), "gone"), filepath.Join(filepath.Dir(path), "conf.d", "a.yaml")); err != nil {
			t.Skip("no symbolic links here")
		}
		t.Setenv("P", "x")
		var p diag.Problems
		if _, err := Load(path, registry(), Options{}); !errors.As(err, &p) || p[0].Code != CodeRead {
			t.Errorf("a dangling link: %v", err)
		}
		return
	}
	path := partsWorld(t, minimal, map[string]string{"a.yaml": "routes: {}"})
	if err := os.Chmod(filepath.Join(filepath.Dir(path), "conf.d", "a.yaml"), 0); err != nil {
		t.Fatal(err)
	}
	var p diag.Problems
	if _, err := Load(path, registry(), Options{}); !errors.As(err, &p) || p[0].Code != CodeRead {
		t.Errorf("no right to read: %v", err)
	}
}
