package encode

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
)

// Header is what a file says about itself.
type Header struct {
	Seq       int64     // of the batch, from 1; 0 for a file of one form
	SealedAt  time.Time // shown in the layout's zone
	Name      string    // of the file
	ID        string    // the submission's ID, for a file of one form
	Reference string    // the sender's, for a file of one form
}

// The names that header and trailer have as a write in a FieldError.
const (
	headerWrite  = "header"
	trailerWrite = "trailer"
)

// File makes the whole file: header, the pieces' bodies in order, trailer. The same input always gives
// the same bytes. Errors are *FieldError with write header or trailer.
func (l *Layout) File(h Header, pieces []Piece) ([]byte, error) {
	size := 1024
	for _, p := range pieces {
		size += len(p.Body) + 2
	}
	dst := bytes.NewBuffer(make([]byte, 0, size))
	err := l.Write(dst, h, pieces, func(n int) ([]byte, error) { return pieces[n].Body, nil })
	return dst.Bytes(), err
}

// Write is File for bodies that are not all held at once: body gives that of the nth piece, in order.
func (l *Layout) Write(to io.Writer, h Header, pieces []Piece, body func(n int) ([]byte, error)) error {
	s := l.summarize(h, pieces)
	var dst []byte
	if l.spec.BOM {
		dst = l.put(dst, "\uFEFF")
	}
	dst, err := l.open(dst, s)
	if err != nil {
		return err
	}
	wrote := false
	for n := range pieces {
		b, err := body(n)
		if err != nil {
			return err
		}
		if wrote && len(b) > 0 && l.spec.Format == "json" && l.spec.JSON.Style != "lines" {
			dst = append(l.put(dst, ","), l.newline...)
		}
		wrote = wrote || len(b) > 0
		for _, part := range [][]byte{dst, b} {
			if _, err := to.Write(part); err != nil {
				return err
			}
		}
		dst = dst[:0]
	}
	if dst, err = l.close(dst, s, wrote); err != nil {
		return err
	}
	_, err = to.Write(dst)
	return err
}

// Control makes the control file for a file that File has made, of its size and digest. ok is false if the layout has
// none.
func (l *Layout) Control(h Header, size int64, digest connectors.Digest, pieces []Piece) (name string, body []byte, ok bool, err error) {
	if l.control == nil {
		return "", nil, false, nil
	}
	s := l.summarize(h, pieces)
	s.bytes, s.digest = size, hex.EncodeToString(digest[:])
	name = s.render(l.control.name)
	if name == "" || name == h.Name || strings.ContainsAny(name, "/\\") {
		return "", nil, true, &FieldError{Write: "control-file", Code: CodeName, Message: "the name comes out empty or as that of the file itself"}
	}
	text := strings.ReplaceAll(s.render(l.control.text), "\n", l.newlineText())
	body, bad, encodable := l.charset.AppendString(nil, text)
	if !encodable {
		return "", nil, true, &FieldError{Write: "control-file", Code: CodeUnmapped, Message: fmt.Sprintf("the character at byte %d does not exist in %s", bad, l.charset.Name())}
	}
	return name, body, true, nil
}

func (l *Layout) newlineText() string {
	s, _, _ := l.charset.DecodeString(l.newline)
	return s
}

// summary is what header, trailer and control file may show.
type summary struct {
	header Header
	zone   *time.Location
	count  int64
	counts map[string]int
	lines  int64
	totals map[string]*sum
	bytes  int64
	digest string
}

func (l *Layout) summarize(h Header, pieces []Piece) *summary {
	s := &summary{header: h, zone: l.zone, counts: map[string]int{}, totals: map[string]*sum{}}
	for _, t := range l.totals {
		s.totals[t] = &sum{}
	}
	for _, p := range pieces {
		s.count += int64(p.Records)
		for w, n := range p.Counts {
			s.counts[w] += n
		}
		for t, text := range p.Totals {
			if n, ok := parseNumber(text); ok && s.totals[t] != nil {
				s.totals[t].add(n)
			}
		}
	}
	s.lines = s.count + int64(len(l.header)+len(l.trailer))
	if l.spec.CSV.Titles && l.spec.Format == "csv" {
		s.lines++
	}
	return s
}

// render writes a template of header, trailer or control file.
func (s *summary) render(t *Template) string {
	return t.render(s.header.SealedAt.In(s.zone), s.variable)
}

func (s *summary) variable(name, arg string) any {
	switch name {
	case "count":
		if arg != "" {
			return int64(s.counts[arg])
		}
		return s.count
	case "total":
		return s.totals[arg].String()
	case "stem":
		return strings.TrimSuffix(s.header.Name, path.Ext(s.header.Name))
	}
	return map[string]any{"lines": s.lines, "seq": s.header.Seq, "bytes": s.bytes, "name": s.header.Name, "id": s.header.ID,
		"reference": s.header.Reference, "sha256": s.digest}[name]
}

// values fills in a line's templates.
func (n *line) values(s *summary) []connectors.Value {
	out := make([]connectors.Value, len(n.templates))
	for i, t := range n.templates {
		out[i] = connectors.Value{Kind: connectors.Text, Str: s.render(t)}
	}
	return out
}

// own tells which values of a line hold nothing that a sender chose.
func (n *line) own() []bool {
	own := make([]bool, len(n.templates))
	for i, t := range n.templates {
		own[i] = !t.Uses("reference") && !t.Uses("name") && !t.Uses("stem")
	}
	return own
}

// open appends what stands before the records.
func (l *Layout) open(dst []byte, s *summary) ([]byte, error) {
	switch l.spec.Format {
	case "xml":
		dst = l.xmlOpen(dst)
	case "json":
		if l.spec.JSON.Style == "array" {
			return append(l.put(dst, "["), l.newline...), nil
		}
		if l.spec.JSON.Style == "object" {
			dst = append(l.put(dst, "{"), l.newline...)
		}
	}
	dst, err := l.appendLines(dst, l.header, headerWrite, s, false)
	if err != nil {
		return nil, err
	}
	switch {
	case l.spec.Format == "csv" && l.spec.CSV.Titles:
		return l.titles(dst)
	case l.spec.Format == "json" && l.spec.JSON.Style == "object":
		dst = l.put(l.jsonText(dst, l.spec.JSON.Records), ":[")
		return append(dst, l.newline...), nil
	}
	return dst, nil
}

// close appends what stands after the records.
func (l *Layout) close(dst []byte, s *summary, wrote bool) ([]byte, error) {
	list := l.spec.Format == "json" && l.spec.JSON.Style != "lines" && !l.Document()
	if list {
		if wrote {
			dst = append(dst, l.newline...)
		}
		dst = l.put(dst, "]")
	}
	dst, err := l.appendLines(dst, l.trailer, trailerWrite, s, list)
	if err != nil {
		return nil, err
	}
	switch {
	case l.spec.Format == "json" && l.Document():
		dst = append(dst, l.newline...)
	case l.spec.Format == "xml" && !l.Document():
		dst = append(l.put(dst, "</"+l.spec.XML.Root+">"), l.newline...)
	case list:
		if l.spec.JSON.Style == "object" {
			dst = l.put(append(dst, l.newline...), "}")
		}
		dst = append(dst, l.newline...)
	}
	return dst, nil
}

// appendLines appends header or trailer lines; after says that a member of a JSON object precedes them.
func (l *Layout) appendLines(dst []byte, lines []*line, where string, s *summary, after bool) ([]byte, error) {
	for i, n := range lines {
		w := writer{layout: l, write: where, record: i}
		values := n.values(s)
		var err *FieldError
		switch l.spec.Format {
		case "csv":
			w.fixed = n.own()
			dst, err = l.csvLine(dst, &w, n.fields, values)
		case "xml":
			dst, err = l.xmlRecord(dst, &w, &kind{element: n.name, fields: n.fields, root: n.root}, values, "  ")
		case "json":
			dst, err = l.jsonLine(dst, &w, n, values, after)
		default:
			dst, err = l.fixedLine(dst, &w, n.fields, values)
		}
		if err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// jsonLine appends a header or trailer: an object on its own line, or a member of the one object.
func (l *Layout) jsonLine(dst []byte, w *writer, n *line, values []connectors.Value, after bool) ([]byte, *FieldError) {
	if l.spec.JSON.Style == "lines" {
		dst, err := l.jsonObject(dst, w, n.root, n.fields, values)
		return append(dst, l.newline...), err
	}
	if after {
		dst = append(l.put(dst, ","), l.newline...)
	}
	dst = l.put(l.jsonText(dst, n.name), ":")
	dst, err := l.jsonObject(dst, w, n.root, n.fields, values)
	if !after {
		dst = append(l.put(dst, ","), l.newline...)
	}
	return dst, err
}

func (l *Layout) titles(dst []byte) ([]byte, error) {
	w := writer{layout: l, write: headerWrite}
	var values []connectors.Value
	var plain []*field
	strict, _ := l.charset.Fitter(charset.Unmappable{})
	for _, k := range l.kinds { // there is one
		for i, f := range k.fields {
			values = append(values, connectors.Value{Kind: connectors.Text, Str: f.spec.Name})
			plain, w.fixed = append(plain, &field{spec: FieldSpec{Name: f.spec.Name, Type: "text"}, index: i, fit: strict}), append(w.fixed, true)
		}
	}
	dst, err := l.csvLine(dst, &w, plain, values)
	if err != nil {
		return nil, err
	}
	return dst, nil
}

// xmlOpen appends the declaration and the root's start tag.
func (l *Layout) xmlOpen(dst []byte) []byte {
	if !l.spec.XML.NoDeclaration {
		name := l.charset.Name()
		if strings.HasPrefix(name, "utf") {
			name = strings.ToUpper(strings.TrimRight(name, "lbe"))
		}
		dst = append(l.put(dst, `<?xml version="1.0" encoding="`+name+`"?>`), l.newline...)
	}
	if l.Document() {
		return dst
	}
	return append(l.put(dst, "<"+l.spec.XML.Root+l.xmlSpaces()+">"), l.newline...)
}

// inAttribute escapes the text of an attribute.
var inAttribute = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;")

// xmlSpaces are the namespaces of the outermost element.
func (l *Layout) xmlSpaces() (spaces string) {
	if ns := l.spec.XML.Namespace; ns != "" {
		spaces = ` xmlns="` + inAttribute.Replace(ns) + `"`
	}
	if l.spec.XML.Nil {
		spaces += ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`
	}
	return spaces
}
