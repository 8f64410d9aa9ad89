package journal_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/engine"
)

const checkPage = 1000 // submissions that the check reads at a time

// recorder remembers the statements that were run.
type recorder struct {
	engine.Session
	statements map[string][]any
}

func (r recorder) Query(sql string, args []any, each func(engine.Row) error) error {
	r.statements[sql] = args
	return r.Session.Query(sql, args, each)
}

// TestCheckupIsLinear counts the rows and the statements of a check: twice as many submissions are twice as much work, since
// every row is read once and no statement looks for its rows among all others.
func TestCheckupIsLinear(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill("a", checkPage)
	rows, statements, run := r.checked()
	r.fill("b", 3*checkPage)
	rows4, statements4, _ := r.checked()
	if rows4 > 4*rows || rows > 8*checkPage {
		t.Errorf("%d rows are read of %d submissions, %d of four times as many", rows, checkPage, rows4)
	}
	if statements4 > 4*statements {
		t.Errorf("%d statements for %d submissions, %d for four times as many", statements, checkPage, statements4)
	}
	whole := []string{"SCAN p", "SCAN batch", "SCAN result", "SCAN tally", "SCAN m", "SCAN w"} // once, and not for each page
	r.must(r.Read(r.ctx(), func(l *journal.Look) {
		for _, sql := range slices.Sorted(maps.Keys(run)) {
			if strings.HasPrefix(sql, "PRAGMA") {
				continue
			}
			plan := journal.All[struct {
				ID, Parent, Unused int64
				Detail             string
			}](l, "EXPLAIN QUERY PLAN "+sql, run[sql]...)
			for _, step := range plan {
				if strings.HasPrefix(step.Detail, "SCAN") && !slices.ContainsFunc(whole, func(s string) bool { return strings.HasPrefix(step.Detail, s) }) {
					t.Errorf("%s: %s", sql, step.Detail)
				}
			}
		}
	}))
}

// fill accepts so many submissions for two targets, of which one has them.
func (r *rig) fill(name string, n int) {
	r.Helper()
	var arrivals []journal.Arrival
	var changes []journal.Change
	for i := range n {
		a := arrival(fmt.Sprint(name, i), "register", "archive")
		a.Office = "portal"
		arrivals = append(arrivals, a)
	}
	for _, a := range r.accept(arrivals...) {
		changes = append(changes, journal.Change{ID: a.ID, Target: "register", To: journal.Done, Attempt: true})
	}
	r.must(r.Apply(r.ctx(), changes))
}

// checked checks the journal and tells how much it read.
func (r *rig) checked() (rows, statements int64, run map[string][]any) {
	r.Helper()
	run = map[string][]any{}
	count := func(l *journal.Look) {
		if _, ok := l.Conn.Session.(recorder); !ok {
			l.Conn.Session = recorder{l.Conn.Session, run}
		}
		rows, statements = rows+l.Conn.Rows, statements+l.Conn.Statements
	}
	// Every connection at once, so that each is found.
	each := func() {
		rows, statements = 0, 0
		r.must(r.Read(r.ctx(), func(l *journal.Look) {
			count(l)
			r.must(r.Read(r.ctx(), func(l *journal.Look) {
				count(l)
				r.must(r.Read(r.ctx(), count))
			}))
		}))
	}
	each()
	rows0, statements0 := rows, statements
	found, err := r.Checkup(r.ctx(), checking.CheckupOrder{})
	r.must(err)
	if len(found.Findings) > 0 {
		r.Errorf("%+v", found.Findings)
	}
	each()
	return rows - rows0, statements - statements0, run
}
