package workbench

import (
	"errors"
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/decode"
)

// Trial is what becomes of a form, with nothing written.
type Trial struct {
	Form   mapping.Form
	Input  mapping.Input
	Errors []mapping.FieldError // the form's fault; nil: it can be mapped
	Parked error                // ours: a person would have to look at the form
	Mapped *mapping.Mapped
}

// Try sends a form through a mapping.
func Try(plan *mapping.Plan, raw []byte, in mapping.Input) (t Trial) {
	t.Input = in
	var err error
	if t.Form, err = plan.Decode(raw, ""); err != nil {
		var d *decode.Error
		if !errors.As(err, &d) || d.Limit() != "" {
			t.Parked = err
			return t
		}
		t.Errors = []mapping.FieldError{{Pointer: d.Pointer, Code: d.Code, Message: d.Error()}}
		return t
	}
	ref, failed := plan.Reference(t.Form)
	if ref != "" {
		t.Input.Reference = ref
	}
	if err = plan.Validate(t.Form); err == nil {
		err = failed
	}
	if err == nil {
		t.Mapped, err = plan.Map(t.Form, t.Input)
	}
	var fields *mapping.MapError
	if errors.As(err, &fields) {
		t.Errors = fields.Fields
	} else {
		t.Parked = err
	}
	return t
}

// Lines returns encoded lines as text, without what ends them. What their character set does not know stays escaped.
func Lines(body []byte, set string) []string {
	text := string(body)
	if c, ok := charset.Lookup(set); ok {
		if decoded, _, ok := c.DecodeString(body); ok {
			text = decoded
		}
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n").Replace(text)
	if text = strings.TrimRight(text, "\n"); text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
