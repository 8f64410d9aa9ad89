package diag

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Unmarshaler is a type that reads its own node.
type Unmarshaler interface {
	UnmarshalNode(n *Node) Problems
}

// Entry is one key of a map that keeps the file's order.
type Entry[T any] struct {
	Key          string
	Value        T
	Line, Column int // of the key
}

// Ordered is a map that keeps the file's order. Keys are unique.
type Ordered[T any] []Entry[T]

// Get returns the value of a key.
func (o Ordered[T]) Get(key string) (T, bool) {
	for _, e := range o {
		if e.Key == key {
			return e.Value, true
		}
	}
	var zero T
	return zero, false
}

// Keys returns the keys in the file's order.
func (o Ordered[T]) Keys() []string {
	keys := make([]string, len(o))
	for i, e := range o {
		keys[i] = e.Key
	}
	return keys
}

// UnmarshalNode reads a block of keys in order.
func (o *Ordered[T]) UnmarshalNode(n *Node) Problems {
	if n.Kind == Null {
		return nil
	}
	if n.Kind != Map {
		return Problems{wrongKind(n, "a block of keys")}
	}
	var problems Problems
	*o = make(Ordered[T], 0, len(n.Pairs))
	for _, p := range n.Pairs {
		e := Entry[T]{Key: p.Key, Line: p.Line, Column: p.Column}
		problems = append(problems, p.Value.Decode(&e.Value)...)
		*o = append(*o, e)
	}
	return problems
}

// Decode reads the whole file into a pointer, like Node.Decode.
func (f *File) Decode(into any) Problems { return f.root.Decode(into) }

// Decode reads the node into a pointer, strictly, and returns everything that is wrong. What the file
// does not name keeps the value it has, so that defaults are set beforehand.
//
// Struct fields are named by yaml tags; the options are "required", "inline" (the field's own keys stand
// beside the others), "node" (the node itself, for problems) and "one" (a list that may also be written as its only item). Durations are texts such
// as 90s, 24h or 30d; integers may carry a unit of bytes such as 8MiB; a string takes a number with its
// exact digits. A field of type *Node keeps the value for later, Ordered[T] keeps the order of keys, and any
// becomes what Node.Any returns. An empty value leaves lists and blocks as they are, and is an error for others.
func (n *Node) Decode(into any) Problems {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return Problems{n.Problem(CodeType, "decode into a non-pointer", "")}
	}
	d := decoder{}
	d.value(n, v.Elem())
	return d.problems
}

type decoder struct{ problems Problems }

var (
	nodeType     = reflect.TypeFor[*Node]()
	numberType   = reflect.TypeFor[json.Number]()
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[connectors.Secret]()
)

func (d *decoder) value(n *Node, v reflect.Value) {
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(n))
		return
	}
	if u, ok := v.Addr().Interface().(Unmarshaler); ok {
		d.problems = append(d.problems, u.UnmarshalNode(n)...)
		return
	}
	if v.Kind() == reflect.Pointer {
		d.pointer(n, v)
		return
	}
	if n.Kind == Null {
		d.null(n, v)
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && v.Type() != secretType {
		d.text(n, u)
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		v.Set(reflect.ValueOf(n.Any()))
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Map:
		d.mapping(n, v)
	case reflect.Slice:
		d.list(n, v)
	default:
		d.scalar(n, v)
	}
}

func (d *decoder) pointer(n *Node, v reflect.Value) {
	if n.Kind == Null && v.Type().Elem().Kind() != reflect.Struct {
		return
	}
	if v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	d.value(n, v.Elem())
}

// null is an empty value: "folder:" is a block without keys, "path:" is a mistake.
func (d *decoder) null(n *Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		v.SetZero()
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Map, reflect.Slice:
	default:
		d.add(n.Problem(CodeType, "the key has no value", "give it a value, or remove the key for the default"))
	}
}

func (d *decoder) text(n *Node, u encoding.TextUnmarshaler) {
	if n.Kind == List || n.Kind == Map {
		d.add(wrongKind(n, "a text"))
		return
	}
	if err := u.UnmarshalText([]byte(n.Text)); err != nil {
		d.add(n.Problem(CodeValue, err.Error(), ""))
	}
}

func (d *decoder) mapping(n *Node, v reflect.Value) {
	if n.Kind != Map {
		d.add(wrongKind(n, "a block of keys"))
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Pairs))
	for _, p := range n.Pairs {
		x := reflect.New(v.Type().Elem()).Elem()
		d.value(p.Value, x)
		out.SetMapIndex(reflect.ValueOf(p.Key).Convert(v.Type().Key()), x)
	}
	v.Set(out)
}

func (d *decoder) list(n *Node, v reflect.Value) {
	if n.Kind != List {
		d.add(wrongKind(n, "a list"))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items))
	for i, item := range n.Items {
		d.value(item, out.Index(i))
	}
	v.Set(out)
}

func (d *decoder) scalar(n *Node, v reflect.Value) {
	switch k := v.Kind(); {
	case v.Type() == durationType:
		x, err := ParseDuration(n.Text)
		d.number(n, v, int64(x), err, "a duration such as 90s, 24h or 30d")
	case k == reflect.String:
		d.str(n, v)
	case k == reflect.Bool:
		if n.Kind != Bool {
			d.add(wrongKind(n, "true or false"))
			return
		}
		v.SetBool(n.Text == "true")
	case v.CanInt():
		x, err := ParseSize(n.Text)
		if err == nil && v.OverflowInt(x) {
			err = strconv.ErrRange
		}
		d.number(n, v, x, err, "a whole number")
	case v.CanUint():
		x, err := ParseSize(n.Text)
		if err != nil || x < 0 || v.OverflowUint(uint64(x)) {
			d.add(wrongKind(n, "a whole number, not negative"))
			return
		}
		v.SetUint(uint64(x))
	case v.CanFloat():
		x, err := strconv.ParseFloat(n.Text, 64)
		if err != nil || n.Kind != Number {
			d.add(wrongKind(n, "a number"))
			return
		}
		v.SetFloat(x)
	default:
		d.add(n.Problem(CodeType, "cannot be set in a file: "+v.Type().String(), ""))
	}
}

func (d *decoder) number(n *Node, v reflect.Value, x int64, err error, want string) {
	if n.Kind == List || n.Kind == Map || n.Kind == Bool || err != nil {
		p := wrongKind(n, want)
		p.Code = CodeValue
		d.add(p)
		return
	}
	v.SetInt(x)
}

func (d *decoder) str(n *Node, v reflect.Value) {
	scalar := n.Kind != List && n.Kind != Map
	switch hooks := n.file.Hooks; {
	case scalar && v.Type() == secretType && hooks.Secret != nil:
		value, problems := hooks.Secret(n)
		v.SetString(value)
		d.problems = append(d.problems, problems...)
		return
	case scalar && hooks.Text != nil:
		if problems := hooks.Text(n); problems != nil {
			d.problems = append(d.problems, problems...)
			return
		}
	}
	switch {
	case v.Type() == numberType && n.Kind != Number:
		d.add(wrongKind(n, "a number"))
	case n.Kind == Text, n.Kind == Number:
		v.SetString(n.Text)
	case n.Kind == Bool:
		d.add(n.Problem(CodeType, "this is true or false, where a text belongs", `write it as "`+n.Text+`"`))
	default:
		d.add(wrongKind(n, "a text"))
	}
}

func (d *decoder) add(p Problem) { d.problems = append(d.problems, p) }

func wrongKind(n *Node, want string) Problem {
	return n.Problem(CodeType, fmt.Sprintf("%s belongs here, not %s", want, n.Describe()), "")
}

// structure reads a block into a struct: known keys, nothing else, and every required one.
func (d *decoder) structure(n *Node, v reflect.Value) {
	if n.Kind != Map && n.Kind != Null {
		d.add(wrongKind(n, "a block of keys"))
		return
	}
	fields := map[string]field{}
	var names []string
	collect(n, v, fields, &names)
	for _, p := range n.Pairs {
		f, ok := fields[p.Key]
		if !ok {
			unknown := n.file.at(CodeUnknownKey, p.Line, p.Column, fmt.Sprintf("unknown key %q", p.Key), DidYouMean(p.Key, names))
			if hint := FlowHint(unknown.Source, p.Column); hint != "" && strings.ContainsAny(p.Key, `()"'|`) {
				unknown.Suggestion = hint
			}
			d.add(unknown)
			continue
		}
		if f.one && p.Value.Kind != List && p.Value.Kind != Null {
			item := reflect.New(f.value.Type().Elem()).Elem()
			d.value(p.Value, item)
			f.value.Set(reflect.Append(reflect.MakeSlice(f.value.Type(), 0, 1), item))
			continue
		}
		d.value(p.Value, f.value)
	}
	for _, name := range names {
		if _, there := n.Get(name); fields[name].required && !there {
			d.add(n.Problem(CodeMissingKey, fmt.Sprintf("the key %q is missing here", name), ""))
		}
	}
}

type field struct {
	value         reflect.Value
	required, one bool
}

// collect lists the fields of a struct by key, those of inline structs with them.
func collect(n *Node, v reflect.Value, fields map[string]field, names *[]string) {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		if name == "-" || !sf.IsExported() {
			continue
		}
		opts := "," + options + ","
		if options == "node" {
			v.Field(i).Set(reflect.ValueOf(n))
			continue
		}
		inline := strings.Contains(opts, ",inline,")
		if inline || sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			collect(n, v.Field(i), fields, names)
			continue
		}
		if name == "" {
			name = strings.ToLower(sf.Name)
		}
		fields[name] = field{value: v.Field(i), required: strings.Contains(opts, ",required,"), one: strings.Contains(opts, ",one,")}
		*names = append(*names, name)
	}
}
