package place

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// MaxName leaves room for a temporary name in the 255 bytes that file systems allow.
const MaxName = 220

var errName = errors.New("not a safe file name")

// CheckName accepts a base name that may be put at any place: UTF-8, no separators, no control characters.
func CheckName(name string) error {
	switch {
	case name == "", name == ".", name == "..", len(name) > MaxName:
		return errName
	case strings.ContainsAny(name, `/\`), Hostile(name):
		return errName
	}
	return nil
}

// Hostile reports names that cannot be shown or passed on: not UTF-8, control characters, characters
// that turn the writing direction and so hide an extension.
func Hostile(name string) bool {
	if !utf8.ValidString(name) {
		return true
	}
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return true
		}
	}
	return false
}

// NameEncoding knows how file names are written. It returns nil for UTF-8, in which names are sent as they are.
func NameEncoding(name string) (encoding.Encoding, error) {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8":
		return nil, nil
	case "iso-8859-1", "latin1":
		return charmap.ISO8859_1, nil
	case "windows-1252":
		return charmap.Windows1252, nil
	}
	return nil, fmt.Errorf("encoding %q is not utf-8, iso-8859-1 or windows-1252", name)
}
