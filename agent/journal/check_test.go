package journal

// check holds the journal against what must always be true of it.
func (r *rig) check() {
	r.Helper()
	r.must(r.Journal.Check(r.ctx()))
	c, err := r.Checkup(r.ctx(), CheckupOrder{Full: true})
	r.must(err)
	if len(c.Findings) > 0 {
		r.Fatalf("%+v", c.Findings)
	}
}
