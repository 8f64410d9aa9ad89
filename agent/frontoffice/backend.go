package frontoffice

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/telling"
	"github.com/inbasket/inbasket/connectors"
)

// Submitter accepts forms; the agent's flow implements it.
type Submitter interface {
	// Submit returns once the submission is durably accepted, or known from before. A *Problem is told
	// to the front office; any other error means that it is unknown whether the form was accepted, and
	// the front office is asked to repeat.
	Submit(ctx context.Context, office string, in Incoming) (Receipt, error)
}

// Incoming is one form as a front office sent it.
type Incoming struct {
	Route          string // the query parameter route; empty: not given
	ContentType    string // of the form; a media type with its parameters
	Form           []byte
	Attachments    []connectors.Attachment // already in the content store, digests set
	IdempotencyKey string                  // empty: not given
	Over           *Problem                // not nil: only a known form is taken, any other is refused with this
}

// Receipt says what became of an Incoming.
type Receipt struct {
	ID        journal.ID
	Verdict   connectors.Verdict // Taken, Repeat or Conflict
	State     journal.State
	Reference string // as the form has it; may be empty
	On        string // for Conflict: "reference", "idempotency-key" or "route"
}

// Journal is what the API reads; see JournalOf. Unknown IDs give journal.ErrNotFound.
type Journal interface {
	// Standing returns where a submission stands, without its deliveries and its timeline.
	Standing(ctx context.Context, id journal.ID) (journal.View, error)
	EventsOf(ctx context.Context, id journal.ID) ([]journal.Event, error)
	Documents(ctx context.Context, id journal.ID) ([]journal.File, error)
	// Posted counts the forms that a front office has posted since, and the bytes of them and their attachments.
	Posted(ctx context.Context, office string, since time.Time) (forms, bytes int64, err error)
	// OpenOf counts submissions of routes that are accepted or parked.
	OpenOf(ctx context.Context, routes []string) (int64, error)
	Stream
}

// Stream is the part of the journal that events are read from.
type Stream interface {
	// Events returns events of an office after a position, and the position to go on from.
	Events(ctx context.Context, office string, after int64, limit int) ([]journal.Event, int64, error)
	// Watch returns a channel that is closed when the submission has moved or, with ID 0, the office has another event.
	Watch(office string, id journal.ID) (news <-chan struct{}, stop func())
	Ack(ctx context.Context, office, cursor string, seq int64) error
	Cursor(ctx context.Context, office, name string) (int64, error)
	Positions
}

// Positions names positions in the stream of events, so that no front office learns how many events others have.
type Positions interface {
	Hide(seq int64) [16]byte
	// Pseudonym names a text for ever, so that nobody else can.
	Pseudonym(text string) [16]byte
	Reveal(name [16]byte) (seq int64, ok bool)
	Clear() int64 // up to here positions were told as numbers
}

// JournalOf returns what the API reads of a journal.
func JournalOf(j *journal.Journal) Journal {
	return struct {
		*journal.Journal
		reading.Submissions
		deciding.Decisions
		telling.Stream
	}{j, reading.Of(j), deciding.Of(j), telling.Of(j)}
}

// Content keeps attachments and documents; *content.Store implements it.
type Content interface {
	// Put stores what r gives, durably, at most limit bytes.
	Put(ctx context.Context, r io.Reader, limit int64) (connectors.Blob, error)
	// Open returns what was stored.
	Open(d connectors.Digest) (io.ReadSeekCloser, error)
}

// Limits bound what one front office can make the agent do.
type Limits struct {
	Form        int64         // bytes of a form
	Attachment  int64         // bytes of one attachment
	Request     int64         // bytes of a whole request
	Attachments int           // attachments of a form
	Requests    int           // forms at once, and as many other requests; long polls are not counted
	Polls       int           // long polls at once; further ones without news are asked to come later
	Memory      int64         // bytes of all forms that are being received
	Wait        time.Duration // longest long poll
	Idle        time.Duration // longest pause within a body
}

// DefaultLimits returns the limits that hold unless the configuration says otherwise.
func DefaultLimits() Limits {
	return Limits{Form: 10 << 20, Attachment: 100 << 20, Request: 256 << 20, Attachments: 50,
		Requests: 64, Polls: 4096, Memory: 64 << 20, Wait: time.Minute, Idle: 20 * time.Second}
}

// ContentOf makes the agent's content store fit the API.
func ContentOf(s *content.Store) Content { return store{s} }

type store struct{ s *content.Store }

func (s store) Put(ctx context.Context, r io.Reader, limit int64) (connectors.Blob, error) {
	return s.s.Put(ctx, r, limit)
}

func (s store) Open(d connectors.Digest) (io.ReadSeekCloser, error) {
	f, err := s.s.Open(d)
	if errors.Is(err, content.ErrNotFound) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}
