package doctor

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"time"

	"github.com/inbasket/inbasket/connectors/durable"
)

// System tells what doctor must know of the machine.
type System interface {
	Account() Account
	// Access tells whether this account may list a folder, and also make and remove files in it if write is
	// set. Nothing is made. fs.ErrNotExist: it is not there.
	Access(path string, write bool) error
	// Disk looks at the file system that a path lies on.
	Disk(path string) (Disk, error)
	// Synchronised tells whether something keeps the clock right; known is false where that cannot be asked.
	Synchronised() (yes, known bool)
	// Limits tells what the process may use.
	Limits() Limits
}

// Account is who looks.
type Account struct {
	Name string
	Root bool // or Windows' SYSTEM, or an administrator
}

// Disk is one file system as a path sees it.
type Disk struct {
	Free, Size   uint64 // bytes; Free is what this account may use
	Files, Inode uint64 // free and all inodes; 0: the file system does not count them
	ReadOnly     bool
	Network      string // such as nfs or smb; empty: local
	Mount        uint64 // files can be renamed between two paths of equal Mount; 0: not known
}

// Limits are what the process may use; 0: unknown or without limit.
type Limits struct {
	OpenFiles       uint64
	MemoryFree      uint64 // bytes of the machine that can be had
	MemorySize      uint64
	MemoryOfService uint64 // limit of the service's control group, in bytes
}

// Local is this machine.
type Local struct{}

// Account returns the account of this process.
func (Local) Account() Account {
	a := Account{Root: privileged()}
	if u, err := user.Current(); err == nil {
		a.Name = u.Username
	}
	return a
}

// Access looks at rights only; it makes nothing.
func (Local) Access(path string, write bool) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New("it is no folder")
	}
	return accessible(path, write)
}

// tryOut makes a file of a hidden name in a folder, and takes it away; it returns the time that the file
// system gave it.
func tryOut(dir string) (at time.Time, err error) {
	f, err := os.CreateTemp(dir, ".inbasket-doctor-*")
	if err != nil {
		return at, err
	}
	_, err = f.WriteString("inbasket")
	info, e := f.Stat()
	err = errors.Join(err, e, f.Close())
	name := f.Name()
	if e := durable.Rename(name, name+"-moved"); e == nil {
		name += "-moved"
	} else {
		err = errors.Join(err, e)
	}
	if e := os.Remove(name); e != nil {
		err = errors.Join(err, e)
	}
	if err != nil {
		return at, err
	}
	return info.ModTime(), nil
}

// why returns the operating system's reason without the path.
func why(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it is not there"
	case errors.Is(err, fs.ErrPermission):
		return "this account may not"
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}

// onWindows tells which cure fits the system.
func onWindows() bool { return runtime.GOOS == "windows" }

// existing returns path or its nearest parent that is there.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}
