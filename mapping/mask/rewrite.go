package mask

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Texts calls f for each text and number of a form in turn, and puts what it returns in their place. All else stays as it is written; of XML comments,
// instructions and DOCTYPE go, and tags are written anew.
func Texts(format string, form []byte, f func(string) string) ([]byte, error) {
	if !utf8.Valid(form) {
		return nil, errors.New("it is not written in UTF-8")
	}
	switch format {
	case "json":
		return jsonTexts(form, f)
	case "xml":
		return xmlTexts(form, f)
	case "urlencoded":
		return formTexts(form, f)
	}
	return nil, fmt.Errorf("there is no masking of forms in the format %s", format)
}

// Ending is what the name of a file of a format ends in.
func Ending(format string) string {
	if format == "urlencoded" {
		return ".txt"
	}
	return "." + format
}

var errJSON = errors.New("it is no JSON")

func jsonTexts(form []byte, f func(string) string) ([]byte, error) {
	var out bytes.Buffer
	for i := 0; i < len(form); {
		length := 1
		switch c := form[i]; {
		case c == '"':
			if length = stringLength(form[i:]); length == 0 {
				return nil, errJSON
			}
			if rest := bytes.TrimLeft(form[i+length:], " \t\r\n"); len(rest) > 0 && rest[0] == ':' {
				break // a name
			}
			var text string
			if err := json.Unmarshal(form[i:i+length], &text); err != nil {
				return nil, errJSON
			}
			if masked := between(text, f); masked != text {
				e := json.NewEncoder(&out)
				e.SetEscapeHTML(false)
				if err := e.Encode(masked); err != nil {
					return nil, err
				}
				out.Truncate(out.Len() - 1) // the end of the line
				i += length
				continue
			}
		case c == '-' || c >= '0' && c <= '9':
			length = len(form[i:]) - len(bytes.TrimLeft(form[i:], "-+.0123456789eE"))
			number, exponent := string(form[i:i+length]), ""
			if e := strings.IndexAny(number, "eE"); e >= 0 {
				number, exponent = number[:e], number[e:]
			}
			out.WriteString(f(number) + exponent)
			i += length
			continue
		}
		out.Write(form[i : i+length])
		i += length
	}
	return out.Bytes(), nil
}

// stringLength is how long the JSON string at the beginning is; 0 where it has no end.
func stringLength(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// declaration is what the XML declaration may say.
var declaration = regexp.MustCompile(`^version=["']1\.0["'](?:\s+encoding=["'][A-Za-z0-9._-]+["'])?(?:\s+standalone=["'](?:yes|no)["'])?\s*$`)

func xmlTexts(form []byte, f func(string) string) ([]byte, error) {
	var out bytes.Buffer
	d := xml.NewDecoder(bytes.NewReader(form))
	for last := int64(0); ; {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, errors.New("it is no XML")
		}
		raw := form[last:d.InputOffset()]
		last = d.InputOffset()
		switch t := token.(type) {
		case xml.CharData:
			out.WriteString(escaped(between(string(t), f)))
		case xml.StartElement:
			writeTag(&out, t, bytes.HasSuffix(raw, []byte("/>")), f)
		case xml.ProcInst:
			switch {
			case t.Target == "xml" && declaration.Match(t.Inst):
				out.Write(raw)
			case t.Target == "xml":
				out.WriteString(`<?xml version="1.0"?>`)
			}
		case xml.EndElement:
			out.Write(raw)
		}
	}
}

// writeTag writes a start tag anew, so that nothing is in it that was not read.
func writeTag(out *bytes.Buffer, t xml.StartElement, closed bool, f func(string) string) {
	written := func(n xml.Name) string {
		if n.Space == "" {
			return n.Local
		}
		return n.Space + ":" + n.Local
	}
	out.WriteString("<" + written(t.Name))
	for _, a := range t.Attr {
		text := a.Value
		if !meaning(a.Name) {
			text = between(text, f)
		}
		out.WriteString(" " + written(a.Name) + `="` + escaped(text) + `"`)
	}
	if closed {
		out.WriteByte('/')
	}
	out.WriteByte('>')
}

// meaning tells of an attribute that says how the document is to be read.
func meaning(name xml.Name) bool {
	switch name.Space {
	case "":
		return name.Local == "xmlns"
	case "xmlns":
		return true
	case "xsi":
		return slices.Contains([]string{"type", "nil", "schemaLocation", "noNamespaceSchemaLocation"}, name.Local)
	case "xml":
		return name.Local == "lang" || name.Local == "space"
	}
	return false
}

// between replaces a text and leaves the blanks around it.
func between(text string, f func(string) string) string {
	core := strings.TrimSpace(text)
	if core == "" {
		return text
	}
	start := strings.Index(text, core)
	return text[:start] + f(core) + text[start+len(core):]
}

func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;").Replace(text)
}

func formTexts(form []byte, f func(string) string) ([]byte, error) {
	pairs := strings.Split(string(form), "&")
	for i, pair := range pairs {
		name, text, has := strings.Cut(pair, "=")
		if !has {
			continue
		}
		decoded, err := url.QueryUnescape(text)
		if err != nil || !utf8.ValidString(decoded) {
			return nil, errors.New("one of its values is not written in UTF-8")
		}
		if masked := between(decoded, f); masked != decoded {
			pairs[i] = name + "=" + url.QueryEscape(masked)
		}
	}
	return []byte(strings.Join(pairs, "&")), nil
}
