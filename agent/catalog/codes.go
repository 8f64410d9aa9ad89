package catalog

// Codes of what is wrong with a configuration and its mappings together.
const (
	CodeDoubles      = "route.doubles"        // front offices post by this route, and nothing tells a form that they post again from a new one: name input.reference or input.same in its mapping
	CodeSameRows     = "route.same-results"   // two mappings ask one target for the same rows of results, and whichever is quicker takes them; tell the rows apart by the where of both queries, or use one mapping for both routes
	CodeSameName     = "route.same-mapping"   // two mapping files of one name ask a target for different results, and only one of both is asked; give each a name of its own
	CodeOpen         = "config.open"          // a connector of the configuration cannot be opened; the message says which and why
	CodeMappingTwice = "config.mapping-twice" // two mapping files that differ have one name and version; give one of them another name
	CodeMappingFile  = "config.mapping-file"  // the mapping file of a route cannot be read; mend its path or rights
)
