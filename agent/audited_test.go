package agent

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
)

// looking are the orders that change nothing and show nothing that a citizen wrote.
var looking = []string{"Status", "List", "Show", "Batches", "Results", "Audit", "VerifyAudit", "Examine", "Vitals", "CheckJournal"}

// Every order that changes something, or shows what a citizen wrote, goes on record: one that is new is either
// recorded in one of the files audited*.go or named above.
func TestEveryOrderIsOnRecord(t *testing.T) {
	recorded := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil {
				continue
			}
			if of, ok := fn.Recv.List[0].Type.(*ast.Ident); ok && of.Name == "audited" {
				recorded[fn.Name.Name] = true
			}
		}
	}
	op := reflect.TypeFor[control.Operator]()
	for i := range op.NumMethod() {
		name := op.Method(i).Name
		if looks := slices.Contains(looking, name); looks == recorded[name] {
			t.Errorf("order %s: on record %v, only looks %v", name, recorded[name], looks)
		}
	}
}
