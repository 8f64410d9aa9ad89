package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// item is a form that was handed out and is not settled yet.
type item struct {
	*sight
	content []byte
	till    time.Time // until when somebody may still write to it
	firm    bool      // it had stood still for so long when it was read that any change since shows in its times
}

// grain is how long after a change another one may bear the same time: the clock of the file system ticks some times a
// second, and may differ from the agent's by what probeClock lets pass.
const grain = clockTolerance + 100*time.Millisecond

// takeReady reads up to max ready forms, by two workers when there are many.
func (s *source) takeReady(max int) []*item {
	n := &s.next
	k := oneRead(n.ready, max)
	if k == 0 {
		return nil
	}
	s.mu.Lock()
	items := make([]*item, 0, k)
	for _, g := range n.ready[:k] {
		if s.inflight[g.form.name] == nil {
			it := &item{sight: g}
			s.inflight[g.form.name] = it
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
	inTwo(len(items), func(i int) { failed[i] = s.readItem(items[i], now) })
	out := items[:0]
	for i, it := range items {
		if failed[i] == nil {
			delete(n.unread, it.form.name)
			out = append(out, it)
			continue
		}
		s.forget(it.form.name)
		s.notRead(it, failed[i])
	}
	return out
}

// readItem reads a form. From then on the item tells the file that was read, not the one that was seen.
func (s *source) readItem(it *item, now time.Time) (err error) {
	g := *it.sight
	var alone bool
	it.content, g.form, alone, err = s.read(g.form)
	it.sight, it.till = &g, now.Add(aftermath)
	if s.next.trusted {
		it.firm, it.till = now.Sub(g.form.touched) >= grain, g.form.touched.Add(aftermath)
	}
	if alone && it.firm {
		it.till = time.Time{} // nobody can write on into it
	}
	return err
}

// notRead puts a form back that was ready and could not be read.
func (s *source) notRead(it *item, err error) {
	if errors.Is(err, os.ErrNotExist) || isLink(err) {
		delete(s.next.unread, it.form.name)
		return
	}
	now := s.env.Clock.Now()
	w := &waiting{seen: it.sight, since: now, due: now.Add(max(s.cfg.Quiet, min(s.cfg.Poll, time.Second)))}
	if errors.Is(err, errChanged) {
		s.park(it.form.name, w)
		return
	}
	if errors.Is(err, errBusy) {
		if now.Sub(s.unreadSince(it.form.name, now)) >= patience && !now.Before(s.next.tellBusy) {
			s.next.tellBusy = now.Add(unreadable)
			s.notice(CodeBusy, "a program holds a form open for writing; it is taken once that program closes it")
		}
		s.park(it.form.name, w)
		return
	}
	// No right to read it, a broken disk, or on Windows somebody still writes it.
	if now.Sub(s.unreadSince(it.form.name, now)) >= unreadable {
		s.setAside(it.form.name, w, it.sight, CodePermission,
			fmt.Sprintf("The file could not be read for %s: its rights, its owner or the disk are in the way.", unreadable), now)
		return
	}
	w.due = now.Add(max(s.cfg.Poll, time.Second))
	if !now.Before(s.next.tellRead) {
		s.next.tellRead = now.Add(patience)
		s.notice(CodePermission, "a file in the folder cannot be read")
	}
	s.park(it.form.name, w)
}

// unreadSince remembers when a file could not be read for the first time.
func (s *source) unreadSince(name string, now time.Time) time.Time {
	n := &s.next
	if n.unread == nil || len(n.unread) >= portion {
		n.unread = map[string]time.Time{} // they wait longer, which is better than to grow without end
	}
	if _, known := n.unread[name]; !known {
		n.unread[name] = now
	}
	return n.unread[name]
}

// holds looks at what was moved: between the last look and the renaming another form of that name may have come. Where
// its identity and times do not prove that it is the one that was read, its bytes do.
func (it *item) holds(path string) bool {
	t, err := lstat(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return true // taken away from there
	}
	if it.firm && t.sameFile(it.form) {
		return true
	}
	f, err := openRegular(path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, int64(len(it.content))+1))
	return err == nil && bytes.Equal(b, it.content)
}
