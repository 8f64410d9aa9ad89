package mapping_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/source"
)

const queried = `mapping: m
version: 1
input: {format: json, reference: form.ref, unused: allow}
write: [{as: head, to: register, table: HEAD, fields: {REF: form.ref}, returning: [ID]}]
answer:
  from: register
  query: %s
  id: [NUM, IDD]
  match: {CASEID: head.ID}
  mark: update D set SENT = ':NO' where ID = :ID and X = :XX
  outcome: {STATE: {A: approved}}
  case: NUMBER
  reason: REASONN
  documents: [{name: a.pdf, from: PDF}, {name: b.pdf, from: PDFF}]
`

// TestQueryNames finds each name of the answer that the query does not give, at its own place.
func TestQueryNames(t *testing.T) {
	t.Parallel()
	_, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: fmt.Appendf(nil, queried, "select ID, Num, CASE_ID, STATUS, REASON, PDF from D")}}, "m.yaml", nil)
	problems, _ := err.(diag.Problems)
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Message, p.Suggestion))
	}
	want := []string{`8:13 the query does not select "IDD" did you mean "ID"?`, `9:11 the query does not select "CASEID" did you mean "CASE_ID"?`,
		`10:58 the query does not select "XX" possible here: ID, Num, CASE_ID, STATUS, REASON, PDF`, `11:13 the query does not select "STATE" did you mean "STATUS"?`,
		`12:9 the query does not select "NUMBER" possible here: ID, Num, CASE_ID, STATUS, REASON, PDF`, `13:11 the query does not select "REASONN" did you mean "REASON"?`,
		`14:61 the query does not select "PDFF" did you mean "PDF"?`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: fmt.Appendf(nil, queried, "select * from D")}}, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	work, _ := plan.Work("register")
	if len(work.Asks.Names) != 8 || len(work.Writes) != 1 {
		t.Errorf("%+v", work)
	}
	if _, some := plan.Work("other"); some {
		t.Error("work for a target that nothing is written to")
	}
}

// TestPinnedNames lets a mapping that is pinned already go on.
func TestPinnedNames(t *testing.T) {
	t.Parallel()
	plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: fmt.Appendf(nil, queried, "select * from D")}}, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := source.Open(plan.Bundle())
	if err != nil {
		t.Fatal(err)
	}
	f.Got["m.yaml"] = []byte(strings.Replace(string(f.Got["m.yaml"]), "select *", "select ID", 1))
	if _, err := load.Bundle(f.Bytes(), nil); err != nil {
		t.Error(err)
	}
}

const contents = `mapping: m
version: 1
input: {format: json, schema: s.json, reference: form.ref, unused: allow}
write:
  - as: w
    to: register
    table: T
    each: p in form.parcels
    fields:
      REF: form.ref
      OPT: form.opt
      OPT_NULL: {value: form.opt, onMissing: "null"}
      OPT_DEFAULT: {value: form.opt, default: "'x'"}
      OPT_ERROR: {value: form.opt, onMissing: error}
      CUT: {value: form.ref, type: text(5), overflow: cut}
      WORD: form.word
      MAYBE: form.maybe
      LIKELY: form.address.street
      PARCEL: p.number
      FEE: {value: p.fee, type: "decimal(9,2)"}
      FIX: '"B"'
      NIL: nil
      MADE: form.ref | upper()
      PADDED: form.ref | padLeft(8, "0")
      JOINED: 'concat("abc-", form.opt)'
      LINE: index + 1
`

const contentsSchema = `{"type": "object", "required": ["ref", "word", "address"],
 "properties": {"ref": {"type": "string", "maxLength": 20, "minLength": 3}, "opt": {"$ref": "#/$defs/short"}, "word": {"enum": ["a", "bcd"]},
  "maybe": {"type": ["string", "null"]}, "address": {"type": "object", "anyOf": [{"required": ["street"]}, {"required": ["box"]}], "properties": {"street": {"type": "string"}}},
  "parcels": {"type": "array", "items": {"type": "object", "required": ["number"], "properties": {"number": {"type": "integer"}, "fee": {"type": "number"}}}}},
 "$defs": {"short": {"type": "string", "maxLength": 4}}}`

// TestContents tells of values what type, schema and constants surely say, and nothing else.
func TestContents(t *testing.T) {
	t.Parallel()
	plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(contents)}, "s.json": {Data: []byte(contentsSchema)}}, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	work, _ := plan.Work("register")
	want := map[string]connectors.Content{
		"REF": {Kind: connectors.Text, MinLength: 3, MaxLength: 20}, "OPT": {Kind: connectors.Text, MaxLength: 4, Absent: true},
		"OPT_NULL": {Kind: connectors.Text, MaxLength: 4, Null: true}, "OPT_DEFAULT": {Kind: connectors.Text, MaxLength: 4}, "OPT_ERROR": {Kind: connectors.Text, MaxLength: 4},
		"CUT": {Kind: connectors.Text, MinLength: 3, MaxLength: 5}, "WORD": {Kind: connectors.Text, MinLength: 1, MaxLength: 3},
		"MAYBE": {Kind: connectors.Text, Absent: true, Null: true}, "LIKELY": {Kind: connectors.Text},
		"PARCEL": {Kind: connectors.Integer}, "FEE": {Kind: connectors.Decimal, Digits: 7, Scale: 2, Absent: true},
		"FIX": {Kind: connectors.Text, MinLength: 1, MaxLength: 1}, "NIL": {Null: true}, "MADE": {},
		"PADDED": {Kind: connectors.Text, MinLength: 8}, "JOINED": {Kind: connectors.Text, MinLength: 4}, "LINE": {},
	}
	for i, c := range work.Writes[0].Contents {
		name := work.Writes[0].Shape.Fields[i]
		if (c.Value != nil) != (name == "FIX" || name == "NIL") {
			t.Errorf("%s: constant %v", name, c.Value)
		}
		if c.Value = nil; c != want[name] {
			t.Errorf("%s: %+v, want %+v", name, c, want[name])
		}
	}
}

// TestPlanProblem shows problems where the mapping has what they are about.
func TestPlanProblem(t *testing.T) {
	t.Parallel()
	plan, err := load.Mapping(fstest.MapFS{"dir/m.yaml": {Data: fmt.Appendf(nil, queried, "select * from D")}}, "dir/m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, at := range map[string]diag.Problem{
		"m.yaml:4:41": load.Problem(plan, []any{"write", 0, "table"}, 0, "c", "m", ""),
		"m.yaml:4:56": load.Problem(plan, []any{"write", 0, "fields", "REF"}, 0, "c", "m", ""),
		"m.yaml:4:9":  load.Problem(plan, []any{"write", 0, "key"}, 0, "c", "m", ""),
		"m.yaml:4:84": load.Problem(plan, []any{"write", 0, "returning", 0}, 0, "c", "m", ""),
		"m.yaml:10:9": load.Problem(plan, []any{"answer", "mark"}, 0, "c", "m", ""),
		"m.yaml:9:11": load.Problem(plan, []any{"answer", "match", "CASEID"}, 0, "c", "m", ""),
	} {
		if got := fmt.Sprintf("%s:%d:%d", at.File, at.Line, at.Column); got != want || at.Source == "" {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
