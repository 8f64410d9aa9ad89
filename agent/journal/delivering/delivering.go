// Package delivering is what lanes and operators do with deliveries and batches, and what is read to go on with them.
package delivering

import "github.com/inbasket/inbasket/agent/journal"

// Deliveries is a journal that is asked for it.
type Deliveries struct{ *journal.Journal }

// Of returns that of a journal.
func Of(j *journal.Journal) Deliveries { return Deliveries{j} }
