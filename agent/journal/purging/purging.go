// Package purging takes away what retention ends, leaves tombstones, proves what is gone, and knows what refers to content.
package purging

import "github.com/inbasket/inbasket/agent/journal"

// Purges is a journal that is asked for it.
type Purges struct{ *journal.Journal }

// Of returns that of a journal.
func Of(j *journal.Journal) Purges { return Purges{j} }
