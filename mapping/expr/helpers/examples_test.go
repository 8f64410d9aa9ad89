package helpers_test

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/test/expressions"
)

// TestExamples: what the reference shows as the value of a helper is its value.
func TestExamples(t *testing.T) {
	var table [][2]string
	for _, p := range helpers.Parts {
		for name, h := range p.Helpers {
			text, want, ok := strings.Cut(h.Example, " = ")
			if h.Example != "" && (!ok || !strings.Contains(text, name+"(")) {
				t.Errorf("%s: %q is no example of it", name, h.Example)
			}
			if ok {
				table = append(table, [2]string{text, want})
			}
		}
	}
	if len(table) == 0 {
		t.Error("no example was found")
	}
	expressions.Computes(t, table)
}
