package files

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
