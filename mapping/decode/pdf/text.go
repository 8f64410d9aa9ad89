package pdf

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/charset"
)

// Characters of PDFDocEncoding that are not those of ISO 8859-1 at the same place; 0: there is none.
var (
	low  = [8]rune{'˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'}                                                                                                                                // from 0x18
	high = [34]rune{0, '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', 0, '€'} // from 0x7F
)

// decoded is the text of a string, whose first bytes say how it is written. Lines end with \n.
func decoded(b []byte) (string, error) {
	wrong := failed(Malformed, "a text of the PDF is not valid in its character set")
	var s string
	switch {
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		c, _ := charset.Lookup("utf-16be")
		text, _, ok := c.DecodeString(b[2:])
		if !ok {
			return "", wrong
		}
		s = text
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		if s = string(b[3:]); !utf8.ValidString(s) {
			return "", wrong
		}
	default:
		var out strings.Builder
		for _, c := range b {
			r := rune(c)
			switch {
			case c >= 0x18 && c < 0x20:
				r = low[c-0x18]
			case c >= 0x7f && c <= 0xa0:
				r = high[c-0x7f]
			case c == 0xad, c < 0x18 && c != '\t' && c != '\n' && c != '\r':
				r = 0
			}
			if r == 0 {
				return "", wrong
			}
			out.WriteRune(r)
		}
		s = out.String()
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), nil
}
