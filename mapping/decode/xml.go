package decode

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/mapping/charset"
)

const (
	schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	textKey        = "#text" // text of an element that has attributes or children too
)

// XML decodes a document. The tree is the content of the root element, always a map. An element with
// nothing but text is a string, exactly as written; any other is a map with its children by local name,
// its attributes as @name and its text, if it is not blank, as #text; a text that elements interrupt is refused. xsi:nil="true" is null; an empty
// element is "". An element is a list if its dotted path (from below the root) is in lists, or if it
// repeats. Namespaces are dropped; siblings of one name in two are refused. Document types, and so entities and external files, are refused.
// The character set is that of the byte order mark or of the declaration. Errors are *Error.
func XML(b []byte, l Limits, lists []string) (any, error) {
	l = l.orDefault()
	if err := tooLargeWithContent(b, l); err != nil {
		return nil, err
	}
	text, err := XMLText(b)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, &Error{Code: CodeEmpty, Line: 1, Column: 1, Message: "the form is empty"}
	}
	d := xmlDecoder{b: text, limits: l, lists: listSet(lists), x: xml.NewDecoder(bytes.NewReader(text))}
	d.x.Strict = true
	d.x.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // already UTF-8
	tree, err := d.document()
	if err == nil {
		err = d.content.size(len(b), l)
	}
	if err != nil {
		return nil, err
	}
	return tree, nil
}

type xmlDecoder struct {
	b       []byte
	x       *xml.Decoder
	limits  Limits
	content counted
	lists   map[string]bool
	nodes   int
	stack   []*element // of the open elements; those behind them are used again
}

// element is an open element.
type element struct {
	name     string
	space    string            // its namespace
	spaces   map[string]string // of its children that have another one
	path     string            // dotted, from below the root; empty for the root
	null     bool              // xsi:nil
	fields   map[string]any
	repeated map[string]bool // children that became a list without being declared, or with
	text     []byte
	chunks   bool // a chunk of text ended here: blanks before the next child do not count
}

func (d *xmlDecoder) fail(code string, off int64, format string, args ...any) error {
	err := errorAt(d.b, int(off), code, format, args...)
	for i := len(d.stack) - 1; i > 0; i-- {
		err = under(err, d.stack[i].name)
	}
	return err
}

func (d *xmlDecoder) document() (any, error) {
	var root any
	done := false
	for {
		off := d.x.InputOffset()
		tok, err := d.x.Token()
		if errors.Is(err, io.EOF) && done {
			return root, nil
		}
		if err != nil {
			return nil, d.syntax(err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if done && len(d.stack) == 0 {
				return nil, d.fail(CodeTrailing, off, "a second root element follows the first")
			}
			err = d.start(t, off)
		case xml.EndElement:
			if e := d.stack[len(d.stack)-1]; e.null && (e.chunks || len(bytes.TrimSpace(e.text)) > 0) {
				err = d.fail(CodeSyntax, off, "an element says that it is nil, and has content")
			} else if v := d.end(); len(d.stack) == 0 {
				root, done = v, true
			}
		case xml.CharData:
			err = d.chars(t, off)
		case xml.Directive:
			err = d.fail(CodeDTD, off, "a document type or another directive is not accepted")
		}
		if err != nil {
			return nil, err
		}
	}
}

// syntax turns an error of encoding/xml into ours; its text may quote the input and is not kept.
func (d *xmlDecoder) syntax(err error) error {
	off := d.x.InputOffset()
	var se *xml.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.As(err, &se) && strings.Contains(se.Msg, "unexpected EOF"):
		return d.fail(CodeSyntax, int64(len(d.b)), "the XML ends before its root element is closed")
	case se != nil && strings.Contains(se.Msg, "entity"):
		return d.fail(CodeEntity, off, "only the five predefined entities and character references are accepted")
	case se != nil && strings.Contains(se.Msg, "UTF-8"), se != nil && strings.Contains(se.Msg, "illegal character"):
		return d.fail(CodeUTF8, off, "a character is not allowed in XML or not valid in the character set")
	}
	return d.fail(CodeSyntax, off, "the XML is not well formed here")
}

func (d *xmlDecoder) start(t xml.StartElement, off int64) error {
	if len(d.stack) >= d.limits.Depth {
		return d.fail(CodeDepth, off, "the form is nested deeper than %d levels", d.limits.Depth)
	}
	if d.nodes += 1 + len(t.Attr); d.nodes > d.limits.Nodes {
		return d.fail(CodeNodes, off, "the form has more than %d values", d.limits.Nodes)
	}
	name := nfc(t.Name.Local)
	if len(d.stack) > 0 && !d.stack[len(d.stack)-1].joins(name, t.Name.Space) {
		return d.fail(CodeNamespace, off, "an element of this name stands beside one of another namespace")
	}
	e := d.open(name)
	e.space = t.Name.Space
	for _, a := range t.Attr {
		if err := d.attribute(e, a, off); err != nil {
			return err
		}
	}
	return nil
}

// joins tells whether a child belongs to those of its name, which must be of one namespace.
func (e *element) joins(name, space string) bool {
	if _, known := e.fields[name]; known {
		first, other := e.spaces[name]
		return other && first == space || !other && e.space == space
	}
	if space != e.space {
		if e.spaces == nil {
			e.spaces = map[string]string{}
		}
		e.spaces[name] = space
	}
	return true
}

// open puts an element on the stack.
func (d *xmlDecoder) open(name string) *element {
	n := len(d.stack)
	if n == cap(d.stack) || d.stack[:n+1][n] == nil {
		d.stack = append(d.stack, new(element))
	} else {
		d.stack = d.stack[:n+1]
	}
	e := d.stack[n]
	*e = element{name: name, text: e.text[:0]}
	if n > 0 {
		d.stack[n-1].endChunk()
		if e.path = name; d.stack[n-1].path != "" && len(d.lists) > 0 {
			e.path = d.stack[n-1].path + "." + name
		}
	}
	return e
}

func (d *xmlDecoder) attribute(e *element, a xml.Attr, off int64) error {
	switch {
	case a.Name.Space == "xmlns", a.Name.Space == "" && a.Name.Local == "xmlns", a.Name.Space == xmlNamespace:
		return nil
	case a.Name.Space == schemaInstance:
		v := strings.TrimSpace(a.Value)
		e.null = e.null || a.Name.Local == "nil" && (v == "true" || v == "1")
		return nil
	}
	key := "@" + nfc(a.Name.Local)
	if _, known := e.fields[key]; known {
		return under(d.fail(CodeDuplicate, off, "the attribute stands twice in the same element"), key)
	}
	if len(a.Value) > d.limits.Text {
		return d.fail(CodeText, off, "the attribute is longer than %d bytes", d.limits.Text)
	}
	e.set(key, nfc(a.Value))
	return nil
}

func (e *element) set(key string, v any) {
	if e.fields == nil {
		e.fields = map[string]any{}
	}
	e.fields[key] = v
}

// endChunk forgets text so far if it is nothing but blanks: it was indentation before a child.
func (e *element) endChunk() {
	if len(bytes.TrimSpace(e.text)) == 0 {
		e.text = e.text[:0]
	}
	e.chunks = true
}

func (d *xmlDecoder) chars(t xml.CharData, off int64) error {
	if len(d.stack) == 0 {
		if len(bytes.TrimSpace(t)) > 0 {
			return d.fail(CodeTrailing, off, "text stands outside the root element")
		}
		return nil
	}
	e := d.stack[len(d.stack)-1]
	before := d.content.sent
	if code, why := d.content.text(d.limits, t, len(t)); code != "" {
		return d.fail(code, off, "%s", why)
	}
	if d.content.sent == before && len(e.text)+len(t) > d.limits.Text {
		return d.fail(CodeText, off, "the text is longer than %d bytes", d.limits.Text)
	}
	if e.chunks && len(e.text) > 0 && len(bytes.TrimSpace(t)) > 0 {
		return d.fail(CodeMixed, off, "a text goes on behind an element that stands in it")
	}
	e.text = append(e.text, t...)
	return nil
}

// end closes the innermost element, puts its value into the one around it and returns it. The decoder
// has made sure that start and end tags belong together.
func (d *xmlDecoder) end() any {
	n := len(d.stack)
	e := d.stack[n-1]
	v := e.value(n == 1)
	if n > 1 {
		d.put(d.stack[n-2], e, v)
	}
	d.stack = d.stack[:n-1]
	return v
}

func (e *element) value(root bool) any {
	if e.null && !root {
		return nil
	}
	if e.fields == nil && !root {
		return nfc(string(e.text))
	}
	if e.fields == nil {
		e.fields = map[string]any{}
	}
	if e.chunks || len(bytes.TrimSpace(e.text)) == 0 {
		e.text = bytes.TrimSpace(e.text)
	}
	if len(e.text) > 0 {
		e.fields[textKey] = nfc(string(e.text))
	}
	return e.fields
}

// put adds a child's value to its parent, as a list where it is declared or repeats.
func (d *xmlDecoder) put(parent, child *element, v any) {
	old, known := parent.fields[child.name]
	list, isList := old.([]any)
	switch {
	case known && isList && parent.repeated[child.name]:
		parent.fields[child.name] = append(list, v)
		return
	case known:
		parent.fields[child.name] = []any{old, v}
	case d.lists[child.path]:
		parent.set(child.name, []any{v})
	default:
		parent.set(child.name, v)
		return
	}
	if parent.repeated == nil {
		parent.repeated = map[string]bool{}
	}
	parent.repeated[child.name] = true
}

var declaredEncoding = regexp.MustCompile(`^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)

// XMLText converts a document to UTF-8 by its byte order mark, by its first bytes, or by its declaration.
func XMLText(b []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}), bytes.HasPrefix(b, []byte{0, '<'}):
		return toUTF8(b, "utf-16be")
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{'<', 0}):
		return toUTF8(b, "utf-16le")
	case bytes.HasPrefix(b, utf8BOM):
		return toUTF8(b, "utf-8")
	}
	head := b[:min(len(b), 200)]
	name := "utf-8"
	if m := declaredEncoding.FindSubmatch(head); m != nil {
		name = string(m[1])
	}
	if c, ok := charset.Lookup(name); ok && c.EBCDIC() || strings.EqualFold(name, "utf-16") {
		// It was readable as ASCII, so the declaration is wrong.
		return nil, &Error{Code: CodeCharset, Line: 1, Column: 1, Message: "the declared character set is not the one that the document is written in"}
	}
	return toUTF8(b, name)
}
