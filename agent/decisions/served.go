package decisions

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"maps"
	"strings"
	"sync"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// servings are the documents of answer files that still lie there: which file and decision took them. They outlive a reload, and
// a restart by the journal.
type servings struct {
	mu    sync.Mutex
	files map[string]string // nil: not read yet
}

// servedMark is under which the journal keeps them.
const servedMark = "documents-served"

// with calls f with the servings, which are read before.
func (s *servings) with(ctx context.Context, j *journal.Journal, f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil {
		files := map[string]string{}
		kept, err := j.Value(ctx, servedMark)
		if err == nil && kept != "" {
			err = json.Unmarshal([]byte(kept), &files)
		}
		if err != nil {
			return err
		}
		s.files = files
	}
	return f()
}

// keep puts other servings in the place of those that there are.
func (s *servings) keep(ctx context.Context, j *journal.Journal, files map[string]string) error {
	if maps.Equal(files, s.files) {
		return nil
	}
	text, err := json.Marshal(files)
	if err == nil {
		err = j.SetValue(ctx, servedMark, string(text))
	}
	if err == nil {
		s.files = files
	}
	return err
}

// serve notes the documents that decisions of answer files take, before those are on record: they go on lying there until the file is
// done, and another file of that name must not take them as well.
func (s *Service) serve(ctx context.Context, part []*understood) error {
	took := map[string]string{}
	for _, u := range part {
		for _, o := range u.outcomes {
			for _, d := range o.Documents {
				if key := u.servedKey(d); u.result.File != "" && took[key] == "" {
					took[key] = u.result.ID + "\x00" + o.ResultID
				}
			}
		}
	}
	if len(took) == 0 {
		return nil
	}
	return s.served.with(ctx, s.Journal, func() error {
		maps.Copy(took, s.served.files) // the first one has it
		return s.served.keep(ctx, s.Journal, took)
	})
}

// cleared forgets the documents of files that are done: those took them along.
func (s *Service) cleared(ctx context.Context, source string, receipts []connectors.Receipt) error {
	done := map[string]bool{}
	for _, r := range receipts {
		done[r.Handle] = r.Verdict != connectors.Released
	}
	return s.served.with(ctx, s.Journal, func() error {
		left := maps.Clone(s.served.files)
		maps.DeleteFunc(left, func(key, _ string) bool {
			from, rest, _ := strings.Cut(key, "\x00")
			handle, _, _ := strings.Cut(rest, "\x00")
			return from == source && done[handle]
		})
		return s.served.keep(ctx, s.Journal, left)
	})
}

// servedBefore tells whether a document was given to a decision of the answer file that lay there before.
func (u *understood) servedBefore(ctx context.Context, o *journal.Outcome) (before bool, err error) {
	by := &u.service.served
	err = by.with(ctx, u.service.Journal, func() error {
		for _, d := range o.Documents {
			file, decision, ok := strings.Cut(by.files[u.servedKey(d)], "\x00")
			before = before || ok && file != u.result.ID && decision != o.ResultID
		}
		return nil
	})
	return before, err
}

func (u *understood) servedKey(d journal.File) string {
	return u.source + "\x00" + u.key() + "\x00" + hex.EncodeToString(d.Digest[:])
}
