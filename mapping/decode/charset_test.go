package decode

import (
	"errors"
	"testing"
)

// TestCheckCharset: two character sets for one form are refused where they make two texts of it.
func TestCheckCharset(t *testing.T) {
	t.Parallel()
	latin := "<?xml version='1.0' encoding='iso-8859-1'?><a>M\xfcller</a>"
	for _, c := range []struct {
		format, in, contentType string
		ok                      bool
	}{
		{"xml", latin, "application/xml", true}, {"xml", latin, "application/xml; charset=ISO-8859-1", true}, {"xml", latin, "text/xml; charset=windows-1252", true},
		{"xml", latin, "application/xml; charset=utf-8", false},
		{"xml", "<?xml version='1.0' encoding='iso-8859-1'?><a>M\xc3\xbcller</a>", "application/xml; charset=utf-8", false},
		{"xml", "<?xml version='1.0' encoding='iso-8859-1'?><a>Miller</a>", "application/xml; charset=utf-8", true},
		{"xml", "<a>M\xc3\xbcller</a>", "text/xml; charset=us-ascii", false}, {"xml", "<a>M\xc3\xbcller</a>", "text/xml; charset=klingon", false},
		{"xml", "\xef\xbb\xbf<a>M\xc3\xbcller</a>", "text/xml; charset=utf-8", true},
		{"xml", "\xff\xfe<\x00a\x00/\x00>\x00", "text/xml; charset=utf-16", true}, {"xml", "\xff\xfe<\x00a\x00/\x00>\x00", "text/xml; charset=utf-8", false},
		{"csv", "A\nM\xc3\xbcller\n", "text/csv; charset=windows-1252", false}, {"csv", "A\nM\xc3\xbcller\n", "text/csv; charset=utf-8; header=present", true},
		{"csv", "A\nMiller\n", "text/csv; charset=windows-1252", true}, {"csv", "A\nMiller\n", "text/csv; charset=klingon", true},
		{"fixed", "M\xc3\xbcller\n", "text/csv; charset=iso-8859-1", false},
		{"json", `{"a":"ü"}`, "application/json; charset=utf-8", true}, {"json", `{"a":"ü"}`, "application/json; charset=latin1", false},
		{"json", "{}", "application/json; charset", true}, {"json", "{}", "", true},
	} {
		err := CheckCharset(c.format, []byte(c.in), c.contentType, Options{})
		var e *Error
		if c.ok != (err == nil) || err != nil && (!errors.As(err, &e) || e.Code != CodeCharset) {
			t.Errorf("%s of %q: %v", c.contentType, c.in, err)
		}
	}
}
