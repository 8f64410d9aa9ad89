package journal_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// content returns what a submission said, also a purged one.
func (m *model) content(id journal.ID) string {
	if s, ok := m.subs[id]; ok {
		return s.content
	}
	return m.gone[id]
}

// purge purges one submission, if its life is over.
func (m *model) purge(t *rapid.T) {
	id, s := m.pick(t)
	over := s.state == journal.Closed || s.state == journal.Rejected || s.state == journal.Decided || s.state == journal.Delivered && s.final
	for _, p := range s.to {
		over = over && !states.ProgressOf(string(p)).Left()
	}
	over = over && (s.batch == 0 || m.closed[s.batch-1])
	var run int64
	m.must(m.try(t, func() (err error) { run, err = m.StartPurge(m.ctx()); return err }))
	m.must(m.try(t, func() error { _, err := m.Purge(m.ctx(), []journal.ID{id}, purging.PurgeOrder{Run: run}); return err }))
	v, err := m.Show(m.ctx(), id)
	m.must(err)
	if gone := v.State == journal.Purged; gone != over {
		t.Fatalf("%s, which was %s with %v, is purged: %v", id, s.state, s.to, gone)
	}
	if over {
		m.gone[id] = s.content
		delete(m.subs, id)
		m.order = slices.DeleteFunc(m.order, func(x journal.ID) bool { return x == id })
	}
	if rapid.Bool().Draw(t, "scrub") {
		m.scrub()
	}
}
