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
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/engine/sqlite"
	"github.com/inbasket/inbasket/connectors"
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
	// Mended is called with the first commit after one that failed, before its calls return: what had failed may be on disk
	// all the same, and nobody was told of it. It must not ask the journal. Nil: nobody is called.
	Mended func()
	Hooks  Hooks
}

// Hooks let tests break the disk.
type Hooks struct {
	BeforeCommit func() error // an error rolls back
	AfterCommit  func() error // an error stands for a commit whose outcome is unknown
}

// Journal is safe for concurrent use.
type Journal struct {
	path      string
	clock     connectors.Clock
	content   *content.Store
	positions positions
	readOnly  bool
	version   int64 // of the file that is open for reading only
	lock      *lock
	names     *names
	engine    engine.Engine
	hooks     Hooks
	mended    func()

	jobs    chan *job
	quit    chan struct{}
	stopped chan struct{}
	closing sync.Once
	closed  error

	// The writer's own.
	w            *engine.Conn
	ids          idSource
	seq          int64          // last event's number
	plans        map[int64]bool // plans that submissions are pinned to
	purged       purgedKnown
	afterRestore afterRestore // what a restore left to find out
	held         atomic.Bool  // restored from a backup and not released

	pool    chan *engine.Conn // read connections; nil entries are opened on demand
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
		return nil, fault(nil, "make the journal's folder", err)
	}
	l, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	j := newJournal(dir, o)
	j.lock = l
	if err := j.start(ctx); err != nil {
		return nil, errors.Join(j.fault("open the journal", err), l.release())
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
	j.engine = sqlite.ReadOnly(j.path)
	close(j.stopped)
	err := j.read(ctx, func(c *engine.Conn) (err error) {
		if j.version, err = j.engine.Version(c); err == nil && j.version > j.engine.Newest() {
			err = ErrTooNew
		}
		return errors.Join(err, j.names.load(c))
	})
	if err != nil {
		return nil, errors.Join(j.fault("open the journal", err), j.Close())
	}
	return j, nil
}

func newJournal(dir string, o Options) *Journal {
	j := &Journal{
		path: filepath.Join(dir, fileName), clock: o.Clock, content: o.Content, names: newNames(), hooks: o.Hooks, mended: o.Mended,
		jobs: make(chan *job), quit: make(chan struct{}), stopped: make(chan struct{}),
		ids: idSource{rand: o.Rand}, plans: map[int64]bool{}, pool: make(chan *engine.Conn, readers),
		watches: watches{list: map[about]*watched{}}, push: map[string]bool{}, pinned: map[connectors.Digest]Plan{},
	}
	if abs, err := filepath.Abs(j.path); err == nil {
		j.path = abs
	}
	j.engine = sqlite.New(j.path)
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

func (j *Journal) start(context.Context) error {
	c, err := j.engine.Writer()
	if err != nil {
		return err
	}
	if err := j.load(c); err != nil {
		return errors.Join(err, c.Close())
	}
	j.w = c
	return nil
}

// load brings the file to this version and reads what the writer keeps in memory.
func (j *Journal) load(c *engine.Conn) error {
	if err := j.engine.Migrate(c); err != nil {
		return err
	}
	if err := errors.Join(j.names.load(c), j.loadSeq(c), j.loadTombstones(c)); err != nil {
		return err
	}
	if err := j.loadPositions(c); err != nil {
		return err
	}
	var err error
	if j.ids.last, err = engine.Value[ID](c, lastID); err != nil {
		return err
	}
	held, err := engine.Value[bool](c, "SELECT count(*) FROM hold WHERE released=0")
	if err != nil {
		return err
	}
	j.held.Store(held)
	if err := errors.Join(forgetRecalls(c, j.clock.Now()), j.loadAfterRestore(c)); err != nil {
		return err
	}
	return engine.Each(c, "SELECT id FROM plan WHERE used=1", nil, func(id int64) error { j.plans[id] = true; return nil })
}

// lastID is the highest ID that was used.
const lastID = "SELECT max(n) FROM (SELECT value AS n FROM meta WHERE key='last-id' UNION ALL SELECT max(id) FROM submission) used"

func (j *Journal) loadSeq(c *engine.Conn) error {
	n, err := c.Number("SELECT n FROM tally WHERE kind=?", tallySeq)
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
				errs = append(errs, c.Close())
			}
		}
		if j.w != nil {
			errs = append(errs, j.w.Close())
			j.w = nil
		}
		j.closed = errors.Join(append(errs, j.lock.release())...)
	})
	return j.closed
}

// read lends one of the few read connections to f, within one snapshot.
func (j *Journal) read(ctx context.Context, f func(c *engine.Conn) error) (err error) {
	var c *engine.Conn
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
		if c, err = j.engine.Reader(); err != nil {
			c = nil
			return j.fault("open the journal for reading", err)
		}
	}
	if _, err := c.Exec("BEGIN"); err != nil {
		return j.dropReader(&c, err)
	}
	err = f(c)
	if _, e := c.Exec("COMMIT"); e != nil {
		return j.dropReader(&c, errors.Join(err, e))
	}
	if j.engine.Kind(err) != engine.Other {
		return j.dropReader(&c, err)
	}
	return err
}

func (j *Journal) dropReader(c **engine.Conn, err error) error {
	_ = (*c).Close() // the first error is the one that matters
	*c = nil
	return j.fault("read the journal", err)
}

// name returns the text of a name, also of one that a running agent made after this process read them.
func (j *Journal) name(c *engine.Conn, id nameID) string {
	s := j.names.text(id)
	if s == "" && id != 0 && j.readOnly {
		if err := j.names.load(c); err == nil {
			s = j.names.text(id)
		}
	}
	return s
}

// nameID returns the number of a name, and whether the journal has ever seen it.
func (j *Journal) nameID(c *engine.Conn, s string) (nameID, bool) {
	w, ok := j.names.find(s)
	if !ok && j.readOnly {
		if err := j.names.load(c); err == nil {
			w, ok = j.names.find(s)
		}
	}
	return w, ok
}

// has tells whether the file has the tables of a version: a reader may meet one that no newer agent has opened yet.
func (j *Journal) has(version int64) bool { return !j.readOnly || j.version >= version }

// toldOrder is the column by which results of a submission are in the order in which they were told.
func (j *Journal) toldOrder() string {
	if j.has(resultVersion) {
		return "revision"
	}
	return "n"
}
