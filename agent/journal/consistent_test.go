package journal

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

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
	r.must(r.read(r.ctx(), func(l *look) {
		for _, sql := range slices.Sorted(maps.Keys(run)) {
			plan := all[struct {
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
	var arrivals []Arrival
	var changes []Change
	for i := range n {
		a := arrival(fmt.Sprint(name, i), "register", "archive")
		a.Office = "portal"
		arrivals = append(arrivals, a)
	}
	for _, a := range r.accept(arrivals...) {
		changes = append(changes, Change{ID: a.ID, Target: "register", To: Done, Attempt: true})
	}
	r.must(r.Apply(r.ctx(), changes))
}

// checked checks the journal and tells how much it read.
func (r *rig) checked() (rows, statements int64, run map[string][]any) {
	r.Helper()
	run = map[string][]any{}
	r.must(r.read(r.ctx(), func(l *look) {
		c := l.c
		s, before := c.Session, *c
		c.Session = recorder{s, run}
		defer func() { c.Session = s }()
		var found Checkup
		found.consistent(r.ctx(), l)
		if len(found.Findings) > 0 {
			r.Errorf("%+v", found.Findings)
		}
		rows, statements = c.Rows-before.Rows, c.Statements-before.Statements
	}))
	return rows, statements, run
}
