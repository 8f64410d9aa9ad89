package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/durable"
)

// Settle moves what was accepted to the done folder and what was refused to the error folder; see
// connectors.Source. What belongs to a form goes with it, also when a crash comes between (together.go).
func (s *source) Settle(ctx context.Context, receipts []connectors.Receipt) error {
	now := s.env.Clock.Now()
	done := s.done
	if done != "" && s.cfg.After.Dated {
		done = filepath.Join(done, now.Format("2006-01-02"))
	}
	// One after the other: renames in one folder wait for the same lock, and a second worker was measured to
	// cost 12 µs of CPU a file more and to be slower.
	var failed []error
	for i := range receipts {
		err := ctx.Err()
		if err == nil {
			err = s.settleOne(receipts[i], done, now)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	err := errors.Join(failed...)
	if s.cfg.Sync && len(receipts) > 0 {
		err = errors.Join(err, s.syncMoves(done))
	}
	if err != nil {
		return &connectors.Error{Class: connectors.Transient, Code: CodeNotMoved, Op: "settle files of the in-basket",
			Hint: "grant the agent's account delete in the folder and create in the done and error folders", Err: err}
	}
	return nil
}

func (s *source) syncMoves(done string) error {
	err := durable.SyncDir(s.dir)
	if done != "" {
		if e := durable.SyncDir(done); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

func (s *source) settleOne(r connectors.Receipt, done string, now time.Time) error {
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
	t, err := lstat(s.dir, it.form.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.forget(r.Handle) // somebody else took it away
		return nil
	case err != nil || t.size != it.form.size || t.mtime != it.form.mtime:
		s.release(r.Handle, now) // it is another form by now; that one is still to be taken
		return nil
	}
	it.firm = it.firm && t.same(it.form)
	if r.Verdict == connectors.Refused {
		err = s.moveToErrors(it.sight, r.Reason, now, it.holds)
	} else {
		err = s.moveToDone(it, done, tag(r.ID, it.content), now)
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
	s.again[name] = at
	s.mu.Unlock()
	s.nudge()
}

// tag tells two forms of the same name apart in the done folder.
func tag(id string, content []byte) string {
	if id != "" {
		return id
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}

func (s *source) moveToDone(it *item, done, tag string, now time.Time) error {
	return s.together(it.sight, done, tag, func() error {
		to, err := s.finish(it.form.name, done, tag, it.holds)
		if err == nil && to != "" {
			s.remember(it, to, tag, now)
		}
		return err
	})
}

// finish deletes or moves one file and returns where it lies then; a file of the same name and bytes in the done
// folder replaces it. What was moved must be what ours knows, else it is put back.
func (s *source) finish(name, done, tag string, ours func(path string) bool) (string, error) {
	from := filepath.Join(s.dir, name)
	if done == "" {
		return "", s.discard(name, tag, ours)
	}
	ext := path.Ext(name)
	for n := range 100 {
		to := name
		switch n {
		case 0:
		case 1:
			to = fit(stem(name)) + "-" + tag + ext
		default:
			to = fmt.Sprintf("%s-%s-%d%s", fit(stem(name)), tag, n, ext)
		}
		to = filepath.Join(done, to)
		err := move(from, to)
		switch {
		case err == nil && !ours(to):
			return "", s.notOurs(to, name, tag)
		case !errors.Is(err, fs.ErrExist):
			return to, ignoreGone(err)
		case sameContent(from, to):
			return "", s.discard(name, tag, func(path string) bool { return sameContent(path, to) })
		}
	}
	return "", fmt.Errorf("move to the done folder: %w", fs.ErrExist)
}

// notOurs puts back what was moved and had not been read.
func (s *source) notOurs(path, name, tag string) error {
	if err := s.offerAgain(path, name, tag); err != nil {
		return err
	}
	return errReplaced
}

// outFolder is where files lie that are about to be deleted: only what cannot be replaced any more is looked at for the
// last time. What a crash leaves there is offered again.
const outFolder = ".inbasket-out"

// discard deletes a file of the in-basket, if it is what ours knows.
func (s *source) discard(name, tag string, ours func(path string) bool) error {
	out := filepath.Join(s.dir, outFolder, name)
	if err := move(filepath.Join(s.dir, name), out); err != nil {
		return ignoreGone(err)
	}
	if !ours(out) {
		return s.notOurs(out, name, tag)
	}
	return ignoreGone(os.Remove(out))
}

// restoreOut offers again what a crash left before it was deleted.
func (s *source) restoreOut() error {
	entries, err := os.ReadDir(filepath.Join(s.dir, outFolder))
	if err != nil {
		return ignoreGone(err)
	}
	for _, e := range entries {
		if err := s.offerAgain(filepath.Join(s.dir, outFolder, e.Name()), e.Name(), "again"); err != nil {
			return err
		}
	}
	return os.Remove(filepath.Join(s.dir, outFolder))
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// moveToErrors puts a text that says why into the error folder, then the form and what belongs to it.
func (s *source) moveToErrors(g *sight, reason string, now time.Time, ours func(path string) bool) error {
	return s.together(g, s.errs, tag("", []byte(g.form.name)), func() error { return s.formToErrors(g, reason, now, ours) })
}

func (s *source) formToErrors(g *sight, reason string, now time.Time, ours func(path string) bool) error {
	if err := os.MkdirAll(s.errs, 0o770); err != nil {
		return err
	}
	name := g.form.name
	if hostile(name) {
		name = escape(name)
	}
	name = fit(name)
	for n := range 1000 {
		to := name
		if n > 0 {
			to = fmt.Sprintf("%s-%d%s", stem(name), n, path.Ext(name))
		}
		text := filepath.Join(s.errs, to+".txt")
		if _, err := os.Lstat(filepath.Join(s.errs, to)); err == nil {
			continue
		}
		body := fmt.Sprintf("%s\r\n%s\r\nWhen it is mended, put it into the in-basket folder again.\r\n", now.Format(time.RFC3339), reason)
		switch err := writeNew(text, body); {
		case errors.Is(err, fs.ErrExist):
			continue // another in-basket of this error folder was faster
		case err != nil:
			return err
		}
		to = filepath.Join(s.errs, to)
		err := move(filepath.Join(s.dir, g.form.name), to)
		if err == nil && ours(to) {
			return nil
		}
		if err == nil {
			err = s.notOurs(to, g.form.name, tag("", []byte(reason)))
		}
		if err := os.Remove(text); err != nil {
			return err
		}
		if !errors.Is(err, fs.ErrExist) {
			return ignoreGone(err)
		}
	}
	return fmt.Errorf("move to the error folder: %w", fs.ErrExist)
}

// writeNew writes a text into a file that is not there yet.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o660)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// move renames without overwriting; it makes the folder when it is missing, and copies when it lies on
// another file system.
func move(from, to string) error {
	err := durable.RenameNew(from, to)
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, e := os.Lstat(from); e != nil {
			return err
		}
		if e := os.MkdirAll(filepath.Dir(to), 0o770); e != nil {
			return e
		}
		err = durable.RenameNew(from, to)
	}
	if isCrossDevice(err) {
		return copyAcross(from, to)
	}
	return err
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
	return os.Remove(from)
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

// sameContent reports whether two files hold the same bytes; what cannot be read is not the same.
func sameContent(a, b string) bool {
	fa, err := openRegular(a)
	if err != nil {
		return false
	}
	defer func() { _ = fa.Close() }()
	fb, err := openRegular(b)
	if err != nil {
		return false
	}
	defer func() { _ = fb.Close() }()
	ia, err1 := fa.Stat()
	ib, err2 := fb.Stat()
	if err1 != nil || err2 != nil || ia.Size() != ib.Size() || !ib.Mode().IsRegular() {
		return false
	}
	x, y := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errA := io.ReadFull(fa, x)
		m, errB := io.ReadFull(fb, y)
		if n != m || !bytes.Equal(x[:n], y[:m]) {
			return false
		}
		if errA != nil || errB != nil {
			return (errors.Is(errA, io.EOF) || errors.Is(errA, io.ErrUnexpectedEOF)) && errB != nil
		}
	}
}
