package doctor_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/inbasket/inbasket/agent/doctor"
)

// TestRights looks at folders that this account may not use; it needs an account that rights apply to.
func TestRights(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"open": 0o700, "read": 0o500, "closed": 0} {
		if err := errors.Join(os.Mkdir(filepath.Join(dir, name), 0o700), os.Chmod(filepath.Join(dir, name), mode)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		write bool
		want  error
	}{
		{"open", true, nil}, {"read", false, nil}, {"read", true, fs.ErrPermission}, {"closed", false, fs.ErrPermission}, {"none", false, fs.ErrNotExist},
	} {
		if err := (doctor.Local{}).Access(filepath.Join(dir, c.name), c.write); !errors.Is(err, c.want) {
			t.Errorf("%s, write %v: %v", c.name, c.write, err)
		}
	}
	if a := (doctor.Local{}).Account(); a.Root || a.Name == "" {
		t.Errorf("%+v", a)
	}
	w := newWorld(t)
	w.System = doctor.Local{}
	w.must(os.Chmod(filepath.Join(w.dir, "drop"), 0o500))
	w.must(os.MkdirAll(filepath.Join(w.dir, "state", "journal"), 0))
	e := w.examine("folders", "journal")
	for _, code := range []string{doctor.CodeFolderClosed, doctor.CodeJournalClosed} {
		if _, ok := find(e, code); !ok {
			t.Errorf("%s is not found:\n%s", code, w.words(e))
		}
	}
	secret := w.file("pw", "hunter2", 0)
	w.must(os.Chmod(secret, 0))
	w.config = strings.Replace(w.config, "register.db,", "register.db, password: '${file:pw}',", 1)
	if f, ok := find(w.examine("config"), "config.secret"); !ok || !strings.Contains(f.Text, "permission denied") {
		t.Errorf("%+v", f)
	}
}

// asNobody runs the test again by an account that rights apply to; root may do everything.
func asNobody(t *testing.T) {
	t.Helper()
	const nobody = 65534
	dir, err := os.MkdirTemp("", "doctor-nobody-*")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	temp, binary := filepath.Join(dir, "tmp"), filepath.Join(dir, "doctor.test") // go test keeps its own where only root may look
	err = errors.Join(os.Chmod(dir, 0o755), os.Mkdir(temp, 0o700), os.Chown(temp, nobody, nobody), copyFile(os.Args[0], binary))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = temp, append(os.Environ(), "TMPDIR="+temp, "HOME="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

func copyFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

// mounted mounts a small file system of its own; it needs root.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("doctor", dir, "tmpfs", 0, options); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("this needs root: ", err)
		}
		t.Skip("this needs root: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// TestFullDisk looks at a disk that is really full.
func TestFullDisk(t *testing.T) {
	dir := mounted(t, "size=1m")
	w := newWorld(t)
	w.System, w.Place.State = doctor.Local{}, dir
	_ = os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 2<<20), 0o600) // as much as fits
	e := w.examine("disk")
	if f, ok := find(e, doctor.CodeDiskFull); !ok || f.Subject != "state" || !strings.Contains(f.Text, dir) {
		t.Errorf("%s", w.words(e))
	}
}

// TestReadOnlyDisk, and a done folder on another file system than its in-basket.
func TestReadOnlyDisk(t *testing.T) {
	dir := mounted(t, "size=1m")
	w := newWorld(t)
	w.System, w.Place.State = doctor.Local{}, dir
	w.config = strings.Replace(w.config, `match: "*.json"`, `match: "*.json", after: {move: '`+dir+`'}`, 1)
	if f, ok := find(w.examine("folders"), doctor.CodeFolderApart); !ok || f.Subject != "permits done" {
		t.Errorf("%+v", f)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	e := w.examine("disk", "folders")
	for _, code := range []string{doctor.CodeDiskReadOnly, doctor.CodeFolderClosed} {
		if _, ok := find(e, code); !ok {
			t.Errorf("%s is not found:\n%s", code, w.words(e))
		}
	}
}

// TestLocal asks the machine itself.
func TestLocal(t *testing.T) {
	l := doctor.Local{}.Limits()
	if l.OpenFiles == 0 || l.MemorySize == 0 || l.MemoryFree > l.MemorySize {
		t.Errorf("%+v", l)
	}
	d, err := doctor.Local{}.Disk(filepath.Join(t.TempDir(), "not", "there"))
	if err != nil || d.Size == 0 || d.Mount == 0 || d.Free > d.Size {
		t.Errorf("%+v %v", d, err)
	}
	if _, known := (doctor.Local{}).Synchronised(); !known {
		t.Error("the kernel does not tell whether the clock is kept right")
	}
}
