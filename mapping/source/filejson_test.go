package source

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/shape"
)

var update = flag.Bool("update", false, "write golden files anew; look at the difference before you commit it")

// TestFileSchema keeps the schema that editors use equal to what the program reads, and the examples valid by it.
func TestFileSchema(t *testing.T) {
	t.Parallel()
	want, err := generateFileSchema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("../mapping.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("../mapping.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, have) {
		t.Fatal("mapping/mapping.schema.json is stale: go test ./mapping/source -run FileSchema -update")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(have))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mapping.json", doc); err != nil {
		t.Fatal(err)
	}
	schema := c.MustCompile("mapping.json")
	names, _ := filepath.Glob("../../configs/*/mappings/*.yaml")
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, problems := diag.Parse(name, src)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if err := schema.Validate(f.Root().Any()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wrong, _ := diag.Parse("wrong", []byte("mapping: x\nversion: 1\ninput: {format: jsn}\nwrite: []\n"))
	if schema.Validate(wrong.Root().Any()) == nil {
		t.Error("a wrong format is valid by the schema")
	}
}

// generateFileSchema makes mapping.schema.json of the structs that read the file.
func generateFileSchema() ([]byte, error) {
	s := schemaOf(reflect.TypeFor[Mapping]())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Inbasket mapping"
	props, _ := s["properties"].(map[string]any)
	props["layouts"] = map[string]any{"type": "object", "description": "layouts of files by name: written here, or file: with a path",
		"additionalProperties": map[string]any{"anyOf": []any{
			map[string]any{"type": "object", "required": []string{"file"}, "additionalProperties": false, "properties": map[string]any{"file": map[string]any{"type": "string"}}},
			schemaOf(reflect.TypeFor[encode.Spec]())}}}
	props["order"] = map[string]any{"description": "expression whose equal values are delivered in the order of acceptance; or one for each target",
		"anyOf": []any{expressionSchema(), map[string]any{"type": "object", "additionalProperties": expressionSchema()}}}
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

func expressionSchema() map[string]any {
	return map[string]any{"type": []string{"string", "number", "boolean"}}
}

// schemaOf describes a type as diag reads it.
func schemaOf(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[Expression]():
		return expressionSchema()
	case reflect.TypeFor[*diag.Node]():
		return map[string]any{}
	case reflect.TypeFor[encode.Switch]():
		return map[string]any{"enum": []any{"on", "off", true, false}}
	case reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "string", "pattern": "^[0-9]"}
	case reflect.TypeFor[column.Precision]():
		return map[string]any{"anyOf": []any{map[string]any{"type": "integer"}, map[string]any{"const": "database"}}}
	case reflect.TypeFor[charset.Unmappable]():
		return map[string]any{"anyOf": []any{map[string]any{"const": "error"}, map[string]any{"type": "string", "pattern": "^replace:.$"}, structSchema(t)}}
	case reflect.TypeFor[Content](), reflect.TypeFor[Attached]():
		return map[string]any{"anyOf": []any{map[string]any{"type": []string{"string", "number"}}, structSchema(t)}}
	case reflect.TypeFor[Field]():
		return map[string]any{"anyOf": []any{expressionSchema(), structSchema(t)}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		if t.Kind() == reflect.Int64 {
			return map[string]any{"type": []string{"integer", "string"}}
		}
		return map[string]any{"type": "integer"}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Slice:
		if e := t.Elem(); e.Kind() == reflect.Struct && strings.HasPrefix(e.Name(), "Entry[") {
			f, _ := e.FieldByName("Value")
			return map[string]any{"type": "object", "additionalProperties": schemaOf(f.Type)}
		}
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Struct:
		return structSchema(t)
	case reflect.Interface:
		return map[string]any{}
	}
	return map[string]any{"type": []string{"string", "number"}}
}

func structSchema(t reflect.Type) map[string]any {
	props, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			maps.Copy(props, structSchema(f.Type)["properties"].(map[string]any))
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		s := schemaOf(f.Type)
		words := f.Tag.Get("enum")
		if options == "one" {
			if words != "" {
				s["items"] = map[string]any{"enum": choices(words)}
				words = ""
			}
			s = map[string]any{"anyOf": []any{s, s["items"]}}
		}
		if doc := f.Tag.Get("doc"); doc != "" {
			s["description"] = doc
		}
		if words != "" {
			s = map[string]any{"enum": choices(words), "description": f.Tag.Get("doc")}
		}
		if options == "required" {
			required = append(required, name)
		}
		props[name] = s
	}
	out := map[string]any{"type": "object", "additionalProperties": false, "properties": props}
	if len(required) > 0 {
		sort.Strings(required)
		out["required"] = required
	}
	return out
}

// choices are the words of an enum tag, or the formats that it names.
func choices(tag string) []string {
	switch tag {
	case "formats":
		return decode.All()
	case "tables":
		return charset.Tables()
	case "answers":
		return AnswerFormats()
	case "shapes":
		return shape.Names()
	}
	return strings.Split(tag, ",")
}
