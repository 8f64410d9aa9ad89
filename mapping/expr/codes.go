package expr

// Codes of problems of an expression.
const (
	CodeSyntax          = "mapping.syntax"                  // an expression cannot be read; mend it where the caret points
	CodeUnknownName     = "mapping.unknown-name"            // an expression names something that is not in scope; see the suggestion
	CodeUnknownHelper   = "mapping.unknown-helper"          // no helper of that name; see the suggestion
	CodeArguments       = "mapping.arguments"               // a helper got the wrong number or sort of arguments
	CodeReference       = "mapping.reference"               // a returned value is used before it exists, of many rows, was not declared in returning, or its write makes no record for a form; give what needs it the same when
	CodeReferenceInside = "mapping.reference-in-expression" // a value returned by the same target can only be a field's whole value
	CodeLookupUnknown   = "mapping.unknown-lookup"          // no lookup of that name
	CodeValue           = "mapping.value"                   // a setting has a value that is not allowed
	CodeConstant        = "mapping.constant"                // what does not depend on the form can only fail, or does not fit where it is written; mend it
	CodeNever           = "mapping.never"                   // no form could make this work, or this condition true; mend the expression, the field or the form's schema
	CodeLimit           = "mapping.limit"                   // a form is larger, or makes more work, than a limit of its mapping allows; raise the key of input.limits that the message names, then inbasket retry --mapping NEW
)

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
	CodeCompare       = "field.cannot-compare"     // values of different sorts are compared
	CodeDivide        = "field.division-by-zero"   // a division by zero
	CodeOutOfRange    = "field.out-of-range"       // an argument or number is out of range
	CodeNoSuchTime    = "field.no-such-time"       // the local time does not exist in its zone
	CodeAmbiguousTime = "field.ambiguous-time"     // clocks show the local time twice, which is no mistake in the form: it is parked as mapping.wrong; say in the mapping which is meant, parseDateTime(PATTERN, ZONE, "earlier") or "later"
	CodeShape         = "field.other-shape"        // a text or a number stands where the mapping reads a field of an object or an item of a list, or one of these for the other: it would be left out in silence, so it is parked as mapping.wrong; read both in the mapping, form.owner.name ?? form.owner, or have the sender send what was agreed
	CodeRejected      = "field.rejected"           // the mapping itself refuses the value by fail()
)
