package cases

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/inbasket/inbasket/mapping/load"
)

// TestRunTestsTellsEveryDifference shows the diff that an integrator gets.
func TestRunTestsTellsEveryDifference(t *testing.T) {
	t.Parallel()
	src := `
mapping: cases
version: 1
input: {format: json, unused: allow}
layouts:
  line: {format: csv, fields: [{name: A}]}
write:
  - {as: main, to: register, table: MAIN, fields: {A: form.a, B: form.b, C: form.c}, returning: ID}
  - {as: sub, to: register, table: SUB, each: x in form.l, fields: {MAIN_ID: main.ID, X: x}}
  - {as: line, to: drop, layout: line, fields: {A: form.a}}
  - {as: late, to: archive, table: LATE, fields: {ID: main.ID}}
tests:
  - {form: a.json, returns: {main: {ID: 5}}, expect: {main: [{A: x, B: 1, C: (missing)}], sub: [{MAIN_ID: 5, X: "1"}], late: [{ID: 5}]}}
  - {name: bytes, form: a.json, returns: {main: {ID: 5}}, expect-bytes: {drop: good.csv}}
  - {name: exact, form: a.json, returns: {main: {ID: 5}}, exact: true, expect: {main: [{A: y, Q: 1}], sub: [], late: [{ID: "5"}]}}
  - {name: waits, form: a.json, expect: {main: [{A: x}]}}
  - {name: wrong bytes, form: a.json, returns: {main: {ID: 5}}, expect-bytes: {drop: bad.csv, archive: none.csv}}
  - {name: no error, form: a.json, returns: {main: {ID: 5}}, expect-error: {at: /a}}
  - {name: broken, form: broken.json, expect: {main: []}}
  - {name: other error, form: broken.json, expect-error: {at: /z}}
  - {name: gone, form: gone.json}
`
	fsys := fstest.MapFS{"m.yaml": {Data: []byte(src)}, "a.json": {Data: []byte(`{"a":"x","b":1,"l":["1"]}`)}, "broken.json": {Data: []byte(`{"a":`)},
		"good.csv": {Data: []byte("x\n")}, "bad.csv": {Data: []byte("y\nz\n")}}
	p, err := load.Mapping(fsys, "m.yaml", nil)
	if err != nil {
		t.Fatalf("\n%v", err)
	}
	var have []string
	for _, r := range Run(p, fsys) {
		if r.OK != (len(r.Diffs) == 0) || r.Line == 0 {
			t.Errorf("%+v", r)
		}
		have = append(have, r.Name+": "+strings.Join(r.Diffs, " | "))
	}
	want := []string{
		"a.json: ", "bytes: ",
		`exact: main[0].A: want "y", have "x" | main[0].Q: the write has no such field | main[0].B: want nothing, have 1 | sub: want 0 records, have 1 | late[0].ID: want "5", have 5`,
		"waits: target archive waits for main.ID: give it under returns",
		`wrong bytes: expect-bytes archive: no file is written there | expect-bytes drop: line 1: want "y", have "x"`,
		"no error: the form is accepted, an error was expected",
	}
	if d := cmp.Diff(want, have[:6]); d != "" {
		t.Error(d)
	}
	for i, part := range []string{"the form is rejected at", "expected an error at /z", "form: the file does not exist"} {
		if !strings.Contains(have[6+i], part) {
			t.Errorf("%q lacks %q", have[6+i], part)
		}
	}
}

// TestCasesThatCompareNothing: a misspelt write or column must not pass for what was expected.
func TestCasesThatCompareNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rest, want string }{
		{"expect: {mian: []}", "mian: the mapping has no write of this name"}, {"exact: true", "exact: there is nothing to compare: say it under expect"}, {"returns: {q: {ID: 5}}", `returns: the mapping has no write "q"; possible here: main`},
		{"returns: {main: {IDD: 5}}", `returns: write main does not return "IDD"; did you mean "ID"?`}, {"returns: {main: {ID: 5}}, expect: {main: [{A: x}]}, exact: true", ""}, {"name: n", ""},
	} {
		src := "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite: [{as: main, to: register, table: MAIN, fields: {A: form.a}, returning: [ID]}]\ntests:\n  - {form: a.json, " + c.rest + "}\n"
		fsys := fstest.MapFS{"m.yaml": {Data: []byte(src)}, "a.json": {Data: []byte(`{"a":"x"}`)}}
		p, err := load.Mapping(fsys, "m.yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		if have := strings.Join(Run(p, fsys)[0].Diffs, " | "); have != c.want {
			t.Errorf("%s: %s, want %s", c.rest, have, c.want)
		}
	}
}

const nightly = `answer:
  from: nightly
  format: %s
  %s
  each: line in content%s
  fields: {NO: line.NO, CASE: line.CASE, STATUS: line.STATUS, REASON: line.REASON ?? nil, PDF: line.PDF ?? nil}
  id: NO
  match: {CASE: form.ref}
  outcome: {STATUS: {A: approved, R: refused}}
  reason: REASON
  documents: [{name: permit.pdf, from: PDF}]
`

// TestAnswerCases runs sample answer files as a mapping's own tests, and shows what differs.
func TestAnswerCases(t *testing.T) {
	t.Parallel()
	cases := `tests:
  - answer: night.csv
    beside: [p1.pdf]
    expect-answers:
      - {id: "1", match: CASE=C1, outcome: approved, documents: permit.pdf}
      - {id: "2", outcome: refused, reason: late}
  - {answer: night.csv, beside: [p1.pdf], expect-answers: [{id: "9"}, {outcome: refused}, {}]}
  - {answer: none.csv}
`
	text := "mapping: m\nversion: 1\ninput: {format: json, reference: form.ref, unused: allow}\nwrite: [{as: h, to: t, table: T, fields: {REF: form.ref}}]\n" +
		fmt.Sprintf(nightly, "csv", "# no settings", "") + cases
	files := fstest.MapFS{"m.yaml": {Data: []byte(text)}, "night.csv": {Data: []byte("NO,CASE,STATUS,REASON,PDF\n1,C1,A,,p1.pdf\n2,C2,R,late,\n")}}
	p, err := load.Mapping(files, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := Run(p, files)
	if len(got) != 3 || !got[0].OK || strings.Join(got[1].Diffs, "; ") != "decisions: want 3, have 2; answers[0].id: want 9, have 1" || got[2].OK {
		t.Errorf("%+v", got)
	}
}
