// Package decode turns the bytes of a form or of an answer file into a tree, strictly and under limits.
//
// A tree is made of map[string]any, []any, string (valid UTF-8 in normal form C), json.Number (the exact
// text), bool and nil. Nothing in it refers to the input. Errors name a place and never hold content,
// except that a Pointer is made of the sender's own field names.
package decode

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Limits bound what a form may ask of the agent. A zero field means its default.
type Limits struct {
	Bytes int64 `yaml:"bytes" doc:"size, such as 4MiB"` // of the whole input
	Depth int   `yaml:"depth" doc:"levels of nesting"`  // of nested objects, lists or elements
	Nodes int   `yaml:"nodes" doc:"values"`             // in the tree, counting every object, list, text and number
	Text  int   `yaml:"text" doc:"bytes of one text"`

	Binary int64 `yaml:"binary" doc:"json and xml: bytes of all content in base64, such as 64MiB, which then counts neither as text nor as size; default: it counts as any text"`
}

// DefaultLimits returns the limits that apply where a mapping says nothing: 16 MiB, 64 levels, 200,000
// values, 8 MiB of one text.
func DefaultLimits() Limits {
	return Limits{Bytes: 16 << 20, Depth: 64, Nodes: 200_000, Text: 8 << 20}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Bytes > 0 {
		d.Bytes = l.Bytes
	}
	if l.Depth > 0 {
		d.Depth = l.Depth
	}
	if l.Nodes > 0 {
		d.Nodes = l.Nodes
	}
	if l.Text > 0 {
		d.Text = l.Text
	}
	d.Binary = max(l.Binary, 0)
	return d
}

// Error says where and why an input could not be decoded.
type Error struct {
	Code    string // one of the Code constants
	Line    int    // from 1; 0 if the place is the whole input
	Column  int    // from 1, in characters
	Pointer string // JSON Pointer to the value, or to what holds it; at most some hundred bytes
	Message string // a sentence without content
}

// Error returns place and message.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Limit returns the name of the limit that an input exceeds: bytes, depth, nodes, text or binary; "" for another error.
func (e *Error) Limit() string {
	return map[string]string{CodeSize: "bytes", CodeDepth: "depth", CodeNodes: "nodes", CodeText: "text", CodeBinary: "binary"}[e.Code]
}

// Options are the settings of all formats; each format reads its own. They are a part of a mapping's input as they stand here.
type Options struct {
	Limits  Limits       `yaml:"-"`
	Forms   string       `yaml:"forms" doc:"a file has several forms: form for each line of CSV or item of the list that a file is, else the path of their list, such as form.items"`
	Lists   []string     `yaml:"lists" doc:"XML: dotted paths of elements that may repeat"` // and urlencoded: such as parcels.parcel
	Charset string       `yaml:"charset" doc:"json and urlencoded: the character set; default that of the byte order mark, else utf-8"`
	CSV     FormCSV      `yaml:"csv" doc:"how a CSV form is written"`
	Fixed   FixedOptions `yaml:"fixed" doc:"how a fixed-width form is written"`
}

var utf8BOM = []byte{0xEF, 0xBB, 0xBF}

// place returns line and column, both from 1, of byte offset off in b.
func place(b []byte, off int) (line, column int) {
	if off > len(b) {
		off = len(b)
	}
	head := b[:off]
	line = bytes.Count(head, []byte{'\n'}) + 1
	head = head[bytes.LastIndexByte(head, '\n')+1:]
	column = 1
	for _, c := range head {
		if c&0xC0 != 0x80 { // count the first byte of each character
			column++
		}
	}
	return line, column
}

// errorAt is an error at byte offset off of b.
func errorAt(b []byte, off int, code, format string, args ...any) error {
	line, column := place(b, off)
	return &Error{Code: code, Line: line, Column: column, Message: fmt.Sprintf(format, args...)}
}

// maxPointer bounds a pointer, which holds names that a sender chose.
const maxPointer = 512

// under puts one step, a field name or a list index, in front of the error's pointer.
func under(err error, step string) error {
	e, ok := err.(*Error)
	if !ok || len(e.Pointer) > maxPointer {
		return err
	}
	if len(step) > 128 {
		step = strings.ToValidUTF8(step[:128], "") + "…"
	}
	if strings.ContainsAny(step, "~/") {
		step = strings.NewReplacer("~", "~0", "/", "~1").Replace(step)
	}
	e.Pointer = "/" + step + e.Pointer
	return e
}

func underIndex(err error, i int) error { return under(err, strconv.Itoa(i)) }

// nfc returns s in normal form C; text that is already in it is returned as it is.
func nfc(s string) string {
	for i := 0; i < len(s); i++ {
		// Below U+0300, whose first byte is CC, nothing combines and everything is in normal form.
		if s[i] >= 0xCC {
			if norm.NFC.IsNormalString(s) {
				return s
			}
			return norm.NFC.String(s)
		}
	}
	return s
}

func tooLarge(b []byte, l Limits) error {
	if int64(len(b)) > l.Bytes {
		return &Error{Code: CodeSize, Message: fmt.Sprintf("the input has %d bytes; the limit is %d", len(b), l.Bytes)}
	}
	return nil
}
