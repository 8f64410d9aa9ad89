package schema

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	rules "github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// schemaErrors puts into words what the validator found.
type schemaErrors struct {
	schema *Schema // nil where it is a schema that was validated
	form   any
	out    []FieldError
}

// leaves returns the errors that say something. Of an anyOf or oneOf the branch that came nearest speaks.
func (e *schemaErrors) leaves(ve *jsonschema.ValidationError) []FieldError {
	pointer := pointerOf(ve.InstanceLocation)
	code, message, want := describe(ve.ErrorKind)
	switch k := ve.ErrorKind.(type) {
	case *rules.AnyOf, *rules.OneOf:
		meant, names := e.meant(ve)
		if best := nearest(meant); best != nil {
			return e.leaves(best)
		}
		if len(names) > 0 {
			code, message, _ = describe(&rules.Enum{})
			e.below(pointer, names, code, message)
			return e.out
		}
		if e.schema != nil { // the mistakes of all branches together would ask for what no form needs
			e.add(pointer, code, message+lackingOneOf(ve.Causes), want)
			return e.out
		}
	case *rules.PropertyNames:
		e.named(ve, []string{k.Property}, "a field may not have this name", message)
		return e.out
	case *rules.Contains, *rules.MinContains: // no item by itself is wrong
		e.add(pointer, code, message, want)
		return e.out
	}
	if len(ve.Causes) > 0 {
		for _, c := range ve.Causes {
			e.leaves(c)
		}
		return e.out
	}
	switch k := ve.ErrorKind.(type) {
	case *rules.Required:
		e.below(pointer, k.Missing, code, message)
	case *rules.DependentRequired:
		e.below(pointer, k.Missing, code, "the field must be there where "+strconv.Quote(k.Prop)+" is")
	case *rules.Dependency:
		e.below(pointer, k.Missing, code, "the field must be there where "+strconv.Quote(k.Prop)+" is")
	case *rules.AdditionalProperties:
		e.named(ve, k.Properties, "the field is not known", message)
	case *rules.FalseSchema:
		if last := len(ve.InstanceLocation) - 1; last >= 0 && !FieldName.MatchString(ve.InstanceLocation[last]) && !e.item(ve.InstanceLocation) {
			pointer, message = pointerOf(ve.InstanceLocation[:last]), "the object has a field that is not known"
		}
		e.add(pointer, code, message, want)
	case *rules.UniqueItems:
		e.add(pointer+"/"+strconv.Itoa(k.Duplicates[1]), code, message, want)
	case *rules.MinProperties:
		if names := e.lacking(ve); len(names) > 0 {
			message += "; it has none of " + strings.Join(names, ", ")
		}
		e.add(pointer, code, message, want)
	default:
		e.add(pointer, code, message, want)
	}
	return e.out
}

func (e *schemaErrors) add(pointer, code, message, want string) {
	e.out = append(e.out, FieldError{pointer, code, message, want})
}

// below tells something of fields of an object that the schema names.
func (e *schemaErrors) below(pointer string, names []string, code, message string) {
	for _, name := range names {
		e.add(pointer+"/"+expr.PointerEscape.Replace(name), code, message, "")
	}
}

// named tells something of fields that the sender named; where their names are no names, of their object.
func (e *schemaErrors) named(ve *jsonschema.ValidationError, names []string, field, object string) {
	code, _, _ := describe(ve.ErrorKind)
	if pointer := pointerOf(ve.InstanceLocation); nameable(names) {
		e.below(pointer, names, code, field)
	} else {
		e.add(pointer, code, object, "")
	}
}

// at is what the form has at a place.
func (e *schemaErrors) at(location []string) any {
	now := e.form
	for _, step := range location {
		switch x := now.(type) {
		case map[string]any:
			now = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			now = x[i]
		}
	}
	return now
}

// item tells whether a place is in a list.
func (e *schemaErrors) item(location []string) bool {
	_, list := e.at(location[:len(location)-1]).([]any)
	return list
}

// lacking are the fields that the schema has for an object and the form does not.
func (e *schemaErrors) lacking(ve *jsonschema.ValidationError) (names []string) {
	if e.schema == nil {
		return nil
	}
	object, _ := e.at(ve.InstanceLocation).(map[string]any)
	for _, s := range allBelow(e.schema.root, below) {
		if s.Location != ve.SchemaURL {
			continue
		}
		for _, x := range shapes(s) {
			for name := range x.Properties {
				if _, there := object[name]; !there && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	return names[:min(len(names), 20)]
}

// nameable reports whether unknown fields look like fields, few and with short names: then each is pointed at.
// What a hostile or broken sender makes up is not repeated.
func nameable(names []string) bool {
	return len(names) <= 20 && !slices.ContainsFunc(names, func(n string) bool { return !FieldName.MatchString(n) })
}

// FieldName is what looks like a field's name.
var FieldName = regexp.MustCompile(`^[A-Za-z_@$][A-Za-z0-9_.:@$-]{0,63}$`)

// ruleText is what a form is told where it breaks a rule of JSON Schema; a code that is not given is the rule's name.
type ruleText struct{ code, message string }

const ofKind = " of a kind that the form's schema describes"

// ruleTexts by the validator's names of rules. Limits come from the schema, never from the form.
var ruleTexts = map[string]ruleText{
	"Required": {value.CodeMissingValue, "the field must be there"}, "Type": {"", "the value must be %s"}, "Enum": {"", "the value is not one of those allowed"},
	"Const": {"", "the value is not the one allowed"}, "Pattern": {"", "the text does not have the form required"}, "Format": {"", "the text is not a valid %s"},
	"MinLength": {"", "the text must have at least %s characters"}, "MaxLength": {"", "the text must have at most %s characters"},
	"MinItems": {"", "the list must have at least %s items"}, "MaxItems": {"", "the list must have at most %s items"},
	"Minimum": {"", "the number is too small"}, "ExclusiveMinimum": {"schema.minimum", "the number is too small"},
	"Maximum": {"", "the number is too large"}, "ExclusiveMaximum": {"schema.maximum", "the number is too large"},
	"MultipleOf":           {"", "the number has too many decimals or is not a multiple of what is required"},
	"AdditionalProperties": {"schema.unknown-field", "the object has a field that is not known"},
	"AnyOf":                {"schema.alternatives", alternatives}, "OneOf": {"schema.alternatives", alternatives},
	"MinProperties": {"", "the object must have at least %s fields"}, "MaxProperties": {"", "the object must have at most %s fields"},
	"PropertyNames": {"", "a field has a name that is not allowed"}, "FalseSchema": {"", "the field may not be there"}, "UniqueItems": {"", "the item is there twice"},
	"AdditionalItems": {"", "the list has %s items too many"}, "Contains": {"", "the list must have an item" + ofKind},
	"MinContains": {"", "the list must have at least %s items" + ofKind}, "MaxContains": {"", "the list must have at most %s items" + ofKind},
	"Not": {"", "the value is one that the form's schema excludes"}, "ContentEncoding": {"", "the text is not in the encoding %s"}, "ContentMediaType": {"", "the text does not hold %s"},
}

const alternatives = "the value fits none, or more than one, of the alternatives"

var capital = regexp.MustCompile(`\B[A-Z]`)

// CodeOf is the code of a rule that has no other, by its name: that in JSON Schema, or the validator's.
func CodeOf(rule string) string {
	return "schema." + strings.ToLower(capital.ReplaceAllString(rule, "-$0"))
}

// describe gives code and message of a schema rule, and what it asks for.
func describe(k jsonschema.ErrorKind) (code, message, want string) {
	rule := reflect.Indirect(reflect.ValueOf(k))
	name := rule.Type().Name()
	text, known := ruleTexts[name]
	if !known {
		text.message = "the value breaks a rule of the form's schema"
	}
	for _, limit := range []string{"Want", "Count"} {
		if f := rule.FieldByName(limit); f.IsValid() && strings.Contains(text.message, "%s") {
			want = strings.Trim(fmt.Sprint(f.Interface()), "[]")
			text.message = strings.Replace(text.message, "%s", strings.Join(strings.Fields(want), " or "), 1)
		}
	}
	return cmp.Or(text.code, CodeOf(name)), text.message, want
}

// FieldError is one mistake of a form, told to the front office. Its message never holds content.
type FieldError struct {
	Pointer string `json:"pointer"` // JSON Pointer into the form; "" is the form itself
	Code    string `json:"code"`
	Message string `json:"message"`
	Want    string `json:"-"` // what the rule asks for, as wording.Say takes it
}

// CodeSchema is the code of what is wrong with a schema.
const (
	CodeSchema = "mapping.schema" // the JSON Schema cannot be used
)
