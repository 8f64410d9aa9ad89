package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// entry is one file of the package.
type entry struct {
	source string // where it lies here
	target string // below the program's folder, with slashes
}

// trees are what goes into the package besides the program.
var trees = []struct {
	from, to string
	takes    func(rel string) bool
}{
	{"agent/cmd/setup/starter/mappings", "example/mappings", all},
	{"installer/msi/files", "example", all},
	{"docs", "docs", func(rel string) bool { return strings.HasSuffix(rel, ".md") && !strings.HasPrefix(rel, "decisions/") }},
	{"installer/monitoring", "monitoring", func(rel string) bool { return !strings.HasSuffix(rel, ".go") && !strings.Contains(rel, "_test") }},
}

func all(string) bool { return true }

// contents lists the files in the order of their targets. Texts are copied into work with the line ends of
// Windows, since not every editor there knows others.
func contents(program, work string) ([]entry, error) {
	out := []entry{{program, "inbasket.exe"}}
	add := func(from, to string) error {
		text, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if texty(to) {
			text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		}
		copied := filepath.Join(work, filepath.FromSlash(to))
		out = append(out, entry{copied, to})
		return writeFile(copied, text)
	}
	if err := add("LICENSE", "LICENSE.txt"); err != nil {
		return nil, err
	}
	for _, t := range trees {
		err := filepath.WalkDir(t.from, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(t.from, p)
			if err != nil {
				return err
			}
			if rel = filepath.ToSlash(rel); !t.takes(rel) {
				return nil
			}
			return add(p, path.Join(t.to, rel))
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.target, b.target) })
	return out, nil
}

// texty tells whether a person may open a file in an editor of Windows. Samples stay as they are: they are data.
func texty(target string) bool {
	return slices.Contains([]string{".yaml", ".md", ".txt"}, path.Ext(target))
}

func writeFile(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// id makes an identifier of the package's tables from a path.
func id(kind, target string) string {
	sum := sha1.Sum([]byte(target)) // a name, not a protection
	return kind + "_" + hex.EncodeToString(sum[:8])
}

// folder is one folder of the package with what is in it.
type folder struct {
	name    string // below the program's folder, with slashes; empty: that folder itself
	entries []entry
	folders []*folder
}

// treeOf sorts files into folders.
func treeOf(entries []entry) *folder {
	top := &folder{}
	for _, e := range entries {
		at := top
		for i, r := range e.target {
			if r == '/' {
				at = at.below(e.target[:i])
			}
		}
		at.entries = append(at.entries, e)
	}
	return top
}

func (f *folder) below(name string) *folder {
	for _, sub := range f.folders {
		if sub.name == name {
			return sub
		}
	}
	sub := &folder{name: name}
	f.folders = append(f.folders, sub)
	return sub
}

// write writes what is in the folder, each file as a component of its own.
func (f *folder) write(b *strings.Builder, work string) error {
	for _, e := range f.entries {
		from, err := filepath.Rel(work, e.source) // wixl finds no absolute ones
		if err != nil {
			return err
		}
		stop := ""
		if e.target == "inbasket.exe" { // Windows Installer stops the service before it replaces or removes the program
			stop = `<ServiceControl Id="StopService" Name="inbasket" Stop="both" Wait="yes"/>`
		}
		fmt.Fprintf(b, `<Component Id="%s" Guid="%s" Win64="yes"><File Id="%s" Name="%s" Source="%s" KeyPath="yes"/>%s</Component>`+"\n",
			id("c", e.target), identifier("component", e.target), id("f", e.target), escape(path.Base(e.target)), escape(filepath.ToSlash(from)), stop)
	}
	for _, sub := range f.folders {
		fmt.Fprintf(b, `<Directory Id="%s" Name="%s">`+"\n", id("d", sub.name), escape(path.Base(sub.name)))
		if err := sub.write(b, work); err != nil {
			return err
		}
		fmt.Fprintln(b, "</Directory>")
	}
	return nil
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
