package author

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/source"
)

// printed compiles what the command prints.
func printed(t *testing.T, which string) *jsonschema.Schema {
	t.Helper()
	a, out := appOf("")
	group := schemas(a)
	group.SetArgs([]string{which})
	if err := group.Execute(); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(which, doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile(which)
}

// written finds all YAML files of the repository, those inside of scripts unpacked, and hands them over one by one.
func written(t *testing.T, visit func(path string, src []byte)) {
	t.Helper()
	err := filepath.WalkDir("../../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := os.ReadFile(path)
		switch filepath.Ext(path) {
		case ".yaml":
			visit(path, src)
		case ".txtar":
			dir := t.TempDir()
			files := txtar.Parse(src).Files
			for _, f := range files {
				to := filepath.Join(dir, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
					return err
				}
				if err := os.WriteFile(to, f.Data, 0o600); err != nil {
					return err
				}
			}
			for _, f := range files {
				if strings.HasSuffix(f.Name, ".yaml") {
					visit(filepath.Join(dir, filepath.FromSlash(f.Name)), f.Data)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSchemasAgree has the schemas for editors take each mapping and configuration of the repository that the program takes, and refuse
// those in which it finds a key, a type or a word that does not belong there.
func TestSchemasAgree(t *testing.T) {
	t.Parallel()
	mappings, configs := printed(t, "mapping"), printed(t, "config")
	taken, refused, configured := 0, 0, 0
	written(t, func(path string, src []byte) {
		f, problems := diag.Parse(path, src)
		if len(problems) > 0 {
			return
		}
		_, isMapping := f.Root().Get("mapping")
		_, isConfig := f.Root().Get("agency")
		switch {
		case isMapping:
			wrong := f.Decode(&source.Mapping{})
			err := mappings.Validate(f.Root().Any())
			_, loads := loadMapping(path)
			if loads == nil {
				if taken++; err != nil {
					t.Errorf("%s is refused: %v", path, err)
				}
			}
			if len(wrong) > 0 {
				if refused++; err == nil {
					t.Errorf("%s is taken although\n%s", path, wrong.Format())
				}
			}
		case isConfig:
			a, _ := appOf("")
			if _, err := a.LoadFile(path, true); err == nil {
				if configured++; configs.Validate(f.Root().Any()) != nil {
					t.Errorf("%s is refused: %v", path, configs.Validate(f.Root().Any()))
				}
			}
		}
	})
	if taken < 20 || refused < 1 || configured < 10 {
		t.Errorf("only %d mappings taken, %d refused, %d configurations", taken, refused, configured)
	}
}

// TestSchemaOfMistakes counts what of the mistakes that people make in mappings an editor shows at once.
func TestSchemaOfMistakes(t *testing.T) {
	t.Parallel()
	s := printed(t, "mapping")
	const right = `mapping: m
version: 1
input: {format: json, limits: {bytes: 1MiB}}
let: {a: form.a}
lookups:
  kinds: {values: {a: A}}
layouts:
  line: {format: fixed, line-ending: lf, fields: [{name: A, width: 3, type: text, align: left}]}
write:
  - as: w
    to: t
    table: T
    mode: upsert
    key: A
    fields:
      A: form.a
      B: {value: form.b, type: "decimal(9,2)", round: half-up, onEmpty: "null"}
answer: {from: t, query: select 1, id: ID, every: 10s, match: {A: form.a}, outcome: {S: {A: approved}}, documents: [{name: a.pdf, from: PDF}]}
tests:
  - {form: a.json, expect: {w: [{A: x}]}}
`
	valid := func(text string) bool {
		f, problems := diag.Parse("m.yaml", []byte(text))
		return len(problems) == 0 && s.Validate(f.Root().Any()) == nil
	}
	if !valid(right) {
		t.Fatal("what is right is refused")
	}
	for _, c := range [][2]string{
		{"mapping: m", "mappin: m"}, {"mapping: m", "mapping: M 1"}, {"mapping: m\n", ""}, {"version: 1", "version: 0"}, {"version: 1", "version: one"},
		{"format: json", "format: jsn"}, {"format: json", "fromat: json"}, {"format: json, ", ""}, {"limits: {bytes", "limit: {bytes"}, {"1MiB", "much"}, {"1MiB", "[1]"},
		{"let: {a: form.a}", "let: [form.a]"}, {"let: {a: form.a}", "let: {a: {value: form.a}}"}, {"let:", "lets:"},
		{"values: {a: A}", "valeus: {a: A}"}, {"values: {a: A}", "values: {a: A}, file: k.csv"}, {"kinds: {values: {a: A}}", "kinds: {key: A}"},
		{"format: fixed", "format: fix"}, {"line-ending: lf", "line-ending: unix"}, {"line-ending: lf", "lineending: lf"}, {"width: 3", "with: 3"}, {"width: 3", "width: wide"},
		{"type: text", "type: string"}, {"align: left", "align: middle"},
		{"as: w", "is: w"}, {"    to: t\n", ""}, {"to: t", "target: t"}, {"table: T", "tabel: T"}, {"table: T", "table: T\n    layout: line"}, {"    table: T\n", ""},
		{"table: T", "procedure: P"}, {"mode: upsert", "mode: merge"}, {"mode: upsert", "mode: [upsert]"}, {"key: A", "keys: A"}, {"key: A", "key: {A: form.a}"},
		{"A: form.a\n      B", "A: [form.a]\n      B"}, {"A: form.a\n      B", "A:\n      B"}, {"value: form.b", "vaule: form.b"}, {"decimal(9,2)", "number(9,2)"}, {"decimal(9,2)", "varchar(9)"},
		{"round: half-up", "round: up-half"}, {"onEmpty: \"null\"", "onEmpty: nothing"}, {"onEmpty:", "onempty:"}, {"onEmpty: \"null\"", "overflow: truncate"}, {"onEmpty: \"null\"", "precision: some"},
		{"onEmpty: \"null\"", "required: true"}, {"from: t, query", "form: t, query"}, {"from: t, ", ""}, {"query:", "sql:"}, {"every: 10s", "every: often"}, {"match: {A: form.a}", "match: form.a"},
		{"outcome: {S: {A: approved}}", "outcome: {A: approved}"}, {"outcome: {S: {A: approved}}", "outcome: S"}, {"approved", "Approved!"}, {"name: a.pdf, ", ""}, {"from: PDF", "column: PDF"},
		{"form: a.json", "from: a.json"}, {"form: a.json, ", ""}, {"form: a.json", "form: a.json, answer: b.csv"}, {"expect: {w: [{A: x}]}", "expect: {w: {A: x}}"}, {"tests:", "test:"},
		{"tests:\n  - {form", "tests:\n  {form"}, {"write:\n", "writes:\n"},
	} {
		t.Run(c[0]+" → "+c[1], func(t *testing.T) {
			t.Parallel()
			wrong := strings.Replace(right, c[0], c[1], 1)
			if bytes.Equal([]byte(wrong), []byte(right)) {
				t.Fatal("nothing was changed")
			}
			if valid(wrong) {
				t.Error("it is taken")
			}
		})
	}
}

// TestSchemaOfConfigMistakes does the same for the configuration.
func TestSchemaOfConfigMistakes(t *testing.T) {
	t.Parallel()
	s := printed(t, "config")
	const right = `agency: A
state: ./state
listen: {address: "127.0.0.1:0"}
monitor: off
retention: {closed: 90d, rejected: forever}
inbaskets: {in: {folder: {path: ./in, quiet: 2s, after: {move: done}}}}
targets: {r: {sqlite: {path: r.db}, timeout: 30s, retry: {first: 1s}}}
front-offices: {p: {tokens: "${file:t}", quota: {rate: 50/s, bytes-per-day: 2GiB}}}
routes: {r: {from: in, mapping: m.yaml, front-office: p}}
`
	valid := func(text string) bool {
		f, problems := diag.Parse("inbasket.yaml", []byte(text))
		return len(problems) == 0 && s.Validate(f.Root().Any()) == nil
	}
	if !valid(right) {
		t.Fatal("what is right is refused")
	}
	for _, c := range [][2]string{{"agency:", "agncy:"}, {"listen:", "listne:"}, {"closed: 90d", "closed: [90d]"}, {"forever", "for ever"}, {"folder:", "foldr:"}, {"path: ./in", "pth: ./in"},
		{"quiet: 2s", "quiet: soon"}, {"sqlite: {path: r.db}, ", ""}, {"sqlite: {path: r.db}", "sqlite: {path: r.db}, smtp: {}"}, {"timeout: 30s", "timeuot: 30s"}, {"50/s", "50 a second"},
		{"2GiB", "lots"}, {"from: in", "form: in"}, {"mapping: m.yaml, ", ""}} {
		t.Run(c[0]+" → "+c[1], func(t *testing.T) {
			t.Parallel()
			if wrong := strings.Replace(right, c[0], c[1], 1); wrong == right || valid(wrong) {
				t.Errorf("it is taken:\n%s", wrong)
			}
		})
	}
}

// TestSchemasTell has a text for every key, which editors show beside it.
func TestSchemasTell(t *testing.T) {
	t.Parallel()
	var walk func(at string, s *jsonschema.Schema, seen map[*jsonschema.Schema]bool)
	walk = func(at string, s *jsonschema.Schema, seen map[*jsonschema.Schema]bool) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		for name, sub := range s.Properties {
			if sub.Description == "" {
				t.Errorf("%s.%s says nothing", at, name)
			}
			walk(at+"."+name, sub, seen)
		}
		for _, sub := range s.AnyOf {
			walk(at, sub, seen)
		}
		walk(at+"[]", s.Items2020, seen)
		if more, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
			walk(at+".*", more, seen)
		}
	}
	for _, which := range []string{"mapping", "config"} {
		walk(which, printed(t, which), map[*jsonschema.Schema]bool{})
	}
}
