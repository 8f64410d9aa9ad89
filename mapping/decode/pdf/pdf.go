// Package pdf reads the form fields of a PDF (AcroForm), strictly and under limits: a file that is repaired might show what a citizen has changed
// since. Errors never hold content.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// Field is one field with its full name, in which dots divide the names of its parents.
type Field struct {
	Name   string
	Values []string // nil: nothing is chosen, or it has no value
	List   bool     // several may be chosen
}

// Kind says what is wrong with a PDF.
type Kind int

// The kinds of errors.
const (
	Malformed Kind = iota // it is no PDF, or is not well-formed
	Encrypted
	XFA    // its fields are those of an XML form
	Fields // it has none
	Large  // reading it takes too much
)

// Error says what is wrong, without content.
type Error struct {
	Kind Kind
	Text string
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

func failed(k Kind, format string, args ...any) error {
	return &Error{k, fmt.Sprintf(format, args...)}
}

const (
	maxFields = 20_000
	maxDepth  = 32
	perByte   = 64         // how often a file may be read over, as a budget of bytes
	leastRead = 4 << 20    // of that budget
	maxSteps  = 20_000_000 // that the library may ask whether it shall go on
	maxStream = 64 << 20   // of one stream, decoded
)

// Read reads the fields of a PDF in the order in which they stand.
func Read(b []byte) (fields []Field, err error) {
	defer func() {
		switch p := recover(); {
		case p == errBudget:
			fields, err = nil, failed(Large, "reading the PDF takes too much")
		case p == errRepair:
			fields, err = nil, failed(Malformed, "the table of the PDF's objects is not well-formed, and what is valid cannot be told")
		case p != nil:
			fields, err = nil, failed(Malformed, "the PDF is not well-formed: reading it broke off")
		}
	}()
	if !bytes.HasPrefix(b, []byte("%PDF-")) || !bytes.HasSuffix(bytes.TrimRight(b, "\x00\t\n\f\r "), []byte("%%EOF")) {
		return nil, failed(Malformed, "it is no PDF, or its end is missing")
	}
	in := &budget{ReadSeeker: bytes.NewReader(b), left: leastRead + perByte*len(b)}
	ctx, err := pdfcpu.ReadWithContext(&steps{Context: context.Background()}, in, settings())
	switch {
	case errors.Is(err, pdfcpu.ErrEncrypted) || err == nil && ctx.Encrypt != nil:
		return nil, failed(Encrypted, "the PDF is encrypted")
	case errors.Is(err, errBudget):
		return nil, failed(Large, "reading the PDF takes too much")
	case err != nil:
		return nil, failed(Malformed, "the PDF is not well-formed, or a part of it is too large")
	}
	r := reader{ctx: ctx, seen: map[int]bool{}, known: map[string]int{}}
	if err := r.form(); err != nil {
		return nil, err
	}
	return r.fields, nil
}

// settings are those of the library: nothing of the machine's own, and no repairs.
func settings() *model.Configuration {
	c := &model.Configuration{Reader15: true, ValidationMode: model.ValidationStrict, Offline: true, Limits: model.DefaultResourceLimits(),
		Cmd: model.MERGECREATE} // of those commands that refuse what is encrypted
	c.Limits.MaxStreamBytes, c.Limits.MaxDecodeBytes = maxStream, maxStream
	c.Limits.MaxObjectCount, c.Limits.MaxXRefEntries, c.Limits.MaxObjectStreamCount = 1_000_000, 1_000_000, 100_000
	return c
}

var errBudget, errRepair = errors.New("too much"), errors.New("repaired")

// budget bounds how much is read of a file, so that a file which leads back to itself comes to an end. It also ends the repair of a table
// of objects: for that alone the library goes back to the beginning, where the version stands, which it reads once.
type budget struct {
	io.ReadSeeker
	left   int
	begins int
}

// Seek refuses to begin again.
func (b *budget) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart && offset == 0 {
		if b.begins++; b.begins > 1 {
			panic(errRepair)
		}
	}
	return b.ReadSeeker.Seek(offset, whence)
}

func (b *budget) Read(p []byte) (int, error) {
	n, err := b.ReadSeeker.Read(p)
	if b.left -= n + 16; b.left < 0 {
		panic(errBudget)
	}
	return n, err
}

// steps bounds how often the library asks whether it shall go on.
type steps struct {
	context.Context
	n int
}

// Err ends the reading once it took too many steps.
func (s *steps) Err() error {
	if s.n++; s.n > maxSteps {
		return errBudget
	}
	return nil
}

// Deadline is none: what may be read does not depend on a clock.
func (s *steps) Deadline() (time.Time, bool) { return time.Time{}, false }

type reader struct {
	ctx    *model.Context
	seen   map[int]bool   // numbers of objects that are fields
	known  map[string]int // fields by name
	fields []Field
}

// node is what a field inherits.
type node struct {
	name  string
	typ   string
	flags int
	value types.Object
	opt   types.Array
}

func (r *reader) form() error {
	catalog, err := r.ctx.Catalog()
	if err != nil {
		return failed(Malformed, "the PDF has no catalogue")
	}
	form, err := r.dict(catalog["AcroForm"])
	if err != nil {
		return err
	}
	if _, xfa := form["XFA"]; xfa {
		return failed(XFA, "the form in the PDF is an XFA form, whose fields are not those of the PDF")
	}
	list, err := r.array(form["Fields"])
	if err != nil {
		return err
	}
	if err = r.kids(list, node{}, 0); err == nil && len(r.fields) == 0 {
		return failed(Fields, "there are no form fields in the PDF: it may have been printed or scanned")
	}
	return err
}

func (r *reader) deref(o types.Object) (types.Object, error) {
	v, err := r.ctx.Dereference(o)
	if err != nil {
		return nil, failed(Malformed, "the PDF is not well-formed, or a part of it is too large")
	}
	return v, nil
}

func (r *reader) dict(o types.Object) (types.Dict, error) {
	v, err := r.deref(o)
	d, ok := v.(types.Dict)
	if err == nil && v != nil && !ok {
		err = failed(Malformed, "a part of the PDF's form is no dictionary")
	}
	return d, err
}

func (r *reader) array(o types.Object) (types.Array, error) {
	v, err := r.deref(o)
	a, ok := v.(types.Array)
	if err == nil && v != nil && !ok {
		err = failed(Malformed, "a part of the PDF's form is no list")
	}
	return a, err
}

func (r *reader) kids(list types.Array, above node, depth int) error {
	for _, o := range list {
		if ref, ok := o.(types.IndirectRef); ok {
			if r.seen[ref.ObjectNumber.Value()] {
				return failed(Malformed, "a field of the PDF stands in two places")
			}
			r.seen[ref.ObjectNumber.Value()] = true
		}
		d, err := r.dict(o)
		if err == nil {
			err = r.field(d, above, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) field(d types.Dict, n node, depth int) error {
	if depth > maxDepth || len(r.fields) > maxFields {
		return failed(Large, "the PDF has more than %d fields, or fields within fields deeper than %d", maxFields, maxDepth)
	}
	if err := r.inherit(d, &n); err != nil {
		return err
	}
	kids, err := r.array(d["Kids"])
	if err != nil {
		return err
	}
	var widgets []types.Dict
	for _, o := range kids {
		kid, err := r.dict(o)
		if err != nil {
			return err
		}
		if _, named := kid["T"]; !named {
			widgets = append(widgets, kid)
		}
	}
	switch {
	case len(kids) > 0 && len(widgets) == 0:
		return r.kids(kids, n, depth+1)
	case len(widgets) < len(kids):
		return failed(Malformed, "a field of the PDF has fields and appearances below it")
	case len(kids) == 0:
		widgets = []types.Dict{d}
	}
	if n.name == "" {
		return failed(Malformed, "a field of the PDF has no name")
	}
	return r.leaf(n, widgets)
}

// inherit takes what a field says itself.
func (r *reader) inherit(d types.Dict, n *node) error {
	name, given, err := r.text(d["T"])
	if err != nil {
		return err
	}
	if given {
		n.name = strings.TrimPrefix(n.name+"."+name, ".")
	}
	for key, into := range map[string]func(types.Object){
		"FT":  func(o types.Object) { t, _ := o.(types.Name); n.typ = string(t) },
		"Ff":  func(o types.Object) { f, _ := o.(types.Integer); n.flags = int(f) },
		"V":   func(o types.Object) { n.value = o },
		"Opt": func(o types.Object) { n.opt, _ = o.(types.Array) },
	} {
		if d[key] == nil {
			continue
		}
		o, err := r.deref(d[key])
		if err != nil {
			return err
		}
		into(o)
	}
	return nil
}

const (
	pushButton  = 1 << 16
	multiSelect = 1 << 21
)

// leaf keeps the value of a field.
func (r *reader) leaf(n node, widgets []types.Dict) (err error) {
	f := Field{Name: n.name}
	switch n.typ {
	case "Tx":
		f.Values, err = r.texts(n.value)
	case "Ch":
		_, several := n.value.(types.Array)
		f.List = several || n.flags&multiSelect != 0
		f.Values, err = r.texts(n.value)
	case "Btn":
		if n.flags&pushButton != 0 {
			return nil
		}
		f.Values, err = r.chosen(n, widgets)
	case "Sig":
		return nil
	default:
		return failed(Malformed, "a field of the PDF has a type that there is not")
	}
	if err != nil {
		return err
	}
	if i, twice := r.known[f.Name]; twice {
		if !slices.Equal(r.fields[i].Values, f.Values) {
			return failed(Malformed, "two fields of the PDF have one name and other values")
		}
		return nil
	}
	r.known[f.Name] = len(r.fields)
	r.fields = append(r.fields, f)
	return nil
}

// chosen is the state of a check box or of radio buttons. Where a box shows something else than its value says, nobody knows what was meant.
func (r *reader) chosen(n node, widgets []types.Dict) ([]string, error) {
	value, err := r.state(n.value)
	if err != nil {
		return nil, err
	}
	var shown []string
	for _, w := range widgets {
		state, err := r.state(w["AS"])
		if err != nil {
			return nil, err
		}
		if state != "" && !slices.Contains(shown, state) {
			shown = append(shown, state)
		}
	}
	switch {
	case n.value == nil && len(shown) == 1:
		value = shown[0]
	case len(shown) > 1, len(shown) == 1 && shown[0] != value:
		return nil, failed(Malformed, "a box of the PDF shows something else than its value says")
	}
	if value == "" {
		return nil, nil
	}
	if i, err := strconv.Atoi(value); err == nil && i >= 0 && i < len(n.opt) {
		return r.texts(n.opt[i])
	}
	return []string{value}, nil
}

// state is the name of a state; "": off, or none. Names are UTF-8, or of older programs PDFDocEncoding.
func (r *reader) state(o types.Object) (string, error) {
	o, err := r.deref(o)
	name, _ := o.(types.Name)
	if err != nil || name == "Off" || name == "" {
		return "", err
	}
	s, err := types.DecodeName(string(name))
	switch {
	case err != nil:
		return "", failed(Malformed, "the state of a box is not well-formed")
	case utf8.ValidString(s):
		return s, nil
	}
	return decoded([]byte(s))
}

// texts are those of one value or of a list.
func (r *reader) texts(o types.Object) ([]string, error) {
	o, err := r.deref(o)
	if err != nil || o == nil {
		return nil, err
	}
	list, ok := o.(types.Array)
	if !ok {
		list = types.Array{o}
	}
	out := []string{}
	for _, o := range list {
		s, given, err := r.text(o)
		if err != nil {
			return nil, err
		}
		if given {
			out = append(out, s)
		}
	}
	return out, nil
}

// text is a text of the PDF; given: there is one.
func (r *reader) text(o types.Object) (s string, given bool, err error) {
	if o, err = r.deref(o); err != nil || o == nil {
		return "", false, err
	}
	var raw []byte
	switch o := o.(type) {
	case types.StringLiteral:
		raw, err = types.Unescape(string(o))
	case types.HexLiteral:
		raw, err = o.Bytes()
	case types.StreamDict:
		if err = o.Decode(); err == nil {
			raw = o.Content
		}
	default:
		return "", false, failed(Malformed, "a value of the PDF is no text")
	}
	if err != nil {
		return "", false, failed(Malformed, "a text of the PDF is not well-formed")
	}
	s, err = decoded(raw)
	return s, true, err
}
