package simulate

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/drop"
	"github.com/inbasket/inbasket/connectors/files/place"
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

// folderPlace is the folder as an agent reaches it.
type folderPlace struct {
	part
	f *folder
}

func newDrop(p part, f *folder) *drop.Drop {
	return drop.At(&folderPlace{part: p, f: f}, connectors.Abilities{Operations: connectors.OperationsOf(connectors.Put), Binary: true, MaxItems: 16,
		Guarantee: connectors.Guarantee{Level: "parks-when-unclear", Why: "simulated"}})
}

func missing(name string) error {
	return &connectors.Error{Class: connectors.Transient, Code: "sim.missing", Op: "look for a file", Err: fs.ErrNotExist}
}

// info is what a look at a file sees.
func (f file) info() place.Info {
	return place.Info{Name: f.name, Size: int64(len(f.bytes)), Mtime: f.at.UnixNano()}
}

// find returns a file. op is what for.
func (p *folderPlace) find(ctx context.Context, op, name string) (f file, err error) {
	err = p.call(ctx, op+" "+name, func() (err error) {
		there := false
		if f, there = p.f.files[name]; !there {
			err = missing(name)
		}
		return err
	}, refuse, cutBefore, hang, dieBefore)
	return f, transient(err)
}

// Stat looks at a file.
func (p *folderPlace) Stat(ctx context.Context, name string) (place.Info, error) {
	f, err := p.find(ctx, "stat", name)
	return f.info(), err
}

// Read reads the beginning of a file.
func (p *folderPlace) Read(ctx context.Context, name string, limit int64) (place.Content, error) {
	f, err := p.find(ctx, "read", name)
	return place.Content{Bytes: f.bytes[:min(int64(len(f.bytes)), limit)], Info: f.info()}, err
}

// Open reads a file.
func (p *folderPlace) Open(ctx context.Context, name string) (place.File, error) {
	f, err := p.find(ctx, "read", name)
	if err != nil {
		return nil, err
	}
	return opened{io.NopCloser(bytes.NewReader(f.bytes)), f.info()}, nil
}

// opened is a file as it was when it was opened.
type opened struct {
	io.ReadCloser
	info place.Info
}

func (o opened) Info() (place.Info, error) { return o.info, nil }

// Put writes a file; cut off, half of it may stay.
func (p *folderPlace) Put(ctx context.Context, name string, b connectors.Blob, _ bool) error {
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

// Rename renames a file, never over another one.
func (p *folderPlace) Rename(ctx context.Context, from, to string) error {
	return p.call(ctx, "rename to "+to, func() error {
		f, ok := p.f.files[from]
		if !ok {
			return missing(from)
		}
		if _, there := p.f.files[to]; there {
			return connectors.Errorf(connectors.ItemError, place.CodeNameTaken, "rename a file", "move it away", "%w", fs.ErrExist)
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
func (p *folderPlace) Remove(ctx context.Context, name string) error {
	return transient(p.call(ctx, "remove "+name, func() error { delete(p.f.files, name); return nil }, refuse, cutBefore, cutAfter, dieBefore, dieAfter))
}

// Sync has nothing to do but may fail.
func (p *folderPlace) Sync(ctx context.Context, _ string) error {
	return transient(p.call(ctx, "sync", func() error { return nil }, refuse, cutBefore, hang, dieBefore))
}

// List lists all files as they lie there now.
func (p *folderPlace) List(ctx context.Context, _ string) (place.Listing, error) {
	list := &listing{}
	err := p.call(ctx, "list", func() error {
		for _, name := range slices.Sorted(maps.Keys(p.f.files)) {
			list.rest = append(list.rest, p.f.files[name].info())
		}
		return nil
	}, refuse, cutBefore, dieBefore)
	return list, transient(err)
}

// listing is what a list has not given yet.
type listing struct{ rest []place.Info }

func (l *listing) Next(n int) (some []place.Info, err error) {
	n = min(n, len(l.rest))
	some, l.rest = l.rest[:n], l.rest[n:]
	return some, nil
}

func (*listing) Close() error { return nil }

// What a drop never asks, or what always is.
func (*folderPlace) Check(context.Context, string) error      { return nil }
func (*folderPlace) MakeFolder(context.Context, string) error { return nil }
func (*folderPlace) Traits() place.Traits                     { return place.Traits{Listed: true, Dots: true} }
func (p *folderPlace) Probe(context.Context) place.Probe      { return place.Probe{Now: p.w.clock.Now()} }
func (*folderPlace) Close() error                             { return nil }

// transient is the class of what fails without an effect.
func transient(err error) error {
	if err == nil || connectors.ClassOf(err) != connectors.Uncertain {
		return err
	}
	return &connectors.Error{Class: connectors.Transient, Code: "sim.cut", Op: "call", Err: err}
}
