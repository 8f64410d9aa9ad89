package mapping_test

import "testing"

// TestMappedCharsets is what becomes of forms in fields of old character sets, and what is on record.
func TestMappedCharsets(t *testing.T) {
	mapsTo(t, [][4]string{
		{`field`, `{value: form.id, charset: iso-8859-1, unmappable: {transliterate: din91379-latin1}}`, `{"id":"Łódź ß"}`, `w{ID=Łódź ß F=Lódz ß}; note w.F /id: characters that do not exist in iso-8859-1 were transliterated: 2 by din91379-latin1`},
		{`field`, `{value: form.id, charset: iso-8859-1}`, `{"id":"Łódź"}`, `form /id field.unmappable: character U+0141 at position 1 does not exist in iso-8859-1`},
		{`field`, `{value: form.id, charset: us-ascii, unmappable: {transliterate: german-ae, replace: "?"}, type: text(6), overflow: cut}`, `{"id":"Größe"}`, `w{ID=Größe F=Groess}; note w.F /id: characters that do not exist in us-ascii were transliterated: 2 by german-ae; cut to 6 characters`},
		{`field`, `{value: form.id, charset: us-ascii, unmappable: {transliterate: german-ae}, type: text(6)}`, `{"id":"Größe"}`, `fault w.F: the text has more than 6 characters, once it is transliterated; the mapping made it of the form's value, which is not what is wrong, at /id [field.too-long]`},
		{`write`, `as: w, to: archive, table: T, charset: us-ascii, unmappable: {replace: "_"}, fields: {A: form.id, B: {value: form.id, unmappable: {transliterate: german-a}}, C: {value: form.id, charset: utf-8}}`, `{"id":"ä"}`, `first{ID=ä}; w{A=_ B=a C=ä}; note w.A /id: 1 characters that do not exist in us-ascii were replaced; note w.B /id: characters that do not exist in us-ascii were transliterated: 1 by german-a`},
		{`layout`, `format: fixed, charset: us-ascii, unmappable: {transliterate: german-ae}, fields: [{name: A, width: 8}]`, `{"id":"Größe"}`, `w{A=Größe}; "Groesse \n"; note w.A /id: characters that do not exist in us-ascii were transliterated: 2 by german-ae`},
		{`layout`, `format: fixed, charset: us-ascii, unmappable: {transliterate: german-ae}, fields: [{name: A, width: 8}]`, `{"id":"Größöße"}`, `fault w.A: the value takes 11 bytes in us-ascii and the field has 8, once it is transliterated; the mapping made it of the form's value, which is not what is wrong, at /id [encode.too-long]`},
		{`layout`, `format: fixed, charset: us-ascii, unmappable: {transliterate: german-ae}, fields: [{name: A, width: 8}]`, `{"id":"Ł"}`, `form /id encode.unmappable: character U+0141 at position 1 does not exist in us-ascii`},
	})
}
