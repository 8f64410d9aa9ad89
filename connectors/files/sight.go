package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// stat is what one look at a file saw.
type stat struct {
	name    string
	size    int64
	mtime   int64     // nanoseconds
	touched time.Time // mtime or, where the system knows it, the later change time
	id      fileID
	sum     *connectors.Digest // of an attachment that was read to its end
}

// fileID tells a file from another one that has its name, size and time; zero where that is not known.
type fileID struct{ volume, index uint64 }

// same reports whether both looks saw the same state of the file.
func (t stat) same(o stat) bool {
	return t.size == o.size && t.mtime == o.mtime && t.touched.Equal(o.touched)
}

// sameFile reports whether two looks saw one file in one state, whatever its names are: a rename counts as a change of
// it. Size and time alone say little: programs that write a form again and again give it the same length, and set its
// time. And an identity says nothing where it is not known, or made up as on some shares: then bytes must be compared.
func (t stat) sameFile(o stat) bool {
	return t.size == o.size && t.mtime == o.mtime && t.id == o.id && t.id != fileID{}
}

// movedTo tells whether it is this file that was moved to path.
func (t stat) movedTo(path string) bool {
	m, err := lstat(filepath.Dir(path), filepath.Base(path))
	return err != nil || m.sameFile(t) || t.id == fileID{} && m.size == t.size && m.mtime == t.mtime
}

// lies tells whether it is this file that lies under its name in the folder.
func (t stat) lies(dir string) bool {
	now, err := lstat(dir, t.name)
	return err == nil && (now.sameFile(t) || t.id == fileID{} && now.size == t.size && now.mtime == t.mtime)
}

// sight is a form with what belongs to it, as one look saw them.
type sight struct {
	form     stat
	attached []stat
	gap      bool   // attachments lie behind a number that is missing
	missing  int    // attachments that are not there yet
	unsafe   bool   // the form lists a name that must not be followed
	unlisted bool   // the form's list cannot be read, although the agent might read the form
	oversize bool   // the form or an attachment is over its limit
	marker   string // name of the done-marker, if it lies there
}

// same reports whether nothing moved between two looks.
func (s *sight) same(o *sight) bool {
	if !s.form.same(o.form) || len(s.attached) != len(o.attached) || s.missing != o.missing {
		return false
	}
	for i := range s.attached {
		if s.attached[i].name != o.attached[i].name || !s.attached[i].same(o.attached[i]) {
			return false
		}
	}
	return true
}

// untouchedSince reports whether all files were last changed before t.
func (s *sight) untouchedSince(t time.Time) bool {
	if s.form.touched.After(t) {
		return false
	}
	for i := range s.attached {
		if s.attached[i].touched.After(t) {
			return false
		}
	}
	return true
}

var errSpecial = errors.New("not a regular file")

// lstat looks at one regular file of the folder; links and special files are errSpecial.
func lstat(dir, name string) (stat, error) {
	fi, err := os.Lstat(dir + string(filepath.Separator) + name)
	if err != nil {
		return stat{}, err
	}
	if !fi.Mode().IsRegular() {
		return stat{}, errSpecial
	}
	return toStat(name, fi), nil
}

func toStat(name string, fi fs.FileInfo) stat {
	return stat{name: name, size: fi.Size(), mtime: fi.ModTime().UnixNano(), touched: touched(fi), id: idOf(fi)}
}

// look sees a form and everything that belongs to it now.
func (s *source) look(name string) (*sight, error) {
	form, err := lstat(s.dir, name)
	if err != nil {
		return nil, err
	}
	g := &sight{form: form, oversize: form.size > s.cfg.MaxBytes}
	for _, pattern := range s.cfg.Attachments.Beside {
		if b := s.next.bare; !b.IsZero() && !form.touched.After(b.Add(-s.cfg.Quiet)) {
			break // it stood still when the names were looked at, and nothing could belong to it
		}
		s.lookBeside(g, strings.ReplaceAll(pattern, "{name}", stem(name)))
	}
	g.missing = max(0, s.cfg.Attachments.Need-len(g.attached))
	if len(s.list) > 0 && !g.oversize {
		s.lookListed(g)
	}
	for _, a := range g.attached {
		g.oversize = g.oversize || a.size > s.cfg.Attachments.MaxBytes && !s.answers
	}
	return g, nil
}

// lookBeside adds the attachments that a pattern names; numbered ones are taken up to the first gap.
func (s *source) lookBeside(g *sight, pattern string) {
	if !strings.Contains(pattern, "{n}") {
		s.attach(g, pattern)
		return
	}
	for n := 1; n <= maxAttachments; n++ {
		if !s.attach(g, strings.ReplaceAll(pattern, "{n}", strconv.Itoa(n))) {
			g.gap = g.gap || s.gap(g, pattern, n)
			return
		}
	}
}

// maxAttachments bounds the attachments of one form; more are for another transport.
const maxAttachments = 1000

func (s *source) attach(g *sight, name string) bool {
	if s.isForm(name) || name == g.form.name {
		return false // it will come by itself
	}
	if s.attachExactly(g, name) {
		return true
	}
	some := false
	for _, v := range s.variants(g, name) {
		some = s.attachExactly(g, v) || some
	}
	return some
}

func (s *source) attachExactly(g *sight, name string) bool {
	t, err := lstat(s.dir, name)
	if err != nil {
		s.countOdd(err)
		return false
	}
	if !containsStat(g.attached, name) {
		g.attached = append(g.attached, t)
	}
	return true
}

// lookListed adds the attachments that the form itself lists. A form that is neither JSON nor XML (yet)
// lists none: if it stays so, the agent will say what is wrong with it.
func (s *source) lookListed(g *sight) {
	content, _, _, err := s.read(g.form)
	if err != nil {
		return
	}
	names, err := s.list.texts(content)
	g.unlisted = errors.Is(err, errCharset) || len(names) > maxAttachments
	if err != nil || len(names) > maxAttachments {
		return
	}
	for _, n := range names {
		if checkName(n) != nil || n == g.form.name {
			g.unsafe = true
			return
		}
		if s.attachExactly(g, n) {
			continue
		}
		if v := s.variants(g, n); len(v) != 1 || !s.attachExactly(g, v[0]) {
			g.missing++ // not there, or several that it may mean
		}
	}
}

// countOdd counts links and special files, of which the operator is told.
func (s *source) countOdd(err error) {
	if errors.Is(err, errSpecial) {
		s.next.odd++
	}
}

func containsStat(list []stat, name string) bool {
	for i := range list {
		if list[i].name == name {
			return true
		}
	}
	return false
}

var (
	errChanged = errors.New("file changed while it was read")
	errBusy    = errors.New("a program has the file open for writing")
)

// read returns the file's bytes, and the file that they came from, if it is still what the look saw. Alone says that
// surely nobody has it open for writing.
func (s *source) read(t stat) (content []byte, from stat, alone bool, err error) {
	f, err := openRegular(s.dir + string(filepath.Separator) + t.name)
	if err != nil {
		return nil, t, false, err
	}
	defer func() { _ = f.Close() }()
	if s.marker == nil && s.next.own {
		some, known := writers(f)
		if some {
			return nil, t, false, errBusy
		}
		alone = known
	}
	b := make([]byte, t.size+1) // one more, to see a longer file
	n := 0
	for int64(n) < t.size { // that it ends there, the look at the open file below tells without another read
		k, err := f.Read(b[n:])
		if n += k; errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, t, alone, err
		}
	}
	now, err := statOpen(f, t.name)
	if err != nil {
		return nil, t, alone, err
	}
	if int64(n) != t.size || !now.same(t) {
		return nil, t, alone, errChanged
	}
	return b[:n:n], now, alone, nil
}

// statOpen looks at an open file.
func statOpen(f *os.File, name string) (stat, error) {
	fi, err := f.Stat()
	if err != nil {
		return stat{}, err
	}
	if !fi.Mode().IsRegular() {
		return stat{}, errSpecial
	}
	t := toStat(name, fi)
	t.id = idOfOpen(f, fi)
	return t, nil
}
