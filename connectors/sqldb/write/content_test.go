package write

import (
	"fmt"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// TestPortions: what a database is given whole at once has no more content than a column takes, but for single records.
func TestPortions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		op   connectors.Op
		mib  []int64
		want string
	}{
		{"none", connectors.Insert, []int64{0, 0, 0}, "[3] [0]"},
		{"all fit", connectors.Insert, []int64{30, 0, 34}, "[3] [64]"},
		{"one by one", connectors.Upsert, []int64{60, 60, 60}, "[1 1 1] [60 60 60]"},
		{"small ones go along", connectors.Insert, []int64{1, 60, 0, 4, 60, 0}, "[3 3] [61 64]"},
		{"more than a column takes is refused where it is read", connectors.Insert, []int64{1, 70, 1}, "[1 1 1] [1 70 1]"},
		{"children that are replaced go together", connectors.ReplaceChildren, []int64{60, 60}, "[2] [120]"},
		{"or not at all", connectors.ReplaceChildren, []int64{60, 60, 60}, "write to T: sql.too-large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var parts []part
			for _, n := range c.mib {
				parts = append(parts, part{0, &connectors.Record{Values: []connectors.Value{{Kind: connectors.Binary, Blob: &connectors.Blob{Size: n << 20}}, {}}}, 1})
			}
			cut, sizes, err := portions(&connectors.Shape{Op: c.op, Object: "T"}, parts)
			var lens []int
			for i := range cut {
				lens, sizes[i] = append(lens, len(cut[i])), sizes[i]>>20
			}
			have := fmt.Sprint(lens, sizes)
			if err != nil {
				have = err.Error()
			}
			if have != c.want {
				t.Errorf("have %s, want %s", have, c.want)
			}
		})
	}
}
