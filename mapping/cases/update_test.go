package cases

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/mapping/load"
)

var update = flag.Bool("update", false, "write golden files anew; look at the difference before you commit it")

// TestUpdateBytes writes the expect-bytes files of the examples anew when asked to.
func TestUpdateBytes(t *testing.T) {
	t.Parallel()
	if !*update {
		t.Skip("only with -update")
	}
	names, _ := filepath.Glob("../../configs/*/mappings/*.yaml")
	for _, name := range names {
		dir := filepath.Dir(name)
		p, err := load.Mapping(os.DirFS(dir), filepath.Base(name), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Cases() {
			for target, file := range c.ExpectBytes {
				raw, err := os.ReadFile(filepath.Join(dir, c.Form))
				if err != nil {
					t.Fatal(err)
				}
				m, err := try(p, raw, c, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				b, there, err := fileOf(target, m)
				if err != nil || !there || file.File == "" {
					t.Fatal(c.Name, err)
				}
				if err := os.WriteFile(filepath.Join(dir, file.File), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
