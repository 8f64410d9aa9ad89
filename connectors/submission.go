package connectors

import (
	"bytes"
	"crypto/sha256"
	"io"
	"time"
)

// Digest is the SHA-256 of some bytes.
type Digest [32]byte

// Blob is content that can be opened again and again: an attachment, a document, a form file.
type Blob struct {
	Digest Digest // of the whole content; zero while unknown
	Size   int64  // bytes
	Open   func() (io.ReadCloser, error)
}

// BytesBlob returns a blob over b, which must not change afterwards.
func BytesBlob(b []byte) Blob {
	return Blob{Digest: sha256.Sum256(b), Size: int64(len(b)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// Attachment is a file that came with a form or with a decision.
type Attachment struct {
	Name        string // as the sender named it, base name only; sanitised, valid UTF-8
	ContentType string // MIME type, empty when unknown
	Blob        Blob
}

// Submission is one e-form with its attachments, as it lies in an in-basket.
type Submission struct {
	Handle      string       // names the item to Settle; opaque to the agent
	Transport   string       // the transport's own identity: file name, message ID; the reference if the form has none
	ContentType string       // MIME type if the transport knows it
	Form        []byte       // the form's bytes, at most the in-basket's size limit
	Attachments []Attachment // re-openable until settled
	At          time.Time    // when the in-basket got it, if it knows
}

// Result is what the back office says about a submission, as its source gives it. The agent finds the
// submission and the meaning by the mapping's answer section.
type Result struct {
	Handle    string           // names the item to Settle
	ID        string           // the result's own identity; a second decision is a second result
	Also      []string         // other spellings of ID: of the same value in a column of another type, or as it was written once
	Fields    map[string]Value // the row of a query; nil for a file
	File      string           // base name of an answer file; empty for a row
	Content   []byte           // bytes of an answer file, for the agent to decode
	Documents []Attachment     // files beside an answer file; documents of a row are Binary values
	At        time.Time        // when the source got it, if it knows
	Still     func() bool      // whether an answer file still lies there as it was read: else Documents may be another one's; nil: it does
	Gap       bool             // documents lie behind a number that is missing, and are not among Documents
	Trouble   error            // why it cannot be taken as it is; it waits alone, and is set aside in the end
}

// Question is how a mapping asks a target for results.
type Question struct {
	Query  string   // returns one row a result; for files unused
	ID     []string // columns that make up Result.ID
	Mark   string   // statement run by Settle, with :NAME for columns of the row
	Again  string   // like Query, for rows that were marked since :since; empty: they cannot be asked for
	Every  time.Duration
	Binary []string // columns whose content is a document
	Reads  []string // columns that the mapping reads: a row says something else when one of them does
}

// Event is one entry of a submission's history, as a front office reads it.
type Event struct {
	ID         string         // for life; the same on every attempt
	Seq        int64          // position in the front office's stream
	Submission string         // the submission's ID
	Reference  string         // the sender's reference
	Type       string         // accepted, delivered, decided, rejected, overdue
	At         time.Time      // when it was journaled
	Data       map[string]any // small and flat; JSON values
}
