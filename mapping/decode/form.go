package decode

import (
	"net/url"
	"strings"

	"github.com/inbasket/inbasket/mapping/charset"
)

// Form decodes an application/x-www-form-urlencoded body whose bytes are of a character set, "" being UTF-8. a[b]=1 is field b of object a, and
// a[]=1 an item of list a. A name that repeats is a list only if it ends with [] or its dotted path is
// in lists; otherwise it is refused. All values are texts; an empty one is "". Errors are *Error.
func Form(b []byte, charset string, l Limits, lists ...string) (any, error) {
	l = l.orDefault()
	if err := tooLarge(b, l); err != nil {
		return nil, err
	}
	c, err := charsetNamed(charset)
	if err != nil {
		return nil, err
	}
	root := map[string]any{}
	if len(b) == 0 {
		return nil, &Error{Code: CodeEmpty, Line: 1, Column: 1, Message: "the form is empty"}
	}
	f := formDecoder{b: b, charset: c, limits: l, lists: listSet(lists), root: root}
	for off := 0; off < len(b); {
		end := off
		for end < len(b) && b[end] != '&' {
			end++
		}
		if end > off {
			if err := f.pair(off, end); err != nil {
				return nil, err
			}
		}
		off = end + 1
	}
	return root, nil
}

type formDecoder struct {
	b       []byte
	charset *charset.Charset
	limits  Limits
	lists   map[string]bool
	nodes   int
	root    map[string]any
}

// listSet makes a set of dotted paths; a leading "form." is dropped.
func listSet(lists []string) map[string]bool {
	set := make(map[string]bool, len(lists))
	for _, p := range lists {
		set[strings.TrimPrefix(p, "form.")] = true
	}
	return set
}

func (f *formDecoder) fail(code string, off int, format string, args ...any) error {
	return errorAt(f.b, off, code, format, args...)
}

// pair decodes name=value between the offsets and puts it into the tree.
func (f *formDecoder) pair(off, end int) error {
	rawKey, rawValue, _ := strings.Cut(string(f.b[off:end]), "=")
	key, err := f.unescape(rawKey, off)
	if err != nil {
		return err
	}
	value, err := f.unescape(rawValue, off+len(rawKey)+1)
	if err != nil {
		return under(err, key)
	}
	if len(value) > f.limits.Text {
		return under(f.fail(CodeText, off, "the text is longer than %d bytes", f.limits.Text), key)
	}
	steps, list, ok := splitKey(key)
	if !ok {
		return f.fail(CodeSyntax, off, "the name is not written as a, a[b] or a[]")
	}
	if len(steps) > f.limits.Depth {
		return f.fail(CodeDepth, off, "the form is nested deeper than %d levels", f.limits.Depth)
	}
	if f.nodes += len(steps); f.nodes > f.limits.Nodes {
		return f.fail(CodeNodes, off, "the form has more than %d values", f.limits.Nodes)
	}
	return f.put(steps, list, value, off)
}

func (f *formDecoder) unescape(s string, off int) (string, error) {
	t, err := url.QueryUnescape(s)
	if err != nil {
		return "", f.fail(CodeSyntax, off, "a percent sign is not followed by two hexadecimal digits")
	}
	t, _, ok := f.charset.DecodeString([]byte(t))
	if !ok {
		return "", f.fail(CodeUTF8, off, "the text is not valid %s", f.charset.Name())
	}
	return nfc(t), nil
}

// formUTF8 is all that a body says, in UTF-8: its names, its values and the marks between them.
func formUTF8(b []byte, charset string) ([]byte, error) {
	text, err := url.QueryUnescape(string(b))
	if err != nil {
		return nil, &Error{Code: CodeSyntax, Message: "a percent sign is not followed by two hexadecimal digits"}
	}
	return toUTF8([]byte(text), charset)
}

// splitKey splits a[b][c][] into its steps; list tells of [] at the end.
func splitKey(key string) (steps []string, list, ok bool) {
	key, list = strings.CutSuffix(key, "[]")
	first, rest, nested := strings.Cut(key, "[")
	if first == "" {
		return nil, false, false
	}
	steps = append(steps, first)
	for nested {
		var step string
		if step, rest, ok = strings.Cut(rest, "]"); !ok || step == "" {
			return nil, false, false
		}
		steps = append(steps, step)
		if rest == "" {
			return steps, list, true
		}
		if rest, nested = strings.CutPrefix(rest, "["); !nested {
			return nil, false, false
		}
	}
	return steps, list, !strings.Contains(first, "]")
}

// put sets the value; off is where the pair begins, for errors.
func (f *formDecoder) put(steps []string, list bool, value string, off int) error {
	m := f.root
	last := len(steps) - 1
	for i, s := range steps[:last] {
		next, known := m[s]
		if !known {
			next = map[string]any{}
			m[s] = next
		}
		object, ok := next.(map[string]any)
		if !ok {
			return f.twice(steps[:i+1], off)
		}
		m = object
	}
	name := steps[last]
	old, known := m[name]
	if list || f.lists[strings.Join(steps, ".")] {
		items, ok := old.([]any)
		if known && !ok {
			return f.twice(steps, off)
		}
		m[name] = append(items, value)
		return nil
	}
	if known {
		return f.twice(steps, off)
	}
	m[name] = value
	return nil
}

func (f *formDecoder) twice(steps []string, off int) error {
	err := f.fail(CodeDuplicate, off, "the name stands twice and is not declared as a list")
	for i := len(steps) - 1; i >= 0; i-- {
		err = under(err, steps[i])
	}
	return err
}
