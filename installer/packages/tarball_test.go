package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTarball has what is read first on top, folders once and before what is in them, and nothing of the machine that made it; twice the same.
func TestTarball(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	p := plan{release: release{Version: "1.2.3", Time: time.Unix(1_760_000_000, 0).UTC()}, arch: "amd64", out: dir, entries: []entry{
		{src: file("binary"), dst: "/usr/bin/inbasket", mode: 0o755}, {src: file("install"), dst: docs + "/INSTALL", mode: 0o600, formats: "tar"},
		{src: file("doc"), dst: docs + "/docs/service.md", mode: 0o644}, {dst: "/etc/inbasket", mode: 0o750, group: account},
		{src: file("config"), dst: "/etc/inbasket/inbasket.yaml", mode: 0o640, group: account, config: true}, {src: file("completion"), dst: "/usr/share/zsh/_inbasket", mode: 0o644, formats: "deb"}}}
	var packed [2][]byte
	for i := range packed {
		if err := p.pack(t.Context(), "tar"); err != nil {
			t.Fatal(err)
		}
		var err error
		if packed[i], err = os.ReadFile(filepath.Join(dir, "inbasket_1.2.3_linux_amd64.tar.gz")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(packed[0], packed[1]) {
		t.Error("two tarballs of the same files differ")
	}
	z, err := gzip.NewReader(bytes.NewReader(packed[0]))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || !h.ModTime.Equal(p.Time) || h.Uid+h.Gid != 0 || h.Uname != "root" {
			t.Errorf("%+v %v", h, err)
		}
		name, ok := strings.CutPrefix(h.Name, "inbasket_1.2.3_linux_amd64/")
		if !ok {
			t.Errorf("%s lies outside of the folder", h.Name)
		}
		got = append(got, fmt.Sprintf("%s %o %s", name, h.Mode, text))
	}
	want := []string{"INSTALL 644 install", "bin/ 755 ", "bin/inbasket 755 binary", "etc/ 755 ", "etc/inbasket/ 755 ", "etc/inbasket/inbasket.yaml 644 config",
		"share/ 755 ", "share/doc/ 755 ", "share/doc/inbasket/ 755 ", "share/doc/inbasket/docs/ 755 ", "share/doc/inbasket/docs/service.md 644 doc"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if err := p.pack(t.Context(), "zip"); err == nil || !strings.Contains(err.Error(), "deb, rpm or tar") {
		t.Errorf("%v", err)
	}
	p.entries = []entry{{src: filepath.Join(dir, "gone"), dst: "/usr/bin/inbasket"}}
	if err := p.pack(t.Context(), "tar"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestContent says for each entry what nfpm is to make of it.
func TestContent(t *testing.T) {
	p := plan{release: release{Time: time.Unix(1_760_000_000, 0).UTC()}}
	info := func(group string, mode uint32) map[string]any {
		return map[string]any{"owner": "root", "group": group, "mode": mode, "mtime": p.Time}
	}
	for _, c := range []struct {
		e    entry
		want map[string]any
	}{
		{entry{src: "a", dst: "/a", mode: 0o644}, map[string]any{"src": "a", "dst": "/a", "file_info": info("root", 0o644)}},
		{entry{dst: "/d", mode: 0o750, group: account}, map[string]any{"type": "dir", "dst": "/d", "file_info": info(account, 0o750)}},
		{entry{src: "c", dst: "/c", mode: 0o640, group: account, config: true}, map[string]any{"type": "config|noreplace", "src": "c", "dst": "/c", "file_info": info(account, 0o640)}},
	} {
		if d := cmp.Diff(c.want, p.content(c.e)); d != "" {
			t.Error(d)
		}
	}
}

// TestCommand refuses what it does not know, and a version that is none.
func TestCommand(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("SOURCE_DATE_EPOCH", "1760000000")
	for _, given := range [][]string{{}, {"nothing"}, {"-nonsense"}, {"-version", "latest", "linux"}, {"-out", filepath.Join(t.TempDir(), "none"), "-version", "1.2.3", "sums"}} {
		if err := command(t.Context(), given); err == nil {
			t.Errorf("%q", given)
		}
	}
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "a.deb"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := command(t.Context(), []string{"-out", out, "-version", "1.2.3", "sums"}); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(filepath.Join(out, sumsFile)); err != nil || !strings.Contains(string(b), "  a.deb\n") {
		t.Errorf("%s %v", b, err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "noon")
	if err := command(t.Context(), []string{"-version", "1.2.3", "sums"}); err == nil || !strings.Contains(err.Error(), "SOURCE_DATE_EPOCH") {
		t.Errorf("%v", err)
	}
}
