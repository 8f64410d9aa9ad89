package load_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestCareless is the table of slips of a mapping that check must not let pass: a part that replaces one of a right mapping, and what
// is said of it. What is said begins with warning where it is one; "" wants nothing.
func TestCareless(t *testing.T) {
	t.Parallel()
	const (
		write  = "  - {as: w, to: register, table: T, fields: {A: form.id}}\n"
		put    = "  - {as: w, to: drop, document: '{reference}-{n}.pdf'}\n"
		answer = "answer:\n  from: register\n  query: select ID, REF, STATUS, PDF from DECISION where SENT is null\n  id: ID\n  mark: update DECISION set SENT = 1 where ID = :ID\n" +
			"  match: {REF: form.id}\n  outcome: {STATUS: {A: approved}}\n  documents: [{name: permit.pdf, from: PDF}]\n"
	)
	field := func(value string) string {
		return "  - {as: w, to: register, table: T, fields: {A: {type: text(4), value: '" + value + "'}}}\n"
	}
	replaced := func(old, by string) string {
		if !strings.Contains(answer, old) {
			t.Fatal(old)
		}
		return write + strings.Replace(answer, old, by, 1)
	}
	for _, c := range []struct{ rest, want string }{
		{write, ""}, {put, ""}, {write + answer, ""},

		{"  - {as: w, to: drop, document: plan.pdf}\n", "a form is parked while another's lies there"},
		{"  - {as: w, to: drop, document: 'plan-{n}.pdf'}\n", "it needs {reference} or {id}"},
		{"  - {as: w, to: drop, document: '{id}.pdf'}\n", "it needs {n}"},
		{"  - {as: w, to: drop, document: '{id}-{n}-{seq}.pdf'}\n", "attachments are in none"},
		{replaced("A: approved", "A: aproved"), `warning: the front office is told "aproved", which is nearly a word that it knows did you mean "approved"?`},
		{replaced("A: approved", "A: granted"), ""},
		{replaced("permit.pdf", "../../x"), "cannot hold any of /"}, {replaced("permit.pdf", `a\b.pdf`), "cannot hold any of /"}, {replaced("permit.pdf", `".."`), "not only dots"},
		{replaced("permit.pdf", `""`), "not empty"}, {replaced("permit.pdf", `"{reference}.pdf"`), "no variables"}, {replaced("permit.pdf", `"a\nb"`), "control characters"},
		{replaced("[{", "[{name: Permit.PDF, from: REF}, {"), "warning: two documents of one decision have this name"},
		{replaced("{A: approved}", "{}"), "gives no status a meaning"}, {replaced("{A: approved}", `{"A ": approved}`), "without blanks at its ends"},
		{replaced("{A: approved}", `{"A": approved, " ": refused}`), "without a status has no meaning"}, {replaced("form.id}\n  out", "'\"x\"'}\n  out"), "nothing of the form"},
		{replaced("update DECISION set", "update OTHER set"), "warning: mark changes other, which the query does not name"}, {replaced("update DECISION set", "update S.DECISION set"), ""},
		{replaced("update DECISION set SENT = 1 where ID = :ID", `"-- update DECISION where ID = :ID"`), "holds nothing but comments"},
		{replaced("update DECISION set SENT = 1 where ID = :ID", "update DECISION set SENT = 1 /* where ID = :ID */"), "no place such as :ID"},
		{replaced(" where ID = :ID", ", ID = :ID"), "mark has no where"},
		{replaced("where ID = :ID", "where ID = :ID; delete from T"), "mark is more than one statement"}, {replaced("SENT is null", "SENT is null; delete from T"), "query is more than one statement"},
		{replaced("where ID = :ID", "where ID = :ID;"), ""}, {replaced("update DECISION set SENT = 1 where ID = :ID", "begin SENT_IT(:ID); commit; end;"), ""},
		{replaced("select ID, REF, STATUS, PDF from DECISION where SENT is null", `"/* later */"`), "holds nothing but comments"},

		{replaced("where ID = :ID", "where STATUS = :STATUS"), "they would be marked unread"}, {replaced("from: PDF}", "from: PDF, type: pdf}"), "such as application/pdf"},
		{replaced("where ID = :ID", "where REF = :REF"), ""},

		{field(`007`), "a number does not begin with 0"}, {field(`2024-01-01`), "a number does not begin with 0"}, {field(`form.id[0].a ?? 0`), ""}, {field(`form.n * 0.5`), ""},
		{field(`"a.b"`), ""}, {strings.Replace(write, "form.id", `'"form.id"'`, 1), `warning: every form gets these words themselves: "form.id"`},
		{strings.Replace(write, "form.id", `'"{form.id}"'`, 1), "warning: every form gets these words"},
		{strings.Replace(write, "A:", "A: form.a, a:", 1), "warning: A and a are one column"}, {strings.Replace(write, "A:", `"A ":`, 1), "does not begin or end with a blank"},
		{strings.Replace(write, "A:", `"":`, 1), "a column's name is not empty"}, {strings.Replace(write, "table: T", `table: " T"`, 1), "a table's name"},
		{field(`form.id | padLeft(8)`), "this has at least 8 characters"},
		{field(`form.new ? (form.id | padLeft(8)) : (form.id | padRight(9))`), "this has at least 8 characters"},
		{field(`form.new ? (form.id | padLeft(8)) : fail("old")`), "this has at least 8 characters"},
		{field(`form.new ? (form.id | padLeft(8)) : form.id`), ""},
		{field(`form.id | padLeft(8) ?? "none"`), "warning: this has at least 8 characters"},
		{field(`form.id | padLeft(8) | trim()`), ""},
		{field(`1e60 * 1e60`), "* can only fail"}, {field(`form.n * 1e99 * 1e99`), "warning: * gives a number of too many digits"}, {field(`form.n * 1e99`), ""}, {field(`form.n / form.m`), ""},
	} {
		files := fstest.MapFS{"m.yaml": {Data: []byte("mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite:\n" + c.rest)}}
		p, err := load.Mapping(files, "m.yaml", mappings.Catalog{})
		var problems diag.Problems
		have := ""
		switch {
		case errors.As(err, &problems):
			have = problems[0].Message + " " + problems[0].Suggestion
		case len(mappings.Doubts(p)) > 0:
			have = "warning: " + mappings.Doubts(p)[0].Message + " " + mappings.Doubts(p)[0].Suggestion
		}
		if c.want == "" && have != "" || !strings.Contains(have, c.want) || strings.HasPrefix(have, "warning") != strings.HasPrefix(c.want, "warning") {
			t.Errorf("%s\n  have %s\n  want %s", c.rest, have, c.want)
		}
	}
}
