package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/connectors"
)

// Source is what a backup is made of.
type Source struct {
	State   string // the agent's state folder, in which a copy of the journal lies for as long as this takes
	Journal *journal.Journal
	Content *content.Store
	Agency  string
	Version string // of the program
	Now     time.Time
}

// Write makes a backup and streams it to w. The agent goes on meanwhile: the journal is copied as it stands at one
// moment, and nothing is removed from the content store until the end.
func Write(ctx context.Context, s Source, w io.Writer) (m Manifest, err error) {
	release := s.Content.Hold()
	defer release()
	dir, err := os.MkdirTemp(s.State, tempPrefix)
	if err != nil {
		return m, stateError("make room for a copy of the journal", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := s.room(); err != nil {
		return m, err
	}
	if err := restoring.Of(s.Journal).Snapshot(ctx, filepath.Join(dir, journal.FileName)); err != nil {
		return m, err
	}
	copied, err := journal.OpenReadOnly(ctx, dir, journal.Options{})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	b := &writing{source: s, dir: dir, copied: copied, tar: tar.NewWriter(w)}
	if m, err = b.manifest(ctx); err != nil {
		return m, err
	}
	return m, b.write(ctx, m)
}

// keepFree is what a backup leaves of the disk: an agent whose disk is full accepts nothing.
const keepFree = 64 << 20

// room refuses a backup whose copy of the journal would fill the agent's own disk.
func (s Source) room() error {
	var size int64
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(filepath.Join(s.State, journalFolder, journal.FileName+suffix)); err == nil {
			size += info.Size()
		}
	}
	space, err := disk.Of(s.State)
	if err != nil || int64(min(space.Free, 1<<62)) >= size+min(size, keepFree) {
		return nil // a disk that does not tell its room is tried
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeSpace, Op: "copy the journal into " + s.State,
		Hint: "make room there: a copy of the journal lies in the state folder while a backup is made", Err: fmt.Errorf("%d bytes are needed, %d are free", size, space.Free)}
}

// tempPrefix begins folders below state that are gone when their work is done; whatever a crash leaves is removed
// by the next backup or restore.
const tempPrefix = ".inbasket-backup-"

type writing struct {
	source Source
	dir    string
	copied *journal.Journal
	tar    *tar.Writer
}

// manifest finds out what there is before the first byte is written.
func (b *writing) manifest(ctx context.Context) (m Manifest, err error) {
	m = Manifest{Format: Format, Version: b.source.Version, Agency: b.source.Agency, Made: b.source.Now.UTC()}
	if m.Journal, err = restoring.Of(b.copied).About(ctx); err != nil {
		return m, err
	}
	part, err := partOf(ctx, journal.FileName, filepath.Join(b.dir, journal.FileName))
	if err != nil {
		return m, err
	}
	m.Parts = append(m.Parts, part)
	if m.Parts, err = b.audit(ctx, m.Parts); err != nil {
		return m, err
	}
	err = restoring.Of(b.copied).Contents(ctx, func(d connectors.Digest) error {
		size, err := b.source.Content.Size(d)
		if errors.Is(err, content.ErrNotFound) {
			if m.Content.Missing = append(m.Content.Missing, d); len(m.Content.Missing) > maxMissing {
				return stateError("find the content that the journal refers to", errors.New("most of it is missing"))
			}
			return nil
		}
		m.Content.Files++
		m.Content.Bytes += size
		return err
	})
	return m, err
}

// audit copies the audit log as it stands; it only ever grows at its end.
func (b *writing) audit(ctx context.Context, parts []Part) ([]Part, error) {
	from := filepath.Join(b.source.State, "audit")
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return parts, nil
	}
	if err != nil {
		return parts, stateError("read the audit log", err)
	}
	if err := os.Mkdir(filepath.Join(b.dir, "audit"), 0o700); err != nil {
		return parts, stateError("copy the audit log", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !partName(auditDir+e.Name()) || strings.HasSuffix(e.Name(), ".lock") {
			continue
		}
		to := filepath.Join(b.dir, "audit", e.Name())
		if err := copyFile(filepath.Join(from, e.Name()), to); err != nil {
			return parts, stateError("copy the audit log", err)
		}
		part, err := partOf(ctx, auditDir+e.Name(), to)
		if err != nil {
			return parts, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

func copyFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

// partOf reads a file to its end to know its digest.
func partOf(ctx context.Context, name, file string) (Part, error) {
	f, err := os.Open(file)
	if err != nil {
		return Part{}, stateError("read the copy of the journal", err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, content.Reader(ctx, f))
	if err != nil {
		return Part{}, stateError("read the copy of the journal", err)
	}
	return Part{Name: name, Size: n, Digest: connectors.Digest(h.Sum(nil))}, nil
}

func (b *writing) write(ctx context.Context, m Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if len(text) > maxManifest {
		return stateError("describe the backup", fmt.Errorf("%d pieces of content are missing", len(m.Content.Missing)))
	}
	sum := sha256.Sum256(text)
	if err := b.file(ctx, manifestName, m.Made, int64(len(text)), strings.NewReader(string(text))); err != nil {
		return err
	}
	for _, p := range m.Parts {
		f, err := os.Open(filepath.Join(b.dir, filepath.FromSlash(p.Name)))
		if err != nil {
			return stateError("read the copy of the journal", err)
		}
		err = b.file(ctx, p.Name, m.Made, p.Size, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	missing := map[connectors.Digest]bool{}
	for _, d := range m.Content.Missing {
		missing[d] = true
	}
	err = restoring.Of(b.copied).Contents(ctx, func(d connectors.Digest) error {
		if missing[d] {
			return nil
		}
		f, err := b.source.Content.Open(d)
		if err != nil {
			return stateError("read the content store", err)
		}
		size, err := b.source.Content.Size(d)
		if err == nil {
			err = b.file(ctx, contentDir+hex.EncodeToString(d[:]), m.Made, size, f)
		}
		return errors.Join(err, f.Close())
	})
	if err != nil {
		return err
	}
	seal := hex.EncodeToString(sum[:])
	if err := b.file(ctx, sealName, m.Made, int64(len(seal)), strings.NewReader(seal)); err != nil {
		return err
	}
	return b.tar.Close()
}

func (b *writing) file(ctx context.Context, name string, at time.Time, size int64, r io.Reader) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at, Format: tar.FormatPAX}
	if err := b.tar.WriteHeader(h); err != nil {
		return err
	}
	n, err := io.Copy(b.tar, content.Reader(ctx, r))
	if err == nil && n != size {
		err = stateError("read what is backed up", fmt.Errorf("%s is shorter than it was", label(name)))
	}
	return err
}

// stateError is a fault of the disk that the state folder lies on.
func stateError(op string, err error) error {
	var known *connectors.Error
	if errors.As(err, &known) {
		return err
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeState, Op: op, Hint: "look at the disk and the rights of the state folder, then repeat it", Err: err}
}
