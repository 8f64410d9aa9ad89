package diag

// Codes of problems that any YAML file of Inbasket can have.
const (
	CodeSyntax     = "yaml.syntax"        // the file is not valid YAML; mend the line that is shown
	CodeDuplicate  = "yaml.duplicate-key" // a key stands twice in one block; remove one of the two
	CodeTooLarge   = "yaml.too-large"     // the file is larger, deeper or expands to more than any sensible file; split it
	CodeAlias      = "yaml.alias"         // an alias (*name) names no anchor, or itself; write the value out
	CodeFeature    = "yaml.feature"       // a feature of YAML that Inbasket does not read, such as merge keys and tags; write the value out
	CodeUnknownKey = "yaml.unknown-key"   // a key that is not known at this place; correct its spelling or remove it
	CodeMissingKey = "yaml.missing-key"   // a key that must be there is not; add it
	CodeType       = "yaml.type"          // a value of another kind than the key takes; write it as the message says
	CodeValue      = "yaml.value"         // a value that cannot be read as what the key takes, such as a duration; write it as the message says
)
