// Package journal is the agent's durable memory: every submission, what became of it at each target,
// the results of the back office, and the events that its front office is owed.
//
// It is one SQLite file in WAL mode. One goroutine writes; calls that come at the same time share a
// commit. What a mutating method has done is on disk when it returns without an error. After an error
// of class TargetError the effect is unknown, and the call may be repeated.
package journal

import (
	"cmp"
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
	started      bool
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
	if err := j.connected(); err != nil {
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
	err := j.read(ctx, func(l *look) {
		var err error
		if j.version, err = j.engine.Version(l.c); err == nil && j.version > j.engine.Newest() {
			err = ErrTooNew
		}
		l.fail(errors.Join(err, j.names.load(l.c)))
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
		ids: idSource{rand: cmp.Or[io.Reader](o.Rand, rand.Reader)}, plans: map[int64]bool{}, pool: make(chan *engine.Conn, readers),
		watches: watches{list: map[about]*watched{}}, push: map[string]bool{}, pinned: map[connectors.Digest]Plan{},
	}
	if abs, err := filepath.Abs(j.path); err == nil {
		j.path = abs
	}
	j.engine = sqlite.New(j.path)
	if j.clock == nil {
		j.clock = systemClock{}
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

// connected opens the writer's connection: at the start, and again after a fault, when the transaction whose end was unclear may be
// on disk after all.
func (j *Journal) connected() error {
	if j.w != nil {
		return nil
	}
	c, err := j.engine.Writer()
	if err != nil {
		return err
	}
	c.Words = j.names
	l := &look{j: j, c: c}
	if !j.started {
		l.fail(j.engine.Migrate(c))
	}
	l.fail(j.names.load(c))
	j.seq = max(j.seq, l.number(lastEvent))
	l.loadTombstones()
	if !j.started {
		l.start()
	}
	if l.err != nil {
		return errors.Join(l.err, c.Close())
	}
	j.w, j.started = c, true
	return nil
}

// start reads what the writer keeps in memory for good.
func (l *look) start() {
	l.loadPositions()
	l.j.ids.last = value[ID](l, lastID)
	l.j.held.Store(l.is(heldNow))
	(&tx{look: l}).exec(forgetRecalls, l.j.clock.Now().Add(-recallDays))
	l.loadAfterRestore()
	each(l, "SELECT id FROM plan WHERE used=1", nil, func(id int64) { l.j.plans[id] = true })
}

// heldNow tells whether a restore is in force.
const heldNow = "SELECT count(*) FROM hold WHERE released=0"

// lastID is the highest ID that was used.
const lastID = "SELECT max(n) FROM (SELECT value AS n FROM meta WHERE key='last-id' UNION ALL SELECT max(id) FROM submission) used"

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

// toldOrder is the column by which results of a submission are in the order in which they were told.
func (l *look) toldOrder() string {
	if l.has(resultVersion) {
		return "revision"
	}
	return "n"
}
