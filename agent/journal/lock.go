package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

const lockName = "journal.lock"

// lock makes sure that only one agent writes a journal. The system releases it when the process ends.
type lock struct{ f *os.File }

func takeLock(dir string) (*lock, error) { return lockAt(filepath.Join(dir, lockName)) }

func lockAt(path string) (*lock, error) {
	dir := filepath.Dir(path)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	held, err := lockFile(f)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	if held {
		b := make([]byte, 32)
		n, _ := f.Read(b)
		_ = f.Close()
		hint := "stop it, or give this agent a state folder of its own"
		if pid := strings.TrimSpace(string(b[:n])); pid != "" {
			hint = "it runs as process " + pid + "; " + hint
		}
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeLocked, Op: "open the journal in " + dir, Hint: hint, Err: ErrLocked}
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // for the message only
	}
	return &lock{f: f}, nil
}

// LockFile keeps other processes that do so too from going on at the same time, until release. ErrLocked says that
// one of them does.
func LockFile(path string) (release func() error, err error) {
	l, err := lockAt(path)
	if err != nil {
		return nil, err
	}
	return l.release, nil
}

func (l *lock) release() error {
	if l == nil || l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	return f.Close()
}
