package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors/all"
)

var update = flag.Bool("update", false, "write the references anew")

const repository = "../../.."

// TestReferences keeps the generated references as the code says.
func TestReferences(t *testing.T) {
	for name, write := range map[string]func(io.Writer){
		"docs/reference/cli.md":     func(w io.Writer) { writeReference(w, newRoot(&app{})) },
		"docs/reference/config.md":  func(w io.Writer) { config.Reference(w, all.Registry()) },
		"docs/reference/metrics.md": monitor.Reference,
		"docs/errors.md":            func(w io.Writer) { writeErrors(t, w) },
	} {
		var b bytes.Buffer
		write(&b)
		path := filepath.Join(repository, filepath.FromSlash(name))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(have, b.Bytes()) {
			t.Errorf("%s is stale; run make generate", name)
		}
	}
}

// errorCode is one documented code.
type errorCode struct{ code, happened, next string }

var (
	codeName  = regexp.MustCompile(`^[cC]ode[A-Z]`)
	codeValue = regexp.MustCompile(`^[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*$`)
)

// writeErrors writes every code with what happened and what to do, from the comments beside the constants.
func writeErrors(t *testing.T, w io.Writer) {
	var codes []errorCode
	for _, dir := range []string{"agent", "connectors", "installer", "mapping"} {
		err := filepath.WalkDir(filepath.Join(repository, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			found, err := codesIn(path)
			codes = append(codes, found...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(codes, func(a, b errorCode) int { return strings.Compare(a.code, b.code) })
	fmt.Fprint(w, "# Error codes\n\n<!-- Made by \"go generate ./agent/cmd/inbasket\"; do not edit. -->\n\n"+
		"Codes are stable. `inbasket show ID` and `inbasket status` print them, the log and the front office carry them.\n")
	area := ""
	for i, c := range codes {
		if i > 0 && codes[i-1].code == c.code {
			if codes[i-1] != c {
				t.Errorf("the code %s means two things: %q and %q", c.code, codes[i-1].happened, c.happened)
			}
			continue
		}
		if c.happened == "" {
			t.Errorf("the code %s needs a comment: what happened; what to do", c.code)
		}
		if c.next == "" {
			c.next = usually(c.code)
		}
		if a, _, _ := strings.Cut(c.code, "."); a != area {
			area = a
			fmt.Fprintf(w, "\n## %s\n\n| code | what happened | what to do |\n|---|---|---|\n", area)
		}
		fmt.Fprintf(w, "| `%s` | %s | %s |\n", c.code, cell(c.happened), cell(c.next))
	}
}

// usually is what to do about a code whose comment does not say.
func usually(code string) string {
	switch area, _, _ := strings.Cut(code, "."); area {
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

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// codesIn returns the constants of a file that are codes.
func codesIn(path string) ([]errorCode, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out []errorCode
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
			happened, next, _ := strings.Cut(strings.Join(strings.Fields(comment), " "), "; ")
			out = append(out, errorCode{value, happened, next})
		}
	}
	return out, nil
}
