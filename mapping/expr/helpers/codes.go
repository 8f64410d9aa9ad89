package helpers

// Codes of problems of a call.
const (
	CodeArguments     = "mapping.arguments"      // a helper got the wrong number or sort of arguments
	CodePattern       = "mapping.pattern"        // a regular expression (RE2) of the mapping cannot be read; mend it where the message points
	CodeLookupUnknown = "mapping.unknown-lookup" // no lookup of that name
)
