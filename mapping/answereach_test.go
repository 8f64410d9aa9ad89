package mapping_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/load"
)

// answering loads a mapping with an answer section.
func answering(section string) (*mapping.Plan, error) {
	text := "mapping: m\nversion: 1\ninput: {format: json, reference: form.ref, unused: allow}\nwrite: [{as: h, to: t, table: T, fields: {REF: form.ref}, returning: [NO]}]\n" + section
	return load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
}

func answersOf(t *testing.T, section string) *mapping.Plan {
	t.Helper()
	p, err := answering(section)
	if err != nil {
		t.Fatal(err)
	}
	return p
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

// TestManyDecisionsInOneFile reads each line on its own, with its own document, whatever is wrong with the others.
func TestManyDecisionsInOneFile(t *testing.T) {
	t.Parallel()
	csv := "NO;CASE;STATUS;REASON;PDF\n1;C1;A;;p1.pdf\n2;C2;X;;\n;C3;A;;\n4;;A;;\n5;C5;R;late;C:\\out\\P5.PDF\n6;C6;A;;p6.pdf\n"
	xml := "<r>" + strings.Repeat("<line><NO>7</NO><CASE>C7</CASE><STATUS>A</STATUS></line>", 1) + "</r>"
	json := `{"lines": [{"NO": 1, "CASE": "C1", "STATUS": "A"}, {"NO": 2, "CASE": "C2"}]}`
	beside := []connectors.Attachment{{Name: "p1.pdf"}, {Name: "p5.pdf"}, {Name: "summary.pdf"}}
	p := answersOf(t, fmt.Sprintf(nightly, "csv", `csv: {delimiter: ";"}`, ""))
	var got []string
	for _, r := range p.Answers(connectors.Result{ID: "f:1", File: "f.csv", Content: []byte(csv), Documents: beside}) {
		var names []string
		for _, d := range r.Documents {
			names = append(names, d.Name)
		}
		got = append(got, fmt.Sprintf("%d %s %s %q %v %v", r.Line, r.ID, r.Outcome, r.Reason, names, r.Err))
	}
	want := []string{`1 1 approved "" [permit.pdf] <nil>`,
		`2 2  "" [] the result has a status that the mapping does not know; add it to answer.outcome`,
		`3 f:1#3 approved "" [] the result cannot be read: it has no value for NO, which names it`,
		`4 4 approved "" [] <nil>`, // of no case: it waits for a person as it is,
		`5 5 refused "late" [permit.pdf] <nil>`,
		`6 6 approved "" [] the document p6.pdf does not lie beside the answer file`,
		`0 f:1#document summary.pdf  "" [summary.pdf] the result cannot be read: no line of the answer file names this document beside it`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	p = answersOf(t, fmt.Sprintf(nightly, "xml", "lists: [line]", ".line"))
	if list := p.Answers(connectors.Result{Content: []byte(xml)}); len(list) != 1 || list[0].Err != nil || list[0].MatchKey != "CASE=C7" {
		t.Errorf("%+v", list)
	}
	p = answersOf(t, fmt.Sprintf(nightly, "json", "# no settings", ".lines"))
	list := p.Answers(connectors.Result{Content: []byte(json)})
	var missing *answers.MissingName
	if len(list) != 2 || list[0].Err != nil || !errors.As(list[1].Err, &missing) || missing.Name != "STATUS" {
		t.Errorf("%+v", list)
	}
	if list = p.Answers(connectors.Result{Content: []byte(`{"line": []}`)}); len(list) != 1 || !errors.As(list[0].Err, &missing) || missing.Name != "content.lines" {
		t.Errorf("%+v", list)
	}
	if list = p.Answers(connectors.Result{Content: []byte(`{"lines": []}`)}); len(list) != 0 { // a night without decisions
		t.Errorf("%+v", list)
	}
	for _, content := range []string{`{"lines": null}`, `{"lines": {}}`, `{"lines": "1"}`} { // what is no list is no night without decisions
		if list = p.Answers(connectors.Result{Content: []byte(content)}); len(list) != 1 || !list[0].Whole || !errors.Is(list[0].Err, answers.ErrAnswer) {
			t.Errorf("%s: %+v", content, list)
		}
	}
	for _, wrong := range []string{strings.Replace(nightly, "  id: NO\n", "", 1), strings.Replace(nightly, "each: line in", "each: line of", 1), strings.Replace(nightly, "from: PDF", "from: PDFF", 1)} {
		if _, err := answering(fmt.Sprintf(wrong, "csv", "# no settings", "")); err == nil {
			t.Errorf("accepted:\n%s", wrong)
		}
	}
	if _, err := answering(fmt.Sprintf(nightly, "xml", "# no settings", ".line")); err == nil {
		t.Error("a list of XML that is not declared")
	}
	if _, err := answering(fmt.Sprintf(nightly, "csv", "csv: {columns: [NO, CASE, STATUS, REASONN, PDF]}", "")); err == nil || !strings.Contains(err.Error(), "REASON") {
		t.Errorf("a column that the mapping itself does not declare: %v", err)
	}
}

const rowAnswer = `answer:
  from: t
  query: %s
  id: ID
  match: {CASE_ID: h.NO}
  mark: update D set SENT = 1 where ID = :ID
  outcome: {STATUS: {A: approved}}
  reason: REASON
  documents: [{name: permit.pdf, from: PDF}]
`

// TestNamesThatAreNotThere finds a name that the query does not give, before it runs and when it runs; null is there.
func TestNamesThatAreNotThere(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"select ID, CASE_ID, STATUS, REASON, PDF from D where SENT is null": "",
		"select id, case_id, status, reason, d.\"PDF\" from D d":            "",
		"select * from D": "", "call DECISIONS()": "",
		"select ID, CASE_ID, STATUS, REASONS, PDF from D": "REASON", "select ID, CASE_ID, STATUS, REASON, PDFF from D": "PDF",
		"select NR, CASE_ID, STATUS, REASON, PDF from D": "ID", "select ID, CASE, STATUS, REASON, PDF from D": "CASE_ID",
		"with x as (select 1) select ID, CASE_ID, STATE, REASON, PDF from x": "STATUS",
	} {
		_, err := answering(fmt.Sprintf(rowAnswer, query))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("does not select %q", want))) {
			t.Errorf("%s: %v", query, err)
		}
	}
	if _, err := answering(strings.Replace(fmt.Sprintf(rowAnswer, "select * from D"), " where ID = :ID", "", 1)); err == nil {
		t.Error("a mark of every row")
	}
	p := answersOf(t, fmt.Sprintf(rowAnswer, "select * from D"))
	text := connectors.Value{Kind: connectors.Text, Str: "A"}
	row := map[string]connectors.Value{"ID": text, "CASE_ID": text, "STATUS": text, "REASON": {Kind: connectors.Null}, "PDF": {Kind: connectors.Null}}
	if d, err := answerOf(p, connectors.Result{ID: "1", Fields: row}); err != nil || d.Reason != "" {
		t.Errorf("%+v %v", d, err)
	}
	for name := range row {
		less := map[string]connectors.Value{}
		for k, v := range row {
			if k != name {
				less[k] = v
			}
		}
		var missing *answers.MissingName
		if _, err := answerOf(p, connectors.Result{ID: "1", Fields: less}); !errors.As(err, &missing) || missing.Name != name || !errors.Is(err, answers.ErrAnswer) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// TestPinnedMappingsGoOn loads a mapping of before, whose mistakes an earlier version did not see.
func TestPinnedMappingsGoOn(t *testing.T) {
	t.Parallel()
	p := answersOf(t, fmt.Sprintf(rowAnswer, "select * from D"))
	bundle := []byte(strings.ReplaceAll(string(p.Bundle()), "select * from D", "select X from D"))
	if _, err := load.Bundle(bundle, nil); err != nil {
		t.Error(err)
	}
}

// TestWrongAnswerCases refuses cases that are of nothing, of two things, or expect what no decision has.
func TestWrongAnswerCases(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"tests: [{name: x}]\n", "tests: [{form: a, answer: b}]\n", "tests: [{answer: a, expect-answers: [{outcom: x}]}]\n"} {
		if _, err := answering(fmt.Sprintf(nightly, "csv", "# no settings", "") + wrong); err == nil {
			t.Errorf("accepted: %s", wrong)
		}
	}
}
