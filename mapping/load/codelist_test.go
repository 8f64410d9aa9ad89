package load_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

const codeList = `<?xml version="1.0" encoding="UTF-8"?><!-- a list -->
<gc:CodeList xmlns:gc="http://docs.oasis-open.org/codelist/ns/genericode/1.0/"><Identification><ShortName>kinds</ShortName></Identification>
<ColumnSet><Column Id="code" Use="required"><ShortName>Code</ShortName></Column><Column Id="old" Use="optional"/><Column Id="name" Use="required"/></ColumnSet>
<SimpleCodeList><Row><Value ColumnRef="code"><SimpleValue>01</SimpleValue></Value><Value ColumnRef="name"><SimpleValue>Dog &amp; cat</SimpleValue></Value></Row>
<Row><Value><SimpleValue>02</SimpleValue></Value><Value/><Value><SimpleValue>Horse</SimpleValue></Value></Row></SimpleCodeList></gc:CodeList>`

// codeListMapping looks form.kind up in a table of the file gc.xml.
func codeListMapping(lookup, call string) string {
	return "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nlookups: {kinds: {" + lookup + "}}\nwrite: [{as: w, to: t, table: T, fields: {A: 'form.kind | " + call + "'}}]\n"
}

// TestGenericode: code lists of OASIS are tables, and what one has not is rejected, parked or replaced as the mapping says.
func TestGenericode(t *testing.T) {
	t.Parallel()
	const file = "file: gc.xml, format: genericode, key: code, value: name"
	for _, c := range []struct{ lookup, call, kind, want string }{
		{file, `lookup("kinds")`, "01", "Dog & cat"}, {file, `lookup("kinds")`, "02", "Horse"}, {file, `lookup("kinds")`, "1", "form /kind field.not-in-list"}, {file, `lookup("kinds", "other")`, "1", "other"},
		{file + ", unknown: reject", `lookup("kinds")`, "1", "form /kind field.not-in-list"}, {file + ", unknown: park", `lookup("kinds")`, "1", "mapping w.A field.not-in-list"},
		{file + ", unknown: park", `lookup("kinds")`, "02", "Horse"}, {file + ", unknown: park", `lookup("kinds", "other")`, "1", "other"}, {"values: {\"01\": A}, unknown: park", `lookup("kinds")`, "1", "mapping w.A field.not-in-list"},
	} {
		t.Run(c.lookup+c.call+c.kind, func(t *testing.T) {
			t.Parallel()
			p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(codeListMapping(c.lookup, c.call))}, "gc.xml": {Data: []byte(codeList)}}, "m.yaml", nil)
			if err != nil {
				t.Fatal(err)
			}
			out, err := p.Map(map[string]any{"kind": c.kind}, expr.Input{ID: "1"})
			have := ""
			if err != nil {
				have = mappings.Blamed(err)
			} else {
				have = out.Deliveries[0].Records[0].Values[0].Str
			}
			if have != c.want {
				t.Errorf("have %s, want %s", have, c.want)
			}
		})
	}
}

// TestWrongGenericode: what is wrong with a code list is told at the key that it is about.
func TestWrongGenericode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lookup, file, want string }{
		{"file: gc.xml, format: genericode, key: Code, value: name", codeList, `row 1 of the lookup file has no value in a column with the Id "Code" [mapping.lookup-file]`},
		{"file: gc.xml, format: genericode, key: code, value: old", codeList, `row 1 of the lookup file has no value in a column with the Id "old"`},
		{"file: gc.xml, format: genericode, key: code, value: name", strings.Replace(codeList, `ColumnRef="code"`, `ColumnRef="kode"`, 1), "row 1 has a value of a column that is not in ColumnSet"},
		{"file: gc.xml, format: genericode, key: code, value: name", strings.Replace(codeList, ">02<", ">01<", 1), "row 2 of the lookup file repeats a key with another value"},
		{"file: gc.xml, format: genericode, key: code, value: name", "<CodeList/>", "the lookup file has no rows"}, {"file: gc.xml, format: genericode, key: code, value: name", "code;name", "the lookup file cannot be read"},
		{"file: gc.xml, format: genericode, key: code, value: name", `<!DOCTYPE x [<!ENTITY e "1">]>` + codeList[38:], "the lookup file cannot be read"},
		{"file: gc.xml, format: genericode, csv: {delimiter: ';'}, key: code, value: name", codeList, "this one is genericode"}, {"file: gc.xml, format: xml, key: code, value: name", codeList, `"xml" is not one of csv, genericode`},
		{"values: {a: b}, unknown: prak", codeList, `"prak" is not one of reject, park`},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			_, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(codeListMapping(c.lookup, `lookup("kinds")`))}, "gc.xml": {Data: []byte(c.file)}}, "m.yaml", nil)
			var problems diag.Problems
			if !errors.As(err, &problems) || !strings.Contains(problems.Format(), c.want) {
				t.Errorf("have %v, want %s", err, c.want)
			}
		})
	}
}
