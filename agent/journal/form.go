package journal

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"

	"github.com/inbasket/inbasket/connectors"
)

// storedForm is a form as its row holds it.
type storedForm struct {
	body  []byte
	large []byte // digest under which it lies in the content store, and then there is no body; nil: it does not
	size  int    // of the form, where body is it compressed by S2; 0: body is the form
}

// compress makes a form small where that saves an eighth of it. S2 takes a few microseconds for a form and halves what is usual;
// what is not written costs more than that.
func compress(form []byte) storedForm {
	room := compressing.Get().(*[]byte)
	defer compressing.Put(room)
	*room = slices.Grow((*room)[:0], s2.MaxEncodedLen(len(form)))
	if small := s2.Encode((*room)[:cap(*room)], form); len(small)+len(form)/8 <= len(form) {
		return storedForm{body: bytes.Clone(small), size: len(form)}
	}
	if form == nil {
		form = []byte{}
	}
	return storedForm{body: form}
}

var compressing = sync.Pool{New: func() any { return new([]byte) }}

// form returns a form from what its row holds.
func (j *Journal) form(f storedForm) ([]byte, error) {
	switch {
	case f.large != nil:
		return j.largeForm(connectors.Digest(f.large))
	case f.size == 0:
		return f.body, nil
	}
	if size, err := s2.DecodedLen(f.body); err != nil || size != f.size {
		return nil, errors.New("the journal does not hold the form as it was written")
	}
	return s2.Decode(nil, f.body)
}

// formSize is the column with the size of a compressed form.
func (l *look) formSize() string {
	if l.has(formVersion) {
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
