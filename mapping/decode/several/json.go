package several

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/inbasket/inbasket/mapping/decode"
)

// items makes a form of each item of the list that a way leads to.
func items(b []byte, way []string, o decode.Options) ([]Form, error) {
	text, err := decode.JSONText(b, o.Charset)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	s := list{d: jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	err = s.walk(way)
	if err == nil {
		if _, end := s.d.ReadToken(); !errors.Is(end, io.EOF) {
			err = end
		}
	}
	if s.refused != "" {
		return nil, refused("%s", s.refused)
	}
	if err != nil { // its text may quote the form
		if _, told := decode.JSON(text, o.Limits); told != nil {
			return nil, told
		}
		return nil, refused("the file cannot be read as JSON")
	}
	head, tail := "", ""
	for _, name := range way {
		quoted, _ := jsontext.AppendQuote(nil, name)
		head, tail = head+"{"+string(quoted)+":", "}"+tail
	}
	return formsOf(text, s.found, head+"[", "]"+tail, written(o.Charset, true)), nil
}

// list finds the items of one list.
type list struct {
	d       *jsontext.Decoder
	found   []span
	refused string // what is wrong with the file, though it is JSON
}

var errRefused = errors.New("no list")

func (s *list) refuse(why string) error {
	s.refused = why
	return errRefused
}

func (s *list) walk(way []string) error {
	if len(way) == 0 {
		return s.items()
	}
	if s.d.PeekKind() != '{' {
		return s.missing()
	}
	if _, err := s.d.ReadToken(); err != nil {
		return err
	}
	found := false
	for s.d.PeekKind() != '}' {
		name, err := s.d.ReadToken()
		if err != nil {
			return err
		}
		switch {
		case name.String() != way[0]:
			err = s.d.SkipValue()
		case found:
			return s.refuse("the list of forms stands twice in the file")
		default:
			found = true
			err = s.walk(way[1:])
		}
		if err != nil {
			return err
		}
	}
	if !found {
		return s.missing()
	}
	_, err := s.d.ReadToken()
	return err
}

// missing tells of a value that is not what the way says; what is no JSON is told otherwise.
func (s *list) missing() error {
	if s.d.PeekKind() == 0 {
		return errors.New("syntax")
	}
	return s.refuse("there is no list of forms in the file where input.forms says")
}

func (s *list) items() error {
	if s.d.PeekKind() != '[' {
		return s.missing()
	}
	if _, err := s.d.ReadToken(); err != nil {
		return err
	}
	for s.d.PeekKind() != ']' {
		v, err := s.d.ReadValue()
		if err != nil {
			return err
		}
		if len(s.found) > most {
			return s.refuse("the file has too many forms")
		}
		to := int(s.d.InputOffset())
		s.found = append(s.found, span{to - len(v), to})
	}
	_, err := s.d.ReadToken()
	return err
}
