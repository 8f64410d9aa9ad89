package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/durable"
)

// Folder is where the log lies below an agent's state.
const Folder = "audit"

// maxFile is how many bytes a file takes before the next one begins.
const maxFile = 4 << 20

// ErrLocked says that another program writes this log.
var ErrLocked = errors.New("another program writes the audit log")

// Head is the end of the chain. Who remembers it notices when the log was cut or written anew.
type Head struct {
	N    int64  `json:"n"`    // number of the last entry; 0: none
	Hash string `json:"hash"` // its digest
}

// Log is the log of one state folder, open for writing. It is safe for concurrent use.
type Log struct {
	dir   string
	clock connectors.Clock
	lock  func() error // releases it
	limit int64        // bytes of a file
	sync  func(*os.File) error

	mu     sync.Mutex
	f      *os.File // nil: to be opened again at the next entry
	size   int64    // of f
	number int      // of f
	head   Head
	found  Repair
	closed bool
}

// Repair is what Open found at the end of the log. Its zero value: all was well.
type Repair struct {
	Torn    int64  // bytes of a last line that was never finished
	Damaged bool   // the last line is complete, but no entry; the chain begins anew in the next file
	Kept    string // file that what was torn was set aside to
}

// Open opens the log in dir and makes it if need be. What a crash left of a last line is set aside, and an entry
// says so. Only one program can have a log open.
func Open(dir string, clock connectors.Clock) (*Log, error) {
	return open(dir, clock, maxFile, (*os.File).Sync)
}

func open(dir string, clock connectors.Clock, limit int64, sync func(*os.File) error) (*Log, error) {
	if err := makeDir(dir); err != nil {
		return nil, unwritten(err)
	}
	lock, err := takeLock(filepath.Join(dir, "audit.lock"))
	if err != nil {
		return nil, err
	}
	l := &Log{dir: dir, clock: clock, lock: lock, limit: limit, sync: sync, head: Head{Hash: Genesis}}
	if err := l.reopen(); err != nil {
		return nil, errors.Join(unwritten(err), l.Close())
	}
	return l, nil
}

func takeLock(path string) (release func() error, err error) {
	f, err := disk.OpenOwned(path, os.O_RDWR|os.O_CREATE)
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		release, err = journal.LockFile(path)
	}
	if errors.Is(err, journal.ErrLocked) {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeLocked, Op: "open the audit log", Hint: "an agent or another command has it; ask the running agent, or try again in a moment", Err: ErrLocked}
	}
	if err != nil {
		return nil, unwritten(err)
	}
	return release, nil
}

// makeDir makes the log's folder, for the account that owns the state folder.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	_ = disk.SameOwner(dir, filepath.Dir(dir)) // if it fails, the agent says that it may not write
	return durable.SyncDir(filepath.Dir(dir))
}

// Add writes one entry; it is on disk on return. After an error the entry counts for nothing, and what it tells
// of must not be done.
func (l *Log) Add(r Record) (Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return Entry{}, unwritten(os.ErrClosed)
	}
	if l.f == nil {
		if err := l.reopen(); err != nil {
			return Entry{}, unwritten(err)
		}
	}
	e, err := l.append(r)
	if err != nil {
		return Entry{}, unwritten(err)
	}
	return e, nil
}

// append writes an entry to the open file, in a new one when that is full.
func (l *Log) append(r Record) (Entry, error) {
	if l.size >= l.limit {
		if err := l.next(); err != nil {
			return Entry{}, err
		}
	}
	e := Entry{N: l.head.N + 1, At: l.clock.Now().UTC(), Who: clean(r.Who), Via: clean(r.Via), Action: clean(r.Action), Object: clean(r.Object), Details: cleanAll(r.Details), Prev: l.head.Hash}
	text, err := seal(&e)
	if err != nil {
		return Entry{}, err
	}
	if _, err = l.f.WriteAt(text, l.size); err == nil {
		err = l.sync(l.f)
	}
	if err != nil {
		// Half a line must not stay; where it cannot be taken away, reopening sets it aside.
		undo := l.f.Truncate(l.size)
		if undo != nil || l.sync(l.f) != nil {
			_ = l.f.Close()
			l.f = nil
		}
		return Entry{}, err
	}
	l.size += int64(len(text))
	l.head = Head{N: e.N, Hash: e.Hash}
	return e, nil
}

// next begins the next file.
func (l *Log) next() error {
	_ = l.f.Close() // everything in it is on disk
	l.f = nil
	return l.create(l.number + 1)
}

func (l *Log) create(number int) error {
	path := filepath.Join(l.dir, fileName(number))
	f, err := disk.OpenOwned(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		err = durable.SyncDir(l.dir)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.f, l.size, l.number = f, info.Size(), number
	return nil
}

// Head returns the end of the chain.
func (l *Log) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Found returns what Open found at the end of the log.
func (l *Log) Found() Repair {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found
}

// Dir returns the log's folder.
func (l *Log) Dir() string { return l.dir }

// Close releases the log. It may be called twice.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	var err error
	if l.f != nil {
		err = l.f.Close()
		l.f = nil
	}
	return errors.Join(err, l.lock())
}

func unwritten(err error) error {
	var known *connectors.Error
	if errors.As(err, &known) {
		return err
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeUnwritten, Op: "write the audit log",
		Hint: "nothing is done that is not on record: make space on the disk below state, or mend its rights, and give the order again", Err: err}
}

func fileName(number int) string { return fmt.Sprintf("audit-%06d.jsonl", number) }

// numberOf returns the number in the name of one of the log's files; 0 for any other file.
func numberOf(name string) int {
	if len(name) != len("audit-000000.jsonl") || name[:6] != "audit-" || name[12:] != ".jsonl" {
		return 0
	}
	n, err := strconv.Atoi(name[6:12])
	if err != nil || n < 0 {
		return 0
	}
	return n
}
