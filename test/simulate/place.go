package simulate

import (
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files"
)

// folder is where files are put for a legacy system, which takes them away when it likes.
type folder struct {
	w     *world
	name  string
	files map[string]file
	taken []file // by the legacy system, in order
	full  bool
}

type file struct {
	name  string
	bytes []byte
	at    time.Time
}

// final tells whether a name is one that the legacy system looks at.
func final(name string) bool { return !strings.HasPrefix(name, ".") }

// all lists what the legacy system has got: what it took, then what still lies there. The world's lock is held.
func (f *folder) all() []file {
	list := slices.Clone(f.taken)
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		if final(name) {
			list = append(list, f.files[name])
		}
	}
	return list
}

// take has the legacy system take away what lies there. The world's lock is held.
func (f *folder) take() {
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		if final(name) {
			f.w.say("%s: the legacy system takes %s", f.name, name)
			f.taken = append(f.taken, f.files[name])
			delete(f.files, name)
		}
	}
}

// place is the folder as an agent reaches it.
type place struct {
	part
	f *folder
}

func newDrop(p part, f *folder) *files.Drop {
	at := &place{part: p, f: f}
	return files.NewDropAt(at, connectors.Abilities{Files: true, MaxItems: 16, Guarantee: connectors.Guarantee{Level: "parks-when-unclear", Why: "simulated"}},
		func(context.Context) error { return nil }, func() error { return nil })
}

func missing(name string) error {
	return &connectors.Error{Class: connectors.Transient, Code: "sim.missing", Op: "look for a file", Err: fs.ErrNotExist}
}

// Stat returns a file's size.
func (p *place) Stat(ctx context.Context, name string) (size int64, err error) {
	err = p.call(ctx, "stat "+name, func() error {
		f, ok := p.f.files[name]
		if !ok {
			return missing(name)
		}
		size = int64(len(f.bytes))
		return nil
	}, refuse, cutBefore, hang, dieBefore)
	return size, transient(err)
}

// Digest reads a file.
func (p *place) Digest(ctx context.Context, name string) (sum connectors.Digest, err error) {
	err = p.call(ctx, "read "+name, func() error {
		f, ok := p.f.files[name]
		if !ok {
			return missing(name)
		}
		sum = sha256.Sum256(f.bytes)
		return nil
	}, refuse, cutBefore, hang, dieBefore)
	return sum, transient(err)
}

// Put writes a file; cut off, half of it may stay.
func (p *place) Put(ctx context.Context, name string, b connectors.Blob) error {
	r, err := b.Open()
	if err != nil {
		return err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if p.draws.one(p.w.trouble) && !p.w.calm.Load() {
		return p.call(ctx, "put half of "+name, func() error {
			p.f.files[name] = file{name, data[:len(data)/2], p.w.clock.Now()}
			return errBusy
		}, dieAfter)
	}
	return p.call(ctx, "put "+name, func() error {
		if p.f.full && !p.w.calm.Load() {
			return connectors.Errorf(connectors.TargetError, "sim.full", "put a file", "make room", "%w", errFull)
		}
		p.f.files[name] = file{name, data, p.w.clock.Now()}
		return nil
	}, refuse, broken, cutBefore, cutAfter, hang, hangAfter, dieBefore, dieAfter)
}

// Commit renames a file, never over another one.
func (p *place) Commit(ctx context.Context, from, to string) error {
	return p.call(ctx, "rename to "+to, func() error {
		f, ok := p.f.files[from]
		if !ok {
			return missing(from)
		}
		if _, there := p.f.files[to]; there {
			return connectors.Errorf(connectors.ItemError, files.CodeNameTaken, "rename a file", "move it away", "%w", fs.ErrExist)
		}
		delete(p.f.files, from)
		f.name = to
		switch {
		case p.w.breaks(loseFile) && p.w.once(), p.w.breaks(loseBatch) && p.name == "batches" && seqOf(to) == 1:
			return nil
		case p.w.breaks(doubleFile) && p.w.once():
			p.f.taken = append(p.f.taken, f)
		}
		p.f.files[to] = f
		return nil
	}, refuse, broken, cutBefore, cutAfter, cutAfter, hang, hangAfter, dieBefore, dieAfter)
}

// Remove deletes a file.
func (p *place) Remove(ctx context.Context, name string) error {
	return transient(p.call(ctx, "remove "+name, func() error { delete(p.f.files, name); return nil }, refuse, cutBefore, cutAfter, dieBefore, dieAfter))
}

// Sync has nothing to do but may fail.
func (p *place) Sync(ctx context.Context) error {
	return transient(p.call(ctx, "sync", func() error { return nil }, refuse, cutBefore, hang, dieBefore))
}

// List calls each with every file.
func (p *place) List(ctx context.Context, each func(name string, at time.Time) error) error {
	var list []file
	err := p.call(ctx, "list", func() error {
		for _, name := range slices.Sorted(maps.Keys(p.f.files)) {
			list = append(list, p.f.files[name])
		}
		return nil
	}, refuse, cutBefore, dieBefore)
	for _, f := range list {
		if err == nil {
			err = each(f.name, f.at)
		}
	}
	return err
}

// transient is the class of what fails without an effect.
func transient(err error) error {
	if err == nil || connectors.ClassOf(err) != connectors.Uncertain {
		return err
	}
	return &connectors.Error{Class: connectors.Transient, Code: "sim.cut", Op: "call", Err: err}
}
