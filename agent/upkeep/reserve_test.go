//go:build unix

package upkeep

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// TestReserve is made once, given up for room, and made again.
func TestReserve(t *testing.T) {
	state := t.TempDir()
	path := filepath.Join(state, reserveName)
	if GiveUpReserve(state, zerolog.Nop()) {
		t.Error("what is not there was given up")
	}
	for range 2 {
		KeepReserve(state)
		KeepReserve(state)
		if info, err := os.Stat(path); err != nil || info.Size() != reserveSize {
			t.Fatalf("%v %v", info, err)
		}
		if !GiveUpReserve(state, zerolog.Nop()) {
			t.Error("it was not given up")
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v", err)
		}
	}
	KeepReserve(filepath.Join(state, "none")) // it is no fault when it cannot be made
}

// TestSpace tells an error of a full disk from others, under whatever name it comes.
func TestSpace(t *testing.T) {
	state := t.TempDir()
	coded := func(code string) error {
		return connectors.Errorf(connectors.TargetError, code, "write", "", "disk I/O error")
	}
	for err, want := range map[error]bool{
		fmt.Errorf("write: %w", syscall.ENOSPC): true, coded(journal.CodeDiskFull): true,
		coded(journal.CodeIO): false, coded("audit.unwritten"): false, coded("sql.login"): false, errors.New("x"): false,
	} {
		if got := NoSpace(state, err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
	if !HasSpace(state, 1) || HasSpace(state, 1<<62) || !HasSpace(filepath.Join(state, "none"), 1) {
		t.Error("room is what the disk has, and what cannot be asked is tried")
	}
}
