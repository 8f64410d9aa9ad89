package mapping_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// mapped is what becomes of a form: the records with their notes; of a form that is wrong each field with its code, of a mapping
// that is wrong the fault. The mapping has no schema unless the place of the table gives it one.
func mapped(p *mapping.Plan, form string) string {
	tree, err := p.Decode([]byte(form), "")
	if err != nil {
		return "unread: " + err.Error()
	}
	if err = p.Validate(tree); err != nil {
		return "invalid: " + toldError(err)
	}
	m, err := p.Map(tree, expr.Input{ID: "0000000000001", Reference: "R-1"})
	if err != nil {
		return toldError(err)
	}
	var out []string
	for _, d := range m.Deliveries {
		for _, r := range d.Records {
			var values []string
			for i, v := range r.Values {
				values = append(values, r.Shape.Fields[i]+"="+mapping.Show(v))
			}
			word := ""
			if r.Bare {
				word = " only"
			}
			out = append(out, r.Shape.Write+word+"{"+strings.Join(values, " ")+"}")
		}
		if d.Order != "" {
			out = append(out, "order "+d.Order)
		}
		if d.Piece != nil {
			out = append(out, fmt.Sprintf("%q", d.Piece.Body))
		}
	}
	for _, n := range m.Notes {
		out = append(out, fmt.Sprintf("note %s.%s %s: %s", n.Write, n.Field, n.Pointer, n.Text))
	}
	return strings.Join(out, "; ")
}

// toldError is an error of a form as the front office is told it, or of the mapping as an operator is.
func toldError(err error) string {
	var wrong *mapping.MapError
	if errors.As(err, &wrong) {
		var all []string
		for _, f := range wrong.Fields {
			all = append(all, fmt.Sprintf("form %s %s: %s", f.Pointer, f.Code, f.Message))
		}
		return strings.Join(all, "; ")
	}
	var fault *mapping.Fault
	if errors.As(err, &fault) {
		return "fault " + fault.Error()
	}
	return "error " + err.Error()
}

// mapsTo runs a table of places of a mapping, what stands there, forms, and what becomes of them.
func mapsTo(t *testing.T, table [][4]string) {
	t.Helper()
	t.Parallel()
	plans := map[string]*mapping.Plan{}
	for _, c := range table {
		text := fmt.Sprintf(mappings.Parts[c[0]], c[1])
		if plans[text] == nil {
			p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}, "s.json": {Data: []byte(mappings.Schema)}}, "m.yaml", mappings.Catalog{})
			if err != nil {
				t.Fatalf("%s {%s}\n%v", c[0], c[1], err)
			}
			plans[text] = p
		}
		if have := mapped(plans[text], c[2]); have != c[3] {
			t.Errorf("%s {%s} over %s\n have %s\n want %s", c[0], c[1], c[2], have, c[3])
		}
	}
}
