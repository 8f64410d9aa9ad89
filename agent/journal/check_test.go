package journal_test

import "github.com/inbasket/inbasket/agent/journal/checking"

// check holds the journal against what must always be true of it.
func (r *rig) check() {
	r.Helper()
	r.must(checking.Of(r.Journal).Check(r.ctx()))
	c, err := r.Checkup(r.ctx(), checking.CheckupOrder{Full: true})
	r.must(err)
	if len(c.Findings) > 0 {
		r.Fatalf("%+v", c.Findings)
	}
}
