package diag

import (
	"encoding"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Object is a part of a JSON Schema.
type Object = map[string]any

// Editor makes the JSON Schema that editors complete and check a file by, from the structs that read it: what Decode takes,
// with the doc tags as texts.
type Editor struct {
	Own   func(t reflect.Type) Object // types that read their own node, and what a struct demands beyond its keys; nil: as Decode does
	Words func(tag string) []string   // of enum tags that are no list of words; nil: they all are
}

// Schema describes a type as Decode reads it.
func (e Editor) Schema(t reflect.Type) Object {
	if e.Own != nil {
		if s := e.Own(t); s != nil {
			return s
		}
	}
	switch {
	case t == nodeType, t.Kind() == reflect.Interface:
		return Object{}
	case t.Kind() == reflect.Pointer:
		return e.Schema(t.Elem())
	case t == durationType:
		return Object{"type": "string", "pattern": "^[0-9]"}
	case t.Kind() == reflect.Bool:
		return Object{"type": "boolean"}
	case t.Kind() == reflect.Float64:
		return Object{"type": "number"}
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64: // 8MiB is one too
		return Object{"type": []string{"integer", "string"}, "pattern": "^-?[0-9]+ *[A-Za-z]*$"}
	case t.Kind() == reflect.Map:
		return Object{"type": nothingOr("object"), "additionalProperties": e.Schema(t.Elem())}
	case t.Kind() == reflect.Slice && strings.HasPrefix(t.Elem().Name(), "Entry["):
		f, _ := t.Elem().FieldByName("Value")
		return Object{"type": nothingOr("object"), "additionalProperties": e.Schema(f.Type)}
	case t.Kind() == reflect.Slice && !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return Object{"type": nothingOr("array"), "items": e.Schema(t.Elem())}
	case t.Kind() == reflect.Struct:
		return e.Block(t)
	}
	return Object{"type": []string{"string", "number"}}
}

// nothingOr is a block or list that may also be left empty.
func nothingOr(t string) []string { return []string{t, "null"} }

// Block describes a struct: its keys, and no others.
func (e Editor) Block(t reflect.Type) Object {
	keys, required := Object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || !f.IsExported() || options == "node" {
			continue
		}
		if options == "inline" || f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			inner := e.Schema(f.Type)
			maps.Copy(keys, inner["properties"].(Object))
			more, _ := inner["required"].([]string)
			required = append(required, more...)
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		keys[name] = e.key(f, strings.Contains(options, "one"))
		if strings.Contains(options, "required") {
			required = append(required, name)
		}
	}
	out := Object{"type": "object", "additionalProperties": false, "properties": keys}
	if len(required) == 0 {
		out["type"] = nothingOr("object")
		return out
	}
	slices.Sort(required)
	out["required"] = required
	return out
}

// key describes one key of a struct; one: the only item of a list may stand for the list.
func (e Editor) key(f reflect.StructField, one bool) Object {
	s := e.Schema(f.Type)
	if tag := f.Tag.Get("enum"); tag != "" {
		words := Object{"enum": e.EnumWords(tag)}
		if f.Type.Kind() == reflect.Slice {
			s["items"] = words
		} else {
			s = words
		}
	}
	if one {
		s = Object{"anyOf": []any{s["items"], s}}
	}
	if doc := f.Tag.Get("doc"); doc != "" {
		s["description"] = doc
	}
	return s
}

// EnumWords are those of an enum tag, or the ones that it names.
func (e Editor) EnumWords(tag string) []string {
	if e.Words != nil {
		if words := e.Words(tag); words != nil {
			return words
		}
	}
	return strings.Split(tag, ",")
}
