package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const programName = "inbasket.exe"

// windowsContents lists what the package of Windows installs below the program's folder, in the order of the paths there. Texts are copied
// into work with the line ends of Windows, since not every editor there knows others.
func windowsContents(program, work string) ([]entry, error) {
	list := []entry{{src: "LICENSE", dst: "LICENSE.txt"}, {src: "installer/packages/msi/inbasket.yaml", dst: "example/inbasket.yaml"}}
	for _, tree := range []struct {
		from, to string
		skip     func(rel string) bool
	}{
		{"agent/cmd/setup/starter/mappings", "example/mappings", nil},
		{"docs", "docs", func(rel string) bool { return path.Ext(rel) != ".md" || strings.HasPrefix(rel, "decisions/") }},
		{"installer/monitoring", "monitoring", func(rel string) bool { return path.Ext(rel) == ".go" || strings.Contains(rel, "_test") }},
	} {
		files, err := below(tree.from, tree.to, entry{}, tree.skip)
		if err != nil {
			return nil, err
		}
		list = append(list, files...)
	}
	for n, e := range list {
		text, err := os.ReadFile(e.src)
		if err != nil {
			return nil, err
		}
		if slices.Contains([]string{".yaml", ".md", ".txt"}, path.Ext(e.dst)) { // samples stay as they are: they are data
			text = windowsLines(text)
		}
		list[n].src = filepath.Join(work, filepath.FromSlash(e.dst))
		if err := writeFile(list[n].src, text); err != nil {
			return nil, err
		}
	}
	list = append(list, entry{src: program, dst: programName})
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.dst, b.dst) })
	return list, nil
}

func windowsLines(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
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

// treeOf writes sorted files in their folders, each file as a component of its own.
func treeOf(entries []entry, work string) (string, error) {
	var b strings.Builder
	at := "." // the folder that is open
	for _, e := range entries {
		dir := path.Dir(e.dst)
		for ; at != "." && at != dir && !strings.HasPrefix(dir, at+"/"); at = path.Dir(at) {
			b.WriteString("</Directory>\n")
		}
		for at != dir {
			next, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(dir, at), "/"), "/")
			at = path.Join(at, next)
			fmt.Fprintf(&b, `<Directory Id="%s" Name="%s">`+"\n", id("d", at), escape(next))
		}
		from, err := filepath.Rel(work, e.src) // wixl finds no absolute ones
		if err != nil {
			return "", err
		}
		stop := ""
		if e.dst == programName { // Windows Installer stops the service before it replaces or removes the program
			stop = `<ServiceControl Id="StopService" Name="inbasket" Stop="both" Wait="yes"/>`
		}
		fmt.Fprintf(&b, `<Component Id="%s" Guid="%s" Win64="yes"><File Id="%s" Name="%s" Source="%s" KeyPath="yes"/>%s</Component>`+"\n",
			id("c", e.dst), identifier("component", e.dst), id("f", e.dst), escape(path.Base(e.dst)), escape(filepath.ToSlash(from)), stop)
	}
	for ; at != "."; at = path.Dir(at) {
		b.WriteString("</Directory>\n")
	}
	return b.String(), nil
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
