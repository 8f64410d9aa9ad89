package diag

import "testing"

// TestFlowHint finds places inside of { } and [ ].
func TestFlowHint(t *testing.T) {
	t.Parallel()
	for source, inside := range map[string]bool{
		"a: {b: c(1^, 2)}": true, "a: [b in c(1^, 2)]": true, "a: c(1^, 2)": false, "a: {b: c}, d^": false, "a: '{' ^b": false, "- {a: b, ^c": true, "^a: {": false,
	} {
		column := 1
		for i, r := range source {
			if r == '^' {
				column = i + 1
			}
		}
		if got := FlowHint(source, column) != ""; got != inside {
			t.Errorf("%s: %v", source, got)
		}
	}
}
