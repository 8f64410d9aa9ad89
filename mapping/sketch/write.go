package sketch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/shape"
)

// write puts the mapping together, sections and keys in the order of the documentation.
func (s *sketcher) write(name string) Sketch {
	w := &writer{}
	w.line("# yaml-language-server: $schema=mapping.schema.json")
	w.line("# That file is for editors: inbasket schema mapping > mapping.schema.json")
	w.line("# Proposals by name and type: look at each. What is marked TODO could not be proposed.")
	w.line("mapping: %s", text(name, false))
	w.line("version: 1")
	w.line("input:")
	w.line("  format: %s", s.in.Form.Format)
	if s.in.Form.Several {
		w.line("  forms: form # each line is a form of its own")
	}
	if s.in.Form.Shape != "" {
		w.line("  shape: %s # told by what stands in the form", s.in.Form.Shape)
	}
	if s.in.Schema != "" {
		w.line("  schema: %s", text(s.in.Schema, false))
	}
	reference := s.reference
	if s.asText {
		reference += " | text()"
	}
	if reference != "" {
		w.line("  reference: %s # proposed by its name: is it the sender's own, and another one in each form?", text(reference, false))
	} else {
		w.open++
		w.line("  # TODO reference: the field with the sender's own number; without one a form is known by its file's name or its bytes")
	}
	if of := shape.Named(s.in.Form.Shape); of != nil && of.Same != "" {
		w.line("  same: [%s] # the rest is new at every attempt", of.Same)
	}
	if len(s.in.Form.Lists) > 0 {
		w.line("  lists: [%s]", flow(s.in.Form.Lists))
	}
	if s.in.Form.CSV != "" {
		w.line("  csv: {delimiter: %s}", text(s.in.Form.CSV, true))
	}
	w.line("write:")
	empty := true
	for _, b := range s.blocks {
		if len(b.fields)+len(b.notes) > 0 {
			s.entry(w, b)
			empty = false
		}
	}
	s.ignored(w)
	for i, form := range s.in.Tests {
		if s.in.Form.Several {
			break // a test is of one form
		}
		if i == 0 {
			w.line("tests:")
		}
		w.line("  - form: %s", text(form, false))
	}
	return Sketch{Text: []byte(w.String()), Open: w.open, Reference: reference, Empty: empty}
}

// entry writes the write of one block.
func (s *sketcher) entry(w *writer, b *block) {
	w.line("  - as: %s", text(b.as, false))
	w.line("    to: %s", text(s.in.Target, false))
	w.line("    table: %s", text(b.table, false))
	if len(b.key) > 0 {
		w.line("    key: [%s]", flow(b.key))
	}
	switch len(b.each) {
	case 0:
	case 1:
		w.line("    each: %s", text(b.each[0], false))
	default:
		w.line("    each: [%s]", flow(b.each))
	}
	w.line("    fields:")
	width := 0
	for _, f := range b.fields {
		width = max(width, len([]rune(text(f.column, false))))
	}
	for _, f := range b.fields {
		value := text(f.expr, false)
		if f.expr == todo {
			w.open++
		}
		if f.typ != "" {
			value = fmt.Sprintf("{value: %s, type: %s}", text(f.expr, true), text(f.typ, true))
		}
		if f.comment != "" {
			value += " # " + f.comment
		}
		w.line("      %-*s %s", width+1, text(f.column, false)+":", value)
	}
	for _, n := range b.notes {
		w.line("      # %s", n)
		w.open++
	}
	if len(b.returning) > 0 {
		w.line("    returning: [%s]", flow(b.returning))
	}
}

// ignored writes what is deliberately not used, and, behind a mark that keeps it from being so, what found no column.
func (s *sketcher) ignored(w *writer) {
	slices.SortStableFunc(s.open, func(a, b leaf) int { return strings.Compare(a.form, b.form) })
	if len(s.in.Form.Schemas)+len(s.open) == 0 && !s.in.Form.Questions {
		return
	}
	w.line("ignore:")
	if s.in.Form.Questions {
		w.line("  - form.meta.questions # their texts")
	}
	for _, x := range s.in.Form.Schemas {
		w.line("  - %s # the form's own schema, by which the columns were proposed", text(x, false))
	}
	told := map[string]bool{}
	for _, l := range s.open {
		if told[l.form] {
			continue
		}
		told[l.form] = true
		w.line("  # - %s # TODO write it to a column, or ignore it: %s", text(l.form, false), cmp.Or(l.why, "no column is like it"))
		w.open++
	}
}

// writer collects lines, and counts what is left to do in them.
type writer struct {
	strings.Builder
	open int
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// flow writes texts between brackets.
func flow(texts []string) string {
	var out []string
	for _, s := range texts {
		out = append(out, text(s, true))
	}
	return strings.Join(out, ", ")
}
