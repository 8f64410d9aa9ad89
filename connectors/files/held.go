package files

import (
	"fmt"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

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
		case w.seen.missing > 0 && !w.lacks.IsZero():
			held = append(held, connectors.HeldItem{Item: name, Code: CodeIncomplete, Text: fmt.Sprintf("%d attachments are not there yet", w.seen.missing),
				Since: w.lacks, Until: w.lacks.Add(s.cfg.Attachments.Wait)})
		}
	}
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
