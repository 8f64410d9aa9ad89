package helpers

import "github.com/inbasket/inbasket/mapping/expr/value"

// binaryHelpers make content of what a form has as text.
var binaryHelpers = map[string]Helper{
	"base64": {Min: 1, Max: 1, Fussy: true, Usage: "x | base64(): the content of a text in base64, or of a data URI such as data:image/png;base64,…, as a form has signatures and files; for a binary column",
		Absent: passes + `; "" gives missing: nothing was signed or sent`, Example: `"" | base64() = missing`, fn: func(e *value.Run, a []value.Value) value.Value {
			if a[0].Kind == value.KindText && a[0].Str == "" {
				return value.Missing
			}
			return ToBinary(e, a)
		}},
}

// ToBinary is the helper base64, and what columns of bytes take.
func ToBinary(e *value.Run, a []value.Value) value.Value {
	switch v := a[0]; v.Kind {
	case value.KindBinary:
		return v
	case value.KindText:
		if out, _, ok := value.FromBase64(v.Str); ok {
			return out
		}
	}
	return e.FailReading(a[0], value.CodeNotBinary, "base64 is needed")
}
