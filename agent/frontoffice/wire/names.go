package wire

import (
	"mime"
	"net/textproto"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// FileName returns the file name of a part; named: there is one, if only an empty one.
func FileName(h textproto.MIMEHeader) (name string, named bool) {
	_, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil {
		return "", false
	}
	name, named = params["filename"]
	return name, named
}

// SafeName keeps the last element of a name of any system, in NFC, without control characters and what
// some system takes for something else; at most 200 bytes, the extension kept. False if nothing is left.
func SafeName(s string) (string, bool) {
	s = norm.NFC.String(strings.ToValidUTF8(s, "_"))
	s = path.Base(strings.ReplaceAll(s, `\`, "/"))
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '/':
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, s)
	s = norm.NFC.String(s) // again: what was taken out may have kept an accent from its letter
	if s = trimName(s); s == "" {
		return "", false
	}
	const most = 200
	if len(s) > most {
		ext := path.Ext(s)
		if len(ext) > 20 {
			ext = ""
		}
		s = s[:most-len(ext)]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
		s = trimName(trimName(s) + ext)
	}
	return s, s != ""
}

// trimName takes off what Windows would drop from the end of a name by itself, and space before it.
func trimName(s string) string {
	return strings.TrimLeftFunc(strings.TrimRightFunc(s, func(r rune) bool { return r == '.' || unicode.IsSpace(r) }), unicode.IsSpace)
}

// PlainType returns a media type without parameters, or nothing if it is not one.
func PlainType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil || !strings.Contains(t, "/") || len(t) > 100 {
		return ""
	}
	return t
}
