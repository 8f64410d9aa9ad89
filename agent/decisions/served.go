package decisions

import (
	"maps"
	"strings"
	"sync"

	"github.com/inbasket/inbasket/agent/journal"
)

// servings are the documents of answer files that still wait: which file and decision took them. They outlive a reload.
type servings struct {
	mu    sync.Mutex
	files map[string]string
}

// served notes the documents that decisions of an answer file have taken while others of it still wait: they go on
// lying there, and another file of that name must not take them as well. A file that is done takes them along.
func (u *understood) served() {
	by := &u.service.served
	by.mu.Lock()
	defer by.mu.Unlock()
	if !u.waits {
		maps.DeleteFunc(by.files, func(key, _ string) bool { return strings.HasPrefix(key, u.source+"\x00"+u.key()+"\x00") })
		return
	}
	if by.files == nil {
		by.files = map[string]string{}
	}
	for _, o := range u.outcomes {
		for _, d := range o.Documents {
			if key := u.servedKey(d); by.files[key] == "" {
				by.files[key] = u.result.ID + "\x00" + o.ResultID
			}
		}
	}
}

// servedBefore tells whether a document was given to a decision of the answer file that lay there before.
func (u *understood) servedBefore(o *journal.Outcome) bool {
	by := &u.service.served
	by.mu.Lock()
	defer by.mu.Unlock()
	for _, d := range o.Documents {
		file, decision, ok := strings.Cut(by.files[u.servedKey(d)], "\x00")
		if ok && file != u.result.ID && decision != o.ResultID {
			return true
		}
	}
	return false
}

func (u *understood) servedKey(d journal.File) string {
	return u.source + "\x00" + u.key() + "\x00" + string(d.Digest[:])
}
