package settle

import (
	"slices"
	"testing"
)

// The word after --mapping may be left out, stand apart or be joined to it.
func TestNewMapping(t *testing.T) {
	for name, x := range map[string]struct {
		set         bool
		value       string
		given, rest []string
		want, fails bool
	}{
		"none":   {given: []string{"ID"}, rest: []string{"ID"}},
		"bare":   {set: true, value: newest, given: []string{"ID"}, rest: []string{"ID"}, want: true},
		"apart":  {set: true, value: newest, given: []string{"ID", "new"}, rest: []string{"ID"}, want: true},
		"joined": {set: true, value: "new", given: []string{"ID"}, rest: []string{"ID"}, want: true},
		"old":    {set: true, value: "old", fails: true},
	} {
		got, rest, err := newMapping(x.set, x.value, x.given)
		if got != x.want || !slices.Equal(rest, x.rest) || (err != nil) != x.fails {
			t.Errorf("%s: %v %v %v", name, got, rest, err)
		}
	}
}
