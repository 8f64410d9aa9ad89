package diag

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/connectors"
)

var update = flag.Bool("update", false, "write golden files anew")

type inner struct {
	Path  string        `yaml:"path,required"`
	Quiet time.Duration `yaml:"quiet"`
}

type common struct {
	Identity string `yaml:"identity"`
}

type sample struct {
	Agency string            `yaml:"agency"`
	Size   int64             `yaml:"size"`
	Count  int               `yaml:"count"`
	On     bool              `yaml:"on"`
	From   []string          `yaml:"from,one"`
	Secret connectors.Secret `yaml:"secret"`
	Folder *inner            `yaml:"folder"`
	Any    any               `yaml:"any"`
	Fields Ordered[string]   `yaml:"fields"`
	Raw    *Node             `yaml:"raw"`
	Labels map[string]string `yaml:"labels"`
	Common common            `yaml:",inline"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	src := `agency: Bauamt Größe
size: 8MiB
count: 5
on: true
from: permits
secret: ${env:X}
folder: {path: /a, quiet: 1d12h}
any: {a: 1.50, b: [x, null, false], c: 012}
fields: {Z: 007, A: 1.10}
labels: {x: y}
identity: id-1
`
	f, p := Parse("a.yaml", []byte(src))
	if p != nil {
		t.Fatal(p)
	}
	var got sample
	if p := f.Decode(&got); p != nil {
		t.Fatal(p)
	}
	want := sample{Agency: "Bauamt Größe", Size: 8 << 20, Count: 5, On: true, From: []string{"permits"}, Secret: "${env:X}",
		Folder: &inner{Path: "/a", Quiet: 36 * time.Hour},
		Any:    map[string]any{"a": json.Number("1.50"), "b": []any{"x", nil, false}, "c": "012"},
		Fields: Ordered[string]{{"Z", "007", 9, 10}, {"A", "1.10", 9, 18}},
		Labels: map[string]string{"x": "y"}, Common: common{Identity: "id-1"}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(sample{})); d != "" {
		t.Error(d)
	}
}

// TestGolden compares everything that is said about each bad file with the text beside it.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, p := Parse(filepath.Base(name), src)
		p = append(p, f.Decode(&sample{})...)
		got, golden := p.Format(), strings.TrimSuffix(name, ".yaml")+".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (run with -update if it is right):\n%s", name, d)
		}
	}
}

func TestProblemPath(t *testing.T) {
	t.Parallel()
	src := "write:\n  - as: a\n    fields:\n      SURNAME: form.x | upper()\n      LONG: |\n        form.a +\n          form.b\n"
	f, p := Parse("m.yaml", []byte(src))
	if p != nil {
		t.Fatal(p)
	}
	at := func(p Problem) [2]int { return [2]int{p.Line, p.Column} }
	w, _ := f.Root().Get("write")
	fl, _ := w.Items[0].Get("fields")
	surname, _ := fl.Get("SURNAME")
	long, _ := fl.Get("LONG")
	for name, c := range map[string]struct {
		got  Problem
		want [2]int
	}{
		"value":    {f.Problem("c", "m", "", "write", 0, "fields", "SURNAME"), [2]int{4, 16}},
		"key":      {f.KeyProblem("c", "m", "", "write", 0, "fields", "SURNAME"), [2]int{4, 7}},
		"absent":   {f.Problem("c", "m", "", "write", 0, "fields", "NAME"), [2]int{3, 5}},
		"far off":  {f.Problem("c", "m", "", "answer", "from"), [2]int{1, 1}},
		"index":    {f.Problem("c", "m", "", "write", 7, "x"), [2]int{1, 1}},
		"inside":   {surname.ProblemAt(9, "c", "m", ""), [2]int{4, 25}},
		"block":    {long.ProblemAt(strings.Index(long.Text, "form.b"), "c", "m", ""), [2]int{7, 11}},
		"key of n": {fl.KeyProblem("LONG", "c", "m", ""), [2]int{5, 7}},
	} {
		if at(c.got) != c.want {
			t.Errorf("%s: at %v, want %v", name, at(c.got), c.want)
		}
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	f, p := Parse("a.yaml", []byte("folder: &f {path: /x}\nany: *f\n"))
	if p != nil {
		t.Fatal(p)
	}
	var s sample
	if p := f.Decode(&s); p != nil || s.Folder.Path != "/x" {
		t.Fatal(p, s)
	}
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 20; i++ {
		prev := string(rune('a' + i - 1))
		if i == 1 {
			prev = "a0"
		}
		cur := string(rune('a' + i))
		b.WriteString(cur + ": &" + cur + " [*" + prev + ", *" + prev + ", *" + prev + ", *" + prev + "]\n")
	}
	if _, p := Parse("bomb.yaml", []byte(b.String())); len(p) != 1 || p[0].Code != CodeTooLarge {
		t.Fatalf("alias bomb: %v", p)
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"flow":     "a: " + strings.Repeat("[", 100_000),
		"maps":     strings.Repeat("{a: ", 100_000),
		"sequence": strings.Repeat("- ", 100_000),
		"keys":     strings.Repeat("? ", 100_000),
		"anchors":  strings.Repeat("&a ", 100_000),
	} {
		if _, p := Parse(name, []byte(src)); len(p) == 0 {
			t.Errorf("%s: not refused", name)
		}
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{"0": 0, "90s": 90 * time.Second, "30d": 720 * time.Hour, "1d12h": 36 * time.Hour, "250ms": 250 * time.Millisecond} {
		if got, err := ParseDuration(s); err != nil || got != want {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"", "5", "-1s", "d", "1dd", "1d-1h", "x", "-1d", "99999999d", "65000d2500000h"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("%q: %v, want an error", s, got)
		}
	}
	for s, want := range map[string]int64{"0": 0, "12": 12, "-3": -3, "8MiB": 8 << 20, "500kB": 500_000, "1 GB": 1e9} {
		if got, err := ParseSize(s); err != nil || got != want {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"", "012", "0x10", "1.5MiB", "MiB", "9999999999TiB", "+1", "-", "--", "--5", "-B", "-0"} {
		if got, err := ParseSize(s); err == nil {
			t.Errorf("%q: %v, want an error", s, got)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	keys := []string{"listen", "log", "front-offices", "targets", "SURNAME"}
	for word, want := range map[string]string{"lissten": "listen", "targest": "targets", "front_office": "front-offices", "surname": "SURNAME", "zzzz": ""} {
		if got := Suggest(word, keys); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, name := range files {
		src, _ := os.ReadFile(name)
		f.Add(src)
	}
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, p := Parse("f.yaml", src)
		p = append(p, file.Decode(&sample{})...)
		_ = p.Format()
		_ = file.Root().Any()
		for _, x := range p {
			if x.Message == "" || x.Code == "" {
				t.Fatalf("problem without a message: %+v", x)
			}
		}
	})
}
