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
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	rules "github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// schemaCheck is the form's JSON Schema: it validates forms and knows which fields there are.
type schemaCheck struct {
	root        *jsonschema.Schema
	unsupported map[string]*ecmaError // patterns that cannot be honoured
	levels      [][]string            // types that the form's format makes, by depth; the last goes for all below
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
	s.root = root
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
		leaves(ve, &found)
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
	if at, never := s.undelivered(ve); never != "" {
		return &Fault{At: "input.schema", Cause: FieldError{Pointer: at, Code: CodeSchema, Message: never}}
	}
	var out []FieldError
	leaves(ve, &out)
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

// leaves collects the errors that say something. Of an anyOf or oneOf the branch that came nearest speaks.
func leaves(ve *jsonschema.ValidationError, out *[]FieldError) {
	switch ve.ErrorKind.(type) {
	case *rules.AnyOf, *rules.OneOf:
		if best := nearest(ve.Causes); best != nil {
			leaves(best, out)
			return
		}
	}
	if len(ve.Causes) > 0 {
		for _, c := range ve.Causes {
			leaves(c, out)
		}
		return
	}
	pointer := pointerOf(ve.InstanceLocation)
	code, message := describe(ve.ErrorKind)
	if r, ok := ve.ErrorKind.(*rules.Required); ok {
		for _, m := range r.Missing {
			*out = append(*out, FieldError{pointer + "/" + pointerEscape.Replace(m), code, message})
		}
		return
	}
	if a, ok := ve.ErrorKind.(*rules.AdditionalProperties); ok && nameable(a.Properties) {
		for _, name := range a.Properties {
			*out = append(*out, FieldError{pointer + "/" + pointerEscape.Replace(name), code, "the field is not known"})
		}
		return
	}
	*out = append(*out, FieldError{pointer, code, message})
}

// nameable reports whether unknown fields look like fields, few and with short names: then each is pointed at.
// What a hostile or broken sender makes up is not repeated.
func nameable(names []string) bool {
	return len(names) <= 20 && !slices.ContainsFunc(names, func(n string) bool { return !fieldName.MatchString(n) })
}

var fieldName = regexp.MustCompile(`^[A-Za-z_@$][A-Za-z0-9_.:@$-]{0,63}$`)

// nearest is the cause whose errors lie deepest: the branch that the sender meant. Without a clear one, none.
func nearest(causes []*jsonschema.ValidationError) *jsonschema.ValidationError {
	var best *jsonschema.ValidationError
	top, tie := -1, false
	for _, c := range causes {
		d := depth(c)
		switch {
		case d > top:
			best, top, tie = c, d, false
		case d == top:
			tie = true
		}
	}
	if tie {
		return nil
	}
	return best
}

func depth(ve *jsonschema.ValidationError) int {
	d := len(ve.InstanceLocation)
	for _, c := range ve.Causes {
		d = max(d, depth(c))
	}
	return d
}

func pointerOf(loc []string) string {
	var b strings.Builder
	for _, s := range loc {
		b.WriteByte('/')
		b.WriteString(pointerEscape.Replace(s))
	}
	return b.String()
}

var kindName = regexp.MustCompile(`[A-Z]`)

// describe gives code and message of a schema rule. Limits come from the schema, never from the form.
func describe(k jsonschema.ErrorKind) (code, message string) {
	switch k := k.(type) {
	case *rules.Required:
		return CodeMissingValue, "the field must be there"
	case *rules.Type:
		return "schema.type", "the value must be " + strings.Join(k.Want, " or ")
	case *rules.Enum:
		return "schema.enum", "the value is not one of those allowed"
	case *rules.Const:
		return "schema.const", "the value is not the one allowed"
	case *rules.Pattern:
		return "schema.pattern", "the text does not have the form required"
	case *rules.Format:
		return "schema.format", "the text is not a valid " + k.Want
	case *rules.MinLength:
		return "schema.min-length", "the text must have at least " + strconv.Itoa(k.Want) + " characters"
	case *rules.MaxLength:
		return "schema.max-length", "the text must have at most " + strconv.Itoa(k.Want) + " characters"
	case *rules.MinItems:
		return "schema.min-items", "the list must have at least " + strconv.Itoa(k.Want) + " items"
	case *rules.MaxItems:
		return "schema.max-items", "the list must have at most " + strconv.Itoa(k.Want) + " items"
	case *rules.Minimum, *rules.ExclusiveMinimum:
		return "schema.minimum", "the number is too small"
	case *rules.Maximum, *rules.ExclusiveMaximum:
		return "schema.maximum", "the number is too large"
	case *rules.MultipleOf:
		return "schema.multiple-of", "the number has too many decimals or is not a multiple of what is required"
	case *rules.AdditionalProperties:
		return "schema.unknown-field", "the object has a field that is not known"
	case *rules.AnyOf, *rules.OneOf:
		return "schema.alternatives", "the value fits none, or more than one, of the alternatives"
	}
	word := strings.TrimPrefix(fmt.Sprintf("%T", k), "*kind.")
	word = strings.ToLower(kindName.ReplaceAllString(word, "-$0"))
	return "schema" + strings.Replace(word, "-", ".", 1), "the value breaks a rule of the form's schema"
}

// jsonForm makes sure that a tree from a test holds json.Number, as decode gives it.
func jsonForm(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}
