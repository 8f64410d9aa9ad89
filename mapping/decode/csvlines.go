package decode

import (
	"bytes"
	"errors"
	"strings"

	"github.com/inbasket/inbasket/mapping/charset"
)

// BadLine is what could not be read of a file whose other lines could.
type BadLine struct {
	From, To int // lines, from 1
	Err      *Error
}

// CSVLines decodes a file as CSV does, and goes on after a line that cannot be read: rows are the others, and lines
// where each of them begins; columns are those of its header line, or of the options. A file of which no row can be read is an error. An end-of-file character (1A) at the end is
// ignored.
func CSVLines(b []byte, o CSVOptions, l Limits) (columns []string, rows []any, lines []int, bad []BadLine, err error) {
	l = l.orDefault()
	if err := tooLarge(b, l); err != nil {
		return nil, nil, nil, nil, err
	}
	text, holes, err := lineByLine(b, o.Charset)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if end := bytes.TrimRight(text, "\r\n\x1a"); bytes.IndexByte(text[len(end):], endOfFile) >= 0 {
		text = end
	}
	d, err := newCSV(text, o, l)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	d.holes = holes
	rows, lines, bad, err = d.each()
	return d.columns, rows, lines, bad, err
}

// Record is where one record of a CSV text lies, and the line where it begins.
type Record struct{ From, To, Line int }

// CutCSV tells where the records of a file lie, well-formed or not: what stands before the first is the header. The text is as it came where its
// character set has the signs of ASCII for itself, else UTF-8 (converted).
func CutCSV(b []byte, o CSVOptions, l Limits) (text []byte, converted bool, records []Record, err error) {
	c, err := charsetNamed(o.Charset)
	if err != nil {
		return nil, false, nil, err
	}
	if said, _ := marked(b); !c.ASCII() || said != "" && said != c.Name() {
		converted = true
		text, err = toUTF8(b, o.Charset)
	} else {
		text, err = unmarked(b, c)
	}
	if err != nil {
		return nil, false, nil, err
	}
	if end := bytes.TrimRight(text, "\r\n\x1a"); bytes.IndexByte(text[len(end):], endOfFile) >= 0 {
		text = end
	}
	d, err := newCSV(text, o, l.orDefault())
	if err != nil {
		return nil, false, nil, err
	}
	for line := 1; d.pos < len(text); {
		start, named := d.pos, d.columns != nil
		d.base, d.nodes = start, 0
		row, torn, err := d.next()
		if err != nil && !named {
			return nil, false, nil, err
		}
		if torn {
			d.pos = d.afterBad(start)
		}
		if err != nil || row != nil {
			records = append(records, Record{start, d.pos, line})
		}
		line += lineEnds(text[start:d.pos])
	}
	return text, converted, records, d.named()
}

const (
	endOfFile = 0x1a // of CP/M and of programs that still write it
	hole      = 0    // stands where bytes are no characters
)

// lineByLine converts b to UTF-8. Where that is not possible, lines that are not valid get holes.
func lineByLine(b []byte, name string) (text []byte, holes bool, err error) {
	text, err = toUTF8(b, name)
	c, known := charset.Lookup(name)
	said, _ := marked(b)
	if err == nil || !known || !c.ASCII() || said != "" && said != c.Name() || bytes.IndexByte(b, hole) >= 0 {
		return text, false, err
	}
	for line := range bytes.SplitAfterSeq(bytes.TrimPrefix(b, utf8BOM), []byte{'\n'}) {
		s, _, ok := c.DecodeString(line)
		if !ok {
			s = strings.Map(func(r rune) rune {
				if r >= 0x80 {
					return hole
				}
				return r
			}, string(line))
		}
		text = append(text, s...)
	}
	return text, true, nil
}

// each reads row by row.
func (d *csvDecoder) each() (rows []any, lines []int, bad []BadLine, err error) {
	rows = []any{}
	line := 1
	for d.pos < len(d.b) {
		start := d.pos
		d.base = start
		row, torn, err := d.next()
		switch {
		case err != nil && d.columns == nil:
			return nil, nil, nil, err
		case torn:
			d.pos = d.afterBad(start)
		case row != nil:
			rows, lines = append(rows, row), append(lines, line)
		}
		next := line + lineEnds(d.b[start:d.pos])
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code == CodeNodes {
				return nil, nil, nil, err
			}
			e.Line += line - 1
			last := next
			if c := d.b[d.pos-1]; c == '\n' || c == '\r' {
				last--
			}
			bad = append(bad, BadLine{From: line, To: last, Err: e})
		}
		line = next
	}
	if err := d.named(); err != nil {
		return nil, nil, nil, err
	}
	if len(rows) == 0 && len(bad) > 0 { // it is another file than the options say
		return nil, nil, nil, bad[0].Err
	}
	return rows, lines, bad, nil
}

// afterBad finds where the line after a bad one begins: behind the first line end that is not inside quotes. Where a
// quote is never closed, what follows is lines only if all of it reads as such, and else the rest of a text.
func (d *csvDecoder) afterBad(start int) int {
	first, open := 0, false
	for i := start; i < len(d.b); i++ {
		switch c := d.b[i]; {
		case d.quote != 0 && c == d.quote:
			open = !open
		case c == '\n' || c == '\r':
			end := i + 1
			if c == '\r' && end < len(d.b) && d.b[end] == '\n' {
				end++
			}
			if !open {
				return end
			}
			if first == 0 {
				first = end
			}
			i = end - 1
		}
	}
	if first == 0 {
		return len(d.b)
	}
	rest := *d
	for rest.pos = first; rest.pos < len(rest.b); {
		fields, err := rest.line()
		if err != nil || len(fields) != len(d.columns) && (len(fields) != 1 || fields[0] != "") {
			return len(d.b)
		}
	}
	return first
}

// lineEnds counts LF, CR LF and CR.
func lineEnds(b []byte) (n int) {
	for i, c := range b {
		if c == '\n' || c == '\r' && (i+1 == len(b) || b[i+1] != '\n') {
			n++
		}
	}
	return n
}
