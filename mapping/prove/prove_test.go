package prove_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/prove"
)

// prover proves one field of a mapping against one column.
type field struct {
	schema, field, column string // column as JSON of its facts without a name
	write                 string // further keys of the write
	table                 string // further JSON of the table's facts
}

func (f field) prove(t *testing.T) *prove.Proof {
	t.Helper()
	schema := `{"type": "object", "required": ["ref"], "properties": {"ref": {"type": "string", "pattern": "^[A-Z]{1,9}$"}, "l": {"type": "array", "maxItems": 3, "items": {"type": "string", "maxLength": 3}}, ` + f.schema + `}}`
	text := "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, reference: form.ref, unused: allow}\nnothing: allow\nlookups: {k: {values: {a: A, b: BB}}}\nwrite:\n  - as: w\n    to: db\n    table: T\n" + f.write +
		"    fields:\n      C: " + f.field + "\n"
	plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}, "s.json": {Data: []byte(schema)}}, "m.yaml", nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var facts connectors.Facts
	if err := json.Unmarshal([]byte(`{"system": "x", "zone": "Europe/Berlin", "tables": [{"name": "T", "columns": [{"name": "C", `+f.column+`}]`+f.table+`}]}`), &facts); err != nil {
		t.Fatal(err)
	}
	return prove.Prove(plan, "db", &facts, time.Now)
}

// said is a proof in one line.
func said(p *prove.Proof) string {
	switch {
	case p.Proved:
		return "proved " + strings.Join(p.Rests, "; ")
	case p.Counter != nil:
		form, _ := json.Marshal(p.Counter.Form)
		return fmt.Sprintf("%s: %s: %s", p.Counter.Code, p.Counter.Why, form)
	}
	var gaps []string
	for _, g := range p.Open {
		gaps = append(gaps, g.What)
	}
	return "not proved: " + strings.Join(gaps, "; ")
}

const (
	text20 = `"type": "varchar", "takes": "text", "length": 20`
	short  = `"s": {"type": "string", "maxLength": 20}`
	long   = `"s": {"type": "string", "maxLength": 30}`
	free   = `"s": {"type": "string"}`
)

func TestProofs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		field
		want string
	}{
		{"a text that fits", field{schema: short, field: "form.s", column: text20}, "proved "},
		{"a text that is too long", field{schema: long, field: "form.s", column: text20}, `sql.too-long: 21 characters, and the column takes 20: {"ref":"A","s":"xxxxxxxxxxxxxxxxxxxxx"}`},
		{"cut", field{schema: long, field: "{value: form.s, type: text(20), overflow: cut}", column: text20}, "proved "},
		{"a type that refuses what is longer", field{schema: free, field: "{value: form.s, type: text(20)}", column: text20}, "proved "},
		{"a type that is wider", field{schema: free, field: "{value: form.s, type: text(21)}", column: text20}, `sql.too-long: 21 characters, and the column takes 20: {"ref":"A","s":"xxxxxxxxxxxxxxxxxxxxx"}`},
		{"joined", field{schema: short, field: `concat(form.s, "-", form.s)`, column: strings.Replace(text20, "20", "41", 1)}, "proved "},
		{"joined, and one too long", field{schema: short, field: `concat(form.s, "--", form.s)`, column: strings.Replace(text20, "20", "41", 1)}, `sql.too-long: 42 characters, and the column takes 41: {"ref":"A","s":"xxxxxxxxxxxxxxxxxxxx"}`},
		{"capitals, of which ß makes two", field{schema: short, field: "form.s | upper()", column: text20}, `sql.too-long: 22 characters, and the column takes 20: {"ref":"A","s":"`},
		{"bytes", field{schema: short, field: "form.s", column: `"type": "tinytext", "takes": "text", "length": 40, "bytes": true`}, `sql.too-long: 42 bytes, and the column takes 40: {"ref":"A","s":"`},
		{"bytes that are enough", field{schema: short, field: "form.s", column: `"type": "tinytext", "takes": "text", "length": 80, "bytes": true`}, "proved "},
		{"a character set", field{schema: short, field: "form.s", column: text20 + `, "charset": "iso-8859-1"`}, `sql.charset: a character that the column's character set lacks (iso-8859-1): {"ref":"A","s":"`},
		{"a character set whose lack is told", field{schema: short, field: "{value: form.s, charset: iso-8859-1}", column: text20 + `, "charset": "iso-8859-1"`}, "proved "},
		{"a character set that the pattern keeps to", field{schema: `"s": {"type": "string", "pattern": "^[a-z]{0,20}$"}`, field: "form.s", column: text20 + `, "charset": "?"`}, "proved "},
		{"words", field{schema: `"s": {"enum": ["a", "b"]}`, field: `form.s | lookup("k")`, column: `"type": "enum", "takes": "word", "words": ["A", "BB"]`}, "proved "},
		{"a word that the column lacks", field{schema: `"s": {"enum": ["a", "b"]}`, field: `form.s | lookup("k")`, column: `"type": "enum", "takes": "word", "words": ["A"]`}, `sql.wrong-type: none of the words that the column takes: {"ref":"A","s":"b"}`},
		{"blanks at the end", field{schema: short, field: "form.s", column: `"type": "char", "takes": "text", "length": 20, "whole": true`}, `sql.not-exact: a text that ends in a blank, which a column of type char does not keep: {"ref":"A","s":`},
		{"no blanks at the end", field{schema: short, field: "form.s | trim()", column: `"type": "char", "takes": "text", "length": 20, "whole": true`}, "proved "},
		{"numbers", field{schema: `"s": {"type": "integer", "minimum": 0, "maximum": 99}`, field: "form.s", column: `"type": "tinyint", "takes": "integer", "least": "-128", "most": "127"`}, "proved "},
		{"a number out of range", field{schema: `"s": {"type": "integer", "minimum": 0, "maximum": 200}`, field: "form.s", column: `"type": "tinyint", "takes": "integer", "least": "-128", "most": "127"`}, `sql.wrong-type: a number above 127: {"ref":"A","s":128}`},
		{"a sum out of range", field{schema: `"s": {"type": "integer", "minimum": 0, "maximum": 127}`, field: "form.s + 1", column: `"type": "tinyint", "takes": "integer", "least": "-128", "most": "127"`}, `sql.wrong-type: a number above 127: {"ref":"A","s":127}`},
		{"decimals", field{schema: `"s": {"type": "number", "minimum": 0, "maximum": 999.99, "multipleOf": 0.01}`, field: "form.s", column: `"type": "decimal", "takes": "decimal", "digits": 3, "scale": 2`}, "proved "},
		{"too many decimals", field{schema: `"s": {"type": "number", "minimum": 0, "maximum": 999.99}`, field: "form.s", column: `"type": "decimal", "takes": "decimal", "digits": 3, "scale": 2`}, `sql.not-exact: a number with 3 decimals, and the column has 2 decimals: {"ref":"A","s":0.001}`},
		{"too many digits", field{schema: `"s": {"type": "integer", "minimum": 0, "maximum": 1000}`, field: "form.s", column: `"type": "decimal", "takes": "decimal", "digits": 3, "scale": 2`}, `sql.wrong-type: a number with 4 digits before the point, and the column takes 3: {"ref":"A","s":1000}`},
		{"a type with rounding", field{schema: `"s": {"type": "number"}`, field: `{value: form.s, type: "decimal(5,2)", round: half-up}`, column: `"type": "decimal", "takes": "decimal", "digits": 3, "scale": 2`}, "proved "},
		{"left out", field{schema: short, field: "form.s", column: text20 + `, "required": true, "notNull": true`}, `sql.not-null: it is left out, and the column is required: {"ref":"A"}`},
		{"left out, with a default of the column", field{schema: short, field: "form.s", column: text20 + `, "notNull": true`}, "proved the default of T.C fits"},
		{"left out, with a default of the mapping", field{schema: short, field: "{value: form.s, default: '\"-\"'}", column: text20 + `, "required": true, "notNull": true`}, "proved "},
		{"left out, but not where the write is made", field{schema: short, field: "form.s", column: text20 + `, "required": true, "notNull": true`, write: "    when: form.s != nil\n"}, "proved "},
		{"null", field{schema: `"s": {"type": ["string", "null"], "maxLength": 20}`, field: "{value: form.s, onMissing: error}", column: text20 + `, "required": true, "notNull": true`}, `sql.not-null: it is NULL, which the column refuses: {"ref":"A","s":null}`},
		{"null that the mapping refuses", field{schema: `"s": {"type": ["string", "null"], "maxLength": 20}`, field: "{value: form.s, onMissing: error, onNull: error}", column: text20 + `, "required": true, "notNull": true`}, "proved "},
		{"a date", field{schema: `"s": {"type": "string", "format": "date"}`, field: "{value: form.s, type: date}", column: `"type": "date", "takes": "date"`}, "proved "},
		{"a text in a date", field{schema: short, field: "form.s", column: `"type": "date", "takes": "date"`}, `sql.wrong-type: a text that is no date, and the column is of type date: {"ref":"A","s":""}`},
		{"clocks", field{schema: `"s": {"type": "string", "format": "date-time"}`, field: "{value: form.s, type: datetime}", column: `"type": "timestamp", "takes": "datetime", "scale": 9`}, `sql.clock-change: a time that clocks in Europe/Berlin show twice, or skip: {"ref":"A","s":"2026-10-25T02:30:00+02:00"}`},
		{"decimals of a second", field{schema: `"s": {"type": "string", "format": "date-time"}`, field: "{value: form.s, type: datetime}", column: `"type": "timestamptz", "takes": "instant", "scale": 6`}, `sql.not-exact: a time with more decimals of a second than 6: {"ref":"A","s":"2026-01-31T12:00:00.1234567Z"}`},
		{"decimals of a second that are cut", field{schema: `"s": {"type": "string", "format": "date-time", "pattern": "Z$"}`, field: `{value: 'form.s | parseDateTime("yyyy-MM-dd''T''HH:mm:ssXXX", "own")', precision: 6}`, column: `"type": "timestamptz", "takes": "instant", "scale": 6`}, "not proved: T.C: clocks show some times"},
		{"a helper that is not known", field{schema: short, field: `form.s | split(",") | first()`, column: text20}, "not proved: T.C: what this gives is not known"},
		{"a type that is not known", field{schema: short, field: "form.s", column: `"type": "geometry"`}, "not proved: T.C: what a column of type geometry makes of a value is not known"},
		{"a check", field{schema: short, field: "form.s", column: text20, table: `, "opaque": ["the check c"]`}, "not proved: the check c of T may refuse a row, and is not understood"},
		{"a trigger", field{schema: short, field: "form.s", column: text20, table: `, "rests": ["the trigger t"]`}, "proved the trigger t of T refuses and leaves out no row"},
		{"a view", field{schema: short, field: "form.s", column: text20, table: `, "unknown": "T is a view"`}, "not proved: T is a view"},
		{"a column that is not filled", field{schema: short, field: "form.s", column: text20 + `}, {"name": "D", "required": true`}, "not proved: T.D is required, and the mapping does not fill it"},
		{"a unique column", field{schema: short, field: "form.s", column: text20, table: `, "unique": [["C"]]`}, "not proved: two records may have the same C"},
		{"the reference in a unique column", field{schema: short, field: "form.ref", column: text20, table: `, "unique": [["C"]]`}, "proved no two front offices"},
		{"the same in a column that folds", field{schema: short, field: "form.ref", column: text20 + `, "folds": true`, table: `, "unique": [["C"]]`}, "not proved: two records may have the same C"},
		{"the submission in a unique column", field{schema: short, field: "submission.id", column: text20, table: `, "unique": [["C"]]`}, "proved no other program"},
		{"an upsert", field{schema: short, field: "{value: form.s, onMissing: error, onNull: error}", column: text20, write: "    mode: upsert\n    key: [C]\n", table: `, "unique": [["C"]]`}, "proved no other program"},
		{"equal items", field{schema: short, field: "x", column: text20, write: "    each: x in form.l\n", table: `, "unique": [["C"]]`}, `sql.duplicate-key: two records of the form have the same C: {"l":["",""],"ref":"A"}`},
		{"numbers of items", field{schema: short, field: "{value: index, type: integer}", column: `"type": "int", "takes": "integer", "least": "-1", "most": "4294967296"`, write: "    each: x in form.l\n", table: `, "unique": [["C"]]`}, "not proved: two records may have the same C"},
		{"a foreign key", field{schema: short, field: "form.s", column: text20, table: `, "foreign": [{"name": "f", "columns": ["C"], "parent": "P", "parents": ["C"]}]`}, "not proved: whether P has the row that C refers to"},
		{"an index that limits its entries", field{schema: free, field: "form.s", column: `"type": "text", "takes": "text"`, table: `, "index": [["C"]]`}, "not proved: an index over C"},
		{"the character that no database keeps", field{schema: free, field: "form.s", column: `"type": "text", "takes": "text"`}, "proved "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			p := c.prove(t)
			if got := said(p); !strings.HasPrefix(got, c.want) {
				t.Errorf("it says\n%s\nnot\n%s", got, c.want)
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestRejected says how the mapping itself refuses forms: those do not reach the target.
func TestRejected(t *testing.T) {
	t.Parallel()
	p := field{schema: free, field: "{value: form.s, type: text(20)}", column: text20}.prove(t)
	if !p.Proved || strings.Join(p.Rejected, "; ") != "rejected: /s [field.too-long]" {
		t.Errorf("%s %q", said(p), p.Rejected)
	}
}
