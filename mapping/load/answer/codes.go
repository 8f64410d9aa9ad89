package answer

// Codes of problems of an answer section.
const (
	Code = "mapping.answer" // the answer section is wrong
)
