package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// movingPrefix begins the hidden files that say which form is being moved out together with what belongs to it.
const movingPrefix = ".inbasket-moving-"

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
	m := movedFile{Name: t.name, Size: t.size, Mtime: t.mtime, Volume: t.id.volume, Index: t.id.index, Touched: t.touched.UnixNano()}
	if t.sum != nil {
		m.Digest = hex.EncodeToString(t.sum[:])
	}
	return m
}

// still tells whether the file lies in the folder as it was.
func (m movedFile) still(dir string) bool {
	t, err := lstat(dir, m.Name)
	return err == nil && t.size == m.Size && t.mtime == m.Mtime && (t.touched.UnixNano() == m.Touched || m.holds(filepath.Join(dir, m.Name)))
}

// movedTo tells whether it is this file that lies at path now.
func (m movedFile) movedTo(path string) bool {
	t, err := lstat(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return true // taken away from there
	}
	was := stat{size: m.Size, mtime: m.Mtime, id: fileID{m.Volume, m.Index}}
	return t.sameFile(was) || t.size == m.Size && t.mtime == m.Mtime && m.holds(path)
}

// holds tells whether a file of that size and time has the bytes that were read. Of what was not read, that is all that
// is known.
func (m movedFile) holds(path string) bool {
	if m.Digest == "" {
		return true
	}
	f, err := openRegular(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return err == nil && hex.EncodeToString(h.Sum(nil)) == m.Digest
}

// together moves a form by the given function, and then what belongs to it. The form goes first: without
// its attachments it must never be seen in the in-basket again.
func (s *source) together(g *sight, folder, tag string, form func() error) error {
	if len(g.attached) == 0 && g.marker == "" {
		return form()
	}
	m := moving{Form: g.form.name, Folder: folder, Tag: tag}
	for _, a := range g.attached {
		m.Files = append(m.Files, moved(a))
	}
	if g.marker != "" {
		if t, err := lstat(s.dir, g.marker); err == nil {
			mark := moved(t)
			m.Marker = &mark
		}
	}
	path, err := s.noteMoving(m)
	if err != nil {
		return err
	}
	if err := form(); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	if err := s.rest(m); err != nil {
		return err
	}
	return os.Remove(path)
}

// noteMoving writes down what is about to be moved. After a power loss a lone done-marker may be left, which
// is not worth a sync for each form; attachments are.
func (s *source) noteMoving(m moving) (string, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(m.Form))
	path := filepath.Join(s.dir, movingPrefix+hex.EncodeToString(sum[:8]))
	return path, writeFile(path, bytes.NewReader(b), s.cfg.Sync && len(m.Files) > 0)
}

// rest moves what belongs to a form that went.
func (s *source) rest(m moving) error {
	for _, f := range m.Files {
		if !f.still(s.dir) {
			continue
		}
		if _, err := s.finish(f.Name, m.Folder, m.Tag, f.movedTo); err != nil && !errors.Is(err, errReplaced) {
			return err
		}
	}
	if m.Marker != nil && m.Marker.still(s.dir) {
		return ignoreGone(os.Remove(filepath.Join(s.dir, m.Marker.Name)))
	}
	return nil
}

// finishMoves ends what a crash interrupted. A form that is still there is offered again, with everything.
func (s *source) finishMoves() error {
	if err := s.restoreOut(); err != nil {
		return &connectors.Error{Class: connectors.Transient, Code: CodeNotMoved, Op: "offer again what was about to be deleted",
			Hint: "grant the agent's account delete and create in the folder", Err: err}
	}
	d, err := os.Open(s.dir)
	if err != nil {
		return folderError("open the in-basket folder", err)
	}
	defer func() { _ = d.Close() }()
	for {
		names, err := d.Readdirnames(portion)
		for _, name := range names {
			if !strings.HasPrefix(name, movingPrefix) {
				continue
			}
			if err := s.finishMove(filepath.Join(s.dir, name)); err != nil {
				return &connectors.Error{Class: connectors.Transient, Code: CodeNotMoved, Op: "finish an interrupted move",
					Hint: "grant the agent's account delete in the folder and create in the done and error folders", Err: err}
			}
		}
		if errors.Is(err, io.EOF) || len(names) == 0 {
			return nil
		}
		if err != nil {
			return folderError("list the in-basket folder", err)
		}
	}
}

func (s *source) finishMove(path string) error {
	f, err := openRegular(path)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	_ = f.Close()
	if err != nil {
		return err
	}
	var m moving
	// What cannot be read was cut off while it was written: nothing had been moved yet.
	if json.Unmarshal(b, &m) == nil && s.mine(m) {
		if _, err := os.Lstat(filepath.Join(s.dir, m.Form)); errors.Is(err, os.ErrNotExist) {
			if err := s.rest(m); err != nil {
				return err
			}
		}
	}
	return os.Remove(path)
}

// mine reports whether this source can have written m: others may write into the folder as well, and must
// not make the agent move what lies elsewhere.
func (s *source) mine(m moving) bool {
	under := m.Folder == "" || m.Folder == s.errs || s.done != "" && (m.Folder == s.done || filepath.Dir(m.Folder) == s.done)
	files := m.Files
	if m.Marker != nil {
		files = append(files[:len(files):len(files)], *m.Marker)
	}
	for _, f := range files {
		if f.Name == "" || filepath.Base(f.Name) != f.Name || f.Name == ".." || f.Name == "." {
			return false
		}
	}
	return under && (m.Folder != "" || s.cfg.After.Delete)
}
