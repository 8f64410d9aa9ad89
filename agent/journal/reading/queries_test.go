package reading

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
)

// What is parked is found by the indexes over it, also where a delivery is parked of a submission that is not: nothing looks at all that is done.
func TestParkedByIndex(t *testing.T) {
	t.Parallel()
	j, err := journal.Open(t.Context(), t.TempDir(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	err = j.Read(t.Context(), func(l *journal.Look) {
		sql, args := where(journal.Filter{State: journal.Parked}, heldDeliveries(l))
		var plan []string
		l.Fail(l.Conn.Query("EXPLAIN QUERY PLAN "+sql, args, func(row engine.Row) error {
			plan = append(plan, row.Text(3))
			return nil
		}))
		whole := strings.Join(plan, "\n")
		for _, index := range []string{"submission_parked", "delivery_stops", "SEARCH s USING INTEGER PRIMARY KEY (rowid=?"} {
			if !strings.Contains(whole, index) {
				t.Errorf("nothing goes by %s:\n%s", index, whole)
			}
		}
		if strings.Contains(whole, "CORRELATED") || strings.Contains(whole, "rowid>?") {
			t.Errorf("it looks at all:\n%s", whole)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
