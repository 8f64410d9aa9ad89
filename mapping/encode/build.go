package encode

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/datefmt"
)

// NewLayout checks a spec and makes a layout of it. All problems are found at once; with any, the layout
// is nil.
func NewLayout(spec Spec) (*Layout, []SpecProblem) {
	b := builder{spec: spec, layout: &Layout{kinds: map[string]*kind{}, within: map[string]string{}}}
	b.general()
	b.format()
	if len(b.problems) == 0 { // fields are checked against a sound charset and format
		b.kinds()
		b.layout.header = b.lines("header", spec.Header)
		b.layout.trailer = b.lines("trailer", spec.Trailer)
		b.control()
		b.totals()
	}
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	return b.layout, nil
}

type builder struct {
	spec     Spec
	layout   *Layout
	problems []SpecProblem
	seen     []string // totals that templates name
	write    string   // whose fields are looked at
}

func (b *builder) problem(path []any, suggestion, format string, args ...any) {
	b.problems = append(b.problems, SpecProblem{Path: path, Code: CodeSpec, Message: fmt.Sprintf(format, args...), Suggestion: suggestion})
}

// sub returns the path of something below path.
func sub(path []any, steps ...any) []any { return slices.Concat(path, steps) }

// choice checks that *value is one of the words, the first of which is the default.
func (b *builder) choice(path []any, value *string, words ...string) {
	if *value = cmp.Or(*value, words[0]); !slices.Contains(words, *value) {
		b.problem(path, "", "%q is not one of %s", *value, strings.Join(words, ", "))
	}
}

func (b *builder) general() {
	s, l := &b.spec, b.layout
	if s.Format == "" {
		b.problem([]any{"format"}, "fixed", "the layout needs a format: fixed, csv, xml or json")
	} else {
		b.choice([]any{"format"}, &s.Format, "fixed", "csv", "xml", "json")
	}
	b.choice([]any{"overflow"}, &s.Overflow, "error", "cut")
	b.choice([]any{"control"}, &s.Control, "error", "space")
	b.choice([]any{"line-ending"}, &s.LineEnding, "lf", "crlf", "cr", "nel", "none")
	c, ok := charset.Lookup(s.Charset)
	if !ok {
		b.problem([]any{"charset"}, "", "character set %q is not known; known are %s", s.Charset, strings.Join(charset.Names(), ", "))
		c, _ = charset.Lookup("")
	}
	l.charset = c
	l.fit = b.fitter([]any{"unmappable"}, s.Unmappable)
	if l.newline, _, ok = c.AppendString(nil, map[string]string{"lf": "\n", "crlf": "\r\n", "cr": "\r", "nel": "\u0085"}[s.LineEnding]); !ok {
		b.problem([]any{"line-ending"}, "lf", "character set %s has no such line ending", c.Name())
	}
	if s.BOM && !c.UTF8() && !strings.HasPrefix(c.Name(), "utf-16") {
		b.problem([]any{"bom"}, "", "only UTF-8 and UTF-16 files can have a byte order mark")
	}
	var err error
	if l.zone, err = datefmt.Zone(s.Zone); err != nil {
		b.problem([]any{"zone"}, "Europe/Berlin", "%v", err)
	}
}

// fitter joins a rule with the character set.
func (b *builder) fitter(path []any, u charset.Unmappable) *charset.Fitter {
	f, problems := b.layout.charset.Fitter(u)
	for _, p := range problems {
		b.problem(sub(path, p.Key), p.Suggestion, "%s", p.Message)
	}
	return f
}

func (b *builder) format() {
	s, l := &b.spec, b.layout
	switch s.Format {
	case "fixed":
		if !l.charset.SingleByte() && !l.charset.UTF8() {
			b.problem([]any{"charset"}, "", "fixed-width fields need a character set with single bytes, or utf-8")
		}
	case "csv":
		b.csv()
	case "xml":
		s.XML.Root, s.XML.Record = cmp.Or(s.XML.Root, "records"), cmp.Or(s.XML.Record, "record")
		b.xmlName([]any{"xml", "root"}, s.XML.Root, false)
		b.xmlName([]any{"xml", "record"}, s.XML.Record, false)
	case "json":
		b.choice([]any{"json", "style"}, &s.JSON.Style, "array", "lines", "object", "document")
		s.JSON.Records = cmp.Or(s.JSON.Records, "records")
		if s.JSON.Style == "lines" && s.LineEnding == "none" {
			b.problem([]any{"line-ending"}, "lf", "JSON lines need a line ending")
		}
		if s.JSON.Style == "array" && len(s.Header)+len(s.Trailer) > 0 {
			b.problem([]any{"json", "style"}, "object", "a JSON array has no place for header or trailer")
		}
	}
	l.spec = *s
}

func (b *builder) csv() {
	s := &b.spec
	b.choice([]any{"csv", "quote"}, &s.CSV.Quote, "minimal", "all", "none")
	b.choice([]any{"csv", "guard-formulas"}, (*string)(&s.CSV.Guard), "on", "off")
	switch d := s.CSV.Delimiter; {
	case d == "":
		s.CSV.Delimiter = ","
	case d == "tab":
		s.CSV.Delimiter = "\t"
	case len(d) != 1 || d[0] >= utf8.RuneSelf || d == `"` || d == "\n" || d == "\r":
		b.problem([]any{"csv", "delimiter"}, ";", "a delimiter is one ASCII character or tab, and not the quotation mark")
	}
	if s.LineEnding == "none" {
		b.problem([]any{"line-ending"}, "crlf", "CSV needs a line ending")
	}
	if s.CSV.Titles && len(s.Records) > 1 {
		b.problem([]any{"csv", "titles"}, "", "column titles need a single kind of record")
	}
	b.layout.spec = *s
	b.layout.setMarks()
}

// xmlName checks a name, with its prefix if it has one, and that the character set has it. Attributes may also declare namespaces.
func (b *builder) xmlName(path []any, name string, attr bool) {
	_, _, encodable := b.layout.charset.AppendString(nil, name)
	prefix, local, prefixed := strings.Cut(name, ":")
	if !prefixed {
		local = name
	}
	space := attr && (name == "xmlns" || prefixed && (prefix == "xmlns" || prefix == "xml"))
	if !encodable || !space && (!xmlWord(prefix) || prefixed && !xmlWord(local)) || space && prefixed && !xmlWord(local) {
		b.problem(path, "", "%q is not a name for an XML element or attribute in this character set", name)
		return
	}
	if prefixed && !space && !slices.ContainsFunc(b.spec.declared(), func(p string) bool { return p == prefix }) {
		b.problem(path, "", "no field declares the prefix %q: give one the fixed value of its namespace, as attribute @xmlns:%s", prefix, prefix)
	}
}

// declared are the prefixes that fields declare.
func (s *Spec) declared() (all []string) {
	rows := [][]FieldSpec{s.Fields}
	for _, r := range s.Records {
		rows = append(rows, r.Fields)
	}
	for _, row := range rows {
		for _, f := range row {
			if _, prefix, ok := strings.Cut(f.XML, "@xmlns:"); ok && f.Value != nil {
				all = append(all, prefix)
			}
		}
	}
	return all
}

// xmlWord tells whether a name can stand in XML without a prefix.
func xmlWord(name string) bool {
	ok := name != "" && !strings.HasPrefix(strings.ToLower(name), "xml")
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xC0 && r != 0xD7 && r != 0xF7 && r < 0x2000
		ok = ok && (letter || i > 0 && (r == '-' || r == '.' || r >= '0' && r <= '9'))
	}
	return ok
}

func (b *builder) kinds() {
	s, l := &b.spec, b.layout
	switch {
	case len(s.Fields) > 0 && len(s.Records) > 0:
		b.problem([]any{"records"}, "", "a layout has either fields or records, not both")
	case len(s.Fields) == 0 && len(s.Records) == 0:
		b.problem([]any{"fields"}, "", "the layout has no fields")
	case len(s.Fields) > 0:
		l.kinds[""] = b.kind([]any{"fields"}, s.XML.Record, s.Fields)
	}
	for _, write := range slices.Sorted(maps.Keys(s.Records)) {
		r := s.Records[write]
		path := []any{"records", write}
		r.Element = cmp.Or(r.Element, write)
		if s.Format == "xml" {
			b.xmlName(sub(path, "element"), r.Element, false)
		}
		if len(r.Fields) == 0 {
			b.problem(path, "", "the record has no fields")
		}
		b.write = write
		l.kinds[write] = b.kind(sub(path, "fields"), r.Element, r.Fields)
	}
	b.document()
}

func (b *builder) kind(path []any, element string, specs []FieldSpec) *kind {
	k := &kind{element: element, fields: b.fields(path, specs, false)}
	k.root = b.tree(path, specs, k.fields, false)
	return k
}

// document checks that records stand in others without end, and that a document is one of them.
func (b *builder) document() {
	l := b.layout
	for _, write := range slices.Sorted(maps.Keys(l.within)) {
		for at, n := l.within[write], 0; at != ""; at, n = l.within[at], n+1 {
			if n > len(l.within) {
				b.problem([]any{"records", write}, "", "the records of %q stand in each other without end", write)
				return
			}
		}
	}
	if !l.Document() {
		return
	}
	if len(b.spec.Header)+len(b.spec.Trailer) > 0 {
		b.problem([]any{b.spec.Format}, "", "a document has no header or trailer: what stands there belongs to its fields")
	}
	var outer []string
	for write := range l.kinds {
		if l.within[write] == "" {
			outer = append(outer, write)
		}
	}
	if slices.Sort(outer); len(outer) > 1 {
		b.problem([]any{"records"}, "", "a document is one record, and these stand in none: %s", strings.Join(outer, ", "))
	}
}

// lineVariables are those of header and trailer.
var lineVariables = []string{"count", "lines", "total", "seq", "date", "time", "name", "id", "reference"}

func (b *builder) lines(key string, specs []LineSpec) []*line {
	var lines []*line
	for i, s := range specs {
		path := []any{key, i}
		n := &line{name: s.Name}
		if b.spec.Format == "xml" {
			b.xmlName(sub(path, "name"), s.Name, false)
		}
		if len(s.Fields) == 0 {
			b.problem(path, "", "the line has no fields")
		}
		n.fields = b.fields(sub(path, "fields"), s.Fields, true)
		n.root = b.tree(sub(path, "fields"), s.Fields, n.fields, true)
		for j, f := range s.Fields {
			if f.Value == nil {
				b.problem(sub(path, "fields", j), "", "a field of %s needs a value, such as {count}", key)
				continue
			}
			n.templates = append(n.templates, b.template(sub(path, "fields", j, "value"), *f.Value, lineVariables))
		}
		lines = append(lines, n)
	}
	return lines
}

// template parses a template and remembers the totals it names.
func (b *builder) template(path []any, s string, allowed []string) *Template {
	t, err := parseTemplate(s, allowed)
	if err != nil {
		b.problem(path, "", "%v", err)
		return nil
	}
	for _, p := range t.parts {
		switch {
		case p.name == "total" && !slices.Contains(b.seen, p.arg):
			b.seen = append(b.seen, p.arg)
			b.checkTotal(path, p.arg)
		case p.name == "count" && p.arg != "" && b.layout.kinds[p.arg] == nil && b.layout.kinds[""] == nil:
			b.problem(path, "", "{count:%s}: the layout has no record for this write", p.arg)
		}
	}
	return t
}

// checkTotal refuses the total of what is not a number in some record.
func (b *builder) checkTotal(path []any, name string) {
	found := false
	for write, k := range b.layout.kinds {
		for _, f := range k.fields {
			if f.spec.Value != nil || name != f.spec.Name && name != write+"."+f.spec.Name && !(write == "" && strings.HasSuffix(name, "."+f.spec.Name)) {
				continue
			}
			found = true
			if !f.numeric() {
				b.problem(path, "", "{total:%s}: the field is not an integer or decimal", name)
			}
		}
	}
	if !found {
		b.problem(path, "", "{total:%s}: no record has this field", name)
	}
}

func (b *builder) control() {
	c := b.spec.ControlFile
	if c == nil {
		return
	}
	names := []string{"name", "stem", "seq", "date", "time", "id"}
	if c.Name == "" {
		b.problem([]any{"control-file", "name"}, "{name}.ok", "the control file needs a name")
	}
	b.layout.control = &control{
		name: b.template([]any{"control-file", "name"}, c.Name, names),
		text: b.template([]any{"control-file", "text"}, c.Text, append(slices.Clone(lineVariables), "bytes", "sha256", "stem")),
	}
}

func (b *builder) totals() {
	slices.Sort(b.seen)
	b.layout.totals = b.seen
}
