package source

// Codes of what a mapping file lacks.
const (
	CodeMissingKey = "mapping.missing-key" // a setting that must be there is missing
)
