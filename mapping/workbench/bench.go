// Package workbench is what editors know of a mapping file while it is written: what is wrong with the text as it stands in the editor, what may
// be written at a place, what stands there and what it is made of, and what becomes of a form. It writes nothing.
package workbench

import (
	"errors"
	"fmt"
	"io/fs"
	slashpath "path"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/source"
)

// Bench is a mapping file that is being written.
type Bench struct {
	Files   fs.FS        // the folder that it lies in, with what is not saved yet: see Over
	Name    string       // of the file in it
	Catalog load.Catalog // what the configuration has; nil: any target will do
}

// Checked is what check finds.
type Checked struct {
	Plan     *mapping.Plan // nil where something is wrong
	Problems diag.Problems // what is wrong
	Warnings diag.Problems // what may be
}

// Check finds what inbasket check does. Files of problems are named as in Files.
func (b *Bench) Check() (c Checked) {
	c = Checked{Problems: diag.Problems{{File: b.Name, Line: 1, Column: 1, Code: CodeFailed, Message: "this mapping could not be checked: a fault of Inbasket itself"}}}
	guarded(func() {
		plan, err := load.Mapping(b.Files, b.Name, b.Catalog)
		switch problems := (diag.Problems)(nil); {
		case err == nil:
			c = Checked{Plan: plan, Warnings: plan.Warnings()}
		case errors.As(err, &problems):
			c.Problems = problems
		default:
			c.Problems = diag.Problems{{File: b.Name, Line: 1, Column: 1, Code: load.CodeFile, Message: err.Error()}}
		}
	})
	return c
}

// guarded lets an editor go on where a question about half a file ends in a fault of ours.
func guarded(ask func()) {
	defer func() { _ = recover() }()
	ask()
}

// text is the file as it stands in the editor.
func (b *Bench) text() string {
	raw, err := fs.ReadFile(b.Files, b.Name)
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n")
}

// maxBroken bounds the lines that are left out of a file that is no valid YAML for the moment.
const maxBroken = 10

// read reads what can be read of the file. The line that is being written, from 0, may be half a word: it is left out first where the file is
// no valid YAML, then those that the parser stops at. Line -1 is none.
func (b *Bench) read(text string, line int) (spec source.Mapping) {
	lines := strings.Split(text, "\n")
	for range maxBroken {
		var problems diag.Problems
		spec, problems = load.Source(Over(b.Files, map[string][]byte{b.Name: []byte(strings.Join(lines, "\n"))}), b.Name)
		if !slices.ContainsFunc(problems, func(p diag.Problem) bool { return p.Code == diag.CodeSyntax && p.File == b.Name }) {
			return spec
		}
		if line < 0 || line >= len(lines) || lines[line] == "" {
			line = problems[0].Line - 1
		}
		if line < 0 || line >= len(lines) {
			break
		}
		lines[line] = ""
	}
	return spec
}

// beside reads a file that the mapping names.
func (b *Bench) beside(name string) ([]byte, error) {
	if !source.PlainName(name) {
		return nil, fs.ErrInvalid
	}
	return source.Folder(b.Files, b.Name).Read(name)
}

// Over is a file system in which some files have other texts, which are not saved.
func Over(below fs.FS, texts map[string][]byte) fs.FS { return over{below, texts} }

type over struct {
	fs.FS
	texts map[string][]byte
}

// Open opens a file of the one below.
func (o over) Open(name string) (fs.File, error) {
	if _, ours := o.texts[name]; ours {
		return nil, fmt.Errorf("%s is read whole", name)
	}
	return o.FS.Open(name)
}

// ReadFile reads a text that is not saved, or a file.
func (o over) ReadFile(name string) ([]byte, error) {
	if text, ours := o.texts[name]; ours {
		return text, nil
	}
	return fs.ReadFile(o.FS, name)
}

// Stat tells the size of a text that is not saved, or of a file.
func (o over) Stat(name string) (fs.FileInfo, error) {
	if text, ours := o.texts[name]; ours {
		return unsaved{name: slashpath.Base(name), size: int64(len(text))}, nil
	}
	return fs.Stat(o.FS, name)
}

// unsaved tells of a text that is not saved.
type unsaved struct {
	name string
	size int64
}

func (u unsaved) Name() string       { return u.name }
func (u unsaved) Size() int64        { return u.size }
func (u unsaved) Mode() fs.FileMode  { return 0o444 }
func (u unsaved) ModTime() time.Time { return time.Time{} }
func (u unsaved) IsDir() bool        { return false }
func (u unsaved) Sys() any           { return nil }
