package encode

// The codes of errors and notes; stable and documented.
const (
	CodeTooLong     = "encode.too-long"      // a value is longer than its field; shorten it, widen the field, or allow `overflow: cut`
	CodeUnmapped    = "encode.unmappable"    // a character is not in the target's character set; mend it, or say under `unmappable` what becomes of it: {transliterate: din91379-ascii}, {replace: "?"}, or both
	CodeControl     = "encode.control"       // a text has a control character or line break; mend it or give `control: space`
	CodeType        = "encode.type"          // a value is not of the field's type; mend the mapping or the form
	CodePrecision   = "encode.precision"     // a number has more decimals than its field; round it in the mapping
	CodeNegative    = "encode.negative"      // a negative number for a field without a sign; give the field a sign or mend the form
	CodeZone        = "encode.zone"          // a time with an offset for a field without, or the reverse; give the field a zone
	CodeClockChange = "encode.clock-change"  // clocks show the local time twice, or skip it; write it with its offset (XXX in the pattern), or say in the mapping what is meant (localTime, parseDateTime with "earlier" or "later")
	CodeCentury     = "encode.century"       // a year before 1950 or after 2049 is to be written with two digits (yy), which stand for those years; write yyyy, or in the mapping formatDate("yyyyMMdd") | substring(2) where the century may go
	CodeRequired    = "encode.required"      // a required field has no value; mend the form or give the field an `if-null`
	CodeWrite       = "encode.unknown-write" // the layout has no record for this write; add it to `records`
	CodeField       = "encode.unknown-field" // the write gives a field that the layout does not have; remove it or add it
	CodeAbsent      = "encode.missing-field" // the layout has a field that the write does not give; add it or give it a `value`
	CodeXMLChar     = "encode.xml-character" // a character is not allowed in XML; mend the form
	CodeQuote       = "encode.quote"         // a CSV value needs quotes and the layout forbids them; mend the form or the layout
	CodeName        = "encode.name"          // a file name cannot be made; mend the name's template
	CodeSpec        = "encode.layout"        // the layout is wrong; mend it at the place shown

	NoteCut            = "encode.cut"            // a value was cut to its field's width
	NoteReplaced       = "encode.replaced"       // characters were replaced
	NoteTransliterated = "encode.transliterated" // characters were written as others, by a table
	NoteBlanked        = "encode.blanked"        // control characters became blanks
	NoteGuarded        = "encode.guarded"        // an apostrophe was put before a text that a spreadsheet would run
)
