package decode

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/charset"
)

// CSVOptions say how a CSV input is written.
type CSVOptions struct {
	Delimiter string   `yaml:"delimiter" doc:"one character or tab; default comma"`
	Quote     string   `yaml:"quote" doc:"one character or none"`
	Charset   string   `yaml:"charset" doc:"default utf-8"`
	Columns   []string `yaml:"columns" doc:"names of the columns where there is no header line"`
	Single    bool     `yaml:"single" doc:"the file is one record"` // the result is its map, not a list
	Guard     string   `yaml:"guard" doc:"the character, or tab, that the sender puts before = + - @ at the beginning of a field, and that is taken off; default none"`
}

// FormCSV says how a form in CSV is written.
type FormCSV struct {
	CSVOptions `yaml:",inline"`
	Group      []string `yaml:"group,one" doc:"columns whose equal values make lines one record: it has them, and the rest of each line under lines"`
}

// groupLines is the member of a grouped record that has its lines.
const groupLines = "lines"

// CSV decodes lines of delimited fields as RFC 4180 says. The first line names the columns unless
// o.Columns does. The result is a list with one map for each line, or the map itself with o.Single; all
// values are texts. Empty lines are skipped; a line with another number of fields is an error.
func CSV(b []byte, o CSVOptions, l Limits) (any, error) { return csvForm(b, FormCSV{CSVOptions: o}, l) }

// csvForm decodes a form. With o.Group lines with equal keys are one record, wherever they stand, in the order of their first ones.
func csvForm(b []byte, o FormCSV, l Limits) (any, error) {
	l = l.orDefault()
	if err := tooLarge(b, l); err != nil {
		return nil, err
	}
	text, err := toUTF8(b, o.Charset)
	if err != nil {
		return nil, err
	}
	d, err := newCSV(text, o.CSVOptions, l)
	if err == nil && slices.Contains(o.Group, groupLines) {
		err = &Error{Code: CodeFormat, Message: "a column by which lines are grouped cannot be called " + groupLines}
	}
	if err != nil {
		return nil, err
	}
	rows, err := d.rows()
	if err == nil && len(o.Group) > 0 {
		rows, err = grouped(rows, d.columns, o.Group)
	}
	if err != nil {
		return nil, err
	}
	return oneOrAll(rows, o.Single)
}

// grouped makes one record of all rows with the same keys.
func grouped(rows []any, columns, keys []string) ([]any, error) {
	for _, key := range keys {
		if !slices.Contains(columns, key) {
			return nil, &Error{Code: CodeColumns, Line: 1, Column: 1, Message: "a column by which lines are grouped is not in the header"}
		}
	}
	out, known := []any{}, map[string]map[string]any{}
	for i, it := range rows {
		row, group, id, some := it.(map[string]any), map[string]any{}, "", false
		for _, key := range keys {
			s, _ := row[key].(string)
			group[key], id, some = s, id+strconv.Quote(s), some || s != ""
			delete(row, key)
		}
		if !some {
			return nil, underIndex(&Error{Code: CodeColumns, Message: "a line has nothing in the columns by which lines are grouped"}, i)
		}
		if known[id] == nil {
			known[id] = group
			out, group[groupLines] = append(out, group), []any{}
		}
		lines, _ := known[id][groupLines].([]any)
		known[id][groupLines] = append(lines, row)
	}
	return out, nil
}

func newCSV(text []byte, o CSVOptions, l Limits) (*csvDecoder, error) {
	d := &csvDecoder{b: text, limits: l, columns: o.Columns}
	var err, bad, odd, wrong error
	d.delimiter, err = mark(o.Delimiter, ',')
	d.quote, bad = mark(o.Quote, '"')
	d.guard, odd = mark(o.Guard, 0)
	if d.delimiter != 0 && d.delimiter == d.quote {
		wrong = &Error{Code: CodeFormat, Message: "delimiter and quote are the same sign"}
	}
	for i, c := range o.Columns {
		if c == "" || slices.Contains(o.Columns[:i], c) {
			wrong = &Error{Code: CodeFormat, Message: fmt.Sprintf("column %d of the list needs a name of its own", i+1)}
		}
	}
	return d, cmp.Or(err, bad, odd, wrong)
}

// oneOrAll returns the list, or its only item where exactly one is expected.
func oneOrAll(rows []any, single bool) (any, error) {
	if !single {
		return rows, nil
	}
	if len(rows) != 1 {
		return nil, &Error{Code: CodeNotOneRecord, Message: fmt.Sprintf("one record is expected, there are %d", len(rows))}
	}
	return rows[0], nil
}

func charsetNamed(name string) (*charset.Charset, error) {
	if c, ok := charset.Lookup(name); ok {
		return c, nil
	}
	return nil, &Error{Code: CodeCharset, Message: "the character set is not known; known are " + strings.Join(charset.Names(), ", ")}
}

// marked returns the character set that a byte order mark at the beginning of b names, and what follows it; "": there is none.
func marked(b []byte) (name string, rest []byte) {
	for _, m := range []struct{ mark, name string }{{"\xff\xfe\x00\x00", "utf-32"}, {"\x00\x00\xfe\xff", "utf-32"},
		{string(utf8BOM), "utf-8"}, {"\xfe\xff", "utf-16be"}, {"\xff\xfe", "utf-16le"}} {
		if bytes.HasPrefix(b, []byte(m.mark)) {
			return m.name, b[len(m.mark):]
		}
	}
	return "", b
}

// unmarked takes off a byte order mark, which must be that of the character set. In EBCDIC its bytes are letters.
func unmarked(b []byte, c *charset.Charset) ([]byte, error) {
	said, rest := marked(b)
	switch {
	case c.EBCDIC(), said == "":
		return b, nil
	case said != c.Name():
		return nil, &Error{Code: CodeCharset, Line: 1, Column: 1, Message: "the text begins with the byte order mark of " + said + ", and is to be read as " + c.Name()}
	}
	return rest, nil
}

// toUTF8 converts b from a character set by name, or without one from that of its byte order mark, which is dropped; it may return
// a part of b.
func toUTF8(b []byte, name string) ([]byte, error) {
	if said, _ := marked(b); name == "" {
		name = said
	}
	c, err := charsetNamed(name)
	if err != nil {
		return nil, err
	}
	if b, err = unmarked(b, c); err != nil {
		return nil, err
	}
	if c.UTF8() && utf8.Valid(b) {
		return bytes.TrimPrefix(b, utf8BOM), nil
	}
	s, bad, ok := c.DecodeString(b)
	if !ok {
		good, _, _ := c.DecodeString(b[:bad])
		line, column := place([]byte(good), len(good))
		return nil, &Error{Code: CodeUTF8, Line: line, Column: column, Message: "the text is not valid " + c.Name()}
	}
	return []byte(strings.TrimPrefix(s, "\uFEFF")), nil
}

// mark returns the byte that a delimiter or quote setting means; 0 means none.
func mark(s string, def byte) (byte, error) {
	switch {
	case s == "":
		return def, nil
	case s == "tab":
		return '\t', nil
	case s == "none":
		return 0, nil
	case len(s) == 1 && s[0] != '\n' && s[0] != '\r' && s[0] < 0x80:
		return s[0], nil
	}
	return 0, &Error{Code: CodeFormat, Message: "a delimiter, quote or guard is one ASCII character, tab or none"}
}

type csvDecoder struct {
	b         []byte
	delimiter byte
	quote     byte
	guard     byte
	limits    Limits
	columns   []string
	pos       int
	base      int  // from where errors count lines
	holes     bool // a line may have some
	nodes     int
}

func (d *csvDecoder) fail(code string, off int, format string, args ...any) error {
	return errorAt(d.b[d.base:], off-d.base, code, format, args...)
}

func (d *csvDecoder) rows() ([]any, error) {
	rows := []any{}
	for d.pos < len(d.b) {
		row, _, err := d.next()
		switch {
		case err != nil && d.columns == nil:
			return nil, err
		case err != nil:
			return nil, underIndex(err, len(rows))
		case row != nil:
			rows = append(rows, row)
		}
	}
	return rows, d.named()
}

// named tells whether the columns are known in the end.
func (d *csvDecoder) named() error {
	if d.columns == nil {
		return &Error{Code: CodeEmpty, Line: 1, Column: 1, Message: "the file is empty; not even a header line is there"}
	}
	return nil
}

// next reads one line: a row, or nil where it is empty or the header. torn says that it cannot even be cut into fields.
func (d *csvDecoder) next() (row any, torn bool, err error) {
	start := d.pos
	fields, err := d.line()
	if err == nil && d.holes && slices.ContainsFunc(fields, func(f string) bool { return strings.IndexByte(f, hole) >= 0 }) {
		err = d.fail(CodeUTF8, start, "the line is not valid in the character set of the file")
	}
	switch {
	case err != nil:
		return nil, true, err
	case d.emptyLine(fields):
		return nil, false, nil
	case d.columns == nil:
		return nil, false, d.header(fields, start)
	}
	row, err = d.row(fields, start)
	return row, false, err
}

func (d *csvDecoder) header(fields []string, off int) error {
	seen := map[string]bool{}
	for i, f := range fields {
		f = strings.TrimSpace(f)
		if f == "" {
			return d.fail(CodeColumns, off, "column %d of the header line has no name", i+1)
		}
		if seen[f] {
			return under(d.fail(CodeDuplicate, off, "column %d of the header line has the name of an earlier one", i+1), f)
		}
		seen[f] = true
		fields[i] = f
	}
	d.columns = fields
	return nil
}

func (d *csvDecoder) row(fields []string, off int) (any, error) {
	if len(fields) != len(d.columns) {
		return nil, d.fail(CodeColumns, off, "the line has %d fields, the header %d", len(fields), len(d.columns))
	}
	if d.nodes += len(fields) + 1; d.nodes > d.limits.Nodes {
		return nil, d.fail(CodeNodes, off, "the file has more than %d values", d.limits.Nodes)
	}
	row := make(map[string]any, len(fields))
	for i, f := range fields {
		row[d.columns[i]] = f
	}
	return row, nil
}

// line decodes one record, which may span lines inside quotes.
func (d *csvDecoder) line() ([]string, error) {
	var fields []string
	for {
		f, err := d.field()
		if err != nil {
			return nil, err
		}
		if fields = append(fields, f); len(fields) > d.limits.Nodes {
			return nil, d.fail(CodeNodes, d.pos, "the file has more than %d values", d.limits.Nodes)
		}
		if d.pos == len(d.b) || d.b[d.pos] != d.delimiter || d.delimiter == 0 {
			d.endLine()
			return fields, nil
		}
		d.pos++
	}
}

// endLine steps over LF, CR LF or CR.
func (d *csvDecoder) endLine() {
	if d.pos < len(d.b) && d.b[d.pos] == '\r' {
		d.pos++
	}
	if d.pos < len(d.b) && d.b[d.pos] == '\n' {
		d.pos++
	}
}

func (d *csvDecoder) field() (string, error) {
	start := d.pos
	if d.quote != 0 && start < len(d.b) && d.b[start] == d.quote {
		return d.quoted()
	}
	for d.pos < len(d.b) {
		c := d.b[d.pos]
		if c == '\n' || c == '\r' || d.delimiter != 0 && c == d.delimiter {
			break
		}
		if d.quote != 0 && c == d.quote {
			return "", d.fail(CodeSyntax, d.pos, "a quote stands inside a field that does not begin with one")
		}
		d.pos++
	}
	return d.text(string(d.b[start:d.pos]), start)
}

func (d *csvDecoder) quoted() (string, error) {
	start := d.pos
	var out []byte
	for d.pos++; d.pos < len(d.b); d.pos++ {
		c := d.b[d.pos]
		if c != d.quote {
			out = append(out, c)
			continue
		}
		d.pos++
		if d.pos < len(d.b) && d.b[d.pos] == d.quote {
			out = append(out, c)
			continue
		}
		if d.pos < len(d.b) && d.b[d.pos] != d.delimiter && d.b[d.pos] != '\n' && d.b[d.pos] != '\r' {
			return "", d.fail(CodeSyntax, d.pos, "something follows the closing quote of a field")
		}
		return d.text(string(out), start)
	}
	return "", d.fail(CodeSyntax, start, "the quote that begins here is not closed")
}

func (d *csvDecoder) text(s string, off int) (string, error) {
	if len(s) > d.limits.Text {
		return "", d.fail(CodeText, off, "the field is longer than %d bytes", d.limits.Text)
	}
	if d.guard != 0 && len(s) > 1 && s[0] == d.guard && strings.IndexByte("=+-@", s[1]) >= 0 {
		s = s[1:]
	}
	return nfc(s), nil
}

// emptyLine tells whether a line has nothing; of one column that is a value.
func (d *csvDecoder) emptyLine(fields []string) bool {
	return len(fields) == 1 && fields[0] == "" && (d.columns == nil || len(d.columns) > 1)
}
