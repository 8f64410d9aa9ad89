package agent

import (
	"maps"
	"strings"

	"github.com/inbasket/inbasket/agent/journal"
)

// served notes the documents that decisions of an answer file have taken while others of it still wait: they go on
// lying there, and another file of that name must not take them as well. A file that is done takes them along.
func (u *understood) served() {
	s := u.flow.figures
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of(kindResults, u.source)
	if !u.waits {
		maps.DeleteFunc(of.served, func(key, _ string) bool { return strings.HasPrefix(key, u.key()+"\x00") })
		return
	}
	for _, o := range u.outcomes {
		for _, d := range o.Documents {
			if key := u.servedKey(d); of.served[key] == "" {
				if of.served == nil {
					of.served = map[string]string{}
				}
				of.served[key] = u.result.ID + "\x00" + o.ResultID
			}
		}
	}
}

// servedBefore tells whether a document was given to a decision of the answer file that lay there before.
func (u *understood) servedBefore(o *journal.Outcome) bool {
	s := u.flow.figures
	s.mu.Lock()
	defer s.mu.Unlock()
	served := s.of(kindResults, u.source).served
	for _, d := range o.Documents {
		file, decision, ok := strings.Cut(served[u.servedKey(d)], "\x00")
		if ok && file != u.result.ID && decision != o.ResultID {
			return true
		}
	}
	return false
}

func (u *understood) servedKey(d journal.File) string { return u.key() + "\x00" + string(d.Digest[:]) }
