package answers_test

import (
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// TestDocuments is which names and types documents may have.
func TestDocuments(t *testing.T) {
	t.Parallel()
	const signs = `a file name cannot hold any of / \ : * ? " < > | or control characters`
	const blank = "a file name is not empty, not only dots, and does not begin or end with a blank"
	for _, c := range [][3]string{
		{"permit.pdf", "", ""}, {"permit.pdf", "application/pdf", ""}, {"Bescheid Nr. 7.pdf", "", ""}, {"ü.pdf", "", ""},
		{"a/b.pdf", "", signs}, {`a\b.pdf`, "", signs}, {"a:b", "", signs}, {"a?", "", signs}, {"a*", "", signs}, {`"a"`, "", signs}, {"<a>", "", signs}, {"a|b", "", signs}, {"a\nb", "", signs},
		{"", "", blank}, {".", "", blank}, {"..", "", blank}, {" ", "", blank}, {" a", "", blank}, {"a ", "", blank},
		{"{reference}.pdf", "", "the name is told as it stands here: it has no variables in braces"},
		{"permit.pdf", "pdf", "its type is written as MIME types are, such as application/pdf"},
	} {
		if have := (answers.Document{Name: c[0], Type: c[1]}).Wrong(); have != c[2] {
			t.Errorf("%q %q: %s", c[0], c[1], have)
		}
	}
}

// TestText is a value as a result and a submission both write it, so that they are known to be equal.
func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    value.Value
		want string
		ok   bool
	}{
		{value.Text("a"), "a", true}, {value.Text(" a  "), "a", true}, {value.Text(""), "", false}, {value.Text("  "), "", false}, {value.Text("1.50"), "1.50", true}, {value.Int(7), "7", true},
		{value.Number("7.00"), "7", true}, {value.Number("7.10"), "7.1", true}, {value.Number("100"), "100", true}, {value.Number("0.0"), "0", true}, {value.Bool(true), "true", true},
		{value.Missing, "", false}, {value.Null, "", false}, {value.Text("a" + answers.Separator + "b"), "a" + answers.Separator + "b", false},
		{value.Value{Kind: value.KindDate, Str: "2024-02-29"}, "2024-02-29", true}, {value.Value{Kind: value.KindList, Any: []any{}}, "", false},
	} {
		if have, ok := answers.Text(c.v); have != c.want || ok != c.ok {
			t.Errorf("%v: %q %v", c.v, have, ok)
		}
	}
}

// TestSame is when two readings of a result say the same.
func TestSame(t *testing.T) {
	t.Parallel()
	one := func(change func(*answers.Reading)) answers.Reading {
		r := answers.Reading{Decision: answers.Decision{MatchKey: "m", ID: "1", Outcome: "approved", Status: "A", CaseNumber: "C", Reason: "why",
			Documents: []connectors.Attachment{{Name: "a.pdf", Blob: connectors.BytesBlob([]byte("x"))}}}}
		change(&r)
		return r
	}
	plain := one(func(*answers.Reading) {})
	for name, c := range map[string]struct {
		r    answers.Reading
		same bool
	}{
		"itself": {plain, true}, "another ID": {one(func(r *answers.Reading) { r.ID = "2" }), true}, "another place": {one(func(r *answers.Reading) { r.Line, r.Where = 3, "line 3" }), true},
		"match": {one(func(r *answers.Reading) { r.MatchKey = "n" }), false}, "status": {one(func(r *answers.Reading) { r.Status = "R" }), false},
		"case": {one(func(r *answers.Reading) { r.CaseNumber = "" }), false}, "reason": {one(func(r *answers.Reading) { r.Reason = "because" }), false},
		"no document": {one(func(r *answers.Reading) { r.Documents = nil }), false}, "other bytes": {one(func(r *answers.Reading) { r.Documents[0].Blob.Digest = connectors.Digest{1} }), false},
		"other name": {one(func(r *answers.Reading) { r.Documents[0].Name = "b.pdf" }), false}, "error": {one(func(r *answers.Reading) { r.Err = answers.ErrAnswer }), false},
	} {
		if have := plain.Same(c.r); have != c.same {
			t.Errorf("%s: %v", name, have)
		}
	}
}
