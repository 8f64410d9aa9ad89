// Package reading shows and counts what there is.
package reading

import "github.com/inbasket/inbasket/agent/journal"

// Submissions is a journal that is asked for it.
type Submissions struct{ *journal.Journal }

// Of returns that of a journal.
func Of(j *journal.Journal) Submissions { return Submissions{j} }
