package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/durable"
)

// local is a folder of this machine or of a mounted share.
type local struct {
	dir  string
	sync bool
}

func (l local) path(name string) string { return filepath.Join(l.dir, name) }

// Stat looks at a file without following a link; anything that is no regular file counts as taken by
// other bytes, by a size that no file has.
func (l local) Stat(_ context.Context, name string) (int64, error) {
	fi, err := os.Lstat(l.path(name))
	if err == nil {
		if !fi.Mode().IsRegular() {
			return -1, nil
		}
		return fi.Size(), nil
	}
	if os.IsNotExist(err) {
		if _, e := os.Stat(l.dir); e != nil {
			f := fault("look into the folder", e)
			f.Err = errors.New(e.Error()) // not an ErrNotExist of the file: that would mean that it was taken
			return 0, f
		}
		return 0, &connectors.Error{Class: connectors.Transient, Code: CodeNotStaged, Op: "look at a file", Err: err}
	}
	return 0, fault("look at a file", err)
}

func (l local) Digest(ctx context.Context, name string) (connectors.Digest, error) {
	f, err := openRegular(l.path(name))
	if errors.Is(err, fs.ErrPermission) {
		return connectors.Digest{}, &connectors.Error{Class: connectors.Uncertain, Code: CodeUnclear, Op: "read a file back", Err: err}
	}
	if err != nil {
		return connectors.Digest{}, fault("read a file back", err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, &contextReader{ctx, f}); err != nil {
		return connectors.Digest{}, fault("read a file back", err)
	}
	return connectors.Digest(h.Sum(nil)), nil
}

// oneFile tells whether both names lead to the same file: a rename that the file system does not know without
// overwriting is a link and a removal, and may have ended between the two.
func (l local) oneFile(a, b string) bool {
	x, err1 := os.Lstat(l.path(a))
	y, err2 := os.Lstat(l.path(b))
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

func (l local) Put(ctx context.Context, name string, b connectors.Blob) error {
	r, err := b.Open()
	if err != nil {
		return contentError(err)
	}
	defer func() { _ = r.Close() }()
	src := &sourceReader{r: &contextReader{ctx, r}}
	if err := writeFile(l.path(name), src, l.sync); err != nil {
		if src.err != nil {
			return contentError(src.err)
		}
		return fault("write the temporary file", err)
	}
	return nil
}

// Commit renames. When the rename says that it failed, a look decides: NFS repeats a lost request and
// then reports that the first one had worked as an error.
func (l local) Commit(ctx context.Context, from, to string) error {
	err := durable.RenameNew(l.path(from), l.path(to))
	if err == nil {
		return nil
	}
	if os.IsExist(err) {
		return &connectors.Error{Class: connectors.ItemError, Code: CodeNameTaken, Op: "rename to the final name", Err: err}
	}
	if _, e := l.Stat(ctx, from); e == nil {
		return fault("rename to the final name", err)
	}
	return &connectors.Error{Class: connectors.Uncertain, Code: CodeUnclear, Op: "rename to the final name", Err: err}
}

func (l local) Remove(_ context.Context, name string) error {
	if err := ignoreGone(os.Remove(l.path(name))); err != nil {
		return fault("remove the temporary file", err)
	}
	return nil
}

func (l local) Sync(context.Context) error {
	if !l.sync {
		return nil
	}
	if err := durable.SyncDir(l.dir); err != nil {
		return &connectors.Error{Class: connectors.Uncertain, Code: CodeSync, Op: "make the folder durable",
			Hint: "look at the disk", Err: err}
	}
	return nil
}

// check tells whether files could be put here now; what it writes, under a temporary name, it takes away.
func (l local) check(pattern string) error {
	fi, err := os.Stat(l.dir)
	if err != nil {
		return fault("open the folder", err)
	}
	if !fi.IsDir() {
		return &connectors.Error{Class: connectors.TargetError, Code: CodeFolder, Op: "open the folder", Hint: "the path is no folder"}
	}
	f, err := os.CreateTemp(l.dir, pattern)
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

// contextReader ends a copy when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
