package decode

import (
	"bytes"
	"cmp"
	"mime"
	"path"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/charset"
)

// Format is a way in which forms are written. What the product knows of one stands here: a mapping's settings, their checks and
// their JSON Schema, the content types that HTTP takes, and the types that a schema may ask for are read from it.
type Format struct {
	Name     string
	Media    []string // content types that it comes under; none: it comes under any, because it has none of its own
	suffix   string   // of more of them, such as +json
	Ext      string   // how names of its files end; empty: they say nothing
	alias    []string // content types that name it too, and that HTTP does not take
	Settings []string // keys of a mapping's input that it reads, beside those that all read; the first may be a section of its name
	Needs    string   // why the section of its name must be there; empty: it need not
	Example  string   // of that section
	Answers  bool     // answer files may be written so
	charset  string   // where its character set is said
	Text     bool     // it has no types of its own: what a client builds is a text
	Fields   bool     // it is made of fields: without one it is no form
	Sample   any      // a form, for the description of the API

	begins func(b []byte) bool                                        // with its first character; nil: that does not tell
	types  func(o Options) [][]string                                 // that it makes, by depth; the last go for everything below; nil: all of JSON Schema's
	utf8   func(b []byte, o Options, said string) (_ []byte, _ error) // the text that is read; said: of this character set instead
	decode func(b []byte, o Options) (any, error)

	carried func(b []byte, l Limits) ([]File, error) // the files in one; nil: it has none
}

// formats in the order in which they are told.
var formats = []Format{
	{
		Name: "json", Media: []string{"application/json"}, Ext: ".json", suffix: "+json", alias: []string{"text/json"}, Settings: []string{"forms", "charset", "limits.depth", "limits.binary"}, Answers: true, charset: "input.charset, else that of the byte order mark, else utf-8",
		Sample: map[string]any{"meta": map[string]any{"reference": "BP-2026-00017"}, "applicant": map[string]any{"familyName": "Müller"}},
		begins: func(b []byte) bool { return b[0] == '{' || b[0] == '[' },
		utf8:   func(b []byte, o Options, said string) ([]byte, error) { return toUTF8(b, cmp.Or(said, o.Charset)) },
		decode: func(b []byte, o Options) (any, error) {
			text, err := JSONText(b, o.Charset)
			if err != nil {
				return nil, err
			}
			return JSON(text, o.Limits)
		},
	},
	{
		Name: "xml", Media: []string{"application/xml", "text/xml"}, Ext: ".xml", suffix: "+xml", Settings: []string{"forms", "lists", "limits.depth", "limits.binary"}, Answers: true, charset: "that of the XML declaration", Text: true,
		Sample: "<form><reference>DL-2026-4</reference></form>",
		begins: func(b []byte) bool { return b[0] == '<' },
		types:  func(Options) [][]string { return [][]string{{"object"}, {"string", "object", "array", "null"}} },
		utf8: func(b []byte, _ Options, said string) ([]byte, error) {
			if said != "" {
				return toUTF8(b, said)
			}
			return XMLText(b)
		},
		decode: func(b []byte, o Options) (any, error) { return XML(b, o.Limits, o.Lists) },
	},
	{
		Name: "csv", Media: []string{"text/csv"}, Ext: ".csv", Settings: []string{"csv", "forms"}, Answers: true, charset: "input.csv.charset, else that of the byte order mark, else utf-8", Text: true,
		types: func(o Options) [][]string {
			one := o.CSV.Single || o.Forms != ""
			if len(o.CSV.Group) > 0 {
				return append(rowTypes(one, "string", "array"), []string{"object"}, []string{"string"})
			}
			return rowTypes(one, "string")
		},
		utf8:   func(b []byte, o Options, said string) ([]byte, error) { return toUTF8(b, cmp.Or(said, o.CSV.Charset)) },
		decode: func(b []byte, o Options) (any, error) { return csvForm(b, o.CSV, o.Limits) },
	},
	{
		Name: "urlencoded", Media: []string{"application/x-www-form-urlencoded"}, Settings: []string{"lists", "charset", "limits.depth"}, charset: "input.charset, else utf-8", Fields: true,
		types: func(Options) [][]string { return [][]string{{"object"}, {"string", "object", "array"}} },
		utf8: func(b []byte, o Options, said string) ([]byte, error) {
			return formUTF8(b, cmp.Or(said, o.Charset, "utf-8"))
		},
		decode: func(b []byte, o Options) (any, error) { return Form(b, o.Charset, o.Limits, o.Lists...) },
	},
	{
		Name: "fixed", Settings: []string{"fixed"}, charset: "input.fixed.charset, else utf-8",
		Needs: "a fixed-width form needs its fields", Example: "write input: {fixed: {fields: [{name: NAME, width: 10}]}}",
		types: func(o Options) [][]string { return rowTypes(o.Fixed.Single, "string", "number", "integer", "null") },
		utf8: func(b []byte, o Options, said string) ([]byte, error) {
			return toUTF8(b, cmp.Or(said, o.Fixed.Charset, "utf-8"))
		},
		decode: func(b []byte, o Options) (any, error) { return Fixed(b, o.Fixed, o.Limits) },
	},
	{
		Name: "mail", Media: []string{"message/rfc822"}, Ext: ".eml", Settings: []string{"lists", "limits.depth"}, charset: "that of each part", Text: true,
		Sample: "From: portal@example.org\nTo: permits@example.org\nSubject: Permit\n\nreference: BP-2026-00017\nowner.name: Müller\n",
		types: func(Options) [][]string {
			return [][]string{{"object"}, {"object", "string"}, {"string", "object", "array"}}
		},
		utf8:   func(b []byte, _ Options, _ string) ([]byte, error) { return b, nil },
		decode: func(b []byte, o Options) (any, error) { return Mail(b, o.Limits, o.Lists) },
		carried: func(b []byte, l Limits) ([]File, error) {
			m, err := readMail(b, l)
			if err != nil {
				return nil, err
			}
			return m.Files, nil
		},
	},
	{
		Name: "pdf", Media: []string{"application/pdf"}, Ext: ".pdf", Settings: []string{"limits.depth"}, charset: "that of each of its texts",
		begins: func(b []byte) bool { return b[0] == '%' },
		types: func(Options) [][]string {
			return [][]string{{"object"}, {"string", "object", "array", "null"}}
		},
		utf8:   func(b []byte, _ Options, _ string) ([]byte, error) { return b, nil },
		decode: func(b []byte, o Options) (any, error) { return PDF(b, o.Limits) },
	},
}

// rowTypes are those of a list of records, or of one.
func rowTypes(single bool, values ...string) [][]string {
	if single {
		return [][]string{{"object"}, values}
	}
	return [][]string{{"array"}, {"object"}, values}
}

// Formats returns all that Decode knows.
func Formats() []Format { return formats }

// FormatNamed returns the format of a name; it has no name where there is none.
func FormatNamed(name string) Format {
	if i := slices.IndexFunc(formats, func(f Format) bool { return f.Name == name }); i >= 0 {
		return formats[i]
	}
	return Format{}
}

// FormatOf returns the format that the end of a file's name says; it has no name where it says none.
func FormatOf(name string) Format {
	if i := slices.IndexFunc(formats, func(f Format) bool { return f.Ext != "" && strings.EqualFold(path.Ext(name), f.Ext) }); i >= 0 {
		return formats[i]
	}
	return Format{}
}

// Names are those of all formats that do, in their order.
func Names(do func(f Format) bool) (names []string) {
	for _, f := range formats {
		if do(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// All are the names of all formats.
func All() []string { return Names(func(Format) bool { return true }) }

// Reads tells whether a format reads a key of a mapping's input.
func (f Format) Reads(key string) bool { return slices.Contains(f.Settings, key) }

// Types are those of JSON Schema that a form may have, by depth; the last go for everything below. All: nil.
func (f Format) Types(o Options) [][]string {
	if f.types == nil {
		return nil
	}
	return f.types(o)
}

// Decode decodes b by the name of its format. Errors are *Error.
func Decode(format string, b []byte, o Options) (any, error) {
	f := FormatNamed(format)
	switch {
	case f.Name != "" && o.Forms != "":
		return f.one(b, o)
	case f.Name != "":
		return f.decode(b, o)
	}
	return nil, &Error{Code: CodeFormat, Message: "the format is not known; known are " + strings.Join(All(), ", ")}
}

// ByMedia returns the format that a content type without parameters names; false: none. told: HTTP says that it takes it.
func ByMedia(media string) (f Format, told, ok bool) {
	for _, f := range formats {
		app, more := strings.CutPrefix(media, "application/")
		suffixed := f.suffix != "" && strings.HasSuffix(media, f.suffix)
		switch {
		case slices.Contains(f.Media, media), suffixed && more && app != "":
			return f, true, true
		case suffixed, slices.Contains(f.alias, media):
			return f, false, true
		}
	}
	return Format{}, false, false
}

// Sniff returns the name of a form's format by its content type, or by its first character where the type is
// missing or says nothing. It returns "" if neither tells.
func Sniff(contentType string, b []byte) string {
	if t, _, err := mime.ParseMediaType(contentType); err == nil {
		if f, _, ok := ByMedia(t); ok || t != "application/octet-stream" && t != "text/plain" {
			return f.Name
		}
	}
	said, b := marked(b)
	if strings.HasPrefix(said, "utf-16") { // of what any format begins with, one byte is 0
		b = bytes.ReplaceAll(b[:min(len(b), 200)], []byte{0}, nil)
	}
	b = bytes.TrimLeft(b, " \t\r\n")
	if i := slices.IndexFunc(formats, func(f Format) bool { return len(b) > 0 && f.begins != nil && f.begins(b) }); i >= 0 {
		return formats[i].Name
	}
	return ""
}

// CheckCharset refuses an input whose content type names another character set than the one that it is read in, where
// that would make another text: one of both is wrong, and nobody can tell which. Errors are *Error.
func CheckCharset(format string, b []byte, contentType string, o Options) error {
	if contentType == "" {
		return nil
	}
	_, params, err := mime.ParseMediaType(contentType)
	said := params["charset"]
	if err != nil || said == "" {
		return nil
	}
	f := FormatNamed(format)
	text, err := f.utf8(b, o, "")
	if err != nil {
		return err
	}
	_, known := charset.Lookup(said)
	mark, _ := marked(b)
	high := func(c byte) bool { return c >= 0x80 }
	switch {
	case known:
		if other, err := f.utf8(b, o, said); err == nil && bytes.Equal(text, other) {
			return nil
		}
	case strings.EqualFold(said, "utf-16") && strings.HasPrefix(mark, "utf-16"):
		return nil
	case !slices.ContainsFunc(b, high) && !slices.ContainsFunc(text, high): // alike in nearly every other one
		return nil
	}
	return &Error{Code: CodeCharset, Message: "the charset of the content type is not the one that the form is read in (" + f.charset + "): make both the same"}
}
