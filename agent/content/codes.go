package content

// CodeUnavailable is stable; docs/errors.md is generated from this file.
const (
	CodeUnavailable = "content.unavailable" // an attachment, document or sealed batch cannot be stored or read; look at the disk below state
)

// MaxSize bounds one attachment or document, in bytes; in-baskets have smaller bounds of their own.
const MaxSize = 4 << 30
