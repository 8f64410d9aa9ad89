package encode

import (
	"errors"
	"fmt"
	"strings"
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

// Longest is a letter that the layout makes longest in a field, where it makes any longer; "" else.
func (l *Layout) Longest(write, name string) string {
	if k := l.kindOf(write); k != nil {
		for _, f := range k.fields {
			if f.spec.Value == nil && f.spec.Name == name {
				return f.fit.Longest()
			}
		}
	}
	return ""
}

func (l *Layout) try(write string, k *kind, f *field, v connectors.Value) *FieldError {
	w := writer{layout: l, write: write}
	one := binding{kind: &kind{element: k.element, fields: []*field{f}, root: f.flat()}, index: []int{0}, own: []bool{true}}
	_, err := l.record(nil, &w, &one, connectors.Record{Values: []connectors.Value{v}}, false)
	return err
}

// Rehearse finds what the layout itself says that can never be written, or means something else: texts for null, yes and no,
// titles, names that stand twice, and lines whose fixed part is too long or has a character that the file's character set lacks.
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
		problems = append(problems, twice(path, k.fields)...)
	}
	problems = append(append(problems, l.members()...), l.dates()...)
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
	header.Name = "X.x"
	if _, _, _, err := l.Control(header, 1, connectors.Digest{}, nil); errors.As(err, &fe) {
		problems = append(problems, SpecProblem{Path: []any{"control-file"}, Code: CodeSpec, Message: "this can never be written: " + fe.Message})
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
	wrong := func(is bool, key, message string) {
		if is {
			problems = append(problems, SpecProblem{Path: sub(path, key), Code: CodeSpec, Message: message})
		}
	}
	wrong(f.spec.Type == "boolean" && f.spec.Yes == f.spec.No, "no", "yes and no have the same text: nobody could tell them apart")
	wrong(f.numeric() && strings.ContainsAny(f.spec.Pad, "123456789+-.,"), "pad", "this beside a number would make it another number")
	if null := f.spec.IfNull; null != nil && f.numeric() && l.spec.Format == "fixed" && f.spec.Pad == "0" && len(*null) < f.spec.Width {
		_, number := parseNumber(*null)
		wrong(!number && *null != "", "if-null", "zeros are put before this, and it is no number: fill the width, or say pad")
	}
	wrong(f.pattern != nil && f.pattern.MinutesOfDay(), "pattern", minutes)
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

const minutes = "the date has minutes beside a day, and no hour: MM is the month, mm the minute"

// dates finds dates of header, trailer and control file in which minutes stand for months.
func (l *Layout) dates() (problems []SpecProblem) {
	look := func(t *Template, path ...any) {
		if t.MinutesOfDay() {
			problems = append(problems, SpecProblem{Path: path, Code: CodeSpec, Message: minutes})
		}
	}
	for _, part := range []string{headerWrite, trailerWrite} {
		for i, n := range map[string][]*line{headerWrite: l.header, trailerWrite: l.trailer}[part] {
			for j, t := range n.templates {
				look(t, part, i, "fields", j, "value")
			}
		}
	}
	if l.control != nil {
		look(l.control.name, "control-file", "name")
		look(l.control.text, "control-file", "text")
	}
	return problems
}

// twice finds attributes that one element would have twice.
func twice(path []any, fields []*field) (problems []SpecProblem) {
	seen := map[string]bool{}
	for i, f := range fields {
		if f.attr && seen[f.way()] {
			problems = append(problems, SpecProblem{Path: sub(path, i, "xml"), Code: CodeSpec, Message: fmt.Sprintf("the element has the attribute %q already", f.tag)})
		}
		seen[f.way()] = seen[f.way()] || f.attr
	}
	return problems
}

// members finds members of the one JSON object that have no name, or that of another.
func (l *Layout) members() (problems []SpecProblem) {
	if l.spec.Format != "json" || l.spec.JSON.Style != "object" {
		return nil
	}
	seen := map[string]bool{"": true, l.spec.JSON.Records: true}
	for _, part := range []string{headerWrite, trailerWrite} {
		for i, n := range map[string][]*line{headerWrite: l.header, trailerWrite: l.trailer}[part] {
			if seen[n.name] {
				problems = append(problems, SpecProblem{Path: []any{part, i, "name"}, Code: CodeSpec, Message: fmt.Sprintf("the object has a member %q already, or it is no name", n.name)})
			}
			seen[n.name] = true
		}
	}
	return problems
}
