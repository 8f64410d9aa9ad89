// Package charset knows the character sets of legacy systems by name and converts between them and
// UTF-8 strictly: what cannot be represented is reported, and only changed by a rule (Unmappable), which says what it did.
package charset

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Charset is one character set. It is immutable and safe for concurrent use.
type Charset struct {
	name   string
	unit   int                    // bytes of a code unit: 1, or 2 for UTF-16
	utf8   bool                   //
	little bool                   // UTF-16 with the low byte first
	ebcdic bool                   //
	ascii  bool                   // bytes below 0x80 mean the same as in ASCII
	single *[256]rune             // byte to rune for single-byte sets; utf8.RuneError where undefined
	high   map[rune]byte          // rune to byte for runes from 0x80
	low    *[utf8.RuneSelf]uint16 // ASCII to byte, 0xFFFF where undefined
}

// spelling takes out what tells spellings apart.
var spelling = strings.NewReplacer("_", "-", " ", "")

// names maps each accepted spelling, in lower case without blanks and underscores, to the canonical name.
func canonical(name string) string {
	n := strings.ToLower(strings.TrimSpace(name))
	n = spelling.Replace(n)
	switch n {
	case "", "utf8", "utf-8":
		return "utf-8"
	case "ascii", "us-ascii":
		return "us-ascii"
	case "latin1", "latin-1", "iso8859-1", "iso-8859-1", "l1":
		return "iso-8859-1"
	case "latin2", "latin-2", "iso8859-2", "iso-8859-2":
		return "iso-8859-2"
	case "latin9", "latin-9", "iso8859-15", "iso-8859-15":
		return "iso-8859-15"
	case "cp1250", "windows-1250":
		return "windows-1250"
	case "cp1252", "ansi", "windows-1252":
		return "windows-1252"
	case "cp037", "ibm037", "ibm-037", "cp37", "ibm37", "ibm-37":
		return "ibm037"
	case "utf16le", "utf-16le":
		return "utf-16le"
	case "utf16be", "utf-16be":
		return "utf-16be"
	}
	for _, p := range []string{"ibm-", "ibm", "cp-", "cp"} {
		if rest, ok := strings.CutPrefix(n, p); ok {
			switch rest {
			case "437", "850", "852", "858":
				return "cp" + rest
			case "273", "500", "1047", "1140", "1141":
				return "ibm" + rest
			}
		}
	}
	return n
}

// Names returns the canonical names, for messages and the reference.
func Names() []string {
	return []string{"utf-8", "us-ascii", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1252",
		"cp437", "cp850", "cp852", "cp858", "ibm037", "ibm273", "ibm500", "ibm1047", "ibm1140", "ibm1141", "utf-16le", "utf-16be"}
}

// Lookup returns the character set of a name; common other spellings are understood and the empty name
// is UTF-8.
func Lookup(name string) (*Charset, bool) {
	n := canonical(name)
	switch n {
	case "utf-8":
		return &Charset{name: n, unit: 1, utf8: true, ascii: true}, true
	case "utf-16le":
		return &Charset{name: n, unit: 2, little: true}, true
	case "utf-16be":
		return &Charset{name: n, unit: 2}, true
	}
	t, ok := table(n)
	if !ok {
		return nil, false
	}
	return build(n, t), true
}

// table returns the 256 characters of a single-byte set by its canonical name.
func table(n string) (*[256]rune, bool) {
	switch n {
	case "us-ascii":
		t := new([256]rune)
		for i := range t {
			t[i] = rune(i)
			if i >= utf8.RuneSelf {
				t[i] = utf8.RuneError
			}
		}
		return t, true
	case "ibm273":
		return &ibm273, true
	case "ibm500":
		return &ibm500, true
	case "ibm1141":
		return &ibm1141, true
	}
	m := map[string]*charmap.Charmap{
		"iso-8859-1": charmap.ISO8859_1, "iso-8859-2": charmap.ISO8859_2, "iso-8859-15": charmap.ISO8859_15,
		"windows-1250": charmap.Windows1250, "windows-1252": charmap.Windows1252, "cp437": charmap.CodePage437,
		"cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp858": charmap.CodePage858,
		"ibm037": charmap.CodePage037, "ibm1047": charmap.CodePage1047, "ibm1140": charmap.CodePage1140,
	}[n]
	if m == nil {
		return nil, false
	}
	t := new([256]rune)
	for i := range t {
		t[i] = m.DecodeByte(byte(i))
		// WHATWG tables, which x/text follows, map the holes of Windows code pages to C1 controls. Here a
		// hole is a hole: no legacy system means a control character by it.
		if strings.HasPrefix(n, "windows-") && i >= 0x80 && t[i] < 0xA0 {
			t[i] = utf8.RuneError
		}
		if strings.HasPrefix(n, "iso-") && i >= 0x80 && i < 0xA0 {
			t[i] = rune(i) // x/text leaves the C1 controls out of some of these sets
		}
	}
	return t, true
}

func build(name string, t *[256]rune) *Charset {
	c := &Charset{name: name, unit: 1, single: t, high: make(map[rune]byte, 160), low: new([utf8.RuneSelf]uint16)}
	for i := range c.low {
		c.low[i] = 0xFFFF
	}
	c.ascii = true
	for i := 255; i >= 0; i-- { // downwards: of two bytes for one character the lower one is written
		r := t[i]
		switch {
		case r == utf8.RuneError:
		case r < utf8.RuneSelf:
			c.low[r] = uint16(i)
		default:
			c.high[r] = byte(i)
		}
	}
	for i, b := range c.low {
		if int(b) != i {
			c.ascii = false
		}
	}
	c.ebcdic = t['A'] != 'A'
	return c
}

// Name returns the canonical name.
func (c *Charset) Name() string { return c.name }

// EBCDIC says whether the set is one of the EBCDIC family.
func (c *Charset) EBCDIC() bool { return c.ebcdic }

// SingleByte says whether each character takes exactly one byte.
func (c *Charset) SingleByte() bool { return c.single != nil }

// ASCII says whether ASCII text has the same bytes in this set.
func (c *Charset) ASCII() bool { return c.ascii }

// Unicode says whether the set has all characters.
func (c *Charset) Unicode() bool { return c.utf8 || c.unit == 2 }

// UTF8 says whether the set is UTF-8 itself.
func (c *Charset) UTF8() bool { return c.utf8 }

// Size is how many bytes a text takes in this set, which has all its characters.
func (c *Charset) Size(s string) int {
	switch {
	case c.utf8:
		return len(s)
	case c.unit == 1:
		return utf8.RuneCountInString(s)
	}
	n := 0
	for _, r := range s {
		n += 2 * utf16.RuneLen(r)
	}
	return n
}

// AppendRune appends r in this set; ok is false, and dst unchanged, if the set lacks r.
func (c *Charset) AppendRune(dst []byte, r rune) (_ []byte, ok bool) {
	switch {
	case r == utf8.RuneError && !c.utf8 && c.unit == 1:
		return dst, false
	case c.utf8:
		return utf8.AppendRune(dst, r), utf8.ValidRune(r)
	case c.unit == 2:
		return c.append16(dst, r)
	case r >= 0 && r < utf8.RuneSelf:
		if c.low[r] == 0xFFFF {
			return dst, false
		}
		return append(dst, byte(c.low[r])), true
	}
	b, ok := c.high[r]
	if !ok {
		return dst, false
	}
	return append(dst, b), true
}

func (c *Charset) append16(dst []byte, r rune) ([]byte, bool) {
	if !utf8.ValidRune(r) {
		return dst, false
	}
	if r >= 0x10000 {
		r -= 0x10000
		dst = c.put16(dst, uint16(0xD800+(r>>10)))
		return c.put16(dst, uint16(0xDC00+(r&0x3FF))), true
	}
	return c.put16(dst, uint16(r)), true
}

func (c *Charset) put16(dst []byte, u uint16) []byte {
	if c.little {
		return append(dst, byte(u), byte(u>>8))
	}
	return append(dst, byte(u>>8), byte(u))
}

// AppendString appends s, which must be valid UTF-8. If a character has no representation, ok is false,
// bad is the byte offset of the first one in s, and dst is returned as it was.
func (c *Charset) AppendString(dst []byte, s string) (_ []byte, bad int, ok bool) {
	if c.utf8 {
		return append(dst, s...), 0, true
	}
	n := len(dst)
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf && c.ascii {
			dst, i = append(dst, b), i+1
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if dst, ok = c.AppendRune(dst, r); !ok {
			return dst[:n], i, false
		}
		i += size
	}
	return dst, 0, true
}

// DecodeString returns b as UTF-8. If a byte means nothing in this set, ok is false and bad is its offset.
func (c *Charset) DecodeString(b []byte) (s string, bad int, ok bool) {
	switch {
	case c.utf8:
		if i := invalid(b); i >= 0 {
			return "", i, false
		}
		return string(b), 0, true
	case c.unit == 2:
		return c.decode16(b)
	}
	out := make([]byte, 0, len(b)+len(b)/8)
	for i, x := range b {
		r := c.single[x]
		if r == utf8.RuneError {
			return "", i, false
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), 0, true
}

func (c *Charset) decode16(b []byte) (string, int, bool) {
	at := func(i int) rune {
		if c.little {
			return rune(b[i]) | rune(b[i+1])<<8
		}
		return rune(b[i])<<8 | rune(b[i+1])
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i += 2 {
		if i+1 >= len(b) {
			return "", i, false
		}
		r := at(i)
		if r >= 0xD800 && r < 0xE000 {
			if r >= 0xDC00 || i+3 >= len(b) {
				return "", i, false
			}
			low := at(i + 2)
			if low < 0xDC00 || low >= 0xE000 {
				return "", i, false
			}
			r = 0x10000 + (r-0xD800)<<10 + (low - 0xDC00)
			i += 2
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), 0, true
}

// invalid returns the offset of the first byte of b that is not valid UTF-8, or -1.
func invalid(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
