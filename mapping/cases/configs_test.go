package cases

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/mapping/load"
)

// TestConfigs loads every mapping in configs and runs its own tests.
func TestConfigs(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../../configs/*/mappings/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no mappings in configs: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			fsys := os.DirFS(filepath.Dir(name))
			p, err := load.Mapping(fsys, filepath.Base(name), nil)
			if err != nil {
				t.Fatalf("\n%v", err)
			}
			results := Run(p, fsys)
			if len(results) < 2 {
				t.Errorf("only %d tests of its own", len(results))
			}
			for _, r := range results {
				for _, d := range r.Diffs {
					t.Errorf("%s: %s", r.Name, d)
				}
			}
			again, err := load.Bundle(p.Bundle(), nil)
			if err != nil {
				t.Fatalf("bundle: %v", err)
			}
			if again.Digest() != p.Digest() {
				t.Error("the bundle's digest differs")
			}
		})
	}
}
