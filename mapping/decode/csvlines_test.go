package decode

import (
	"fmt"
	"testing"
)

// TestCSVLines keeps bad lines apart by their numbers, and goes on with the others.
func TestCSVLines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want, bad string }{
		"good":               {"A;B\n1;x\n2;y\n", "1x@2 2y@3 ", ""},
		"too few":            {"A;B\n1;x\n2\n3;z\n", "1x@2 3z@4 ", "3-3 "},
		"too many":           {"A;B\n1;x\n2;y;z\n3;z", "1x@2 3z@4 ", "3-3 "},
		"bytes":              {"A;B\n1;\xff\xfe\n2;ü\n", "2ü@3 ", "2-2 "},
		"bytes, CR LF, BOM":  {"\xef\xbb\xbfA;B\r\n1;\xff\r\n\r\n2;y\r\n3\r\n", "2y@4 ", "2-2 5-5 "},
		"end of file":        {"A;B\n1;x\n\x1a", "1x@2 ", ""},
		"end of file, CR LF": {"A;B\r\n1;x\x1a\r\n", "1x@2 ", ""},
		"quote in a field":   {"A;B\n1;6\" pipe\n2;y\n", "2y@3 ", "2-2 "},
		"text over lines":    {"A;B\n1;\"he said \"no\"\n2;y\nand went\"\n3;z\n", "3z@5 ", "2-4 "},
		"never closed":       {"A;B\n1;\"x\n2;y\n3;z\n", "2y@3 3z@4 ", "2-2 "},
		"never closed, text": {"A;B\n0;x\n1;\"x\n2;y\nprose", "0x@2 ", "3-5 "},
		"several lines":      {"A;B\n1;\"x\ny\"\n2\n", "1x\ny@2 ", "4-4 "},
		"old Macintosh":      {"A;B\r1;x\r2\r3;z\r4\r", "1x@2 3z@4 ", "3-3 5-5 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, rows, lines, bad, err := CSVLines([]byte(c.in), CSVOptions{Delimiter: ";"}, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, skipped := "", ""
			for i, r := range rows {
				row := r.(map[string]any)
				got += fmt.Sprintf("%s%s@%d ", row["A"], row["B"], lines[i])
			}
			for _, b := range bad {
				skipped += fmt.Sprintf("%d-%d ", b.From, b.To)
				if b.Err.Line < b.From || b.Err.Line > b.To {
					t.Errorf("%v in %d", b.Err, b.From)
				}
			}
			if got != c.want || skipped != c.bad {
				t.Errorf("rows %q, bad %q", got, skipped)
			}
		})
	}
	for name, in := range map[string]string{"nothing": "", "no row": "A;B\n1\n2\n", "header": "A;A\n1;2\n", "header bytes": "A;\xff\n1;2\n"} {
		if _, _, _, _, err := CSVLines([]byte(in), CSVOptions{Delimiter: ";"}, Limits{}); err == nil {
			t.Error(name)
		}
	}
}
