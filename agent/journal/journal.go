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
	readers    = 3        // read connections at most
	InlineForm = 64 << 10 // bytes; larger forms lie in the content store
)

// FileName is how the journal's file is called in its folder, also within a backup.
const FileName = "journal.db"

// Options are what a journal needs besides its folder.
type Options struct {
	Clock   connectors.Clock // nil: the system's
	Content *content.Store   // for forms over 64 KiB; nil: such forms are refused
	Rand    io.Reader        // for IDs; nil: crypto/rand
	// Mended is called with the first commit after one that failed, before its calls return: what had failed may be on disk
	// all the same, and nobody was told of it. It must not ask the journal. Nil: nobody is called.
	Mended func()
	// Turned is called with what a commit turned, before its calls return. It must not ask the journal. Nil: nobody is called.
	Turned func([]Turn)
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
	now       func() time.Time
	content   *content.Store
	positions positions
	readOnly  bool
	version   int64        // of the file that is open for reading only
	release   func() error // of the lock
	names     *names
	engine    engine.Engine
	hooks     Hooks
	mended    func()
	turned    func([]Turn)

	jobs    chan *job
	joint   atomic.Int64 // joint calls under way
	quit    chan struct{}
	stopped chan struct{}
	closing sync.Once
	closed  error

	// The writer's own.
	w            *engine.Conn
	started      bool
	ids          idSource
	seq          int64          // last event's number
	crowd        int            // joint calls under way when the last commit ended
	gathered     *time.Timer    // since then; by the machine's clock: nothing depends on it but speed
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
		return nil, FaultOf(nil, "make the journal's folder", err)
	}
	release, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	j := newJournal(dir, o)
	j.release = release
	if err := j.connected(); err != nil {
		return nil, errors.Join(j.FaultOf("open the journal", err), release())
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
	err := j.Read(ctx, func(l *Look) {
		var err error
		if j.version, err = j.engine.Version(l.Conn); err == nil && j.version > j.engine.Newest() {
			err = ErrTooNew
		}
		l.Fail(errors.Join(err, j.names.load(l.Conn)))
	})
	if err != nil {
		return nil, errors.Join(j.FaultOf("open the journal", err), j.Close())
	}
	return j, nil
}

func newJournal(dir string, o Options) *Journal {
	j := &Journal{
		path: filepath.Join(dir, FileName), now: systemClock{}.Now, content: o.Content, names: newNames(), hooks: o.Hooks, mended: o.Mended, turned: o.Turned, release: func() error { return nil },
		jobs: make(chan *job), quit: make(chan struct{}), stopped: make(chan struct{}),
		ids: idSource{rand: cmp.Or[io.Reader](o.Rand, rand.Reader)}, plans: map[int64]bool{}, gathered: time.NewTimer(0), pool: make(chan *engine.Conn, readers),
		watches: watches{list: map[about]*watched{}}, push: map[string]bool{}, pinned: map[connectors.Digest]Plan{},
	}
	if abs, err := filepath.Abs(j.path); err == nil {
		j.path = abs
	}
	j.engine = sqlite.New(j.path)
	if o.Clock != nil {
		j.now = o.Clock.Now
	}
	for range readers {
		j.pool <- nil
	}
	return j
}

// systemClock is the clock where Options has none.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

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
	l := &Look{Journal: j, Conn: c}
	if !j.started {
		l.Fail(j.engine.Migrate(c))
	}
	l.Fail(j.names.load(c))
	j.seq = max(j.seq, l.Number(LastEvent))
	l.loadTombstones()
	if !j.started {
		l.start()
	}
	if l.Err != nil {
		return errors.Join(l.Err, c.Close())
	}
	j.w, j.started = c, true
	return nil
}

// start reads what the writer keeps in memory for good.
func (l *Look) start() {
	l.loadPositions()
	l.Journal.ids.last = Value[ID](l, LastID)
	l.Journal.held.Store(l.Is(HeldNow))
	NewTx(l).Exec(forgetRecalls, l.Journal.now().Add(-recallDays))
	l.LoadAfterRestore()
	Each(l, "SELECT id FROM plan WHERE used=1", nil, func(id int64) { l.Journal.plans[id] = true })
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
		j.closed = errors.Join(append(errs, j.release())...)
	})
	return j.closed
}

// Version is the version of the tables that this program writes, and the highest it reads.
func Version() int { return int((*sqlite.Engine)(nil).Newest()) }

// Maintaining tells whether the writer is busy with something that takes its time by nature; calls that
// change the journal wait for it.
func (j *Journal) Maintaining() bool { return j.maintaining.Load() }

// Busy tells whether Close would have to wait for something that takes minutes in a large journal, and that cannot be
// broken off: it is being compacted or checked.
func (j *Journal) Busy() bool { return j.Maintaining() || j.checking.Load() > 0 }

// Examine is a read for which Busy is true.
func (j *Journal) Examine(ctx context.Context, f func(*Look)) error {
	j.checking.Add(1)
	defer j.checking.Add(-1)
	return j.Read(ctx, f)
}

// Ping returns once the writer takes calls. It changes nothing. While the writer is busy with something
// that takes its time by nature, such as copying the whole log back, Ping returns at once.
func (j *Journal) Ping(ctx context.Context) error {
	if j.maintaining.Load() {
		return nil
	}
	return j.Idle(ctx, "ask the journal's writer", func(*engine.Conn) error { return nil })
}

// Now is the time by the journal's clock.
func (j *Journal) Now() time.Time { return j.now() }

// ContentStore is where what is large lies; nil: nowhere.
func (j *Journal) ContentStore() *content.Store { return j.content }

// Engine is the database that keeps the rows.
func (j *Journal) Engine() engine.Engine { return j.engine }
