package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/connectors"
)

// Verify reads a backup to its end and returns what it holds: every byte is compared with its digest, the journal
// is checked as a database, and everything that it refers to is there. It needs room for the journal in the
// system's folder for temporary files.
func Verify(ctx context.Context, r io.Reader) (m Manifest, err error) {
	dir, err := os.MkdirTemp("", verifyPrefix)
	if err != nil {
		return m, noRoom(os.TempDir(), err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m, err = scan(ctx, r, dir, false)
	var e *connectors.Error
	if errors.As(err, &e) && e.Code == CodeState { // not the state folder's disk
		err = noRoom(os.TempDir(), e.Err)
	}
	return m, err
}

// verifyPrefix begins folders in the system's folder for temporary files.
const verifyPrefix = "inbasket-verify-"

// noRoom says that a copy of the journal cannot be kept in the system's folder for temporary files.
func noRoom(dir string, err error) error {
	return &connectors.Error{Class: connectors.TargetError, Code: CodeSpace, Op: "unpack the journal into " + dir + " to verify it",
		Hint: "make room there, or name a folder on another disk in the environment, by TMPDIR (on Windows TMP)", Err: err}
}

// VerifyFile verifies a backup on disk.
func VerifyFile(ctx context.Context, file string) (m Manifest, err error) {
	f, err := os.Open(file)
	if err != nil {
		return m, err
	}
	m, err = Verify(ctx, f)
	return m, errors.Join(err, f.Close())
}

// Folders of an unpacked backup, as they lie below the state folder too.
const (
	journalFolder = "journal"
	contentFolder = "content"
	auditFolder   = "audit"
)

// scanning is one pass through a backup.
type scanning struct {
	dir      string
	tar      *tar.Reader
	manifest Manifest
	seal     connectors.Digest // of the manifest
	store    *content.Store    // nil: content is only verified
}

// scan reads a backup to its end. The journal and the audit log are unpacked below dir; with unpack, the content too.
func scan(ctx context.Context, r io.Reader, dir string, unpack bool) (m Manifest, err error) {
	s := &scanning{dir: dir, tar: tar.NewReader(content.Reader(ctx, r))}
	for _, f := range []string{journalFolder, auditFolder} {
		if err := os.MkdirAll(filepath.Join(dir, f), 0o700); err != nil {
			return m, stateError("unpack the backup", err)
		}
	}
	if unpack {
		if s.store, err = content.Open(filepath.Join(dir, contentFolder)); err != nil {
			return m, stateError("unpack the backup", err)
		}
	}
	h, err := s.next(manifestName)
	if err != nil {
		return m, err
	}
	if s.manifest, s.seal, err = readManifest(s.tar, h.Size); err != nil {
		return m, err
	}
	for _, p := range s.manifest.Parts {
		if err := s.part(p); err != nil {
			return s.manifest, err
		}
	}
	if err := s.database(ctx); err != nil {
		return s.manifest, err
	}
	return s.manifest, ctx.Err()
}

// next goes to the next entry, which must have this name; empty: any name.
func (s *scanning) next(name string) (*tar.Header, error) {
	h, err := s.tar.Next()
	if errors.Is(err, io.EOF) {
		return nil, damaged("it ends before its end")
	}
	if err != nil {
		return nil, asDamage("it cannot be read", err)
	}
	if h.Typeflag != tar.TypeReg || name != "" && h.Name != name {
		return nil, damaged("something else stands in place of %s", label(name))
	}
	return h, nil
}

// asDamage leaves errors that are no fault of the backup as they are.
func asDamage(what string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return err // the disk that it lies on
	}
	return damaged("%s: %w", what, err)
}

// part unpacks the journal or a file of the audit log and compares its digest.
func (s *scanning) part(p Part) error {
	h, err := s.next(p.Name)
	if err != nil {
		return err
	}
	if h.Size != p.Size {
		return damaged("%s has another size", label(p.Name))
	}
	to := filepath.Join(s.dir, filepath.FromSlash(p.Name))
	if p.Name == journal.FileName {
		to = filepath.Join(s.dir, journalFolder, journal.FileName)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return stateError("unpack the backup", err)
	}
	sum := sha256.New()
	err = copyApart(io.MultiWriter(f, sum), s.tar)
	if err == nil {
		err = wrapState(f.Sync())
	}
	if err = errors.Join(err, wrapState(f.Close())); err != nil {
		return err
	}
	if connectors.Digest(sum.Sum(nil)) != p.Digest {
		return damaged("%s is not what was written", label(p.Name))
	}
	return nil
}

func wrapState(err error) error {
	if err == nil {
		return nil
	}
	return stateError("unpack the backup", err)
}

// copyApart copies, and tells a fault of the backup from one of the disk that is written to.
func copyApart(w io.Writer, r io.Reader) error {
	b := make([]byte, 256<<10)
	for {
		n, err := r.Read(b)
		if n > 0 {
			if _, e := w.Write(b[:n]); e != nil {
				return stateError("unpack the backup", e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return asDamage("it cannot be read", err)
		}
	}
}

// database checks the unpacked journal, and that exactly what it refers to follows.
func (s *scanning) database(ctx context.Context) error {
	j, err := journal.OpenReadOnly(ctx, filepath.Join(s.dir, journalFolder), journal.Options{})
	if err != nil {
		if errors.Is(err, journal.ErrTooNew) {
			return tooNew("its journal is of a later version")
		}
		return damaged("its journal cannot be opened: %w", err)
	}
	err = s.compare(ctx, j)
	return errors.Join(err, j.Close())
}

func (s *scanning) compare(ctx context.Context, j *journal.Journal) error {
	if err := checking.Of(j).Check(ctx); err != nil {
		return damaged("its journal: %w", err)
	}
	about, err := restoring.Of(j).About(ctx)
	if err != nil {
		return damaged("its journal cannot be read: %w", err)
	}
	if !about.Last.Equal(s.manifest.Journal.Last) {
		return damaged("its journal is another one")
	}
	if about.Last = s.manifest.Journal.Last; about != s.manifest.Journal {
		return damaged("its journal is another one")
	}
	missing := map[connectors.Digest]bool{}
	for _, d := range s.manifest.Content.Missing {
		missing[d] = true
	}
	wanted, stop := iter.Pull2(digests(ctx, j))
	defer stop()
	var found Content
	for {
		d, err, more := wanted()
		if !more {
			break
		}
		if err != nil {
			return damaged("its journal cannot be read: %w", err)
		}
		if missing[d] {
			continue
		}
		size, err := s.content(ctx, d)
		if err != nil {
			return err
		}
		found.Files++
		found.Bytes += size
	}
	if found.Files != s.manifest.Content.Files || found.Bytes != s.manifest.Content.Bytes {
		return damaged("it holds %d pieces of content in place of %d", found.Files, s.manifest.Content.Files)
	}
	return s.end()
}

// end reads what guards the manifest, which tells more than any part: also when the backup was made.
func (s *scanning) end() error {
	h, err := s.next(sealName)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(s.tar, 1+2*sha256.Size))
	if err != nil {
		return asDamage("it cannot be read", err)
	}
	if h.Size != 2*sha256.Size || string(text) != hex.EncodeToString(s.seal[:]) {
		return damaged("%s is not what was written", manifestName)
	}
	if _, err := s.tar.Next(); !errors.Is(err, io.EOF) {
		return damaged("more follows than its manifest tells")
	}
	return nil
}

// digests are what a journal refers to.
func digests(ctx context.Context, j *journal.Journal) iter.Seq2[connectors.Digest, error] {
	return func(yield func(connectors.Digest, error) bool) {
		enough := errors.New("enough")
		err := restoring.Of(j).Contents(ctx, func(d connectors.Digest) error {
			if !yield(d, nil) {
				return enough
			}
			return nil
		})
		if err != nil && !errors.Is(err, enough) {
			yield(connectors.Digest{}, err)
		}
	}
}

// content verifies the piece of content that must follow, and unpacks it where that is asked for.
func (s *scanning) content(ctx context.Context, d connectors.Digest) (int64, error) {
	h, err := s.next(contentDir + hex.EncodeToString(d[:]))
	if err != nil {
		return 0, err
	}
	if s.store != nil {
		blob, err := s.store.Put(ctx, s.tar, h.Size)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, damaged("it ends before its end")
		}
		if err != nil {
			return 0, stateError("unpack the backup", err)
		}
		if blob.Digest != d {
			return 0, damaged("a piece of content is not what was written")
		}
		return blob.Size, nil
	}
	sum := sha256.New()
	if err := copyApart(sum, s.tar); err != nil {
		return 0, err
	}
	if !bytes.Equal(sum.Sum(nil), d[:]) {
		return 0, damaged("a piece of content is not what was written")
	}
	return h.Size, nil
}

// label names a part in messages: content by what it is, not by its digest.
func label(name string) string {
	if strings.HasPrefix(name, contentDir) || name == "" {
		return "a piece of content"
	}
	return name
}
