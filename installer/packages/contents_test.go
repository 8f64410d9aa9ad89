package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// TestContents looks at rights and kinds of what the packages install, for each kind of package.
func TestContents(t *testing.T) {
	t.Chdir("../..") // paths are the repository's
	made := []entry{{src: "x", dst: "/usr/share/zsh/vendor-completions/_inbasket", mode: 0o644, formats: "deb"}}
	list, err := contents(filepath.Join(t.TempDir(), "inbasket"), "bill", made)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]entry{}
	for _, e := range list {
		if _, twice := found[e.dst]; twice {
			t.Errorf("%s is there twice", e.dst)
		}
		found[e.dst] = e
		if !strings.HasPrefix(e.dst, "/etc/inbasket/") && e.config {
			t.Errorf("%s is no configuration", e.dst)
		}
		if e.mode&0o022 != 0 {
			t.Errorf("%s may be written by others than its owner: %o", e.dst, e.mode)
		}
		if strings.HasSuffix(e.dst, ".go") {
			t.Errorf("%s is no business of a sysadmin", e.dst)
		}
	}
	for path, want := range map[string]entry{
		"/usr/bin/inbasket":                                                 {mode: 0o755},
		"/etc/inbasket/inbasket.yaml":                                       {mode: 0o640, group: account, config: true},
		"/etc/inbasket/mappings/contact.yaml":                               {mode: 0o640, group: account, config: true},
		"/etc/inbasket/mappings/samples":                                    {mode: 0o750, group: account},
		"/etc/inbasket/credentials":                                         {mode: 0o700},
		"/usr/share/doc/inbasket/examples/pension/inbasket.yaml":            {mode: 0o644},
		"/usr/share/doc/inbasket/docs/install-linux.md":                     {mode: 0o644},
		"/usr/share/doc/inbasket/changelog.gz":                              {mode: 0o644},
		"/usr/share/doc/inbasket/docs/reference/config.md":                  {mode: 0o644},
		"/usr/share/zsh/vendor-completions/_inbasket":                       {mode: 0o644},
		"/usr/lib/systemd/system/inbasket.service":                          {mode: 0o644},
		"/usr/share/inbasket/monitoring/alerts.yaml":                        {mode: 0o644},
		"/usr/share/doc/inbasket/examples/building-permit/sql/register.sql": {mode: 0o644},
	} {
		e, ok := found[path]
		if !ok || e.mode != want.mode || e.group != want.group || e.config != want.config {
			t.Errorf("%s: %+v", path, e)
		}
	}
	if e := found["/usr/share/zsh/vendor-completions/_inbasket"]; e.of("rpm") || !e.of("deb") {
		t.Error("Debian's folder of completions is in every package")
	}
	for dst, want := range map[string]string{
		"/usr/bin/inbasket": "bin/inbasket", "/etc/inbasket/inbasket.yaml": "etc/inbasket/inbasket.yaml",
		docs + "/INSTALL": "INSTALL", docs + "/docs/service.md": "share/doc/inbasket/docs/service.md",
	} {
		if got := inTarball(entry{dst: dst}).dst; got != want {
			t.Errorf("%s is %s in the tarball", dst, got)
		}
	}
}

// TestBill makes the bill of materials of this test's own binary, twice.
func TestBill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := release{Version: "1.2.3+4.gabc", Time: time.Date(2026, 11, 22, 19, 30, 47, 0, time.UTC)}
	var texts [2][]byte
	for i := range texts {
		to := filepath.Join(t.TempDir(), "bill.json")
		if err := writeSBOM(self, to, r); err != nil {
			t.Fatal(err)
		}
		if texts[i], err = os.ReadFile(to); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("two bills of one binary differ")
	}
	var b cyclonedx.BOM
	if err := json.Unmarshal(texts[0], &b); err != nil {
		t.Fatal(err)
	}
	if b.Metadata.Component.Version != r.Version || b.Metadata.Timestamp != "2026-11-22T19:30:47Z" || len(b.SerialNumber) != len("urn:uuid:")+36 {
		t.Errorf("%+v", b.Metadata)
	}
	list, on := *b.Components, *b.Dependencies
	if len(list) == 0 || list[len(list)-1].Name != "std" || len(on) != 1 || len(*on[0].Dependencies) != len(list) || b.SpecVersion != cyclonedx.SpecVersion1_5 {
		t.Errorf("%+v", list)
	}
	if err := writeSBOM("contents_test.go", filepath.Join(t.TempDir(), "x"), r); err == nil {
		t.Error("made a bill of what is no binary")
	}
}

// TestSums leaves itself and folders out, and refuses an empty folder.
func TestSums(t *testing.T) {
	dir := t.TempDir()
	if err := sums(dir); err == nil {
		t.Error("summed up nothing")
	}
	for name, text := range map[string]string{"b.deb": "b", "a.rpm": "", sumsFile: "old"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := sums(dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, sumsFile))
	const want = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.rpm\n3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b.deb\n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}
