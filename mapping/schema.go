package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	slashpath "path"
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	rules "github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// schemaCheck is the form's JSON Schema: it validates forms and knows which fields there are.
type schemaCheck struct {
	root        *jsonschema.Schema
	unsupported map[string]*ecmaError // patterns that cannot be honoured
	levels      [][]string            // types that the form's format makes, by depth; the last goes for all below
	unkeepable  func() []schemaProblem
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

// newSchemaCheck compiles a schema; read gets names relative to the mapping's folder.
func newSchemaCheck(name string, read func(string) ([]byte, error)) (*schemaCheck, error) {
	c := jsonschema.NewCompiler()
	c.UseLoader(loader{read})
	c.AssertFormat()
	s := &schemaCheck{unsupported: map[string]*ecmaError{}}
	c.UseRegexpEngine(s.pattern)
	root, err := c.Compile(schemaBase + slashpath.Clean(name))
	if err != nil {
		return nil, schemaError(err)
	}
	s.root, s.unkeepable = root, sync.OnceValue(s.findUnkeepable)
	return s, nil
}

// pattern compiles a pattern. One that cannot be honoured is remembered for check; Go's reading of it stands for a
// mapping that was pinned before check knew.
func (s *schemaCheck) pattern(text string) (jsonschema.Regexp, error) {
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
		return &badSchema{notASchema(ve)}
	case errors.As(err, &in) && errors.As(in.Err, &syntax):
		return &badSchema{schemaProblem{location: in.URL, offset: syntax.Offset, message: "the file is not valid JSON: " + syntax.Error()}}
	case errors.As(err, &in) && errors.Is(in.Err, io.ErrUnexpectedEOF):
		return &badSchema{schemaProblem{location: in.URL, offset: math.MaxInt, message: "the file is not valid JSON: it ends too early"}}
	}
	return errors.New("the JSON Schema cannot be used: " + strings.ReplaceAll(err.Error(), schemaBase, ""))
}

// badSchema is a schema that cannot be used, with its place.
type badSchema struct{ schemaProblem }

// Error says what is wrong with it.
func (b *badSchema) Error() string { return b.message }

// notASchema says which rule of JSON Schema itself a schema breaks, and where.
func notASchema(err *jsonschema.SchemaValidationError) schemaProblem {
	p := schemaProblem{location: err.URL, message: "the file is not a valid JSON Schema"}
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

// validate returns everything that is wrong, sorted by place, without any content; as a *Fault what no form can help.
func (s *schemaCheck) validate(form any) error {
	err := s.root.Validate(form)
	if err == nil {
		return nil
	}
	var ve *jsonschema.ValidationError
	if !errors.As(err, &ve) {
		return &Fault{At: "input.schema", Cause: FieldError{Code: CodeSchema, Message: "the form cannot be validated"}}
	}
	if at := cycleIn(ve); at != "" {
		return &Fault{At: "input.schema", Cause: FieldError{Code: CodeSchema, Message: at + " leads back to itself"}}
	}
	at, never := s.undelivered(ve)
	if never == "" {
		at, never = s.hopeless(ve)
	}
	if never != "" {
		return &Fault{At: "input.schema", Cause: FieldError{Pointer: at, Code: CodeSchema, Message: never}}
	}
	out := (&schemaErrors{schema: s, form: form}).leaves(ve)
	sort.SliceStable(out, func(i, j int) bool {
		return out[i].Pointer < out[j].Pointer || out[i].Pointer == out[j].Pointer && out[i].Code < out[j].Code
	})
	uniq := out[:0]
	for i, f := range out {
		if i == 0 || f != out[i-1] {
			uniq = append(uniq, f)
		}
	}
	return &MapError{Fields: uniq}
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
		b.WriteString(pointerEscape.Replace(s))
	}
	return b.String()
}

// jsonForm makes sure that a tree from a test holds json.Number, as decode gives it.
func jsonForm(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}
