package intake

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
)

// referenceLimit is how many characters a reference may have.
const referenceLimit = 200

// nothing says why what was decoded is no form at all; empty: it may be one. An object or a list without anything in it
// may be: what it writes, and whether that may be nothing, is the mapping's business.
func nothing(form mapping.Form, format string) string {
	switch x := form.(type) {
	case map[string]any:
		if len(x) == 0 && decode.FormatNamed(format).Fields {
			return "there is no field in the form"
		}
		return ""
	case []any:
		return ""
	case nil:
		return "the form is null: there is nothing in it"
	}
	return "the form is a single value: an object or a list is needed"
}

// UnreadName is the reference of a form file as long as its own cannot be read. The file's name is none: a citizen may have chosen it.
func (f *Intake) UnreadName(transport string) string {
	name := f.Journal.Pseudonym(transport)
	return fmt.Sprintf("file-%x", name[:12])
}

// improper says why a text cannot be a reference; empty: it can. People compare references by eye, and they travel in
// file names, headers and logs of others: what cannot be seen in one tells two apart that look the same.
func improper(ref string) string {
	if !utf8.ValidString(ref) {
		return "is not UTF-8"
	}
	if utf8.RuneCountInString(ref) > referenceLimit {
		return "is longer than 200 characters"
	}
	first, _ := utf8.DecodeRuneInString(ref)
	last, _ := utf8.DecodeLastRuneInString(ref)
	if ref != "" && (unicode.IsSpace(first) || unicode.IsSpace(last)) {
		return edgeBlank
	}
	for _, r := range ref {
		if ' ' <= r && r < 0x7f {
			continue
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) || unicode.Is(unicode.Noncharacter_Code_Point, r) ||
			unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) {
			return "has a character that nobody sees"
		}
	}
	return ""
}

const edgeBlank = "begins or ends with a blank"

// edged tells whether any text of a form begins or ends with a blank, so that a blank at the end of a reference may be the form's:
// else the mapping has put it there.
func edged(form mapping.Form) bool {
	switch x := form.(type) {
	case string:
		return x != strings.TrimSpace(x)
	case []any:
		return slices.ContainsFunc(x, edged)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(x)), edged)
	}
	return false
}

// refuseReference rejects a form for its reference. Who posted it is told at once, and nothing is kept; but one that was
// accepted under that reference by an older program stays known.
func (a *arrival) refuseReference(reason, ref string) {
	a.entry.Reject = []journal.FieldError{{Code: CodeReference, Message: "the reference " + reason}}
	a.entry.Why = &journal.Reason{Code: CodeReference, Text: "the form's reference " + reason}
	if a.item.Transport == "" { // posted: only compared
		a.entry.Reference = ref
	}
}
