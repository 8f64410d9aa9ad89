package encode

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping/charset"
)

// TestProblems shows every complaint about a layout at once, with its place.
func TestProblems(t *testing.T) {
	t.Parallel()
	specs := map[string]Spec{
		"general": {Format: "fixde", Charset: "utf-9", LineEnding: "unix", Overflow: "yes", Control: "x", Zone: "Local", BOM: true},
		"nothing": {},
		"nel":     {Format: "csv", Charset: "us-ascii", LineEnding: "nel", CSV: CSVSpec{Delimiter: "::", Quote: "some"}},
		"utf-16":  {Format: "fixed", Charset: "utf-16le", BOM: true},
		"empty":   {Format: "fixed"},
		"both":    {Format: "fixed", Fields: []FieldSpec{{Name: "A", Width: 1}}, Records: map[string]RecordSpec{"x": {}}},
		"fields": {Format: "fixed", Charset: "iso-8859-1", Fields: []FieldSpec{
			{}, {Name: "A", Width: 2}, {Name: "A", Width: 2, At: 9}, {Name: "B", Width: 2, Type: "money"},
			{Name: "C", Width: 2, Type: "integer", Decimals: 2, Overflow: "cut"}, {Name: "D", Width: 2, Decimals: 2, Sign: "none"},
			{Name: "E", Width: 8, Type: "date", Pattern: "YYYY"}, {Name: "F", Width: 8, Type: "date", Pattern: "HHmm"},
			{Name: "G", Width: 8, Pattern: "yyyy"}, {Name: "H", Width: 8, Pad: "€"}, {Name: "I", Width: 8, Type: "integer", Align: "left", Pad: "0"},
			{Value: ptr("€"), Width: 3}, {Value: ptr("long"), Width: 3}, {Name: "J", Width: 3, Unmappable: charset.Unmappable{Said: true, Replace: "??"}}, {Name: "K", Width: 3, Unmappable: charset.Unmappable{Said: true, Replace: "€", Transliterate: []string{"din"}}},
			{Name: "L", Width: 3, Type: "decimal", Decimals: 99, Point: "12"}, {Name: "M", Width: 8, Type: "datetime", Zone: "Mars"},
		}},
		"lines": {Format: "fixed", Fields: []FieldSpec{{Name: "A", Width: 2}, {Name: "N", Width: 2, Type: "integer"}},
			Header:      []LineSpec{{}, row("", FieldSpec{Name: "A", Width: 3}), row("", value("", "{sum}", 3), value("", "{", 3), value("", "{seq:x}", 3), value("", "{date:YY}", 9))},
			Trailer:     []LineSpec{row("", value("", "{total:A}", 3), value("", "{total:X}", 3), value("", "{total}", 3), value("", "{total:N}", 3), value("", "{name:x}", 3))},
			ControlFile: &ControlSpec{Text: "{what}"}},
		"xml": {Format: "xml", XML: XMLSpec{Root: "a b", Record: "xmlx"}, Fields: []FieldSpec{{Name: "1A"}, {Name: "B", XML: "@"}, {Name: "C", At: 3}, {Name: "D", Type: "decimal", Implied: true}},
			Header: []LineSpec{row("", value("x", "y", 0))}},
		"json":  {Format: "json", Fields: []FieldSpec{{Value: ptr("x")}, {Name: "N", Type: "integer", IfNull: ptr("none")}}, Trailer: []LineSpec{row("t", value("x", "y", 0))}},
		"json2": {Format: "json", Fields: []FieldSpec{{Value: ptr("x")}, {Name: "N", Type: "integer", IfNull: ptr("none")}}},
	}
	var out strings.Builder
	names := make([]string, 0, len(specs))
	for n := range specs {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		l, problems := NewLayout(specs[n])
		if l != nil || len(problems) == 0 {
			t.Errorf("%s: no problem found", n)
		}
		lines := make([]string, 0, len(problems))
		for _, p := range problems {
			s := p.String()
			if p.Suggestion != "" {
				s += " [" + p.Suggestion + "]"
			}
			lines = append(lines, s)
		}
		slices.Sort(lines)
		fmt.Fprintf(&out, "== %s\n%s\n", n, strings.Join(lines, "\n"))
	}
	golden(t, "problems.txt", []byte(out.String()))
}
