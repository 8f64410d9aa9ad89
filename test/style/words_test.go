package style

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	glossaryRow = regexp.MustCompile(`^\| [^|]+ \| [^|]+ \| ([^|]*) \|$`)
	word        = regexp.MustCompile(`[A-Z]+[a-z0-9]*|[a-z0-9]+`)
)

// retired are the words that the glossary of ARCHITECTURE.md replaces by others.
func retired(t *testing.T) (words []string) {
	f, err := os.Open(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	inside := false
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "## ") {
			inside = s.Text() == "## Glossary"
		}
		if m := glossaryRow.FindStringSubmatch(s.Text()); inside && m != nil && m[1] != "not" && !strings.HasPrefix(m[1], "-") {
			for w := range strings.SplitSeq(m[1], ",") {
				if w = strings.TrimSpace(w); w != "" {
					words = append(words, w)
				}
			}
		}
	}
	return words
}

// TestWords holds the names of packages, files and exported things to the glossary.
func TestWords(t *testing.T) {
	not := retired(t)
	if len(not) < 10 {
		t.Fatalf("the glossary of ARCHITECTURE.md cannot be read: %q", not)
	}
	check := func(where, name string) {
		for _, w := range word.FindAllString(name, -1) {
			if slices.Contains(not, strings.ToLower(w)) {
				t.Errorf("%s: %s: the glossary of ARCHITECTURE.md has another word for %q", where, name, strings.ToLower(w))
			}
		}
	}
	names := 0
	for _, top := range []string{"agent", "connectors", "mapping", "installer"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.Name() == "testdata" {
				return err
			}
			rel, _ := filepath.Rel(root, path)
			if d.IsDir() {
				check(rel, d.Name())
				return nil
			}
			if !strings.HasSuffix(path, ".go") {
				return nil
			}
			check(rel, strings.TrimSuffix(strings.TrimSuffix(d.Name(), ".go"), "_test"))
			if strings.HasSuffix(path, "_test.go") {
				return nil
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				var ids []*ast.Ident
				switch n := n.(type) {
				case *ast.FuncDecl:
					ids = append(ids, n.Name)
				case *ast.TypeSpec:
					ids = append(ids, n.Name)
				case *ast.ValueSpec:
					ids = n.Names
				case *ast.Field:
					ids = n.Names
				}
				for _, id := range ids {
					if id.IsExported() {
						names++
						check(rel, id.Name)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if names < 1000 {
		t.Errorf("only %d names were looked at", names)
	}
}
