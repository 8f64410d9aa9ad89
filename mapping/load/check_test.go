package load_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

var update = flag.Bool("update", false, "write golden files anew; look at the difference before you commit it")

// TestWrongMappings compares everything that check says about wrong mappings, carets included.
func TestWrongMappings(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("testdata/wrong/*.yaml")
	if len(names) < 30 {
		t.Fatalf("only %d wrong mappings", len(names))
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			t.Parallel()
			_, err := load.Mapping(os.DirFS(filepath.Dir(name)), filepath.Base(name), mappings.Catalog{})
			var problems diag.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("not refused: %v", err)
			}
			have := problems.Format()
			golden := strings.TrimSuffix(name, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(have), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, _ := os.ReadFile(golden)
			if d := cmp.Diff(string(want), have); d != "" {
				t.Error(d)
			}
		})
	}
}
