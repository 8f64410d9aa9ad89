package control

import (
	"io"
	"time"

	"github.com/inbasket/inbasket/agent/journal/restoring"
)

// BackupRequest asks for a backup.
type BackupRequest struct {
	By string `json:"by,omitempty"`

	To io.Writer `json:"-"` // an error after the first byte leaves a stream that no verification passes
}

// BackedUpRequest tells of a verified backup.
type BackedUpRequest struct {
	Made time.Time `json:"made"`
	By   string    `json:"by,omitempty"`
}

// RestoredRequest asks for the report of a restore.
type RestoredRequest struct {
	Again bool   `json:"again,omitempty"` // look for evidence anew, while the agent is held
	All   bool   `json:"all,omitempty"`   // list every lost submission, not the first hundred
	By    string `json:"by,omitempty"`
}

// EndHoldRequest carries what an operator decides about a restored journal.
type EndHoldRequest struct {
	Seqs            map[string]int64 `json:"seqs,omitempty"`            // last used batch number by target
	AcceptSeq       []string         `json:"acceptSeq,omitempty"`       // targets whose numbers are right as they are
	TrustAbsent     []string         `json:"trustAbsent,omitempty"`     // targets for which nothing there means nothing was delivered
	WithoutEvidence []string         `json:"withoutEvidence,omitempty"` // targets that could not be asked
	By              string           `json:"by,omitempty"`
}

// Restored is what is known about the time that a restored journal has lost.
type Restored struct {
	Held          bool      `json:"held"`
	Backup        time.Time `json:"backup"` // made then; what happened later is what this is about
	Restored      time.Time `json:"restored"`
	EvidenceFound time.Time `json:"gathered,omitzero"` // evidence was last looked for; zero: not yet
	Released      time.Time `json:"released,omitzero"`
	By            string    `json:"by,omitempty"` // who released it
	File          string    `json:"file"`         // base name of the backup
	Epoch         int64     `json:"epoch"`

	Targets      []RestoredTarget           `json:"targets"`
	Inbaskets    []RestoredSource           `json:"inbaskets"`
	Results      []RestoredSource           `json:"results"`
	FrontOffices []RestoredOffice           `json:"frontOffices"`
	Lost         int64                      `json:"lost"`             // submissions that targets have and this journal does not
	Back         int64                      `json:"back"`             // of them, those that came again
	Missing      []restoring.LostSubmission `json:"missing"`          // the first of those that did not, or all
	Orders       []RestoredOrder            `json:"orders,omitempty"` // of people after the backup, which the journal has forgotten
	Needs        []string                   `json:"needs,omitempty"`  // what must be said to release it
}

// What a target can tell about the lost time.
const (
	EvidenceLedger = "ledger" // everything it was given
	EvidenceFiles  = "files"  // what still lies there
	EvidenceNone   = "none"   // nothing by itself; what is unclear is looked up row by row, or parks
	EvidenceFailed = "failed" // it could not be asked
)

// RestoredTarget is what one target tells.
type RestoredTarget struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Evidence string   `json:"evidence"`
	Seen     int64    `json:"seen"`             // rows or files of ours
	Lost     int64    `json:"lost"`             // rows of submissions that the journal does not know
	Blind    int64    `json:"blind,omitempty"`  // of them, those without a digest: they cannot be known again
	Open     int64    `json:"open"`             // deliveries that the journal has as open
	Batch    bool     `json:"batch,omitempty"`  // it takes numbered batches
	LastSeq  int64    `json:"lastSeq"`          // last number in the backup, or in the journal that it replaced
	SeenSeq  int64    `json:"seenSeq"`          // highest number at the target
	KnownSeq int64    `json:"knownSeq"`         // highest number of a batch whose forms this journal knows
	GoneSeqs int64    `json:"goneSeqs"`         // how many numbers between lastSeq and seenSeq do not lie at the target
	Unsure   bool     `json:"unsure,omitempty"` // what is open and not there may have been delivered and taken
	Trouble  *Trouble `json:"trouble,omitempty"`
}

// RestoredSource is an in-basket or a source of results.
type RestoredSource struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Again   bool     `json:"again"` // what it gave in the lost time is read again after the release
	Count   int      `json:"count"` // how much that is, where it can be told
	Advice  string   `json:"advice,omitempty"`
	Trouble *Trouble `json:"trouble,omitempty"`
}

// RestoredOffice is what a front office has to do.
type RestoredOffice struct {
	Name   string `json:"name"`
	Advice string `json:"advice"`
}

// RestoredOrder is an order that a restored journal has forgotten: it was given after the backup was made, and is told
// by the audit log that the restore moved aside.
type RestoredOrder struct {
	At      time.Time         `json:"at"`
	Who     string            `json:"who"`
	Action  string            `json:"action"`
	Object  string            `json:"object,omitempty"` // submission, target or result
	Details map[string]string `json:"details,omitempty"`
}
