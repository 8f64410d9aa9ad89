// Package several takes a file apart that has several forms. Each becomes a file of its own, in the format of the first and with nothing of the
// others, so that it can be kept, compared and read again by itself. Forms that cannot be read are taken out as well, as long as it is
// certain where they begin and end: else none of the file is.
package several

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/decode"
)

const (
	most    = 100_000  // forms of one file
	maxHead = 64 << 10 // bytes that are repeated before each of them, such as a header line
)

// Form is one form of a file.
type Form struct {
	At    int // CSV: the line where it begins; else its number. From 1
	shift int // how many lines lower its first record stood in the file
	lines bool
	head  string
	body  [][]byte // of the whole file
	tail  string
	to    *charset.Charset // that it is written in; nil: as it stands
}

// Bytes is a file of this form alone.
func (f *Form) Bytes() []byte {
	b := []byte(f.head)
	for _, part := range f.body {
		if b = append(b, part...); f.lines {
			b = append(b, '\n') // also where it was the last line of its file, and had none
		}
	}
	b = append(b, f.tail...)
	if f.to != nil {
		b, _, _ = f.to.AppendString(nil, string(b)) // it was read by that set
	}
	return b
}

// Located tells the place of an error of this form in its file: by line where the file has lines.
func (f *Form) Located(err error) error {
	var e *decode.Error
	if !errors.As(err, &e) || e.Line == 0 {
		return err
	}
	at := *e
	if at.Line += f.shift; !f.lines {
		at.Line = 0
	}
	return &at
}

// Split takes a file apart as o.Forms says. Errors are *decode.Error: then nothing is known of any form in it.
func Split(format string, b []byte, o decode.Options) ([]Form, error) {
	f := decode.FormatNamed(format)
	way, err := o.Way(f)
	if err != nil {
		return nil, err
	}
	var forms []Form
	switch format {
	case "csv":
		forms, err = lines(b, o)
	case "json":
		forms, err = items(b, way, o)
	default:
		forms, err = elements(b, way)
	}
	switch {
	case err != nil:
		return nil, err
	case len(forms) == 0:
		return nil, refused("there is no form in the file")
	case len(forms) > most:
		return nil, refused("the file has more than %d forms", most)
	case slices.ContainsFunc(forms, func(f Form) bool { return len(f.head) > maxHead }):
		return nil, refused("what stands before the forms has more than %d bytes", maxHead)
	}
	return forms, nil
}

func refused(format string, args ...any) error {
	return &decode.Error{Code: decode.CodeForms, Message: fmt.Sprintf(format, args...)}
}

// written is the character set that a part of a converted text must be written in again, because the mapping names it; nil: UTF-8.
func written(name string, converted bool) *charset.Charset {
	if c, ok := charset.Lookup(name); ok && converted && name != "" && !c.UTF8() {
		return c
	}
	return nil
}

// lines makes a form of each record of CSV, or of those with equal keys.
func lines(b []byte, o decode.Options) ([]Form, error) {
	text, converted, records, err := decode.CutCSV(b, o.CSV.CSVOptions, o.Limits)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	head, above := string(line(text[:records[0].From]))+"\n", records[0].Line-1
	if len(o.CSV.Columns) > 0 {
		head, above = "", 0
	}
	known := map[string]int{}
	var forms []Form
	for _, r := range records {
		f := Form{At: r.Line, shift: r.Line - above - 1, lines: true, head: head, body: [][]byte{line(text[r.From:r.To])}, to: written(o.CSV.Charset, converted)}
		if len(o.CSV.Group) > 0 {
			key, err := keyOf(&f, o)
			if err != nil {
				return nil, err
			}
			if i, there := known[key]; there {
				forms[i].body = append(forms[i].body, f.body[0])
				continue
			}
			known[key] = len(forms)
		}
		forms = append(forms, f)
	}
	return forms, nil
}

// line takes off the end of a line.
func line(b []byte) []byte { return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r")) }

// keyOf is what the lines of one form have in common. Where it cannot be read, any form of the file may lack the line.
func keyOf(f *Form, o decode.Options) (key string, err error) {
	form, err := decode.Decode("csv", f.Bytes(), o)
	if err != nil {
		var e *decode.Error
		if err = f.Located(err); errors.As(err, &e) {
			e.Message += "; a line of a form cannot be read, and nobody can tell of which"
		}
		return "", err
	}
	row, _ := form.(map[string]any)
	for _, column := range o.CSV.Group {
		key += fmt.Sprintf("%q", row[column])
	}
	return key, nil
}

// span is where a form lies in a text.
type span struct{ from, to int }

func formsOf(text []byte, spans []span, head, tail string, to *charset.Charset) []Form {
	forms := make([]Form, 0, len(spans))
	for i, s := range spans {
		forms = append(forms, Form{At: i + 1, head: head, body: [][]byte{text[s.from:s.to]}, tail: tail, to: to})
	}
	return slices.Clip(forms)
}
