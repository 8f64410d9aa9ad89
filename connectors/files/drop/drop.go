package drop

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

// Drop puts files in place in two steps: Stage writes them under temporary names, Deliver renames.
type Drop struct {
	place     place.Place
	temps     tempNames
	proof     string
	durable   bool
	workers   int    // files written at once
	section   string // the key of the configuration that names the folder
	abilities connectors.Abilities
	standing  standing
}

// Abilities tells that a drop takes files.
func (d *Drop) Abilities() connectors.Abilities {
	a := d.abilities
	if !strings.Contains(d.temps.template, "{key}") { // two deliveries of one name would write into each other's temporary file
		a.MaxItems, a.Parallel = 1, 1
	}
	return a
}

// Check tells whether files could be put now.
func (d *Drop) Check(ctx context.Context) error {
	if err := d.place.Check(ctx, trialName(d.temps, "*")); err != nil {
		return err
	}
	return d.prove(ctx)
}

// Close releases the connection, if the place has one.
func (d *Drop) Close() error { return d.place.Close() }

// Stage writes all files of the group under their temporary names and makes them durable, whatever lies under the
// final ones: before the first attempt nothing there can be ours. What the journal knows as staged is left alone: the
// legacy system may have taken it, and it must not come twice.
func (d *Drop) Stage(ctx context.Context, g connectors.Group) error {
	if g.Staged {
		return nil
	}
	if err := d.prove(ctx); err != nil {
		return err
	}
	var pieces []piece
	for _, p := range d.allPieces(g) {
		if place.CheckName(p.Name) == nil { // a wrong name is its item's error in Deliver
			pieces = append(pieces, p)
		}
	}
	if err := d.each(len(pieces), func(i int) error { return d.put(ctx, pieces[i]) }); err != nil {
		return err
	}
	if err := d.place.Sync(ctx, ""); err != nil {
		return place.AsClass(err, connectors.Transient) // nothing is visible yet
	}
	for _, p := range pieces {
		d.standing.add(p)
	}
	return nil
}

// put writes a file under its temporary name, unless this process has done that and it is there still.
func (d *Drop) put(ctx context.Context, p piece) error {
	if d.standing.all(p) {
		if there, size, err := d.there(ctx, p.temp); err != nil || there && size == p.Blob.Size {
			return err
		}
	}
	return d.place.Put(ctx, p.temp, p.Blob, d.durable)
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
	controls := make([]*placedPiece, len(g.Items))
	var stop error
	for i := range g.Items {
		if errs[i] = stop; stop != nil {
			continue
		}
		controls[i], errs[i] = d.commitItem(ctx, g.Staged, &g.Items[i])
		if c := connectors.ClassOf(errs[i]); c == connectors.TargetError || c == connectors.Transient {
			stop = errs[i] // the place is at fault: nothing of the rest was touched
		}
	}
	err := d.place.Sync(ctx, "")
	if err == nil {
		err = d.commitControls(ctx, controls, errs)
	}
	out := make([]connectors.Outcome, len(g.Items))
	for i, it := range g.Items {
		if errs[i] == nil {
			errs[i] = err
		}
		out[i] = d.outcome(it.Key, errs[i], d.pieces(&it))
		if out[i].Class == connectors.ItemError { // it is put there anew if it comes again
			d.standing.remove(d.pieces(&it)...)
		}
	}
	return out
}

// commitItem renames an item's files and returns its control file, which follows once they are durable. All names
// are looked at first: where the last one is taken, none is put in place.
func (d *Drop) commitItem(ctx context.Context, staged bool, it *connectors.Delivery) (*placedPiece, error) {
	pieces := d.pieces(it)
	looked, err := d.lookAt(ctx, staged, pieces)
	if err != nil {
		return nil, err
	}
	for i := range it.Files {
		if err := d.commit(ctx, looked[i]); err != nil {
			return nil, err
		}
	}
	if it.Control == nil {
		return nil, nil
	}
	return &looked[len(looked)-1], nil
}

// commitControls renames the control files of the items that are in place, durably: the legacy system starts
// at them.
func (d *Drop) commitControls(ctx context.Context, controls []*placedPiece, errs []error) error {
	some := false
	for i, c := range controls {
		if c != nil && errs[i] == nil {
			errs[i] = d.commit(ctx, *c)
			some = true
		}
	}
	if !some {
		return nil
	}
	return d.place.Sync(ctx, "")
}

// commitAll renames the file of a sealed batch, then its control file: the legacy system starts at the latter.
func (d *Drop) commitAll(ctx context.Context, g connectors.Group) error {
	looked, err := d.lookAt(ctx, g.Staged, d.allPieces(g))
	if err != nil {
		return err
	}
	for i, p := range looked {
		if g.Control != nil && i == len(looked)-1 {
			if err := d.place.Sync(ctx, ""); err != nil {
				return err
			}
		}
		if err := d.commit(ctx, p); err != nil {
			return err
		}
	}
	return d.place.Sync(ctx, "")
}

// commit brings one file from its temporary to its final name.
func (d *Drop) commit(ctx context.Context, p placedPiece) error {
	switch p.pieceState {
	case placed, nothing:
		return nil // it was staged: if neither name is there, the legacy system has taken it
	case linked:
		return d.place.Remove(ctx, p.temp)
	case partial, lost:
		if err := d.place.Put(ctx, p.temp, p.Blob, d.durable); err != nil {
			return err
		}
		if err := d.place.Sync(ctx, ""); err != nil {
			return place.AsClass(err, connectors.Transient)
		}
	}
	err := d.rename(ctx, p.piece)
	if errors.Is(err, fs.ErrExist) && d.oneFile(p.piece) { // NFS repeats a lost request, and the first one had worked
		return d.place.Remove(ctx, p.temp)
	}
	return err
}

// Lookup says what became of the files. What lies under the temporary name, or under the final one with
// other bytes, is Absent: delivering it again finishes it or says why not.
func (d *Drop) Lookup(ctx context.Context, g connectors.Group) ([]connectors.Found, error) {
	if err := d.prove(ctx); err != nil {
		return nil, err
	}
	if err := d.place.Sync(ctx, ""); err != nil {
		return nil, place.AsClass(err, connectors.TargetError) // what is seen may still be lost
	}
	shared, err := d.presence(ctx, g.Staged, d.shared(g))
	if err != nil {
		return nil, err
	}
	found := make([]connectors.Found, len(g.Items))
	for i := range g.Items {
		own, err := d.presence(ctx, g.Staged, d.pieces(&g.Items[i]))
		if err != nil {
			return nil, err
		}
		found[i] = connectors.Found{Key: g.Items[i].Key, Presence: worse(shared, own)}
	}
	return found, nil
}

// worse returns what is known of two things together: unknown if one is, absent if one is.
func worse(a, b connectors.Presence) connectors.Presence { return min(a, b) }

// presence tells whether all pieces were put in place.
func (d *Drop) presence(ctx context.Context, wasStaged bool, pieces []piece) (connectors.Presence, error) {
	all := connectors.Present
	for _, p := range pieces {
		one := connectors.Absent
		if place.CheckName(p.Name) == nil {
			look, err := d.look(ctx, p)
			switch st := look.pieceState; {
			case err != nil:
				return connectors.Unknown, err
			case st == placed, st == nothing && wasStaged:
				one = connectors.Present
			case st == unread:
				one = connectors.Unknown
			}
		}
		all = worse(all, one)
	}
	return all, nil
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
		out[i] = d.outcome(it.Key, err, append(d.pieces(&it), d.shared(g)...))
	}
	return out
}

func outcomeOf(key string, err error) connectors.Outcome {
	if err == nil {
		return connectors.Outcome{Key: key, Class: connectors.Written}
	}
	o := connectors.Outcome{Key: key, Class: connectors.ClassOf(err), Code: place.CodeIO, Raw: err.Error()}
	var e *connectors.Error
	if errors.As(err, &e) {
		o.Code, o.Text = e.Code, e.Safe()
	}
	return o
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

// pieces lists an item's files in the order in which they become visible.
func (d *Drop) pieces(it *connectors.Delivery) []piece {
	list := make([]piece, 0, len(it.Files)+1)
	for i, f := range it.Files {
		list = append(list, d.temps.piece(it.Key, i, f))
	}
	if it.Control != nil {
		list = append(list, d.temps.piece(it.Key, controlPiece, *it.Control))
	}
	return list
}

// controlPiece is the number of a control file among the files of its key.
const controlPiece = -1

// shared lists the files that a group's items have together.
func (d *Drop) shared(g connectors.Group) (list []piece) {
	if g.File != nil {
		list = append(list, d.temps.piece(g.Key, 0, *g.File))
	}
	if g.Control != nil {
		list = append(list, d.control(g))
	}
	return list
}

func (d *Drop) control(g connectors.Group) piece {
	return d.temps.piece(g.Key, controlPiece, *g.Control)
}

// allPieces lists a group's files in the order in which they become visible.
func (d *Drop) allPieces(g connectors.Group) (list []piece) {
	for i := range g.Items {
		list = append(list, d.pieces(&g.Items[i])...)
	}
	return append(list, d.shared(g)...)
}

// Evidence tells the names of the files that lie at the place, also of those under temporary names, by their final
// ones. What the legacy system has taken away leaves none.
func (d *Drop) Evidence(ctx context.Context, _ time.Time, each func(connectors.Trace) error) error {
	if err := d.prove(ctx); err != nil {
		return err
	}
	var told error
	err := place.Each(ctx, d.place, "", func(e place.Info) (err error) {
		if e.Size == place.Unknown && !d.place.Traits().Listed {
			if e, err = d.place.Stat(ctx, e.Name); err != nil { // taken this moment, or nobody knows
				return place.Unseen(err)
			}
		}
		if e.Kind != place.Regular || e.Name == d.proof {
			return ctx.Err()
		}
		t := connectors.Trace{Name: e.Name}
		if final, temporary := d.temps.of(e.Name); temporary {
			t.Name = final
		}
		if e.Mtime != 0 {
			t.At = time.Unix(0, e.Mtime)
		}
		told = each(t)
		return errors.Join(told, ctx.Err())
	})
	if err != nil && told == nil {
		return local.Fault("look at the files in the folder", err)
	}
	return err
}
