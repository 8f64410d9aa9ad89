package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// What one scan saw of a form and its done-marker.
const (
	formSeen uint8 = 1 << iota
	markSeen
)

// markerScan are the forms of one scan, and those that have a done-marker.
type markerScan struct {
	seen               map[string]uint8
	toldForm, toldMark int
}

func (m *markerScan) see(form string, what uint8, wanted bool) {
	if !wanted || len(m.seen) >= maxPending && m.seen[form] == 0 {
		return
	}
	if m.seen == nil {
		m.seen = map[string]uint8{}
	}
	m.seen[form] |= what
}

// tellUnpaired tells of forms that wait for a done-marker, and of done-markers that wait for a form, for longer than a form
// waits for its attachments. No name is told: it may be a citizen's.
func (s *source) tellUnpaired(ctx context.Context, now time.Time) {
	m := &s.next.markerScan
	forms, markers := 0, 0
	for name, what := range m.seen {
		switch {
		case what == formSeen && s.waits(ctx, name, now):
			forms++
		case what == markSeen:
			if _, err := s.see(ctx, name); errors.Is(err, fs.ErrNotExist) && s.waits(ctx, s.marker.name(name), now) {
				markers++
			}
		}
	}
	m.seen = nil
	if forms > m.toldForm {
		s.notice(CodeNoMarker, fmt.Sprintf("%d forms have lain without a done-marker for longer than %s", forms, s.cfg.Attachments.Wait))
	}
	if markers > m.toldMark {
		s.notice(CodeNoForm, fmt.Sprintf("%d done-markers have lain without a form for longer than %s", markers, s.cfg.Attachments.Wait))
	}
	m.toldForm, m.toldMark = forms, markers
}

// waits tells whether a file has lain unchanged for long.
func (s *source) waits(ctx context.Context, name string, now time.Time) bool {
	t, err := s.see(ctx, name)
	return err == nil && now.Sub(time.Unix(0, t.Mtime)) >= s.cfg.Attachments.Wait
}
