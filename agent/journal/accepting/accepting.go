// Package accepting makes forms durable, and says of each whether it is known: by its reference, by its key, by a tombstone, or by what a target had of it before a restore.
package accepting

import "github.com/inbasket/inbasket/agent/journal"

// Forms is a journal that is asked for it.
type Forms struct{ *journal.Journal }

// Of returns that of a journal.
func Of(j *journal.Journal) Forms { return Forms{j} }
