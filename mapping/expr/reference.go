package expr

import (
	"fmt"
	"strings"
)

// Reference is the list of helpers in Markdown, with what each does with missing, null and "".
func Reference() string {
	var b strings.Builder
	b.WriteString("# Helpers of mapping expressions\n\nGenerated from the program. A piped value is the first argument: `x | trim()` is `trim(x)`.\n")
	for _, part := range []struct {
		title string
		table map[string]helper
	}{{"Text", textHelpers}, {"Numbers", numberHelpers}, {"Dates and times", dateHelpers}, {"Lists and absent values", listHelpers}} {
		fmt.Fprintf(&b, "\n## %s\n\n| helper | how it is written and what it does | missing, null and \"\" |\n| --- | --- | --- |\n", part.title)
		for _, name := range helperNames() {
			if h, ok := part.table[name]; ok {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, cell(h.usage), cell(h.absent))
			}
		}
	}
	b.WriteString("\n## Over lists\n\nA missing or null list counts as an empty one. In the condition `.amount` is a member of the item, `#` the item itself, `#index`" +
		" its number from 0.\n\n| helper | what it does |\n| --- | --- |\n")
	for _, name := range helperNames() {
		if p, ok := predicates[name]; ok {
			fmt.Fprintf(&b, "| `%s` | %s |\n", name, cell(p.usage))
		}
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
