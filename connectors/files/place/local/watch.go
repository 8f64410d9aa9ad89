package local

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/fsnotify/fsnotify"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// maxHints bounds the names that events brought and nobody looked at yet; beyond, a scan is due.
const maxHints = 4096

// watch collects the names that the file system's events mention. It is a hint and never the truth:
// an overflow, an error or a folder made anew ends it, and a scan finds what it missed.
type watch struct {
	w    *fsnotify.Watcher
	path string
	dir  os.FileInfo // the folder as it was, to notice another one of the same name
	wake chan<- struct{}
	keep func(name string) bool // names worth a look
	done chan struct{}

	mu     sync.Mutex
	hints  map[string]struct{}
	broken bool
	over   bool
}

// Watch watches the folder for names to keep and signals wake, without blocking, when something is there to look at.
func (l *Place) Watch(wake chan<- struct{}, keep func(string) bool) (place.Watch, error) {
	fi, err := os.Stat(l.Dir)
	if err != nil {
		return nil, err
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := w.Add(l.Dir); err != nil {
		_ = w.Close()
		return nil, err
	}
	t := &watch{w: w, path: l.Dir, dir: fi, wake: wake, keep: keep, done: make(chan struct{}), hints: map[string]struct{}{}}
	go t.run()
	return t, nil
}

// Stale reports that the watch must be made anew: it failed, or another folder has its name.
func (t *watch) Stale() bool {
	dir, err := os.Stat(t.path)
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken || err != nil || !os.SameFile(t.dir, dir)
}

// Take returns the names since the last call, and whether some were lost.
func (t *watch) Take() (map[string]struct{}, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	over := t.over || t.broken
	t.over = false
	if len(t.hints) == 0 { // not the empty map itself: run would write into what the caller reads
		return nil, over
	}
	h := t.hints
	t.hints = map[string]struct{}{}
	return h, over
}

// Stop ends the watch and waits for its goroutine.
func (t *watch) Stop() {
	_ = t.w.Close()
	<-t.done
}

func (t *watch) run() {
	defer close(t.done)
	for {
		select {
		case e, ok := <-t.w.Events:
			if !ok {
				return
			}
			if e.Op&(fsnotify.Create|fsnotify.Write) != 0 {
				t.hint(filepath.Base(e.Name))
			}
		case _, ok := <-t.w.Errors: // most often the queue's overflow
			if !ok {
				return
			}
			t.mu.Lock()
			t.broken = true
			t.mu.Unlock()
			t.signal()
		}
	}
}

func (t *watch) hint(name string) {
	if !t.keep(name) {
		return
	}
	t.mu.Lock()
	if len(t.hints) < maxHints {
		t.hints[name] = struct{}{}
	} else {
		t.over = true
	}
	t.mu.Unlock()
	t.signal()
}

func (t *watch) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}
