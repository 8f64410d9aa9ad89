package control

import (
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

// Status is how the agent stands.
type Status struct {
	Running       bool                    `json:"running"` // false: read from the journal of a stopped agent
	Version       string                  `json:"version,omitempty"`
	Agency        string                  `json:"agency"`
	PID           int                     `json:"pid,omitempty"`
	Started       time.Time               `json:"started,omitzero"`
	Loaded        time.Time               `json:"loaded,omitzero"` // when the configuration in force was loaded
	Config        string                  `json:"config,omitempty"`
	FrontOffice   string                  `json:"frontOffice,omitempty"` // address that front offices use
	Monitor       string                  `json:"monitor,omitempty"`
	Epoch         int64                   `json:"epoch"`
	Journal       *Trouble                `json:"journal,omitempty"` // why the journal cannot be written
	Space         *Trouble                `json:"space,omitempty"`   // why posted forms are refused: the disk is nearly full
	Held          *Trouble                `json:"held,omitempty"`    // restored from a backup and not released: nothing is taken, delivered or told
	Backup        time.Time               `json:"backup,omitzero"`   // when the last verified backup was made
	States        map[journal.State]int64 `json:"states"`
	Inbaskets     []SourceStatus          `json:"inbaskets"`
	Targets       []TargetStatus          `json:"targets"`
	Results       []SourceStatus          `json:"results"`
	FrontOffices  []OfficeStatus          `json:"frontOffices"`
	Routes        []journal.RouteSummary  `json:"routes"`
	Orphans       int64                   `json:"orphans"`       // results that fit no submission
	ParkedResults int64                   `json:"parkedResults"` // results that wait for a person
	ParkedLate    int64                   `json:"parkedLate"`    // submissions that are delivered or decided, of which something is parked
	Notices       []Notice                `json:"notices,omitempty"`
	Stuck         []Trouble               `json:"stuck,omitempty"` // parts of the agent that make no progress
}

// Trouble says what is wrong with something, and since when. It is nil when nothing is.
type Trouble struct {
	Code    string    `json:"code"`
	Text    string    `json:"text,omitempty"` // safe to show
	Next    string    `json:"next,omitempty"` // what to do
	Since   time.Time `json:"since,omitzero"`
	RetryAt time.Time `json:"retryAt,omitzero"`
	Count   int       `json:"count,omitempty"` // failures in a row
}

// SourceStatus is an in-basket or a source of results.
type SourceStatus struct {
	Name    string        `json:"name"`
	Type    string        `json:"type"`
	Taken   int64         `json:"taken"` // since the start
	Last    time.Time     `json:"last,omitzero"`
	Trouble *Trouble      `json:"trouble,omitempty"`
	Waiting []WaitingItem `json:"waiting,omitempty"` // cannot be taken now, each on its own; the oldest 20
}

// WaitingItem is a form or a result that cannot be taken now while the others go on.
type WaitingItem struct {
	Item     string    `json:"item"` // as its source calls it; it may hold what a citizen wrote
	Code     string    `json:"code"`
	Text     string    `json:"text,omitempty"`
	Next     string    `json:"next,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	SetAside time.Time `json:"setAside,omitzero"` // when it is set aside for a person; zero: never
}

// TargetStatus is one target.
type TargetStatus struct {
	Name      string       `json:"name"`
	Type      string       `json:"type"`
	Circuit   string       `json:"circuit"` // closed, open or half-open
	Paused    bool         `json:"paused,omitempty"`
	Why       string       `json:"why,omitempty"` // why it is paused
	Guarantee string       `json:"guarantee,omitempty"`
	Open      int64        `json:"open"`
	Parked    int64        `json:"parked"`
	Oldest    time.Time    `json:"oldest,omitzero"` // acceptance of the oldest open delivery
	Delivered int64        `json:"delivered"`       // since the start
	Trouble   *Trouble     `json:"trouble,omitempty"`
	Batch     *BatchStatus `json:"batch,omitempty"`
	Stopped   int          `json:"stopped,omitempty"`   // deliveries that wait behind older ones of their order keys
	StoppedBy string       `json:"stoppedBy,omitempty"` // the oldest of these, by its submission
}

// BatchStatus is what a target collects and has sealed.
type BatchStatus struct {
	Count    int       `json:"count"` // deliveries in the open batch
	Size     int64     `json:"size"`  // bytes of the open batch
	ClosesAt time.Time `json:"closesAt,omitzero"`
	LastSeq  int64     `json:"lastSeq"`
	Sealed   int       `json:"sealed"` // sealed and not delivered yet
}

// OfficeStatus is one front office.
type OfficeStatus struct {
	Name    string   `json:"name"`
	Push    string   `json:"push,omitempty"` // type of the push channel; empty: it polls
	Backlog int64    `json:"backlog"`        // events not pushed yet
	Failing int64    `json:"-"`              // of them, those that failed at least once
	Trouble *Trouble `json:"trouble,omitempty"`

	Quota *QuotaStatus `json:"quota,omitempty"` // nil: it has none
}

// QuotaStatus is what a front office may send, and has sent; a limit of 0 is none.
type QuotaStatus struct {
	Rate        string           `json:"rate,omitempty"` // of requests, as configured
	BytesPerDay int64            `json:"bytesPerDay,omitempty"`
	Bytes       int64            `json:"bytes"` // today, in UTC
	OpenLimit   int64            `json:"openLimit,omitempty"`
	Open        int64            `json:"open"`              // not delivered, and not at their end
	Refused     map[string]int64 `json:"refused,omitempty"` // requests since the start, by what was over
}

// Notice is something that an operator should know.
type Notice struct {
	At    time.Time `json:"at"` // the last time
	Code  string    `json:"code"`
	Text  string    `json:"text"`
	Count int       `json:"count"` // how often since the start, as far as it is remembered
}

// Parked counts the submissions that wait for a person, as a whole or with something of them.
func (s *Status) Parked() int64 { return s.States[journal.Parked] + s.ParkedLate }

// StoppedStatus is the status of an agent that does not run, as its journal has it.
func StoppedStatus(agency string, s journal.Summary) Status {
	out := Status{Agency: agency, Epoch: s.Epoch, States: s.States, Routes: s.Routes, Orphans: s.Orphans, ParkedResults: s.ParkedResults, ParkedLate: s.ParkedLate,
		Inbaskets: []SourceStatus{}, Results: []SourceStatus{}, FrontOffices: []OfficeStatus{}, Targets: []TargetStatus{}}
	for _, t := range s.Targets {
		target := TargetStatus{Name: t.Target, Paused: t.Paused, Open: t.Open, Parked: t.Parked, Oldest: t.Oldest}
		if t.LastSeq > 0 {
			target.Batch = &BatchStatus{LastSeq: t.LastSeq}
		}
		out.Targets = append(out.Targets, target)
	}
	return out
}
