package control

import (
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/connectors"
)

// FormRequest asks for what a citizen wrote.
type FormRequest struct {
	ID         journal.ID `json:"id"`
	Attachment string     `json:"attachment,omitempty"` // its name; empty: the form itself
	By         string     `json:"by,omitempty"`
}

// Form is what a citizen wrote.
type Form struct {
	Name        string // of an attachment; empty for the form itself
	ContentType string
	Blob        connectors.Blob
}

// PurgeRequest says what to purge: some submissions, or with none everything that retention says.
type PurgeRequest struct {
	IDs    []journal.ID `json:"ids,omitempty"`
	DryRun bool         `json:"dryRun,omitempty"` // only say what would be purged
	Reason string       `json:"reason,omitempty"` // needed with IDs; it stays on record
	By     string       `json:"by,omitempty"`
}

// PurgeReport says what was purged, or would be.
type PurgeReport struct {
	DryRun       bool                  `json:"dryRun,omitempty"`
	Purged       int64                 `json:"purged"`
	Groups       []PurgeGroup          `json:"groups,omitempty"` // of a dry run, and of what retention purged
	Kept         []Settled             `json:"kept,omitempty"`   // named submissions that could not be purged, and why
	Dropped      int64                 `json:"dropped"`          // results that had been set aside
	Tombstones   int64                 `json:"tombstones"`       // that have expired
	Files        int64                 `json:"files"`            // removed from the content store
	FilesLater   int64                 `json:"filesLater"`       // too young to be removed safely, or held by a backup
	Overwritten  bool                  `json:"overwritten"`      // nothing of it is left in the journal's file
	Certificates []purging.Certificate `json:"certificates,omitempty"`
}

// PurgeGroup is one route's submissions in one state.
type PurgeGroup struct {
	Route  string        `json:"route"`
	State  journal.State `json:"state"`
	Keep   string        `json:"keep"` // how long they are kept, as the configuration says it
	Count  int64         `json:"count"`
	Oldest time.Time     `json:"oldest"` // end of the one that ended first
}

// CheckJournalRequest says how closely to look.
type CheckJournalRequest struct {
	Full    bool   `json:"full,omitempty"`    // every page and every index
	Content bool   `json:"content,omitempty"` // also read everything in the content store
	By      string `json:"by,omitempty"`
}

// CompactJournalRequest has the journal made small.
type CompactJournalRequest struct {
	By string `json:"by,omitempty"`
}
