package expr

// Codes of problems of an expression.
const (
	CodeSyntax          = "mapping.syntax"                  // an expression cannot be read; mend it where the caret points
	CodeUnknownName     = "mapping.unknown-name"            // an expression names something that is not in scope; see the suggestion
	CodeUnknownHelper   = "mapping.unknown-helper"          // no helper of that name; see the suggestion
	CodeReference       = "mapping.reference"               // a returned value is used before it exists, of many rows, was not declared in returning, or its write makes no record for a form; give what needs it the same when
	CodeReferenceInside = "mapping.reference-in-expression" // a value returned by the same target can only be a field's whole value
	CodeCyclic          = "mapping.cyclic-helper"           // helpers of the mapping call each other in a circle, or far too often; write the expression out where it is needed
	CodeValue           = "mapping.value"                   // a setting has a value that is not allowed
	CodeConstant        = "mapping.constant"                // what does not depend on the form can only fail, or does not fit where it is written; mend it
	CodeCentury         = "mapping.century"                 // a date of the form's is written or read in two digits of its year, which mean 1950 to 2049; use four, name the years in parseDate, or formatDate("yyyyMMdd") | substring(2) where the century may go
	CodeNever           = "mapping.never"                   // no form could make this work, or this condition true; mend the expression, the field or the form's schema
)
