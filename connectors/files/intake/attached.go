package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

// movingPrefix begins the names of files that say which form is being moved out together with what belongs to it.
const movingPrefix = "inbasket-moving-"

// moving is a form on its way out of the folder. A crash after the form went would leave its attachments
// behind, and the next form of that name would take a stranger's; a done-marker left behind would make the
// next form of that name ready before it is written. The next start finishes the move.
type moving struct {
	Form   string      `json:"form"`
	Folder string      `json:"folder"` // where attachments go; empty: they are deleted
	Tag    string      `json:"tag"`
	Files  []movedFile `json:"files"`
	Marker *movedFile  `json:"marker,omitempty"`
}

// movedFile is a file as it was; one that looks otherwise belongs to another form.
type movedFile struct {
	Name  string `json:"name"`
	Size  int64  `json:"size"`
	Mtime int64  `json:"mtime"` // nanoseconds
	// What tells it from another file of that name, size and time; missing where that is not known.
	Volume  uint64 `json:"volume,omitempty"`
	Index   uint64 `json:"index,omitempty"`
	Touched int64  `json:"touched,omitempty"` // nanoseconds
	Digest  string `json:"digest,omitempty"`  // of what was read
}

func moved(t stat) movedFile {
	m := movedFile{Name: t.Name, Size: t.Size, Mtime: t.Mtime, Volume: t.ID.Volume, Index: t.ID.Index}
	if !t.Touched.IsZero() {
		m.Touched = t.Touched.UnixNano()
	}
	if t.sum != nil {
		m.Digest = hex.EncodeToString(t.sum[:])
	}
	return m
}

// still tells whether the file lies in the folder as it was.
func (s *source) still(ctx context.Context, m movedFile) (bool, error) {
	t, err := s.stat(ctx, m.Name)
	if err != nil || t.Size != m.Size || t.Mtime != m.Mtime {
		return false, faultOnly(err)
	}
	if m.Touched != 0 && t.Touched.UnixNano() == m.Touched {
		return true, nil
	}
	return s.hasDigest(ctx, m, m.Name)
}

// movedThere tells whether it is this file that lies at a path now.
func (s *source) movedThere(m movedFile) ours {
	return func(ctx context.Context, path string) (bool, error) {
		t, err := s.stat(ctx, path)
		if err != nil {
			return goneIsOurs(err)
		}
		was := place.Info{Size: m.Size, Mtime: m.Mtime, ID: place.ID{Volume: m.Volume, Index: m.Index}}
		if t.sameFile(was) || t.Size != m.Size || t.Mtime != m.Mtime {
			return t.sameFile(was), nil
		}
		return s.hasDigest(ctx, m, path)
	}
}

// hasDigest tells whether a file of that size and time has the bytes that were read. Of what was not read, that is all that
// is known.
func (s *source) hasDigest(ctx context.Context, m movedFile, path string) (bool, error) {
	if m.Digest == "" {
		return true, nil
	}
	sum, err := place.Digest(ctx, s.place, path)
	return err == nil && hex.EncodeToString(sum[:]) == m.Digest, faultOnly(err)
}

// faultOnly leaves out what is wrong with one file.
func faultOnly(err error) error {
	if place.AtFault(err) {
		return err
	}
	return nil
}

// withAttachments moves a form by the given function, and then what belongs to it. The form goes first: without
// its attachments it must never be seen in the in-basket again.
func (s *source) withAttachments(ctx context.Context, g *candidate, folder, tag string, form func() error) error {
	if len(g.attached) == 0 && g.marker == "" {
		return form()
	}
	m := moving{Form: g.form.Name, Folder: folder, Tag: tag}
	for _, a := range g.attached {
		m.Files = append(m.Files, moved(a))
	}
	if g.marker != "" {
		t, err := s.stat(ctx, g.marker)
		if err == nil {
			mark := moved(t)
			m.Marker = &mark
		} else if err = place.Unseen(err); err != nil {
			return err // left lying, it would make the next form of that name ready before it is written
		}
	}
	note := s.noteOf(g.form.Name)
	b, err := json.Marshal(m)
	if err == nil {
		err = s.place.Put(ctx, note, connectors.BytesBlob(b), s.sync && len(m.Files) > 0) // a lone done-marker is not worth a sync
	}
	if err != nil {
		return err
	}
	if err := form(); err != nil {
		if _, there := s.stat(ctx, m.Form); there == nil {
			err = errors.Join(err, s.place.Remove(ctx, note))
		}
		return err
	}
	if err := s.rest(ctx, m); err != nil {
		return err
	}
	return s.place.Remove(ctx, note)
}

// noteOf names the file that says what is about to be moved with a form.
func (s *source) noteOf(form string) string {
	sum := sha256.Sum256([]byte(form))
	return s.movingPrefix() + hex.EncodeToString(sum[:8])
}

func (s *source) movingPrefix() string { return s.hidden(movingPrefix) }

// rest moves what belongs to a form that went.
func (s *source) rest(ctx context.Context, m moving) error {
	for _, f := range m.Files {
		there, err := s.still(ctx, f)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		var at string
		if _, err := s.finish(ctx, f.Name, m.Folder, m.Tag, s.movedThere(f), &at); err != nil && !errors.Is(err, errReplaced) {
			return err
		}
	}
	if m.Marker == nil {
		return nil
	}
	there, err := s.still(ctx, *m.Marker)
	if err == nil && there {
		err = s.place.Remove(ctx, m.Marker.Name)
	}
	return err
}

// finishMoves ends what a crash interrupted. A form that is still there is offered again, with everything.
func (s *source) finishMoves(ctx context.Context) error {
	if err := s.restoreOut(ctx); err != nil {
		return &connectors.Error{Class: connectors.Transient, Code: CodeNotMoved, Op: "offer again what was about to be deleted",
			Hint: "grant the agent's account delete and create in the folder", Err: err}
	}
	var notes []string
	err := s.eachName(ctx, "", func(name string) error {
		if strings.HasPrefix(name, s.movingPrefix()) {
			notes = append(notes, name)
		}
		return nil
	})
	if err != nil {
		return local.Fault("list the in-basket folder", err)
	}
	for _, note := range notes {
		if err := s.finishMove(ctx, note); err != nil {
			return &connectors.Error{Class: connectors.Transient, Code: CodeNotMoved, Op: "finish an interrupted move",
				Hint: "grant the agent's account delete in the folder and create in the done and error folders", Err: err}
		}
	}
	return nil
}

// finishMove ends the move that a note tells of, if there is one.
func (s *source) finishMove(ctx context.Context, note string) error {
	c, err := s.place.Read(ctx, note, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var m moving
	// What cannot be read was cut off while it was written: nothing had been moved yet.
	if json.Unmarshal(c.Bytes, &m) == nil && s.mine(m) {
		_, err := s.place.Stat(ctx, m.Form)
		if errors.Is(err, fs.ErrNotExist) {
			err = s.rest(ctx, m)
		}
		if err != nil {
			return err
		}
	}
	return s.place.Remove(ctx, note)
}

// mine reports whether this source can have written m: others may write into the folder as well, and must
// not make the agent move what lies elsewhere.
func (s *source) mine(m moving) bool {
	under := m.Folder == "" || m.Folder == s.errs || s.done != "" && (m.Folder == s.done || path.Dir(m.Folder) == s.done || filepath.Dir(m.Folder) == s.done)
	files := m.Files
	if m.Marker != nil {
		files = append(files[:len(files):len(files)], *m.Marker)
	}
	for _, f := range files {
		if f.Name == "" || strings.ContainsAny(f.Name, `/\`) || f.Name == ".." || f.Name == "." {
			return false
		}
	}
	return under && (m.Folder != "" || s.cfg.After.Delete)
}
