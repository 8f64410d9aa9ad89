package decisions

// Codes of what is said of results. Each is stable; docs/errors.md is generated from this file.
const (
	CodeResult   = "result.unreadable"   // a result of the back office cannot be understood; it is kept and parked
	CodeMissing  = "result.missing-name" // a name in the mapping's answer is not in the result; nothing is told or marked: mend the mapping or the query and reload, and write NAME ?? nil for a field of an answer file that may be missing
	CodeTwice    = "result.twice"        // the lines of one answer file say different things under one ID; they wait for a person: have the office write one line for each decision, or name in answer.id what tells them apart
	CodeDocument = "result.document"     // a document of a decision is not there, cannot be read or is too large; the decision waits for a person: inbasket results
)
