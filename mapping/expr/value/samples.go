package value

import "encoding/json"

// OfForm is the source of a sample: it stands for what a form gives.
const OfForm = 1

// SamplesOf makes values stand for what a form gives.
func SamplesOf(values ...Value) []Value {
	for i := range values {
		values[i].Src = OfForm
	}
	return values
}

// FormSamples stand for what a form may hold, by the words that JSON Schema has for types.
var FormSamples = map[string][]Value{
	"string": SamplesOf(Text("x"), Text(""), Text("1"), Text("1,5"), Text("1999-12-31"), Text("1999-12-31T23:58:59+01:00"),
		Text("1999-12-31T23:58:59"), Text("true"), Text("AAAA")),
	"integer": SamplesOf(Int(1), Int(0)),
	"number":  SamplesOf(Int(1), Int(0), Value{Kind: KindDecimal, Str: "1.5"}, Value{Kind: KindDecimal, Str: "1.0"}),
	"boolean": SamplesOf(Bool(true), Bool(false)),
	"array": SamplesOf(Value{Kind: KindList, Any: []any{}}, Value{Kind: KindList, Any: []any{"x"}}, Value{Kind: KindList, Any: []any{json.Number("1")}},
		Value{Kind: KindList, Any: []any{json.Number("1.5")}}, Value{Kind: KindList, Any: []any{true}}, Value{Kind: KindList, Any: []any{map[string]any{}}}, Value{Kind: KindList, Any: []any{[]any{}}}),
	"object": SamplesOf(Value{Kind: KindObject, Any: map[string]any{}}),
}
