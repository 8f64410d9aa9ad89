package intake

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
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
	id     place.ID
}

// formKey is a form that was put back, so that one round does not put it back twice.
type formKey struct {
	name  string
	size  int64
	mtime int64
	id    place.ID
}

func (f settledFile) key() formKey { return formKey{f.name, f.size, f.mtime, f.id} }

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
			switch err := s.putBack(ctx, f); {
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
		if s.reoffered[f.key()] {
			return nil
		}
		if list = append(list, f); len(list) < tellChunk {
			return nil
		}
		return flush()
	})
	if err = errors.Join(err, flush()); err == nil && s.sync {
		err = s.place.Sync(ctx, "")
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
	folders := []string{s.done}
	list := func(folder string, f func(place.Info) error) error {
		err := place.Each(ctx, s.place, folder, f)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing was accepted yet
		}
		return err
	}
	err := list(s.done, func(e place.Info) error {
		if _, err := time.Parse("2006-01-02", e.Name); err == nil && e.Kind == place.Folder {
			folders = append(folders, place.Join(s.done, e.Name))
		}
		return nil
	})
	for _, folder := range folders {
		if err == nil {
			err = list(folder, func(e place.Info) error {
				f, ok, err := s.settledFile(ctx, folder, e, since)
				if ok {
					return each(f)
				}
				return errors.Join(err, ctx.Err())
			})
		}
	}
	return err
}

func (s *source) settledFile(ctx context.Context, dir string, e place.Info, since time.Time) (f settledFile, ok bool, err error) {
	if e.Kind != place.Regular || !s.isForm(e.Name) {
		return f, false, nil
	}
	if e.Size == place.Unknown {
		t, err := s.stat(ctx, place.Join(dir, e.Name))
		if err != nil { // taken away this moment, or nobody knows
			return f, false, place.Unseen(err)
		}
		e = t.Info
	}
	moved := s.movedAt(e)
	if moved.Before(since) {
		return f, false, nil
	}
	name, tag := untag(e.Name, moved)
	return settledFile{dir: dir, stored: e.Name, name: name, tag: tag, size: e.Size, mtime: e.Mtime, id: e.ID}, true, nil
}

// backlog is how long a form may have waited in its folder before it was accepted. It is generous: what was
// accepted before all the same is only a repeat.
const backlog = 30 * 24 * time.Hour

// movedAt is the latest time at which a file can have come into its folder.
func (s *source) movedAt(e place.Info) time.Time {
	switch {
	case s.traits.Moves:
		return e.Touched
	case e.Mtime == 0:
		return s.env.Clock.Now()
	case e.Touched.IsZero():
		return time.Unix(0, e.Mtime).Add(backlog)
	}
	return e.Touched.Add(backlog)
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
func (s *source) putBack(ctx context.Context, f settledFile) error {
	if _, err := s.place.Stat(ctx, f.name); err == nil {
		return fs.ErrExist
	}
	pairs, err := s.belonging(ctx, f)
	if err != nil {
		return err
	}
	for _, a := range pairs {
		from := place.Join(f.dir, a[0])
		err := s.place.Rename(ctx, from, a[1])
		if errors.Is(err, fs.ErrExist) { // what lies there may be another form's
			if same, e := s.sameContent(ctx, from, a[1]); same || e != nil {
				err = e
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := s.place.Rename(ctx, place.Join(f.dir, f.stored), f.name); err != nil {
		return err
	}
	if s.reoffered == nil {
		s.reoffered = map[formKey]bool{}
	}
	s.reoffered[f.key()] = true
	if s.marker != nil {
		if err := s.place.Put(ctx, s.marker.Name(f.name), connectors.BytesBlob(nil), s.sync); err != nil {
			return err
		}
	}
	s.wakeNext()
	return nil
}

// wakeNext makes a waiting Next look at once.
func (s *source) wakeNext() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// belonging finds the attachments of a form in the done folder: pairs of the name there and the name that it came with.
func (s *source) belonging(ctx context.Context, f settledFile) (pairs [][2]string, err error) {
	there := func(name string) bool {
		is, e := s.there(ctx, place.Join(f.dir, name))
		err = cmp.Or(err, e)
		return is
	}
	add := func(came string) bool {
		if place.CheckName(came) != nil || s.isForm(came) || came == f.name {
			return false
		}
		for _, owner := range s.owners(came) { // it is rather that of a form which is named more like it
			if len(owner) > len(rules.Stem(f.name)) && there(owner+path.Ext(f.name)) {
				return false
			}
		}
		if f.tag != "" {
			if stored := tagged(came, f.tag); there(stored) {
				pairs = append(pairs, [2]string{stored, came})
				return true
			}
			if there(f.name) {
				return false // it is rather that of the form which has the name
			}
		}
		if !there(came) {
			return false
		}
		pairs = append(pairs, [2]string{came, came})
		return true
	}
	for _, pattern := range s.cfg.Attachments.Beside {
		came := strings.ReplaceAll(pattern, "{name}", rules.Stem(f.name))
		if !strings.Contains(came, "{n}") {
			add(came)
			continue
		}
		for n := 1; n <= maxAttachments && add(strings.ReplaceAll(came, "{n}", strconv.Itoa(n))); n++ {
		}
	}
	names, e := s.listedIn(ctx, f)
	for _, came := range names {
		add(came)
	}
	return pairs, errors.Join(err, e)
}

// listedIn are the attachments that a form itself lists.
func (s *source) listedIn(ctx context.Context, f settledFile) ([]string, error) {
	if len(s.list) == 0 || f.size > s.cfg.MaxBytes {
		return nil, nil
	}
	c, err := s.place.Read(ctx, place.Join(f.dir, f.stored), s.cfg.MaxBytes)
	if err != nil {
		return nil, place.Unseen(err)
	}
	names, err := s.list.Texts(c.Bytes)
	if err != nil || len(names) > maxAttachments {
		return nil, nil // Next says what is wrong with it
	}
	return names, nil
}
