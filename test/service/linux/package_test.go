//go:build linux

package linux

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLintian has Debian's own examiner look at the package: no errors, and nothing that merely looks like one.
func TestLintian(t *testing.T) {
	wanted(t, "lintian")
	out, err := exec.CommandContext(t.Context(), "lintian", "--allow-root", "--fail-on", "error", "--tag-display-limit", "0",
		one(t, packages.of(t, newer), "*.deb")).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "E:") {
			t.Error(line)
		}
	}
	t.Logf("%s", out)
}

// TestRPM installs the rpm into a file system of its own, verifies every file, and removes it again.
func TestRPM(t *testing.T) {
	wanted(t, "rpm", "debootstrap")
	root := copyOf(t) // its scripts need a shell and useradd
	pkg := one(t, packages.of(t, newer), "*.rpm")
	rpm := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "rpm", append([]string{"--root", root, "--dbpath", "/var/lib/rpm"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("rpm %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	rpm("--initdb")
	// The file system is Debian's: what is required is there, though no rpm brought it.
	rpm("-i", "--nodeps", pkg)
	if out := rpm("-V", "--nodeps", "inbasket"); out != "" {
		t.Errorf("changed since it was installed:\n%s", out)
	}
	for _, path := range []string{"/usr/bin/inbasket", "/etc/inbasket/inbasket.yaml", "/usr/lib/systemd/system/inbasket.service", "/usr/share/man/man1/inbasket.1.gz"} {
		if out := rpm("-qf", path); !strings.HasPrefix(out, "inbasket-"+newer+"-1.") {
			t.Errorf("%s belongs to %s", path, out)
		}
	}
	if out := rpm("-qc", "inbasket"); !strings.Contains(out, "/etc/inbasket/inbasket.yaml\n") {
		t.Errorf("configuration is\n%s", out)
	}
	chroot := func(script string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "chroot", root, "/bin/sh", "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("$ %s\n%v\n%s", script, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if got := chroot("runuser -u inbasket -- inbasket check | tail -1"); got != "ok: /etc/inbasket/inbasket.yaml" {
		t.Error(got)
	}
	chroot("echo '# mine' >>/etc/inbasket/inbasket.yaml")
	if out, err := exec.CommandContext(t.Context(), "rpm", "--root", root, "--dbpath", "/var/lib/rpm", "-V", "--nodeps", "inbasket").CombinedOutput(); err == nil {
		t.Errorf("a change is not noticed: %s", out)
	}
	rpm("-U", "--force", "--nodeps", pkg) // the same again, as an upgrade
	rpm("-e", "inbasket")
	if got := chroot("tail -n 1 /etc/inbasket/inbasket.yaml.rpmsave; ls -d /usr/bin/inbasket /usr/lib/systemd/system/inbasket.service 2>/dev/null; stat -c %U /var/lib/inbasket"); got != "# mine\ninbasket" {
		t.Error(got)
	}
}

// TestTwoBuildsAreTheSame builds the same source in two folders, under other umasks, zones and languages.
func TestTwoBuildsAreTheSame(t *testing.T) {
	wanted(t, "go")
	first := packages.of(t, newer)
	source := filepath.Join(t.TempDir(), "another place")
	copySource(t, source)
	second := filepath.Join(t.TempDir(), "out")
	stamp := stampOf(t)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `umask 077; exec go run ./installer/packages -out "$0" -version "$1" -arch amd64 -format deb,rpm,tar linux`, second, newer)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "TZ=Asia/Tokyo", "LC_ALL=de_DE.UTF-8", "HOSTNAME=elsewhere", "SOURCE_DATE_EPOCH="+stamp)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, want := digests(t, second), digests(t, first)
	if len(want) != 4 {
		t.Errorf("%d files: %v", len(want), want)
	}
	for name, sum := range want {
		if got[name] != sum {
			t.Errorf("%s differs between two builds", name)
		}
	}
}

// stampOf returns the time that the first build took from git, or was given.
func stampOf(t *testing.T) string {
	t.Helper()
	if stamp := os.Getenv("SOURCE_DATE_EPOCH"); stamp != "" {
		return stamp
	}
	cmd := exec.CommandContext(t.Context(), "git", "log", "-1", "--format=%ct")
	cmd.Dir = repo
	return strings.TrimSpace(string(must(cmd.Output())(t)))
}

// copySource copies what is built, without what was built before.
func copySource(t *testing.T, to string) {
	t.Helper()
	ok(t, os.MkdirAll(to, 0o755))
	script := `tar -C "$0" --exclude=./.git --exclude=./dist --exclude=./bin -cf - . | tar -C "$1" -xf -`
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", script, must(filepath.Abs(repo))(t), to).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, path := range must(filepath.Glob(filepath.Join(dir, "inbasket*")))(t) {
		out[filepath.Base(path)] = fmt.Sprintf("%x", sha256.Sum256(must(os.ReadFile(path))(t)))
	}
	return out
}

// TestBillOfMaterials compares it with what the installed binary says of itself, and the checksums with the files.
func TestBillOfMaterials(t *testing.T) {
	wanted(t, "go", "dpkg-deb", "sha256sum")
	dir := t.TempDir()
	for _, path := range must(filepath.Glob(filepath.Join(packages.of(t, newer), "inbasket*")))(t) {
		ok(t, os.Symlink(path, filepath.Join(dir, filepath.Base(path))))
	}
	run := func(in, name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = in
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	run(repo, "go", "run", "./installer/packages", "-out", dir, "-version", newer, "sums")
	if out := run(dir, "sha256sum", "--strict", "--check", "SHA256SUMS"); strings.Count(out, ": OK\n") != 4 {
		t.Error(out)
	}
	root := filepath.Join(dir, "root")
	run(dir, "dpkg-deb", "-x", one(t, dir, "*.deb"), root)
	binary := filepath.Join(root, "usr/bin/inbasket")
	var bill struct {
		BomFormat, SpecVersion string
		Metadata               struct {
			Component struct {
				Version string
				Hashes  []struct{ Content string }
			}
		}
		Components []struct{ Name, Version, Purl string }
	}
	ok(t, json.Unmarshal(must(os.ReadFile(one(t, dir, "*_linux_amd64.cdx.json")))(t), &bill))
	if bill.BomFormat != "CycloneDX" || bill.SpecVersion != "1.5" || bill.Metadata.Component.Version != newer {
		t.Errorf("%+v", bill)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(must(os.ReadFile(binary))(t))); len(bill.Metadata.Component.Hashes) != 1 || bill.Metadata.Component.Hashes[0].Content != sum {
		t.Errorf("the binary is %s, the bill says %v", sum, bill.Metadata.Component.Hashes)
	}
	known := map[string]string{}
	for _, c := range bill.Components {
		known[c.Name] = c.Version
	}
	deps := 0
	for line := range strings.Lines(run(dir, "go", "version", "-m", binary)) {
		if word := strings.Fields(line); len(word) >= 3 && word[0] == "dep" {
			deps++
			if known[word[1]] != word[2] {
				t.Errorf("%s %s stands as %q in the bill", word[1], word[2], known[word[1]])
			}
		}
	}
	if deps < 10 || len(known) != deps+1 { // and Go's own library
		t.Errorf("%d modules, %d components", deps, len(known))
	}
}
