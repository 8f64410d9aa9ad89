// Package configs holds worked examples. This test loads every file of them as the agent would.
package configs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/mapping"
)

func TestEveryExample(t *testing.T) {
	names, _ := filepath.Glob("*/inbasket.yaml")
	if len(names) < 3 {
		t.Fatalf("only %d examples", len(names))
	}
	for _, name := range names {
		t.Run(filepath.Dir(name), func(t *testing.T) {
			if _, err := config.Load(name, all.Registry(), config.Options{Lenient: true}); err != nil {
				t.Fatalf("\n%v", err)
			}
			mappings, _ := filepath.Glob(filepath.Join(filepath.Dir(name), "mappings", "*.yaml"))
			if len(mappings) == 0 {
				t.Error("an example without a mapping")
			}
			for _, m := range mappings {
				fsys := os.DirFS(filepath.Dir(m))
				p, err := mapping.Load(fsys, filepath.Base(m), nil)
				if err != nil {
					t.Fatalf("\n%v", err)
				}
				for _, r := range p.RunTests(fsys) {
					if !r.OK {
						t.Errorf("%s: %v", r.Name, r.Diffs)
					}
				}
			}
		})
	}
}
