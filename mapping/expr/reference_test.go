package expr

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the generated reference anew")

// TestReference keeps the generated reference of helpers fresh.
func TestReference(t *testing.T) {
	t.Parallel()
	name := filepath.FromSlash("../../docs/reference/helpers.md")
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != Reference() {
		t.Error("docs/reference/helpers.md is stale: go test ./mapping/expr -run Reference -update")
	}
	for n, p := range predicates {
		if p.usage == "" {
			t.Errorf("%s is not described", n)
		}
	}
	for _, n := range helperNames() {
		if h, ok := helpers[n]; ok && (h.usage == "" || h.absent == "") {
			t.Errorf("%s is not described", n)
		}
	}
}
