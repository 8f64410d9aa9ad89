package source

import (
	"encoding/json"
	"reflect"

	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/shape"
	"github.com/inbasket/inbasket/mapping/wording"
)

// EditorSchema is the JSON Schema of mapping files, for editors. It takes what the program takes, and refuses as much of the
// rest as a schema can.
func EditorSchema() ([]byte, error) {
	s := editor().Schema(reflect.TypeFor[Mapping]())
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", "Inbasket mapping"
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

func editor() diag.Editor {
	e := diag.Editor{Words: func(tag string) []string {
		switch tag {
		case "formats":
			return decode.All()
		case "answers":
			return AnswerFormats()
		case "tables":
			return charset.Tables()
		case "languages":
			return wording.Languages()
		case "shapes":
			return shape.Names()
		}
		return nil
	}}
	e.Own = func(t reflect.Type) diag.Object { return own(e, t) }
	return e
}

// anExpression is what an expression may be written as.
func anExpression() diag.Object {
	return diag.Object{"type": []string{"string", "number", "boolean"}}
}

// text is what whoever filled in a form may read.
var text = diag.Object{"type": "string", "pattern": `\S`}

// aName is what the name of a file may be written as.
func aName() diag.Object { return diag.Object{"type": []string{"string", "number"}} }

// own describes what reads its own node, and what is wanted of a block beyond its keys.
func own(e diag.Editor, t reflect.Type) diag.Object {
	switch t {
	case reflect.TypeFor[Expression]():
		return anExpression()
	case reflect.TypeFor[Field](), reflect.TypeFor[Key]():
		return diag.Object{"anyOf": []any{anExpression(), e.Block(t)}}
	case reflect.TypeFor[Texts]():
		return diag.Object{"anyOf": []any{text, diag.Object{"type": "object", "propertyNames": diag.Object{"enum": append(wording.Known(), OtherCodes)}, "additionalProperties": text}}}
	case reflect.TypeFor[Rule]():
		s := e.Block(t)
		keyOf(s, "code")["pattern"], keyOf(s, "text")["pattern"] = RuleCodes.String(), text["pattern"]
		return s
	case reflect.TypeFor[Refusal]():
		s := e.Block(t)
		keyOf(s, "code")["pattern"] = RuleCodes.String()
		return s
	case reflect.TypeFor[encode.Switch]():
		return diag.Object{"enum": []any{"on", "off", true, false}}
	case reflect.TypeFor[charset.Unmappable]():
		return diag.Object{"anyOf": []any{diag.Object{"const": "error"}, diag.Object{"type": "string", "pattern": "^replace:.$"}, e.Block(t)}}
	case reflect.TypeFor[column.Precision]():
		return diag.Object{"anyOf": []any{diag.Object{"type": "integer", "minimum": 0}, diag.Object{"const": "database"}}}
	case reflect.TypeFor[column.Rules]():
		s := e.Block(t)
		keyOf(s, "type")["pattern"] = column.Pattern.String()
		return s
	case reflect.TypeFor[Mapping]():
		return ownMapping(e.Block(t), e)
	case reflect.TypeFor[Write]():
		s := e.Block(t)
		s["oneOf"] = oneOf("table", "layout", "document", "procedure")
		s["dependentRequired"] = diag.Object{"mode": []string{"table"}}
		return s
	case reflect.TypeFor[Lookup]():
		s := e.Block(t)
		s["oneOf"] = oneOf("file", "values")
		return s
	case reflect.TypeFor[answers.Document]():
		s := e.Block(t)
		s["oneOf"] = oneOf("name", "named")
		return s
	case reflect.TypeFor[Case]():
		s := e.Block(t)
		s["oneOf"] = oneOf("form", "answer")
		return s
	case reflect.TypeFor[Content]():
		s := e.Block(t)
		s["oneOf"] = oneOf("text", "base64", "hex")
		return diag.Object{"anyOf": []any{aName(), s}}
	case reflect.TypeFor[Attached]():
		return diag.Object{"anyOf": []any{aName(), e.Block(t)}}
	case reflect.TypeFor[Answer]():
		s := e.Block(t)
		meaning := diag.Object{"type": "object", "additionalProperties": diag.Object{"type": []string{"string", "number"}, "pattern": Names.String()}}
		keyOf(s, "outcome")["type"], keyOf(s, "outcome")["additionalProperties"] = "object", meaning
		return s
	}
	return nil
}

// ownMapping adds what the whole file demands.
func ownMapping(s diag.Object, e diag.Editor) diag.Object {
	keyOf(s, "mapping")["pattern"] = Names.String()
	keyOf(s, "version")["minimum"] = 1
	keyOf(s, "write")["minItems"] = 1
	inFile := diag.Object{"type": "object", "required": []string{"file"}, "additionalProperties": false,
		"properties": diag.Object{"file": diag.Object{"type": "string", "description": "file with the layout, beside the mapping"}}}
	layouts := keyOf(s, "layouts")
	layouts["additionalProperties"] = diag.Object{"anyOf": []any{inFile, e.Schema(reflect.TypeFor[encode.Spec]())}}
	keyOf(s, "order")["anyOf"] = []any{anExpression(), diag.Object{"type": "object", "additionalProperties": anExpression()}}
	return s
}

// keyOf is the part of a block's schema about one key.
func keyOf(s diag.Object, key string) diag.Object {
	return s["properties"].(diag.Object)[key].(diag.Object)
}

// oneOf demands exactly one of some keys.
func oneOf(keys ...string) (out []any) {
	for _, k := range keys {
		out = append(out, diag.Object{"required": []string{k}})
	}
	return out
}
