// Package control is how people give orders to a running agent: HTTP with JSON over a local socket that
// only the agent's own account (and, if configured, one group) may open. The operator's name comes from
// the operating system where it tells, never from the request alone.
package control

import (
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/journal"
)

// ListRequest selects submissions: journal.Filter on the way, where a zero ID is no ID. Who asks for a key is put on record.
type ListRequest struct {
	State     journal.State    `json:"state,omitzero"`
	Route     string           `json:"route,omitzero"`
	Target    string           `json:"target,omitzero"`
	Progress  journal.Progress `json:"progress,omitzero"`
	Office    string           `json:"office,omitzero"`
	Reference string           `json:"reference,omitzero"`
	Key       string           `json:"key,omitzero"`
	Value     string           `json:"value,omitzero"`
	Since     time.Time        `json:"since,omitzero"`
	Until     time.Time        `json:"until,omitzero"`
	After     journal.ID       `json:"after,omitzero"`
	Limit     int              `json:"limit,omitzero"`
	By        string           `json:"by,omitempty"`
}

// Filter is the request as the journal takes it.
func (r ListRequest) Filter() journal.Filter {
	return journal.Filter{State: r.State, Route: r.Route, Target: r.Target, Progress: r.Progress, Office: r.Office, Reference: r.Reference,
		Key: r.Key, Value: r.Value, Since: r.Since, Until: r.Until, After: r.After, Limit: r.Limit}
}

// ShowRequest asks for one submission; with Raw also for what systems said in their own words, which goes on record.
type ShowRequest struct {
	ID  journal.ID `json:"id"`
	Raw bool       `json:"raw,omitempty"`
	By  string     `json:"by,omitempty"`
}

// BatchesRequest asks for the sealed batches of a target; of all targets when it is empty.
type BatchesRequest struct {
	Target string `json:"target"`
	Open   bool   `json:"open"`
}

// Nothing is asked, or answered.
type Nothing struct{}

// RetryRequest names submissions, or selects all parked ones of a target, a route or with a code. What may be at a target
// already is tried again only where that target is named.
type RetryRequest struct {
	IDs     []journal.ID `json:"ids,omitempty"`
	Target  string       `json:"target,omitempty"` // also what may be there already
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

	Force    bool              `json:"force,omitempty"`    // also a value that another submission has
	Returned map[string]string `json:"returned,omitempty"` // what the target gave the row, by WRITE.COLUMN of the mapping
}

// Said is what the person says that the target returned, as it stands on record.
func (r ConfirmRequest) Said() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(r.Returned)) {
		pairs = append(pairs, name+"="+r.Returned[name])
	}
	return strings.Join(pairs, " ")
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

	Documents iter.Seq2[Document, error] `json:"-"` // read one after the other, each to its end
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
	Force  bool      `json:"force,omitempty"` // also what a person has confirmed
	By     string    `json:"by,omitempty"`
}

// RedeliverReport says what Redeliver did or would do.
type RedeliverReport struct {
	Target string          `json:"target"`
	Count  int64           `json:"count"`
	Sample []journal.Entry `json:"sample,omitempty"` // the first of them
	Done   bool            `json:"done"`             // false: a dry run
	Left   int64           `json:"left,omitempty"`   // that a person has confirmed, and that are left out
	Note   string          `json:"note,omitempty"`   // such as that the target's ledger will recognise what it still has
}

// VoidRequest gives up the number of a sealed batch that cannot go.
type VoidRequest struct {
	Target string `json:"target"`
	Seq    int64  `json:"seq"`
	Reason string `json:"reason"`
	By     string `json:"by,omitempty"`
}

// SequenceRequest says that numbers up to Last of a series are given; the next one is one higher.
type SequenceRequest struct {
	Series string `json:"series"`
	Last   int64  `json:"last"`
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
