package load

// Codes of problems that check reports about a mapping file.
const (
	CodeUnknownField  = "mapping.unknown-field"  // the form's JSON Schema has no such field; see the suggestion
	CodeShadow        = "mapping.shadow"         // a name is already taken further out; choose another
	CodeUnusedField   = "mapping.unused-field"   // a form field is neither used nor listed under ignore; use it or ignore it
	CodeUnknownTarget = "mapping.unknown-target" // the agent's configuration has no such target
	CodeTargetKind    = "mapping.target-kind"    // the target cannot take what the write makes, such as a table in a folder
	CodeOneOf         = "mapping.one-of"         // exactly one of table, layout, document, procedure must be given
	CodeCycle         = "mapping.cycle"          // targets wait for each other's returned values; break the circle
	CodePart          = "mapping.part"           // a part of another file cannot be used: there is none of that name, its parameters are others, or parts use each other without end
	CodeCircle        = "mapping.circle"         // names of let are made of each other; break the circle
	CodeIdle          = "mapping.idle"           // a let, lookup, layout or list that nothing uses, or a write that no case of tests looks at; use it, remove it, or add a case
	CodeKey           = "mapping.key"            // key names a field that the write does not have, or is needed and missing
	CodeMissingList   = "mapping.missing-list"   // a form without the list of each deletes the rows of its key, as an empty list does; say by onMissing what is meant
	CodeType          = "mapping.type"           // a field's type is not known or is wrong for the expression
	CodeLookupFile    = "mapping.lookup-file"    // a lookup's file cannot be used
	CodeLayoutUnknown = "mapping.unknown-layout" // no layout of that name
	CodeLayout        = "mapping.layout"         // a layout is wrong
	CodeFile          = "mapping.file"           // a file the mapping names cannot be read
	CodeDuplicate     = "mapping.duplicate"      // the same name is given twice
)
