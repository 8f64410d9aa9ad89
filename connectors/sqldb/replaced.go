package sqldb

import (
	"errors"
	"os"

	"github.com/inbasket/inbasket/connectors"
)

// openFile is the file that a session has open: what its path named when it was opened. A file that took its place
// later is another database, while everything written to the open one is lost without an error.
type openFile struct {
	path string
	db   os.FileInfo
	wal  os.FileInfo // its write-ahead log; nil: none
}

var errReplaced = errors.New("the database file was replaced or moved away while it was open")

// fresh tells whether the path still names the file that is open.
func (f *openFile) fresh() bool {
	now, err := os.Stat(f.path)
	return err == nil && os.SameFile(f.db, now)
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
	return f
}

// leftover refuses a new file beside which the log of the former one lies: SQLite would write that into it.
func (f *openFile) leftover(former *openFile) error {
	if former == nil || former.wal == nil || f.wal == nil || f.wal.Size() == 0 || os.SameFile(f.db, former.db) || !os.SameFile(f.wal, former.wal) {
		return nil
	}
	return connectors.Errorf(connectors.TargetError, CodeReplaced, "open the database",
		"move the file that ends in -wal away: it belongs to the database that was replaced; the agent goes on by itself", "the log of the former file is still there")
}
