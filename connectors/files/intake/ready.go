package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// consider looks at a form by name and decides: ready, waiting, set aside, or nothing.
func (s *source) consider(ctx context.Context, name string, now time.Time) {
	n := &s.next
	s.mu.Lock()
	busy := s.inflight[name] != nil
	if _, later := s.released[name]; later {
		busy = true
	}
	s.mu.Unlock()
	if busy {
		return
	}
	w := n.pending[name]
	if w != nil && now.Before(w.due) && s.marker == nil && s.quietRuns(ctx, w, name) {
		return
	}
	if w == nil && len(n.pending) >= s.room && !n.trusted && s.cfg.Quiet > 0 && s.marker == nil {
		n.more = true // two looks would be needed, and there is no room to remember the first
		return
	}
	g, err := s.look(ctx, name)
	if err != nil {
		s.countOdd(err)
		delete(n.pending, name)
		return
	}
	if s.marker != nil {
		m, err := s.see(ctx, s.marker.Name(name))
		if err != nil {
			delete(n.pending, name)
			return
		}
		g.marker = m.Name
	}
	s.judge(ctx, name, w, g, now)
}

// quietRuns reports that nothing happened to a form whose time has not come: then the scan that came by
// need not look at everything that belongs to it again.
func (s *source) quietRuns(ctx context.Context, w *waiting, name string) bool {
	t, err := s.see(ctx, name)
	return err == nil && t.same(w.seen.form.Info)
}

// judge compares this look with the one before.
func (s *source) judge(ctx context.Context, name string, w *waiting, g *candidate, now time.Time) {
	n := &s.next
	if w == nil {
		w = &waiting{seen: g, since: now}
		if g.missing > 0 || g.disputed {
			w.lacks = now
		}
		if !s.atFirstSight(g, now) {
			w.due = now.Add(s.cfg.Quiet)
			s.park(name, w)
			return
		}
	} else if s.marker == nil && !w.seen.same(g) {
		w.seen, w.since, w.due = g, now, now.Add(s.cfg.Quiet)
		return
	} else if due := w.since.Add(s.cfg.Quiet); s.marker == nil && now.Before(due) {
		w.due = due
		return
	}
	w.seen = g
	if code, reason, wait := s.verdict(w, g, now); wait > 0 {
		w.due = now.Add(wait)
		s.park(name, w)
	} else if code != "" {
		s.setAside(ctx, name, w, g, code, reason, now)
	} else {
		delete(n.pending, name)
		n.ready = append(n.ready, g)
		if g.gap && n.gaps[name] != g.form.Mtime { // an answer file that waits comes again at every poll
			if n.gaps == nil || len(n.gaps) >= s.room {
				n.gaps = map[string]int64{}
			}
			n.gaps[name] = g.form.Mtime
			s.notice(CodeGap, "a form's numbered attachments have a gap; those behind it were left lying")
		}
	}
}

// atFirstSight reports whether a form needs no second look.
func (s *source) atFirstSight(g *candidate, now time.Time) bool {
	if s.marker != nil || s.cfg.Quiet == 0 {
		return true
	}
	return s.next.trusted && g.untouchedSince(now.Add(-s.cfg.Quiet))
}

// verdict says of a form that stands still: take it (nothing), set it aside (code and reason), or wait.
func (s *source) verdict(w *waiting, g *candidate, now time.Time) (code, reason string, wait time.Duration) {
	if place.Hostile(g.form.Name) {
		return CodeBadName, "The file's name is not valid UTF-8 or holds control characters.", 0
	}
	if g.unseen != nil {
		return "", "", 0 // readItem says so, and it waits: what could not be looked at is not known to be missing
	}
	if g.unsafe {
		return CodeBadName, "The form lists an attachment whose name is not a plain file name.", 0
	}
	if g.unlisted != "" {
		return CodeIncomplete, "The form's list of attachments " + g.unlisted + ".", 0
	}
	if g.oversize {
		return CodeTooLarge, fmt.Sprintf("The form has %d bytes and may have %d (max-bytes of the in-basket); an attachment may have %d (attachments.max-bytes).", g.form.Size, s.cfg.MaxBytes, s.cfg.Attachments.MaxBytes), 0
	}
	if g.form.Size == 0 {
		if left := retryAfter - now.Sub(w.since); left > 0 {
			return "", "", left
		}
		return CodeEmpty, "The file is empty.", 0
	}
	if g.missing > 0 || g.disputed {
		if w.lacks.IsZero() {
			w.lacks = now
		}
		left := s.cfg.Attachments.Wait - now.Sub(w.lacks)
		if left > 0 {
			return "", "", min(left, s.cfg.Poll)
		}
		if g.disputed {
			return CodeIncomplete, "An attachment may as well belong to another form of the same name: give them names of their own, and hand them in again.", 0
		}
		return CodeIncomplete, fmt.Sprintf("%d attachments did not come within %s.", g.missing, s.cfg.Attachments.Wait), 0
	}
	return "", "", 0
}

// setAside moves a form that cannot be taken to the error folder, or leaves it for a while when even
// that cannot be done.
func (s *source) setAside(ctx context.Context, name string, w *waiting, g *candidate, code, reason string, now time.Time) {
	var moved string
	if err := s.moveToErrors(ctx, g, reason, now, s.movedTo(g.form), &moved); err != nil {
		s.notice(CodeNotMoved, "a file that cannot be taken could not be moved to the error folder either")
		w.due = now.Add(retryAfter)
		s.park(name, w)
		return
	}
	delete(s.next.pending, name)
	s.notice(code, "a file was moved to the error folder; the text beside it says why")
}

// park remembers a form that is not ready, as far as there is room.
func (s *source) park(name string, w *waiting) {
	n := &s.next
	if len(n.pending) >= s.room && n.pending[name] == nil {
		n.more = true
		return
	}
	n.pending[name] = w
}

// wait sleeps until the next form may be ready, an event, or the next scan.
func (s *source) wait(ctx context.Context) error {
	n := &s.next
	now := s.env.Clock.Now()
	if s.events && n.watch == nil && !now.Before(n.watchAt) {
		if p, can := s.place.(place.Watcher); can {
			if w, err := p.Watch(s.wake, s.relevant); err == nil {
				n.watch, n.scanAt = w, now // what came before the watch began
				return nil
			}
		}
		n.watchAt = now.Add(retryAfter)
	}
	at := n.scanAt
	for _, w := range n.pending {
		if w.due.Before(at) {
			at = w.due
		}
	}
	s.mu.Lock()
	for _, t := range s.released {
		if t.Before(at) {
			at = t
		}
	}
	s.mu.Unlock()
	return s.sleep(ctx, at.Sub(now))
}

func (s *source) relevant(name string) bool {
	if s.marker != nil {
		if _, ok := s.marker.Of(name); ok {
			return true
		}
	}
	return !rules.Unfinished(name)
}

func (s *source) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return s.alive(ctx)
	}
	select {
	case <-s.env.Clock.After(d):
		return nil
	case <-s.wake:
		return nil
	case <-s.quit:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *source) stopWatch() {
	if s.next.watch != nil {
		s.next.watch.Stop()
		s.next.watch = nil
	}
}

// noteHeld notes the forms that are kept back for what belongs to them, or because they cannot be read. It is called
// by Next.
func (s *source) noteHeld(now time.Time) {
	if now.Sub(s.next.heldAt).Abs() < time.Second {
		return // in a busy folder every call would go through thousands
	}
	s.next.heldAt = now
	var held []connectors.HeldItem
	for name, w := range s.next.pending {
		since, unread := s.next.unread[name]
		switch {
		case unread:
			held = append(held, connectors.HeldItem{Item: name, Code: place.CodePermission, Text: "it cannot be read", Since: since, Until: since.Add(unreadable)})
		case (w.seen.missing > 0 || w.seen.disputed) && !w.lacks.IsZero():
			text := fmt.Sprintf("%d attachments are not there yet", w.seen.missing)
			if w.seen.disputed {
				text = "an attachment may as well belong to another form of the same name"
			}
			held = append(held, connectors.HeldItem{Item: name, Code: CodeIncomplete, Text: text,
				Since: w.lacks, Until: w.lacks.Add(s.cfg.Attachments.Wait)})
		}
	}
	held = append(held, s.next.lone...)
	s.mu.Lock()
	s.held = held
	s.mu.Unlock()
}

// Held returns what is kept back now; see connectors.Holder.
func (s *source) Held() []connectors.HeldItem {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}
