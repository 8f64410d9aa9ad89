package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
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
			if _, err := s.see(ctx, name); errors.Is(err, fs.ErrNotExist) && s.waits(ctx, s.marker.Name(name), now) {
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

// seeStray notes a file that is no form, and so should belong to one.
func (s *source) seeStray(e place.Info, now time.Time) {
	n := &s.next
	if e.Kind == place.Regular && !s.isForm(e.Name) && !rules.Unfinished(e.Name) && !s.ignore.Match(e.Name) && !strings.HasPrefix(e.Name, s.movingPrefix()) && len(n.stray) < maxPending {
		since, known := n.strayed[e.Name]
		if !known {
			since = now
		}
		n.stray[e.Name] = since
	}
}

// tellStray tells of files that no form in the folder is known to want, for longer than a form waits for its attachments:
// they came too late, or under a name that nothing asks for. No name is told.
func (s *source) tellStray(ctx context.Context, now time.Time) {
	n := &s.next
	s.loneDocuments(ctx, now)
	var lone []string
	for name, since := range n.stray {
		if now.Sub(since) >= s.cfg.Attachments.Wait {
			lone = append(lone, name)
		}
	}
	n.strayed = n.stray
	if len(lone) > 0 {
		lone = s.unwanted(ctx, lone)
	}
	if len(lone) > n.toldStray {
		s.notice(CodeStray, fmt.Sprintf("%d files have lain for longer than %s, and belong to no form here", len(lone), s.cfg.Attachments.Wait))
	}
	n.toldStray = len(lone)
}

// unwanted leaves out what a form in the folder is named like, or has as its own.
func (s *source) unwanted(ctx context.Context, names []string) []string {
	wanted, forms := map[string]bool{}, map[string]bool{}
	for _, w := range s.next.pending {
		w.seen.wants(wanted)
	}
	for _, g := range s.next.ready {
		g.wants(wanted)
	}
	s.mu.Lock()
	for _, it := range s.inflight {
		it.wants(wanted)
	}
	later := len(s.released) > 0
	s.mu.Unlock()
	add := func(name string) error {
		if s.isForm(name) {
			forms[fold(rules.Stem(name))] = true
		}
		return nil
	}
	var err error
	for name := range s.next.listed { // where the place tells all at once it need not be asked again
		_ = add(name)
	}
	if s.next.listed == nil {
		err = s.eachName(ctx, "", add)
	}
	if err != nil || later && len(s.list) > 0 { // what those list is not known now
		return nil
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return wanted[name] || slices.ContainsFunc(s.owners(name), func(owner string) bool { return forms[fold(owner)] })
	})
}

// wants adds the names of what belongs to a form.
func (s *candidate) wants(names map[string]bool) {
	for _, a := range s.attached {
		names[a.Name] = true
	}
}
