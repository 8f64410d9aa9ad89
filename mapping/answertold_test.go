package mapping_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/answers"
)

const oneEach = `answer:
  from: nightly
  format: json
  each: line in content.lines
  fields: {NO: line.no ?? nil, CASE: line.case ?? nil, STATUS: line.status ?? nil, REASON: line.reason ?? nil, CASENO: line.caseno ?? nil, PDF: line.pdf ?? nil}
  id: NO
  match: {CASE: form.ref}
  outcome: {STATUS: {A: approved, R: refused}}
  case: CASENO
  reason: REASON
  documents: [{name: permit.pdf, from: PDF}]
`

// TestWhatCannotBeToldIsNotEmpty has a list, an object or bytes under any name of an answer kept for a person, with all
// that could be read beside it.
func TestWhatCannotBeToldIsNotEmpty(t *testing.T) {
	t.Parallel()
	p := answersOf(t, oneEach)
	good := map[string]string{"no": `"1"`, "case": `"C1"`, "status": `"R"`, "reason": `"late"`, "caseno": `"4711"`, "pdf": `"p.pdf"`}
	read := func(name, value string) answers.Reading {
		var parts []string
		for k, v := range good {
			if k == name {
				v = value
			}
			parts = append(parts, fmt.Sprintf("%q: %s", k, v))
		}
		list := p.Answers(connectors.Result{ID: "f", File: "f.json", Content: []byte(`{"lines": [{` + strings.Join(parts, ", ") + `}]}`), Documents: []connectors.Attachment{{Name: "p.pdf"}}})
		return list[0]
	}
	key := map[string]string{"no": "id reads NO", "case": "match reads CASE", "status": "outcome reads STATUS", "reason": "reason reads REASON", "caseno": "case reads CASENO", "pdf": "documents reads PDF"}
	for name := range good {
		for _, value := range []string{`["x", "y"]`, `{"a": "x"}`, `["x"]`} {
			r := read(name, value)
			var untold *answers.Untold
			if !errors.As(r.Err, &untold) || !errors.Is(r.Err, answers.ErrAnswer) || !strings.Contains(r.Err.Error(), key[name]) {
				t.Errorf("%s %s: %v", name, value, r.Err)
			}
			for _, got := range [][3]string{{"no", r.ID, "1"}, {"case", r.MatchKey, "CASE=C1"}, {"status", r.Outcome, "refused"}, {"reason", r.Reason, "late"},
				{"caseno", r.CaseNumber, "4711"}, {"pdf", fmt.Sprint(len(r.Documents)), "1"}} {
				if got[0] != name && got[1] != got[2] {
					t.Errorf("%s %s: of %s %q is left", name, value, got[0], got[1])
				}
			}
		}
	}
	for _, name := range []string{"reason", "caseno", "pdf"} { // what holds nothing is empty
		for _, value := range []string{`[]`, `{}`, `null`, `""`, `" "`} {
			if r := read(name, value); r.Err != nil {
				t.Errorf("%s %s: %v", name, value, r.Err)
			}
		}
	}
	if r := read("case", "null"); r.Err != nil || r.MatchKey != "" || r.Outcome != "refused" || r.Reason != "late" || len(r.Documents) != 1 {
		t.Errorf("without a match: %+v", r)
	}
	if r := read("caseno", "2026.10"); r.Err != nil || r.CaseNumber != "2026.10" {
		t.Errorf("a number as case: %+v", r)
	}
}

// TestBytesAreNoText keeps a row for a person whose reason or case is a column of bytes.
func TestBytesAreNoText(t *testing.T) {
	t.Parallel()
	p := answersOf(t, fmt.Sprintf(rowAnswer, "select * from D")+"  case: CASE\n")
	text := func(s string) connectors.Value { return connectors.Value{Kind: connectors.Text, Str: s} }
	for _, name := range []string{"REASON", "CASE", "STATUS", "CASE_ID"} {
		for content, wrong := range map[string]bool{"late": true, "": false} {
			row := map[string]connectors.Value{"ID": text("1"), "CASE_ID": text("7"), "STATUS": text("A"), "REASON": text("x"), "CASE": text("1"), "PDF": text("%PDF")}
			b := connectors.BytesBlob([]byte(content))
			row[name] = connectors.Value{Kind: connectors.Binary, Blob: &b}
			d, err := answerOf(p, connectors.Result{ID: "1", Fields: row})
			var untold *answers.Untold
			if errors.As(err, &untold) != wrong || len(d.Documents) != 1 {
				t.Errorf("%s %q: %+v %v", name, content, d, err)
			}
		}
	}
}

// TestNightWithoutDecisions takes a file for one only where its list is surely empty: an empty list, an XML element with
// nothing in it, or the header line that the mapping reads.
func TestNightWithoutDecisions(t *testing.T) {
	t.Parallel()
	plan := map[string]*mapping.Plan{"csv": answersOf(t, fmt.Sprintf(nightly, "csv", `csv: {delimiter: ";"}`, "")), "xml": answersOf(t, fmt.Sprintf(nightly, "xml", "lists: [line]", ".line")),
		"xml below": answersOf(t, fmt.Sprintf(nightly, "xml", "lists: [all.line]", ".all.line")), "xml or none": answersOf(t, fmt.Sprintf(nightly, "xml", "lists: [line]", ".line | list()")), "json": answersOf(t, fmt.Sprintf(nightly, "json", "# none", ".lines"))}
	for _, c := range []struct {
		format, content string
		empty           bool
	}{
		{"csv", "NO;CASE;STATUS\n", true}, {"csv", "NO;CASE;STATUS;REASON;PDF\n\n", true}, {"csv", "1;C1;A\n", false}, {"csv", "1;C1;A", false}, {"csv", "no;case;status\n", false}, {"csv", "NO;CASE\n", false},
		{"xml", "<r/>", true}, {"xml", "<r></r>", true}, {"xml", "<r xmlns='urn:x'> </r>", true}, {"xml", "<r NO='1' CASE='C1' STATUS='A'/>", false}, {"xml", "<r error='no connection'/>", false}, {"xml", "<r xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:schemaLocation='a b'/>", true},
		{"xml or none", "<r date='1'/>", true}, {"xml", "<r>none</r>", false}, {"xml", "<r><Line/></r>", false}, {"xml", "<r><x/></r>", false},
		{"xml below", "<r><at>1</at><all/></r>", true}, {"xml below", "<r n='0'><all/></r>", true}, {"xml below", "<r><all n='2'/></r>", false}, {"xml below", "<r/>", false}, {"xml below", "<r><all>x</all></r>", false},
		{"json", `{"lines": []}`, true}, {"json", `{}`, false},
	} {
		list := plan[c.format].Answers(connectors.Result{ID: "f", File: "f", Content: []byte(c.content)})
		var missing *answers.MissingName
		if c.empty && len(list) != 0 || !c.empty && (len(list) != 1 || !errors.As(list[0].Err, &missing) && !errors.Is(list[0].Err, answers.ErrAnswer)) {
			t.Errorf("%s %q: %+v", c.format, c.content, list)
		}
	}
}

// TestNamesSpelledOtherwise does not take for missing what the file spells with other capitals.
func TestNamesSpelledOtherwise(t *testing.T) {
	t.Parallel()
	p := answersOf(t, fmt.Sprintf(nightly, "csv", `csv: {delimiter: ";"}`, ""))
	for content, want := range map[string]string{
		"NO;CASE;STATUS;Reason\n1;C1;A;late\n":       "answer.fields.REASON reads content.REASON, and the answer file has Reason there",
		"NO;CASE;STATUS;pdf\n1;C1;A;x.pdf\n":         "answer.fields.PDF reads content.PDF, and the answer file has pdf there",
		"NO;CASE;STATUS;Reason\n1;C1;A;\n":           "",
		"NO;CASE;STATUS;REASON;Reason\n1;C1;A;;no\n": "",
		"NO;CASE;STATUS;REASONS\n1;C1;A;late\n":      "",
	} {
		r := p.Answers(connectors.Result{ID: "f", File: "f", Content: []byte(content)})[0]
		if got := fmt.Sprint(r.Err); want == "" && r.Err != nil || want != "" && (got != want || !errors.As(r.Err, new(*answers.MissingName))) || r.Outcome != "approved" {
			t.Errorf("%q: %v %+v", content, r.Err, r)
		}
	}
}

// TestAnswerFilesThatNeverWork finds answers of which every entry has the same ID, or a status that outcome does not name.
func TestAnswerFilesThatNeverWork(t *testing.T) {
	t.Parallel()
	csv := fmt.Sprintf(nightly, "csv", `csv: {delimiter: ";"}`, "")
	for _, c := range []struct{ old, by, want string }{
		{"NO: line.NO", `NO: '"x"'`, "the same ID"}, {"NO: line.NO", "NO: file.name", "the same ID"}, {"NO: line.NO", "NO: index + 1", ""},
		{"id: NO", "id: [CASE, NO]", ""}, {"STATUS: line.STATUS", `STATUS: '"B"'`, `always is "B"`}, {"STATUS: line.STATUS", `STATUS: '"A"'`, ""},
		{"{A: approved, R: refused}", `{A: approved, "R ": refused}`, "without blanks"},
	} {
		_, err := answering(strings.Replace(csv, c.old, c.by, 1))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.by, err)
		}
	}
}
