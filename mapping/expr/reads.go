package expr

import (
	"cmp"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// maxKeys bounds the keys of a lookup that are compared with what a schema says.
const maxKeys = 500

// readable refuses a helper that reads texts where the form's schema allows none that it reads.
func (c *Compiler) readable(n ast.Node, name string, xs []Compiled, shape string) {
	if k := xs[1:]; c.Strict && name == "yesNo" && len(k) == 2 && k[0].Const != nil && k[1].Const != nil && *k[0].Const == *k[1].Const {
		c.stop(n, helpers.CodeArguments, "true and false have the same text: nobody could tell them apart", "")
	}
	if !c.Strict || xs[0].Path == nil {
		return
	}
	at := xs[0].Path.Abs
	if shape != "" {
		if why, _ := c.Never(&Need{At: at, Op: Reads, Values: []value.Value{value.Text(shape)}}); why != "" {
			c.stop(n, CodeNever, name+" can read none of the texts that there may be here: "+why, "")
		}
	}
	if name == "substring" && xs[1].Const != nil && xs[1].Const.Kind == value.KindInt && xs[1].Const.Int > 0 {
		if why, _ := c.Never(&Need{At: at, Of: OfCharacters, Op: ">", Values: []value.Value{*xs[1].Const}}); why != "" {
			c.warn(n, CodeNever, "this begins behind the last character that there may be here, and gives nothing: "+why)
		}
	}
}

// keysOf are the values that a table has, as a form may hold them.
func keysOf(t *helpers.Table) []value.Value {
	var out []value.Value
	for key := range t.Rows {
		out = append(out, value.Text(key))
		if v := value.Number(key); v.IsNumber() {
			out = append(out, v)
		}
		if key == "true" || key == "false" {
			out = append(out, value.Bool(key == "true"))
		}
	}
	slices.SortFunc(out, func(a, b value.Value) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Str, b.Str), cmp.Compare(a.Int, b.Int))
	})
	return out
}

// fits refuses a lookup that has none of the values that there may be here.
func (c *Compiler) fits(n ast.Node, at *Path, t *helpers.Table, alone bool) {
	if len(t.Rows) == 0 || len(t.Rows) > maxKeys {
		return
	}
	why, _ := c.Never(&Need{At: at.Abs, Op: "==", Values: keysOf(t)})
	if why == "" {
		return
	}
	message := "lookup " + t.Name + " has none of the values that there may be here: " + why
	if alone {
		c.stop(n, CodeNever, message, "")
	}
	c.warn(n, CodeNever, message)
}
