package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

const (
	setAside    = 10 * time.Minute // after which an item that cannot be taken is set aside
	waitsForget = time.Hour        // after which one that did not come again is no longer told of
)

// wait is an item of a source that cannot be taken now. It waits alone, the others go on.
type wait struct {
	item string // what status calls it
	code string
	text string
	next string
	ever bool   // it is never set aside: the fault is the mapping's or our disk's, not the item's
	file string // that could not be kept: it counts for missing if it is no longer there the next time
	since,
	seen time.Time
}

// waits are the items of all sources that cannot be taken now. They outlive a reload.
type waits struct {
	clock connectors.Clock

	any   atomic.Bool // some item has waited alone: else nobody need look
	mu    sync.Mutex
	items map[[2]string]map[string]*wait // by kind and name of their source
}

func newWaits(clock connectors.Clock) *waits {
	return &waits{clock: clock, items: map[[2]string]map[string]*wait{}}
}

// waitsAlone notes that an item cannot be taken now, and tells whether its time is over.
func (f *flow) waitsAlone(kind, source, key string, w wait) (over bool) {
	now := f.clock.Now()
	if f.alone.add(kind, source, key, &w, now) {
		f.log.Warn().Str("code", w.code).Str(kind, source).Msg("an item cannot be taken and waits alone, the others go on; inbasket status names it")
	}
	return !w.ever && now.Sub(w.since) >= setAside
}

// add notes that an item cannot be taken now, and since when; it tells whether that is news.
func (a *waits) add(kind, source, key string, w *wait, now time.Time) (news bool) {
	a.any.Store(true)
	a.mu.Lock()
	defer a.mu.Unlock()
	of := [2]string{kind, source}
	if a.items[of] == nil {
		a.items[of] = map[string]*wait{}
	}
	known := a.items[of][key]
	if known == nil {
		known = &wait{since: now}
		a.items[of][key] = known
	}
	if known.ever && !w.ever {
		known.since = now // its own time begins only now
	}
	news = known.code != w.code
	w.since, w.seen = known.since, now
	*known = *w
	return news
}

// lost returns the file of an item that could not be kept the last time and that does not lie there any more: without
// it the item is not what it was.
func (a *waits) lost(kind, source, key string, files []connectors.Attachment) *unkept {
	if !a.any.Load() {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.items[[2]string{kind, source}][key]
	if w == nil || w.file == "" || slices.ContainsFunc(files, func(a connectors.Attachment) bool { return a.Name == w.file }) {
		return nil
	}
	return &unkept{name: w.file, err: fs.ErrNotExist}
}

// gone notes that an item has gone its way.
func (a *waits) gone(kind, source, key string) {
	if !a.any.Load() {
		return
	}
	a.mu.Lock()
	delete(a.items[[2]string{kind, source}], key)
	a.mu.Unlock()
}

// onlySince forgets what waited of an item and was not in it any more at the last look: it was replaced.
func (a *waits) onlySince(kind, source, prefix string, look time.Time) {
	if !a.any.Load() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.items[[2]string{kind, source}], func(key string, w *wait) bool {
		return strings.HasPrefix(key, prefix) && w.seen.Before(look)
	})
}

// waiting are the items of a source that wait alone, the oldest first, for status.
func (a *waits) waiting(kind, source string) (list []control.WaitingItem) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.Now()
	maps.DeleteFunc(a.items[[2]string{kind, source}], func(_ string, w *wait) bool { return now.Sub(w.seen) > waitsForget })
	for _, w := range a.items[[2]string{kind, source}] {
		item := control.WaitingItem{Item: w.item, Code: w.code, Text: w.text, Next: w.next, Since: w.since}
		if !w.ever {
			item.SetAside = w.since.Add(setAside)
		}
		list = append(list, item)
	}
	slices.SortFunc(list, func(a, b control.WaitingItem) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Item, b.Item))
	})
	return list
}

// unkept says why a file of an item was not kept.
type unkept struct {
	name string
	err  error
	ours bool // our store is at fault
	ever bool // trying again does not help: it is too large
}

func (u *unkept) Error() string { return "keep " + u.name + ": " + u.err.Error() }
func (u *unkept) Unwrap() error { return u.err }

// wait tells of it in status.
func (u *unkept) wait(item string) wait {
	w := wait{item: item, file: u.name, code: CodeUnread, text: "a file that belongs to it cannot be read", next: "mend its rights, its disk or the file itself; after ten minutes it is set aside"}
	var told *connectors.Error
	switch {
	case u.ours:
		w.ever, w.code, w.text, w.next = true, CodeContent, "a file that belongs to it cannot be stored", "make space or mend the disk below state; it is tried again by itself"
	case errors.As(u.err, &told):
		w.text += ": " + told.Safe()
	case errors.Is(u.err, fs.ErrNotExist):
		w.text += ": it does not lie there any more"
	case errors.Is(u.err, fs.ErrPermission):
		w.text += ": the agent's account has no right to"
	}
	return w
}

// keep puts a file of an item into the content store. It tells whose fault it is when that does not work.
func (f *flow) keep(ctx context.Context, a connectors.Attachment) (file journal.File, failed *unkept) {
	var r io.ReadCloser
	err := guard.Safely("open a file", func() (err error) { r, err = a.Blob.Open(); return err })
	if err != nil {
		return file, &unkept{name: a.Name, err: err, ever: connectors.ClassOf(err) == connectors.ItemError}
	}
	read := &reading1{r: r}
	blob, err := f.content.Put(ctx, read, content.MaxSize)
	_ = guard.Safely("close a file", r.Close)
	if err != nil {
		large := errors.Is(err, content.ErrTooLarge)
		if large {
			err = &connectors.Error{Class: connectors.ItemError, Code: CodeUnread, Op: "keep a file", Hint: fmt.Sprintf("it is over %d MiB", content.MaxSize>>20), Err: err}
		}
		return file, &unkept{name: a.Name, err: err, ours: read.err == nil && !large, ever: large}
	}
	return journal.File{Name: a.Name, ContentType: a.ContentType, Digest: blob.Digest, Size: blob.Size}, nil
}

// reading1 remembers how reading failed, and survives a reader that breaks.
type reading1 struct {
	r   io.Reader
	err error
}

func (r *reading1) Read(p []byte) (n int, err error) {
	err = guard.Safely("read a file", func() (err error) { n, err = r.r.Read(p); return err })
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
