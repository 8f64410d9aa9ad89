package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/mapping/charset"
)

// FixedOptions say how a fixed-width input is written.
type FixedOptions struct {
	Charset string       `yaml:"charset" doc:"default utf-8; widths count bytes in it"`
	Length  int          `yaml:"length" doc:"bytes of a record where no line end divides them; default lines"`
	Skip    int          `yaml:"skip" doc:"header records that are passed over"`
	SkipEnd int          `yaml:"skip-end" doc:"trailer records that are passed over"`
	Fields  []FixedField `yaml:"fields,required" doc:"the fields of a record in order"`
	Single  bool         `yaml:"single" doc:"the form is one record"` // the result is its map, not a list
}

// FixedField is one field of a fixed-width record.
type FixedField struct {
	Name     string `yaml:"name,required" doc:"name of the field in the form"`
	At       int    `yaml:"at" doc:"first byte, from 1; default after the field before"`
	Width    int    `yaml:"width,required" doc:"bytes"`
	Type     string `yaml:"type" doc:"text (default) or number" enum:"text,number"`
	Decimals int    `yaml:"decimals" doc:"number: digits after an implied point"` // ignored where a point is written
	Keep     bool   `yaml:"keep" doc:"text: keep the blanks around it"`
}

// Fixed decodes records of fields with fixed widths in bytes. The result is a list with one map for
// each record, or the map itself with o.Single. A text loses the blanks around it; a number keeps its
// digits as json.Number, is null where the field is blank, and may carry its sign in front or behind.
// A last field that is text may be shorter than its width where a line ends early; after it a line has blanks at most.
func Fixed(b []byte, o FixedOptions, l Limits) (any, error) {
	l = l.orDefault()
	if err := tooLarge(b, l); err != nil {
		return nil, err
	}
	c, err := charsetNamed(o.Charset)
	if err != nil {
		return nil, err
	}
	if b, err = unmarked(b, c); err != nil { // widths count bytes, so that the mapping has to name the set
		return nil, err
	}
	fields, err := placed(o.Fields)
	if err != nil {
		return nil, err
	}
	records, err := split(b, o.Length, c)
	if err != nil {
		return nil, err
	}
	if len(records) < o.Skip+o.SkipEnd {
		return nil, &Error{Code: CodeColumns, Message: "the file is shorter than its header and trailer"}
	}
	if nodes := len(records) * (len(fields) + 1); nodes > l.Nodes {
		return nil, &Error{Code: CodeNodes, Message: fmt.Sprintf("the file has more than %d values", l.Nodes)}
	}
	rows := []any{}
	for i, r := range records[o.Skip : len(records)-o.SkipEnd] {
		row, err := fixedRow(r, fields, c, i+o.Skip+1)
		if err == nil && o.Length == 0 {
			err = onlyBlanks(r, fields, c, i+o.Skip+1)
		}
		if err != nil {
			return nil, underIndex(err, i)
		}
		rows = append(rows, row)
	}
	return oneOrAll(rows, o.Single)
}

// placed returns the fields with At filled in.
func placed(fields []FixedField) ([]FixedField, error) {
	out := make([]FixedField, len(fields))
	next, seen := 1, map[string]bool{}
	for i, f := range fields {
		if f.At == 0 {
			f.At = next
		}
		if f.Name == "" || f.Width < 1 || f.At < 1 || seen[f.Name] {
			return nil, &Error{Code: CodeFormat, Message: fmt.Sprintf("field %d of the list needs a name of its own, a width and a place from 1", i+1)}
		}
		seen[f.Name] = true
		next = f.At + f.Width
		out[i] = f
	}
	return out, nil
}

// split cuts the input into records by length, or at line ends: LF, CR LF, or NEL in EBCDIC.
func split(b []byte, length int, c *charset.Charset) ([][]byte, error) {
	var records [][]byte
	if length > 0 {
		if len(b)%length != 0 {
			return nil, &Error{Code: CodeWidth, Message: fmt.Sprintf("the file has %d bytes, which is no multiple of the record length %d", len(b), length)}
		}
		for ; len(b) > 0; b = b[length:] {
			records = append(records, b[:length])
		}
		return records, nil
	}
	lf, _ := c.AppendRune(nil, '\n')
	if nel, ok := c.AppendRune(nil, '\u0085'); ok && c.EBCDIC() && !bytes.Contains(b, lf) {
		lf = nel
	}
	cr, _ := c.AppendRune(nil, '\r')
	for len(b) > 0 {
		line, rest := cut(b, lf)
		records = append(records, bytes.TrimSuffix(line, cr))
		b = rest
	}
	return records, nil
}

// cut cuts b around the first line end, which begins where a character does.
func cut(b, end []byte) (line, rest []byte) {
	for at := 0; ; at++ {
		next := bytes.Index(b[at:], end)
		if next < 0 {
			return b, nil
		}
		if at += next; at%len(end) == 0 {
			return b[:at], b[at+len(end):]
		}
	}
}

func fixedRow(r []byte, fields []FixedField, c *charset.Charset, line int) (any, error) {
	row := make(map[string]any, len(fields))
	for i, f := range fields {
		from, to := f.At-1, f.At-1+f.Width
		fail := func(code, format string, args ...any) error {
			return under(&Error{Code: code, Line: line, Column: f.At, Message: fmt.Sprintf(format, args...)}, f.Name)
		}
		if to > len(r) {
			if i < len(fields)-1 || f.Type == "number" || from > len(r) {
				return nil, fail(CodeWidth, "the record has %d bytes; the field ends at byte %d", len(r), to)
			}
			to = len(r)
		}
		s, _, ok := c.DecodeString(r[from:to])
		if !ok {
			return nil, fail(CodeUTF8, "the field is not valid %s", c.Name())
		}
		if f.Type != "number" {
			if !f.Keep {
				s = strings.TrimRight(strings.TrimLeft(s, " "), " \x00")
			}
			row[f.Name] = nfc(s)
			continue
		}
		n, ok := fixedNumber(strings.TrimSpace(s), f.Decimals)
		if !ok {
			return nil, fail(CodeType, "the field is not a number")
		}
		if n == "" {
			row[f.Name] = nil
			continue
		}
		row[f.Name] = json.Number(n)
	}
	return row, nil
}

// onlyBlanks refuses a line that says more than its fields take. A record of a declared length has what its fields leave
// out, as between two fields, by the mapping's own word.
func onlyBlanks(r []byte, fields []FixedField, c *charset.Charset, line int) error {
	end := 0
	for _, f := range fields {
		end = max(end, f.At-1+f.Width)
	}
	if end >= len(r) {
		return nil
	}
	if s, _, ok := c.DecodeString(r[end:]); ok && strings.Trim(s, " \x00\t") == "" {
		return nil
	}
	return &Error{Code: CodeWidth, Line: line, Column: end + 1, Message: fmt.Sprintf("the record has %d bytes; the fields take %d, and something stands after them: name it as a field if it belongs there", len(r), end)}
}

// fixedNumber makes a canonical number of digits with a sign in front or behind; "" stays "".
func fixedNumber(s string, decimals int) (string, bool) {
	if s == "" {
		return "", true
	}
	negative := false
	switch last := len(s) - 1; {
	case s[0] == '+' || s[0] == '-':
		negative = s[0] == '-'
		s = s[1:]
	case s[last] == '+' || s[last] == '-':
		negative = s[last] == '-'
		s = s[:last]
	}
	whole, fraction, point := strings.Cut(s, ".")
	if strings.Trim(whole+fraction, "0123456789") != "" || whole+fraction == "" || len(s) > maxDigits {
		return "", false
	}
	if !point && decimals > 0 {
		for len(whole) <= decimals {
			whole = "0" + whole
		}
		whole, fraction = whole[:len(whole)-decimals], whole[len(whole)-decimals:]
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && strings.Trim(whole, "0.") != "" {
		whole = "-" + whole
	}
	return whole, true
}
