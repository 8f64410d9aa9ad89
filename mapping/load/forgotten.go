package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/uses"
)

// within records that a path is used with everything below it.
func (b *builder) within(p *expr.Path) { b.fields.Use(p.Names(), true) }

// found is a field that forms have, and where that is said in the mapping.
type found struct {
	way []string
	at  []any
	of  string
}

// forgotten reports form fields that are neither used nor ignored: of the schema, or of the samples where there is none. What a form has
// beside them is told when it comes.
func (b *builder) forgotten() {
	if b.spec.Input.Unused == "allow" {
		b.allowed()
		return
	}
	b.plan.Fields = b.fields
	if b.pinned() {
		return
	}
	known := b.foundFields()
	var ways [][]string
	for _, f := range known {
		ways = append(ways, f.way)
		if !b.fields.Cover(f.way) {
			b.report(b.file.Problem(CodeUnusedField, "the form field "+strings.Join(f.way, ".")+f.of+" is neither used nor ignored", "add "+uses.Text(f.way)+" to ignore", f.at...))
		}
	}
	for _, i := range b.ignores {
		var texts []string
		for _, way := range b.fields.Hidden(i.way, ways) {
			texts = append(texts, uses.Text(way))
		}
		if more := len(texts) - 10; more > 0 {
			texts = append(texts[:10], fmt.Sprintf("and %d more", more))
		}
		if len(texts) > 0 {
			b.plan.Warnings = append(b.plan.Warnings, i.x.Node.Problem(CodeUnusedField, "other fields of this branch are used, and so these may have been forgotten: "+strings.Join(texts, ", "),
				"name here the fields that are not wanted, instead of the branch"))
		}
	}
}

// allowed is forgotten where fields may go unused: what the schema names is known then.
func (b *builder) allowed() {
	if b.plan.Schema == nil {
		if b.spec.Input.Unknown != "" && b.spec.Input.Schema == "" && !b.pinned() {
			b.report(b.file.KeyProblem(expr.CodeValue, "this does nothing: with unused: allow and without a schema no field is unknown", "remove one of both", "input", "unknown"))
		}
		return
	}
	b.plan.Fields = b.fields
	for _, way := range b.plan.Schema.FieldsOf() {
		b.fields.Allow(way)
	}
}

// foundFields are those of the schema, or of the samples where there is none.
func (b *builder) foundFields() (known []found) {
	if b.plan.Schema != nil {
		for _, way := range b.plan.Schema.FieldsOf() {
			known = append(known, found{way: way, at: []any{"input", "schema"}})
		}
		return known
	}
	if b.spec.Input.Schema != "" {
		return nil
	}
	for i, t := range b.spec.Tests {
		if e := t.ExpectError; t.Form == "" || e != nil && e.Code == mapping.CodeUnknown && b.spec.Input.Unknown == "park" {
			continue // the case is about fields that nobody knows
		}
		raw, err := b.samples(t.Form)
		if err != nil {
			continue // the test says so itself
		}
		form, err := b.plan.Plan().Decode(raw, "")
		if err != nil {
			continue
		}
		for _, way := range uses.Of(mapping.Tree(form)) {
			if !slices.ContainsFunc(known, func(f found) bool { return slices.Equal(f.way, way) }) {
				known = append(known, found{way, []any{"tests", i, "form"}, " of this sample"})
			}
		}
	}
	return known
}
