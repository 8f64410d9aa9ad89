package lane

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/prepare"
)

// TestGroupContent: a group holds no more content than is given to a database whole, but one delivery may have more.
func TestGroupContent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		mib  []int64
		want string
	}{
		{"without content all go", []int64{0, 0, 0, 0}, "[1 2 3 4]"},
		{"small ones go along", []int64{30, 0, 34, 0}, "[1 2 3 4]"},
		{"others wait, and do not hold up what has none", []int64{60, 60, 0, 60, 4}, "[1 3 5] [2] [4]"},
		{"more than fits goes alone", []int64{300, 1, 0}, "[1] [2 3]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := queue{full: func(int, int64) bool { return false }}
			q.init()
			for i, mib := range c.mib {
				q.admit([]*parcel{{Parcel: prepare.Parcel{ID: journal.ID(i + 1), Content: mib << 20}}}, true)
			}
			have := ""
			for len(q.list) > 0 {
				group, _ := q.pick(time.Now(), time.Hour, 10, math.MaxInt)
				var ids []int64
				for _, p := range group {
					ids = append(ids, int64(p.ID))
				}
				have += fmt.Sprint(" ", ids)
			}
			if have != " "+c.want {
				t.Errorf("have%s, want %s", have, c.want)
			}
		})
	}
}
