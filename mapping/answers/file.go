package answers

import (
	"errors"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// items is the list that each goes through.
func (f *answerFile) items() (value.Value, error) {
	e := expr.NewEnv(&f.a.Program, f.form, &expr.Input{})
	defer e.Free()
	list := f.a.Each.List.Eval(e)
	switch {
	case e.Err != nil:
		return value.Missing, fmt.Errorf("%w: each: %s", ErrAnswer, e.Err.Message)
	case list.Kind == value.KindMissing:
		bare, near := f.bare(f.a.Each.List.Path)
		if bare {
			return value.Value{Kind: value.KindList}, nil
		}
		return value.Missing, &MissingName{Key: "each", Name: f.a.Each.List.Dotted(), File: true, Near: near}
	case list.Kind != value.KindList:
		return value.Missing, fmt.Errorf("%w: each needs a list, and %s is %s", ErrAnswer, f.a.Each.List.Dotted(), value.KindName(list.Kind))
	}
	if f.header != nil { // it must be the header that the mapping reads, and not the only line of a file without one
		line := map[string]any{}
		for _, name := range f.header {
			line[name] = ""
		}
		var missing *MissingName
		one := f.reading("", func(e *expr.Env) { f.a.Each.At(e, value.FromNode(line), 0) })
		if errors.As(one.Err, &missing) {
			return value.Missing, missing
		}
	}
	return list, nil
}

// bare tells whether the element of an XML file that would have the list as its children has nothing in it, which is how XML writes an
// empty list. Attributes are something: they may be the one decision that there is, or say why there is none.
func (f *answerFile) bare(list *expr.Path) (bare bool, near string) {
	if list == nil || f.a.Format != "xml" {
		return false, ""
	}
	var now any = f.form
	for _, step := range list.Abs[:len(list.Abs)-1] {
		m, _ := now.(map[string]any)
		now = m[step.Name]
	}
	switch now := now.(type) {
	case string:
		return strings.TrimSpace(now) == "", ""
	case map[string]any:
		for name := range now {
			if !strings.HasPrefix(name, "@") {
				return false, ""
			}
		}
		if len(now) > 0 {
			return false, "nothing but attributes"
		}
		return true, ""
	}
	return false, ""
}

// near finds a name that the mapping reads as one that may be missing, and that the file spells in another way.
func (f *answerFile) near(e *expr.Env, x Field, v value.Value) *MissingName {
	if !v.Absent() || x.X.Source == nil {
		return nil
	}
	name, there := x.X.Source.Near(e)
	if nothing(there) {
		return nil
	}
	return &MissingName{Key: "fields." + x.Name, Name: x.X.Source.Dotted(), File: true, Near: name}
}
