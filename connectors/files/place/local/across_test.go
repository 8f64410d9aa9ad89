package local

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestAnotherCameWhileItWasCopied: of a move to another file system only the file goes that was copied.
func TestAnotherCameWhileItWasCopied(t *testing.T) {
	for _, third := range []bool{false, true} {
		dir := t.TempDir()
		from := filepath.Join(dir, "a.json")
		write := func(content string) {
			t.Helper()
			if err := os.WriteFile(from+".tmp", []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(from+".tmp", from); err != nil {
				t.Fatal(err)
			}
		}
		write("first")
		src, err := openRegular(from)
		if err != nil {
			t.Fatal(err)
		}
		if !third {
			write("second")
		}
		err = removeCopied(src, from)
		_ = src.Close()
		var left []string
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			b, _ := os.ReadFile(filepath.Join(dir, e.Name()))
			left = append(left, e.Name()+"="+string(b))
		}
		want := []string{"a.json=second"}
		if third {
			want = nil
		}
		if err != nil || !slices.Equal(left, want) {
			t.Errorf("left %q, want %q, %v", left, want, err)
		}
	}
}
