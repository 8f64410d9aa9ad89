// Package telling is what front offices are told: events, how far each has read them, and what is pushed.
package telling

import "github.com/inbasket/inbasket/agent/journal"

// Stream is a journal that is asked for it.
type Stream struct{ *journal.Journal }

// Of returns that of a journal.
func Of(j *journal.Journal) Stream { return Stream{j} }
