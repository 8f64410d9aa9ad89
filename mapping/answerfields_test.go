package mapping_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
)

const ofRows = `lookups:
  why: {values: {L: too late, P: no plot}}
answer:
  from: t
  query: select ID, NO, YR, STATUS, R1, R2, PDF, TITLE from D where SENT is null
  id: ID
  mark: update D set SENT = 1 where ID = :ID
  match: {CASE: h.NO}
  let:
    first: row.R1 | lookup("why")
  fields:
    CASE: row.NO
    NUMBER: concat(row.YR | text(), "/", row.NO | text())
    WHY: '[first, row.R2] | filter(# != nil) | join("; ")'
    TITLES: '[row.TITLE]'
    FILE: row.PDF
  outcome: {STATUS: {A: approved, R: refused}}
  case: NUMBER
  reason: WHY
  documents: [{named: TITLES, from: FILE, type: application/pdf}]
`

// TestFieldsOfRows computes what a decision says from the columns of its row, by the names, lookups and helpers of the mapping.
func TestFieldsOfRows(t *testing.T) {
	t.Parallel()
	p := answersOf(t, ofRows)
	_, q, _ := p.Question()
	if got := fmt.Sprint(q.Reads, q.Binary); got != "[ID STATUS R1 NO YR R2 TITLE PDF] [PDF]" {
		t.Errorf("reads %s", got)
	}
	text := func(s string) connectors.Value { return connectors.Value{Kind: connectors.Text, Str: s} }
	number := func(n int64) connectors.Value { return connectors.Value{Kind: connectors.Integer, Int: n} }
	null, pdf := connectors.Value{Kind: connectors.Null}, connectors.BytesBlob([]byte("%PDF"))
	for name, c := range map[string]struct {
		change map[string]connectors.Value
		want   string
	}{
		"all of it":             {nil, `CASE=4711 approved 2026/4711 "too late; and more" [permit.pdf] <nil>`},
		"a reason is NULL":      {map[string]connectors.Value{"R2": null}, `CASE=4711 approved 2026/4711 "too late" [permit.pdf] <nil>`},
		"no document":           {map[string]connectors.Value{"PDF": null}, `CASE=4711 approved 2026/4711 "too late; and more" [] <nil>`},
		"a name that is none":   {map[string]connectors.Value{"TITLE": text("a/b")}, `CASE=4711 approved 2026/4711 "too late; and more" [] the result cannot be read: answer.documents reads TITLES, which gives no file name for one of the documents`},
		"an unknown code":       {map[string]connectors.Value{"R1": text("X")}, `CASE=4711 approved 2026/4711 "" [permit.pdf] the result cannot be read: WHY: `},
		"a column is not there": {map[string]connectors.Value{"R1": {}}, `   "" [] answer.fields reads the column R1, and the query does not give it`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := map[string]connectors.Value{"id": number(1), "no": number(4711), "YR": number(2026), "STATUS": text("A"), "R1": text("L"), "R2": text("and more"), "TITLE": text("permit.pdf"),
				"PDF": {Kind: connectors.Binary, Blob: &pdf}}
			for k, v := range c.change {
				if row[k] = v; v.Kind == connectors.Missing {
					delete(row, k)
				}
			}
			r := p.Answers(connectors.Result{ID: "1", Fields: row})[0]
			if got := told(r); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func told(r answers.Reading) string {
	var names []string
	for _, d := range r.Documents {
		names = append(names, d.Name)
	}
	return fmt.Sprintf("%s %s %s %q %v %v", r.MatchKey, r.Outcome, r.CaseNumber, r.Reason, names, r.Err)
}

const ofItems = `answer:
  from: nightly
  format: json
  each: line in content.lines
  when: line.TYPE == "D"
  let:
    why: line.reasons ?? []
  fields:
    NO: line.NO
    CASE: line.CASE
    STATUS: line.STATUS
    REASON: 'why | map(concat(.code, " ", .text)) | join("; ")'
    FILES: line.files ?? [] | map(.file)
    TITLES: line.files ?? [] | map(.title)
  id: NO
  match: {CASE: form.ref}
  outcome: {STATUS: {A: approved}}
  reason: REASON
  documents: [{named: TITLES, from: FILES}]
`

// TestItemsThatAreDecisions reads lists of reasons and of documents, and passes over what is no decision.
func TestItemsThatAreDecisions(t *testing.T) {
	t.Parallel()
	content := `{"lines": [{"TYPE": "H"}, {"TYPE": "D", "NO": 1, "CASE": "C1", "STATUS": "A", "reasons": [{"code": "R1", "text": "late"}, {"code": "R2", "text": "far"}],
		"files": [{"file": "out/1.pdf", "title": "Permit.pdf"}, {"file": "2.pdf", "title": "Plan.pdf"}]}, {"TYPE": "D", "NO": 2, "CASE": "C2", "STATUS": "A"},
		{"TYPE": 3, "NO": 3, "CASE": "C3", "STATUS": "A"}, {"TYPE": "D", "NO": 4, "CASE": "C4", "STATUS": "A", "files": [{"file": "gone.pdf", "title": "Gone.pdf"}]}]}`
	var got []string
	for _, r := range answersOf(t, ofItems).Answers(connectors.Result{ID: "f", File: "f.json", Content: []byte(content), Documents: []connectors.Attachment{{Name: "1.pdf"}, {Name: "2.pdf"}}}) {
		got = append(got, fmt.Sprint(r.Line, " ", told(r)))
	}
	want := []string{`2 CASE=C1 approved  "R1 late; R2 far" [Permit.pdf Plan.pdf] <nil>`, `3 CASE=C2 approved  "" [] <nil>`,
		`4 CASE=C3 approved  "" [] the result cannot be read: when: an integer cannot be compared with a text`,
		`5 CASE=C4 approved  "" [] the document gone.pdf does not lie beside the answer file`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// TestWrongAnswerFields is what check says of them.
func TestWrongAnswerFields(t *testing.T) {
	t.Parallel()
	for _, c := range [][4]string{
		{ofRows, "CASE: row.NO", "CASE: row.NUMBR", `16:5: the query does not select "NUMBR"`},
		{ofRows, "row.YR | text()", "row | text()", "17:20: row is all columns: one is named here"},
		{ofRows, "id: ID", "id: CASE", "10:7: CASE is a field, and a row is known again by columns of the query"},
		{ofRows, "first, row.R2", "row.R1, row.R2", "14:5: nothing uses first"},
		{ofRows, "  let:", "  when: row.STATUS == \"A\"\n  let:", "13:3: when tells which items of each are decisions"},
		{ofRows, "{named:", "{name: a.pdf, named:", "24:36: a document has either name or named"},
		{ofRows, `lookup("why")`, `lookup("wy")`, "14:21: there is no lookup of this name"},
		{ofItems, "why: line.reasons", "content: line.reasons", `"content" is already the name of something else here`},
	} {
		p, err := answering(strings.Replace(c[0], c[1], c[2], 1))
		said := ""
		if err != nil {
			said = err.Error()
		} else {
			said = fmt.Sprint(p.Warnings())
		}
		if !strings.Contains(said, c[3]) {
			t.Errorf("%s: got %s, want %s", c[2], said, c[3])
		}
	}
}
