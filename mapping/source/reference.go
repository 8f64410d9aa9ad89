package source

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
)

const referenceHead = `# Keys of mapping files

<!-- Made by "go generate ./mapping/source"; do not edit. -->

One YAML file, read strictly: an unknown key is an error. [mapping.md](../mapping.md) says what the keys mean together, [the cookbook](../mapping/cookbook.md) shows them
at work, [the table of helpers](helpers.md) lists what expressions may call. Where a list is wanted, its only item may stand for it if "or list" is said.
`

// written are types that read their own node: how they are written, and whether there is a block with keys of its own.
var written = map[reflect.Type]struct {
	as    string
	block bool
}{
	reflect.TypeFor[Expression]():         {"expression", false},
	reflect.TypeFor[Field]():              {"expression or block", true},
	reflect.TypeFor[Texts]():              {"text, or texts by code", false},
	reflect.TypeFor[Content]():            {"file or block", true},
	reflect.TypeFor[Attached]():           {"file or block", true},
	reflect.TypeFor[charset.Unmappable](): {"error or block", true},
	reflect.TypeFor[column.Precision]():   {"number or database", false},
	reflect.TypeFor[encode.Switch]():      {"on or off", false},
	reflect.TypeFor[time.Duration]():      {"duration, such as 30s", false},
	reflect.TypeFor[diag.Node]():          {"", false},
}

// elsewhere are the blocks of keys that are read as they stand first.
var elsewhere = map[string]reflect.Type{"layouts": reflect.TypeFor[encode.Spec]()}

// reference writes blocks of keys, each once, in the order in which they are met.
type reference struct {
	w     io.Writer
	named map[reflect.Type]string // the section of a block
	queue []reflect.Type
}

// Reference writes the page of all keys from their doc tags.
func Reference(w io.Writer) {
	r := &reference{w: w, named: map[reflect.Type]string{}}
	fmt.Fprint(w, referenceHead)
	r.section("The file", reflect.TypeFor[Mapping]())
	for i := 0; i < len(r.queue); i++ {
		r.section(r.named[r.queue[i]], r.queue[i])
	}
}

func (r *reference) section(title string, t reflect.Type) {
	fmt.Fprintf(r.w, "\n## %s\n\n", title)
	if t == reflect.TypeFor[Mapping]() {
		title = ""
	}
	r.keys(title, t)
}

// keys writes one line for each key of a block.
func (r *reference) keys(path string, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline" || f.Anonymous && name == "":
			r.keys(path, f.Type)
			continue
		case name == "" || name == "-" || f.Tag.Get("doc") == "":
			continue
		}
		is := r.kind(strings.TrimPrefix(path+"."+name, "."), f.Type, strings.Contains(options, "one"))
		if strings.Contains(options, "required") {
			is = strings.TrimPrefix(is+", required", ", ")
		}
		if is != "" {
			is = " (" + is + ")"
		}
		fmt.Fprintf(r.w, "- `%s`%s: %s%s\n", name, is, f.Tag.Get("doc"), oneOfWords(f))
	}
}

// oneOfWords lists the words of a key whose text does not.
func oneOfWords(f reflect.StructField) string {
	tag := f.Tag.Get("enum")
	if tag == "" {
		return ""
	}
	words := editor().EnumWords(tag)
	if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(f.Tag.Get("doc"), w) }) {
		return ""
	}
	return "; one of `" + strings.Join(words, "`, `") + "`"
}

// kind is how a key is written; a block of it gets a section.
func (r *reference) kind(path string, t reflect.Type, one bool) string {
	if t.Kind() == reflect.Pointer {
		return r.kind(path, t.Elem(), one)
	}
	if block := elsewhere[path]; block != nil {
		return "by name: " + r.block(path, block)
	}
	if own, ok := written[t]; ok {
		if own.block {
			return strings.Replace(own.as, "block", r.block(path, t), 1)
		}
		return own.as
	}
	switch {
	case t.Kind() == reflect.Map:
		return "by name: " + r.kind(path, t.Elem(), false)
	case t.Kind() == reflect.Slice && strings.HasPrefix(t.Elem().Name(), "Entry["):
		f, _ := t.Elem().FieldByName("Value")
		return "by name: " + r.kind(path, f.Type, false)
	case t.Kind() == reflect.Slice && one:
		return r.kind(path, t.Elem(), false) + " or list"
	case t.Kind() == reflect.Slice:
		return strings.TrimSuffix("list: "+r.kind(path, t.Elem(), false), ": ")
	case t.Kind() == reflect.Struct:
		return r.block(path, t)
	case t.Kind() == reflect.Bool:
		return "true or false"
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Float64:
		return "number"
	}
	return "text"
}

// block is a link to the section of a block.
func (r *reference) block(path string, t reflect.Type) string {
	if r.named[t] == "" {
		r.named[t] = path
		r.queue = append(r.queue, t)
	}
	return "[block](#" + strings.ReplaceAll(r.named[t], ".", "") + ")"
}
