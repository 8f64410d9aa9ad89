package intake

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestReofferOwnNumbers puts forms back under their own names when those end with thirteen digits, as timestamps and
// running numbers do: they are no submission's ID.
func TestReofferOwnNumbers(t *testing.T) {
	names := []string{"form-0000000012345.json", "form-1795381238123.json", "form-2026112200017.json", "form-2026112200018.json"}
	forms := map[string]string{}
	for _, n := range names {
		forms[n] = n
	}
	in, dir := rescanned(t, nil, forms)
	tell := func([]string) error { return nil }
	if n, err := in.Reoffer(context.Background(), time.Now().Add(-time.Hour), tell); n != len(names) || err != nil {
		t.Error(n, err)
	}
	if got := listed(t, dir); !slices.Equal(got, names) {
		t.Fatal(got)
	}
	for _, n := range names {
		if b, err := os.ReadFile(filepath.Join(dir, n)); err != nil || string(b) != n {
			t.Errorf("%s holds %s %v", n, b, err)
		}
	}
}

// TestReofferTwins offers both of two forms that came with the same name, length and time.
func TestReofferTwins(t *testing.T) {
	in, dir := rescanned(t, nil, map[string]string{"a.json": "1", "a-0A1B2C3D4E5F6.json": "2"})
	at := time.Now().Truncate(time.Second)
	for _, n := range []string{"a.json", "a-0A1B2C3D4E5F6.json"} {
		if err := os.Chtimes(filepath.Join(dir, "done", n), at, at); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for range 2 {
		_, _ = in.Reoffer(context.Background(), time.Now().Add(-time.Hour), func([]string) error { return nil }) // one waits for the other
		b, err := os.ReadFile(filepath.Join(dir, "a.json"))
		if err != nil {
			t.Fatal(err)
		}
		seen[string(b)] = true
		if err := os.Rename(filepath.Join(dir, "a.json"), filepath.Join(dir, "done", "settled-"+string(b)+".json")); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 2 {
		t.Errorf("offered: %v", seen)
	}
}
