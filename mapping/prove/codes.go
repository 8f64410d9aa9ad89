package prove

// Codes of what a proof finds.
const (
	CodeRefuted  = "mapping.refuted"    // a form that the schema admits surely fails in the target: the message has the smallest; narrow the schema, convert or cut the value in the mapping, or widen the column
	CodeOpen     = "mapping.not-proved" // it is not sure that every form which the schema admits fits the target: the message says why; say the column's type in the mapping, or narrow the schema
	CodeSnapshot = "mapping.snapshot"   // the target's tables are no longer as the snapshot beside the mapping says; run inbasket snapshot, and look at what differs
)
