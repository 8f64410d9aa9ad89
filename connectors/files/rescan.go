package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/durable"
)

// tellChunk is how many names are told at once before their files are put back.
const tellChunk = 200

// settledFile is a form in the done folder, as it came.
type settledFile struct {
	dir    string // the done folder, or a day's folder below it
	stored string // its name there
	name   string // its name when it came
	tag    string // what tells it from another form of that name; empty: nothing
	size   int64
	mtime  int64
	id     fileID
}

// again is a form that was put back, so that one round does not put it back twice.
type again struct {
	name  string
	size  int64
	mtime int64
	id    fileID
}

func (f settledFile) again() again { return again{f.name, f.size, f.mtime, f.id} }

// Settled counts the forms that were moved to the done folder since a time.
func (s *source) Settled(ctx context.Context, since time.Time) (n int, err error) {
	if s.done == "" || s.sharesDone() {
		return 0, connectors.ErrNoEvidence
	}
	err = s.eachSettled(ctx, since, func(settledFile) error { n++; return nil })
	return n, err
}

// Reoffer moves forms that were moved to the done folder since a time back, with what belongs to them, under the
// names that they came with. Where another form of that name lies, one waits for the next call.
func (s *source) Reoffer(ctx context.Context, since time.Time, tell func([]string) error) (n int, err error) {
	if s.sharesDone() { // nobody can tell which in-basket a form there came from
		return 0, nil
	}
	var list []settledFile
	waits := false
	flush := func() error {
		names := make([]string, len(list))
		for i := range list {
			names[i] = list[i].name
		}
		if len(names) == 0 {
			return nil
		}
		if err := tell(names); err != nil {
			return err
		}
		for _, f := range list {
			switch err := s.putBack(f); {
			case err == nil:
				n++
			case errors.Is(err, fs.ErrExist):
				waits = true // for one of its name, which is to be taken first
			case !errors.Is(err, fs.ErrNotExist):
				return err
			}
		}
		list = list[:0]
		return nil
	}
	err = s.eachSettled(ctx, since, func(f settledFile) error {
		if s.reoffered[f.again()] {
			return nil
		}
		if list = append(list, f); len(list) < tellChunk {
			return nil
		}
		return flush()
	})
	if err = errors.Join(err, flush()); err == nil && s.cfg.Sync {
		err = durable.SyncDir(s.dir)
	}
	if err == nil && waits {
		err = fs.ErrExist
	}
	if err != nil {
		return n, &connectors.Error{Class: connectors.Transient, Code: CodeNotMoved, Op: "offer forms of the done folder again",
			Hint: "grant the agent's account delete in the done folder and create in the in-basket", Err: err}
	}
	return n, nil
}

// eachSettled calls each for the forms of the done folder and of the days' folders below it.
func (s *source) eachSettled(ctx context.Context, since time.Time, each func(settledFile) error) error {
	if s.done == "" {
		return nil // accepted forms are deleted
	}
	dirs := []string{s.done}
	if days, err := os.ReadDir(s.done); err == nil {
		for _, d := range days {
			if _, err := time.Parse("2006-01-02", d.Name()); err == nil && d.IsDir() {
				dirs = append(dirs, filepath.Join(s.done, d.Name()))
			}
		}
	}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // nothing was accepted yet
		}
		if err != nil {
			return folderError("list the done folder", err)
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			f, ok := s.settledFile(dir, e, since)
			if !ok {
				continue
			}
			if err := each(f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *source) settledFile(dir string, e fs.DirEntry, since time.Time) (f settledFile, ok bool) {
	if !e.Type().IsRegular() || !s.isForm(e.Name()) {
		return f, false
	}
	info, err := e.Info()
	if err != nil || movedAt(info).Before(since) {
		return f, false // taken away this moment, or of before
	}
	name, tag := untag(e.Name(), movedAt(info))
	return settledFile{dir: dir, stored: e.Name(), name: name, tag: tag, size: info.Size(), mtime: info.ModTime().UnixNano(), id: idOf(info)}, true
}

// untag returns the name that a file of the done folder came with: where another of that name lay there, the
// submission's ID was put into it. That was made before the file came to lie there.
func untag(name string, moved time.Time) (came, tag string) {
	ext := path.Ext(name)
	base := strings.TrimSuffix(name, ext)
	if i := strings.LastIndexByte(base, '-'); i > 0 {
		if n, err := strconv.Atoi(base[i+1:]); err == nil && n > 1 && n < 100 && len(base[i+1:]) <= 2 {
			if j := strings.LastIndexByte(base[:i], '-'); j > 0 && isTag(base[j+1:i], moved) {
				return base[:j] + ext, base[j+1 : i]
			}
		}
		if isTag(base[i+1:], moved) {
			return base[:i] + ext, base[i+1:]
		}
	}
	return name, ""
}

const (
	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // the digits of submissions' IDs
	tagEpoch  = 1704067200000                      // 2024-01-01 in Unix milliseconds, from which IDs count
	firstTag  = 1767225600000                      // 2026-01-01: no agent is older
)

// isTag recognises a submission's ID: 13 characters that tell when it was made, in milliseconds since 2024, then 22
// bits. Many forms' own names end with 13 digits, such as times and running numbers: an ID has letters too, but for one
// in a hundred thousand, and was made in the time of agents and before the file was moved.
func isTag(s string, moved time.Time) bool {
	if len(s) != 13 || s[0] > '7' || strings.Trim(s, "0123456789") == "" {
		return false
	}
	var v uint64
	for i := range len(s) {
		d := strings.IndexByte(crockford, s[i])
		if d < 0 {
			return false
		}
		v = v<<5 | uint64(d)
	}
	made := int64(v>>22) + tagEpoch
	return made >= firstTag && made < moved.Add(24*time.Hour).UnixMilli()
}

// putBack moves a form back; what belongs to it goes first, so that it is not taken without. Where a form of its name
// lies, nothing is moved.
func (s *source) putBack(f settledFile) error {
	if _, err := os.Lstat(filepath.Join(s.dir, f.name)); err == nil {
		return fs.ErrExist
	}
	for _, a := range s.belonging(f) {
		err := move(filepath.Join(f.dir, a[0]), filepath.Join(s.dir, a[1]))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := move(filepath.Join(f.dir, f.stored), filepath.Join(s.dir, f.name)); err != nil {
		return err
	}
	if s.reoffered == nil {
		s.reoffered = map[again]bool{}
	}
	s.reoffered[f.again()] = true
	if s.marker != nil {
		if err := writeFile(filepath.Join(s.dir, s.marker.name(f.name)), strings.NewReader(""), s.cfg.Sync); err != nil {
			return err
		}
	}
	s.nudge()
	return nil
}

// nudge makes a waiting Next look at once.
func (s *source) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// belonging finds the attachments of a form in the done folder: pairs of the name there and the name that it came with.
func (s *source) belonging(f settledFile) (pairs [][2]string) {
	add := func(came string) bool {
		if checkName(came) != nil || s.isForm(came) || came == f.name {
			return false
		}
		if f.tag != "" {
			tagged := fit(stem(came)) + "-" + f.tag + path.Ext(came)
			if _, err := lstat(f.dir, tagged); err == nil {
				pairs = append(pairs, [2]string{tagged, came})
				return true
			}
			if _, err := lstat(f.dir, f.name); err == nil {
				return false // it is rather that of the form which has the name
			}
		}
		if _, err := lstat(f.dir, came); err != nil {
			return false
		}
		pairs = append(pairs, [2]string{came, came})
		return true
	}
	for _, pattern := range s.cfg.Attachments.Beside {
		came := strings.ReplaceAll(pattern, "{name}", stem(f.name))
		if !strings.Contains(came, "{n}") {
			add(came)
			continue
		}
		for n := 1; n <= maxAttachments && add(strings.ReplaceAll(came, "{n}", strconv.Itoa(n))); n++ {
		}
	}
	for _, came := range s.listedIn(f) {
		add(came)
	}
	return pairs
}

// listedIn are the attachments that a form itself lists.
func (s *source) listedIn(f settledFile) []string {
	if len(s.list) == 0 || f.size > s.cfg.MaxBytes {
		return nil
	}
	r, err := openRegular(filepath.Join(f.dir, f.stored))
	if err != nil {
		return nil
	}
	defer func() { _ = r.Close() }()
	content, err := io.ReadAll(io.LimitReader(r, s.cfg.MaxBytes))
	if err != nil {
		return nil
	}
	names, err := s.list.texts(content)
	if err != nil || len(names) > maxAttachments {
		return nil
	}
	return names
}
