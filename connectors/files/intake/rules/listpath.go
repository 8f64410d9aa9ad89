package rules

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// ListPath is a dotted path into a form that lists its attachments; a step with each walks all entries of a
// list. In an XML form the steps are elements below the root, the last may be an attribute such as @href,
// and an element that repeats is walked whether it says so or not.
type ListPath []step

type step struct {
	key  string
	each bool
}

// ParsePath parses a path such as attachments[].file; the empty path has no steps.
func ParsePath(p string) (ListPath, error) {
	if p == "" {
		return nil, nil
	}
	var path ListPath
	for part := range strings.SplitSeq(p, ".") {
		key, each := strings.CutSuffix(part, "[]")
		if key == "" || strings.ContainsAny(key, "[]") {
			return nil, fmt.Errorf("%q is not a path such as attachments[].file", p)
		}
		path = append(path, step{key, each})
	}
	return path, nil
}

var errUnread = errors.New("form is neither JSON nor XML")

// ErrShape says that a form lists its attachments, but not there.
var ErrShape = errors.New("form is not made as the path says")

// Texts returns the non-empty texts that the path leads to. A form may lack what the path names; where something else
// stands there, or an entry of its list names no file, it is ErrShape: what is listed would be left behind unseen.
func (p ListPath) Texts(form []byte) ([]string, error) {
	form = bytes.TrimPrefix(form, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(bytes.TrimLeft(form, " \t\r\n"), []byte("<")) {
		return p.elements(form)
	}
	var v any
	if err := json.Unmarshal(form, &v); err != nil {
		return nil, errUnread
	}
	var out []string
	err := p.walk(v, false, &out)
	return out, err
}

// walk follows the path from v, which is an entry of a list or not.
func (p ListPath) walk(v any, entry bool, out *[]string) error {
	if len(p) == 0 {
		s, ok := v.(string)
		if ok && s != "" {
			*out = append(*out, s)
		}
		if !ok && v != nil {
			return ErrShape
		}
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok && v != nil {
		return ErrShape
	}
	next, there := m[p[0].key]
	if entry && !there && len(m) > 0 && len(p) == 1 && !p[0].each { // further up, it is an entry that has no files
		return ErrShape
	}
	if !p[0].each {
		return p[1:].walk(next, entry, out)
	}
	list, ok := next.([]any)
	if !ok && next != nil {
		return ErrShape
	}
	for _, e := range list {
		if err := p[1:].walk(e, true, out); err != nil {
			return err
		}
	}
	return nil
}

// maxDepth bounds how deep an XML form may be nested.
const maxDepth = 64

// elements is texts for an XML form. Names are compared without their namespace.
func (p ListPath) elements(form []byte) ([]string, error) {
	d := xml.NewDecoder(bytes.NewReader(form))
	d.CharsetReader = xmlCharset
	var out []string
	var text strings.Builder
	depth, fits := 0, 0 // open elements below the root; how many of them, from the first, the path names
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if errors.Is(err, ErrCharset) {
			return nil, ErrCharset
		}
		if err != nil || depth > maxDepth {
			return nil, errUnread
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == fits+1 && fits < len(p) && p[fits].key == t.Name.Local {
				fits++
				n := len(out)
				out = p.attribute(t, fits, out)
				if text.Reset(); n == len(out) && fits == len(p)-1 && p.ofAttribute() {
					return nil, ErrShape
				}
			}
			depth++
		case xml.CharData:
			if fits == len(p) && depth == fits+1 {
				text.Write(t)
			}
		case xml.EndElement:
			if depth == fits+1 && fits > 0 {
				if s := strings.TrimSpace(text.String()); fits == len(p) && s != "" {
					out = append(out, s)
				}
				fits--
			}
			depth--
		}
	}
}

// ErrCharset says that a form cannot be read for its character set.
var ErrCharset = errors.New("character set of the form is not known")

func xmlCharset(name string, in io.Reader) (io.Reader, error) {
	switch e, err := place.NameEncoding(name); {
	case strings.EqualFold(name, "us-ascii"):
		return in, nil
	case strings.EqualFold(name, "iso-8859-15"):
		return charmap.ISO8859_15.NewDecoder().Reader(in), nil
	case err != nil:
		return nil, ErrCharset
	case e == nil:
		return in, nil
	default:
		return e.NewDecoder().Reader(in), nil
	}
}

// ofAttribute tells whether the path ends at an attribute.
func (p ListPath) ofAttribute() bool { return strings.HasPrefix(p[len(p)-1].key, "@") }

// attribute adds the value of the attribute that is the path's last step.
func (p ListPath) attribute(t xml.StartElement, fits int, out []string) []string {
	if fits != len(p)-1 {
		return out
	}
	name, ok := strings.CutPrefix(p[fits].key, "@")
	for _, a := range t.Attr {
		if ok && a.Name.Local == name && a.Value != "" {
			out = append(out, a.Value)
		}
	}
	return out
}
