// Package examples loads every worked example in configs as the agent would.
package examples

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/cases"
	"github.com/inbasket/inbasket/mapping/load"
)

const root = "../../configs"

func TestEveryExample(t *testing.T) {
	names, _ := filepath.Glob(root + "/*/inbasket.yaml")
	if len(names) < 3 {
		t.Fatalf("only %d examples", len(names))
	}
	for _, name := range names {
		t.Run(filepath.Base(filepath.Dir(name)), func(t *testing.T) {
			if _, err := config.Load(name, all.Registry(), config.Options{Lenient: true}); err != nil {
				t.Fatalf("\n%v", err)
			}
			mappings, _ := filepath.Glob(filepath.Join(filepath.Dir(name), "mappings", "*.yaml"))
			if len(mappings) == 0 {
				t.Error("an example without a mapping")
			}
			for _, m := range mappings {
				fsys := os.DirFS(filepath.Dir(m))
				p, err := load.Mapping(fsys, filepath.Base(m), nil)
				if err != nil {
					t.Fatalf("\n%v", err)
				}
				for _, r := range cases.Run(p, fsys) {
					if !r.OK {
						t.Errorf("%s: %v", r.Name, r.Diffs)
					}
				}
			}
		})
	}
}

// TestExampleTables creates the examples' tables in SQLite and checks that every column that a mapping writes is there.
func TestExampleTables(t *testing.T) {
	for dir, ddl := range map[string]string{"building-permit": "register.sql", "pension": "claims.sql"} {
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		src, err := os.ReadFile(filepath.Join(root, dir, "sql", ddl))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(string(src)); err != nil {
			t.Fatalf("%s: %v", ddl, err)
		}
		p, err := load.Mapping(os.DirFS(filepath.Join(root, dir, "mappings")), dir+".yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		checkColumns(t, db, p, filepath.Join(root, dir, "mappings", "samples", "typical.json"))
		if _, q, ok := p.Question(); ok {
			if _, err := db.Exec(q.Query); err != nil {
				t.Errorf("%s: query: %v", dir, err)
			}
		}
	}
}

// checkColumns asks for every column that a sample is written to.
func checkColumns(t *testing.T, db *sql.DB, p *mapping.Plan, sample string) {
	t.Helper()
	raw, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	form, err := p.Decode(raw, "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Map(form, mapping.Input{ID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range m.Deliveries {
		for _, r := range d.Records {
			if d.Layout != nil {
				continue
			}
			cols := strings.Join(append(r.Shape.Fields[:len(r.Shape.Fields):len(r.Shape.Fields)], r.Shape.Returning...), ", ")
			if _, err := db.Exec("select " + cols + " from " + r.Shape.Object + " limit 0"); err != nil {
				t.Errorf("%s: %v", r.Shape.Write, err)
			}
		}
	}
}
