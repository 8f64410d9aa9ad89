package value

// Codes of field errors: the form's fault, told to the front office with a pointer.
const (
	CodeNotText       = "field.not-text"           // a text is needed
	CodeNotNumber     = "field.not-a-number"       // a number is needed
	CodeNotInteger    = "field.not-an-integer"     // a whole number is needed
	CodeNotBoolean    = "field.not-a-boolean"      // true or false is needed
	CodeNotDate       = "field.not-a-date"         // the date does not exist or has another pattern
	CodeNotList       = "field.not-a-list"         // a list is needed
	CodeNotBinary     = "field.not-binary"         // base64 is needed
	CodeNotValue      = "field.not-a-single-value" // an object or list stands where one value is needed
	CodeTooLong       = "field.too-long"           // the text has more characters than the field takes
	CodeUnmappable    = "field.unmappable"         // the text has a character that the field's character set lacks
	CodeTooLarge      = "field.too-large"          // the number has more digits than the field takes
	CodeTooPrecise    = "field.too-many-decimals"  // the number has more decimals than the field takes
	CodeMissingValue  = "field.missing"            // the field must be there
	CodeNullValue     = "field.null"               // the field must not be null
	CodeEmptyValue    = "field.empty"              // the field must not be empty
	CodeLookupMiss    = "field.not-in-list"        // the value is not in the list of known values
	CodePattern       = "field.other-pattern"      // the text is not written as the mapping looks for it, extract(PATTERN) or addressPart(); a default may be given there
	CodeChecksum      = "field.checksum"           // the number breaks the standard that the mapping checks: a sign is wrong or missing
	CodeCompare       = "field.cannot-compare"     // values of different sorts are compared
	CodeDivide        = "field.division-by-zero"   // a division by zero
	CodeOutOfRange    = "field.out-of-range"       // an argument or number is out of range
	CodeNoSuchTime    = "field.no-such-time"       // the local time does not exist in its zone
	CodeAmbiguousTime = "field.ambiguous-time"     // clocks show the local time twice, which is no mistake in the form: it is parked as mapping.wrong; say in the mapping which is meant, parseDateTime(PATTERN, ZONE, "earlier") or "later"
	CodeShape         = "field.other-shape"        // a text or a number stands where the mapping reads a field of an object or an item of a list, or one of these for the other: it would be left out in silence, so it is parked as mapping.wrong; read both in the mapping, form.owner.name ?? form.owner, or have the sender send what was agreed
	CodeKeyChanged    = "field.key-changed"        // a setting (unmappable, overflow, round, precision) would change a value by which a row is found, so that forms with different values would have one row: it is parked as mapping.wrong; where one row is meant, write the change into the expression, transliterate(), substring() or round(), else take another key or a column that holds the value
	CodeRejected      = "field.rejected"           // the mapping itself refuses the value by fail()
)

// CodeLimit is nobody's mistake in the form.
const CodeLimit = "mapping.limit" // a form is larger, or makes more work, than a limit of its mapping allows; raise the key of input.limits that the message names, then inbasket retry --mapping NEW
