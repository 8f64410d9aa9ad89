package doctor

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors"
)

// owned is a folder with the name of what it belongs to.
type owned struct {
	connectors.WorkFolder
	of string // such as permits
}

// subject names the folder in the table.
func (f owned) subject() string {
	if f.Use == f.of {
		return f.of
	}
	return f.of + " " + f.Use
}

// surroundings calls each for every connector of the configuration.
func (x *exam) surroundings(each func(role connectors.Role, name string, s connectors.Surroundings)) {
	if x.cfg == nil {
		return
	}
	x.cfg.Connectors(func(c config.Connector, identity string) {
		if s, ok := c.Config.(connectors.Surrounded); ok {
			d := c.Definition
			each(d.Role, c.Name, s.Surroundings(x.cfg.Env(d.Role, c.Name, identity, x.Clock, nil), d.Type))
		}
	})
}

// folderList returns all folders of the configuration, the state folder first.
func (x *exam) folderList() []owned {
	list := []owned{{connectors.WorkFolder{Path: x.Place.State, Use: "state", Write: true, Made: true}, "state"}}
	if x.cfg != nil && x.cfg.Log.File != "" {
		list = append(list, owned{connectors.WorkFolder{Path: filepath.Dir(x.cfg.Log.File), Use: "log", Write: true, Made: true}, "log"})
	}
	x.surroundings(func(_ connectors.Role, name string, s connectors.Surroundings) {
		for _, f := range s.Folders {
			list = append(list, owned{f, name})
		}
	})
	return list
}

// folders looks whether each folder is there and may be used, and whether files can be moved between them.
func folders(_ context.Context, x *exam, n *notes) {
	each(n, x.folderList(), x.wholeFolder)
}

// wholeFolder looks at one folder: its rights, its clock, and what lies beside it.
func (x *exam) wholeFolder(f owned, n *notes) {
	subject := f.subject()
	if !x.folder(subject, f, n) {
		return
	}
	d, err := x.System.Disk(f.Path)
	if err != nil {
		return // disk says so
	}
	if f.Beside != "" {
		if b, err := x.System.Disk(f.Beside); err == nil && b.Mount != d.Mount {
			n.fail(subject, CodeFolderApart, f.Path+" and "+f.Beside+" lie on different file systems or mounts: files cannot be renamed between them",
				"put both on one; under systemd one line ReadWritePaths for a folder above both")
			return
		}
	}
	if d.Network != "" && f.Use != "state" {
		n.warn(subject, CodeFolderShare, f.Path+" lies on a network file system ("+d.Network+")",
			"this works; the agent polls it. Keep quiet at 2s or more, or use a done-marker")
		return
	}
	if n.empty() {
		n.ok(subject, f.Path)
	}
}

// folder looks at one folder's rights; false: something is wrong with it.
func (x *exam) folder(subject string, f owned, n *notes) bool {
	err := x.System.Access(f.Path, f.Write)
	if errors.Is(err, fs.ErrNotExist) && f.Made {
		if err := x.System.Access(existingParent(f.Path), true); err != nil {
			n.fail(subject, CodeFolderClosed, f.Path+" is not there, and this account cannot make it", cureRights(existingParent(f.Path), true))
			return false
		}
		n.ok(subject, f.Path+" (made when it is needed)")
		return false
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		n.fail(subject, CodeFolderMissing, f.Path+" is not there", "make it, or mount its share: "+makeFolder(f.Path))
		return false
	case err != nil && f.Write && x.System.Access(f.Path, false) == nil:
		n.fail(subject, CodeFolderClosed, x.account.Name+" can read "+f.Path+" and not write there: "+why(err), cureRights(f.Path, true))
		return false
	case err != nil:
		n.fail(subject, CodeFolderClosed, x.account.Name+" cannot use "+f.Path+": "+why(err), cureRights(f.Path, f.Write))
		return false
	}
	if x.Probe && f.Write {
		x.tryFolder(subject, f, n)
	}
	return true
}

// tryFolder puts a file into a folder and compares the clocks.
func (x *exam) tryFolder(subject string, f owned, n *notes) {
	before := x.Clock.Now()
	at, err := tryOut(f.Path)
	if err != nil {
		n.fail(subject, CodeFolderClosed, "a file cannot be made and removed in "+f.Path+": "+why(err), cureRights(f.Path, true))
		return
	}
	if off := at.Sub(before); off > clockApart || off < -clockApart {
		n.warn(subject, CodeClockShare, f.Path+": its clock differs from this machine's by "+off.Round(time.Second).String(), "synchronise both with one source of time")
	}
}

// clockApart is how far the clock of a share may be off.
const clockApart = 30 * time.Second

func existingParent(path string) string { return existing(filepath.Dir(path)) }

// cureRights says how an account gets at a folder.
func cureRights(path string, write bool) string {
	if onWindows() {
		right := "(OI)(CI)RX"
		if write {
			right = "(OI)(CI)M"
		}
		return `grant it, as administrator: icacls "` + path + `" /grant "NT SERVICE\inbasket:` + right + `"`
	}
	if write {
		return "grant it (chown, or: setfacl -m u:inbasket:rwx " + quoted(path) + "); under systemd a drop-in also needs ReadWritePaths=" + path + ", which inbasket service install writes"
	}
	return "grant it (or: setfacl -m u:inbasket:rx " + quoted(path) + ")"
}

func makeFolder(path string) string {
	if onWindows() {
		return `mkdir "` + path + `"`
	}
	return "mkdir -p " + quoted(path)
}

// quoted writes a path for a shell.
func quoted(path string) string {
	if strings.ContainsAny(path, " '\"$&;()*?[]<>|\\`!#~") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
