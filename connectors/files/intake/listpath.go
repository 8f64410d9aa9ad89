package intake

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/inbasket/inbasket/connectors/files/place/ftp"
)

// listPath is a dotted path into a form that lists its attachments; a step with each walks all entries of a
// list. In an XML form the steps are elements below the root, the last may be an attribute such as @href,
// and an element that repeats is walked whether it says so or not.
type listPath []step

type step struct {
	key  string
	each bool
}

// parsePath parses a path such as attachments[].file; the empty path has no steps.
func parsePath(p string) (listPath, error) {
	if p == "" {
		return nil, nil
	}
	var path listPath
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

// texts returns the non-empty texts that the path leads to; other things are passed over.
func (p listPath) texts(form []byte) ([]string, error) {
	form = bytes.TrimPrefix(form, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(bytes.TrimLeft(form, " \t\r\n"), []byte("<")) {
		return p.elements(form)
	}
	var v any
	if err := json.Unmarshal(form, &v); err != nil {
		return nil, errUnread
	}
	var out []string
	p.walk(v, &out)
	return out, nil
}

func (p listPath) walk(v any, out *[]string) {
	if len(p) == 0 {
		if s, ok := v.(string); ok && s != "" {
			*out = append(*out, s)
		}
		return
	}
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	next := m[p[0].key]
	if !p[0].each {
		p[1:].walk(next, out)
		return
	}
	list, _ := next.([]any)
	for _, e := range list {
		p[1:].walk(e, out)
	}
}

// maxDepth bounds how deep an XML form may be nested.
const maxDepth = 64

// elements is texts for an XML form. Names are compared without their namespace.
func (p listPath) elements(form []byte) ([]string, error) {
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
		if errors.Is(err, errCharset) {
			return nil, errCharset
		}
		if err != nil || depth > maxDepth {
			return nil, errUnread
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == fits+1 && fits < len(p) && p[fits].key == t.Name.Local {
				fits++
				out = p.attribute(t, fits, out)
				text.Reset()
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

var errCharset = errors.New("character set of the form is not known")

func xmlCharset(name string, in io.Reader) (io.Reader, error) {
	switch e, err := ftp.NameEncoding(name); {
	case strings.EqualFold(name, "us-ascii"):
		return in, nil
	case strings.EqualFold(name, "iso-8859-15"):
		return charmap.ISO8859_15.NewDecoder().Reader(in), nil
	case err != nil:
		return nil, errCharset
	case e == nil:
		return in, nil
	default:
		return e.NewDecoder().Reader(in), nil
	}
}

// attribute adds the value of the attribute that is the path's last step.
func (p listPath) attribute(t xml.StartElement, fits int, out []string) []string {
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
