package monitor

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
)

// Figures gives what metrics show of the agent at the time of a scrape; the agent implements it.
type Figures interface {
	// Figures reads the journal. Its error means that the journal cannot be read; what else is known is
	// in the snapshot nevertheless.
	Figures(ctx context.Context) (Snapshot, error)
}

// Snapshot is the agent's state in numbers.
type Snapshot struct {
	Summary      journal.Summary
	ParkedBy     map[string]int64  // code to parked submissions
	Circuits     map[string]string // target to closed, open or half-open
	Batches      map[string]int64  // target to sealed batches that are not delivered
	Offices      map[string]Office
	Disks        map[string]disk.Space // by place: state, or section and name
	Quotas       []Quota
	Connections  *Connections // nil: front offices are not listened to
	Certificates []Certificate
	Sources      []Source
	Journal      Files
	Writable     bool      // whether the last write to the journal succeeded
	Held         bool      // a restored journal waits for an operator
	Backup       time.Time // when the last backup was made; zero: never
	Stuck        int       // loops that do one thing of the agent's own for far too long
	Hung         int       // loops that wait for far too long in a connector
	Reload       Reload
}

// Office is how one front office stands.
type Office struct {
	Waiting int64     // events that it has not acknowledged, or that were not pushed to it
	Oldest  time.Time // when the oldest of them happened; zero: none
	Failing int64     // of those to be pushed, how many failed at least once
}

// Quota is one bound on what a front office may send.
type Quota struct {
	Office, What string
	Limit, Used  int64
}

// Connections are those of the front-office API.
type Connections struct{ Token, Strange, Limit int }

// Source is an in-basket, a source of results or a push channel.
type Source struct {
	Kind, Name string
	Up         bool
}

// Certificate is one that the agent, or the other side of a connection, shows.
type Certificate struct {
	Of    string // what it belongs to, such as listen, targets/register
	Whose string // agent or peer
	Until time.Time
}

// Files are the sizes of the journal's files in bytes.
type Files struct{ Database, Log int64 }

// Reload tells of the configuration in force, and of the last attempt to load another.
type Reload struct {
	At time.Time // when the configuration in force was loaded
	OK bool      // whether the last attempt succeeded
}
