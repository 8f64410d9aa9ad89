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
		if _, ok := predicates[name]; ok {
			fmt.Fprintf(&b, "| `%s` | %s |\n", name, cell(predicateUsage[name]))
		}
	}
	return b.String()
}

var predicateUsage = map[string]string{
	"filter": "filter(list, condition): the items for which it is true",
	"map":    "map(list, expression): a list of its values",
	"find":   "find(list, condition): the first item for which it is true, else missing",
	"any":    "any(list, condition): true for at least one item",
	"all":    "all(list, condition): true for every item, also of an empty list",
	"none":   "none(list, condition): true for no item",
	"one":    "one(list, condition): true for exactly one item",
	"count":  "count(list[, condition]): number of items",
	"sum":    "sum(list[, expression]): exact sum; missing and null items count as nothing",
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
