package helpers

// Codes of problems of a call.
const (
	CodeArguments     = "mapping.arguments"      // a helper got the wrong number or sort of arguments
	CodeLookupUnknown = "mapping.unknown-lookup" // no lookup of that name
)
