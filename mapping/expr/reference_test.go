package expr

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping/expr/helpers"
)

var update = flag.Bool("update", false, "write the generated reference anew")

// TestReference keeps the generated reference of helpers fresh.
func TestReference(t *testing.T) {
	t.Parallel()
	name := filepath.FromSlash("../../docs/reference/helpers.md")
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(helpersPage()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != helpersPage() {
		t.Error("docs/reference/helpers.md is stale: go test ./mapping/expr -run Reference -update")
	}
	for n, p := range predicates {
		if p.usage == "" {
			t.Errorf("%s is not described", n)
		}
	}
	for _, n := range callable {
		if h, ok := helpers.Find(n); ok && (h.Usage == "" || h.Absent == "" || h.Example == "") {
			t.Errorf("%s is not described", n)
		}
	}
}

// helpersPage is the list of helpers in Markdown, with what each does with missing, null and "".
func helpersPage() string {
	var b strings.Builder
	b.WriteString("# Helpers of mapping expressions\n\nGenerated from the program. A piped value is the first argument: `x | trim()` is `trim(x)`. Every way of writing a helper can be typed as it stands.\n")
	for _, part := range helpers.Parts {
		fmt.Fprintf(&b, "\n## %s\n\n| helper | how it is written and what it does | missing, null and \"\" | example |\n| --- | --- | --- | --- |\n", part.Title)
		for _, name := range callable {
			if h, ok := part.Helpers[name]; ok {
				example := ""
				if h.Example != "" {
					example = "`" + h.Example + "`"
				}
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, cell(h.Usage), cell(h.Absent), cell(example))
			}
		}
	}
	b.WriteString("\n## Over lists\n\nA missing or null list counts as an empty one. In the condition `.amount` is a member of the item, `#` the item itself, `#index`" +
		" its number from 0, `#outer` the item of the list around this one.\n\n| helper | what it does |\n| --- | --- |\n")
	for _, name := range callable {
		if p, ok := predicates[name]; ok {
			fmt.Fprintf(&b, "| `%s` | %s |\n", name, cell(p.usage))
		}
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
