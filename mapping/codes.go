package mapping

// Codes of problems that check reports about a mapping file.
const (
	CodeSyntax               = "mapping.syntax"                  // an expression cannot be read; mend it where the caret points
	CodeUnknownName          = "mapping.unknown-name"            // an expression names something that is not in scope; see the suggestion
	CodeUnknownField         = "mapping.unknown-field"           // the form's JSON Schema has no such field; see the suggestion
	CodeUnknownHelper        = "mapping.unknown-helper"          // no helper of that name; see the suggestion
	CodeArguments            = "mapping.arguments"               // a helper got the wrong number or sort of arguments
	CodeShadow               = "mapping.shadow"                  // a name is already taken further out; choose another
	CodeUnusedField          = "mapping.unused-field"            // a form field is neither used nor listed under ignore; use it or ignore it
	CodeUnknownTarget        = "mapping.unknown-target"          // the agent's configuration has no such target
	CodeTargetKind           = "mapping.target-kind"             // the target cannot take what the write makes, such as a table in a folder
	CodeOneOf                = "mapping.one-of"                  // exactly one of table, layout, document, procedure must be given
	CodeProcedureUnsupported = "mapping.procedure-unsupported"   // this version does not call procedures yet; write to a table
	CodeReference            = "mapping.reference"               // a returned value is used before it exists, of many rows, or was not declared in returning
	CodeReferenceInside      = "mapping.reference-in-expression" // a value returned by the same target can only be a field's whole value
	CodeCycle                = "mapping.cycle"                   // targets wait for each other's returned values; break the circle
	CodeKey                  = "mapping.key"                     // key names a field that the write does not have, or is needed and missing
	CodeType                 = "mapping.type"                    // a field's type is not known or is wrong for the expression
	CodeLookupUnknown        = "mapping.unknown-lookup"          // no lookup of that name
	CodeLookupFile           = "mapping.lookup-file"             // a lookup's file cannot be used
	CodeLayoutUnknown        = "mapping.unknown-layout"          // no layout of that name
	CodeLayout               = "mapping.layout"                  // a layout is wrong
	CodeSchema               = "mapping.schema"                  // the JSON Schema cannot be used
	CodeFile                 = "mapping.file"                    // a file the mapping names cannot be read
	CodeValue                = "mapping.value"                   // a setting has a value that is not allowed
	CodeMissingKey           = "mapping.missing-key"             // a setting that must be there is missing
	CodeDuplicate            = "mapping.duplicate"               // the same name is given twice
	CodeList                 = "mapping.list"                    // each over something that is not declared as a list
	CodeAnswer               = "mapping.answer"                  // the answer section is wrong
	CodeConstant             = "mapping.constant"                // what does not depend on the form can only fail, or does not fit where it is written; mend it
	CodeNever                = "mapping.never"                   // no form could make this work: the sort of value is wrong; mend the expression or the field
)

// Codes of forms that are parked though nothing in them is wrong.
const (
	CodeWrong   = "mapping.wrong"        // the mapping is wrong, not the form: the message says where; mend it, then inbasket retry --mapping NEW
	CodeNothing = "form.nothing-written" // the mapping gives nothing for any target, so that nothing stands anywhere: a condition is never true, or a list is empty; mend the mapping and inbasket retry --mapping NEW, say nothing: allow in it, inbasket confirm it as done, or reject
	CodeLimit   = "mapping.limit"        // a form is larger, or makes more work, than a limit of its mapping allows; raise the key of input.limits that the message names, then inbasket retry --mapping NEW
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
	CodeRejected      = "field.rejected"           // the mapping itself refuses the value by fail()
)
