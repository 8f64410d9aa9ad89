package load_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

const parts = `
parts:
  address:
    let: {$(prefix)at: $(of)}
    fields:
      $(prefix)STREET: $(prefix)at.street
      $(prefix)TOWN: {value: "$(of).town | upper()", type: text(20)}
    use: {part: phone, from: more/phone.yaml, with: {name: $(prefix)PHONE, of: $(of).phone}}
  kinds:
    lookups: {kinds: {values: {a: Alpha}}}
    let: {ref: form.ref}
    ignore: [form.x]
    write:
      - {as: log, to: register, table: LOG, fields: {REF: ref}}
  round: {use: {part: again, from: more/phone.yaml}}
  wrong: {fields: {A: form.nme, B: $(of), "": form.c}, let: {"2": form.x}}
  shadow: {let: {form: form.x}}
  order: {order: form.x}
`

const phone = `
parts:
  phone: {fields: {$(name): $(of)}}
  again: {use: {part: round, from: ../parts.yaml}}
`

// used is a mapping that uses parts.
func used(top, write string) fstest.MapFS {
	src := "mapping: m\nversion: 1\n" + top + "input: {format: json, schema: s.json, unused: allow}\nwrite:\n  - as: w\n    to: register\n    table: T\n" + write
	return fstest.MapFS{"m.yaml": {Data: []byte(src)}, "lib/parts.yaml": {Data: []byte(parts)}, "lib/more/phone.yaml": {Data: []byte(phone)}, "lib/broken.yaml": {Data: []byte("parts: {a: ]")},
		"s.json": {Data: []byte(`{"type":"object","properties":{"ref":{"type":"string"},"x":{},"c":{},"kind":{"type":"string"},"a":{"$ref":"#/$defs/a"},"b":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"object","properties":{"street":{"type":"string"},"town":{"type":"string"},"phone":{"type":"string"}}}}}`)}}
}

const twoAddresses = `    use:
      - {part: address, from: lib/parts.yaml, with: {of: form.a, prefix: A_}}
      - {part: address, from: lib/parts.yaml, with: {of: form.b, prefix: B_}}
    fields: {REF: ref, KIND: 'form.kind | lookup("kinds")'}
`

// Parts stand where they are used, each with its own texts, and the bundle that forms are pinned to has them.
func TestParts(t *testing.T) {
	t.Parallel()
	files := used("use: {part: kinds, from: lib/parts.yaml}\n", twoAddresses)
	p, err := load.Mapping(files, "m.yaml", mappings.Catalog{})
	if err != nil {
		t.Fatalf("\n%v", err)
	}
	again, err := load.Bundle(p.Bundle(), nil)
	if err != nil || again.Digest() != p.Digest() {
		t.Fatal(err)
	}
	for _, p := range []*mapping.Plan{p, again} {
		m, err := p.Map(mappings.Form(t, p, `{"ref":"R","kind":"a","a":{"street":"s","town":"t","phone":"1"},"b":{"town":"u"}}`), expr.Input{ID: "1"})
		if err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, r := range m.Deliveries[0].Records {
			for i, f := range r.Shape.Fields {
				have = append(have, f+"="+mapping.Show(r.Values[i]))
			}
		}
		if s := strings.Join(have, " "); s != "REF=R KIND=Alpha A_STREET=s A_TOWN=T A_PHONE=1 B_STREET=(missing) B_TOWN=U B_PHONE=(missing) REF=R" {
			t.Error(s)
		}
	}
	files["lib/more/phone.yaml"].Data = append(files["lib/more/phone.yaml"].Data, '\n')
	if other, err := load.Mapping(files, "m.yaml", mappings.Catalog{}); err != nil || other.Digest() == p.Digest() {
		t.Errorf("a changed part is not noticed: %v", err)
	}
}

// What is wrong in a part is told with its place there and that of its use.
func TestWrongParts(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"", "    use: {part: wrong, from: lib/parts.yaml, with: {of: form.kin}}\n    fields: {REF: form.ref}\n",
			`lib/parts.yaml:16:23: the form's schema has no field "nme" here, used at m.yaml:8 [mapping.unknown-field]; lib/parts.yaml:16:36: the form's schema has no field "kin" here, used at m.yaml:8 [mapping.unknown-field]; lib/parts.yaml:16:46: a column's name is not empty and does not begin or end with a blank, used at m.yaml:8 [mapping.value]; lib/parts.yaml:16:65: a name is made of letters, digits and _, and is no word of the language, used at m.yaml:8 [mapping.value]`},
		{"", "    use: {part: address, from: lib/parts.yaml, with: {of: form.c, prefix: A_}}\n    fields: {A_TOWN: form.ref}\n",
			`lib/parts.yaml:7:7: fields has "A_TOWN" already, in m.yaml, line 9, used at m.yaml:8 [yaml.duplicate-key]`},
		{"", "    use: {part: adress, from: lib/parts.yaml}\n    fields: {REF: form.ref}\n", `m.yaml:8:17: lib/parts.yaml has no part "adress" [mapping.part]`},
		{"", "    use: {part: address, from: lib/part.yaml}\n    fields: {REF: form.ref}\n", `m.yaml:8:32: the file does not exist [mapping.part]`},
		{"", "    use: {part: address, from: /lib/parts.yaml}\n    fields: {REF: form.ref}\n", `m.yaml:8:32: the name must be relative to the file it stands in, with / between folders [mapping.part]`},
		{"", "    use: {part: address, from: lib/parts.yaml, with: {of: form.a}}\n    fields: {REF: form.ref}\n", `m.yaml:8:54: the part address needs a text for $(prefix) [mapping.part]`},
		{"", "    use: {part: address, from: lib/parts.yaml, with: {of: form.a, prefix: A_, at: x}}\n    fields: {REF: form.ref}\n", `m.yaml:8:54: the part address has no $(at) [mapping.part]`},
		{"", "    use: {part: address, from: lib/parts.yaml, with: {of: form.a ?? form.b, prefix: A_}}\n    fields: {REF: form.ref}\n", `m.yaml:8:54: $(of) stands for a name or a way, such as form.owner.address [mapping.part]`},
		{"", "    use: {part: address, from: lib/parts.yaml, with: {of: 'form[\"a\"]', prefix: A_}}\n    fields: {REF: form.ref}\n", `m.yaml:8:54: with these texts the part cannot be read as YAML [mapping.part]`},
		{"", "    use: {part: round, from: lib/parts.yaml}\n    fields: {REF: form.ref}\n",
			`lib/more/phone.yaml:4:23: parts use each other without end: round of lib/parts.yaml → again of lib/more/phone.yaml → round of lib/parts.yaml, used at lib/parts.yaml:15, used at m.yaml:8 [mapping.part]`},
		{"", "    use: {part: a, from: lib/broken.yaml}\n    fields: {REF: form.ref}\n", `lib/broken.yaml:1:12: this is not valid YAML: could not find '[' character corresponding to ']' [yaml.syntax]`},
		{"", "    use: {part: kinds, from: lib/parts.yaml}\n    fields: {REF: form.ref}\n", `lib/parts.yaml:10:5: the key "lookups" cannot stand in this file, used at m.yaml:8 [yaml.unknown-key]; lib/parts.yaml:12:5: the key "ignore" cannot stand in this file, used at m.yaml:8 [yaml.unknown-key]; lib/parts.yaml:13:5: the key "write" cannot stand in this file, used at m.yaml:8 [yaml.unknown-key]`},
		{"use: {part: address, from: lib/parts.yaml, with: {of: form.a, prefix: A_}}\n", "    fields: {REF: form.ref}\n", `lib/more/phone.yaml:3:11: the key "fields" cannot stand in this file, used at lib/parts.yaml:8, used at m.yaml:3 [yaml.unknown-key]; lib/parts.yaml:5:5: the key "fields" cannot stand in this file, used at m.yaml:3 [yaml.unknown-key]`},
		{"use: {part: order, from: lib/parts.yaml}\n", "    fields: {REF: form.ref}\n", `lib/parts.yaml:18:11: the key "order" cannot stand in this file, used at m.yaml:3 [yaml.unknown-key]`},
		{"use: {part: shadow, from: lib/parts.yaml}\n", "    fields: {REF: form.ref}\n", `lib/parts.yaml:17:18: "form" is already the name of something else here, used at m.yaml:3 [mapping.shadow]`},
		{"use: {prt: shadow, from: lib/parts.yaml}\n", "    fields: {REF: form.ref}\n", `m.yaml:3:6: the key "part" is missing here [yaml.missing-key]; m.yaml:3:7: unknown key "prt" [yaml.unknown-key]`},
	} {
		_, err := load.Mapping(used(c[0], c[1]), "m.yaml", mappings.Catalog{})
		have := ""
		if problems := mappings.Problems(err); len(problems) > 0 {
			var all []string
			for _, p := range problems {
				all = append(all, p.String())
			}
			have = strings.Join(all, "; ")
		}
		if have != c[2] {
			t.Errorf("%s%s\n have %s\n want %s", c[0], c[1], have, c[2])
		}
	}
}

// TestFilesOfParts: what a part names lies beside the part, also where there is another one beside the mapping, and the bundle has it.
func TestFilesOfParts(t *testing.T) {
	t.Parallel()
	const list, layout = "k,v\na,%s\n", "{format: csv, fields: [{name: %s}]}\n"
	part := "parts:\n  one:\n    lookups: {k: {file: k.csv, key: k, value: v}}\n    layouts: {l: {file: l.yaml}}\n"
	src := "mapping: m\nversion: 1\ninput: {format: json}\nuse: {part: one, from: x/x.yaml}\nlookups: {own: {file: k.csv, key: k, value: v}}\n" +
		"write:\n  - {as: w, to: register, table: T, fields: {A: 'form.a | lookup(\"k\")', B: 'form.a | lookup(\"own\")'}}\n  - {as: f, to: drop, layout: l, fields: {PART: form.b}}\n"
	files := func(folder string) fstest.MapFS {
		return fstest.MapFS{folder + "x.yaml": {Data: []byte(src)}, folder + "k.csv": {Data: []byte(fmt.Sprintf(list, "mapping"))}, folder + "l.yaml": {Data: []byte(fmt.Sprintf(layout, "MAPPING"))},
			folder + "x/x.yaml": {Data: []byte(part)}, folder + "x/k.csv": {Data: []byte(fmt.Sprintf(list, "part"))}, folder + "x/l.yaml": {Data: []byte(fmt.Sprintf(layout, "PART"))}}
	}
	for _, folder := range []string{"", "x/"} { // where the mapping's path is that of the part beside it, too
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			p, err := load.Mapping(files(folder), folder+"x.yaml", mappings.Catalog{})
			if err != nil {
				t.Fatalf("\n%v", err)
			}
			again, err := load.Bundle(p.Bundle(), nil)
			if err != nil || again.Digest() != p.Digest() {
				t.Fatal(err)
			}
			for _, p := range []*mapping.Plan{p, again} {
				m, err := p.Map(mappings.Form(t, p, `{"a":"a","b":"b"}`), expr.Input{ID: "1"})
				if err != nil {
					t.Fatal(err)
				}
				r := m.Deliveries[0].Records[0]
				if have := mapping.Show(r.Values[0]) + " " + mapping.Show(r.Values[1]); have != "part mapping" {
					t.Error(have)
				}
			}
		})
	}
	for name, want := range map[string]string{"/k.csv": "x/x.yaml:3:25: the name must be relative", "none.csv": "x/x.yaml:3:25: the file does not exist", "../k.csv": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := files("")
			fsys["x/x.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(part, "k.csv", name, 1))}
			_, err := load.Mapping(fsys, "x.yaml", mappings.Catalog{})
			have := ""
			if problems := mappings.Problems(err); len(problems) > 0 {
				have = problems[0].String()
			}
			if !strings.HasPrefix(have, want) || want == "" && have != "" {
				t.Errorf("have %s, want %s", have, want)
			}
		})
	}
}

// TestOrderOfParts: parts come in the order in which they stand, before what the mapping has itself, so each may use those before it.
func TestOrderOfParts(t *testing.T) {
	t.Parallel()
	const two = "parts:\n  one: {let: {first: form.a | upper()}, use: {part: zero, from: x.yaml}}\n  two: {let: {second: 'concat(first, zeroth)'}}\n  zero: {let: {zeroth: form.b | upper()}}\n"
	for use, want := range map[string]string{"[one, two]": "", "[two, one]": `nothing here is named "first"`} {
		t.Run(use, func(t *testing.T) {
			t.Parallel()
			use := strings.NewReplacer("one", "{part: one, from: x.yaml}", "two", "{part: two, from: x.yaml}").Replace(use)
			src := "mapping: m\nversion: 1\ninput: {format: json}\nuse: " + use + "\nlet: {third: 'concat(second, \"!\")'}\nwrite: [{as: w, to: register, table: T, fields: {A: third}}]\n"
			_, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}, "x.yaml": {Data: []byte(two)}}, "m.yaml", mappings.Catalog{})
			have := ""
			if problems := mappings.Problems(err); len(problems) > 0 {
				have = problems.Format()
			}
			if !strings.Contains(have, want) || want == "" && have != "" {
				t.Errorf("have %s, want %s", have, want)
			}
		})
	}
}
