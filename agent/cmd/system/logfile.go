package system

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Size of a log file in bytes, and how many full ones are kept beside it.
const (
	logSize = 16 << 20
	logKept = 5
)

// logFile is a log that starts a new file when one is full: NAME, then NAME.1 to NAME.5, oldest last. Others may move
// it away or cut it, as logrotate does: it is opened anew within a second of the next entry.
type logFile struct {
	mu     sync.Mutex
	path   string
	file   *os.File
	info   os.FileInfo // of file
	size   int64
	now    func() time.Time
	looked time.Time // when it was last seen that path is file
}

// OpenLog opens a log file, and makes it with its folder when it is missing.
func OpenLog(path string) (io.WriteCloser, error) { return openFile(path) }

func openFile(path string) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	l := &logFile{path: path, now: time.Now}
	return l, l.open()
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.file, l.info, l.size, l.looked = f, info, info.Size(), l.now()
	return nil
}

// follow opens the log anew when its name leads to another file, or to none. When that fails, the entries go on to
// where the file was moved: better there than nowhere.
func (l *logFile) follow() {
	now := l.now()
	if now.Sub(l.looked).Abs() < time.Second {
		return
	}
	l.looked = now
	info, err := os.Stat(l.path)
	if err == nil && os.SameFile(info, l.info) {
		l.size = info.Size() // somebody may have cut it
		return
	}
	old := l.file
	if err := os.MkdirAll(filepath.Dir(l.path), 0o750); err != nil {
		return
	}
	if l.open() == nil {
		_ = old.Close() // everything in it was written
	}
}

// Write appends one entry. When the files cannot be moved on, it goes on in the full one.
func (l *logFile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return 0, os.ErrClosed
	}
	l.follow()
	if l.size > 0 && l.size+int64(len(b)) > logSize {
		if err := l.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(b)
	l.size += int64(n)
	return n, err
}

func (l *logFile) rotate() error {
	_ = l.file.Close() // Windows renames closed files only
	for i := logKept; i > 1; i-- {
		_ = os.Rename(fmt.Sprintf("%s.%d", l.path, i-1), fmt.Sprintf("%s.%d", l.path, i))
	}
	_ = os.Rename(l.path, l.path+".1")
	return l.open()
}

// Close closes the file; it may be called twice.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
