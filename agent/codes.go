package agent

import (
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
)

// Codes of what the agent itself reports. Each is stable; docs/errors.md is generated from this file.
const (
	CodeContent     = content.CodeUnavailable
	CodeDoubles     = "route.doubles"          // front offices post by this route, and nothing tells a form that they post again from a new one: name input.reference or input.same in its mapping
	CodeSameRows    = "route.same-results"     // two mappings ask one target for the same rows of results, and whichever is quicker takes them; tell the rows apart by the where of both queries, or use one mapping for both routes
	CodeSameName    = "route.same-mapping"     // two mapping files of one name ask a target for different results, and only one of both is asked; give each a name of its own
	CodeOpen        = "config.open"            // a connector of the configuration cannot be opened; the message says which and why
	CodeServe       = "agent.listener"         // a listener stopped by itself; restart the agent
	CodeListen      = "config.monitor"         // the address for health and metrics is taken; name a free one as monitor, or "off"
	CodeByOperator  = "form.rejected"          // a person rejected the form; the reason is theirs
	CodeMappingFile = "config.mapping-file"    // the mapping file of a route cannot be read; mend its path or rights
	CodeResult      = "result.unreadable"      // a result of the back office cannot be understood; it is kept and parked
	CodeMissing     = "result.missing-name"    // a name in the mapping's answer is not in the result; nothing is told or marked: mend the mapping or the query and reload, and write NAME ?? nil for a field of an answer file that may be missing
	CodeWholeFile   = "result.whole-file"      // an answer file of many decisions that cannot be read was to be given to one submission; mend the file and put it there again, then drop it
	CodeDocument    = "result.document"        // a document of a decision is not there, cannot be read or is too large; the decision waits for a person: inbasket results
	CodeRepointed   = "config.repointed"       // a target with open deliveries would be pointed elsewhere or removed; finish them, or say so with --force
	CodeHeld        = "agent.held"             // the agent was restored from a backup and waits for an operator; look at what it found by inbasket restored, then inbasket restored release
	CodeRestoreAsk  = "restore.undecided"      // a restored agent cannot be released before what it cannot know is said; the message lists the questions
	CodeBackupRuns  = "backup.under-way"       // another backup is being made; wait until it is done
	CodeReread      = "restore.reread"         // what was settled after the backup cannot be offered again yet; mend what the message says, it is tried again
	CodePurge       = "purge.failed"           // what is kept no longer could not all be purged; the log says why, and it is tried again the next night
	CodePurgeWaits  = "purge.waits"            // the clock went on by more than a week since the last purge; purging waits for a day: set the clock if it is wrong
	CodePurgeRuns   = "purge.runs"             // a purge or a compaction is running; wait until it is done
	CodeNotHere     = "submission.not-found"   // no submission has this ID or reference; see inbasket list
	CodeNotAllowed  = "submission.wrong-state" // what was asked does not fit the submission's state; see inbasket show
)

// CodeJournal is the journal's own.
const CodeJournal = journal.CodeUnavailable
