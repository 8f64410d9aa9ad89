// Package waiting keeps the items of sources that cannot be taken now. Each waits alone, named in status, while the others go
// on; after a while it is set aside.
package waiting

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

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// CodeUnread is for a file of an item that cannot be read.
const CodeUnread = "content.unreadable" // a file that belongs to a form or a decision cannot be read; it waits alone, inbasket status names it, and after ten minutes it is set aside

const (
	setAside = 10 * time.Minute // after which an item that cannot be taken is set aside
	forget   = time.Hour        // after which one that did not come again is no longer told of
)

// Item is an item of a source that cannot be taken now.
type Item struct {
	Name string // what status calls it
	Code string
	Text string
	Next string
	Ever bool   // it is never set aside: the fault is the mapping's or our disk's, not the item's
	file string // that could not be kept: it counts for missing if it is no longer there the next time
	since,
	seen time.Time
}

// Items are those of all sources. They outlive a reload.
type Items struct {
	clock connectors.Clock
	log   zerolog.Logger

	any   atomic.Bool // some item has waited alone: else nobody need look
	mu    sync.Mutex
	items map[[2]string]map[string]*Item // by kind and name of their source
}

// New returns no items.
func New(clock connectors.Clock, log zerolog.Logger) *Items {
	return &Items{clock: clock, log: log, items: map[[2]string]map[string]*Item{}}
}

// Add notes that an item cannot be taken now, and tells whether its time is over.
func (a *Items) Add(kind, source, key string, w Item) (over bool) {
	now := a.clock.Now()
	if a.add(kind, source, key, &w, now) {
		a.log.Warn().Str("code", w.Code).Str(kind, source).Msg("an item cannot be taken and waits alone, the others go on; inbasket status names it")
	}
	return !w.Ever && now.Sub(w.since) >= setAside
}

// add notes that an item cannot be taken now, and since when; it tells whether that is news.
func (a *Items) add(kind, source, key string, w *Item, now time.Time) (news bool) {
	a.any.Store(true)
	a.mu.Lock()
	defer a.mu.Unlock()
	of := [2]string{kind, source}
	if a.items[of] == nil {
		a.items[of] = map[string]*Item{}
	}
	known := a.items[of][key]
	if known == nil {
		known = &Item{since: now}
		a.items[of][key] = known
	}
	if known.Ever && !w.Ever {
		known.since = now // its own time begins only now
	}
	news = known.Code != w.Code
	w.since, w.seen = known.since, now
	*known = *w
	return news
}

// Missing returns the file of an item that could not be kept the last time and that does not lie there any more: without
// it the item is not what it was.
func (a *Items) Missing(kind, source, key string, files []connectors.Attachment) *NotKept {
	if !a.any.Load() {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.items[[2]string{kind, source}][key]
	if w == nil || w.file == "" || slices.ContainsFunc(files, func(a connectors.Attachment) bool { return a.Name == w.file }) {
		return nil
	}
	return &NotKept{Name: w.file, err: fs.ErrNotExist}
}

// Gone notes that an item has gone its way.
func (a *Items) Gone(kind, source, key string) {
	if !a.any.Load() {
		return
	}
	a.mu.Lock()
	delete(a.items[[2]string{kind, source}], key)
	a.mu.Unlock()
}

// OnlySince forgets what waited of an item and was not in it any more at the last look: it was replaced.
func (a *Items) OnlySince(kind, source, prefix string, look time.Time) {
	if !a.any.Load() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.items[[2]string{kind, source}], func(key string, w *Item) bool {
		return strings.HasPrefix(key, prefix) && w.seen.Before(look)
	})
}

// List are the items of a source that wait alone, the oldest first, for status.
func (a *Items) List(kind, source string) (list []control.WaitingItem) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.Now()
	maps.DeleteFunc(a.items[[2]string{kind, source}], func(_ string, w *Item) bool { return now.Sub(w.seen) > forget })
	for _, w := range a.items[[2]string{kind, source}] {
		item := control.WaitingItem{Item: w.Name, Code: w.Code, Text: w.Text, Next: w.Next, Since: w.since}
		if !w.Ever {
			item.SetAside = w.since.Add(setAside)
		}
		list = append(list, item)
	}
	slices.SortFunc(list, func(a, b control.WaitingItem) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Item, b.Item))
	})
	return list
}

// NotKept says why a file of an item was not kept.
type NotKept struct {
	Name  string
	Large bool // trying again does not help
	err   error
	ours  bool // our store is at fault
}

// Error says which file, and why. A citizen may have named it: it stays in the journal.
func (u *NotKept) Error() string { return "keep " + u.Name + ": " + u.err.Error() }

// Unwrap returns why.
func (u *NotKept) Unwrap() error { return u.err }

// Item tells of it in status.
func (u *NotKept) Item(name string) Item {
	w := Item{Name: name, file: u.Name, Code: CodeUnread, Text: "a file that belongs to it cannot be read", Next: "mend its rights, its disk or the file itself; after ten minutes it is set aside"}
	var told *connectors.Error
	switch {
	case u.ours:
		w.Ever, w.Code, w.Text, w.Next = true, content.CodeUnavailable, "a file that belongs to it cannot be stored", "make space or mend the disk below state; it is tried again by itself"
	case errors.As(u.err, &told):
		w.Text += ": " + told.Safe()
	case errors.Is(u.err, fs.ErrNotExist):
		w.Text += ": it does not lie there any more"
	case errors.Is(u.err, fs.ErrPermission):
		w.Text += ": the agent's account has no right to"
	}
	return w
}

// Keep puts a file of an item into the content store. It tells whose fault it is when that does not work.
func Keep(ctx context.Context, store *content.Store, a connectors.Attachment) (file journal.File, failed *NotKept) {
	var r io.ReadCloser
	err := guard.Safely("open a file", func() (err error) { r, err = a.Blob.Open(); return err })
	if err != nil {
		return file, &NotKept{Name: a.Name, err: err, Large: connectors.ClassOf(err) == connectors.ItemError}
	}
	read := &reader{r: r}
	blob, err := store.Put(ctx, read, content.MaxSize)
	_ = guard.Safely("close a file", r.Close)
	if err != nil {
		large := errors.Is(err, content.ErrTooLarge)
		if large {
			err = &connectors.Error{Class: connectors.ItemError, Code: CodeUnread, Op: "keep a file", Hint: fmt.Sprintf("it is over %d MiB", content.MaxSize>>20), Err: err}
		}
		return file, &NotKept{Name: a.Name, err: err, ours: read.err == nil && !large, Large: large}
	}
	return journal.File{Name: a.Name, ContentType: a.ContentType, Digest: blob.Digest, Size: blob.Size}, nil
}

// reader remembers how reading failed, and survives a reader that breaks.
type reader struct {
	r   io.Reader
	err error
}

func (r *reader) Read(p []byte) (n int, err error) {
	err = guard.Safely("read a file", func() (err error) { n, err = r.r.Read(p); return err })
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
