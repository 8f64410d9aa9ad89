package codes

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write table and page anew")

const repository = "../.."

// TestTable keeps the table as the comments say, and the page as the table.
func TestTable(t *testing.T) {
	want := collect(t)
	write(t, "agent/codes/table.txt", []byte(want))
	if *update {
		table = want
	}
	var page bytes.Buffer
	Reference(&page)
	write(t, "docs/errors.md", page.Bytes())
	ids, err := os.ReadFile(filepath.Join(repository, "docs/install-windows.md"))
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := bytes.Cut(ids, []byte("<!-- event IDs, made by \"go generate ./agent/codes\" -->\n"))
	_, tail, ok2 := bytes.Cut(rest, []byte("<!-- end of event IDs -->\n"))
	if !ok || !ok2 {
		t.Fatal("docs/install-windows.md has no place for the event IDs")
	}
	write(t, "docs/install-windows.md", slices.Concat(head, []byte("<!-- event IDs, made by \"go generate ./agent/codes\" -->\n"), []byte(eventTable()), []byte("<!-- end of event IDs -->\n"), tail))
}

// eventTable lists the IDs in four columns, by number.
func eventTable() string {
	areas := make([]string, 0, len(Events))
	for area := range Events {
		areas = append(areas, area)
	}
	number := func(area string) int { return int(Event(area)) }
	areas = append(areas, "any other")
	slices.SortFunc(areas, func(a, b string) int { return number(a) - number(b) })
	rows := (len(areas) + 3) / 4
	var b strings.Builder
	b.WriteString("| ID | codes | ID | codes | ID | codes | ID | codes |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for r := range rows {
		for c := range 4 {
			if n := c*rows + r; n < len(areas) {
				fmt.Fprintf(&b, "| %d | %s ", number(areas[n]), strings.ReplaceAll("`"+areas[n]+"`", "`any other`", "any other"))
			} else {
				b.WriteString("| | ")
			}
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// write updates a file of the repository, or says that it is stale.
func write(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join(repository, filepath.FromSlash(name))
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, want) {
		t.Errorf("%s is stale (%v); run make generate", name, err)
	}
}

var (
	codeName  = regexp.MustCompile(`^[cC]ode[A-Z]`)
	codeValue = regexp.MustCompile(`^[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*$`)
)

// collect makes the table from the comments beside the constants of the product.
func collect(t *testing.T) string {
	found := map[string]string{}
	for _, dir := range []string{"agent", "connectors", "installer", "mapping"} {
		err := filepath.WalkDir(filepath.Join(repository, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			return codesIn(path, func(code, comment string) {
				happened, cure, _ := strings.Cut(strings.Join(strings.Fields(comment), " "), "; ")
				if happened == "" {
					t.Errorf("the code %s needs a comment: what happened; what to do", code)
				}
				if cure == "" {
					cure = usually(code)
				}
				line := fmt.Sprintf("%s\t%s\t%s\n", code, happened, cure)
				if other := found[code]; other != "" && other != line {
					t.Errorf("the code %s means two things: %q and %q", code, other, line)
				}
				found[code] = line
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	names := make([]string, 0, len(found))
	for code := range found {
		names = append(names, code)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, code := range names {
		b.WriteString(found[code])
	}
	return b.String()
}

// usually is what to do about a code whose comment does not say.
func usually(code string) string {
	switch Area(code) {
	case "field", "decode", "form":
		return "the sender corrects the form and sends it again"
	case "mapping", "layout":
		return "correct the mapping at the place that is shown"
	case "submit", "http", "cursor", "document":
		return "the front office corrects its request"
	default:
		return "do as the message says"
	}
}

// codesIn calls each for the constants of a file that are codes.
func codesIn(path string, each func(code, comment string)) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, decl := range file.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if len(v.Values) != 1 || !codeName.MatchString(v.Names[0].Name) {
				continue
			}
			lit, ok := v.Values[0].(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				continue
			}
			value, err := strconv.Unquote(lit.Value)
			if err != nil || !codeValue.MatchString(value) {
				continue
			}
			comment := v.Comment.Text()
			if comment == "" {
				comment = v.Doc.Text()
			}
			each(value, comment)
		}
	}
	return nil
}

// TestLook finds what is in the table and says so of what is not.
func TestLook(t *testing.T) {
	if c, ok := Look("agent.stuck"); !ok || !strings.Contains(c.Happened, "no progress") || c.Cure == "" || c.Event != 200 {
		t.Errorf("%+v %v", c, ok)
	}
	for _, code := range []string{"", "agent", "zzz.none", "agent.stuc"} {
		if c, ok := Look(code); ok || Cure(code, "ask") != "ask" {
			t.Errorf("%q: %+v", code, c)
		}
	}
}

// TestEvents keeps IDs within what EventCreate.exe knows and each with one meaning, and gives every area its own.
func TestEvents(t *testing.T) {
	seen := map[uint32]string{EventOther: "other"}
	for area, id := range Events {
		if id < 200 || id > 1000 {
			t.Errorf("%s has the ID %d", area, id)
		}
		if other, taken := seen[id]; taken {
			t.Errorf("%d is %s and %s", id, other, area)
		}
		seen[id] = area
	}
	for _, c := range All() {
		if c.Event == EventOther {
			t.Errorf("the area of %s has no event ID", c.Code)
		}
	}
}
