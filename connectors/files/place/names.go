package place

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
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
