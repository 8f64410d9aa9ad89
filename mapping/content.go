package mapping

import (
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/column"
)

// content tells what the values of a field may be before any form has come: by its declared type, by a constant, or
// by the form's schema where the field is a plain path into it.
func (p *Parts) content(f *field) connectors.Content {
	var c connectors.Content
	switch {
	case f.x.Const != nil:
		c = column.ContentOf(*f.x.Const)
	case f.x.Path != nil && p.schema != nil:
		c = p.schema.Content(f.x.Path.Abs)
	case f.x.Path == nil && f.x.Ref != nil:
		return c
	case f.x.May != nil && f.x.May.Least > 0: // a text that was padded or put together
		c.Kind, c.MinLength = connectors.Text, f.x.May.Least
	}
	if f.def != nil { // what is missing or null becomes something else, which may be of any length
		c.Absent, c.Null, c.MinLength = false, false, 0
		d := connectors.Content{}
		if f.def.Const != nil {
			d = column.ContentOf(*f.def.Const)
		}
		if d.Kind != c.Kind {
			c = connectors.Content{}
		} else if c.MaxLength > 0 {
			c.MaxLength = max(c.MaxLength, d.MaxLength)
		}
		c.Value = nil
	}
	f.typ.Narrow(&c)
	return c
}
