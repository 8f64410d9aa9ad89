// Package style holds no code: its test keeps the house style that no common linter knows.
package style

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root         = "../.."
	maxFile      = 500 // lines
	maxFunction  = 60  // lines
	maxInterface = 6   // methods
)

func TestStyle(t *testing.T) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			checkFile(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checker walks one file.
type checker struct {
	t    *testing.T
	fset *token.FileSet
	rel  string // slash-separated, from the repository's folder
	test bool
}

func checkFile(t *testing.T, path string) {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		t.Fatal(err)
	}
	c := checker{t: t, fset: token.NewFileSet(), rel: filepath.ToSlash(rel)}
	c.test = strings.HasPrefix(c.rel, "test/") || strings.HasSuffix(c.rel, "_test.go")
	f, err := parser.ParseFile(c.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return
	}
	if ast.IsGenerated(f) {
		return
	}
	limit := maxFile
	if c.test {
		limit += maxFile / 2
	}
	if n := c.fset.File(f.Pos()).LineCount(); n > limit {
		c.errorf(f.Pos(), "%d lines; split it, %d are the limit", n, limit)
	}
	for _, d := range f.Decls {
		c.decl(d)
	}
}

func (c checker) errorf(pos token.Pos, format string, args ...any) {
	c.t.Errorf("%s:%d: %s", c.rel, c.fset.Position(pos).Line, fmt.Sprintf(format, args...))
}

func (c checker) decl(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		c.function(d)
	case *ast.GenDecl:
		for _, s := range d.Specs {
			c.spec(d, s)
		}
	}
}

func (c checker) function(d *ast.FuncDecl) {
	lines := c.fset.Position(d.End()).Line - c.fset.Position(d.Pos()).Line + 1
	limit := maxFunction
	if c.test {
		limit *= 2
	}
	if lines > limit {
		c.errorf(d.Pos(), "%s has %d lines; %d are the limit", d.Name.Name, lines, limit)
	}
	if c.test {
		return
	}
	c.calls(d)
	if d.Recv == nil && d.Name.Name == "init" {
		c.errorf(d.Pos(), "no init functions: give a value to whoever needs it")
	}
	if d.Name.IsExported() && d.Doc == nil && exported(d.Recv) {
		c.errorf(d.Pos(), "exported %s has no comment", d.Name.Name)
	}
}

// exported tells whether methods of the receiver's type can be seen from outside.
func exported(recv *ast.FieldList) bool {
	if recv == nil || len(recv.List) == 0 {
		return true
	}
	typ := recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

func (c checker) spec(d *ast.GenDecl, s ast.Spec) {
	if c.test {
		return
	}
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
			c.errorf(s.Pos(), "exported %s has no comment", s.Name.Name)
		}
		if i, ok := s.Type.(*ast.InterfaceType); ok && i.Methods.NumFields() > maxInterface {
			c.errorf(s.Pos(), "%s has %d methods; %d are the limit", s.Name.Name, i.Methods.NumFields(), maxInterface)
		}
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				c.errorf(n.Pos(), "exported %s has no comment", n.Name)
			}
		}
	}
}

// calls finds uses of the system's time, which only the methods of a connectors.Clock, the deadlines of
// sockets and commands that a person waits for may make, and exits, which only main may make.
func (c checker) calls(d *ast.FuncDecl) {
	clock := d.Recv != nil && (d.Name.Name == "Now" || d.Name.Name == "After") || strings.HasPrefix(c.rel, "agent/cmd/")
	ast.Inspect(d, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && deadline(call) {
			return false
		}
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		switch name := pkg.Name + "." + sel.Sel.Name; name {
		case "time.Now", "time.Sleep", "time.After", "time.Tick", "time.Since", "time.Until":
			if !clock {
				c.errorf(n.Pos(), "%s: take the time from connectors.Clock", name)
			}
		case "os.Exit", "log.Fatal", "log.Fatalf":
			if d.Name.Name != "main" {
				c.errorf(n.Pos(), "%s outside main", name)
			}
		}
		return true
	})
}

// deadline tells whether the call sets a deadline of a socket, which is on the system's clock always.
func deadline(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && strings.HasPrefix(sel.Sel.Name, "Set") && strings.HasSuffix(sel.Sel.Name, "Deadline")
}
