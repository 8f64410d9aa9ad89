package sketch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/schema"
)

// Form is what is known of a kind of form, by its schema or by samples.
type Form struct {
	Format    string
	Shape     string // the form builder that wrote the samples; empty: none that is known
	Fields    *schema.Field
	Lists     []string // XML: elements that repeat
	Several   bool     // CSV: each line is a form
	CSV       string   // its delimiter, where that is no comma
	Schemas   []string // expressions of schemas that the form carries itself
	Questions bool     // a builder's forms hold the texts of their questions
	Extra     []string // expressions of fields that a sample has and the schema has not
	Forms     int      // samples
}

// BySchema takes the form's fields from its schema; samples only say what texts look like.
func BySchema(format string, s *schema.Schema, samples [][]byte) (*Form, error) {
	trees, lists, err := read(format, samples)
	if err != nil {
		return nil, err
	}
	f := &Form{Format: format, Several: format == "csv", CSV: delimiter(format, samples), Fields: s.Tree(), Lists: lists, Forms: len(samples)}
	for _, tree := range trees {
		f.extra(f.Fields, tree, "form")
	}
	return f, nil
}

// BySamples unites the fields of all samples. A part with a schema beside it in the form has the fields of that as well.
func BySamples(format string, samples [][]byte) (*Form, error) {
	trees, lists, err := read(format, samples)
	if err != nil {
		return nil, err
	}
	f := &Form{Format: format, Several: format == "csv", CSV: delimiter(format, samples), Fields: &schema.Field{Types: map[string]bool{}}, Lists: lists, Forms: len(samples)}
	for _, tree := range f.plain(trees) {
		f.add(f.Fields, tree, "form")
	}
	slices.Sort(f.Schemas)
	f.Schemas = slices.Compact(f.Schemas)
	return f, nil
}

// read decodes samples; an element of XML that is a list in one of them is one in all.
func read(format string, samples [][]byte) (trees []any, lists []string, err error) {
	for {
		trees = nil
		known := len(lists)
		for _, b := range samples {
			o := decode.Options{Lists: lists}
			o.CSV.Delimiter = delimiter(format, samples)
			tree, err := decode.Decode(format, b, o)
			if err != nil {
				return nil, nil, fmt.Errorf("read the sample form: %w", err)
			}
			if rows, ok := tree.([]any); ok && format == "csv" {
				trees = append(trees, rows...)
				continue
			}
			trees = append(trees, tree)
			if format == "xml" {
				lists = listsOf(tree, "", lists)
			}
		}
		if len(lists) == known {
			return trees, lists, nil
		}
	}
}

// delimiter is what divides the columns of the samples' header line, if it is no comma.
func delimiter(format string, samples [][]byte) string {
	if format != "csv" || len(samples) == 0 {
		return ""
	}
	header, _, _ := bytes.Cut(samples[0], []byte("\n"))
	name, most := "", bytes.Count(header, []byte(","))
	for _, d := range [][2]string{{";", ";"}, {"\t", "tab"}} {
		if n := bytes.Count(header, []byte(d[0])); n > most {
			name, most = d[1], n
		}
	}
	return name
}

// listsOf adds the dotted paths of all lists of a tree to those that are known.
func listsOf(v any, at string, known []string) []string {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			known = listsOf(v[k], schema.Under(at, k), known)
		}
	case []any:
		if !slices.Contains(known, at) {
			known = append(known, at)
		}
		for _, item := range v {
			known = listsOf(item, at, known)
		}
	}
	return known
}

// extra tells what a sample has beyond the schema, and takes in what its texts look like.
func (f *Form) extra(field *schema.Field, v any, expr string) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if sub := field.Below[k]; sub != nil {
				f.extra(sub, v[k], member(expr, k))
			} else if at := member(expr, k); !slices.Contains(f.Extra, at) {
				f.Extra = append(f.Extra, at)
			}
		}
	case []any:
		for _, item := range v {
			if field.Items != nil {
				f.extra(field.Items, item, expr)
			}
		}
	default:
		f.sample(field, v)
	}
}

// add takes in all that a sample shows of a place.
func (f *Form) add(field *schema.Field, v any, expr string) {
	switch v := v.(type) {
	case map[string]any:
		if field.Below == nil {
			field.Below = map[string]*schema.Field{}
		}
		if f.Shape != "" && isFile(v) {
			delete(field.Types, "string") // which its own schema calls it
			field.Below["content"] = &schema.Field{Types: map[string]bool{}, Format: inBase64}
		}
		told := f.carried(field, v, expr)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if slices.Contains(told, k) {
				continue
			}
			if field.Below[k] == nil {
				field.Below[k] = &schema.Field{Types: map[string]bool{}}
			}
			f.add(field.Below[k], v[k], member(expr, k))
		}
	case []any:
		if field.Items == nil {
			field.Items = &schema.Field{Types: map[string]bool{}}
		}
		for _, item := range v {
			f.add(field.Items, item, expr)
		}
	default:
		if typ := f.sample(field, v); !field.Types["number"] || typ != "integer" {
			field.Types[typ] = true
		}
		if field.Types["number"] {
			delete(field.Types, "integer")
		}
	}
}

// sample keeps a text, and returns the type of any value.
func (f *Form) sample(field *schema.Field, v any) string {
	switch v := v.(type) {
	case string:
		if _, _, file := value.FromBase64(v); file && strings.HasPrefix(v, "data:") {
			field.Format = inBase64
		}
		field.Samples = append(field.Samples, v)
		return "string"
	case json.Number:
		field.Samples = append(field.Samples, v.String())
		if strings.ContainsAny(v.String(), ".eE") {
			return "number"
		}
		return "integer"
	case bool:
		return "boolean"
	}
	return "null"
}

// carried finds schemas that an object carries for its other parts, adds their fields to those parts, and returns their keys.
func (f *Form) carried(field *schema.Field, object map[string]any, expr string) (keys []string) {
	for _, k := range slices.Sorted(maps.Keys(object)) {
		s, ok := object[k].(map[string]any)
		if !ok || !isSchema(s) {
			continue
		}
		part := partOf(object, k, s)
		raw, err := json.Marshal(s)
		if part == "" || err != nil {
			continue
		}
		known, err := schema.New(k, func(string) ([]byte, error) { return raw, nil }, nil)
		if err != nil {
			continue // one that cannot be used is a field like others
		}
		if field.Below[part] == nil {
			field.Below[part] = &schema.Field{Types: map[string]bool{}}
		}
		unite(field.Below[part], known.Tree())
		keys, f.Schemas = append(keys, k), append(f.Schemas, member(expr, k))
	}
	return keys
}

// isSchema tells whether an object looks like a JSON Schema of objects.
func isSchema(v map[string]any) bool {
	properties, ok := v["properties"].(map[string]any)
	if !ok || v["type"] != "object" {
		return false
	}
	for _, p := range properties {
		if _, object := p.(map[string]any); !object {
			return false
		}
	}
	return len(properties) > 0
}

// partOf is the key of the object that a schema beside it speaks of: by its name, such as values for values_schema, or as
// the only one whose fields the schema has.
func partOf(object map[string]any, key string, s map[string]any) string {
	properties, _ := s["properties"].(map[string]any)
	var fitting []string
	for _, k := range slices.Sorted(maps.Keys(object)) {
		part, ok := object[k].(map[string]any)
		if !ok || k == key || isSchema(part) {
			continue
		}
		if strings.Join(words(key), " ") == strings.Join(words(k), " ")+" schema" {
			return k
		}
		fits := len(part) > 0
		for name := range part {
			_, known := properties[name]
			fits = fits && known
		}
		if fits {
			fitting = append(fitting, k)
		}
	}
	if len(fitting) != 1 {
		return ""
	}
	return fitting[0]
}

// unite adds to a field what another one knows.
func unite(into, from *schema.Field) {
	if from.Items != nil {
		if into.Items == nil {
			into.Items = &schema.Field{Types: map[string]bool{}}
		}
		unite(into.Items, from.Items)
	}
	for k, sub := range from.Below {
		if into.Below == nil {
			into.Below = map[string]*schema.Field{}
		}
		if into.Below[k] == nil {
			into.Below[k] = &schema.Field{Types: map[string]bool{}}
		}
		unite(into.Below[k], sub)
	}
	maps.Copy(into.Types, from.Types)
	into.Longest, into.Fixed = max(into.Longest, from.Longest), into.Fixed || from.Fixed
	if into.Format == "" {
		into.Format = from.Format
	}
	into.Samples = append(into.Samples, from.Samples...)
}
