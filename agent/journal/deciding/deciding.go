// Package deciding keeps what the back office says, and gives it to the submissions that it speaks of.
package deciding

import "github.com/inbasket/inbasket/agent/journal"

// Decisions is a journal that is asked for it.
type Decisions struct{ *journal.Journal }

// Of returns that of a journal.
func Of(j *journal.Journal) Decisions { return Decisions{j} }
