package disk

import (
	"path/filepath"
	"testing"
)

func TestOf(t *testing.T) {
	dir := t.TempDir()
	s, err := Of(dir)
	if err != nil || s.Size == 0 || s.Free > s.Size {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := Of(filepath.Join(dir, "not", "there")); err == nil {
		t.Error("a folder that is not there has room")
	}
}
