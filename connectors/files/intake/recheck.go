package intake

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"time"

	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
)

const (
	recheckFor = 10 * time.Minute // for so long after its last change a form may still be written to
	maxTaken   = 8192             // forms that are looked at again; then all are, for the last time
)

// movedForm is a form in the done folder that its writer may have paused in: whoever has it open writes on into the moved
// file, and the agent would have half a form for ever.
type movedForm struct {
	path string // where it lies now
	name string // its name in the in-basket
	tag  string
	was  stat
	due  time.Time // the next look
	wait time.Duration
	till time.Time
}

// remember has a form that was moved looked at again, ever more seldom, until its last change lies long ago.
func (s *source) remember(it *item, to, tag string, now time.Time) {
	if s.marker != nil || !it.till.After(now) {
		return
	}
	t := &movedForm{path: to, name: it.form.Name, tag: tag, was: it.form, wait: s.cfg.Poll, due: now.Add(s.cfg.Poll), till: it.till}
	s.mu.Lock()
	s.moved = append(s.moved, t)
	s.mu.Unlock()
}

// recheckFull tells that no more can be remembered before those were looked at for the last time.
func (s *source) recheckFull() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.moved) >= maxTaken
}

// recheck looks at what was moved, at those that are due by now or, by the zero time, at all. What was written to
// since goes back into the in-basket, where it is taken when it stands still: as another form of the same reference it
// parks beside the first, and a person sees both. It tells whether something went back.
func (s *source) recheck(ctx context.Context, now time.Time) (back bool) {
	s.mu.Lock()
	var due []*movedForm
	rest := s.moved[:0]
	for _, t := range s.moved {
		if now.IsZero() || !now.Before(t.due) {
			due = append(due, t)
		} else {
			rest = append(rest, t)
		}
	}
	clear(s.moved[len(rest):])
	s.moved = rest
	s.mu.Unlock()
	for _, t := range due {
		m, err := s.stat(ctx, t.path)
		grown := err == nil && (m.Size != t.was.Size || m.Mtime != t.was.Mtime)
		switch {
		case err != nil && place.Unseen(err) == nil, err == nil && s.next.probe.Own && m.ID != t.was.ID:
			continue // taken away, or another file by now
		case grown:
			if err = s.offerAgain(ctx, t.path, t.name, t.tag); err == nil {
				back = true
				s.notice(CodeGrown, "a form was still being written after it was taken; it is taken again as what it is now")
				continue
			}
			s.notice(CodeNotMoved, "a form was still being written after it was taken, and cannot be put back into the in-basket; it is tried again")
		}
		t.wait *= 2
		if t.due = now.Add(t.wait); grown || place.AtFault(err) || now.Before(t.till) {
			s.mu.Lock()
			s.moved = append(s.moved, t)
			s.mu.Unlock()
		}
	}
	return back
}

// offerAgain puts a file back into the in-basket, under its own name or, where another lies there, under one with tag.
func (s *source) offerAgain(ctx context.Context, from, name, tag string) error {
	err := s.place.Rename(ctx, from, name)
	if errors.Is(err, fs.ErrExist) {
		err = s.place.Rename(ctx, from, tagged(name, tag))
	}
	return err
}

// tagged is a name that tells a file from another one of its name.
func tagged(name, tag string) string { return rules.Fit(rules.Stem(name)) + "-" + tag + path.Ext(name) }
