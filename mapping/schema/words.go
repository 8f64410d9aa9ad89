package schema

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
)

// words are the keywords of JSON Schema that ask for something, with the version that brought them.
var words = map[string]int{"$ref": 4, "$dynamicRef": 2020, "$recursiveRef": 2019, "allOf": 4, "anyOf": 4, "oneOf": 4, "not": 4, "if": 7, "then": 7, "else": 7,
	"dependentSchemas": 2019, "dependentRequired": 2019, "dependencies": 4, "prefixItems": 2020, "items": 4, "additionalItems": 4, "contains": 6, "properties": 4,
	"patternProperties": 4, "additionalProperties": 4, "propertyNames": 6, "unevaluatedItems": 2019, "unevaluatedProperties": 2019, "type": 4, "enum": 4, "const": 6,
	"multipleOf": 4, "maximum": 4, "exclusiveMaximum": 4, "minimum": 4, "exclusiveMinimum": 4, "maxLength": 4, "minLength": 4, "pattern": 4, "maxItems": 4, "minItems": 4,
	"uniqueItems": 4, "maxContains": 2019, "minContains": 2019, "maxProperties": 4, "minProperties": 4, "required": 4, "format": 4}

// notes are those that ask for nothing, with OpenAPI's.
var notes = []string{"$id", "id", "$schema", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary", "$comment", "$defs", "definitions", "contentEncoding",
	"contentMediaType", "contentSchema", "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "example", "xml", "discriminator", "externalDocs"}

// formats are the names that there are for them; what the validator does not know of them is a note.
var formats = []string{"date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri",
	"iri-reference", "uuid", "uri-template", "json-pointer", "relative-json-pointer", "regex", "period", "semver", "int32", "int64", "float", "double", "byte", "binary", "password"}

// misspelt finds keywords, formats and required fields that nothing knows: a validator passes over them in silence.
func (s *Schema) misspelt() []Problem {
	var out []Problem
	all := allBelow(s.root, below)
	fields := map[string]bool{}
	for _, x := range all {
		for name := range x.Properties {
			fields[name] = true
		}
	}
	asked := allBelow(s.root, func(x *jsonschema.Schema) []*jsonschema.Schema { // what is only looked at asks for nothing
		return slices.DeleteFunc(below(x), func(sub *jsonschema.Schema) bool { return sub == x.Not || sub == x.If })
	})
	docs := map[string]any{}
	for _, x := range all {
		object := s.source(x, docs)
		for _, key := range slices.Sorted(maps.Keys(object)) {
			at := x.Location + "/" + expr.PointerEscape.Replace(key)
			if p := unknownWord(key, object, x.DraftVersion); p.message != "" {
				p.location = at
				out = append(out, p)
			}
			if name, ok := object[key].(string); key == "format" && ok && x.Format == nil && !slices.Contains(formats, name) {
				out = append(out, ignoredWord(at, "format", name, formats, "write a pattern"))
			}
		}
		for i, name := range x.Required {
			if slices.Contains(asked, x) && len(fields) > 0 && !fields[name] && len(x.PatternProperties) == 0 {
				out = append(out, Problem{location: fmt.Sprintf("%s/required/%d", x.Location, i), Warning: true,
					message: "the field " + strconv.Quote(name) + " is required and described nowhere: a form without it is refused", suggestion: diag.DidYouMean(name, slices.Sorted(maps.Keys(fields)))})
			}
		}
	}
	return out
}

// unknownWord says what is wrong with a keyword; no message: nothing.
func unknownWord(key string, object map[string]any, version int) Problem {
	since, asks := words[key]
	_, refers := object["$ref"]
	switch {
	case asks && version < since:
		return Problem{Warning: true, message: fmt.Sprintf("%s belongs to a later version of JSON Schema than this file's, and does nothing", key), suggestion: "name the version in $schema that it is written for, such as https://json-schema.org/draft/2020-12/schema"}
	case asks && key != "$ref" && refers && version < 2019:
		return Problem{Warning: true, message: key + " does nothing beside $ref in this version of JSON Schema", suggestion: "put both into allOf, or name a later version in $schema"}
	case asks, slices.Contains(notes, key), strings.HasPrefix(key, "x-"):
		return Problem{}
	case key == "nullable":
		return Problem{Warning: true, message: "JSON Schema passes over nullable: null is refused all the same", suggestion: `add "null" to type`}
	}
	return ignoredWord("", "keyword", key, slices.Concat(slices.Sorted(maps.Keys(words)), notes), "remove it, or begin its name with x-")
}

// ignoredWord is the problem of a word that is none of some: a mistake where one of them is near.
func ignoredWord(at, kind, word string, known []string, instead string) Problem {
	p := Problem{location: at, message: fmt.Sprintf("JSON Schema has not the %s %q, and passes over it in silence", kind, word), suggestion: instead, Warning: true}
	if near := diag.Suggest(word, known); near != "" {
		p.suggestion, p.Warning = diag.DidYouMean(word, known), false
	}
	return p
}

// source is a schema as it stands in its file; docs are the files that were read.
func (s *Schema) source(x *jsonschema.Schema, docs map[string]any) map[string]any {
	file, pointer, _ := strings.Cut(x.Location, "#")
	name, ok := strings.CutPrefix(file, schemaBase)
	if !ok {
		return nil // a schema of JSON Schema itself
	}
	if _, known := docs[name]; !known {
		raw, err := s.read(name)
		if err == nil {
			docs[name], _ = jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		}
	}
	at := docs[name]
	for _, step := range strings.Split(pointer, "/")[1:] {
		step, _ = url.PathUnescape(step)
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch n := at.(type) {
		case map[string]any:
			at = n[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(n) {
				return nil
			}
			at = n[i]
		default:
			return nil
		}
	}
	object, _ := at.(map[string]any)
	return object
}
