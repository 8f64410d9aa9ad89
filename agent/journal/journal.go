// Package journal is the agent's durable memory: every submission, what became of it at each target,
// the results of the back office, and the events that its front office is owed.
//
// It is one SQLite file in WAL mode. One goroutine writes; calls that come at the same time share a
// commit. What a mutating method has done is on disk when it returns without an error. After an error
// of class TargetError the effect is unknown, and the call may be repeated.
package journal

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/connectors"

	"modernc.org/sqlite"
)

const (
	fileName   = "journal.db"
	readers    = 3        // read connections at most
	inlineForm = 64 << 10 // bytes; larger forms lie in the content store
)

// Options are what a journal needs besides its folder.
type Options struct {
	Clock   connectors.Clock // nil: the system's
	Content *content.Store   // for forms over 64 KiB; nil: such forms are refused
	Rand    io.Reader        // for IDs; nil: crypto/rand
	hooks   hooks
}

// hooks let tests break the disk.
type hooks struct {
	beforeCommit func() error // an error rolls back
	afterCommit  func() error // an error stands for a commit whose outcome is unknown
}

// Journal is safe for concurrent use.
type Journal struct {
	path     string
	clock    connectors.Clock
	content  *content.Store
	hidden   hidden
	readOnly bool
	version  int64 // of the file that is open for reading only
	lock     *lock
	words    *words
	hooks    hooks

	jobs    chan *job
	quit    chan struct{}
	stopped chan struct{}
	closing sync.Once
	closed  error

	// The writer's own.
	w       *conn
	ids     idSource
	seq     int64          // last event's number
	plans   map[int64]bool // plans that submissions are pinned to
	graves  graves
	mending mending     // what a restore left to find out
	held    atomic.Bool // restored from a backup and not released

	pool    chan *conn // read connections; nil entries are opened on demand
	mode    string     // query part of the readers' URI
	mu      sync.Mutex
	watches watches
	push    map[string]bool            // offices with a push channel
	pinned  map[connectors.Digest]Plan // plans read before
	broken  *Fault                     // why the last commit failed; nil: it did not

	maintaining atomic.Bool  // the writer is busy with what takes its time
	checking    atomic.Int32 // checkups under way
}

// Open opens the journal in dir, makes it if need be, and locks it for this process.
func Open(ctx context.Context, dir string, o Options) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault("make the journal's folder", err)
	}
	l, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	j := newJournal(dir, o)
	j.lock = l
	if err := j.start(ctx); err != nil {
		return nil, errors.Join(fault("open the journal", err), l.release())
	}
	go j.write()
	return j, nil
}

// OpenReadOnly opens the journal of a running or a stopped agent for the reading methods. It makes no
// file where the agent was stopped cleanly.
func OpenReadOnly(ctx context.Context, dir string, o Options) (*Journal, error) {
	j := newJournal(dir, o)
	j.readOnly = true
	if _, err := os.Stat(j.path); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	j.mode = "mode=ro"
	if _, err := os.Stat(j.path + "-wal"); errors.Is(err, os.ErrNotExist) {
		j.mode = "mode=ro&immutable=1"
	}
	close(j.stopped)
	err := j.read(ctx, func(c *conn) error {
		version, err := c.number("PRAGMA user_version")
		if err == nil && version > int64(len(migrations)) {
			err = ErrTooNew
		}
		j.version = version
		return errors.Join(err, j.words.load(c))
	})
	if err != nil {
		return nil, errors.Join(fault("open the journal", err), j.Close())
	}
	return j, nil
}

func newJournal(dir string, o Options) *Journal {
	j := &Journal{
		path: filepath.Join(dir, fileName), clock: o.Clock, content: o.Content, words: newWords(), hooks: o.hooks,
		jobs: make(chan *job), quit: make(chan struct{}), stopped: make(chan struct{}),
		ids: idSource{rand: o.Rand}, plans: map[int64]bool{}, pool: make(chan *conn, readers),
		watches: watches{list: map[about]*watched{}}, push: map[string]bool{}, pinned: map[connectors.Digest]Plan{},
	}
	if abs, err := filepath.Abs(j.path); err == nil {
		j.path = abs
	}
	if j.clock == nil {
		j.clock = systemClock{}
	}
	if o.Rand == nil {
		j.ids.rand = rand.Reader
	}
	for range readers {
		j.pool <- nil
	}
	return j
}

// systemClock is the clock where Options has none.
type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// openWriter opens the connection that writes. Checkpoints are the writer's own business (checkpoint.go).
func openWriter(path string) (*conn, error) {
	return open(path, "", "busy_timeout=10000", "page_size=8192", "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0",
		"journal_size_limit=33554432", "secure_delete=ON", "foreign_keys=OFF", "temp_store=MEMORY", "cache_size=-4096")
}

func (j *Journal) start(context.Context) error {
	if err := private(j.path); err != nil {
		return err
	}
	c, err := openWriter(j.path)
	if err != nil {
		return err
	}
	if err := j.load(c); err != nil {
		return errors.Join(err, c.close())
	}
	j.w = c
	return nil
}

// private makes the journal's file readable by its account only; SQLite gives its log the same rights. A file that is
// there is never opened for that: closing it would take SQLite's locks away.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		_ = os.Chmod(name, 0o600) // one that is not there, or another's, is as it was
	}
	return nil
}

// load brings the file to this version and reads what the writer keeps in memory.
func (j *Journal) load(c *conn) error {
	if err := migrate(c); err != nil {
		return err
	}
	if err := errors.Join(j.words.load(c), j.loadSeq(c), j.loadGraves(c)); err != nil {
		return err
	}
	if err := j.loadHidden(c); err != nil {
		return err
	}
	last, err := c.number("SELECT max((SELECT value FROM meta WHERE key='last-id'), coalesce((SELECT max(id) FROM submission), 0))")
	if err != nil {
		return err
	}
	j.ids.last = ID(last)
	held, err := c.number("SELECT count(*) FROM hold WHERE released=0")
	if err != nil {
		return err
	}
	j.held.Store(held > 0)
	if err := errors.Join(forgetRecalls(c, j.clock.Now()), j.loadMending(c)); err != nil {
		return err
	}
	return c.query("SELECT id FROM plan WHERE used=1", nil, func(row []driver.Value) error {
		j.plans[integer(row[0])] = true
		return nil
	})
}

func (j *Journal) loadSeq(c *conn) error {
	n, err := c.number("SELECT n FROM tally WHERE kind=?", tallySeq)
	j.seq = max(j.seq, n)
	return err
}

// Close ends the writer after the call under way, and releases the lock. It may be called twice.
func (j *Journal) Close() error {
	j.closing.Do(func() {
		close(j.quit)
		<-j.stopped
		var errs []error
		for range readers {
			if c := <-j.pool; c != nil {
				errs = append(errs, c.close())
			}
		}
		if j.w != nil {
			errs = append(errs, j.w.close())
			j.w = nil
		}
		j.closed = errors.Join(append(errs, j.lock.release())...)
	})
	return j.closed
}

// read lends one of the few read connections to f, within one snapshot.
func (j *Journal) read(ctx context.Context, f func(c *conn) error) (err error) {
	var c *conn
	select {
	case <-j.quit:
		return closed("read the journal")
	default:
	}
	select {
	case c = <-j.pool:
	case <-j.quit:
		return closed("read the journal")
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { j.pool <- c }()
	if c == nil {
		if c, err = open(j.path, j.mode, "busy_timeout=10000", "query_only=1", "cache_size=-512"); err != nil {
			c = nil
			return fault("open the journal for reading", err)
		}
	}
	if _, err := c.exec("BEGIN"); err != nil {
		return j.dropReader(&c, err)
	}
	err = f(c)
	if _, e := c.exec("COMMIT"); e != nil {
		return j.dropReader(&c, errors.Join(err, e))
	}
	if isSQLite(err) {
		return j.dropReader(&c, err)
	}
	return err
}

func (j *Journal) dropReader(c **conn, err error) error {
	_ = (*c).close() // the first error is the one that matters
	*c = nil
	return fault("read the journal", err)
}

// name returns the text of a word, also of one that a running agent made after this process read them.
func (j *Journal) name(c *conn, v driver.Value) string {
	w := word(integer(v))
	s := j.words.get(w)
	if s == "" && w != 0 && j.readOnly {
		if err := j.words.load(c); err == nil {
			s = j.words.get(w)
		}
	}
	return s
}

// known returns the word of a text, and whether the journal has ever seen it.
func (j *Journal) known(c *conn, s string) (word, bool) {
	w, ok := j.words.find(s)
	if !ok && j.readOnly {
		if err := j.words.load(c); err == nil {
			w, ok = j.words.find(s)
		}
	}
	return w, ok
}

// has tells whether the file has the tables of a version: a reader may meet one that no newer agent has opened yet.
func (j *Journal) has(version int64) bool { return !j.readOnly || j.version >= version }

func isSQLite(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff != 19 // a violated constraint ends its statement only
}

// toldOrder is the column by which results of a submission are in the order in which they were told.
func (j *Journal) toldOrder() string {
	if j.has(4) {
		return "revision"
	}
	return "n"
}
