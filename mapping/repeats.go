package mapping

import (
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/schema"
)

// repeats finds what repeats in a form and is read as one value: with one element it would be another thing than with two.
func (p *Parts) repeats(f Form) *Fault {
	for _, way := range p.Single {
		if at := repeated(f, way); at != nil {
			slices.Reverse(at)
			return &Fault{At: "input.lists", Cause: schema.FieldError{Pointer: "/" + strings.Join(at, "/"), Code: CodeList,
				Message: "this repeats in the form, and the mapping reads it as one value"}}
		}
	}
	return nil
}

// foreign finds a CSV form whose header has no column that is read: it has another delimiter, or is another file.
func (p *Parts) foreign(f Form) *Fault {
	if list, ok := f.([]any); ok && len(list) > 0 {
		f = list[0]
	}
	row, ok := f.(map[string]any)
	if !ok || len(p.Columns) == 0 || slices.ContainsFunc(p.Columns, func(name string) bool { _, has := row[name]; return has }) {
		return nil
	}
	return &Fault{At: "input.csv", Cause: schema.FieldError{Code: decode.CodeColumns, Message: "the form's header has none of the columns that the mapping reads; see its delimiter"}}
}

// repeated is the place of a list at the end of a way, backwards; nil: there is none.
func repeated(n any, way []string) []string {
	m, _ := n.(map[string]any)
	next, name := m[way[0]], expr.PointerEscape.Replace(way[0])
	list, is := next.([]any)
	switch {
	case is && len(way) == 1:
		return []string{name}
	case is:
		for i, item := range list {
			if at := repeated(item, way[1:]); at != nil {
				return append(at, strconv.Itoa(i), name)
			}
		}
	case len(way) > 1 && next != nil:
		if at := repeated(next, way[1:]); at != nil {
			return append(at, name)
		}
	}
	return nil
}
