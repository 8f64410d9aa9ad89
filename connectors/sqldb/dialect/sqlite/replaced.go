package sqlite

import (
	"os"
	"sync"
	"sync/atomic"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// openFile is the file that a session has open: what its path named when it was opened. A file that took its place
// later is another database, while everything written to the open one is lost without an error. The same holds for its
// write-ahead log, and for the index of that, by which programs keep out of each other's way.
type openFile struct {
	path string
	db   os.FileInfo
	wal  os.FileInfo               // its write-ahead log; nil: none
	shm  os.FileInfo               // the index of that
	last *atomic.Pointer[openFile] // of its target, when all was as it should be
}

// openFiles are those of all sessions of this process, which share the index of a log as long as one is open; true: it
// must stay open until the process ends.
var openFiles = struct {
	sync.Mutex
	all map[*openFile]bool
}{all: map[*openFile]bool{}}

// Fresh tells whether the path still names the files that are open.
func (f *openFile) Fresh() bool {
	now := look(f.path)
	if now == nil || !os.SameFile(f.db, now.db) {
		return false
	}
	if f.wal == nil && f.shm == nil { // it is opened with the first transaction that finds it
		openFiles.Lock()
		f.wal, f.shm = now.wal, now.shm
		openFiles.Unlock()
	}
	if !now.logOf(f) {
		return false
	}
	f.last.Store(now)
	return true
}

// opened enters a session's file into the list.
func (f *openFile) opened(last *atomic.Pointer[openFile]) {
	f.last = last
	last.Store(f)
	openFiles.Lock()
	defer openFiles.Unlock()
	openFiles.all[f] = false
}

// logOf tells whether the log is the one that f has open.
func (now *openFile) logOf(f *openFile) bool {
	same := func(x, y os.FileInfo) bool { return y == nil || x != nil && os.SameFile(x, y) }
	return same(now.wal, f.wal) && same(now.shm, f.shm)
}

// endsWell tells whether the session may be closed: closing the last one writes the log that it has open into the
// database. That saves what is committed there when the log was removed, and destroys the database when somebody has
// written to it since.
func (f *openFile) endsWell() bool {
	now, last := look(f.path), f.last.Load()
	if now == nil || !os.SameFile(f.db, now.db) || now.logOf(f) {
		return true // SQLite itself leaves a database alone that was moved
	}
	untouched := func(x, y os.FileInfo) bool {
		return y != nil && os.SameFile(x, y) && x.Size() == y.Size() && x.ModTime().Equal(y.ModTime())
	}
	return last != nil && untouched(now.db, last.db) && (now.wal == nil || untouched(now.wal, last.wal)) && (now.shm == nil || f.shm != nil && os.SameFile(now.shm, f.shm))
}

// Forgotten takes a session that is to end out of the list, or says that it must stay open until the process ends.
func (f *openFile) Forgotten() bool {
	ends := f.endsWell()
	openFiles.Lock()
	defer openFiles.Unlock()
	if ends {
		delete(openFiles.all, f)
	} else {
		openFiles.all[f] = true
	}
	return ends
}

// alone refuses to open a database while a session of this process still has a log of it open that is no longer there:
// a new one would write by the index of that.
func (f *openFile) alone() error {
	openFiles.Lock()
	defer openFiles.Unlock()
	for other, stays := range openFiles.all {
		switch {
		case !os.SameFile(f.db, other.db) || f.logOf(other):
		case stays:
			return connectors.Errorf(connectors.TargetError, dialect.CodeReplaced, "open the database",
				"start the agent anew; what it wrote since the last checkpoint may have gone with the log: compare with a backup of it", "its write-ahead log was removed or replaced while it was open, and the database was changed since")
		default:
			return connectors.Errorf(connectors.Transient, dialect.CodeBusy, "open the database", "", "its write-ahead log was removed or replaced while it was open")
		}
	}
	return nil
}

// look returns what the path names now; nil: nothing, which opening it will say.
func look(path string) *openFile {
	if path == "" {
		return nil
	}
	f := &openFile{path: path}
	var err error
	if f.db, err = os.Stat(path); err != nil {
		return nil
	}
	if f.wal, err = os.Stat(path + "-wal"); err != nil {
		f.wal = nil
	}
	if f.shm, err = os.Stat(path + "-shm"); err != nil {
		f.shm = nil
	}
	return f
}

// leftover refuses a new file beside which the log of the former one lies: SQLite would write that into it.
func (f *openFile) leftover(former *openFile) error {
	if former == nil || former.wal == nil || f.wal == nil || f.wal.Size() == 0 || os.SameFile(f.db, former.db) || !os.SameFile(f.wal, former.wal) {
		return nil
	}
	return connectors.Errorf(connectors.TargetError, dialect.CodeReplaced, "open the database",
		"move the file that ends in -wal away: it belongs to the database that was replaced; the agent goes on by itself", "the log of the former file is still there")
}
