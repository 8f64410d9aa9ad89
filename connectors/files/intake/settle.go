package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// Settle moves what was accepted to the done folder and what was refused to the error folder; see
// connectors.Source. What belongs to a form goes with it, also when a crash comes between (together.go).
func (s *source) Settle(ctx context.Context, receipts []connectors.Receipt) error {
	now := s.env.Clock.Now()
	done := s.done
	if done != "" && s.cfg.After.Dated {
		done = place.Join(done, now.Format("2006-01-02"))
	}
	// One after the other: renames in one folder wait for the same lock, and a second worker was measured to
	// cost 12 µs of CPU a file more and to be slower.
	var failed []error
	for i := range receipts {
		err := ctx.Err()
		if err == nil {
			err = s.settleOne(ctx, receipts[i], done, now)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	err := errors.Join(failed...)
	if s.sync && len(receipts) > 0 {
		err = errors.Join(err, s.syncMoves(ctx, done))
	}
	if err != nil {
		return &connectors.Error{Class: connectors.Transient, Code: CodeNotMoved, Op: "settle files of the in-basket",
			Hint: "grant the agent's account delete in the folder and create in the done and error folders", Err: err}
	}
	return nil
}

func (s *source) syncMoves(ctx context.Context, done string) error {
	err := s.place.Sync(ctx, "")
	if done != "" {
		if e := s.place.Sync(ctx, done); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

func (s *source) settleOne(ctx context.Context, r connectors.Receipt, done string, now time.Time) error {
	s.mu.Lock()
	it := s.inflight[r.Handle]
	s.mu.Unlock()
	if it == nil {
		return nil // settled before
	}
	if r.Verdict == connectors.Released {
		s.release(r.Handle, now.Add(max(s.cfg.Poll, time.Second)))
		return nil
	}
	t, err := s.stat(ctx, it.form.Name)
	gone := errors.Is(err, fs.ErrNotExist)
	another := err != nil || t.Size != it.form.Size || t.Mtime != it.form.Mtime
	switch {
	case place.AtFault(err):
		return err
	case another && it.moved != "": // by a rename whose answer was lost, or with one that is not back yet
	case gone:
		if err = s.finishMove(ctx, s.noteOf(it.form.Name)); err == nil {
			s.forget(r.Handle) // somebody else took it away
		}
		return err
	case another:
		s.release(r.Handle, now) // that one is still to be taken
		return nil
	default:
		it.firm, it.moved = it.firm && t.same(it.form.Info), ""
	}
	if r.Verdict == connectors.Refused {
		err = s.moveToErrors(ctx, it.candidate, r.Reason, now, s.holds(it), &it.moved)
	} else {
		err = s.moveToDone(ctx, it, done, tag(r.ID, it.content), now)
	}
	switch {
	case errors.Is(err, errReplaced):
		s.release(r.Handle, now)
		return nil
	case err == nil:
		s.forget(r.Handle)
	}
	return err
}

// errReplaced says that what was moved was not what had been read, and lies in the in-basket again.
var errReplaced = errors.New("another form of that name came before the first was moved")

// release offers the form again from at on.
func (s *source) release(name string, at time.Time) {
	s.mu.Lock()
	delete(s.inflight, name)
	s.released[name] = at
	s.mu.Unlock()
	s.wakeNext()
}

// tag tells two forms of the same name apart in the done folder.
func tag(id string, content []byte) string {
	if id != "" {
		return id
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}

func (s *source) moveToDone(ctx context.Context, it *item, done, tag string, now time.Time) error {
	return s.withAttachments(ctx, it.candidate, done, tag, func() error {
		to, err := s.finish(ctx, it.form.Name, done, tag, s.holds(it), &it.moved)
		if err == nil && to != "" {
			s.remember(it, to, tag, now)
		}
		if err == nil {
			s.taken(it.form.Name, now)
		}
		return err
	})
}

// finish deletes or moves one file and returns where it lies then; a file of the same name and bytes in the done
// folder replaces it. What was moved must be what ours knows, else it is put back; moved is where it has gone to, as long
// as that is not known.
func (s *source) finish(ctx context.Context, name, done, tag string, ours ours, moved *string) (string, error) {
	if done == "" {
		return "", s.discard(ctx, name, tag, ours, moved)
	}
	if *moved != "" {
		return *moved, s.verify(ctx, name, tag, ours, moved)
	}
	for n := range 100 {
		to := name
		switch n {
		case 0:
		case 1:
			to = tagged(name, tag)
		default:
			to = tagged(name, fmt.Sprintf("%s-%d", tag, n))
		}
		to = place.Join(done, to)
		err := s.move(ctx, name, to, moved)
		switch {
		case err == nil:
			return to, s.verify(ctx, name, tag, ours, moved)
		case !errors.Is(err, fs.ErrExist):
			return to, err
		}
		same, err := s.sameContent(ctx, name, to)
		if err != nil {
			return "", err
		}
		if same {
			return "", s.discard(ctx, name, tag, func(ctx context.Context, path string) (bool, error) { return s.sameContent(ctx, path, to) }, moved)
		}
	}
	return "", fmt.Errorf("move to the done folder: %w", fs.ErrExist)
}

// move renames without writing over another file, and makes the folder when it is missing. moved then is where the file
// has gone to; where the answer was lost and nobody can tell now, where it may have.
func (s *source) move(ctx context.Context, from, to string, moved *string) error {
	err := s.place.Rename(ctx, from, to)
	if folder, _ := place.Split(to); err != nil && folder != "" && connectors.ClassOf(err) == connectors.TargetError && s.place.MakeFolder(ctx, folder) == nil {
		err = s.place.Rename(ctx, from, to)
	}
	if err == nil || connectors.ClassOf(err) == connectors.Uncertain {
		*moved = to
	}
	if err == nil || *moved == "" {
		return err
	}
	switch _, e := s.stat(ctx, from); {
	case errors.Is(e, fs.ErrNotExist):
		return nil // the rename happened, or somebody took the file away
	case e == nil:
		*moved = ""
	}
	return err
}

// verify sees that what was moved is ours, and puts back what is not.
func (s *source) verify(ctx context.Context, name, tag string, ours ours, moved *string) error {
	mine, err := ours(ctx, *moved)
	if err == nil && !mine {
		err = s.offerAgain(ctx, *moved, name, tag)
	}
	if err != nil {
		return err
	}
	*moved = ""
	if !mine {
		return errReplaced
	}
	return nil
}

// outFolder is where files lie that are about to be deleted: only what cannot be replaced any more is looked at for the
// last time. What a crash leaves there is offered again.
const outFolder = "inbasket-out"

// hidden is a name of the agent's own, which begins with a dot where those are listed.
func (s *source) hidden(name string) string {
	if s.traits.Dots {
		return "." + name
	}
	return name
}

// discard deletes a file of the in-basket, if it is what ours knows.
func (s *source) discard(ctx context.Context, name, tag string, ours ours, moved *string) error {
	out := place.Join(s.hidden(outFolder), name)
	if *moved == "" {
		if err := s.move(ctx, name, out, moved); err != nil {
			return err
		}
	}
	if err := s.verify(ctx, name, tag, ours, moved); err != nil {
		return err
	}
	return s.place.Remove(ctx, out)
}

// restoreOut offers again what a crash left before it was deleted.
func (s *source) restoreOut(ctx context.Context) error {
	out := s.hidden(outFolder)
	var names []string
	err := s.eachName(ctx, out, func(name string) error { names = append(names, name); return nil })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range names {
		if err := s.offerAgain(ctx, place.Join(out, name), name, "again"); err != nil {
			return err
		}
	}
	return err
}

// moveToErrors puts a text that says why into the error folder, then the form and what belongs to it.
func (s *source) moveToErrors(ctx context.Context, g *candidate, reason string, now time.Time, ours ours, moved *string) error {
	return s.withAttachments(ctx, g, s.errs, tag("", []byte(g.form.Name)), func() error { return s.formToErrors(ctx, g, reason, now, ours, moved) })
}

func (s *source) formToErrors(ctx context.Context, g *candidate, reason string, now time.Time, ours ours, moved *string) error {
	back := tag("", []byte(reason))
	if *moved != "" {
		return s.verify(ctx, g.form.Name, back, ours, moved)
	}
	if err := s.place.MakeFolder(ctx, s.errs); err != nil {
		return err
	}
	name := g.form.Name
	if place.Hostile(name) {
		name = rules.Escape(name)
	}
	name = rules.Fit(name)
	next := "When it is mended, put it into the in-basket folder again."
	if s.answers && !s.isForm(g.form.Name) { // the next answer file of its name would take it along
		next = "Do not put it there again by itself: hand it in with its answer file, or give it to whom it belongs."
	}
	body := fmt.Sprintf("%s\r\n%s\r\n%s\r\n", now.Format(time.RFC3339), reason, next)
	for n := range 1000 {
		to := name
		if n > 0 {
			to = fmt.Sprintf("%s-%d%s", rules.Stem(name), n, path.Ext(name))
		}
		to = place.Join(s.errs, to)
		if _, err := s.place.Stat(ctx, to); err == nil {
			continue
		} else if place.AtFault(err) {
			return err
		}
		switch err := s.putNew(ctx, to+".txt", body); {
		case errors.Is(err, fs.ErrExist):
			continue // another in-basket of this error folder was faster
		case err != nil:
			return err
		}
		err := s.move(ctx, g.form.Name, to, moved)
		if err == nil {
			err = s.verify(ctx, g.form.Name, back, ours, moved)
		}
		if err == nil || *moved != "" {
			return err
		}
		if err := s.place.Remove(ctx, to+".txt"); err != nil {
			return err
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return fmt.Errorf("move to the error folder: %w", fs.ErrExist)
}

// putNew writes a text into a file that is not there yet.
func (s *source) putNew(ctx context.Context, path, text string) error {
	folder, name := place.Split(path)
	sum := sha256.Sum256([]byte(s.root + s.dir)) // several in-baskets may share the folder
	temp := place.Join(folder, s.hidden(fmt.Sprintf("%s.%x.inbasket-part", rules.Fit(name), sum[:4])))
	if err := s.place.Put(ctx, temp, connectors.BytesBlob([]byte(text)), false); err != nil {
		return err
	}
	var at string
	err := s.move(ctx, temp, path, &at)
	if err != nil {
		err = errors.Join(err, s.place.Remove(ctx, temp))
	}
	return err
}

// sameContent reports whether two files hold the same bytes; what cannot be read is not the same.
func (s *source) sameContent(ctx context.Context, a, b string) (bool, error) {
	x, err := s.stat(ctx, a)
	y, e := s.stat(ctx, b)
	if err = errors.Join(err, e); err == nil && x.Size == y.Size {
		var p, q connectors.Digest
		if p, err = place.Digest(ctx, s.place, a); err == nil {
			q, err = place.Digest(ctx, s.place, b)
		}
		if err == nil {
			return p == q, nil
		}
	}
	if place.AtFault(err) {
		return false, err
	}
	return false, nil
}
