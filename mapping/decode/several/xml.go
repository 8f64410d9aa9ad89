package several

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/decode"
)

// elements makes a form of each element that a way from below the root leads to.
func elements(b []byte, way []string) ([]Form, error) {
	text, err := decode.XMLText(b)
	if err != nil {
		return nil, err
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8
	var open []string                                                                  // names of the elements that are open, the root first
	var heads, tails []string                                                          // of those that lead to the forms
	var head, tail string                                                              // of all of them; empty: one has changed
	copied := 0
	var forms []Form
	from := int64(0) // of the form that is open
	for ended := false; ; {
		off := d.InputOffset()
		tok, err := d.Token()
		if errors.Is(err, io.EOF) && ended {
			return forms, nil
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if ended || len(open) > maxDepth {
				return nil, notXML(text)
			}
			if open = append(open, t.Name.Local); onWay(open, way) {
				begin, end := container(text[off:d.InputOffset()])
				heads, tails = append(heads[:len(open)-1], begin), append([]string{end}, tails[max(0, len(tails)-len(open)+1):]...)
				head = ""
			}
			if len(open) == len(way)+1 && slices.Equal(open[1:], way) {
				if from = off; head == "" {
					head, tail = strings.Join(heads, ""), strings.Join(tails, "")
					copied += len(head)
				}
				if len(head) > maxHead || copied > maxHead+len(text) {
					return nil, refused("what stands before the forms has more than %d bytes", maxHead)
				}
			}
		case xml.EndElement:
			if len(open) == len(way)+1 && slices.Equal(open[1:], way) {
				forms = append(forms, Form{At: len(forms) + 1, head: head, body: [][]byte{text[from:d.InputOffset()]}, tail: tail})
			}
			open = open[:len(open)-1]
			ended = len(open) == 0
		case xml.Directive:
			return nil, notXML(text)
		}
		if err != nil {
			return nil, notXML(text)
		}
		if len(forms) > most {
			return forms, nil // which is told
		}
	}
}

const maxDepth = 1000 // of elements, in all

// onWay tells whether an element has the forms somewhere below.
func onWay(open, way []string) bool {
	return len(open) <= len(way) && slices.Equal(open[1:], way[:len(open)-1])
}

// container is the start and the end of an element that has forms: of its attributes only the names of namespaces go with each form, since the
// rest, such as a time, says nothing of it.
func container(tag []byte) (head, tail string) {
	tok, _ := xml.NewDecoder(bytes.NewReader(tag)).RawToken()
	start, _ := tok.(xml.StartElement)
	name := start.Name.Local
	if start.Name.Space != "" {
		name = start.Name.Space + ":" + name
	}
	head = "<" + name
	for _, a := range start.Attr {
		at := a.Name.Local
		if a.Name.Space != "" {
			at = a.Name.Space + ":" + at
		}
		if at == "xmlns" || a.Name.Space == "xmlns" {
			var value strings.Builder
			_ = xml.EscapeText(&value, []byte(a.Value)) // a builder takes all
			head += " " + at + `="` + value.String() + `"`
		}
	}
	return head + ">", "</" + name + ">"
}

// notXML says what is wrong with a document, as whoever reads it whole would.
func notXML(text []byte) error {
	if _, err := decode.XML(text, decode.Limits{Nodes: 1 << 40, Depth: maxDepth}, nil); err != nil {
		return err
	}
	return refused("the file cannot be read as XML")
}
