package encode

import (
	"errors"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Try encodes one value as a field of a write's records; the error says why it cannot stand there.
func (l *Layout) Try(write, name string, v connectors.Value) *FieldError {
	k := l.kindOf(write)
	if k == nil {
		return nil
	}
	for _, f := range k.fields {
		if f.spec.Value == nil && f.spec.Name == name {
			return l.try(write, k, f, v)
		}
	}
	return nil
}

func (l *Layout) try(write string, k *kind, f *field, v connectors.Value) *FieldError {
	w := writer{layout: l, write: write}
	one := binding{kind: &kind{element: k.element, fields: []*field{f}}, index: []int{0}, own: []bool{true}}
	_, err := l.record(nil, &w, &one, connectors.Record{Values: []connectors.Value{v}}, false)
	return err
}

// Rehearse finds what the layout itself says that can never be written: texts for null, yes and no, titles, and lines
// whose fixed part is too long or has a character that the file's character set lacks.
func (l *Layout) Rehearse() []SpecProblem {
	var problems []SpecProblem
	for write, k := range l.kinds {
		path := []any{"fields"}
		if write != "" {
			path = []any{"records", write, "fields"}
		}
		for i, f := range k.fields {
			problems = append(problems, l.rehearseField(sub(path, i), write, k, f)...)
		}
	}
	header := Header{Seq: 1, SealedAt: time.Date(1999, 12, 31, 23, 58, 59, 0, time.UTC), Name: "X", ID: "0123456789ABC", Reference: "x"}
	_, err := l.File(header, nil)
	var fe *FieldError
	if errors.As(err, &fe) {
		path := []any{fe.Write}
		if fe.Write == headerWrite && len(l.header) == 0 {
			path = []any{"csv", "titles"}
		}
		problems = append(problems, SpecProblem{Path: path, Code: CodeSpec, Message: "this can never be written: field " + fe.Field + ": " + fe.Message})
	}
	return problems
}

func (l *Layout) rehearseField(path []any, write string, k *kind, f *field) (problems []SpecProblem) {
	values := map[string]connectors.Value{}
	if f.spec.IfNull != nil && !f.spec.Required && f.spec.Value == nil {
		values["if-null"] = connectors.Value{Kind: connectors.Null}
	}
	if f.spec.Type == "boolean" {
		values["yes"], values["no"] = connectors.Value{Kind: connectors.Boolean, Int: 1}, connectors.Value{Kind: connectors.Boolean}
	}
	for _, key := range []string{"if-null", "yes", "no"} {
		v, there := values[key]
		if !there {
			continue
		}
		if err := l.try(write, k, f, v); err != nil {
			problems = append(problems, SpecProblem{Path: sub(path, key), Code: CodeSpec, Message: "this text can never be written: " + err.Message})
		}
	}
	return problems
}
