package source

// Codes of what a mapping file lacks.
const (
	CodeFormat     = "mapping.format"      // fmt would change what the mapping says, as where an anchor would come to stand behind its alias; put its keys in order by hand
	CodeMissingKey = "mapping.missing-key" // a setting that must be there is missing
)
