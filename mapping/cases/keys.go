package cases

import (
	"fmt"
	"slices"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/source"
)

// compareKeys compares by what people find the form. A key that cannot be computed has its code for a value.
func compareKeys(t source.Case, keys []mapping.Key) (diffs []string) {
	for _, e := range t.ExpectKeys {
		want := []string{}
		switch e.Value.Kind {
		case diag.Null:
		case diag.List:
			for _, item := range e.Value.Items {
				want = append(want, item.Text)
			}
		default:
			want = append(want, e.Value.Text)
		}
		have := []string{}
		for _, k := range keys {
			if k.Name == e.Key {
				have = append(have, k.Value+k.Failed) // it has one of them
			}
		}
		if !slices.Equal(want, have) {
			diffs = append(diffs, fmt.Sprintf("expect-keys %s: want %q, have %q", e.Key, want, have))
		}
	}
	return diffs
}
