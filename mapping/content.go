package mapping

import (
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/column"
)

// content tells what the values of a field may be before any form has come: by its declared type, by a constant, or
// by the form's schema where the field is a plain path into it.
func (p *Parts) content(f *Field) connectors.Content {
	var c connectors.Content
	switch {
	case f.X.Const != nil:
		c = column.ContentOf(*f.X.Const)
	case f.X.Path != nil && p.Schema != nil:
		c = p.Schema.Content(f.X.Path.Abs)
	case f.X.Path == nil && f.X.Ref != nil:
		return c
	case f.X.May.IsContent():
		c.Kind, c.Absent, c.Null = connectors.Binary, true, true
	case f.X.May != nil && f.X.May.Least > 0: // a text that was padded or put together
		c.Kind, c.MinLength = connectors.Text, f.X.May.Least
	}
	if f.Def != nil { // what is missing or null becomes something else, which may be of any length
		c.Absent, c.Null, c.MinLength = false, false, 0
		d := connectors.Content{}
		if f.Def.Const != nil {
			d = column.ContentOf(*f.Def.Const)
		}
		if d.Kind != c.Kind {
			c = connectors.Content{}
		} else if c.MaxLength > 0 {
			c.MaxLength = max(c.MaxLength, d.MaxLength)
		}
		c.Value = nil
	}
	f.Type.Narrow(&c)
	return c
}
