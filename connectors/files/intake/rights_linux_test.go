package intake

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// TestUnreadableFileIsTriedAgain tells of it once a minute; it needs an account that rights apply to.
func TestUnreadableFileIsTriedAgain(t *testing.T) {
	b := newBasket(t, nil)
	b.put("a.json", "{}")
	b.put("b.json", "{}")
	must(t, os.Chmod(filepath.Join(b.dir, "a.json"), 0))
	if _, err := os.ReadFile(filepath.Join(b.dir, "a.json")); err == nil {
		asNobody(t)
		return
	}
	expect(t, "the other", b.later(), "b.json")
	expect(t, "not spinning", b.later(), "")
	expect(t, "told once", strings.Join(b.notices, " "), place.CodePermission)
	must(t, os.Chmod(filepath.Join(b.dir, "a.json"), 0o600))
	expect(t, "granted, which changed it", b.later(), "")
	expect(t, "it stood still since", b.later(), "a.json")
}

// asNobody runs the test again by an account that rights apply to; root may read everything.
func asNobody(t *testing.T) {
	t.Helper()
	const nobody = 65534
	dir, err := os.MkdirTemp("", "inbasket-nobody-*")
	must(t, err)
	defer func() { _ = os.RemoveAll(dir) }()
	must(t, os.Chmod(dir, 0o755))
	temp := filepath.Join(dir, "tmp")
	must(t, os.Mkdir(temp, 0o700))
	must(t, os.Chown(temp, nobody, nobody))
	binary := filepath.Join(dir, "files.test") // go test keeps its own where only root may look
	from, err := os.Open(os.Args[0])
	must(t, err)
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(binary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	must(t, err)
	_, err = io.Copy(to, from)
	must(t, err)
	must(t, to.Close())
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = temp, append(os.Environ(), "TMPDIR="+temp, "HOME="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
