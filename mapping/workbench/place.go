package workbench

import (
	"regexp"
	"slices"
	"strings"
)

// place is where a cursor stands in a mapping file, also in one that is no valid YAML for the moment.
type place struct {
	path []any  // keys, and indexes of lists, from the outside
	key  bool   // a key may be written below path, or the value at its end; else it is the value
	text string // what is written of it before the cursor
}

// entry finds the dashes and the key that begin a line.
var entry = regexp.MustCompile(`^( *)((?:- +|-$)*)(?:("[^"]*"|'[^']*'|[^\s#"'{\[|>-][^#]*?) *:(?: +|$))?(.*)$`)

// head is what a line begins with.
type head struct {
	dashes []int // columns of the items of lists that begin in it
	column int   // of the key
	key    string
	keyed  bool
	rest   string // what follows the key
}

// readHead reads what a line begins with; an expression that holds ": " is cut at the first.
func readHead(line string) head {
	m := entry.FindStringSubmatch(line)
	if m == nil {
		return head{column: len(line)}
	}
	h := head{column: len(m[1]) + len(m[2]), key: strings.Trim(m[3], `"'`), keyed: m[3] != "", rest: m[4]}
	for i, r := range m[2] {
		if r == '-' {
			h.dashes = append(h.dashes, len(m[1])+i)
		}
	}
	return h
}

// placeAt finds the place of a column, in bytes, of a line.
func placeAt(lines []string, line, column int) place {
	prefix := lines[line][:column]
	h := readHead(prefix)
	p := place{key: true, text: h.rest}
	if h.keyed {
		p = place{path: []any{h.key}, text: h.rest}
	}
	limit, listing := h.column, false
	inside := func(h head) { // what a line further up, or this one, says of what is around
		for d := len(h.dashes) - 1; d >= 0; d-- {
			switch at := h.dashes[d]; {
			case at < limit:
				p.path, limit, listing = slices.Insert(p.path, 0, any(0)), at, true
			case at == limit && listing:
				p.path[0] = p.path[0].(int) + 1
			}
		}
	}
	inside(h)
	block := !h.keyed && len(h.dashes) == 0 // it may be a line of a text
	for i := line - 1; i >= 0; i-- {
		above := readHead(lines[i])
		if blank := strings.TrimSpace(lines[i]); blank == "" || blank[0] == '#' {
			continue
		}
		if above.keyed && (above.column < limit || listing && above.column == limit && above.rest == "") {
			if block && above.rest != "" && p.key {
				p.key, p.text = false, textOf(above.rest, lines[i+1:line], prefix)
			}
			p.path, limit, listing, block = slices.Insert(p.path, 0, any(above.key)), above.column, false, false
		}
		inside(above)
	}
	return p.flow()
}

// textOf joins the lines of a text up to the cursor.
func textOf(first string, between []string, last string) string {
	if strings.HasPrefix(first, "|") || strings.HasPrefix(first, ">") {
		first = ""
	}
	for _, l := range append(slices.Clone(between), last) {
		first += " " + strings.TrimLeft(l, " ")
	}
	return strings.TrimPrefix(first, " ")
}

// flow goes on into what is written between { } and [ ].
func (p place) flow() place {
	text := p.text
	if text == "" || !strings.ContainsAny(text[:1], "{[") {
		p.text = strings.TrimLeft(text, `"'`)
		return p
	}
	var open []byte
	start, quote := 0, byte(0)
	p.key = false
	drop := func() { p.path = p.path[:len(p.path)-1] }
	for i := 0; i < len(text); i++ {
		c := text[i]
		in := byte(0)
		if len(open) > 0 {
			in = open[len(open)-1]
		}
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && strings.TrimSpace(text[start:i]) == "":
			quote = c
		case (c == '{' || c == '[') && strings.TrimSpace(text[start:i]) == "":
			open, start, p.key = append(open, c), i+1, c == '{'
			if c == '[' {
				p.path = append(p.path, 0)
			}
		case c == ':' && p.key && (i+1 == len(text) || text[i+1] == ' '):
			p.path, start, p.key = append(p.path, strings.Trim(strings.TrimSpace(text[start:i]), `"'`)), i+1, false
		case c == ',' && in == '{':
			if !p.key {
				drop()
			}
			start, p.key = i+1, true
		case c == ',' && in == '[':
			p.path[len(p.path)-1], start = p.path[len(p.path)-1].(int)+1, i+1
		case c == '}' && in == '{', c == ']' && in == '[':
			if !p.key {
				drop()
			}
			open, start, p.key = open[:len(open)-1], i+1, false
		}
	}
	p.text = strings.TrimLeft(strings.TrimLeft(text[start:], " "), `"'`)
	return p
}
