package load

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/source"
)

// parameter is a place for a text in a part.
var parameter = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_]*)\)`)

// argument is what may stand in its place: with an operator in it the expression around it would mean something else.
var argument = regexp.MustCompile(`^([\pL\pN_.]|\["[^"]*"\]|\[[0-9]+\])*$`)

// uses puts parts of other files into the mapping and its writes, before anything is read of them.
func (b *builder) uses() {
	root := b.file.Root()
	b.expand(root, []string{"let", "lookups", "layouts", "write", "ignore"}, true, nil)
	list, ok := root.Get("write")
	if !ok {
		return
	}
	for i, w := range list.Items {
		own := *w // an anchor may share it
		b.expand(&own, []string{"let", "fields"}, false, nil)
		list.Items[i] = &own
	}
}

// expand puts the parts that a block uses into it; within are those that it stands in itself.
func (b *builder) expand(n *diag.Node, blocks []string, first bool, within []string) {
	use, ok := n.Get("use")
	if !ok {
		return
	}
	items := []*diag.Node{use}
	if use.Kind == diag.List {
		items = use.Items
	}
	parts := &diag.Node{Kind: diag.Map} // in the order in which they stand
	for _, u := range items {
		part := b.part(u, blocks, first, within)
		if part == nil {
			continue
		}
		for _, key := range []string{"write", "ignore"} {
			if list, ok := part.Get(key); ok && slices.Contains(blocks, key) && list.Kind == diag.List {
				n.Append(key, list)
				part = part.Filter(func(k string) bool { return k != key })
			}
		}
		b.problems = append(b.problems, parts.Include(part, blocks, false)...)
	}
	b.problems = append(b.problems, n.Include(parts, blocks, first)...)
}

// part reads a part with its parameters, and with the parts that it uses itself; nil where something is wrong, which is told.
func (b *builder) part(u *diag.Node, blocks []string, first bool, within []string) *diag.Node {
	var spec source.Use
	if len(u.Decode(&spec)) > 0 {
		return nil // told once the mapping is read
	}
	wrong := func(key, message, suggestion string) *diag.Node {
		b.report(u.ValueProblem(key, CodePart, message, suggestion))
		return nil
	}
	name, raw, err := b.readFile(u, spec.From)
	if err != nil {
		return wrong("from", err.Error(), "")
	}
	id := spec.Part + " of " + name
	if at := slices.Index(within, id); at >= 0 {
		return wrong("part", "parts use each other without end: "+strings.Join(append(within[at:], id), " → "), "")
	}
	def, names := b.find(name, string(raw), spec.Part, "")
	switch {
	case names == nil: // told
		return nil
	case def == nil:
		return wrong("part", fmt.Sprintf("%s has no part %q", name, spec.Part), diag.DidYouMean(spec.Part, names))
	}
	wants := parameters(def)
	for _, p := range slices.Sorted(maps.Keys(spec.With)) {
		if !slices.Contains(wants, p) {
			return wrong("with", fmt.Sprintf("the part %s has no $(%s)", spec.Part, p), diag.DidYouMean(p, wants))
		}
		if !argument.MatchString(spec.With[p]) {
			return wrong("with", fmt.Sprintf("$(%s) stands for a name or a way, such as form.owner.address", p), "give an expression a name under let")
		}
	}
	for _, p := range wants {
		if _, ok := spec.With[p]; !ok {
			return wrong("with", fmt.Sprintf("the part %s needs a text for $(%s)", spec.Part, p), "with: {"+p+": …}")
		}
	}
	text := parameter.ReplaceAllStringFunc(string(raw), func(s string) string {
		if v, ok := spec.With[s[2:len(s)-1]]; ok {
			return v
		}
		return s
	})
	if def, _ = b.find(name, text, spec.Part, u.Place()); def == nil {
		return wrong("with", "with these texts the part cannot be read as YAML", "")
	}
	own := *def
	b.expand(&own, blocks, first, append(slices.Clone(within), id))
	return own.Filter(func(key string) bool { return key != "use" })
}

// find reads a part of a file, and the names of those that there are; without names the file cannot be read.
func (b *builder) find(name, text, part, used string) (*diag.Node, []string) {
	file, problems := diag.Parse(name, []byte(text))
	file.Used = used
	if len(problems) > 0 {
		if used == "" {
			b.problems = append(b.problems, problems...)
		}
		return nil, nil
	}
	names := []string{}
	parts, ok := file.Root().Get("parts")
	if !ok {
		return nil, names
	}
	for _, p := range parts.Pairs {
		names = append(names, p.Key)
	}
	def, ok := parts.Get(part)
	if !ok || def.Kind != diag.Map {
		return nil, names
	}
	return def, names
}

// parameters are the names of $(NAME) in a part, in its keys and texts.
func parameters(n *diag.Node) (names []string) {
	add := func(text string) {
		for _, m := range parameter.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(names, m[1]) {
				names = append(names, m[1])
			}
		}
	}
	var walk func(n *diag.Node)
	walk = func(n *diag.Node) {
		add(n.Text)
		for _, p := range n.Pairs {
			add(p.Key)
			walk(p.Value)
		}
		for _, item := range n.Items {
			walk(item)
		}
	}
	walk(n)
	return names
}
