package main

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// entry is one file or folder of a package.
type entry struct {
	src     string // file to take; empty: a folder
	dst     string // absolute, with slashes
	mode    fs.FileMode
	group   string // root when empty
	config  bool   // the sysadmin's own once it is installed: never overwritten
	formats string // "deb", "rpm", "tar", or several; all when empty
}

func (e entry) of(format string) bool { return e.formats == "" || strings.Contains(e.formats, format) }

const (
	account  = "inbasket"
	docs     = "/usr/share/doc/inbasket"
	examples = docs + "/examples"
	own      = "installer/packages/files/"
)

// contents lists what the packages install, for one architecture.
func contents(binary, bill string, made []entry) ([]entry, error) {
	changes, err := gzippedTo(filepath.Join(filepath.Dir(binary), "changelog.gz"), "CHANGELOG.md")
	if err != nil {
		return nil, err
	}
	out := []entry{
		{src: binary, dst: "/usr/bin/inbasket", mode: 0o755},
		{src: "installer/inbasket.service", dst: "/usr/lib/systemd/system/inbasket.service", mode: 0o644},
		{src: own + "sysusers.conf", dst: "/usr/lib/sysusers.d/inbasket.conf", mode: 0o644},
		{dst: "/etc/inbasket", mode: 0o750, group: account},
		{dst: "/etc/inbasket/conf.d", mode: 0o750, group: account},
		{dst: "/etc/inbasket/mappings", mode: 0o750, group: account},
		{dst: "/etc/inbasket/credentials", mode: 0o700},
		{src: own + "inbasket.yaml", dst: "/etc/inbasket/inbasket.yaml", mode: 0o640, group: account, config: true},
		{src: own + "copyright", dst: docs + "/copyright", mode: 0o644},
		{src: changes, dst: docs + "/changelog.gz", mode: 0o644},
		{src: bill, dst: docs + "/sbom.cdx.json", mode: 0o644},
		{src: own + "INSTALL", dst: docs + "/INSTALL", mode: 0o644, formats: "tar"},
		{src: "LICENSE", dst: docs + "/LICENSE", mode: 0o644, formats: "rpm tar"},
	}
	out = append(out, made...)
	for _, tree := range []struct {
		from, to string
		e        entry
		skip     func(rel string) bool
	}{
		{"agent/cmd/setup/starter/mappings", "/etc/inbasket/mappings", entry{mode: 0o640, group: account, config: true}, nil},
		{"configs", examples, entry{mode: 0o644}, func(rel string) bool { return strings.HasSuffix(rel, ".go") }},
		{"docs", docs + "/docs", entry{mode: 0o644}, func(rel string) bool { return strings.HasPrefix(rel, "decisions") }},
		{"installer/monitoring", "/usr/share/inbasket/monitoring", entry{mode: 0o644}, func(rel string) bool { return strings.HasSuffix(rel, ".go") }},
	} {
		files, err := below(tree.from, tree.to, tree.e, tree.skip)
		if err != nil {
			return nil, err
		}
		out = append(out, files...)
	}
	return out, nil
}

// below lists the files below a folder in the order of their names, each as e. A folder that is not there has none.
func below(from, to string, e entry, skip func(string) bool) ([]entry, error) {
	var out []entry
	if _, err := os.Stat(from); err != nil {
		return nil, nil
	}
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == from {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.Name() == "testdata" && d.IsDir() {
			return fs.SkipDir
		}
		if skip != nil && skip(rel) {
			return nil
		}
		f := e
		f.dst = to + "/" + rel
		switch {
		case !d.IsDir():
			f.src = path
		case e.group == "": // packers make the folders of plain files
			return nil
		default:
			f.mode, f.config = 0o750, false
		}
		out = append(out, f)
		return nil
	})
	return out, err
}

// gzipped writes path.gz without time and name, and returns its path.
func gzipped(path string) (string, error) { return gzippedTo(path+".gz", path) }

func gzippedTo(to, path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	packed, err := gzipBytes(text)
	if err != nil {
		return "", err
	}
	return to, os.WriteFile(to, packed, 0o644)
}

func gzipBytes(text []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
