// Package control is how people give orders to a running agent: HTTP with JSON over a local socket that
// only the agent's own account (and, if configured, one group) may open. The operator's name comes from
// the operating system where it tells, never from the request alone.
package control

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/journal"
)

// Operator is what the agent does on order. Errors are best of type *Error; the journal's own errors
// are translated. All methods may be called concurrently.
type Operator interface {
	Viewer
	Clerk
	Sorter
	Keeper
	Overseer
	Archive
}

// Overseer looks at the agent itself: at who did what, and at how it does. What is done beside it is put on record here.
type Overseer interface {
	Auditor
	Physician
	Recorder
}

// Archive keeps what was, and lets go of it.
type Archive interface {
	Restorer
	Archivist
}

// Viewer shows how things stand and changes nothing.
type Viewer interface {
	Status(ctx context.Context) (Status, error)
	List(ctx context.Context, f journal.Filter) ([]journal.Entry, error)
	Show(ctx context.Context, id journal.ID) (journal.View, error)
	Batches(ctx context.Context, target string, openOnly bool) ([]journal.Batch, error)
}

// Clerk settles what a machine must not decide.
type Clerk interface {
	// Retry tries parked deliveries again, and answers for each submission.
	Retry(ctx context.Context, r RetryRequest) ([]Settled, error)
	// Release lets parked submissions go on as they are.
	Release(ctx context.Context, r ReleaseRequest) ([]Settled, error)
	// Reject ends a submission; refused when it is partly delivered, unless Force is set.
	Reject(ctx context.Context, r RejectRequest) (Settled, error)
	// Confirm takes as delivered what a person has found in a target.
	Confirm(ctx context.Context, r ConfirmRequest) (Settled, error)
	// Decide records a person's decision. Documents are read one after the other, each to its end.
	Decide(ctx context.Context, r DecideRequest, documents iter.Seq2[Document, error]) (Settled, error)
}

// Keeper keeps the agent and its targets going.
type Keeper interface {
	Pause(ctx context.Context, r PauseRequest) error
	// Redeliver delivers again what a target has lost; with DryRun it says what it would do.
	Redeliver(ctx context.Context, r RedeliverRequest) (RedeliverReport, error)
	Void(ctx context.Context, r VoidRequest) error
	// Reload changes over to the configuration file as it is now, or leaves everything as it is.
	Reload(ctx context.Context, r ReloadRequest) (ReloadReport, error)
}

// RetryRequest names submissions, or selects all parked ones of a target, a route or with a code.
type RetryRequest struct {
	IDs     []journal.ID `json:"ids,omitempty"`
	Target  string       `json:"target,omitempty"`
	Route   string       `json:"route,omitempty"`
	Code    string       `json:"code,omitempty"`
	Mapping bool         `json:"mapping,omitempty"` // pin them to the mapping that is in force now
	By      string       `json:"by,omitempty"`
}

// ReleaseRequest names submissions.
type ReleaseRequest struct {
	IDs []journal.ID `json:"ids"`
	By  string       `json:"by,omitempty"`
}

// ConfirmRequest names a parked delivery, or with Seq a batch that is held.
type ConfirmRequest struct {
	ID     journal.ID `json:"id,omitzero"`
	Target string     `json:"target"`
	Seq    int64      `json:"seq,omitempty"`
	Reason string     `json:"reason"` // what was found; it stays on record
	By     string     `json:"by,omitempty"`
}

// RejectRequest rejects one submission.
type RejectRequest struct {
	ID     journal.ID `json:"id"`
	Reason string     `json:"reason"` // the front office reads it
	Force  bool       `json:"force,omitempty"`
	By     string     `json:"by,omitempty"`
}

// DecideRequest is a person's decision.
type DecideRequest struct {
	ID         journal.ID `json:"id"`
	Outcome    string     `json:"outcome"` // approved, refused, or another word of the mapping
	CaseNumber string     `json:"caseNumber,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	By         string     `json:"by,omitempty"`
}

// Document is one document of a decision. Body is valid until the next one is asked for.
type Document struct {
	Name        string // base name
	ContentType string
	Body        io.Reader
}

// PauseRequest pauses a target or lets it go on.
type PauseRequest struct {
	Target string `json:"target"`
	Paused bool   `json:"paused"`
	Reason string `json:"reason,omitempty"`
	By     string `json:"by,omitempty"`
}

// RedeliverRequest delivers again to one target what it got since a time.
type RedeliverRequest struct {
	Target string    `json:"target"`
	Since  time.Time `json:"since"`
	DryRun bool      `json:"dryRun,omitempty"`
	By     string    `json:"by,omitempty"`
}

// RedeliverReport says what Redeliver did or would do.
type RedeliverReport struct {
	Target string          `json:"target"`
	Count  int64           `json:"count"`
	Sample []journal.Entry `json:"sample,omitempty"` // the first of them
	Done   bool            `json:"done"`             // false: a dry run
	Note   string          `json:"note,omitempty"`   // such as that the target's ledger will recognise what it still has
}

// VoidRequest gives up the number of a sealed batch that cannot go.
type VoidRequest struct {
	Target string `json:"target"`
	Seq    int64  `json:"seq"`
	Reason string `json:"reason"`
	By     string `json:"by,omitempty"`
}

// ReloadRequest reloads the configuration.
type ReloadRequest struct {
	Force bool   `json:"force,omitempty"` // targets with open deliveries may be re-pointed or removed
	By    string `json:"by,omitempty"`
}

// ReloadReport says what changed.
type ReloadReport struct {
	Changes  []config.Change `json:"changes"`
	Warnings string          `json:"warnings,omitempty"` // formatted like the problems of check
}

// Settled says what became of one submission.
type Settled struct {
	ID      journal.ID `json:"id,omitzero"`
	State   string     `json:"state,omitempty"`   // afterwards
	Targets []string   `json:"targets,omitempty"` // that it is delivered to now, or that have it already
	Error   *Error     `json:"error,omitempty"`   // nil: done
}
