package cases

import (
	"cmp"
	"fmt"
	"io/fs"
	slashpath "path"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Updated is a mapping whose cases expect what it gives.
type Updated struct {
	Source []byte            // the mapping file; all else in it stays, comments too
	Files  map[string][]byte // of expect-bytes, that differ or are not there yet
	Values int               // that are changed in Source
	Left   []string          // those that differ and are not: the line of each, and why
}

// edit puts a value where another one stands in a line.
type edit struct {
	line, from, to int // from and to in bytes of the line
	text           string
}

// Update makes cases expect the values and files that the mapping gives now. It changes no more than that: matchers, errors, how many records
// there are, and bytes that stand in the mapping are for people.
func Update(p *mapping.Plan, src []byte, fsys fs.FS) Updated {
	u := Updated{Files: map[string][]byte{}}
	lines := strings.SplitAfter(string(src), "\n")
	var edits []edit
	for _, t := range p.Cases() {
		for _, d := range runTest(p, fsys, t) {
			if d.file != "" && fs.ValidPath(slashpath.Clean(d.file)) {
				u.Files[d.file] = d.bytes
			}
			if d.node == nil || d.node.Line > len(lines) {
				continue
			}
			e, why := replaced(d.node, lines[d.node.Line-1], d.value)
			if why != "" {
				u.Left = append(u.Left, fmt.Sprintf("%d: %s", d.node.Line, why))
				continue
			}
			edits = append(edits, e)
		}
	}
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(b.line, a.line), cmp.Compare(b.from, a.from)) })
	for _, e := range edits {
		at := &lines[e.line-1]
		*at = (*at)[:e.from] + e.text + (*at)[e.to:]
		u.Values++
	}
	u.Source = []byte(strings.Join(lines, ""))
	return u
}

// replaced finds the value in its line, or says why it is for people.
func replaced(n *diag.Node, line string, v connectors.Value) (e edit, why string) {
	from, runes := len(line), 0
	for i := range line {
		if runes++; runes == n.Column {
			from = i
			break
		}
	}
	rest, length := line[from:], 0
	switch {
	case n.Kind == diag.Map || n.Kind == diag.List || rest == "":
	case rest[0] == '"' || rest[0] == '\'':
		length = quoted(rest)
	case n.Kind == diag.Null && (strings.HasPrefix(rest, "null") || strings.HasPrefix(rest, "~")):
		length = len("null")
		if rest[0] == '~' {
			length = 1
		}
	case n.Text != "" && strings.HasPrefix(rest, n.Text):
		length = len(n.Text)
	}
	text := literal(v)
	switch file, problems := diag.Parse("", []byte(text)); {
	case n.Kind == diag.Map || n.Kind == diag.List:
		return e, "this is a matcher"
	case n.Aliased:
		return e, "an alias leads to this value: what one case needs may be wrong in another"
	case length == 0:
		return e, "this value is not in one line"
	case len(problems) > 0 || wanted(file.Root()) != shown(v):
		return e, "a case cannot name this text, which says something else there: take a matcher such as {like: …}"
	}
	return edit{n.Line, from, from + length, text}, ""
}

// quoted is how long the text in quotes at the beginning is; 0 where it does not end in this line.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[0] == '"' && s[i] == '\\', s[0] == '\'' && strings.HasPrefix(s[i:], "''"):
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return 0
}

// literal writes a value as a case expects it.
func literal(v connectors.Value) string {
	switch v.Kind {
	case connectors.Null:
		return "null"
	case connectors.Text, connectors.Date, connectors.DateTime:
		s, _ := value.FromConnector(v).Text()
		return fmt.Sprintf("%q", s)
	case connectors.Reference, connectors.Binary: // its brackets are YAML's too
		return fmt.Sprintf("%q", shown(v))
	}
	return shown(v)
}
