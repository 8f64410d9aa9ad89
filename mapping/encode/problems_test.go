package encode

import (
	"fmt"
	"strings"
	"testing"
)

// everythingWrong is all that check says of a layout.
func everythingWrong(t testing.TB, layout string) string {
	t.Helper()
	spec := layoutOf(t, layout)
	l, problems := NewLayout(spec)
	if l != nil {
		problems = append(l.Rehearse(), Ignored(spec)...)
	}
	var said []string
	for _, p := range problems {
		s := p.String()
		if p.Suggestion != "" {
			s += fmt.Sprintf(" (%s)", p.Suggestion)
		}
		said = append(said, s)
	}
	return strings.Join(said, "; ")
}

// layoutsSaid are layouts and what check says of them.
var layoutsSaid = [][2]string{
	// right ones
	{`format: csv, fields: [{name: A}]`, ``},
	{`format: fixed, fields: [{name: A, width: 3, at: 1}, {name: B, width: 2, at: 4}]`, ``},
	{`format: json, json: {style: object}, header: [{name: head, fields: [{name: N, value: "{seq}"}]}], fields: [{name: A}]`, ``},
	// settings of the whole layout
	{`fields: [{name: A}]`, `/format: the layout needs a format: fixed, csv, xml or json (fixed)`},
	{`format: fix, fields: [{name: A}]`, `/format: "fix" is not one of fixed, csv, xml, json`},
	{`format: csv, charset: klingon, fields: [{name: A}]`, `/charset: character set "klingon" is not known; known are utf-8, us-ascii, iso-8859-1, iso-8859-2, iso-8859-15, windows-1250, windows-1252, cp437, cp850, cp852, cp858, ibm037, ibm273, ibm500, ibm1047, ibm1140, ibm1141, utf-16le, utf-16be`},
	{`format: fixed, charset: utf-16le, fields: [{name: A, width: 2}]`, `/charset: fixed-width fields need a character set with single bytes, or utf-8`},
	{`format: csv, bom: true, charset: iso-8859-1, fields: [{name: A}]`, `/bom: only UTF-8 and UTF-16 files can have a byte order mark`},
	{`format: csv, line-ending: none, fields: [{name: A}]`, `/line-ending: CSV needs a line ending (crlf)`},
	{`format: csv, line-ending: nel, charset: us-ascii, fields: [{name: A}]`, `/line-ending: character set us-ascii has no such line ending (lf)`},
	{`format: csv, line-ending: lfcr, fields: [{name: A}]`, `/line-ending: "lfcr" is not one of lf, crlf, cr, nel, none`},
	{`format: csv, zone: Berlin, fields: [{name: A}]`, `/zone: time zone "Berlin" is not known; use a name such as Europe/Berlin (Europe/Berlin)`},
	{`format: csv, overflow: shorten, fields: [{name: A}]`, `/overflow: "shorten" is not one of error, cut`},
	{`format: csv, control: drop, fields: [{name: A}]`, `/control: "drop" is not one of error, space`},
	{`format: csv, charset: iso-8859-1, unmappable: "replace:ab", fields: [{name: A}]`, `/unmappable/replace: "ab" is not one character of iso-8859-1 (?)`},
	{`format: csv, charset: iso-8859-1, unmappable: {replace: 漢}, fields: [{name: A}]`, `/unmappable/replace: "漢" is not one character of iso-8859-1 (?)`},
	{`format: csv, charset: iso-8859-1, unmappable: {replace: "\t"}, fields: [{name: A}]`, `/unmappable/replace: "\t" is not one character of iso-8859-1 (?)`},
	{`format: csv, charset: iso-8859-1, fields: [{name: A, unmappable: {transliterate: din91379}}]`, `/fields/0/unmappable/transliterate: there is no table "din91379" (possible here: din91379-ascii, din91379-latin1, german-a, german-ae)`},
	{`format: csv, charset: iso-8859-1, unmappable: {transliterate: [german-e, din91379-asci]}, fields: [{name: A}]`, `/unmappable/transliterate: there is no table "german-e" (did you mean "german-a"?); /unmappable/transliterate: there is no table "din91379-asci" (did you mean "din91379-ascii"?)`},
	{`format: csv, charset: us-ascii, unmappable: {transliterate: din91379-latin1}, fields: [{name: A}]`, `/unmappable/transliterate: table din91379-latin1 gives letters of iso-8859-1, and us-ascii lacks some of them (din91379-ascii)`},
	{`format: csv, charset: cp850, unmappable: {transliterate: din91379-latin1}, fields: [{name: A}]`, ``},
	{`format: csv, unmappable: {transliterate: din91379-ascii}, fields: [{name: A}]`, `/unmappable: this does nothing: the character set has all characters; name the one that the legacy system has as charset, or take the helper transliterate() (remove it)`},
	{`format: json, charset: utf-16le, fields: [{name: A, unmappable: {transliterate: german-ae}}]`, `/fields/0/unmappable: this does nothing: the character set has all characters; name the one that the legacy system has as charset, or take the helper transliterate() (remove it)`},
	{`format: fixed, charset: us-ascii, unmappable: {transliterate: german-ae}, fields: [{value: Straße, width: 6}]`, `/fields/0/value: the text takes 7 bytes and the field has 6`},
	{`format: fixed, charset: us-ascii, unmappable: {transliterate: german-ae}, fields: [{value: Rhône, width: 9}]`, `/fields/0/value: the text has a character that us-ascii lacks`},
	{`format: fixed, charset: us-ascii, unmappable: {transliterate: german-ae}, fields: [{name: A, width: 3, type: boolean, "yes": Ä, "no": Größe}]`, `/fields/0/no: this text can never be written: the value takes 7 bytes in us-ascii and the field has 3`},
	{`format: csv, csv: {delimiter: ";;"}, fields: [{name: A}]`, `/csv/delimiter: a delimiter is one ASCII character or tab, and not the quotation mark (;)`},
	{`format: csv, csv: {delimiter: '"'}, fields: [{name: A}]`, `/csv/delimiter: a delimiter is one ASCII character or tab, and not the quotation mark (;)`},
	{`format: csv, csv: {quote: some}, fields: [{name: A}]`, `/csv/quote: "some" is not one of minimal, all, none`},
	{`format: csv, csv: {titles: true}, records: {a: {fields: [{name: A}]}, b: {fields: [{name: B}]}}`, `/csv/titles: column titles need a single kind of record`},
	{`format: xml, xml: {root: "1x"}, fields: [{name: A}]`, `/xml/root: "1x" is not a name for an XML element or attribute in this character set`},
	{`format: xml, xml: {record: xmlish}, fields: [{name: A}]`, `/xml/record: "xmlish" is not a name for an XML element or attribute in this character set`},
	{`format: json, json: {style: tree}, fields: [{name: A}]`, `/json/style: "tree" is not one of array, lines, object, document`},
	{`format: json, json: {style: lines}, line-ending: none, fields: [{name: A}]`, `/line-ending: JSON lines need a line ending (lf)`},
	{`format: json, header: [{name: h, fields: [{name: N, value: x}]}], fields: [{name: A}]`, `/json/style: a JSON array has no place for header or trailer (object)`},
	// records and fields
	{`format: csv`, `/fields: the layout has no fields`},
	{`format: csv, fields: [{name: A}], records: {a: {fields: [{name: A}]}}`, `/records: a layout has either fields or records, not both`},
	{`format: csv, records: {a: {fields: []}}`, `/records/a: the record has no fields`},
	{`format: csv, fields: [{width: 3}]`, `/fields/0: the field needs a name or a value`},
	{`format: csv, fields: [{name: A}, {name: A}]`, `/fields/1/name: field "A" stands twice`},
	{`format: csv, fields: [{name: A, at: 1}]`, `/fields/0/at: only fixed-width fields have a place`},
	{`format: csv, fields: [{name: A, width: -1}]`, `/fields/0/width: a width cannot be negative`},
	{`format: csv, fields: [{name: A, type: number}]`, `/fields/0/type: "number" is not one of text, integer, decimal, boolean, date, datetime`},
	{`format: fixed, fields: [{name: A}]`, `/fields/0/width: a fixed-width field needs a width of at least 1 byte`},
	{`format: fixed, fields: [{name: A, width: 3}, {name: B, width: 2, at: 5}]`, `/fields/1/at: the field says it begins at byte 5, but the fields before end so that it begins at 4`},
	{`format: fixed, fields: [{name: A, width: 3, align: center}]`, `/fields/0/align: "center" is not one of left, right`},
	{`format: fixed, fields: [{name: A, width: 3, pad: ""}]`, ``},
	{`format: fixed, fields: [{name: A, width: 3, pad: "ab"}]`, `/fields/0/pad: the pad is one character that takes one byte in utf-8`},
	{`format: fixed, fields: [{name: A, width: 3, pad: "ä"}]`, `/fields/0/pad: the pad is one character that takes one byte in utf-8`},
	{`format: fixed, fields: [{name: A, width: 3, type: integer, align: left, pad: "0"}]`, `/fields/0/pad: zeros after a number would make it another number`},
	{`format: fixed, fields: [{name: A, width: 3, type: integer, pad: "5"}]`, `/fields/0/pad: this beside a number would make it another number`},
	{`format: fixed, fields: [{name: A, width: 3, type: integer, pad: "-"}]`, `/fields/0/pad: this beside a number would make it another number`},
	{`format: fixed, fields: [{name: A, width: 3, type: integer, pad: "*"}]`, ``},
	{`format: fixed, fields: [{name: A, width: 3, type: integer, overflow: cut}]`, `/fields/0/overflow: only a text may be cut; type integer would become another value (error)`},
	{`format: fixed, fields: [{name: A, width: 3, type: integer, decimals: 2}]`, `/fields/0/decimals: an integer has no decimals; use type decimal`},
	{`format: fixed, fields: [{name: A, width: 3, type: decimal, decimals: 31}]`, `/fields/0/decimals: decimals go from 0 to 30`},
	{`format: fixed, fields: [{name: A, width: 3, type: decimal, sign: maybe}]`, `/fields/0/sign: "maybe" is not one of minus, leading, trailing, overpunch, none`},
	{`format: fixed, fields: [{name: A, width: 3, type: decimal, point: ".."}]`, `/fields/0/point: the point is one character and no digit or sign (,)`},
	{`format: fixed, fields: [{name: A, width: 3, type: decimal, point: "1"}]`, `/fields/0/point: the point is one character and no digit or sign (,)`},
	{`format: fixed, charset: us-ascii, fields: [{name: A, width: 3, type: decimal, point: "·"}]`, `/fields/0/point: the character set has no such character (,)`},
	{`format: fixed, fields: [{name: A, width: 3, decimals: 2}]`, `/fields/0/decimals: only numbers have this setting; the field's type is text`},
	{`format: fixed, fields: [{name: A, width: 3, implied: true}]`, `/fields/0/implied: only numbers have this setting; the field's type is text`},
	{`format: fixed, fields: [{name: A, width: 3, sign: none}]`, `/fields/0/sign: only numbers have this setting; the field's type is text`},
	{`format: fixed, fields: [{name: A, width: 3, pattern: yyyy}]`, `/fields/0/pattern: only dates have a pattern; the field's type is text`},
	{`format: fixed, fields: [{name: A, width: 8, type: date, pattern: YYYYMMDD}]`, `/fields/0/pattern: date pattern "YYYYMMDD": "YYYY" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes (yyyyMMdd)`},
	{`format: fixed, fields: [{name: A, width: 8, type: date, pattern: HHmm}]`, `/fields/0/pattern: a date has no time of day; use type datetime (yyyyMMdd)`},
	{`format: fixed, fields: [{name: A, width: 8, type: date, pattern: yyyymmdd}]`, `/fields/0/pattern: the date has minutes beside a day, and no hour: MM is the month, mm the minute`},
	{`format: fixed, fields: [{name: A, width: 8, type: datetime, zone: Berlin}]`, `/fields/0/zone: time zone "Berlin" is not known; use a name such as Europe/Berlin (Europe/Berlin)`},
	{`format: fixed, fields: [{value: "too long", width: 3}]`, `/fields/0/value: the text takes 8 bytes and the field has 3`},
	{`format: fixed, charset: us-ascii, fields: [{value: "ä", width: 3}]`, `/fields/0/value: the text has a character that us-ascii lacks`},
	{`format: csv, fields: [{name: A, type: integer, sign: overpunch}]`, `/fields/0/sign: overpunched signs are for fixed-width fields (minus)`},
	{`format: xml, fields: [{name: A, type: integer, sign: trailing}]`, `/fields/0: numbers in xml are written in the format's own way`},
	{`format: json, fields: [{name: A, type: decimal, decimals: 2, implied: true}]`, `/fields/0: numbers in json are written in the format's own way`},
	{`format: json, fields: [{name: A, type: integer, if-null: none}]`, `/fields/0/if-null: a null text in JSON would be a text where numbers are expected`},
	{`format: json, fields: [{value: x}]`, `/fields/0/name: a field in JSON needs a name`},
	{`format: xml, fields: [{name: "A B"}]`, `/fields/0/xml: "A B" is not a name for an XML element or attribute in this character set`},
	{`format: xml, fields: [{name: A, xml: "@"}]`, `/fields/0/xml: "" is not a name for an XML element or attribute in this character set`},
	{`format: xml, charset: us-ascii, fields: [{name: Ä}]`, `/fields/0/xml: "Ä" is not a name for an XML element or attribute in this character set`},
	// header, trailer and control file
	{`format: csv, header: [{fields: []}], fields: [{name: A}]`, `/header/0: the line has no fields`},
	{`format: csv, header: [{fields: [{name: N}]}], fields: [{name: A}]`, `/header/0/fields/0: a field of header needs a value, such as {count}`},
	{`format: csv, header: [{fields: [{value: "{nothing}"}]}], fields: [{name: A}]`, `/header/0/fields/0/value: {nothing} is not a variable; there are {count}, {lines}, {total}, {seq}, {date}, {time}, {name}, {id}, {reference}`},
	{`format: csv, header: [{fields: [{value: "{seq:x}"}]}], fields: [{name: A}]`, `/header/0/fields/0/value: {seq:x} takes a number of digits from 1 to 18, as in {seq:06}`},
	{`format: csv, header: [{fields: [{value: "{seq:19}"}]}], fields: [{name: A}]`, `/header/0/fields/0/value: {seq:19} takes a number of digits from 1 to 18, as in {seq:06}`},
	{`format: csv, header: [{fields: [{value: "{date:YYYY}"}]}], fields: [{name: A}]`, `/header/0/fields/0/value: date pattern "YYYY": "YYYY" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
	{`format: csv, header: [{fields: [{value: "{"}]}], fields: [{name: A}]`, `/header/0/fields/0/value: a brace stands alone; write two for one`},
	{`format: csv, header: [{fields: [{value: "}"}]}], fields: [{name: A}]`, `/header/0/fields/0/value: a brace stands alone; write two for one`},
	{`format: csv, trailer: [{fields: [{value: "{total}"}]}], fields: [{name: A}]`, `/trailer/0/fields/0/value: {total} names a field, as in {total:FEE}`},
	{`format: csv, trailer: [{fields: [{value: "{total:B}"}]}], fields: [{name: A}]`, `/trailer/0/fields/0/value: {total:B}: no record has this field`},
	{`format: csv, trailer: [{fields: [{value: "{total:A}"}]}], fields: [{name: A}]`, `/trailer/0/fields/0/value: {total:A}: the field is not an integer or decimal`},
	{`format: csv, trailer: [{fields: [{value: "{count:w}"}]}], records: {a: {fields: [{name: A}]}}`, `/trailer/0/fields/0/value: {count:w}: the layout has no record for this write`},
	{`format: csv, trailer: [{fields: [{value: "{name:x}"}]}], fields: [{name: A}]`, `/trailer/0/fields/0/value: {name} takes nothing after a colon`},
	{`format: csv, control-file: {text: ok}, fields: [{name: A}]`, `/control-file/name: the control file needs a name ({name}.ok)`},
	{`format: csv, control-file: {name: "{lines}.ok"}, fields: [{name: A}]`, `/control-file/name: {lines} is not a variable; there are {name}, {stem}, {seq}, {date}, {time}, {id}`},
	{`format: xml, header: [{fields: [{name: N, value: x}]}], fields: [{name: A}]`, `/header/0/name: "" is not a name for an XML element or attribute in this character set`},
	{`format: json, json: {style: object}, header: [{fields: [{name: N, value: x}]}], fields: [{name: A}]`, `/header/0/name: the object has a member "" already, or it is no name`},
	{`format: json, json: {style: object}, header: [{name: h, fields: [{name: N, value: x}]}], trailer: [{name: h, fields: [{name: N, value: x}]}], fields: [{name: A}]`, `/trailer/0/name: the object has a member "h" already, or it is no name`},
	{`format: json, json: {style: object}, trailer: [{name: records, fields: [{name: N, value: x}]}], fields: [{name: A}]`, `/trailer/0/name: the object has a member "records" already, or it is no name`},
	{`format: json, json: {style: object, records: rows}, trailer: [{name: records, fields: [{name: N, value: x}]}], fields: [{name: A}]`, ``},
	// what can never be written, or means something else
	{`format: fixed, fields: [{name: A, width: 3, if-null: none}]`, `/fields/0/if-null: this text can never be written: the value takes 4 bytes in utf-8 and the field has 3`},
	{`format: fixed, fields: [{name: A, width: 1, type: boolean, "yes": ja, "no": n}]`, `/fields/0/yes: this text can never be written: the value takes 2 bytes in utf-8 and the field has 1`},
	{`format: fixed, fields: [{name: A, width: 2, type: boolean, "yes": X, "no": X}]`, `/fields/0/no: yes and no have the same text: nobody could tell them apart`},
	{`format: fixed, charset: us-ascii, fields: [{name: A, width: 3, if-null: "ä"}]`, `/fields/0/if-null: this text can never be written: character U+00E4 at position 1 does not exist in us-ascii`},
	{`format: csv, csv: {quote: none}, fields: [{name: A, if-null: "a,b"}]`, `/fields/0/if-null: this text can never be written: the value has a delimiter, quote or line break and the layout has no quotes`},
	{`format: csv, csv: {titles: true, quote: none}, fields: [{name: "A,B"}]`, `/csv/titles: this can never be written: field A,B: the value has a delimiter, quote or line break and the layout has no quotes`},
	{`format: csv, charset: us-ascii, csv: {titles: true}, fields: [{name: Ä}]`, `/csv/titles: this can never be written: field Ä: character U+00C4 at position 1 does not exist in us-ascii`},
	{`format: fixed, header: [{fields: [{value: "{date:yyyyMMdd}", width: 6}]}], fields: [{name: A, width: 3}]`, `/header: this can never be written: field #1: the value takes 8 bytes in utf-8 and the field has 6`},
	{`format: fixed, trailer: [{fields: [{value: "{count}", type: integer, width: 3}]}], fields: [{name: A, width: 3}]`, ``},
	{`format: xml, fields: [{name: A, xml: "@id"}, {name: B, xml: "@id"}]`, `/fields/1/xml: the element has the attribute "id" already`},
	{`format: xml, fields: [{name: A, xml: "@id"}, {name: B, xml: id}]`, ``},
	{`format: xml, fields: [{name: A, xml: id}, {name: B, xml: id}]`, ``},
	{`format: xml, records: {w: {fields: [{name: A, xml: "@id"}, {name: B, xml: "@id"}]}}`, `/records/w/fields/1/xml: the element has the attribute "id" already`},
	// what does nothing
	{`format: csv, xml: {root: r}, fields: [{name: A}]`, `/xml: this does nothing: it belongs to format xml, and the layout's is csv (remove it)`},
	{`format: xml, csv: {titles: true}, fields: [{name: A}]`, `/csv: this does nothing: it belongs to format csv, and the layout's is xml (remove it)`},
	{`format: csv, json: {style: lines}, fields: [{name: A}]`, `/json: this does nothing: it belongs to format json, and the layout's is csv (remove it)`},
	{`format: xml, xml: {record: r}, records: {w: {fields: [{name: A}]}}`, `/xml/record: this does nothing: with records, the element is named by each record (remove it)`},
	{`format: json, json: {records: r}, fields: [{name: A}]`, `/json/records: this does nothing: a list of records is only named in style object (remove it)`},
	{`format: xml, overflow: cut, fields: [{name: A}]`, `/overflow: this does nothing: texts in xml have no length to cut to (remove it)`},
	{`format: csv, records: {w: {element: e, fields: [{name: A}]}}`, `/records/w/element: this does nothing: only records in xml are elements (remove it)`},
	{`format: csv, header: [{name: h, fields: [{value: x}]}], fields: [{name: A}]`, `/header/0/name: this does nothing: only lines in xml and json have a name (remove it)`},
	{`format: xml, fields: [{name: A, width: 3}]`, `/fields/0/width: this does nothing: texts in xml have no width (remove it)`},
	{`format: csv, fields: [{name: A, align: right}]`, `/fields/0/align: this does nothing: only fixed-width fields are aligned (remove it)`},
	{`format: csv, fields: [{name: A, pad: "*"}]`, `/fields/0/pad: this does nothing: only fixed-width fields are filled up (remove it)`},
	{`format: csv, fields: [{name: A, overflow: cut}]`, `/fields/0/overflow: this does nothing: the field has no width to cut to (remove it)`},
	{`format: json, fields: [{name: A, overflow: cut}]`, `/fields/0/overflow: this does nothing: texts in json have no length to cut to (remove it)`},
	{`format: csv, fields: [{name: A, zone: UTC}]`, `/fields/0/zone: this does nothing: only a datetime has a zone (remove it)`},
	{`format: csv, fields: [{name: A, xml: a}]`, `/fields/0/xml: this does nothing: it belongs to format xml (remove it)`},
	{`format: csv, fields: [{name: A, type: integer, "yes": J}]`, `/fields/0/yes: this does nothing: only a boolean has texts for yes and no (remove it)`},
	{`format: csv, fields: [{name: A, if-null: x, required: true}]`, `/fields/0/if-null: this does nothing: a required field is never null (remove it)`},
	{`format: csv, fields: [{value: x, required: true}]`, `/fields/0/required: this does nothing: a fixed text is always there (remove it)`},
	{`format: csv, control-file: {name: "{name}"}, fields: [{name: A}]`, `/control-file: this can never be written: the name comes out empty or as that of the file itself`},
	{`format: csv, control-file: {name: "a/{name}.ok"}, fields: [{name: A}]`, `/control-file: this can never be written: the name comes out empty or as that of the file itself`},
	{`format: csv, charset: us-ascii, control-file: {name: "{stem}.ok", text: "ä"}, fields: [{name: A}]`, `/control-file: this can never be written: the character at byte 0 does not exist in us-ascii`},
	{`format: csv, control-file: {name: "{stem}"}, fields: [{name: A}]`, ``},
	// records in others, and documents
	{`format: xml, xml: {document: true}, records: {a: {fields: [{name: A, xml: x/y}, {name: B, xml: x/@z}, {records: b, xml: x/bs}]}, b: {fields: [{name: C}]}}`, ``},
	{`format: json, json: {style: document}, fields: [{name: A, json: x/y}, {name: B, json: x/z}]`, ``},
	{`format: xml, records: {a: {fields: [{name: A}, {records: c}]}}`, `/records/a/fields/1/records: the layout has no records for write "c"`},
	{`format: xml, records: {a: {fields: [{name: A}, {records: b}, {records: b}]}, b: {fields: [{name: C}]}}`, `/records/a/fields/2/records: the records of "b" have a place already`},
	{`format: xml, records: {a: {fields: [{name: A}, {records: b}]}, b: {fields: [{name: C}, {records: a}]}}`, `/records/a: the records of "a" stand in each other without end`},
	{`format: xml, fields: [{name: A}, {records: b}]`, `/fields/1/records: records stand in others only in xml and json, where records names both`},
	{`format: csv, records: {a: {fields: [{name: A}, {records: b}]}, b: {fields: [{name: C}]}}`, `/records/a/fields/1/records: records stand in others only in xml and json, where records names both`},
	{`format: json, records: {a: {fields: [{name: A}, {records: b}]}, b: {fields: [{name: C}]}}`, `/records/a/fields/1: the list of records needs a name: json`},
	{`format: json, records: {a: {fields: [{name: A, json: x/y}, {records: b, json: x}]}, b: {fields: [{name: C}]}}`, `/records/a/fields/1/records: there is something else in this place`},
	{`format: xml, records: {a: {fields: [{name: A, width: 3, records: b}]}, b: {fields: [{name: C}]}}`, `/records/a/fields/0: a place of records has nothing else but xml or json`},
	{`format: xml, fields: [{name: A, xml: x}, {name: B, xml: x/y}]`, `/fields/1/xml: "x" has a value of its own, and nothing beside it`},
	{`format: xml, fields: [{name: A, xml: x/y}, {name: B, xml: z}, {name: C, xml: x/w}]`, `/fields/2/xml: "x" was ended before: what stands in it belongs together`},
	{`format: xml, fields: [{name: A, xml: x//y}]`, `/fields/0/xml: a step of the way has no name`},
	{`format: json, fields: [{name: A, json: x//y}, {name: B, json: x/}]`, `/fields/1/name: a field in JSON needs a name; /fields/0/json: a step of the way has no name`},
	{`format: xml, fields: [{name: A, xml: "p:x"}]`, `/fields/0/xml: no field declares the prefix "p": give one the fixed value of its namespace, as attribute @xmlns:p`},
	{`format: xml, fields: [{value: "urn:p", xml: "@xmlns:p"}, {name: A, xml: "p:x"}, {name: B, xml: "@xml:lang"}, {name: C, xml: "a:b:c"}]`, `/fields/3/xml: "a:b:c" is not a name for an XML element or attribute in this character set`},
	{`format: xml, fields: [{name: A, xml: x/@y}, {name: B, xml: x/@y}]`, `/fields/1/xml: the element has the attribute "y" already`},
	{`format: xml, xml: {document: true}, header: [{name: h, fields: [{value: x, xml: y}]}], fields: [{name: A}]`, `/xml: a document has no header or trailer: what stands there belongs to its fields`},
	{`format: xml, xml: {document: true}, records: {a: {fields: [{name: A}]}, b: {fields: [{name: C}]}}`, `/records: a document is one record, and these stand in none: a, b`},
	{`format: xml, xml: {document: true, root: r}, fields: [{name: A}]`, `/xml/root: this does nothing: the root of a document is its record's element (remove it)`},
	{`format: csv, fields: [{name: A, json: x}]`, `/fields/0/json: this does nothing: it belongs to format json (remove it)`},
	// months that are minutes
	{`format: csv, header: [{fields: [{value: "{date:yyyymmdd}"}]}], fields: [{name: A}]`, `/header/0/fields/0/value: the date has minutes beside a day, and no hour: MM is the month, mm the minute`},
	{`format: csv, trailer: [{fields: [{value: x}, {value: "{date:ddmmyy}"}]}], fields: [{name: A}]`, `/trailer/0/fields/1/value: the date has minutes beside a day, and no hour: MM is the month, mm the minute`},
	{`format: csv, header: [{fields: [{value: "{time:mmss}"}]}], fields: [{name: A}]`, ``},
	{`format: csv, control-file: {name: "{date:yyyymmdd}.ok", text: "{date:dd.mm.}"}, fields: [{name: A}]`, `/control-file/name: the date has minutes beside a day, and no hour: MM is the month, mm the minute; /control-file/text: the date has minutes beside a day, and no hour: MM is the month, mm the minute`},
	{`format: xml, fields: [{name: A, type: date, pattern: dd.mm.yyyy}]`, `/fields/0/pattern: the date has minutes beside a day, and no hour: MM is the month, mm the minute`},
	{`format: csv, fields: [{name: A, type: datetime, pattern: "dd.MM.yyyy HH:mm"}]`, ``},
}

// TestEverythingWrong is all that check says of layouts: what cannot be written, what means something else, and what does nothing.
func TestEverythingWrong(t *testing.T) {
	t.Parallel()
	for _, c := range layoutsSaid {
		if have := everythingWrong(t, c[0]); have != c[1] {
			t.Errorf("{%s}\n have %s\n want %s", c[0], have, c[1])
		}
	}
}
