package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

// standing is what a look at both names of a file tells.
type standing uint8

const (
	nothing standing = iota // neither name is there
	staged                  // the temporary file is there, complete
	partial                 // the temporary file is there, but not as it was put there
	linked                  // both names are one file: the rename ended half-way
	placed                  // the temporary file is gone, and the final name holds our bytes
	taken                   // the final name holds what is not ours
	unread                  // the temporary file is gone; what the final name holds cannot be read
)

// placing is a piece with what a look told of it; its temp is the one that lies there.
type placing struct {
	piece
	standing
}

// lookAt looks at all pieces and refuses names that are not ours to use.
func (d *Drop) lookAt(ctx context.Context, wasStaged bool, pieces []piece) ([]placing, error) {
	looked := make([]placing, len(pieces))
	for i, p := range pieces {
		if checkName(p.Name) != nil {
			return nil, &connectors.Error{Class: connectors.ItemError, Code: place.CodeName, Op: "put a file in place",
				Hint: "correct the name template of the target"}
		}
		var err error
		if looked[i], err = d.look(ctx, p); err != nil {
			return nil, err
		}
		switch looked[i].standing {
		case nothing:
			if !wasStaged { // else the legacy system has taken it
				return nil, &connectors.Error{Class: connectors.Uncertain, Code: place.CodeNotStaged, Op: "put a file in place"}
			}
		case taken:
			return nil, &connectors.Error{Class: connectors.ItemError, Code: place.CodeNameTaken, Op: "put a file in place",
				Hint: "another file of that name lies there; move it away, then retry"}
		case unread:
			return nil, &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "put a file in place",
				Hint: "a file of that name lies there and cannot be read back"}
		}
	}
	return looked, nil
}

// look tells how a file stands. The temporary name is this delivery's alone, so that only our own rename takes it
// away: as long as it is there, what the final name holds is not ours, whatever its bytes.
func (d *Drop) look(ctx context.Context, p piece) (placing, error) {
	waits, tempSize, err := d.there(ctx, p.temp)
	if err != nil {
		return placing{}, err
	}
	final, size, err := d.there(ctx, p.Name)
	if err != nil {
		return placing{}, err
	}
	if !waits {
		if p, waits, tempSize, err = d.earlier(ctx, p); err != nil {
			return placing{}, err
		}
	}
	switch {
	case waits && final && d.oneFile(p):
		return placing{p, linked}, nil
	case waits && final:
		return placing{p, taken}, nil
	case waits:
		st, err := d.waiting(ctx, p, tempSize)
		return placing{p, st}, err
	case !final:
		return placing{p, nothing}, nil
	}
	same, err := d.same(ctx, p.Name, p.File, size)
	switch {
	case err != nil && connectors.ClassOf(err) == connectors.Uncertain:
		return placing{p, unread}, nil
	case same:
		return placing{p, placed}, err
	}
	return placing{p, taken}, err
}

// earlier looks for the temporary file under the names that it may have got before. As long as it lies under one of
// them, it was not put in place.
func (d *Drop) earlier(ctx context.Context, p piece) (_ piece, waits bool, size int64, err error) {
	for _, older := range d.temps.earlier(p) {
		if waits, size, err = d.there(ctx, older.temp); waits || err != nil {
			return older, waits, size, err
		}
	}
	return p, false, 0, nil
}

// waiting tells whether the temporary file is complete. One whose name others may have too must hold our bytes.
func (d *Drop) waiting(ctx context.Context, p piece, size int64) (standing, error) {
	if size != place.Unknown && size != p.Blob.Size {
		return partial, nil
	}
	if p.owned {
		return staged, nil
	}
	same, err := d.same(ctx, p.temp, p.File, size)
	if err != nil && connectors.ClassOf(err) != connectors.Uncertain {
		return partial, err
	}
	if same {
		return staged, nil
	}
	return partial, nil // another's, or unreadable: written again
}

// there tells whether a file is there, and its size.
func (d *Drop) there(ctx context.Context, name string) (bool, int64, error) {
	info, err := d.place.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, 0, nil
	}
	return err == nil, info.Size, err
}

func (d *Drop) oneFile(p piece) bool {
	l, ok := d.place.(place.Twin)
	return ok && l.OneFile(p.temp, p.Name)
}

// same compares what lies under a name with what should lie there.
func (d *Drop) same(ctx context.Context, name string, f connectors.File, size int64) (bool, error) {
	if size != place.Unknown && size != f.Blob.Size {
		return false, nil
	}
	want, err := place.DigestOf(f.Blob)
	if err != nil {
		return false, err
	}
	got, err := d.digest(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		err = asClass(err, connectors.Transient) // fetched between the two looks
	}
	return err == nil && got == want, err
}

// digest reads a file back. An error of class Uncertain means that it is there and may not be read.
func (d *Drop) digest(ctx context.Context, name string) (sum connectors.Digest, err error) {
	f, err := d.place.Open(ctx, name)
	if errors.Is(err, fs.ErrPermission) {
		return sum, &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "read a file back", Err: err}
	}
	if err != nil {
		return sum, local.Fault("read a file back", err)
	}
	h := sha256.New()
	_, err = io.Copy(h, &place.SourceReader{Ctx: ctx, R: f})
	if err = errors.Join(err, f.Close()); err != nil {
		return sum, local.Fault("read a file back", err)
	}
	return connectors.Digest(h.Sum(nil)), nil
}
