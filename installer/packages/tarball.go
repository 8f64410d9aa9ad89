package main

import (
	"archive/tar"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// tarball writes the same files as the packages have into a tar.gz, below one folder: for systems without deb
// and rpm. INSTALL in it says what to do.
func (p plan) tarball() error {
	name := fmt.Sprintf("inbasket_%s_linux_%s", p.Version, p.arch)
	var plain []entry
	for _, e := range p.entries {
		if e.of("tar") {
			plain = append(plain, inTarball(e))
		}
	}
	slices.SortFunc(plain, func(a, b entry) int { return strings.Compare(a.dst, b.dst) })
	var b strings.Builder
	w := tar.NewWriter(&b)
	made := map[string]bool{".": true}
	for _, e := range plain {
		if err := p.folders(w, made, name, path.Dir(e.dst)); err != nil {
			return err
		}
		if err := p.file(w, name, e); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	packed, err := gzipBytes([]byte(b.String()))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.out, name+".tar.gz"), packed, 0o644)
}

// inTarball gives an entry its place in the tarball: what is read first lies on top.
func inTarball(e entry) entry {
	switch {
	case path.Base(e.dst) == "INSTALL", path.Base(e.dst) == "LICENSE":
		e.dst = path.Base(e.dst)
	case strings.HasPrefix(e.dst, docs+"/"):
		e.dst = "share/doc/inbasket/" + strings.TrimPrefix(e.dst, docs+"/")
	default:
		e.dst = strings.TrimPrefix(strings.TrimPrefix(e.dst, "/"), "usr/")
	}
	return e
}

// folders writes the folders above a file that are not written yet.
func (p plan) folders(w *tar.Writer, made map[string]bool, name, dir string) error {
	if made[dir] {
		return nil
	}
	if err := p.folders(w, made, name, path.Dir(dir)); err != nil {
		return err
	}
	made[dir] = true
	return w.WriteHeader(p.header(tar.TypeDir, path.Join(name, dir)+"/", 0o755, 0))
}

func (p plan) file(w *tar.Writer, name string, e entry) error {
	if e.src == "" { // who unpacks makes folders as the service needs them
		return nil
	}
	text, err := os.ReadFile(e.src)
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if e.mode&0o111 != 0 {
		mode = 0o755
	}
	if err := w.WriteHeader(p.header(tar.TypeReg, path.Join(name, e.dst), mode, int64(len(text)))); err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func (p plan) header(kind byte, name string, mode, size int64) *tar.Header {
	return &tar.Header{Typeflag: kind, Name: name, Mode: mode, Size: size, ModTime: p.Time, Uname: "root", Gname: "root", Format: tar.FormatGNU}
}
