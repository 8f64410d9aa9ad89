// Package local is a place for files: a folder of this machine or of a mounted share.
package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/durable"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// Place is a local folder. Other folders of a path are absolute, or below it.
type Place struct {
	Dir string // absolute
	// Durable has names on the disk before Sync returns.
	Durable bool
	// Leases asks the kernel who else has a file open before it is read.
	Leases bool

	own atomic.Bool // the kernel itself keeps the folder's files
}

var errUnproven = errors.New("the folder itself cannot be seen")

// path returns where a path of the contract lies.
func (l *Place) path(p string) string {
	if p = filepath.FromSlash(p); filepath.IsAbs(p) {
		return p
	}
	return l.Dir + string(filepath.Separator) + p
}

// folder is path for a folder, "" being the place's own.
func (l *Place) folder(f string) string {
	if f == "" {
		return l.Dir
	}
	return l.path(f)
}

// Stat looks at a file without following a link.
func (l *Place) Stat(_ context.Context, path string) (place.Info, error) {
	info, err := lstat(l.path(path))
	if isNoName(err) { // so long or so written that no file can have it
		err = &fs.PathError{Op: "lstat", Path: path, Err: fs.ErrNotExist}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	if _, e := os.Stat(l.Dir); e != nil {
		f := fault("look into the folder", e)
		f.Err = errors.Join(errUnproven, errors.New(e.Error())) // not an ErrNotExist of the file: that would mean that it was taken
		return info, f
	}
	return info, err
}

// Read reads a file by as few calls as there are: a full in-basket has many.
func (l *Place) Read(_ context.Context, path string, limit int64) (place.Content, error) {
	return readFile(l.path(path), limit, l.Leases && l.own.Load())
}

// Open opens a regular file.
func (l *Place) Open(_ context.Context, path string) (place.File, error) {
	f, err := openRegular(l.path(path))
	if isLink(err) {
		err = place.ErrSpecial
	}
	if err != nil {
		return nil, err
	}
	return file{f}, nil
}

// file is an open file.
type file struct{ *os.File }

// Info looks at the open file.
func (f file) Info() (place.Info, error) {
	fi, err := f.Stat()
	if err != nil {
		return place.Info{}, err
	}
	info := infoOf(fi)
	info.ID = idOfOpen(f.File, info)
	return info, nil
}

// List opens a folder.
func (l *Place) List(_ context.Context, folder string) (place.Listing, error) {
	d, err := os.Open(l.folder(folder))
	if err != nil {
		return nil, err
	}
	return listing{d}, nil
}

type listing struct{ *os.File }

// Next reads the next names. Names that no file system told the kind of are regular until a look says otherwise.
func (l listing) Next(n int) ([]place.Info, error) {
	entries, err := l.ReadDir(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	out := make([]place.Info, len(entries))
	for i, e := range entries {
		out[i] = place.Info{Name: e.Name(), Kind: kindOf(e.Type() &^ fs.ModeIrregular), Size: place.Unknown}
	}
	return out, nil
}

func kindOf(m fs.FileMode) place.Kind {
	switch {
	case m&fs.ModeType == 0:
		return place.Regular
	case m.IsDir():
		return place.Folder
	}
	return place.Special
}

// Put writes a file; half of one never stays.
func (l *Place) Put(ctx context.Context, path string, b connectors.Blob, durable bool) error {
	r, err := b.Open()
	if err != nil {
		return place.ContentError(err)
	}
	defer func() { _ = r.Close() }()
	src := &place.SourceReader{Ctx: ctx, R: r}
	if err := writeFile(l.path(path), src, durable); err != nil {
		if src.Err != nil {
			return place.ContentError(src.Err)
		}
		if isNoName(err) {
			return &connectors.Error{Class: connectors.ItemError, Code: place.CodeName, Op: "name a file", Hint: "correct the name template of the target", Err: err}
		}
		return fault("write the temporary file", err)
	}
	return nil
}

// Rename moves a file, also to another file system. When the rename says that it failed, a look decides: NFS repeats a
// lost request and then reports that the first one had worked as an error.
func (l *Place) Rename(_ context.Context, from, to string) error {
	f, t := l.path(from), l.path(to)
	err := durable.RenameNew(f, t)
	if isCrossDevice(err) {
		err = copyAcross(f, t)
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		return &connectors.Error{Class: connectors.ItemError, Code: place.CodeNameTaken, Op: "rename to the final name", Err: err}
	}
	if _, e := lstat(f); e == nil {
		return fault("rename to the final name", err)
	}
	return &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "rename to the final name", Err: err}
}

// copyAcross is a move to another file system: the copy is durable before the original goes.
func copyAcross(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &os.LinkError{Op: "move", Old: from, New: to, Err: fs.ErrExist}
	}
	src, err := openRegular(from)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	sum := sha256.Sum256([]byte(from)) // several in-baskets may share the folder
	temp := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+"."+hex.EncodeToString(sum[:4])+".inbasket-part")
	if err := writeFile(temp, src, true); err != nil {
		return err
	}
	if err := durable.RenameNew(temp, to); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := durable.SyncDir(filepath.Dir(to)); err != nil {
		return err
	}
	return removeCopied(src, from)
}

// removeCopied removes the file that was copied, and no other that has taken its name meanwhile: what is under another name
// first is removed only if it is that file, and else gets its name back.
func removeCopied(src *os.File, from string) error {
	was, err := src.Stat()
	if err != nil {
		return err
	}
	id := idOfOpen(src, infoOf(was)) // what a crash left under this name is no other's
	aside := filepath.Join(filepath.Dir(from), fmt.Sprintf(".%s.%x.inbasket-part", filepath.Base(from), id.Index))
	if err := durable.RenameNew(from, aside); err != nil {
		return err
	}
	now, err := os.Lstat(aside)
	if err == nil && os.SameFile(was, now) {
		return os.Remove(aside)
	}
	for n, name := 1, from; ; n++ {
		e := durable.RenameNew(aside, name)
		if !errors.Is(e, fs.ErrExist) || n == 100 {
			return errors.Join(err, e)
		}
		ext := filepath.Ext(from)
		name = fmt.Sprintf("%s-again%d%s", strings.TrimSuffix(from, ext), n, ext)
	}
}

// writeFile writes r to path, durably if asked.
func writeFile(path string, r io.Reader, sync bool) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o660)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil && sync {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = os.Remove(path) // no half file may stay; the error that matters is the first
	}
	return err
}

// Remove deletes a file.
func (l *Place) Remove(_ context.Context, path string) error {
	if err := os.Remove(l.path(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault("remove a file", err)
	}
	return nil
}

// MakeFolder makes a folder with those above it, but not in the place of a share that is not mounted.
func (l *Place) MakeFolder(_ context.Context, folder string) error {
	if _, err := os.Stat(l.Dir); err != nil {
		return Fault("open the folder", err)
	}
	if err := os.MkdirAll(l.folder(folder), 0o770); err != nil {
		return Fault("create a folder", err)
	}
	return nil
}

// Sync makes the names of a folder durable.
func (l *Place) Sync(_ context.Context, folder string) error {
	if !l.Durable {
		return nil
	}
	if err := durable.SyncDir(l.folder(folder)); err != nil {
		return &connectors.Error{Class: connectors.Uncertain, Code: place.CodeSync, Op: "make the folder durable",
			Hint: "look at the disk", Err: err}
	}
	return nil
}

// OneFile tells whether both names lead to the same file: a rename that the file system does not know without
// overwriting is a link and a removal, and may have ended between the two.
func (l *Place) OneFile(a, b string) bool {
	x, err1 := os.Lstat(l.path(a))
	y, err2 := os.Lstat(l.path(b))
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// Check tells whether files could be put here now. A * of the trial's name becomes something that no other has.
func (l *Place) Check(_ context.Context, trial string) error {
	fi, err := os.Stat(l.Dir)
	if err != nil {
		return fault("open the folder", err)
	}
	if !fi.IsDir() {
		return &connectors.Error{Class: connectors.TargetError, Code: place.CodeFolder, Op: "open the folder", Hint: "the path is no folder"}
	}
	f, err := os.CreateTemp(l.Dir, trial)
	if err != nil {
		return fault("write into the folder", err)
	}
	_, err = f.Write([]byte("inbasket"))
	if e := f.Close(); err == nil {
		err = e
	}
	if e := os.Remove(f.Name()); err == nil {
		err = e
	}
	if err != nil {
		return fault("write into the folder", err)
	}
	return nil
}

// Traits of a folder that the kernel has.
func (l *Place) Traits() place.Traits { return place.Traits{Moves: renamesTouch, Dots: true} }

// Probe writes a hidden file to learn the folder's time: a share's server may live in another minute, and then the age
// of a file says nothing about whether somebody still writes it.
func (l *Place) Probe(context.Context) (p place.Probe) {
	p.Own = ownFileSystem(l.Dir)
	l.own.Store(p.Own)
	f, err := os.CreateTemp(l.Dir, ".inbasket-probe-*")
	if err != nil {
		return p
	}
	fi, err := f.Stat()
	_ = f.Close()
	_ = os.Remove(f.Name())
	if err == nil {
		p.Now = fi.ModTime()
	}
	return p
}

// lockName is a file in the error folder that is locked while an agent takes files out of the folder above it. Two agents
// with a journal each would both accept a form that lies there.
const lockName = ".inbasket.lock"

// LockPath is where the lock on this folder lies. An error folder of several in-baskets has one for each, by the way
// from there to the folder: that is the same from every machine that mounts both.
func (l *Place) LockPath(folder string) string {
	folder = l.folder(folder)
	way, err := filepath.Rel(folder, l.Dir)
	if err != nil {
		way = l.Dir
	}
	name := lockName
	if way = filepath.ToSlash(way); way != ".." {
		sum := sha256.Sum256([]byte(way))
		name = ".inbasket-" + hex.EncodeToString(sum[:4]) + ".lock"
	}
	return filepath.Join(folder, name)
}

// Lock locks the file that LockPath names. Where the file system has no locks there is none.
func (l *Place) Lock(folder, owner string) (unlock func(), taken bool, by string) {
	f, err := os.OpenFile(l.LockPath(folder), os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return nil, false, "" // the rights that are missing are told when a file is moved
	}
	held, err := lockFile(f)
	if err == nil && !held {
		if f.Truncate(0) == nil {
			_, _ = f.WriteAt([]byte(owner+"\n"), 0) // whom the other one's message names
		}
		return func() { _ = f.Close() }, false, "" // which releases the lock
	}
	b := make([]byte, 200)
	n, _ := f.ReadAt(b, 0)
	_ = f.Close() // nothing was written
	return nil, err == nil, strings.TrimSpace(string(b[:n]))
}

// Close has nothing to release. A folder of this machine has no connection.
func (l *Place) Close() error { return nil }

// infoOf is what a look saw.
func infoOf(fi fs.FileInfo) place.Info {
	info := place.Info{Name: fi.Name(), Kind: kindOf(fi.Mode()), Size: fi.Size(), Mtime: fi.ModTime().UnixNano()}
	if info.Kind != place.Regular {
		info.Size = -1 // which no file has
	}
	addSystem(&info, fi)
	return info
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
