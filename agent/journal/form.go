package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// StoredForm is a form as its row holds it.
type StoredForm struct {
	Body  []byte
	Large []byte // digest under which it lies in the content store, and then there is no body; nil: it does not
	Size  int    // of the form, where body is it compressed by S2; 0: body is the form
}

// Compress makes a form small where that saves an eighth of it. S2 takes a few microseconds for a form and halves what is usual;
// what is not written costs more than that.
func Compress(form []byte) StoredForm {
	room := compressing.Get().(*[]byte)
	defer compressing.Put(room)
	*room = slices.Grow((*room)[:0], s2.MaxEncodedLen(len(form)))
	if small := s2.Encode((*room)[:cap(*room)], form); len(small)+len(form)/8 <= len(form) {
		return StoredForm{Body: bytes.Clone(small), Size: len(form)}
	}
	if form == nil {
		form = []byte{}
	}
	return StoredForm{Body: form}
}

var compressing = sync.Pool{New: func() any { return new([]byte) }}

// form returns a form from what its row holds.
func (j *Journal) OpenForm(f StoredForm) ([]byte, error) {
	switch {
	case f.Large != nil:
		return j.largeForm(connectors.Digest(f.Large))
	case f.Size == 0:
		return f.Body, nil
	}
	if size, err := s2.DecodedLen(f.Body); err != nil || size != f.Size {
		return nil, errors.New("the journal does not hold the form as it was written")
	}
	return s2.Decode(nil, f.Body)
}

// FormSize is the column with the size of a compressed form.
func (l *Look) FormSize() string {
	if l.Has(formVersion) {
		return "f.size"
	}
	return "NULL"
}

func (j *Journal) largeForm(d connectors.Digest) ([]byte, error) {
	if j.content == nil {
		return nil, errors.New("no content store")
	}
	r, err := j.content.Open(d)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

// UnlessUsual stores what is usual as NULL.
func UnlessUsual(s, usual string) engine.Optional {
	if s == usual {
		return ""
	}
	return engine.Optional(s)
}

// UsualType is the type of a form that is stored as NULL.
const UsualType = "application/json"

// StoredTransport is the transport's identity, where it is not the reference as well.
func (r *Arrival) StoredTransport() engine.Optional { return UnlessUsual(r.Transport, r.Reference) }

// Claimant finds the submission that a reference belongs to.
func (l *Look) Claimant(scope, reference string) (k KnownForm, found bool) {
	return One[KnownForm](l, "SELECT id, digest FROM submission WHERE claim=1 AND scope=? AND reference=?", engine.Word(scope), reference)
}

// KnownForm is a form that was accepted before.
type KnownForm struct {
	ID     ID
	Digest connectors.Digest
}

// FormRow is a submission's form as it is stored.
type FormRow struct {
	Type      string
	Files     []File `col:"json"`
	Transport string
	Form      StoredForm
}

// FormOf returns the form of a submission.
func (l *Look) FormOf(id ID) (r FormRow, found bool) {
	const sql = "SELECT coalesce(s.ctype, '" + UsualType + "'), s.files, coalesce(s.transport, s.reference), f.body, f.digest, %s FROM submission s JOIN form f ON f.id=s.id WHERE s.id=?"
	return One[FormRow](l, fmt.Sprintf(sql, l.FormSize()), id)
}
