package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/inbasket/inbasket/connectors"
)

const lockName = "journal.lock"

// takeLock makes sure that only one agent writes a journal. The system releases it when the process ends.
func takeLock(dir string) (release func() error, err error) {
	return LockFile(filepath.Join(dir, lockName))
}

// LockFile keeps other processes that do so too from going on at the same time, until release. ErrLocked says that
// one of them does.
func LockFile(path string) (release func() error, err error) {
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
		hint := "stop it, or give this agent a state folder of its own"
		if pid := holder(f); pid != 0 {
			hint = fmt.Sprintf("it runs as process %d; %s", pid, hint)
		}
		_ = f.Close()
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeLocked, Op: "open the journal in " + dir, Hint: hint, Err: ErrLocked}
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // for the message only
	}
	return sync.OnceValue(f.Close), nil
}

// Lock keeps every agent from opening the journal in dir until release; ErrLocked says that one has it open. In a
// folder without a journal there is nothing to lock.
func Lock(dir string) (release func() error, err error) {
	if _, err := os.Stat(filepath.Join(dir, lockName)); errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, nil // made here, it would belong to whoever runs this
	}
	return takeLock(dir)
}

// holder reads who holds the lock, for messages only; 0: it cannot be told.
func holder(f *os.File) int {
	b := make([]byte, 32)
	n, _ := f.Read(b)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}

// LockedBy tells whether a process has the journal in dir open, and its number. It tries the lock and lets go at once; an agent that
// starts in this moment tries again by itself.
func LockedBy(dir string) (held bool, pid int, err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	defer f.Close()
	if held, err = lockFile(f); held {
		pid = holder(f)
	}
	return held, pid, err
}
