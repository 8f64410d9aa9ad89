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
		{"json", `{"a":"u"}`, "application/json; charset=latin1", true}, {"json", "\xff\xfe{\x00}\x00", "application/json; charset=utf-16", true},
		{"json", "\xff\xfe{\x00}\x00", "application/json; charset=utf-16le", true}, {"json", "\xff\xfe{\x00}\x00", "application/json; charset=utf-8", false},
		{"json", "\xff\xfe{\x00}\x00", "application/json; charset=klingon", false}, {"csv", "\xff\xfea\x00\n\x00", "text/csv; charset=utf-16", true},
		{"urlencoded", "a=%C3%A4", "application/x-www-form-urlencoded; charset=utf-8", true}, {"urlencoded", "a=%C3%A4", "application/x-www-form-urlencoded; charset=latin1", false},
		{"urlencoded", "a=b", "application/x-www-form-urlencoded; charset=latin1", true}, {"urlencoded", "a=%C3%A4", "application/x-www-form-urlencoded; charset=klingon", false},
		{"json", "{}", "application/json; charset", true}, {"json", "{}", "", true},
	} {
		err := CheckCharset(c.format, []byte(c.in), c.contentType, Options{})
		var e *Error
		if c.ok != (err == nil) || err != nil && (!errors.As(err, &e) || e.Code != CodeCharset) {
			t.Errorf("%s of %q: %v", c.contentType, c.in, err)
		}
	}
}

// TestCharsets: a text is read in the character set that is declared, else in that of its byte order mark.
func TestCharsets(t *testing.T) {
	reads(t, [][3]string{
		{`format: json`, "\xff\xfe{\x00\"\x00a\x00\"\x00:\x00\"\x00\xe4\x00\"\x00}\x00", `{a:"ä"}`},
		{`format: json`, "\xfe\xff\x00{\x00\"\x00a\x00\"\x00:\x00\"\xd8\x3d\xde\x00\x00\"\x00}", `{a:"😀"}`},
		{`format: json`, "\xfe\xff\x00\"\x00a\x03\x08\x00\"", `"ä"`},
		{`format: json`, "\xff\xfe\"\x00\x00\xd8\"\x00", `!decode.utf8: line 1, column 2: the text is not valid utf-16le`},
		{`format: json`, "\xff\xfe{\x00}\x00 ", `!decode.utf8: line 1, column 3: the text is not valid utf-16le`},
		{`format: json`, "{\x00}\x00", `!decode.syntax: line 1, column 2: a name between quotation marks is expected here`},
		{`format: json`, "\xff\xfe\x00\x00{\x00\x00\x00", `!decode.charset: the character set is not known; known are utf-8, us-ascii, iso-8859-1, iso-8859-2, iso-8859-15, windows-1250, windows-1252, cp437, cp850, cp852, cp858, ibm037, ibm273, ibm500, ibm1047, ibm1140, ibm1141, utf-16le, utf-16be`},
		{`format: json, charset: windows-1252`, "{\"a\":\"\x80\xfc\"}", `{a:"€ü"}`},
		{`format: json, charset: windows-1252`, "{\"a\":\"\x81\"}", `!decode.utf8: line 1, column 7: the text is not valid windows-1252`},
		{`format: json, charset: utf-16le`, "{\x00}\x00", `{}`},
		{`format: json, charset: utf-16le`, "\xff\xfe{\x00}\x00", `{}`},
		{`format: json, charset: utf-16le`, "\xfe\xff\x00{\x00}", `!decode.charset: line 1, column 1: the text begins with the byte order mark of utf-16be, and is to be read as utf-16le`},
		{`format: json, charset: utf-8`, "\xff\xfe{\x00}\x00", `!decode.charset: line 1, column 1: the text begins with the byte order mark of utf-16le, and is to be read as utf-8`},
		{`format: json, charset: windows-1252`, "\xef\xbb\xbf{}", `!decode.charset: line 1, column 1: the text begins with the byte order mark of utf-8, and is to be read as windows-1252`},
		{`format: csv`, "\xff\xfea\x00,\x00b\x00\n\x00\xe4\x00,\x00\xac \r\x00\n\x00", `[{a:"ä" b:"€"}]`},
		{`format: csv, csv: {charset: windows-1252}`, "\xef\xbb\xbfa\n1\n", `!decode.charset: line 1, column 1: the text begins with the byte order mark of utf-8, and is to be read as windows-1252`},
		{`format: csv, csv: {charset: windows-1252}`, "\xff\xfea\x00\n\x00", `!decode.charset: line 1, column 1: the text begins with the byte order mark of utf-16le, and is to be read as windows-1252`},
		{`format: csv, csv: {charset: ibm037}`, "\xfe\xff\x25\xc1\x25", "[{Ú\u009f:\"A\"}]"},
		{`format: xml`, "\xff\xfe<\x00a\x00>\x00<\x00b\x00>\x00\xe4\x00<\x00/\x00b\x00>\x00<\x00/\x00a\x00>\x00", `{b:"ä"}`},
		{`format: xml`, "\xff\xfe\x00\x00<\x00\x00\x00", `!decode.charset: line 1, column 1: the text begins with the byte order mark of utf-32, and is to be read as utf-16le`},
		{`format: urlencoded, charset: windows-1252`, "n%E4me=%80+M%fcller&x[%E9]=1", `{näme:"€ Müller" x:{é:"1"}}`},
		{`format: urlencoded, charset: windows-1252`, "a=%81", `!decode.utf8: line 1, column 3: the text is not valid windows-1252 /a`},
		{`format: urlencoded`, "a=%E4", `!decode.utf8: line 1, column 3: the text is not valid utf-8 /a`},
		{`format: urlencoded, charset: klingon`, "a=1", `!decode.charset: the character set is not known; known are utf-8, us-ascii, iso-8859-1, iso-8859-2, iso-8859-15, windows-1250, windows-1252, cp437, cp850, cp852, cp858, ibm037, ibm273, ibm500, ibm1047, ibm1140, ibm1141, utf-16le, utf-16be`},
		{`format: fixed, fixed: {charset: utf-16le, fields: [{name: A, width: 4}]}`, "\xff\xfea\x00b\x00\n\x00\x01\x0a\x00\x01\n\x00", `[{A:"ab"} {A:"ਁĀ"}]`},
		{`format: fixed, fixed: {fields: [{name: A, width: 4}]}`, "\xff\xfea\x00b\x00", `!decode.charset: line 1, column 1: the text begins with the byte order mark of utf-16le, and is to be read as utf-8`},
	})
}
