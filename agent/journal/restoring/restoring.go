// Package restoring is what a journal says of itself in a backup, and what it has to find out after it was restored from one.
package restoring

import "github.com/inbasket/inbasket/agent/journal"

// Restores is a journal that is asked for it.
type Restores struct{ *journal.Journal }

// Of returns that of a journal.
func Of(j *journal.Journal) Restores { return Restores{j} }
