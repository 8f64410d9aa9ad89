package source

import (
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/diag"
)

// layout says how a block of a mapping is put in order: its keys, and how those below are.
type layout struct {
	order   []string // of the keys; nil: as they stand
	below   map[string]*layout
	items   *layout // of a list
	aligned bool    // values begin in one column
}

// layoutOf is the order of documentation: that of the structs that read the file.
func layoutOf() *layout {
	fields := map[string]*layout{"fields": {aligned: true}}
	write := &layout{order: keysOf(reflect.TypeFor[Write]()), below: fields}
	return &layout{order: keysOf(reflect.TypeFor[Mapping]()), below: map[string]*layout{
		"input": {order: keysOf(reflect.TypeFor[Input]())}, "require": {items: &layout{order: keysOf(reflect.TypeFor[Rule]())}}, "write": {items: write},
		"answer": {order: keysOf(reflect.TypeFor[Answer]()), below: fields}, "tests": {items: &layout{order: keysOf(reflect.TypeFor[Case]())}}}}
}

// keysOf lists the keys of a struct as they stand in it.
func keysOf(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			keys = append(keys, keysOf(f.Type)...)
		} else if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			keys = append(keys, name)
		}
	}
	return keys
}

// Format puts sections and keys of a mapping file in the order of the documentation and aligns fields. Lines stay as they are
// otherwise, comments go with the key below them, and what is written in one line between { } is left alone.
func Format(name string, src []byte) ([]byte, diag.Problems) {
	file, problems := diag.Parse(name, src)
	if len(problems) > 0 {
		return nil, problems
	}
	text := strings.TrimPrefix(string(src), "\ufeff")
	refused := diag.Problems{file.Root().Problem(CodeFormat, "putting the keys in order would change what the mapping says", "put them in order by hand")}
	if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") { // it ends lines for the parser only
		return nil, refused
	}
	f := &formatter{lines: strings.Split(text, "\n")}
	end := len(f.lines)
	for end > 0 && (blank(f.lines[end-1]) || strings.HasPrefix(f.lines[end-1], "#")) { // stays at the end
		end--
	}
	out := f.block(file.Root(), layoutOf(), 0, end)
	tail := f.lines[end:]
	formatted := strings.Join(slices.Concat(out, tail), "\n")
	if !strings.HasSuffix(formatted, "\n") {
		formatted += "\n"
	}
	again, problems := diag.Parse(name, []byte(formatted))
	if len(problems) > 0 || !says(file.Root(), again.Root(), layoutOf()) {
		return nil, refused
	}
	return []byte(formatted), nil
}

// formatter has the lines of a file.
type formatter struct{ lines []string }

func blank(line string) bool { return strings.TrimSpace(line) == "" }

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// block formats the lines from and before to, which hold one node.
func (f *formatter) block(n *diag.Node, l *layout, from, to int) []string {
	switch {
	case l != nil && n.Kind == diag.List && l.items != nil:
		return f.list(n, l.items, from, to)
	case l == nil || n.Kind != diag.Map || !f.inLines(n):
		return f.lines[from:to]
	}
	starts := make([]int, len(n.Pairs)) // of the entries, with the comments above them
	for i, p := range n.Pairs {
		starts[i] = f.above(p.Line-1, p.Column-1, from)
	}
	if inItem := strings.Contains(f.lines[n.Pairs[0].Line-1][:n.Pairs[0].Column-1], "-"); inItem || from == 0 {
		starts[0] = n.Pairs[0].Line - 1 // what stands above belongs to the item, or to the file
	}
	entries := make([][]string, len(n.Pairs))
	for i, p := range n.Pairs {
		end := to
		if i+1 < len(n.Pairs) {
			end = starts[i+1]
		}
		entries[i] = slices.Clone(f.lines[starts[i]:p.Line])
		if value := f.block(p.Value, l.below[p.Key], p.Line, end); p.Value.Line > p.Line { // else it stands beside its key
			entries[i] = append(entries[i], value...)
		} else {
			entries[i] = append(entries[i], f.lines[p.Line:end]...)
		}
	}
	if l.aligned {
		f.align(n, starts, entries)
	}
	return slices.Concat(append([][]string{f.lines[from:starts[0]]}, f.inOrder(n, l, starts, entries)...)...)
}

// inOrder sorts entries; the dash of a list's item goes to its new first line.
func (f *formatter) inOrder(n *diag.Node, l *layout, starts []int, entries [][]string) [][]string {
	if l.order == nil {
		return entries
	}
	at := make([]int, len(entries))
	for i := range at {
		at[i] = i
	}
	rank := func(i int) int {
		if r := slices.Index(l.order, n.Pairs[i].Key); r >= 0 {
			return r
		}
		return len(l.order)
	}
	slices.SortStableFunc(at, func(a, b int) int { return rank(a) - rank(b) })
	if slices.IsSorted(at) {
		return entries
	}
	var out [][]string
	for _, i := range at {
		out = append(out, entries[i])
	}
	column := n.Pairs[0].Column - 1
	if head := f.lines[starts[0]][:min(column, len(f.lines[starts[0]]))]; strings.Contains(head, "-") {
		entries[0][0] = strings.Repeat(" ", column) + entries[0][0][column:]
		key := &out[0][n.Pairs[at[0]].Line-1-starts[at[0]]]
		*key = head + (*key)[column:]
	}
	return out
}

// list formats the items of a list.
func (f *formatter) list(n *diag.Node, l *layout, from, to int) []string {
	if len(n.Items) == 0 {
		return f.lines[from:to]
	}
	var out []string
	at := from
	for i, item := range n.Items {
		begin, end := item.Line-1, to
		if begin < at {
			return f.lines[from:to] // several stand in one line
		}
		if i+1 < len(n.Items) {
			next := max(n.Items[i+1].Line-1, begin)
			end = f.above(next, indentOf(f.lines[next]), min(begin+1, next))
		}
		out = append(append(out, f.lines[at:begin]...), f.block(item, l, begin, end)...)
		at = end
	}
	return append(out, f.lines[at:to]...)
}

// inLines tells whether each key of a block stands at the beginning of its own line.
func (f *formatter) inLines(n *diag.Node) bool {
	last := 0
	for _, p := range n.Pairs {
		if p.Line <= last || p.Line > len(f.lines) || p.Column != n.Pairs[0].Column || len(f.lines[p.Line-1]) < p.Column {
			return false
		}
		if head := f.lines[p.Line-1][:p.Column-1]; strings.Trim(head, " ") != "" && (last > 0 || strings.Trim(head, " ") != "-") {
			return false
		}
		last = p.Line
	}
	return last > 0
}

// above is where an entry begins: blank lines and comments of its own depth above its key belong to it.
func (f *formatter) above(key, indent, from int) int {
	at := key
	for at > from && (blank(f.lines[at-1]) || strings.HasPrefix(strings.TrimLeft(f.lines[at-1], " "), "#") && indentOf(f.lines[at-1]) <= indent) {
		at--
	}
	return at
}

// align puts the values behind the longest key.
func (f *formatter) align(n *diag.Node, starts []int, entries [][]string) {
	type pair struct {
		line       *string
		key, value string
	}
	var pairs []pair
	width := 0
	for i, p := range n.Pairs {
		line := &entries[i][p.Line-1-starts[i]]
		rest := (*line)[p.Column-1:]
		end := 0
		if strings.ContainsRune(`"'`, rune(rest[0])) {
			end = 1 + strings.IndexByte(rest[1:], rest[0])
		}
		colon := strings.Index(rest[end:], ": ")
		if colon < 0 {
			continue // its value stands below
		}
		key, value := rest[:end+colon+1], strings.TrimLeft(rest[end+colon+1:], " ")
		if value == "" || value[0] == '#' || value[0] == '\r' {
			continue
		}
		width = max(width, utf8.RuneCountInString(key))
		pairs = append(pairs, pair{line, (*line)[:p.Column-1] + key, value})
	}
	for _, p := range pairs {
		key := strings.TrimLeft(p.key, " ")
		*p.line = p.key + strings.Repeat(" ", width-utf8.RuneCountInString(key)+1) + p.value
	}
}

// says tells whether two trees say the same, keys being in another order at most where that says nothing.
func says(a, b *diag.Node, l *layout) bool {
	if a.Kind != b.Kind || a.Text != b.Text || len(a.Items) != len(b.Items) || len(a.Pairs) != len(b.Pairs) {
		return false
	}
	for i := range a.Items {
		var items *layout
		if l != nil {
			items = l.items
		}
		if !says(a.Items[i], b.Items[i], items) {
			return false
		}
	}
	for i, p := range a.Pairs {
		var below *layout
		ordered := l == nil || l.order == nil
		if l != nil {
			below = l.below[p.Key]
		}
		other, there := b.Get(p.Key)
		if !there || ordered && b.Pairs[i].Key != p.Key || !says(p.Value, other, below) {
			return false
		}
	}
	return true
}
