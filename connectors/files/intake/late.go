package intake

import (
	"context"
	"slices"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// alone is how long a document lies without an answer file before status names it.
const alone = 30 * time.Second

// taken notes that an answer file was taken: what comes for it now comes late.
func (s *source) taken(name string, now time.Time) {
	if !s.answers || len(s.beside) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answered == nil {
		s.answered = map[string]time.Time{}
	}
	s.answered[fold(rules.Stem(name))] = now
}

// late tells whether a document came after an answer file of its name was taken, within the time that forms wait for attachments.
func (s *source) late(name string, since time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.owners(name), func(owner string) bool {
		at, known := s.answered[fold(owner)]
		return known && !since.Before(at) && since.Sub(at) <= s.cfg.Attachments.Wait
	})
}

// loneDocuments ends a scan of answer files: it names the documents without one, and sets those aside that came late for one and that no other has
// followed for as long, since they must not go with the next decision.
func (s *source) loneDocuments(ctx context.Context, now time.Time) {
	n := &s.next
	n.lone = nil
	if !s.answers || len(s.beside) == 0 {
		return
	}
	var names []string
	for name, since := range n.stray {
		if now.Sub(since) >= min(alone, s.cfg.Attachments.Wait) && len(s.owners(name)) > 0 {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		names = s.unwanted(ctx, names)
	}
	for _, name := range names {
		item := connectors.HeldItem{Item: name, Code: CodeStray, Text: "no answer file of its name lies there", Since: n.stray[name]}
		if s.late(name, item.Since) {
			item.Text, item.Until = "it came after the answer file of its name was taken", item.Since.Add(s.cfg.Attachments.Wait)
			if now.After(item.Until) && s.setLate(ctx, name, now) {
				delete(n.stray, name)
				continue
			}
		}
		n.lone = append(n.lone, item)
	}
	s.mu.Lock()
	for stem, at := range s.answered {
		if now.Sub(at) > 3*s.cfg.Attachments.Wait+alone {
			delete(s.answered, stem)
		}
	}
	s.mu.Unlock()
}

// setLate moves a document that came late to the error folder.
func (s *source) setLate(ctx context.Context, name string, now time.Time) bool {
	t, err := s.stat(ctx, name)
	if err != nil {
		return false
	}
	var moved string
	const reason = "This document came after the answer file of its name was taken, and no other answer file came for it. So that no other decision takes " +
		"it along, it was set aside: give it to its submission (inbasket decide with --document), or have the office send the decision again with it."
	if err := s.moveToErrors(ctx, &candidate{form: t}, reason, now, s.movedTo(t), &moved); err != nil {
		s.notice(CodeNotMoved, "a document without an answer file could not be moved to the error folder")
		return false
	}
	s.notice(CodeStray, "a document that came after its answer file was moved to the error folder; the text beside it says why")
	return true
}
