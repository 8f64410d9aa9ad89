package journal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestStatementsOfEveryEngine keeps what only SQLite understands in its own package.
func TestStatementsOfEveryEngine(t *testing.T) {
	t.Parallel()
	own := regexp.MustCompile(`\bPRAGMA\b|\bINDEXED BY\b|\bINSERT OR\b|\bREPLACE INTO\b|\browid\b|\bROWID\b|\bVACUUM\b|\bsqlite_\w+|\?\d|\binstr\(|\bjson_\w+\(|\biif\(|ON CONFLICT DO UPDATE|BEGIN IMMEDIATE|\bmax\([^()]*,`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	rooms, err := filepath.Glob("*ing/*.go")
	if files = append(files, rooms...); err != nil || len(files) < 40 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	text := regexp.MustCompile("(?s)`[^`]*`|\"[^\"\n]*\"")
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range text.FindAllString(string(b), -1) {
			if found := own.FindString(s); found != "" {
				t.Errorf("%s: %q is SQLite's: %s", name, found, s)
			}
		}
	}
	for _, s := range []string{"PRAGMA page_count", "INSERT OR IGNORE INTO x", "SELECT max(a, b)", "x=?1"} {
		if !own.MatchString(s) {
			t.Errorf("%q is not recognised", s)
		}
	}
}
