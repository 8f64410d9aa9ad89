package cases

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/mask"
)

// sampled makes a mapping, with its schema as s.json and a lookup in k.csv.
func sampled(t *testing.T, text, schema string) (*mapping.Plan, fstest.MapFS) {
	t.Helper()
	files := fstest.MapFS{"m.yaml": {Data: []byte("mapping: m\nversion: 1\n" + text)}, "s.json": {Data: []byte(schema)}, "k.csv": {Data: []byte("K,V\nA,first\nB,second\n")}}
	p, err := load.Mapping(files, "m.yaml", nil)
	if err != nil {
		t.Fatalf("\n%v", err)
	}
	return p, files
}

func TestMaskedFormsGoTheSameWay(t *testing.T) {
	t.Parallel()
	const open = "input: {format: json, unused: allow}\n"
	row := func(fields string) string { return "write: [{as: w, to: r, table: T, fields: {" + fields + "}}]\n" }
	for name, c := range map[string]struct {
		mapping, schema, form string
		hidden                []string // that must not be in the masked form
		stays                 []string // that must
		kept                  string
	}{
		"names and dates":                   {open + row(`N: 'form.a.name | trim()', D: 'form.born | parseDate("dd.MM.yyyy")'`), `{}`, `{"a":{"name":" Ada "},"born":"24.12.1815"}`, []string{"Ada", "24.12.1815"}, nil, ""},
		"listed by the schema":              {"input: {format: json, schema: s.json}\n" + row("K: form.k, N: form.n"), `{"type":"object","properties":{"k":{"enum":["new","old"]},"n":{"type":"string"}}}`, `{"k":"new","n":"Ada"}`, []string{"Ada"}, []string{`"k":"new"`}, "k: the schema lists it"},
		"a number the schema lists":         {"input: {format: json, schema: s.json}\n" + row("K: form.k"), `{"type":"object","properties":{"k":{"enum":[5,7]}}}`, `{"k":5}`, nil, []string{`"k":5`}, "k: the schema lists it"},
		"bounds of the schema":              {"input: {format: json, schema: s.json}\n" + row("N: form.n, C: form.c"), `{"type":"object","properties":{"n":{"type":"integer","minimum":1000,"maximum":2999},"c":{"type":"string","pattern":"^CASE-[0-9]+$"}}}`, `{"n":1815,"c":"CASE-12345"}`, []string{"1815", "12345"}, []string{"CASE-"}, ""},
		"a key of a lookup":                 {open + "lookups: {k: {values: {a: x, b: y}}}\n" + row(`K: 'form.k | lookup("k")', N: form.n`), `{}`, `{"k":"a","n":"Ada"}`, []string{"Ada"}, []string{`"k":"a"`}, "k: a lookup has it"},
		"a key of a file":                   {open + "lookups: {k: {file: k.csv, key: K, value: V}}\n" + row(`K: 'form.k | lookup("k")', N: form.n`), `{}`, `{"k":"A","n":"Ada"}`, []string{"Ada"}, []string{`"k":"A"`}, "k: a lookup has it"},
		"what a condition reads":            {open + strings.Replace(row("N: form.n"), "table", `when: form.k == "now", table`, 1), `{}`, `{"k":"now","n":"Ada"}`, []string{"Ada"}, []string{`"k":"now"`}, "k: a condition or rule reads it, and no mask of it decides alike"},
		"a condition by a name":             {open + "let: {kind: form.k | trim()}\n" + strings.Replace(row("N: form.n"), "table", `when: kind == "now", table`, 1), `{}`, `{"k":"now","n":"Ada"}`, []string{"Ada"}, []string{`"k":"now"`}, "k: a condition or rule reads it, and no mask of it decides alike"},
		"a condition that many keep":        {open + strings.Replace(row("N: form.n"), "table", `when: form.k != "now", table`, 1), `{}`, `{"k":"old","n":"Ada"}`, []string{"Ada", "old"}, nil, ""},
		"a rule across fields":              {open + "require: [{rule: form.from <= form.to, at: form.to, code: rule.order, text: order}]\n" + row("F: form.from, T: form.to"), `{}`, `{"from":"1815-12-10","to":"1815-12-11"}`, []string{"1815-12-10", "1815-12-11"}, nil, ""},
		"check digits":                      {open + row("I: form.i | checkIBAN(), B: form.b | checkBSN()"), `{}`, `{"i":"DE89370400440532013000","b":"111222333"}`, []string{"8937040044", "111222333"}, nil, ""},
		"check digits of the mapping's own": {open + row(`M: 'form.m | checkModulus(11, [4, 3, 2, 1])'`), `{}`, `{"m":"1007"}`, []string{"1007"}, nil, ""},
		"the same text twice":               {open + "require: [{rule: form.a == form.b, at: form.b, code: rule.same, text: same}]\n" + row("A: form.a, B: form.b"), `{}`, `{"a":"Ada","b":"Ada"}`, []string{"Ada"}, nil, ""},
		"rejected":                          {open + row("N: form.n, D: form.d | parseDate()"), `{}`, `{"n":"Ada","d":"tomorrow"}`, []string{"Ada", "tomorrow"}, nil, ""},
		"parked":                            {open + strings.Replace(row("N: form.n"), "table", `when: form.k == "now", table`, 1), `{}`, `{"k":"never","n":"Ada"}`, []string{"Ada", "never"}, nil, ""},
		"xml":                               {"input: {format: xml, unused: allow}\n" + row("N: form.name, B: form.ok | boolean()"), `{}`, `<f a="Ada"><!-- Ada --><name>Ada &amp; Bo</name><ok>true</ok></f>`, []string{"Ada", "Bo"}, []string{"<ok>true</ok>"}, "ok: it is true or false"},
		"urlencoded":                        {"input: {format: urlencoded, unused: allow}\n" + row("N: form.name"), `{}`, `name=Ada+Bo&x=1`, []string{"Ada", "Bo"}, []string{"name="}, ""},
		"each":                              {open + strings.Replace(row("N: q.n"), "table", "each: q in form.l, table", 1), `{}`, `{"l":[{"n":"Ada"},{"n":"Bo"},{"n":"Ada"}]}`, []string{"Ada", "Bo"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, files := sampled(t, c.mapping, c.schema)
			s := Sample{Form: []byte(c.form)}
			m, err := Mask(p, s, mask.New([]byte("secret")))
			if err != nil {
				t.Fatal(err)
			}
			was, _ := way(p, s)
			now, _ := way(p, m.Sample)
			if was != now {
				t.Errorf("it goes another way:\n%s\n%s", was, now)
			}
			for _, text := range c.hidden {
				if strings.Contains(string(m.Form), text) {
					t.Errorf("%s is in %s", text, m.Form)
				}
			}
			for _, text := range c.stays {
				if !strings.Contains(string(m.Form), text) {
					t.Errorf("%s is not in %s", text, m.Form)
				}
			}
			if kept := strings.Join(m.Kept, "; "); kept != c.kept {
				t.Errorf("kept %s, want %s", kept, c.kept)
			}
			passes(t, p, files, m)
		})
	}
}

// passes adds the case to the mapping and runs it.
func passes(t *testing.T, p *mapping.Plan, files fstest.MapFS, m *Masked) {
	t.Helper()
	var attached []string
	for i, a := range m.Attachments {
		name := fmt.Sprintf("x%d/%s", i, a.Name)
		files[name] = &fstest.MapFile{Data: []byte("x")}
		attached = append(attached, name)
	}
	lines, err := Case(p, m.Sample, "form.x", attached)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // to a mapping without cases, and to one with
		src, err := AddCase(files["m.yaml"].Data, lines)
		if err != nil {
			t.Fatal(err)
		}
		files["m.yaml"].Data, files["form.x"] = src, &fstest.MapFile{Data: m.Form}
	}
	if p, err = load.Mapping(files, "m.yaml", nil); err != nil {
		t.Fatalf("\n%v", err)
	}
	if list := Run(p, files); len(list) != 2 || !list[0].OK || !list[1].OK {
		t.Errorf("%+v\n%s", list, files["m.yaml"].Data)
	}
}

func TestMasksOfAttachmentsAndReturnedValues(t *testing.T) {
	t.Parallel()
	p, files := sampled(t, `input: {format: json, unused: allow}
layouts: {l: {format: csv, fields: [{name: NO}, {name: F}]}}
write:
  - {as: w, to: r, table: T, fields: {N: form.n}, returning: [NO, DAY]}
  - {as: l, to: drop, layout: l, fields: {NO: w.NO, F: form.file}}
`, `{}`)
	m, err := Mask(p, Sample{Form: []byte(`{"n":"Ada","file":"Ada.pdf"}`),
		Attachments: []connectors.Attachment{{Name: "Ada.pdf", ContentType: "application/pdf", Blob: connectors.BytesBlob([]byte("about Ada"))}},
		Returned:    map[string]connectors.Value{"w.NO": {Kind: connectors.Integer, Int: 4711}, "w.DAY": {Kind: connectors.Date, Str: "2026-01-02"}}}, mask.New([]byte("secret")))
	if err != nil {
		t.Fatal(err)
	}
	no, day, name := m.Returned["w.NO"], m.Returned["w.DAY"], m.Attachments[0].Name
	if no.Int == 4711 || no.Int < 1000 || no.Int > 9999 || day.Str == "2026-01-02" || len(day.Str) != 10 || !strings.HasSuffix(name, ".pdf") || name == "Ada.pdf" ||
		!strings.Contains(string(m.Form), `"file":"`+name+`"`) || m.Attachments[0].Blob.Size > 20 {
		t.Errorf("%v %v %s %s", no, day, name, m.Form)
	}
	passes(t, p, files, m)
}

func TestWhatCannotBeMaskedIsRefused(t *testing.T) {
	t.Parallel()
	const words = "input: {format: json, unused: allow}\nwrite: [{as: w, to: r, table: T, fields: {B: 'form.ok | boolean([\"jawohl\"], [\"niemals\"])', N: form.n}}]\n"
	for name, c := range map[string]struct{ mapping, form, keep, want string }{
		"a word that the mapping alone knows": {words, `{"ok":"jawohl","n":"Ada"}`, "", "no mask of ok goes the same way through the mapping, so no case is made; if it is no personal data say --keep ok, or write the case by hand"},
		"the same, to be kept":                {words, `{"ok":"jawohl","n":"Ada"}`, "ok", ""},
		"a format":                            {"input: {format: csv, unused: allow, csv: {single: true}}\nwrite: [{as: w, to: r, table: T, fields: {N: form.n}}]\n", "n\nAda\n", "", "this form cannot be masked: there is no masking of forms in the format csv; write the case by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := sampled(t, c.mapping, `{}`)
			s := Sample{Form: []byte(c.form)}
			if c.keep != "" {
				s.Keep = []string{c.keep}
			}
			m, err := Mask(p, s, mask.New([]byte("secret")))
			if c.want == "" && (err != nil || !strings.Contains(string(m.Form), "jawohl") || strings.Contains(string(m.Form), "Ada")) || c.want != "" && (err == nil || err.Error() != c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCasesAreAddedBehindTheLast(t *testing.T) {
	t.Parallel()
	lines := []string{"form: f.json", "expect: {}"}
	for _, c := range []struct{ name, have, want string }{
		{"no tests", "a: 1", "a: 1\ntests:\n  - form: f.json\n    expect: {}\n"},
		{"at the end", "tests:\n- form: a\n", "tests:\n- form: a\n- form: f.json\n  expect: {}\n"},
		{"before another section", "tests:\n  - form: a\n\n# b\nb: 1\n", "tests:\n  - form: a\n  - form: f.json\n    expect: {}\n\n# b\nb: 1\n"},
		{"in one line", "tests: [{form: a}]\n", ""},
	} {
		got, err := AddCase([]byte(c.have), lines)
		if string(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %v\n%s", c.name, err, got)
		}
	}
}
