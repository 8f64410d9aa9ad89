package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"sync"

	"github.com/inbasket/inbasket/connectors"
)

// Drop puts files in place in two steps: Stage writes them under temporary names, Deliver renames.
type Drop struct {
	place     Place
	temp      affix
	proof     string
	workers   int  // files written at once
	readBack  bool // compare bytes, not sizes alone
	check     func(context.Context) error
	close     func() error
	abilities connectors.Abilities
}

// NewDrop opens a file drop into a local folder.
func NewDrop(env connectors.Env, cfg DropConfig) (*Drop, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	l := local{dir: env.Path(cfg.Path), sync: cfg.Sync}
	return &Drop{
		place: l, temp: newAffix(cfg.Temp), proof: cfg.Proof, workers: 4, readBack: true,
		check: func(context.Context) error { return l.check() }, close: func() error { return nil },
		abilities: connectors.Abilities{Files: true, MaxItems: 256, Parallel: 2, Guarantee: connectors.Guarantee{
			Level: "exact", Why: "the file has a fixed name and fixed bytes, is renamed into place and never put there twice"}},
	}, nil
}

// Abilities tells that a drop takes files.
func (d *Drop) Abilities() connectors.Abilities { return d.abilities }

// Check tells whether files could be put now.
func (d *Drop) Check(ctx context.Context) error {
	if err := d.check(ctx); err != nil {
		return err
	}
	return d.prove(ctx)
}

// Close releases the connection, if the place has one.
func (d *Drop) Close() error { return d.close() }

// Stage writes all files of the group under their temporary names and makes them durable. A file that
// lies in place already is not written again. What the journal knows as staged is left alone: the
// legacy system may have taken it, and it must not come twice.
func (d *Drop) Stage(ctx context.Context, g connectors.Group) error {
	if g.Staged {
		return nil
	}
	if err := d.prove(ctx); err != nil {
		return err
	}
	var files []connectors.File
	for _, f := range allFiles(g) {
		if checkName(f.Name) == nil { // a wrong name is its item's error in Deliver
			files = append(files, f)
		}
	}
	if err := d.each(len(files), func(i int) error { return d.stageFile(ctx, files[i]) }); err != nil {
		return err
	}
	if err := d.place.Sync(ctx); err != nil {
		return asClass(err, connectors.Transient) // nothing is visible yet
	}
	return nil
}

// stageFile leaves the temporary file out only where our own bytes are in place already. Beside another's file of
// that name it is written too: once that one is moved away, neither name being there would look like taken.
func (d *Drop) stageFile(ctx context.Context, f connectors.File) error {
	size, err := d.place.Stat(ctx, f.Name)
	if err == nil {
		if same, err := d.same(ctx, f, size); err != nil || same {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.place.Put(ctx, d.temp.name(f.Name), f.Blob)
}

// Deliver renames what Stage put there; without Group.Staged it stages first.
func (d *Drop) Deliver(ctx context.Context, g connectors.Group) ([]connectors.Outcome, error) {
	if err := d.prove(ctx); err != nil {
		return d.all(g, err), nil
	}
	if !g.Staged {
		if err := d.Stage(ctx, g); err != nil {
			return d.all(g, err), nil
		}
	}
	if g.File != nil {
		return d.all(g, d.commitAll(ctx, g)), nil
	}
	return d.deliverItems(ctx, g), nil
}

// deliverItems renames the files of each item; one that is refused does not hold up the others.
func (d *Drop) deliverItems(ctx context.Context, g connectors.Group) []connectors.Outcome {
	errs := make([]error, len(g.Items))
	var stop error
	for i, it := range g.Items {
		if errs[i] = stop; stop != nil {
			continue
		}
		for k := range it.Files {
			if errs[i] = d.commitFile(ctx, g.Staged, it.Files[k]); errs[i] != nil {
				break
			}
		}
		if c := connectors.ClassOf(errs[i]); c == connectors.TargetError || c == connectors.Transient {
			stop = errs[i] // the place is at fault: nothing of the rest was touched
		}
	}
	err := d.place.Sync(ctx)
	if err == nil {
		err = d.controlItems(ctx, g, errs)
	}
	if err == nil && g.Control != nil && allWritten(errs) {
		if err = d.commitFile(ctx, g.Staged, *g.Control); err == nil {
			err = d.place.Sync(ctx)
		}
	}
	out := make([]connectors.Outcome, len(g.Items))
	for i, it := range g.Items {
		if errs[i] == nil {
			errs[i] = err
		}
		out[i] = outcome(it.Key, errs[i])
	}
	return out
}

// controlItems renames the control files of the items that are in place, durably: the legacy system starts
// at them.
func (d *Drop) controlItems(ctx context.Context, g connectors.Group, errs []error) error {
	some := false
	for i, it := range g.Items {
		if it.Control != nil && errs[i] == nil {
			errs[i] = d.commitFile(ctx, g.Staged, *it.Control)
			some = true
		}
	}
	if !some {
		return nil
	}
	return d.place.Sync(ctx)
}

func allWritten(errs []error) bool {
	for _, err := range errs {
		if err != nil {
			return false
		}
	}
	return true
}

// commitAll renames the files of a sealed batch, then its control file: the legacy system starts at the latter.
func (d *Drop) commitAll(ctx context.Context, g connectors.Group) error {
	control := g.Control
	g.Control = nil
	for _, f := range allFiles(g) {
		if err := d.commitFile(ctx, g.Staged, f); err != nil {
			return err
		}
	}
	if err := d.place.Sync(ctx); err != nil || control == nil {
		return err
	}
	if err := d.commitFile(ctx, g.Staged, *control); err != nil {
		return err
	}
	return d.place.Sync(ctx)
}

// standing is what a look at both names of a file tells.
type standing uint8

const (
	nothing standing = iota // neither name is there
	staged                  // the temporary file is there, complete
	partial                 // the temporary file is there with another size
	placed                  // the final name holds our bytes
	taken                   // the final name holds other bytes
)

func (d *Drop) standing(ctx context.Context, f connectors.File) (standing, error) {
	size, err := d.place.Stat(ctx, f.Name)
	if err == nil {
		same, err := d.same(ctx, f, size)
		if err != nil || same {
			return placed, err
		}
		return taken, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nothing, err
	}
	size, err = d.place.Stat(ctx, d.temp.name(f.Name))
	switch {
	case err == nil && size == f.Blob.Size:
		return staged, nil
	case err == nil:
		return partial, nil
	case errors.Is(err, fs.ErrNotExist):
		return nothing, nil
	}
	return nothing, err
}

// commitFile brings one file from its temporary to its final name.
func (d *Drop) commitFile(ctx context.Context, wasStaged bool, f connectors.File) error {
	if checkName(f.Name) != nil {
		return &connectors.Error{Class: connectors.ItemError, Code: CodeName, Op: "put a file in place",
			Hint: "correct the name template of the target"}
	}
	st, err := d.standing(ctx, f)
	if err != nil {
		return err
	}
	switch st {
	case placed:
		return d.place.Remove(ctx, d.temp.name(f.Name)) // left over when both steps were repeated
	case taken:
		return &connectors.Error{Class: connectors.ItemError, Code: CodeNameTaken, Op: "put a file in place",
			Hint: "another file of that name lies there; move it away, then retry"}
	case nothing:
		if wasStaged {
			return nil // the legacy system has taken it
		}
		return &connectors.Error{Class: connectors.Uncertain, Code: CodeNotStaged, Op: "put a file in place"}
	case partial:
		if err := d.place.Put(ctx, d.temp.name(f.Name), f.Blob); err != nil {
			return err
		}
		if err := d.place.Sync(ctx); err != nil {
			return asClass(err, connectors.Transient)
		}
	case staged:
	}
	err = d.place.Commit(ctx, d.temp.name(f.Name), f.Name)
	if errors.Is(err, fs.ErrExist) { // somebody was faster: perhaps we ourselves
		if st, e := d.standing(ctx, f); e == nil && st == placed {
			return d.place.Remove(ctx, d.temp.name(f.Name))
		}
	}
	return err
}

// same compares a file in place with what should lie there.
func (d *Drop) same(ctx context.Context, f connectors.File, size int64) (bool, error) {
	if size != f.Blob.Size || !d.readBack {
		return size == f.Blob.Size, nil
	}
	want := f.Blob.Digest
	if want == (connectors.Digest{}) {
		r, err := f.Blob.Open()
		if err != nil {
			return false, contentError(err)
		}
		if want, err = digest(r); err != nil {
			return false, contentError(err)
		}
	}
	r, err := d.place.Open(ctx, f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		err = asClass(err, connectors.Transient) // fetched between the two looks
	}
	if err != nil {
		return false, err
	}
	got, err := digest(r)
	if err != nil {
		return false, fault("read a file back", err)
	}
	return got == want, nil
}

func digest(r io.ReadCloser) (connectors.Digest, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	if e := r.Close(); err == nil {
		err = e
	}
	return connectors.Digest(h.Sum(nil)), err
}

// Lookup says what became of the files. What lies under the temporary name, or under the final one with
// other bytes, is Absent: delivering it again finishes it or says why not.
func (d *Drop) Lookup(ctx context.Context, g connectors.Group) ([]connectors.Found, error) {
	if err := d.prove(ctx); err != nil {
		return nil, err
	}
	if err := d.place.Sync(ctx); err != nil {
		return nil, asClass(err, connectors.TargetError) // what is seen may still be lost
	}
	shared := connectors.Present
	for _, f := range []*connectors.File{g.File, g.Control} {
		if f == nil {
			continue
		}
		p, err := d.presence(ctx, g.Staged, *f)
		if err != nil {
			return nil, err
		}
		if p != connectors.Present {
			shared = p
		}
	}
	found := make([]connectors.Found, len(g.Items))
	for i, it := range g.Items {
		found[i] = connectors.Found{Key: it.Key, Presence: shared}
		for _, f := range allFiles(connectors.Group{Items: g.Items[i : i+1]}) {
			p, err := d.presence(ctx, g.Staged, f)
			if err != nil {
				return nil, err
			}
			if p != connectors.Present {
				found[i].Presence = p
			}
		}
	}
	return found, nil
}

func (d *Drop) presence(ctx context.Context, wasStaged bool, f connectors.File) (connectors.Presence, error) {
	if checkName(f.Name) != nil {
		return connectors.Absent, nil
	}
	st, err := d.standing(ctx, f)
	switch {
	case err != nil:
		return connectors.Unknown, err
	case st == placed, st == nothing && wasStaged:
		return connectors.Present, nil
	}
	return connectors.Absent, nil
}

// prove looks for the file that proves that this is the right folder.
func (d *Drop) prove(ctx context.Context) error {
	if d.proof == "" {
		return nil
	}
	_, err := d.place.Stat(ctx, d.proof)
	if errors.Is(err, fs.ErrNotExist) {
		return &connectors.Error{Class: connectors.TargetError, Code: CodeProof, Op: "look for the file that proves the folder",
			Hint: "mount the share, or create the file that proof names", Err: errors.New("proof is missing")}
	}
	return err
}

// all gives every item of the group the same outcome.
func (d *Drop) all(g connectors.Group, err error) []connectors.Outcome {
	out := make([]connectors.Outcome, len(g.Items))
	for i, it := range g.Items {
		out[i] = outcome(it.Key, err)
	}
	return out
}

func outcome(key string, err error) connectors.Outcome {
	if err == nil {
		return connectors.Outcome{Key: key, Class: connectors.Written}
	}
	o := connectors.Outcome{Key: key, Class: connectors.ClassOf(err), Code: CodeIO, Raw: err.Error()}
	var e *connectors.Error
	if errors.As(err, &e) {
		o.Code, o.Text = e.Code, e.Safe()
	}
	return o
}

// asClass returns err as an error of another class.
func asClass(err error, c connectors.Class) error {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return err
	}
	n := *e
	n.Class = c
	return &n
}

// each runs f for 0…n-1 in the drop's workers and returns the first error; an fsync waits for the disk, and
// several wait together.
func (d *Drop) each(n int, f func(i int) error) error {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		next int
		fail error
	)
	for range min(d.workers, n) {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				stop := fail != nil || i >= n
				mu.Unlock()
				if stop {
					return
				}
				if err := f(i); err != nil {
					mu.Lock()
					if fail == nil {
						fail = err
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return fail
}

// allFiles lists a group's files in the order in which they become visible.
func allFiles(g connectors.Group) []connectors.File {
	var files []connectors.File
	for _, it := range g.Items {
		files = append(files, it.Files...)
		if it.Control != nil {
			files = append(files, *it.Control)
		}
	}
	if g.File != nil {
		files = append(files, *g.File)
	}
	if g.Control != nil {
		files = append(files, *g.Control)
	}
	return files
}
