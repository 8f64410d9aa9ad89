package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// stat is what one look at a regular file saw.
type stat struct {
	place.Info
	sum *connectors.Digest // of an attachment that was read to its end
}

// at is when the file was written; zero where that is not known.
func (t stat) at() time.Time {
	if t.Mtime == 0 {
		return time.Time{}
	}
	return time.Unix(0, t.Mtime).UTC()
}

// same reports whether both looks saw the same state of the file.
func (t stat) same(o place.Info) bool {
	return t.Size == o.Size && (t.Mtime == o.Mtime || t.Mtime == 0 || o.Mtime == 0) && t.Touched.Equal(o.Touched)
}

// sameFile reports whether two looks saw one file in one state, whatever its names are: a rename counts as a change of
// it. Size and time alone say little: programs that write a form again and again give it the same length, and set its
// time. And an identity says nothing where it is not known, or made up as on some shares: then bytes must be compared.
func (t stat) sameFile(o place.Info) bool {
	return t.Size == o.Size && t.Mtime == o.Mtime && t.ID == o.ID && t.ID != place.ID{}
}

// likely reports the same of what cannot be told apart by an identity.
func (t stat) likely(o place.Info) bool {
	return t.sameFile(o) || t.ID == place.ID{} && t.Size == o.Size && t.Mtime == o.Mtime
}

// movedTo tells whether it is this file that was moved to path.
func (s *source) movedTo(t stat) ours {
	return func(ctx context.Context, path string) (bool, error) {
		now, err := s.stat(ctx, path)
		if err != nil {
			return goneIsOurs(err)
		}
		return t.likely(now.Info), nil
	}
}

// candidate is a form with what belongs to it, as one look saw them.
type candidate struct {
	form     stat
	attached []stat
	gap      bool   // attachments lie behind a number that is missing
	missing  int    // attachments that are not there yet
	unsafe   bool   // the form lists a name that must not be followed
	disputed bool   // an attachment may as well be another form's
	unlisted string // why the form's list of attachments cannot be followed, although the agent might read the form
	oversize bool   // the form or an attachment is over its limit
	marker   string // name of the done-marker, if it lies there
	unseen   error  // why it is not known what belongs to it
}

// blind notes that something that may belong to the form could not be looked at.
func (s *candidate) blind(err error) {
	if s.unseen == nil {
		s.unseen = err
	}
}

// same reports whether nothing moved between two looks.
func (s *candidate) same(o *candidate) bool {
	alike := func(a, b stat) bool { return a.Name == b.Name && a.same(b.Info) }
	return s.form.same(o.form.Info) && s.missing == o.missing && slices.EqualFunc(s.attached, o.attached, alike)
}

// untouchedSince reports whether all files were last changed before t.
func (s *candidate) untouchedSince(t time.Time) bool {
	young := func(f stat) bool { return f.Touched.IsZero() || f.Touched.After(t) }
	return !young(s.form) && !slices.ContainsFunc(s.attached, young)
}

// stat looks at one regular file; links and special files are place.ErrSpecial. A size that the place does not tell is that
// of what can be read.
func (s *source) stat(ctx context.Context, path string) (stat, error) {
	info, err := s.place.Stat(ctx, path)
	if err == nil && info.Kind != place.Regular {
		err = place.ErrSpecial
	}
	if err == nil && info.Size == place.Unknown {
		var f place.File
		if f, err = s.place.Open(ctx, path); err == nil {
			name := info.Name
			info, err = f.Info()
			info.Name, err = name, errors.Join(err, f.Close())
		}
	}
	return stat{Info: info}, err
}

// there tells whether a regular file is there.
func (s *source) there(ctx context.Context, path string) (bool, error) {
	_, err := s.stat(ctx, path)
	return err == nil, place.Unseen(err)
}

// see looks at one regular file of the folder for Next: by the listing under way, where that tells as much.
func (s *source) see(ctx context.Context, name string) (stat, error) {
	if s.next.listed == nil {
		return s.stat(ctx, name)
	}
	info, there := s.next.listed[name]
	switch {
	case !there:
		return stat{}, fs.ErrNotExist
	case info.Kind != place.Regular:
		return stat{}, place.ErrSpecial
	case info.Size != place.Unknown:
		return stat{Info: info}, nil
	}
	t, err := s.stat(ctx, name)
	if err == nil {
		s.next.listed[name] = t.Info
	}
	return t, err
}

// look sees a form and everything that belongs to it now.
func (s *source) look(ctx context.Context, name string) (*candidate, error) {
	form, err := s.see(ctx, name)
	if err != nil {
		return nil, err
	}
	g := &candidate{form: form, oversize: form.Size > s.cfg.MaxBytes}
	for _, pattern := range s.cfg.Attachments.Beside {
		if b := s.next.bare; !b.IsZero() && !form.Touched.After(b.Add(-s.cfg.Quiet)) {
			break // it stood still when the names were looked at, and nothing could belong to it
		}
		s.lookBeside(ctx, g, strings.ReplaceAll(pattern, "{name}", rules.Stem(name)))
	}
	g.missing = max(0, s.cfg.Attachments.Need-len(g.attached))
	if len(s.list) > 0 && !g.oversize {
		s.lookListed(ctx, g)
	}
	for _, a := range g.attached {
		g.oversize = g.oversize || a.Size > s.cfg.Attachments.MaxBytes && !s.answers
	}
	return g, nil
}

// lookBeside adds the attachments that a pattern names; numbered ones are taken up to the first gap.
func (s *source) lookBeside(ctx context.Context, g *candidate, pattern string) {
	if !strings.Contains(pattern, "{n}") {
		s.attach(ctx, g, pattern)
		return
	}
	for n := 1; n <= maxAttachments; n++ {
		name := strings.ReplaceAll(pattern, "{n}", strconv.Itoa(n))
		if !s.attach(ctx, g, name) {
			gap := s.gap(ctx, g, pattern, n)
			if _, err := s.see(ctx, name); gap && err == nil {
				g.disputed = true // it is another's by its name, and the numbers that follow it are this one's
			}
			g.gap = g.gap || gap
			return
		}
	}
	g.unlisted = fmt.Sprintf("goes to number %d or beyond", maxAttachments)
}

// maxAttachments bounds the attachments of one form; more are for another transport.
const maxAttachments = 1000

func (s *source) attach(ctx context.Context, g *candidate, name string) bool {
	if s.isForm(name) || name == g.form.Name {
		return false // it will come by itself
	}
	if s.attachBeside(ctx, g, name) {
		return true
	}
	some := false
	for _, v := range s.variants(ctx, g, name) {
		some = s.attachBeside(ctx, g, v) || some
	}
	return some
}

// attachBeside adds a file that is named after the form, unless it is another's.
func (s *source) attachBeside(ctx context.Context, g *candidate, name string) bool {
	_, err := s.see(ctx, name)
	if err != nil {
		s.countOdd(err)
		g.blind(place.Unseen(err))
		return false
	}
	switch s.whose(ctx, g, name) {
	case toAnother:
		return false
	case toBoth:
		g.disputed = true
		return true // those behind its number may belong to the form as well
	}
	return s.attachExactly(ctx, g, name)
}

func (s *source) attachExactly(ctx context.Context, g *candidate, name string) bool {
	t, err := s.see(ctx, name)
	if err != nil {
		s.countOdd(err)
		g.blind(place.Unseen(err))
		return false
	}
	if !slices.ContainsFunc(g.attached, func(t stat) bool { return t.Name == name }) {
		g.attached = append(g.attached, t)
	}
	return true
}

// lookListed adds the attachments that the form itself lists. A form that is neither JSON nor XML (yet)
// lists none: if it stays so, the agent will say what is wrong with it.
func (s *source) lookListed(ctx context.Context, g *candidate) {
	c, err := s.read(ctx, g.form)
	if err != nil {
		g.blind(err)
		return
	}
	names, err := s.list.Texts(c.Bytes)
	switch {
	case errors.Is(err, rules.ErrCharset):
		g.unlisted = "is in an unknown character set"
	case errors.Is(err, rules.ErrShape):
		g.unlisted = "is not made as attachments.list says: mend that path, or the form"
	case len(names) > maxAttachments:
		g.unlisted = fmt.Sprintf("is longer than %d", maxAttachments)
	}
	if err != nil || g.unlisted != "" {
		return
	}
	for _, n := range names {
		if place.CheckName(n) != nil || n == g.form.Name {
			g.unsafe = true
			return
		}
		if s.isForm(n) {
			g.unlisted = "names a file that is a form itself by match: let match or ignore tell them apart"
			return
		}
		if s.attachExactly(ctx, g, n) || g.unseen != nil {
			continue
		}
		if v := s.variants(ctx, g, n); len(v) != 1 || !s.attachExactly(ctx, g, v[0]) {
			g.missing++ // not there, or several that it may mean
		}
	}
}

// countOdd counts links and special files, of which the operator is told.
func (s *source) countOdd(err error) {
	if errors.Is(err, place.ErrSpecial) {
		s.next.odd++
	}
}

var errChanged = errors.New("file changed while it was read")

// read returns the file's bytes, and the file that they came from, if it is still what the look saw.
func (s *source) read(ctx context.Context, t stat) (place.Content, error) {
	c, err := s.place.Read(ctx, t.Name, t.Size)
	if err == nil && (int64(len(c.Bytes)) != t.Size || !t.same(c.Info)) {
		err = errChanged
	}
	return c, err
}
