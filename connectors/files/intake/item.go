package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// item is a form that was handed out and is not settled yet.
type item struct {
	*candidate
	content []byte
	till    time.Time // until when somebody may still write to it
	moved   string    // where it was moved to, while it is not known whether it was this form
	firm    bool      // it had stood still for so long when it was read that any change since shows in its times
}

// clockGrain is how long after a change another one may bear the same time: the clock of the file system ticks some times a
// second, and may differ from the agent's by what probeClock lets pass.
const clockGrain = clockTolerance + 100*time.Millisecond

// takeReady reads up to max ready forms, by two workers when there are many.
func (s *source) takeReady(ctx context.Context, max int) ([]*item, error) {
	n := &s.next
	k := oneRead(n.ready, max)
	if k == 0 {
		return nil, nil
	}
	s.mu.Lock()
	items := make([]*item, 0, k)
	for _, g := range n.ready[:k] {
		if s.inflight[g.form.Name] == nil {
			it := &item{candidate: g}
			s.inflight[g.form.Name] = it
			items = append(items, it)
		}
	}
	s.mu.Unlock()
	clear(n.ready[:k])
	if n.ready = n.ready[k:]; len(n.ready) == 0 {
		n.ready = nil
	}
	failed := make([]error, len(items))
	now := s.env.Clock.Now()
	inTwo(len(items), func(i int) { failed[i] = s.readItem(ctx, items[i], now) })
	var err error
	out := items[:0]
	for i, it := range items {
		if failed[i] == nil {
			delete(n.unread, it.form.Name)
			out = append(out, it)
			continue
		}
		s.forget(it.form.Name)
		if e := s.notRead(ctx, it, failed[i]); e != nil {
			err = e
		}
	}
	return out, err
}

// readItem reads a form. From then on the item tells the file that was read, not the one that was seen.
func (s *source) readItem(ctx context.Context, it *item, now time.Time) error {
	g := *it.candidate
	if g.unseen != nil { // without what belongs to it, it would be half a form
		return g.unseen
	}
	c, err := s.read(ctx, g.form)
	name := g.form.Name
	it.content, g.form.Info = c.Bytes, c.Info
	g.form.Name = name
	it.candidate, it.till = &g, now.Add(recheckFor)
	if s.next.trusted {
		it.firm, it.till = now.Sub(g.form.Touched) >= clockGrain, g.form.Touched.Add(recheckFor)
	}
	if c.Alone && it.firm {
		it.till = time.Time{} // nobody can write on into it
	}
	return err
}

// notRead puts a form back that was ready and could not be read. What is the place's fault is returned.
func (s *source) notRead(ctx context.Context, it *item, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, place.ErrSpecial) {
		delete(s.next.unread, it.form.Name)
		return nil
	}
	now := s.env.Clock.Now()
	w := &waiting{seen: it.candidate, since: now, due: now.Add(max(s.cfg.Quiet, min(s.cfg.Poll, time.Second)))}
	if errors.Is(err, errChanged) {
		s.park(it.form.Name, w)
		return nil
	}
	if place.AtFault(err) {
		s.park(it.form.Name, w)
		return err
	}
	if errors.Is(err, place.ErrBusy) {
		if now.Sub(s.unreadSince(it.form.Name, now)) >= retryAfter && !now.Before(s.next.tellBusy) {
			s.next.tellBusy = now.Add(unreadable)
			s.notice(CodeBusy, "a program holds a form open for writing; it is taken once that program closes it")
		}
		s.park(it.form.Name, w)
		return nil
	}
	// No right to read it, a broken disk, or on Windows somebody still writes it.
	if now.Sub(s.unreadSince(it.form.Name, now)) >= unreadable {
		s.setAside(ctx, it.form.Name, w, it.candidate, place.CodePermission,
			fmt.Sprintf("The file could not be read for %s: its rights, its owner or the disk are in the way.", unreadable), now)
		return nil
	}
	w.due = now.Add(max(s.cfg.Poll, time.Second))
	if !now.Before(s.next.tellRead) {
		s.next.tellRead = now.Add(retryAfter)
		s.notice(place.CodePermission, "a file in the folder cannot be read")
	}
	s.park(it.form.Name, w)
	return nil
}

// unreadSince remembers when a file could not be read for the first time.
func (s *source) unreadSince(name string, now time.Time) time.Time {
	n := &s.next
	if n.unread == nil || len(n.unread) >= place.Portion {
		n.unread = map[string]time.Time{} // they wait longer, which is better than to grow without end
	}
	if _, known := n.unread[name]; !known {
		n.unread[name] = now
	}
	return n.unread[name]
}

// holds looks at what was moved: between the last look and the renaming another form of that name may have come. Where
// its identity and times do not prove that it is the one that was read, its bytes do.
func (s *source) holds(it *item) ours {
	return func(ctx context.Context, path string) (bool, error) {
		if it.firm {
			t, err := s.stat(ctx, path)
			if err != nil {
				return goneIsOurs(err)
			}
			if it.firm && it.form.sameFile(t.Info) {
				return true, nil
			}
		}
		c, err := s.place.Read(ctx, path, int64(len(it.content))+1)
		if err != nil {
			return goneIsOurs(err)
		}
		return bytes.Equal(c.Bytes, it.content), nil
	}
}

// lies tells whether the file that was read lies under its name in the folder: where no identity tells, its bytes do.
func (s *source) lies(it *item) bool {
	t, err := s.stat(s.life, it.form.Name)
	if err != nil || t.ID != (place.ID{}) {
		return err == nil && t.sameFile(it.form.Info)
	}
	c, err := s.place.Read(s.life, it.form.Name, int64(len(it.content))+1)
	return err == nil && bytes.Equal(c.Bytes, it.content)
}

// ours tells of a moved file whether it is the one that was read.
type ours func(ctx context.Context, path string) (bool, error)

// goneIsOurs says of a file that cannot be looked at: taken away from where it was moved to, it was ours; where it cannot be
// read, that is not known and so not believed. What the place is at fault for says nothing.
func goneIsOurs(err error) (bool, error) {
	return errors.Is(err, fs.ErrNotExist), faultOnly(err)
}
