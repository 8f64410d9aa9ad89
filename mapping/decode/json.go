package decode

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// shareUpTo is the input size up to which texts are cut from one copy of the input. Above it each text
// is copied, so that one short value never keeps a large form in memory.
const shareUpTo = 64 << 10

// maxKept bounds the members and items for which room is kept from one form to the next.
const maxKept = 4096

// JSON decodes one JSON value as RFC 8259 says, with these additions: a byte order mark is accepted,
// duplicate names and invalid UTF-8 (also half a surrogate pair) are refused, numbers keep their text.
// The result is a tree as the package describes. Errors are *Error.
func JSON(b []byte, l Limits) (any, error) {
	l = l.orDefault()
	if err := tooLargeWithContent(b, l); err != nil {
		return nil, err
	}
	d := jsonDecoders.Get().(*jsonDecoder)
	defer d.free()
	d.b, d.limits, d.pos, d.nodes, d.content = b, l, 0, 0, counted{}
	if len(b) <= shareUpTo {
		d.shared = string(b)
	}
	if len(b) >= 3 && string(b[:3]) == string(utf8BOM) {
		d.pos = 3
	}
	d.space()
	if d.pos == len(b) {
		return nil, d.fail(CodeEmpty, d.pos, "the form is empty")
	}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.pos < len(b) {
		return nil, d.fail(CodeTrailing, d.pos, "something follows the end of the JSON value")
	}
	if err := d.content.size(len(b), l); err != nil {
		return nil, err
	}
	return v, nil
}

// JSONText converts a JSON text. What is UTF-8 stays as it is: where it is not valid is found where it is read.
func JSONText(b []byte, charset string) ([]byte, error) {
	if said, _ := marked(b); charset == "" && (said == "" || said == "utf-8") {
		return b, nil
	}
	return toUTF8(b, charset)
}

var jsonDecoders = sync.Pool{New: func() any { return &jsonDecoder{members: make([]member, 0, 32)} }}

// free gives d back; it keeps nothing of the form.
func (d *jsonDecoder) free() {
	clear(d.members) // there are none, but after an error
	clear(d.items)
	d.b, d.shared, d.members, d.items = nil, "", d.members[:0], d.items[:0]
	if cap(d.members)+cap(d.items) < maxKept {
		jsonDecoders.Put(d)
	}
}

type jsonDecoder struct {
	b       []byte
	shared  string // copy of b when it is small, else empty
	pos     int
	nodes   int
	limits  Limits
	content counted
	members []member // stack of the members of all open objects
	items   []any    // stack of the items of all open lists
}

type member struct {
	key string
	off int // of the key, for the error about a duplicate
	val any
}

func (d *jsonDecoder) fail(code string, off int, format string, args ...any) error {
	return errorAt(d.b, off, code, format, args...)
}

func (d *jsonDecoder) space() {
	for d.pos < len(d.b) {
		switch d.b[d.pos] {
		case ' ', '\n', '\r', '\t':
			d.pos++
		default:
			return
		}
	}
}

// value decodes the value at pos, which is not a blank. depth counts the objects and lists around it.
func (d *jsonDecoder) value(depth int) (any, error) {
	if d.pos == len(d.b) {
		return nil, d.fail(CodeSyntax, d.pos, "the JSON ends where a value is expected")
	}
	if d.nodes++; d.nodes > d.limits.Nodes {
		return nil, d.fail(CodeNodes, d.pos, "the form has more than %d values", d.limits.Nodes)
	}
	switch c := d.b[d.pos]; c {
	case '"':
		return d.text()
	case '{', '[':
		if depth++; depth > d.limits.Depth {
			return nil, d.fail(CodeDepth, d.pos, "the form is nested deeper than %d levels", d.limits.Depth)
		}
		if c == '{' {
			return d.object(depth)
		}
		return d.list(depth)
	case 't':
		return true, d.word("true")
	case 'f':
		return false, d.word("false")
	case 'n':
		return nil, d.word("null")
	default:
		if c == '-' || c >= '0' && c <= '9' {
			return d.number()
		}
	}
	return nil, d.fail(CodeSyntax, d.pos, "a value is expected here")
}

func (d *jsonDecoder) word(w string) error {
	if d.pos+len(w) > len(d.b) || string(d.b[d.pos:d.pos+len(w)]) != w {
		return d.fail(CodeSyntax, d.pos, "a value is expected here")
	}
	d.pos += len(w)
	return nil
}

func (d *jsonDecoder) object(depth int) (any, error) {
	open, base := d.pos, len(d.members)
	d.pos++
	d.space()
	if d.pos < len(d.b) && d.b[d.pos] == '}' {
		d.pos++
		return map[string]any{}, nil
	}
	for {
		if err := d.member(depth); err != nil {
			return nil, err
		}
		d.space()
		if d.pos < len(d.b) && d.b[d.pos] == ',' {
			d.pos++
			d.space()
			continue
		}
		if d.pos < len(d.b) && d.b[d.pos] == '}' {
			d.pos++
			return d.close(base)
		}
		return nil, d.unclosed(open, "an object", "}")
	}
}

// member decodes one name and its value and puts them on the stack.
func (d *jsonDecoder) member(depth int) error {
	off := d.pos
	if off == len(d.b) || d.b[off] != '"' {
		return d.fail(CodeSyntax, off, "a name between quotation marks is expected here")
	}
	key, err := d.text()
	if err != nil {
		return err
	}
	d.space()
	if d.pos == len(d.b) || d.b[d.pos] != ':' {
		return d.fail(CodeSyntax, d.pos, "a colon is expected after the name")
	}
	d.pos++
	d.space()
	v, err := d.value(depth)
	if err != nil {
		return under(err, key)
	}
	d.members = append(d.members, member{key: key, off: off, val: v})
	return nil
}

// close makes a map of the members above base and takes them from the stack.
func (d *jsonDecoder) close(base int) (any, error) {
	own := d.members[base:]
	m := make(map[string]any, len(own))
	for _, e := range own {
		m[e.key] = e.val
	}
	if len(m) < len(own) {
		return nil, d.duplicate(own)
	}
	clear(own)
	d.members = d.members[:base]
	return m, nil
}

func (d *jsonDecoder) duplicate(own []member) error {
	seen := make(map[string]bool, len(own))
	for _, e := range own {
		if seen[e.key] {
			return under(d.fail(CodeDuplicate, e.off, "the name stands twice in the same object"), e.key)
		}
		seen[e.key] = true
	}
	return nil
}

func (d *jsonDecoder) list(depth int) (any, error) {
	open, base := d.pos, len(d.items)
	d.pos++
	d.space()
	if d.pos < len(d.b) && d.b[d.pos] == ']' {
		d.pos++
		return []any{}, nil
	}
	for {
		v, err := d.value(depth)
		if err != nil {
			return nil, underIndex(err, len(d.items)-base)
		}
		d.items = append(d.items, v)
		d.space()
		if d.pos < len(d.b) && d.b[d.pos] == ',' {
			d.pos++
			d.space()
			continue
		}
		if d.pos < len(d.b) && d.b[d.pos] == ']' {
			d.pos++
			own := d.items[base:]
			list := make([]any, len(own))
			copy(list, own)
			clear(own)
			d.items = d.items[:base]
			return list, nil
		}
		return nil, d.unclosed(open, "a list", "]")
	}
}

func (d *jsonDecoder) unclosed(open int, what, mark string) error {
	if d.pos == len(d.b) {
		line, column := place(d.b, open)
		return d.fail(CodeSyntax, d.pos, "the JSON ends inside %s that begins at line %d, column %d", what, line, column)
	}
	return d.fail(CodeSyntax, d.pos, "a comma or %s is expected here", mark)
}

// text decodes the string at pos and returns it in normal form C.
func (d *jsonDecoder) text() (string, error) {
	start := d.pos + 1
	ascii := true
	for i := start; i < len(d.b); i++ {
		switch c := d.b[i]; {
		case c == '"':
			if n := i - start; n > leastBinary || n > d.limits.Text {
				if code, why := d.content.text(d.limits, d.b[start:i], n); code != "" {
					return "", d.fail(code, d.pos, "%s", why)
				}
			}
			d.pos = i + 1
			s := d.cut(start, i)
			if ascii {
				return s, nil
			}
			return d.checked(s, start)
		case c == '\\':
			return d.escaped(start, i)
		case c < ' ':
			return "", d.fail(CodeSyntax, i, "a control character must be escaped inside a text")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", d.fail(CodeSyntax, d.pos, "the text that begins here is not closed")
}

func (d *jsonDecoder) cut(from, to int) string {
	if d.shared != "" {
		return d.shared[from:to]
	}
	return string(d.b[from:to])
}

// checked refuses invalid UTF-8 in s, which begins at offset off, and normalises it.
func (d *jsonDecoder) checked(s string, off int) (string, error) {
	if !utf8.ValidString(s) {
		for i, r := range s {
			if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
				return "", d.fail(CodeUTF8, off+i, "the text is not valid UTF-8")
			}
		}
	}
	return nfc(s), nil
}

// escaped decodes a string that has a backslash at offset at; its text begins at start.
func (d *jsonDecoder) escaped(start, at int) (string, error) {
	out := append(make([]byte, 0, at-start+64), d.b[start:at]...)
	for i := at; i < len(d.b); {
		switch c := d.b[i]; {
		case c == '"':
			if code, why := d.content.text(d.limits, out, i-start); code != "" {
				return "", d.fail(code, d.pos, "%s", why)
			}
			d.pos = i + 1
			if !utf8.Valid(out) {
				return "", d.fail(CodeUTF8, start, "the text is not valid UTF-8")
			}
			return nfc(string(out)), nil
		case c == '\\':
			var n int
			if out, n = d.escape(out, i); n == 0 {
				return "", d.fail(CodeSyntax, i, "this escape is not one of JSON, or is half a surrogate pair")
			}
			i += n
		case c < ' ':
			return "", d.fail(CodeSyntax, i, "a control character must be escaped inside a text")
		default:
			out = append(out, c)
			i++
		}
	}
	return "", d.fail(CodeSyntax, d.pos, "the text that begins here is not closed")
}

// escape appends the character that the escape at offset i stands for; n is its length, 0 if it is wrong.
func (d *jsonDecoder) escape(out []byte, i int) (_ []byte, n int) {
	if i+1 >= len(d.b) {
		return out, 0
	}
	switch c := d.b[i+1]; c {
	case '"', '\\', '/':
		return append(out, c), 2
	case 'b':
		return append(out, '\b'), 2
	case 'f':
		return append(out, '\f'), 2
	case 'n':
		return append(out, '\n'), 2
	case 'r':
		return append(out, '\r'), 2
	case 't':
		return append(out, '\t'), 2
	case 'u':
		r, ok := d.hex(i)
		if !ok || r >= 0xDC00 && r < 0xE000 {
			return out, 0
		}
		if r < 0xD800 || r >= 0xE000 {
			return utf8.AppendRune(out, r), 6
		}
		low, ok := d.hex(i + 6)
		if !ok || low < 0xDC00 || low >= 0xE000 {
			return out, 0
		}
		return utf8.AppendRune(out, 0x10000+(r-0xD800)<<10+(low-0xDC00)), 12
	}
	return out, 0
}

// hex reads \uXXXX at offset i.
func (d *jsonDecoder) hex(i int) (rune, bool) {
	if i+6 > len(d.b) || d.b[i] != '\\' || d.b[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range d.b[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Numbers longer than maxDigits, or with an exponent beyond maxExponent, would blow up in exact
// arithmetic; no form means them.
const (
	maxDigits   = 200
	maxExponent = 200
)

func (d *jsonDecoder) number() (any, error) {
	start := d.pos
	i, ok := scanNumber(d.b, start)
	if !ok {
		return nil, d.fail(CodeSyntax, i, "the number is not written as JSON wants it")
	}
	s := d.cut(start, i)
	if !sensible(s) {
		return nil, d.fail(CodeNumber, start, "the number has too many digits or too large an exponent")
	}
	d.pos = i
	return json.Number(s), nil
}

// scanNumber returns the end of the number at offset i, or where it goes wrong.
func scanNumber(b []byte, i int) (int, bool) {
	run := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !run() {
		return i, false
	}
	if i < len(b) && b[i] == '.' {
		if i++; !run() {
			return i, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !run() {
			return i, false
		}
	}
	if i < len(b) && (b[i] >= '0' && b[i] <= '9' || b[i] == '.') {
		return i, false
	}
	return i, true
}

func sensible(s string) bool {
	if len(s) > maxDigits {
		return false
	}
	e := strings.IndexAny(s, "eE")
	if e < 0 {
		return true
	}
	n, err := strconv.Atoi(s[e+1:])
	return err == nil && n <= maxExponent && n >= -maxExponent
}
