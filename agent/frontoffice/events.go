package frontoffice

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"net/http"
	"strconv"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

// Event is one entry of a submission's history.
type Event struct {
	ID         string         `json:"id" doc:"for life; the same in webhook-id; drop events whose id you know" example:"evt_0A1B2C3D4E5F6_9b2f6c1d0e7a48c35f60b1d2e3f4a596"`
	Cursor     string         `json:"cursor" doc:"position right after this event"`
	Type       string         `json:"type" enum:"accepted,delivered,decided,rejected,overdue" doc:"what happened"`
	Time       time.Time      `json:"time" doc:"when it was recorded"`
	Submission string         `json:"submission" doc:"the submission's ID"`
	Reference  string         `json:"reference,omitempty" doc:"the sender's own reference"`
	Final      bool           `json:"final" doc:"nothing more is expected; a second decision may come all the same"`
	Data       map[string]any `json:"data,omitempty" doc:"decided: outcome, status, caseNumber, reason, documents; rejected: errors"`
}

// Events is a page of events.
type Events struct {
	Events []Event `json:"events" nullable:"false" doc:"in the order in which they were recorded; may be empty"`
	Next   string  `json:"next" doc:"where to go on: the parameter after of the next request"`
}

type eventsInput struct {
	After  string `query:"after" maxLength:"100" doc:"cursor of the last page; without it from the first event"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"events a page, at most"`
	Prefer string `header:"Prefer" doc:"wait=N waits up to N seconds for an event" example:"wait=30"`
}

type eventsOutput struct {
	Applied string `header:"Preference-Applied"`
	Body    Events
}

// events is GET /v1/events. Reading changes nothing; the cursor of a page is the end of that page.
func (a *API) events(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	q := callOf(ctx)
	after, err := a.read(q.office, in.After)
	if err != nil {
		return nil, err
	}
	out := &eventsOutput{Body: Events{Events: []Event{}}}
	out.Applied, err = a.poll(ctx, q, 0, func() (bool, error) {
		list, next, err := a.journal.Events(ctx, q.office, after, in.Limit)
		if err != nil {
			return false, err
		}
		after = max(after, next)
		for _, e := range list {
			out.Body.Events = append(out.Body.Events, a.event(q.office, e))
		}
		return len(list) > 0, nil
	})
	if err != nil {
		return nil, a.readProblem(err)
	}
	out.Body.Next = a.cursorAt(q.office, after)
	return out, nil
}

type historyInput struct {
	ID string `path:"id" maxLength:"40" doc:"the submission's ID"`
}

type historyOutput struct {
	Body struct {
		Events []Event `json:"events" nullable:"false" doc:"all events of the submission so far"`
	}
}

// history is GET /v1/submissions/{id}/events.
func (a *API) history(ctx context.Context, in *historyInput) (*historyOutput, error) {
	q := callOf(ctx)
	id, p := parseID(in.ID)
	if p != nil {
		return nil, p
	}
	if _, err := a.own(ctx, q.office, id); err != nil {
		return nil, a.readProblem(err)
	}
	list, err := a.journal.EventsOf(ctx, id)
	if err != nil {
		return nil, a.readProblem(err)
	}
	out := &historyOutput{}
	out.Body.Events = []Event{}
	for _, e := range list {
		out.Body.Events = append(out.Body.Events, a.event(q.office, e))
	}
	return out, nil
}

func (a *API) event(office string, e journal.Event) Event {
	return Event{ID: EventID(a.journal, e), Cursor: a.cursorAt(office, e.Seq), Type: e.Type, Time: e.At.UTC(),
		Submission: e.ID.String(), Reference: e.Reference, Final: e.Final, Data: e.Data}
}

// EventID returns an event's ID for life, the same when polled and pushed. It has no full stop in it, and tells nothing of
// how many events there are.
func EventID(p Positions, e journal.Event) string {
	if e.Seq <= p.Clear() {
		return "evt_" + e.ID.String() + "_" + strconv.FormatInt(e.Seq, 10) // it may have been told so
	}
	name := p.Hide(e.Seq)
	return "evt_" + e.ID.String() + "_" + hex.EncodeToString(name[:])
}

// Cursor is a named position that a front office has acknowledged.
type Cursor struct {
	Name   string `json:"name" doc:"the front office's own name for it"`
	Cursor string `json:"cursor" doc:"everything up to here is acknowledged"`
}

type cursorInput struct {
	Name string `path:"name" pattern:"^[a-z0-9][a-z0-9._-]{0,63}$" doc:"the front office's own name for the cursor" example:"portal"`
}

type ackInput struct {
	Name string `path:"name" pattern:"^[a-z0-9][a-z0-9._-]{0,63}$" doc:"the front office's own name for the cursor" example:"portal"`
	Body struct {
		Cursor string `json:"cursor" maxLength:"100" doc:"a cursor from a page or an event: everything up to it has been dealt with"`
	}
}

type cursorOutput struct{ Body Cursor }

// ack is PUT /v1/cursors/{name}. A cursor never moves back; the answer says where it stands.
func (a *API) ack(ctx context.Context, in *ackInput) (*cursorOutput, error) {
	q := callOf(ctx)
	if in.Body.Cursor == "" {
		return nil, badCursor()
	}
	seq, err := a.read(q.office, in.Body.Cursor)
	if err != nil {
		return nil, err
	}
	if err := a.journal.Ack(ctx, q.office, in.Name, seq); err != nil {
		return nil, a.readProblem(err)
	}
	return a.cursor(ctx, &cursorInput{Name: in.Name})
}

// cursor is GET /v1/cursors/{name}; one that was never set stands at the start.
func (a *API) cursor(ctx context.Context, in *cursorInput) (*cursorOutput, error) {
	q := callOf(ctx)
	seq, err := a.journal.Cursor(ctx, q.office, in.Name)
	if err != nil {
		return nil, a.readProblem(err)
	}
	return &cursorOutput{Body: Cursor{Name: in.Name, Cursor: a.cursorAt(q.office, seq)}}, nil
}

// read reads a cursor of a front office; the empty one is the start. That of another one is as good as none. A cursor of another
// epoch is refused: the journal was restored from a backup, so that its positions may mean other events now.
func (a *API) read(office, cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	c, ok := decodeCursor(a.sealFor(office), cursor)
	if !ok {
		return 0, badCursor()
	}
	if c.epoch != a.epoch() {
		return 0, problem(http.StatusGone, CodeCursorEpoch, "the journal was restored from a backup since; read again from the start, without after, and drop events whose id you know")
	}
	if c.clear {
		if c.seq > a.journal.Clear() { // nobody was ever given it
			return 0, badCursor()
		}
		return c.seq, nil
	}
	seq, ok := a.journal.Reveal(c.name)
	if !ok {
		return 0, badCursor()
	}
	return seq, nil
}

func badCursor() *Problem {
	p := problem(http.StatusBadRequest, CodeCursor, "the cursor was not made by this API")
	return p
}

// cursorAt names a position for a front office.
func (a *API) cursorAt(office string, seq int64) string {
	return encodeCursor(a.sealFor(office), a.epoch(), a.journal.Hide(seq))
}

// seal gives what proves that a cursor was made for a front office.
type seal func(body []byte) []byte

func (a *API) sealFor(office string) seal {
	return func(body []byte) []byte {
		name := a.journal.Pseudonym("cursor of " + strconv.Quote(office) + string(body))
		return name[:8]
	}
}

// encodeCursor packs epoch and the opaque name of a position under a seal: base64url of version, varint, name, seal.
func encodeCursor(by seal, epoch int64, name [16]byte) string {
	b := []byte{3}
	b = binary.AppendUvarint(b, uint64(epoch))
	b = append(b, name[:]...)
	return base64.RawURLEncoding.EncodeToString(append(b, by(b)...))
}

// position is what a cursor holds.
type position struct {
	epoch int64
	name  [16]byte
	clear bool  // it is of version 1, which had the position as a number; neither that nor version 2 knew for whom it was
	seq   int64 // then
}

func decodeCursor(by seal, s string) (p position, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < 7 || b[0] < 1 || b[0] > 3 || b[0] == 3 && len(b) < 11 {
		return p, false
	}
	end := len(b) - 4
	if b[0] == 3 {
		end = len(b) - 8
	}
	body := b[:end]
	if b[0] == 3 && !hmac.Equal(b[end:], by(body)) || b[0] < 3 && crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(b[end:]) {
		return p, false
	}
	e, n := binary.Uvarint(body[1:])
	if n <= 0 || e > 1<<62 {
		return p, false
	}
	p.epoch = int64(e)
	rest := body[1+n:]
	if p.clear = b[0] == 1; !p.clear {
		return p, copy(p.name[:], rest) == len(rest) && len(rest) == len(p.name)
	}
	q, m := binary.Uvarint(rest)
	p.seq = int64(q)
	return p, m == len(rest) && m > 0 && q <= 1<<62
}
