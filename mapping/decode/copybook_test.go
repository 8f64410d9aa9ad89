package decode

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMainframeSample reads a real EBCDIC file by three code pages and compares with what another
// program made of it.
func TestMainframeSample(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..", "shared", "samples", "copybook")
	b, err := os.ReadFile(filepath.Join(root, "transactions.dat"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the sample is missing: %v", err)
		}
		t.Skipf("the sample is missing: %v", err)
	}
	fields := []FixedField{{Name: "CURRENCY", Width: 3, Keep: true}, {Name: "SIGNATURE", Width: 8, Keep: true},
		{Name: "COMPANY_NAME_NP", Width: 15, Keep: true}, {Name: "COMPANY_ID", Width: 10, Keep: true}}
	for _, page := range []string{"037", "273", "1141"} {
		want, err := os.ReadFile(filepath.Join(root, "transactions.expected.cp"+page+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := Fixed(b, FixedOptions{Charset: "ibm" + page, Length: 45, Fields: fields}, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		rows := v.([]any)
		for i, line := range bytes.Split(bytes.TrimSpace(want), []byte("\n")) {
			var w map[string]any
			if err := json.Unmarshal(line, &w); err != nil {
				t.Fatal(err)
			}
			for _, f := range fields {
				got, expected := rows[i].(map[string]any)[f.Name].(string), w[f.Name].(string)
				if visible(got) != visible(nfc(expected)) {
					t.Errorf("cp%s record %d %s: %q, want %q", page, i, f.Name, got, expected)
				}
			}
		}
	}
}

// visible makes control characters blanks, as the other program did, and drops blanks at the ends.
func visible(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7F && r < 0xA0 {
			return ' '
		}
		return r
	}, s), " ")
}
