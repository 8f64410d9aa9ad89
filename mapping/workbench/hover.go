package workbench

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/source"
)

// Told is what is said of a name, in Markdown, and where it stands in its line, in bytes.
type Told struct {
	Text     string
	From, To int
}

// atName finds names with their members, as they stand in expressions, and keys.
var atName = regexp.MustCompile(`[A-Za-z_]\w*(?:\??\.\w+|\[(?:\d+|"[^"]*")\])*`)

// Hover tells what stands at a place; line and column, in bytes, count from 0. Without a text nothing is known of it.
func (b *Bench) Hover(line, column int) (t Told) {
	guarded(func() { t = b.hover(line, column) })
	return t
}

func (b *Bench) hover(line, column int) Told {
	text := b.text()
	lines := strings.Split(text, "\n")
	if line < 0 || line >= len(lines) || column < 0 || column > len(lines[line]) || strings.HasPrefix(strings.TrimSpace(lines[line]), "#") {
		return Told{}
	}
	spec := b.read(text, -1)
	if h := readHead(lines[line]); h.keyed && column >= h.column && column < h.column+len(h.key) {
		p := placeAt(lines, line, h.column+len(h.key))
		return Told{b.keyTold(&spec, append(p.path, h.key)), h.column, h.column + len(h.key)}
	}
	for _, at := range atName.FindAllStringIndex(lines[line], -1) {
		if column < at[0] || column > at[1] {
			continue
		}
		end := at[1]
		for i := column; i < at[1]; i++ { // of form.owner.name the part up to the word that is pointed at
			if lines[line][i] == '.' && i > column || lines[line][i] == '[' {
				end = i
				break
			}
		}
		p := placeAt(lines, line, at[0])
		if p.key && strings.HasPrefix(strings.TrimLeft(lines[line][at[1]:], " "), ":") { // a key between { and }
			return Told{b.keyTold(&spec, append(p.path, lines[line][at[0]:at[1]])), at[0], at[1]}
		}
		return Told{b.nameTold(&spec, p, strings.ReplaceAll(lines[line][at[0]:end], "?.", ".")), at[0], end}
	}
	return Told{}
}

// keyTold says what a key of the mapping is.
func (b *Bench) keyTold(spec *source.Mapping, path []any) string {
	key, _ := path[len(path)-1].(string)
	switch {
	case within(path, "write/*/fields/*"):
		if i, _ := path[1].(int); i < len(spec.Write) {
			return b.columnLineage(spec, path, &spec.Write[i], key)
		}
	case within(path, "let/*"), within(path, "write/*/let/*"):
		return b.letTold(spec, path, key)
	case within(path, "lookups/*"):
		l, _ := spec.Lookups.Get(key)
		return "lookup **" + key + "**: " + lookupTold(l)
	case within(path, "helpers/*"):
		h, _ := spec.Helpers.Get(key)
		return "helper `" + ownUsage(key, h) + "`"
	}
	if doc := meaning(path); doc != "" {
		return "**" + key + "**: " + doc
	}
	return ""
}

// columnLineage says what a column is made of: fields of the form, then what is done with them.
func (b *Bench) columnLineage(spec *source.Mapping, path []any, w *source.Write, key string) string {
	f, there := w.Fields.Get(key)
	if !there || f.Value == nil {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "**%s** of %s, write %s\n", key, objectOf(w), w.As)
	for _, c := range b.columns(spec, w) {
		if c.Name == key {
			fmt.Fprintf(&out, "- column: %s\n", columnTold(c))
		}
	}
	b.origin(&out, spec, namesAt(spec, path), f.Value.Text)
	if f.Type != "" {
		fmt.Fprintf(&out, "- type: `%s`\n", f.Type)
	}
	if f.Default != nil {
		fmt.Fprintf(&out, "- a missing or null value becomes `%s`\n", f.Default.Text)
	}
	return out.String()
}

// origin says what an expression is made of, and what is done with it.
func (b *Bench) origin(out *strings.Builder, spec *source.Mapping, known names, text string) {
	made, fields := known.reads(text), b.fields(spec)
	for _, way := range made.fields {
		fmt.Fprintf(out, "- from form.%s: %s\n", way, told(fieldAt(fields, way)))
	}
	for _, column := range made.returned {
		fmt.Fprintf(out, "- from %s, which the target returns\n", column)
	}
	for _, l := range made.lets {
		fmt.Fprintf(out, "- through %s: `%s`\n", l, known[l].text)
	}
	steps := stepsOf(text)
	fmt.Fprintf(out, "- by `%s`\n", steps[0])
	for _, s := range steps[1:] {
		fmt.Fprintf(out, "- then `%s`%s\n", s, usageOf(spec, s))
	}
}

// stepsOf cuts an expression at its pipes.
func stepsOf(text string) (steps []string) {
	depth, quote, from := 0, rune(0), 0
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'' || r == '`':
			quote = r
		case r == '(' || r == '[' || r == '{':
			depth++
		case r == ')' || r == ']' || r == '}':
			depth--
		case r == '|' && depth == 0 && !strings.HasPrefix(text[i+1:], "|") && !strings.HasSuffix(text[:i], "|"):
			steps, from = append(steps, strings.TrimSpace(text[from:i])), i+1
		}
	}
	return append(steps, strings.TrimSpace(text[from:]))
}

// usageOf says what the helper of a step does.
func usageOf(spec *source.Mapping, step string) string {
	name, _, _ := strings.Cut(step, "(")
	for _, h := range helpersOf(spec) {
		if _, what, found := strings.Cut(h.Detail, ": "); h.Label == name && found {
			return ": " + what
		}
	}
	return ""
}

// letTold says what a name of let stands for.
func (b *Bench) letTold(spec *source.Mapping, path []any, key string) string {
	known := namesAt(spec, path)
	var out strings.Builder
	fmt.Fprintf(&out, "let **%s**\n", key)
	b.origin(&out, spec, known, known[key].text)
	return out.String()
}

// nameTold says what a name in an expression stands for.
func (b *Bench) nameTold(spec *source.Mapping, p place, text string) string {
	first, rest, members := strings.Cut(text, ".")
	known := namesAt(spec, p.path)
	n, is := known[first]
	switch {
	case strings.Count(p.text, `"`)%2 == 1: // in a text
		if l, is := spec.Lookups.Get(text); is {
			return "lookup **" + text + "**: " + lookupTold(l)
		}
		return ""
	case strings.HasSuffix(p.text, "."): // of the items of a list
		way, is := known.wayOf(listAround(p.text))
		if !is {
			return ""
		}
		return b.fieldTold(spec, way+"."+text)
	case !is && !members:
		return b.functionTold(spec, text)
	case n.kind == Let && !members:
		return b.letTold(spec, p.path, first)
	case n.kind == Returned:
		return "**" + text + "**: the target returns it; write " + first + " has `returning: [" + strings.Join(n.columns, ", ") + "]`"
	case n.kind == Argument:
		return "**" + first + "**: an argument of the helper"
	case first == "submission" || first == "numbers":
		return "**" + text + "**: " + strings.TrimSpace("of the submission, not of its form "+rest)
	}
	way, is := known.wayOf(text)
	if !is {
		return ""
	}
	return b.fieldTold(spec, way)
}

// functionTold says what a helper does, or what a write is.
func (b *Bench) functionTold(spec *source.Mapping, name string) string {
	for _, h := range helpersOf(spec) {
		if h.Label == name {
			return strings.TrimSpace("`" + h.Detail + "`\n\n" + h.Doc)
		}
	}
	for _, t := range spec.Write {
		if t.As == name {
			return "write **" + name + "** to " + objectOf(&t)
		}
	}
	return ""
}

// fieldTold says what a field of the form is, and where it goes.
func (b *Bench) fieldTold(spec *source.Mapping, way string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "**%s**: %s\n", strings.TrimSuffix("form."+way, "."), told(fieldAt(b.fields(spec), way)))
	last := ""
	for _, to := range goes(spec) {
		line := fmt.Sprintf("- to %s of %s\n", to.column, to.object)
		if line != last && slices.ContainsFunc(to.fields, func(f string) bool { return f == way || strings.HasPrefix(f, way+".") }) {
			out.WriteString(line)
			last = line
		}
	}
	return out.String()
}

// going is a column, or a key of the mapping, with the fields of the form that it is made of.
type going struct {
	object, column string
	fields         []string
}

// goes are the places where fields of the form go.
func goes(spec *source.Mapping) (all []going) {
	add := func(known names, object, column string, x *source.Expression) {
		if x != nil {
			all = append(all, going{object, column, known.reads(x.Text).fields})
		}
	}
	outer := namesAt(spec, nil)
	add(outer, "input", "reference", spec.Input.Reference)
	for _, r := range spec.Require {
		add(outer, "require", r.Code, r.When)
		add(outer, "require", r.Code, &r.Rule)
	}
	for i := range spec.Write {
		w := &spec.Write[i]
		known, object := namesAt(spec, []any{"write", i}), objectOf(w)
		for _, f := range w.Fields {
			add(known, object, f.Key, f.Value.Value)
			add(known, object, f.Key, f.Value.Default)
		}
		add(known, object, "when", w.When)
		for _, e := range w.Each {
			_, list, _ := expr.ReadEach(e.Text)
			add(known, object, "each", &source.Expression{Text: list})
		}
	}
	return all
}

// lookupTold says what a lookup has.
func lookupTold(l source.Lookup) string {
	if l.File != "" {
		return "rows of " + l.File
	}
	var some []string
	for _, row := range l.Values {
		if len(some) == 8 {
			some = append(some, "…")
			break
		}
		some = append(some, row.Key+" → "+row.Value)
	}
	return strings.Join(some, ", ")
}
