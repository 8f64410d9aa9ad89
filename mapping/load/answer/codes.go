package answer

// Codes of problems of an answer section.
const (
	CodeAnswer = "mapping.answer" // the answer section is wrong
)
