// Package checking looks whether a journal is whole, also one that is not open, and keeps its file small.
package checking

import "github.com/inbasket/inbasket/agent/journal"

// Checks is a journal that is asked for it.
type Checks struct{ *journal.Journal }

// Of returns that of a journal.
func Of(j *journal.Journal) Checks { return Checks{j} }
