package mapping

import (
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/wording"
)

// Words are what the mapping has its senders told of a field error.
type Words struct {
	Language string                       // of the catalogue; "": the messages are for who builds the front office
	Own      map[string]map[string]string // by FieldKey and code; without a code for all others
}

// said puts an error of a field into the words that its sender is told.
func (w *Words) said(e schema.FieldError, field string) schema.FieldError {
	own := w.Own[field]
	text, there := own[e.Code]
	if !there {
		text, there = own[""]
	}
	switch {
	case there:
		e.Message = text
	case w.Language != "" && e.Code != value.CodeRejected: // which has the words of fail()
		e.Message = wording.Say(w.Language, e.Code, e.Want)
	}
	return e
}

// FieldKey is a field as Words knows it: a JSON Pointer without the indexes of lists.
func FieldKey(abs []expr.Step) string {
	var b strings.Builder
	for _, s := range abs {
		if s.Name != "" {
			b.WriteString("/" + expr.PointerEscape.Replace(s.Name))
		}
	}
	return b.String()
}

// keyOf is the field of a way; nil is none.
func keyOf(way *expr.Path) string {
	if way == nil {
		return ""
	}
	return FieldKey(way.Abs)
}

var pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")

// fieldAt is the field, as Words knows it, that a JSON Pointer leads to in a form.
func fieldAt(form any, pointer string) string {
	var key strings.Builder
	for _, step := range strings.Split(pointer, "/")[1:] {
		switch x := form.(type) {
		case []any:
			form = nil
			if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(x) {
				form = x[i]
			}
			continue
		case map[string]any:
			form = x[pointerUnescape.Replace(step)]
		default:
			form = nil
		}
		key.WriteString("/" + step)
	}
	return key.String()
}
