package load_test

import "testing"

// TestSaidOfCharsets is what check says of character sets and of what becomes of characters that they lack.
func TestSaidOfCharsets(t *testing.T) {
	saying(t, [][3]string{
		{`field`, `{value: form.id, charset: iso-8859-1}`, ``},
		{`field`, `{value: form.id, charset: iso-8859-1, unmappable: {transliterate: [german-ae, din91379-latin1], replace: "?"}}`, ``},
		{`field`, `{value: form.id, charset: iso-8859-1, unmappable: "replace:?"}`, ``},
		{`field`, `{value: form.id, charset: latin}`, `6:88: character set "latin" is not known [mapping.value] (possible here: utf-8, us-ascii, iso-8859-1, iso-8859-2, iso-8859-15, windows-1250, windows-1252, cp437, cp850, cp852, cp858, ibm037, ibm273, ibm500, ibm1047, ibm1140, ibm1141, utf-16le, utf-16be)`},
		{`field`, `{value: form.id, charset: iso-8859-1, unmappable: reject}`, `6:112: this is neither error nor a block with transliterate or replace [yaml.value] ({transliterate: din91379-ascii} or {replace: "?"})`},
		{`field`, `{value: form.id, charset: iso-8859-1, unmappable: {}}`, `6:112: this is neither error nor a block with transliterate or replace [yaml.value] ({transliterate: din91379-ascii} or {replace: "?"})`},
		{`field`, `{value: form.id, charset: iso-8859-1, unmappable: {transliterat: german-a}}`, `6:113: unknown key "transliterat" [yaml.unknown-key] (did you mean "transliterate"?)`},
		{`field`, `{value: form.id, charset: iso-8859-1, unmappable: {transliterate: german}}`, `6:128: there is no table "german" [mapping.value] (did you mean "german-a"?)`},
		{`field`, `{value: form.id, charset: us-ascii, unmappable: {transliterate: din91379-latin1}}`, `6:126: table din91379-latin1 gives letters of iso-8859-1, and us-ascii lacks some of them [mapping.value] (din91379-ascii)`},
		{`field`, `{value: form.id, charset: us-ascii, unmappable: {replace: "€"}}`, `6:120: "€" is not one character of us-ascii [mapping.value] (?)`},
		{`field`, `{value: form.id, unmappable: {replace: "?"}}`, `6:79: nothing says here which character set the text is to be in [mapping.value] (add charset, or for a file write it in the layout)`},
		{`field`, `{value: form.id, charset: utf-8, unmappable: {transliterate: german-ae}}`, `6:95: this does nothing: the character set has all characters [mapping.value] (take the helper transliterate())`},
		{`field`, `{value: '"Größe"', charset: us-ascii}`, `6:70: the mapping's own value "Größe" does not fit here: character U+00F6 at position 3 does not exist in us-ascii [mapping.constant] (mend the value or the field; a form cannot help it)`},
		{`field`, `{value: '"Größe"', charset: us-ascii, unmappable: {transliterate: german-ae}, type: text(6)}`, `6:70: the mapping's own value "Größe" does not fit here: the text has more than 6 characters, once it is transliterated [mapping.constant] (mend the value or the field; a form cannot help it)`},
		{`field`, `{value: '"Größe"', charset: us-ascii, unmappable: {transliterate: german-ae}, type: text(7)}`, ``},
		{`field`, `{value: form.id, charset: us-ascii, unmappable: {transliterate: din91379-ascii}, type: text(8)}`, `warning 6:70: the form's schema allows 8 characters here, and transliteration may make too many of them: the text has more than 8 characters, once it is transliterated [mapping.never] (such a form is parked; widen the field, narrow the schema, or say overflow: cut)`},
		{`field`, `{value: form.id, charset: us-ascii, unmappable: {transliterate: din91379-ascii}, type: text(8), overflow: cut}`, ``},
		{`field`, `{value: form.id, charset: us-ascii, unmappable: {transliterate: german-a}, type: text(15)}`, `warning 6:70: the form's schema allows 8 characters here, and transliteration may make too many of them: the text has more than 15 characters, once it is transliterated [mapping.never] (such a form is parked; widen the field, narrow the schema, or say overflow: cut)`},
		{`field`, `{value: form.id, charset: iso-8859-1, unmappable: {transliterate: german-a}, type: text(8)}`, ``},
		{`field`, `{value: form.id, type: text(7 bytes)}`, `warning 6:70: the form's schema allows 8 characters here, and the field does not: the text has more than 7 bytes [mapping.constant] (such a form is parked, since it is right; narrow the schema, widen the field, or say overflow: cut)`},
		{`write`, `as: w, to: register, table: T, charset: iso-8859-1, unmappable: {transliterate: din91379-latin1}, fields: {A: form.id}`, ``},
		{`write`, `as: w, to: register, table: T, charset: iso-8859-9, fields: {A: form.id}`, `6:46: character set "iso-8859-9" is not known [mapping.value] (did you mean "iso-8859-1"?)`},
		{`write`, `as: w, to: register, table: T, unmappable: {replace: "?"}, fields: {A: form.id}`, `6:37: nothing says here which character set the text is to be in [mapping.value] (add charset)`},
		{`write`, `as: w, to: register, table: T, unmappable: {replace: "?"}, fields: {A: {value: form.id, charset: us-ascii}}`, ``},
		{`write`, `as: w, to: register, table: T, charset: us-ascii, unmappable: {replace: "€"}, fields: {A: form.id, B: {value: form.id, charset: windows-1252}}`, `6:78: "€" is not one character of us-ascii [mapping.value] (?)`},
		{`write`, `as: w, to: drop, layout: l, charset: us-ascii, fields: {A: form.id}`, `6:31: there is no layout "l" [mapping.unknown-layout]; 6:34: this belongs to a table: of a file, the layout says it [mapping.value] (write it in the layout)`},
		{`layout`, `format: fixed, charset: us-ascii, unmappable: {transliterate: german-ae}, fields: [{name: A, width: 8}]`, `warning 6:46: the form's schema allows 8 characters here, and transliteration may make too many of them: the value takes 16 bytes in us-ascii and the field has 8, once it is transliterated [mapping.never] (such a form is parked; widen the field, narrow the schema, or say overflow: cut)`},
		{`layout`, `format: fixed, charset: us-ascii, unmappable: {transliterate: german-ae}, fields: [{name: A, width: 16}]`, ``},
		{`top`, "mapping: m\nversion: 1\nunmappable: {transliterate: german-ae}", `6:1: this does nothing: there is no layout, and no write or field says its charset [mapping.value] (add charset to a write)`},
		{`top`, "mapping: m\nversion: 1\nunmappable: {transliterate: din91379-latin1}\nlayouts: {l: {format: csv, charset: us-ascii, fields: [{name: A}]}, u: {format: csv, fields: [{name: A}]}}", `6:29: table din91379-latin1 gives letters of iso-8859-1, and us-ascii lacks some of them [encode.layout] (din91379-ascii)`},
	})
}
