package source

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/mapping/diag"
)

const unordered = `# yaml-language-server: $schema=mapping.schema.json
# What it is.
version: 1
mapping: m # for life
tests:
  # the usual case
  - expect: {w: [{A: x}]}
    form: a.json # invented

  - name: two
    # with a comment of its own
    form: b.json
write:
  - fields: # all of them
      LONG_NAME: form.a
      A: {value: form.b,
        type: text(4)}
      "C": form.c # why
      # D: not yet
      E: >-
        concat(form.d,
        "# no comment")
    table: T
    # every form
    as: w
    to: t
  - {as: x, to: t, table: X, fields: {A: form.a}}
input:
  reference: form.r

  # the sender says so
  format: json
ignore: [form.z]
# the end
`

const ordered = `# yaml-language-server: $schema=mapping.schema.json
# What it is.
mapping: m # for life
version: 1
input:

  # the sender says so
  format: json
  reference: form.r
write:
    # every form
  - as: w
    to: t
    table: T
    fields: # all of them
      LONG_NAME: form.a
      A:         {value: form.b,
        type: text(4)}
      "C":       form.c # why
      # D: not yet
      E:         >-
        concat(form.d,
        "# no comment")
  - {as: x, to: t, table: X, fields: {A: form.a}}
ignore: [form.z]
tests:
  # the usual case
  - form: a.json # invented
    expect: {w: [{A: x}]}

  - name: two
    # with a comment of its own
    form: b.json
# the end
`

// TestFormat puts a mapping in order; what is in order stays.
func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, src, want string }{
		{"all of it", unordered, ordered},
		{"what is in order", ordered, ordered},
		{"no line end at the end", "mapping: m\nversion: 1", "mapping: m\nversion: 1\n"},
		{"line ends of Windows", "version: 1\r\nmapping: m\r\n", "mapping: m\r\nversion: 1\r\n"},
		{"keys that are not known stand last", "x: 1\nversion: 1\nmapping: m\n", "mapping: m\nversion: 1\nx: 1\n"},
		{"one line", "{version: 1, mapping: m}\n", "{version: 1, mapping: m}\n"},
		{"lists at the depth of their key", "write:\n- to: t\n  as: w\nversion: 1\n", "version: 1\nwrite:\n- as: w\n  to: t\n"},
		{"names keep their order", "let:\n  b: form.b\n  a: b\nversion: 1\n", "version: 1\nlet:\n  b: form.b\n  a: b\n"},
		{"nothing", "", "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, problems := Format("m.yaml", []byte(c.src))
			if len(problems) > 0 || string(got) != c.want {
				t.Errorf("%v\n%s", problems, cmp.Diff(c.want, string(got)))
			}
		})
	}
}

// TestFormatRefuses leaves what it cannot read, and what would say something else in another order.
func TestFormatRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, src, code string }{
		{"no YAML", "a: [", diag.CodeSyntax},
		{"an alias that would stand before its anchor", "tests:\n  - {form: &f a.json}\nignore: [*f]\n", CodeFormat},
		{"a text that takes in the blank lines below it", "version: 1\nlet:\n  a: |+\n    form.a\n\n\nmapping: m\n", CodeFormat},
		{"line ends of old Macs", "version: 1\rmapping: m\r", CodeFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, problems := Format("m.yaml", []byte(c.src))
			if len(problems) != 1 || problems[0].Code != c.code || got != nil {
				t.Errorf("%s\n%v", got, problems)
			}
		})
	}
}

// comments are the lines of a file that hold nothing else, without their depth.
func comments(src []byte) (out []string) {
	for _, line := range strings.Split(string(src), "\n") {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// stands checks what holds of every file: put in order twice it is as once, it says the same, and no comment is lost.
func stands(t *testing.T, src []byte) {
	once, problems := Format("m.yaml", src)
	if len(problems) > 0 {
		return
	}
	twice, problems := Format("m.yaml", once)
	if len(problems) > 0 || string(once) != string(twice) {
		t.Fatalf("%v\n%q\n%q\n%q", problems, src, once, twice)
	}
	before, _ := diag.Parse("m.yaml", src)
	after, problems := diag.Parse("m.yaml", once)
	if len(problems) > 0 || cmp.Diff(before.Root().Any(), after.Root().Any()) != "" {
		t.Fatalf("%v\n%s\n%s", problems, src, once)
	}
	if had, has := comments(src), comments(once); !slices.Equal(had, has) {
		t.Fatalf("comments %s", cmp.Diff(had, has))
	}
}

// shuffled puts the sections of a file, and the keys of its writes, in another order, each line with a comment above.
func shuffled(src string, r *rand.Rand) string {
	var sections []string
	for _, line := range strings.SplitAfter(src, "\n") {
		if len(sections) == 0 || line != "" && !strings.ContainsAny(line[:1], " #\n") {
			sections = append(sections, "")
			if line != "" && !strings.HasPrefix(line, "#") {
				line = "# above\n" + line
			}
		}
		sections[len(sections)-1] += line
	}
	r.Shuffle(len(sections), func(i, j int) { sections[i], sections[j] = sections[j], sections[i] })
	return strings.Join(sections, "")
}

// TestFormatRepository puts every mapping of the repository in order, also from other orders.
func TestFormatRepository(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../../configs/*/mappings/*.yaml")
	more, _ := filepath.Glob("../load/testdata/*/*.yaml")
	if names = append(names, more...); err != nil || len(names) < 4 {
		t.Fatal(names, err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		stands(t, src)
		once, problems := Format(name, src)
		if len(problems) > 0 {
			continue
		}
		if strings.Contains(name, "configs") && string(once) != string(src) {
			t.Errorf("%s is not in order: %s", name, cmp.Diff(string(src), string(once)))
		}
		for range 20 {
			mixed := shuffled(string(src), r)
			if _, problems := diag.Parse(name, []byte(mixed)); len(problems) == 0 {
				stands(t, []byte(mixed))
			}
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add([]byte(unordered))
	f.Add([]byte(ordered))
	f.Add([]byte("write:\n- to: t\n  as: w\n- - a\nversion: 1\n"))
	f.Add([]byte("tests:\n  - x: |2\n        a\n    form: b\n  -\n    form: c\n\n  - expect:\n    name: a\n"))
	f.Add([]byte("\n\r0: a"))
	f.Fuzz(stands)
}
