package mapping

import (
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Key is a value by which people find a submission, or why there is none.
type Key struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Keep   string `json:"keep"` // plain, hashed or encrypted
	Exact  bool   `json:"exact,omitempty"`
	Failed string `json:"failed,omitempty"` // code of what went wrong: this key is not kept
}

// SearchKey is one compiled entry of keys.
type SearchKey struct {
	Name, Keep string
	Exact      bool
	X          expr.Compiled
}

const (
	maxKeyText = 200 // characters of a key
	maxKeys    = 100 // values of one key that a form has
)

// HasKeys tells whether the mapping names what people search by.
func (p *Plan) HasKeys() bool { return len(p.parts.Keys) > 0 }

// KeyNames are the names of what people search by.
func (p *Plan) KeyNames() (names []string) {
	for _, k := range p.parts.Keys {
		names = append(names, k.Name)
	}
	return names
}

// Keys are the values by which people find the form's submission, as far as they are known: what needs a value that is not returned yet, or
// the submission before it is accepted, is left out. One that cannot be computed says so, and is no reason to do anything else with the form.
func (p *Plan) Keys(f Form, in expr.Input) (keys []Key) {
	if len(p.parts.Keys) == 0 {
		return nil
	}
	tree := p.parts.tree(f)
	for _, k := range p.parts.Keys {
		if k.X.Late && in.ID == "" {
			continue
		}
		e := expr.NewEnv(&p.parts.Program, tree, &in) // each with a budget of its own
		one := Key{Name: k.Name, Keep: k.Keep, Exact: k.Exact}
		v := k.X.Eval(e)
		var texts []string
		if e.Err == nil && len(e.Needs) == 0 && e.Null == "" {
			texts = keyTexts(&e.Run, v)
		}
		if e.Err != nil {
			one.Failed = e.Err.Code
			keys = append(keys, one)
		} else {
			for _, one.Value = range texts {
				keys = append(keys, one)
			}
		}
		e.Free()
	}
	return keys
}

// keyTexts are the values of a key: one, or those of a list.
func keyTexts(e *value.Run, v value.Value) (texts []string) {
	list, count := v.Kind == value.KindList, 1
	if list {
		count = v.Length()
	}
	if count > maxKeys {
		e.Fail(value.CodeTooLarge, "a form has too many values of a key")
		return nil
	}
	for i := range count {
		one := v
		if list {
			one = v.Item(i)
		}
		s, ok := one.Text()
		switch {
		case one.Absent() || ok && s == "":
		case !ok:
			e.Fail(value.CodeNotText, "a key must be a single value, or a list of such")
			return nil
		case utf8.RuneCountInString(s) > maxKeyText:
			e.Fail(value.CodeTooLong, "a key must have at most 200 characters")
			return nil
		default:
			texts = append(texts, s)
		}
	}
	return texts
}

// KeyText uses a value as a key, for check.
func KeyText(e *value.Run, a []value.Value) value.Value {
	keyTexts(e, a[0])
	return a[0]
}
