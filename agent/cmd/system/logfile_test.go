package system

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log", "inbasket.log")
	l, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(strings.Repeat("x", logSize/2-1) + "\n")
	for range 2*logKept + 5 {
		if _, err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := l.Write(line); !errors.Is(err, os.ErrClosed) {
		t.Error("written after Close:", err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != logKept+1 {
		t.Errorf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Size() > logSize {
			t.Errorf("%s: %v %v", f, info.Size(), err)
		}
	}
}
