package reading

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/searching"
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
		sql, args := where(journal.Filter{State: journal.Parked}, heldDeliveries(l), conditions{})
		whole := planOf(l, sql, args)
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

// What has a key is found by the key alone.
func TestKeyByIndex(t *testing.T) {
	t.Parallel()
	j, err := journal.Open(t.Context(), t.TempDir(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	if err := j.Put(t.Context(), "add a key", "INSERT INTO search(name, value, sub, keep) VALUES(?, ?, ?, ?)", engine.Word("plate"), []byte("~b1"), 7, 1); err != nil {
		t.Fatal(err)
	}
	err = j.Read(t.Context(), func(l *journal.Look) {
		var c conditions
		cond, with := searching.Having(l, "plate", "B-1")
		c.add(cond, with...)
		sql, args := where(journal.Filter{Key: "plate", Value: "B-1"}, "", c)
		whole := planOf(l, sql, args)
		if !strings.Contains(whole, "SEARCH search USING PRIMARY KEY (name=? AND value=?)") || !strings.Contains(whole, "SEARCH s USING INTEGER PRIMARY KEY (rowid=?") || strings.Contains(whole, "SCAN") {
			t.Errorf("it looks at more:\n%s", whole)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// planOf is how the engine goes through a query.
func planOf(l *journal.Look, sql string, args []any) string {
	var plan []string
	if err := engineWords(l, args); err != nil {
		l.Fail(err)
	}
	l.Fail(l.Conn.Query("EXPLAIN QUERY PLAN "+sql, args, func(row engine.Row) error {
		plan = append(plan, row.Text(3))
		return nil
	}))
	return strings.Join(plan, "\n")
}

// engineWords puts the numbers of words in their place.
func engineWords(l *journal.Look, args []any) (err error) {
	for n, a := range args {
		if w, ok := a.(engine.Word); ok && err == nil {
			args[n], err = l.Conn.Words.Number(l.Conn, string(w))
		}
	}
	return err
}
