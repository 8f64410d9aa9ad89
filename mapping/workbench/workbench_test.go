package workbench

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
)

const formSchema = `{"type": "object", "properties": {
  "kind": {"enum": ["new", "old"]},
  "meta": {"type": "object", "properties": {"reference": {"type": "string", "maxLength": 20}}},
  "owner": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 40}, "born": {"type": "string", "format": "date"}, "e-mail": {"type": "string"}}},
  "parcels": {"type": "array", "items": {"type": "object", "properties": {"number": {"type": "string"}, "area": {"type": "number"}}}}}}`

// permit is a mapping that is right.
const permit = `mapping: permit
version: 1
input:
  format: json
  schema: permit.schema.json
  reference: form.meta.reference
let:
  owner: form.owner
  big: filter(form.parcels, .area > 10)
helpers:
  clean: {takes: [x], value: x | trim()}
lookups:
  kinds: {values: {new: N, old: O}}
layouts:
  line: {format: csv, fields: [{name: KIND, width: 3}, {name: NAME}]}
write:
  - as: main
    to: register
    table: APPLICATION
    fields:
      REF: form.meta.reference
      NAME: owner.name | clean() | upper()
      BORN: {value: owner.born | parseDate("yyyy-MM-dd"), default: "'1900-01-01'"}
      KIND: form.kind | lookup("kinds")
      BIG: count(big)
    returning: [NO]
  - as: parcels
    to: register
    table: PARCEL
    each: parcel in form.parcels
    fields:
      NO: main.NO
      NUMBER: parcel.number
      AREA: parcel.area
  - as: line
    to: host
    layout: line
    when: form.kind == "new"
    fields:
      KIND: form.kind
      NAME: owner.name
ignore: ['form.owner["e-mail"]']
`

// snapshot knows one table.
const snapshot = `{"register": {"system": "postgres", "tables": [{"name": "APPLICATION", "columns": [{"name": "NAME", "type": "VARCHAR(40)", "takes": "text", "required": true},
  {"name": "NO", "type": "INTEGER", "numbered": true}, {"name": "TOWN", "type": "VARCHAR(20)"}]}]}}`

// bench has a mapping whose text is not saved.
func bench(text string) *Bench {
	below := fstest.MapFS{"permit.schema.json": {Data: []byte(formSchema)}, "permit.yaml": {Data: []byte("mapping: other\n")}, "permit.catalog.json": {Data: []byte(snapshot)}}
	return &Bench{Files: Over(below, map[string][]byte{"permit.yaml": []byte(text)}), Name: "permit.yaml"}
}

// cursor is the place of ▮ in a text, which is taken out.
func cursor(t *testing.T, text string) (without string, line, column int) {
	t.Helper()
	before, after, found := strings.Cut(text, "▮")
	if !found {
		t.Fatal("no cursor")
	}
	return before + after, strings.Count(before, "\n"), len(before) - strings.LastIndex(before, "\n") - 1
}

// edited is the mapping in which something was replaced.
func edited(t *testing.T, from, to string) string {
	t.Helper()
	if strings.Count(permit, from) != 1 {
		t.Fatalf("%q stands %d times", from, strings.Count(permit, from))
	}
	return strings.Replace(permit, from, to, 1)
}

func TestThePermitIsRight(t *testing.T) {
	t.Parallel()
	c := bench(permit).Check()
	if len(c.Problems) > 0 || c.Plan == nil {
		t.Fatal(c.Problems)
	}
	c = bench(edited(t, "owner.born", "owner.bron")).Check()
	if c.Plan != nil || len(c.Problems) != 1 || c.Problems[0].Suggestion != `did you mean "born"?` {
		t.Fatal(c.Problems)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"▮":                                               "[] key ",
		"inp▮":                                            "[] key inp",
		"input:\n  for▮":                                  "[input] key for",
		"input:\n  format: j▮":                            "[input format] j",
		"input: {format: j▮":                              "[input format] j",
		"input: {format: json, sch▮":                      "[input] key sch",
		"input: {limits: {bytes: 1}, ▮":                   "[input] key ",
		"let:\n  a: form.x\n  b: a.▮":                     "[let b] a.",
		"let:\n  a: >-\n    form.x +\n    form.▮":         "[let a] form.x + form.",
		"write:\n  - as: x\n    fi▮":                      "[write 0] key fi",
		"write:\n  - as: x\n    fields:\n      A: form.▮": "[write 0 fields A] form.",
		"write:\n  - as: x\n    fields:\n      A: 1\n\n  # c\n  - as: y▮":  "[write 1 as] y",
		"write:\n- as: x\n- as: y\n  fields:\n    A: {value: form.▮":       "[write 1 fields A value] form.",
		"write:\n  - as: x\n    each: [a in form.l, b in a.▮":              "[write 0 each 1] b in a.",
		"ignore: [form.a, form.▮":                                          "[ignore 1] form.",
		"ignore:\n  - form.a\n  - form.▮":                                  "[ignore 1] key form.",
		"tests:\n  - form: x\n    expect:\n      main: [{A: 1, ▮":          "[tests 0 expect main 0] key ",
		"a: {b: [1, {c: 2}], d: ▮":                                         "[a d] ",
		"write:\n  - as: x\n    use: {part: p, with: {a: b}}\n    wh▮":     "[write 0] key wh",
		"write:\n  - as: x\n    fields:\n      A: form.kind == \"x: {\" ▮": `[write 0 fields A] form.kind == "x: {" `,
		"]}:▮": "[]}] ",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			text, line, column := cursor(t, text)
			p := placeAt(strings.Split(text, "\n"), line, column)
			have := fmt.Sprint(p.path) + " "
			if p.key {
				have += "key "
			}
			if have += p.text; have != want {
				t.Errorf("have %q, want %q", have, want)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to string // edit
		want     []string
		all      bool // nothing else
	}{
		"section":             {"lookups:", "loo▮", []string{"lookups key"}, true},
		"key of input":        {"  format: json", "  format: json\n  un▮", []string{"unused key", "unknown key"}, true},
		"word":                {"format: json", "format: ▮", []string{"json word", "xml word"}, false},
		"key of write":        {"    returning: [NO]", "    ret▮", []string{"returning key"}, true},
		"column of table":     {"      REF: form.meta.reference", "      ▮", []string{"TOWN column", "NO column"}, true},
		"column of layout":    {"      KIND: form.kind\n      NAME", "      K▮\n      NAME", []string{"KIND column"}, true},
		"field":               {"REF: form.meta.reference", "REF: form.▮", []string{"kind field", "meta field", "owner field", "parcels field"}, true},
		"field below":         {"REF: form.meta.reference", "REF: form.meta.re▮", []string{"reference field"}, true},
		"odd field":           {"REF: form.meta.reference", "REF: owner.▮", []string{`["e-mail"] field`, "born field", "name field"}, true},
		"member of let":       {"owner.name | clean() | upper()", "owner.n▮", []string{"name field"}, true},
		"item":                {"NUMBER: parcel.number", "NUMBER: parcel.▮", []string{"number field", "area field"}, true},
		"in a condition":      {"BIG: count(big)", "BIG: count(form.parcels, .a▮", []string{"area field"}, true},
		"of #":                {"BIG: count(big)", "BIG: count(filter(form.parcels, #.▮", []string{"area field", "number field"}, true},
		"piped":               {"BIG: count(big)", "BIG: form.parcels | filter(.n▮", []string{"number field"}, true},
		"of no list":          {"BIG: count(big)", "BIG: .▮", nil, true},
		"behind a word":       {"format: json", "format: json ▮", nil, true},
		"number":              {"let:\n  owner: form.owner", "sequences: {cases: {first: 7}}\nlet:\n  no: numbers.▮", []string{"cases returned"}, true},
		"item's name":         {"NUMBER: parcel.number", "NUMBER: par▮", []string{"parcel item", "parseDate helper"}, false},
		"no item elsewhere":   {"REF: form.meta.reference", "REF: par▮", []string{"parseDate helper", "parseDateTime helper"}, true},
		"let":                 {"REF: form.meta.reference", "REF: ow▮", []string{"owner let"}, true},
		"helper":              {"REF: form.meta.reference", "REF: form.kind | norm▮", []string{"normalizeSpace helper"}, true},
		"own helper":          {"REF: form.meta.reference", "REF: form.kind | cl▮", []string{"clean helper"}, true},
		"lookup":              {"lookup(\"kinds\")", "lookup(\"▮", []string{"kinds lookup"}, true},
		"returned":            {"NO: main.NO", "NO: main.▮", []string{"NO returned"}, true},
		"in a block":          {"{value: owner.born", "{value: owner.b▮", []string{"born field"}, true},
		"target":              {"to: host", "to: ▮", []string{"register target"}, true},
		"argument":            {"value: x | trim()", "value: x▮", []string{"x argument"}, true},
		"ignore":              {"ignore: ['form.owner[\"e-mail\"]'", "ignore: [form.own▮", []string{"owner field"}, true},
		"no comment":          {"lookups:", "# loo▮", nil, true},
		"quoted":              {"REF: form.meta.reference", "REF: \"form.▮", []string{"kind field"}, false},
		"nothing in a string": {"REF: form.meta.reference", "REF: 'concat(\"form.▮", nil, true},
		"member of nothing":   {"REF: form.meta.reference", "REF: nobody.▮", nil, true},
		"half a file":         {"ignore: ['form.owner[\"e-mail\"]']", "ignore: [form.own▮\n  x: {[", []string{"owner field"}, true},
		"name of the form":    {"REF: form.meta.reference", "REF: f▮", []string{"form root", "filter helper"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, line, column := cursor(t, edited(t, c.from, c.to))
			have := bench(text).Complete(line, column)
			var got []string
			for _, i := range have.Items {
				got = append(got, i.Label+" "+string(i.Kind))
			}
			for _, w := range c.want {
				if !slices.Contains(got, w) {
					t.Errorf("%q is missing in %q", w, got)
				}
			}
			if c.all && len(got) != len(c.want) {
				t.Errorf("have %q, want %q", got, c.want)
			}
		})
	}
}

func TestHover(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at   string // in the mapping, with the cursor
		want []string
	}{
		"key":           {"  refer▮ence: form.meta", []string{"the sender's own reference"}},
		"column":        {"      NA▮ME: owner.name |", []string{"**NAME** of register APPLICATION, write main", "column: VARCHAR(40), not null", "from form.owner.name: string, at most 40 characters", "through owner: `form.owner`", "then `clean()`: x | trim()", "then `upper()`: in capitals"}},
		"block":         {"      BO▮RN: {value", []string{"from form.owner.born: string (date)", "then `parseDate(\"yyyy-MM-dd\")`", "becomes `'1900-01-01'`"}},
		"filter":        {"      B▮IG: count(big)", []string{"from form.parcels: list", "from form.parcels.area: number", "through big"}},
		"field":         {"KIND: form.ki▮nd | lookup", []string{"**form.kind**: any value", "to KIND of register APPLICATION", "to KIND of host line", "to when of host line"}},
		"reference":     {"REF: form.meta.refer▮ence", []string{"to reference of input", "to REF of register APPLICATION"}},
		"list":          {"parcel in form.par▮cels", []string{"to each of register PARCEL", "to BIG of register APPLICATION", "to AREA of register PARCEL"}},
		"branch":        {"owner: form.ow▮ner", []string{"**form.owner**: object", "to NAME of register APPLICATION", "to BORN of register APPLICATION"}},
		"item":          {"AREA: parcel.ar▮ea", []string{"**form.parcels.area**: number", "to AREA of register PARCEL"}},
		"let":           {"BIG: count(bi▮g)", []string{"let **big**", "from form.parcels.area"}},
		"helper":        {"clean() | up▮per()", []string{"in capitals; ß becomes SS", "missing stays missing", `"Straße" | upper() = "STRASSE"`}},
		"own helper":    {"| cle▮an() | upper()", []string{"clean(x): x | trim()"}},
		"lookup":        {`lookup("ki▮nds")`, []string{"new → N, old → O"}},
		"returned":      {"NO: main.N▮O", []string{"the target returns it", "[NO]"}},
		"member":        {"form.parcels, .ar▮ea > 10", []string{"**form.parcels.area**: number", "to BIG of register APPLICATION"}},
		"in a text":     {"\"yyyy-M▮M-dd\"", nil},
		"key in a line": {"{va▮lue: owner.born", []string{"expression"}},
		"nothing":       {"version: ▮1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, line, column := cursor(t, edited(t, strings.Replace(c.at, "▮", "", 1), c.at))
			have := bench(text).Hover(line, column)
			for _, w := range c.want {
				if !strings.Contains(have.Text, w) {
					t.Errorf("%q is missing in\n%s", w, have.Text)
				}
			}
			if c.want == nil && have.Text != "" {
				t.Errorf("have %q", have.Text)
			}
		})
	}
}

// TestNothingPanics asks at every place of every prefix of a mapping, and of what no mapping is.
func TestNothingPanics(t *testing.T) {
	t.Parallel()
	texts := []string{"", "\n", "\x00", "a: &a [*a]", "write: {", "write:\n  - ", "let: {a: b, b: a}\nwrite:\n- fields: {X: a}", "- - - a: b", "write: 1\ntests: x", "helpers:\n  x:\n    value: x.", "{}]:{[", "ü: ö: ä"}
	for i := 0; i < len(permit); i += 211 {
		texts = append(texts, permit[:i])
	}
	for _, text := range texts {
		b := bench(text)
		b.Check()
		for line, l := range strings.Split(text, "\n") {
			for column := 0; column <= len(l); column += max(1, len(l)/2) {
				b.complete(line, column) // without what catches a panic
				b.hover(line, column)
			}
		}
		b.complete(1000, 0)
		b.hover(-1, 5)
	}
}

func FuzzBench(f *testing.F) {
	f.Add(permit, 10, 5)
	f.Add("write: [{fields: {A: form.", 0, 26)
	f.Fuzz(func(t *testing.T, text string, line, column int) {
		b := bench(text)
		c := b.complete(line, column)
		if lines := strings.Split(b.text(), "\n"); len(c.Items) > 0 && (c.From < 0 || c.From > len(lines[line])) {
			t.Error(c.From)
		}
		h := b.hover(line, column)
		if lines := strings.Split(b.text(), "\n"); h.Text != "" && (h.From < 0 || h.To > len(lines[line]) || h.From > h.To) {
			t.Error(h)
		}
	})
}

func TestFixes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, want string }{
		"field":         {"NUMBER: parcel.number", "NUMBER: parcel.nummer", "      NUMBER: parcel.number"},
		"field of let":  {"owner: form.owner", "owner: form.ownr", "  owner: form.owner"},
		"key":           {"    returning:", "    returnin:", "    returning: [NO]"},
		"helper":        {"| upper()", "| uppr()", "      NAME: owner.name | clean() | upper()"},
		"word":          {"format: json\n", "format: \"jso\"\n", "  format: \"json\""},
		"forgotten":     {"NUMBER: parcel.number", "NUMBER: 1", "ignore: [form.parcels.number, 'form.owner[\"e-mail\"]']"},
		"not there yet": {"ignore: ['form.owner[\"e-mail\"]']\n", "", "ignore: ['form.owner[\"e-mail\"]']\n"},
		"by hand":       {"ignore: ['form.owner[\"e-mail\"]']\n", "ignore:\n  - form.x\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := edited(t, c.from, c.to)
			b := bench(text)
			have := ""
			for _, p := range b.Check().Problems {
				if f, is := b.Fix(p); is {
					line := strings.Split(text, "\n")[f.Line]
					have = line[:f.From] + f.Text + line[f.To:]
				}
			}
			if have != c.want {
				t.Errorf("have %q, want %q", have, c.want)
			}
		})
	}
}

func TestNamesOfParts(t *testing.T) {
	t.Parallel()
	text := strings.Replace(permit, "let:\n", "use: {part: names, from: common.yaml, with: {who: form.owner}}\nlet:\n", 1)
	text = strings.Replace(text, "REF: form.meta.reference", "REF: who▮le | trim()", 1)
	text, line, column := cursor(t, text)
	b := bench(text)
	b.Files = Over(b.Files, map[string][]byte{"common.yaml": []byte("parts:\n  names:\n    let: {whole: $(who).name}\n")})
	if have := b.Complete(line, column); len(have.Items) != 1 || have.Items[0].Label != "whole" {
		t.Error(have)
	}
	if have := b.Hover(line, column).Text; !strings.Contains(have, "from form.owner.name") {
		t.Error(have)
	}
}

func TestLetsThatDouble(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("mapping: x\nversion: 1\nlet:\n  a0: form.x\n")
	for i := range 60 {
		fmt.Fprintf(&text, "  a%d: a%d + a%d\n", i+1, i, i)
	}
	b := bench(text.String())
	if h := b.Hover(3, 3); !strings.Contains(h.Text, "form.x") {
		t.Error(h.Text)
	}
	b.Hover(63, 4)
}

func TestSee(t *testing.T) {
	t.Parallel()
	form := `{"kind": "new", "meta": {"reference": "R-1"}, "owner": {"name": "Özlem", "born": "1985-03-12", "e-mail": "ö@x"}, "parcels": [{"number": "1", "area": 12.5}, {"number": "2", "area": 3}]}`
	in := mapping.Input{ID: "1", Reference: "x"}
	v := bench(permit).See([]byte(form), in, true)
	if len(v.Deliveries) != 2 || v.Deliveries[0].Count != 3 || v.Deliveries[0].Records[0].Fields[1] != (Value{"NAME", "text", "ÖZLEM", "/owner/name", "owner.name | clean() | upper()", ""}) {
		t.Errorf("%+v", v.Deliveries)
	}
	if lines := v.Deliveries[1].Lines; len(lines) != 1 || lines[0] != "new,Özlem" {
		t.Error(lines)
	}
	if to := v.Tree.Below[3].Below[1].Below[0]; to.Name != "area" || to.Value != "3" || !slices.Equal(to.To, []string{"register APPLICATION BIG", "register PARCEL AREA"}) {
		t.Errorf("%+v", to)
	}
	v = bench(permit).See([]byte(form), in, false)
	if shown := fmt.Sprintf("%+v %+v", v.Deliveries, *v.Tree.Below[2].Below[2]); strings.ContainsAny(shown, "Öö58") || !strings.Contains(shown, "XXXXX") || !strings.Contains(shown, "(returned main.NO)") {
		t.Error(shown)
	}
	many := strings.Repeat(`{"number": "1", "area": 1},`, 3000)
	v = bench(permit).See([]byte(strings.Replace(form, `"parcels": [`, `"parcels": [`+many, 1)), in, false)
	if d := v.Deliveries[0]; d.Count != 3003 || len(d.Records) != maxRecords || len(v.Tree.Below[3].Below) > 3000 {
		t.Error(d.Count, len(d.Records), len(v.Tree.Below[3].Below))
	}
	if v = bench(edited(t, "| upper()", "| uper()")).See([]byte(form), in, true); v.Plan != nil || v.Tree == nil || v.Deliveries != nil || v.Tree.Below[2].Below[2].Value != "Özlem" {
		t.Error("the form is shown while the mapping is wrong")
	}
	if v = bench(permit).See([]byte(`{"kind": "odd", "owner": 7}`), in, true); len(v.Errors) != 2 || len(v.Tree.Below[1].Errors) != 1 {
		t.Errorf("%+v", v.Errors)
	}
}

func TestOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/saved", []byte("on disk"), 0o600); err != nil {
		t.Fatal(err)
	}
	fsys := Over(os.DirFS(dir), map[string][]byte{"new": []byte("in the editor")})
	for name, want := range map[string]string{"saved": "on disk", "new": "in the editor"} {
		text, err := fs.ReadFile(fsys, name)
		info, statErr := fs.Stat(fsys, name)
		if err != nil || statErr != nil || string(text) != want || info.Size() != int64(len(want)) {
			t.Error(name, string(text), err, statErr)
		}
	}
	if _, err := fs.ReadFile(fsys, "none"); err == nil {
		t.Error("there is no such file")
	}
}

// TestRealMappings asks all that can be asked of mappings that work.
func TestRealMappings(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("../../configs/*/mappings/*.yaml")
	more, _ := filepath.Glob("../../test/examples/*/*.yaml")
	seen := 0
	for _, path := range append(files, more...) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains("\n"+string(raw), "\nmapping:") {
			continue
		}
		t.Run(path, func(t *testing.T) {
			b := &Bench{Files: os.DirFS(filepath.Dir(path)), Name: filepath.Base(path)}
			for _, s := range b.Samples() {
				form, err := b.Sample(s)
				if err != nil {
					t.Fatal(err)
				}
				v := b.See(form, mapping.Input{ID: "1", Reference: s}, false)
				if v.Plan == nil || v.Tree == nil && len(v.Errors) == 0 && v.Parked == "" || len(v.Errors) == 0 && v.Parked == "" && len(v.Deliveries) == 0 {
					t.Errorf("%s: %v %v", s, v.Problems, v.Parked)
				}
				seen++
			}
			columns, made := 0, 0
			for i, l := range strings.Split(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n") {
				h := readHead(l)
				if i%9 == 0 {
					b.complete(i, len(l))
				}
				if !h.keyed || h.column < 4 {
					continue
				}
				if told := b.hover(i, h.column).Text; strings.Contains(told, ", write ") {
					if columns++; strings.Contains(told, "\n- by `") {
						made++
					}
				}
			}
			if columns == 0 || made < columns {
				t.Errorf("%d columns, %d are explained", columns, made)
			}
		})
	}
	if seen < 8 {
		t.Errorf("only %d forms", seen)
	}
}
