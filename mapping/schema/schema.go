// Package schema reads the JSON Schema of a form: it validates forms, says in words what is wrong, knows which fields there
// are and what they may hold, and finds rules that no form can keep.
package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	slashpath "path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	rules "github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/inbasket/inbasket/mapping/expr"
)

// Schema is the form's JSON Schema: it validates forms and knows which fields there are.
type Schema struct {
	root        *jsonschema.Schema
	unsupported map[string]*ecmaError // patterns that cannot be honoured
	levels      [][]string            // types that the form's format makes, by depth; the last goes for all below
	unkeepable  func() []Problem
	dynamic     func() bool // whether the target of some reference hangs on where it is used from
	read        func(name string) ([]byte, error)
}

// schemaBase is where schemas seem to live; $ref resolves against it, and nothing is fetched from anywhere.
const schemaBase = "mapping:///"

// loader reads $ref'd schemas beside the mapping and remembers what it read, for the bundle.
type loader struct {
	read func(name string) ([]byte, error)
}

// Load implements jsonschema.URLLoader.
func (l loader) Load(url string) (any, error) {
	name, ok := strings.CutPrefix(url, schemaBase)
	if !ok {
		return nil, errors.New("schemas are only read from files beside the mapping")
	}
	b, err := l.read(name)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(b))
}

// New compiles a schema; read gets names relative to the mapping's folder. levels are the types that the form's
// format makes, by depth.
func New(name string, read func(string) ([]byte, error), levels [][]string) (*Schema, error) {
	c := jsonschema.NewCompiler()
	c.UseLoader(loader{read})
	c.AssertFormat()
	s := &Schema{unsupported: map[string]*ecmaError{}, levels: levels, read: read}
	c.UseRegexpEngine(s.pattern)
	root, err := c.Compile(schemaBase + slashpath.Clean(name))
	if err != nil {
		return nil, schemaError(err)
	}
	s.root, s.unkeepable, s.dynamic = root, sync.OnceValue(s.findUnkeepable), sync.OnceValue(s.findDynamic)
	return s, nil
}

// OfFormat is what is known of forms without a schema, by the types that their format makes; nil where that is all of them.
func OfFormat(levels [][]string) *Schema {
	if levels == nil {
		return nil
	}
	return Any(levels)
}

// Any is the schema that all forms of a format keep.
func Any(levels [][]string) *Schema {
	return &Schema{root: &jsonschema.Schema{DraftVersion: draft}, levels: levels, unkeepable: func() []Problem { return nil }, dynamic: func() bool { return false }}
}

// pattern compiles a pattern. One that cannot be honoured is remembered for check; Go's reading of it stands for a
// mapping that was pinned before check knew.
func (s *Schema) pattern(text string) (jsonschema.Regexp, error) {
	p, err := compileECMA(text)
	var e *ecmaError
	if !errors.As(err, &e) || s.root != nil { // it is a form's
		return p, err
	}
	s.unsupported[text] = e
	re, err := regexp.Compile(text)
	if err != nil {
		re = regexp.MustCompile("")
	}
	return ecmaPattern{re, text}, nil
}

// schemaError makes a short message of a compile error.
func schemaError(err error) error {
	var pe *fs.PathError
	var ve *jsonschema.SchemaValidationError
	var in *jsonschema.LoadURLError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &pe):
		return fmt.Errorf("the schema file %s cannot be read", pe.Path)
	case errors.As(err, &ve):
		return notASchema(ve)
	case errors.As(err, &in) && errors.As(in.Err, &syntax):
		return &Problem{location: in.URL, offset: syntax.Offset, message: "the file is not valid JSON: " + syntax.Error()}
	case errors.As(err, &in) && errors.Is(in.Err, io.ErrUnexpectedEOF):
		return &Problem{location: in.URL, offset: math.MaxInt, message: "the file is not valid JSON: it ends too early"}
	}
	return errors.New("the JSON Schema cannot be used: " + strings.ReplaceAll(err.Error(), schemaBase, ""))
}

// notASchema says which rule of JSON Schema itself a schema breaks, and where.
func notASchema(err *jsonschema.SchemaValidationError) *Problem {
	p := &Problem{location: err.URL, message: "the file is not a valid JSON Schema"}
	var ve *jsonschema.ValidationError
	var found []FieldError
	if errors.As(err.Err, &ve) {
		found = (&schemaErrors{}).leaves(ve)
	}
	if len(found) > 0 {
		p.location, p.message = err.URL+"#"+found[0].Pointer, p.message+": at #"+found[0].Pointer+", "+found[0].Message
	}
	return p
}

// Validate returns everything that is wrong, sorted by place, without any content; as never what no form can help.
func (s *Schema) Validate(form any) (wrong []FieldError, never *FieldError) {
	err := s.root.Validate(form)
	if err == nil {
		return nil, nil
	}
	fault := func(at, message string) *FieldError {
		return &FieldError{Pointer: at, Code: CodeSchema, Message: message}
	}
	var ve *jsonschema.ValidationError
	if !errors.As(err, &ve) {
		return nil, fault("", "the form cannot be validated")
	}
	if at := cycleIn(ve); at != "" {
		return nil, fault("", at+" leads back to itself")
	}
	at, why := s.undelivered(ve)
	if why == "" {
		at, why = s.hopeless(ve)
	}
	if why != "" {
		return nil, fault(at, why)
	}
	out := (&schemaErrors{schema: s, form: form}).leaves(ve)
	slices.SortStableFunc(out, func(a, b FieldError) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Code, b.Code))
	})
	return slices.Compact(out), nil
}

// cycleIn finds a reference among the errors that leads back to itself: it says nothing about the form.
func cycleIn(ve *jsonschema.ValidationError) string {
	if c, ok := ve.ErrorKind.(*rules.RefCycle); ok {
		return strings.TrimPrefix(c.URL, schemaBase)
	}
	for _, c := range ve.Causes {
		if at := cycleIn(c); at != "" {
			return at
		}
	}
	return ""
}

func pointerOf(loc []string) string {
	var b strings.Builder
	for _, s := range loc {
		b.WriteByte('/')
		b.WriteString(expr.PointerEscape.Replace(s))
	}
	return b.String()
}
