package expr

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/mapping/datefmt"
)

const (
	numberShape = `^\s*[+-]?[0-9]*(?:\.[0-9]*)?\s*$`
	commaShape  = `^\s*[+-]?[0-9]*(?:,[0-9]*)?\s*$`
	dateShape   = `^[0-9]{4}-[0-9]{2}-[0-9]{2}`
	maxKeys     = 500 // of a lookup that are compared with what a schema says
)

// KindShapes are regular expressions that every text matches of which a value of a kind is made, and some others.
var KindShapes = map[Kind]string{KindInt: numberShape, KindDecimal: numberShape, KindBool: "^(?:true|false)$", KindDate: dateShape, KindDateTime: dateShape + "[Tt ]"}

// shapeOf is such an expression for a helper that reads texts; "" where there is none.
func shapeOf(name string, xs []Compiled) string {
	text := func(i int) string {
		if i < len(xs) && xs[i].Const != nil {
			return xs[i].Const.Str
		}
		return ""
	}
	switch name {
	case "parseDate", "parseDateTime":
		if p, err := datefmt.Compile(cmp.Or(text(1), "yyyy-MM-dd")); err == nil {
			return p.Shape()
		}
	case "decimal":
		if text(1) == "," {
			return commaShape
		}
		return numberShape
	case "integer":
		return numberShape
	case "boolean":
		if len(xs) == 3 && (text(1) == "" || text(2) == "") {
			return ""
		}
		return "^(?:" + regexp.QuoteMeta(cmp.Or(text(1), "true")) + "|" + regexp.QuoteMeta(cmp.Or(text(2), "false")) + ")$"
	case "formatDate", "toDate", "year", "month", "day", "addDays", "yearsTo", "daysTo", "lastDay", "firstDay":
		return dateShape
	}
	return ""
}

// readable refuses a helper that reads texts where the form's schema allows none that it reads.
func (c *Compiler) readable(n ast.Node, name string, xs []Compiled) {
	if k := xs[1:]; c.Strict && (name == "yesNo" || name == "boolean") && len(k) == 2 && k[0].Const != nil && k[1].Const != nil && *k[0].Const == *k[1].Const {
		c.stop(n, CodeArguments, "true and false have the same text: nobody could tell them apart", "")
	}
	if !c.Strict || xs[0].Path == nil {
		return
	}
	at := xs[0].Path.Abs
	if shape := shapeOf(name, xs); shape != "" {
		if why, _ := c.Never(&Need{At: at, Op: Reads, Values: []Value{Text(shape)}}); why != "" {
			c.stop(n, CodeNever, name+" can read none of the texts that there may be here: "+why, "")
		}
	}
	if name == "substring" && xs[1].Const != nil && xs[1].Const.Kind == KindInt && xs[1].Const.Int > 0 {
		if why, _ := c.Never(&Need{At: at, Of: OfCharacters, Op: ">", Values: []Value{*xs[1].Const}}); why != "" {
			c.warn(n, CodeNever, "this begins behind the last character that there may be here, and gives nothing: "+why)
		}
	}
}

// keysOf are the values that a table has, as a form may hold them.
func keysOf(t *Table) []Value {
	var out []Value
	for key := range t.Rows {
		out = append(out, Text(key))
		if v := Number(key); v.IsNumber() {
			out = append(out, v)
		}
		if key == "true" || key == "false" {
			out = append(out, Bool(key == "true"))
		}
	}
	slices.SortFunc(out, func(a, b Value) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Str, b.Str), cmp.Compare(a.Int, b.Int))
	})
	return out
}

// fits refuses a lookup that has none of the values that there may be here.
func (c *Compiler) fits(n ast.Node, at *Path, t *Table, alone bool) {
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

// row is the value of a table: numbers are compared as numbers.
func (t *Table) row(v Value) (string, bool) {
	s, _ := v.Text()
	if row, ok := t.Rows[s]; ok || v.Kind != KindDecimal && v.Kind != KindInt {
		return row, ok
	}
	t.once.Do(func() { t.byValue = numbersOf(t.Rows) })
	row, ok := t.byValue[plainNumber(v)]
	return row, ok
}

// plainNumber writes a number as no other way of writing the same one.
func plainNumber(v Value) string {
	d := v.Decimal()
	d.Reduce(d)
	return d.Text('f')
}

// numbersOf are the rows whose keys are numbers, as they are plainly written; keys with zeros before them are none.
func numbersOf(rows map[string]string) map[string]string {
	out, twice := map[string]string{}, map[string]bool{}
	for key, row := range rows {
		v := Number(key)
		if s, _ := v.Text(); !v.IsNumber() || s != key {
			continue
		}
		plain := plainNumber(v)
		if old, is := out[plain]; is && old != row {
			twice[plain] = true
		}
		out[plain] = row
	}
	for plain := range twice {
		delete(out, plain)
	}
	return out
}
