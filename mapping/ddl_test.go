package mapping

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// TestExampleTables creates the examples' tables in SQLite and checks that every column that a mapping writes is there.
func TestExampleTables(t *testing.T) {
	for dir, ddl := range map[string]string{"building-permit": "register.sql", "pension": "claims.sql"} {
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		src, err := os.ReadFile(filepath.Join("../configs", dir, "sql", ddl))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(string(src)); err != nil {
			t.Fatalf("%s: %v", ddl, err)
		}
		p := example(t, dir, dir)
		for _, w := range p.writes {
			if p.layouts[w.target] != nil {
				continue
			}
			cols := strings.Join(append(w.shape.Fields[:len(w.shape.Fields):len(w.shape.Fields)], w.shape.Returning...), ", ")
			if _, err := db.Exec("select " + cols + " from " + w.object + " limit 0"); err != nil {
				t.Errorf("%s: %v", w.name, err)
			}
		}
		if p.answer != nil {
			if _, err := db.Exec(p.answer.question.Query); err != nil {
				t.Errorf("%s: query: %v", dir, err)
			}
		}
	}
}
