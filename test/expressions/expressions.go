// Package expressions computes expressions over a form that has a value of every kind.
package expressions

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// everyKind is a form that has a value of each kind, and some that only look like another.
const everyKind = `{"text":"Ab c","blank":" Ab  c ","empty":"","word":"straße","int":42,"neg":-7,"zero":0,"dec":1.50,"half":2.5,"long":12345678901234567890.12,
	"yes":true,"no":false,"null":null,"date":"2024-02-29","time":"2024-02-29T13:14:15Z","local":"2024-02-29T13:14:15","digits":"0042","amount":"12,50",
	"list":[3,1,2],"texts":["b","","a"],"mixed":["x",1,true,null],"hollow":[],"object":{"a":1,"b":{"c":"deep"}},
	"rows":[{"k":"a","n":1,"ok":true},{"k":"b","n":2.25,"ok":false},{"k":null}]}`

// computed evaluates one expression; an error gives "!", its code and its message, a mistake in the expression "?", its place, code and message.
func computed(text string, form any) string {
	var prog expr.Program
	c := &expr.Compiler{Prog: &prog, Scope: Scope(), Tables: map[string]*helpers.Table{"kinds": {Name: "kinds", Rows: map[string]string{"Ab c": "AB", "42": "answer", "true": "yes"}}}}
	x, p := c.Whole(text)
	if p != nil {
		return fmt.Sprintf("?%d %s: %s%s", p.From, p.Code, p.Message, map[bool]string{true: " (" + p.Suggestion + ")"}[p.Suggestion != ""])
	}
	e := expr.NewEnv(&prog, form, &expr.Input{ID: "0000000000001", Reference: "R-1"})
	defer e.Free()
	v := x.Eval(e)
	if e.Err != nil {
		return "!" + e.Err.Code + ": " + e.Err.Message
	}
	if e.Note != "" {
		return described(v) + " (" + e.Note + ")"
	}
	return described(v)
}

// described writes a value so that kinds are told apart: a text in quotes, what is not a number or boolean with its kind.
func described(v value.Value) string {
	switch v.Kind {
	case value.KindText, value.KindInt, value.KindBool, value.KindList:
		return Described(v)
	case value.KindMissing, value.KindNull, value.KindObject:
		return value.KindName(v.Kind)
	}
	return value.KindName(v.Kind) + " " + Described(v)
}

// Computes runs a table of expressions over everyKind.
func Computes(t *testing.T, table [][2]string) {
	t.Helper()
	t.Parallel()
	tree, err := decode.JSON([]byte(everyKind), decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range table {
		if have := computed(c[0], tree); have != c[1] {
			t.Errorf("%s\n have %s\n want %s", c[0], have, c[1])
		}
	}
}

// Scope has names for values of the kinds that no form in JSON has, too.
func Scope() *expr.Scope {
	scope := expr.FormScope().Inner()
	blob := connectors.BytesBlob([]byte("x"))
	for name, v := range map[string]value.Value{"day": {Kind: value.KindDate, Str: "2024-02-29"}, "moment": {Kind: value.KindDateTime, Str: "2024-02-29T13:14:15Z"},
		"local": {Kind: value.KindDateTime, Str: "2024-02-29T13:14:15"}, "bytes": {Kind: value.KindBinary, Any: &blob}} {
		scope.Names[name] = expr.Binding{Eval: func(*expr.Env) value.Value { return v }, May: &expr.Outcome{More: value.SamplesOf(v)}}
	}
	return scope
}

// Described writes a value for a table.
func Described(v value.Value) string {
	if v.Kind == value.KindText {
		return `"` + v.Str + `"`
	}
	if v.Kind == value.KindList {
		parts := make([]string, v.Length())
		for i := range parts {
			parts[i] = Described(v.Item(i))
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	if s, ok := v.Text(); ok {
		return s
	}
	return value.KindName(v.Kind)
}
