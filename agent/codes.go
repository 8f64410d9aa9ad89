package agent

import (
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
)

// Codes of what the agent itself reports. Each is stable; docs/errors.md is generated from this file.
const (
	CodeDoubles      = "route.doubles"        // front offices post by this route, and nothing tells a form that they post again from a new one: name input.reference or input.same in its mapping
	CodeSameRows     = "route.same-results"   // two mappings ask one target for the same rows of results, and whichever is quicker takes them; tell the rows apart by the where of both queries, or use one mapping for both routes
	CodeSameName     = "route.same-mapping"   // two mapping files of one name ask a target for different results, and only one of both is asked; give each a name of its own
	CodeOpen         = "config.open"          // a connector of the configuration cannot be opened; the message says which and why
	CodeServe        = "agent.listener"       // a listener stopped by itself; restart the agent
	CodeListen       = "config.monitor"       // the address for health and metrics is taken; name a free one as monitor, or "off"
	CodeMappingTwice = "config.mapping-twice" // two mapping files that differ have one name and version; give one of them another name
	CodeMappingFile  = "config.mapping-file"  // the mapping file of a route cannot be read; mend its path or rights
	CodeRepointed    = "config.repointed"     // a target with open deliveries would be pointed elsewhere or removed; finish them, or say so with --force
	CodeNotHere      = "submission.not-found" // no submission has this ID or reference; see inbasket list
	CodeRenewed      = "route.renewed"        // a reload changed the names by which a route's decisions are known; what was told before and is shown again is taken for new: go back to the names, or see that nothing old comes again
)

// The codes of other packages under the names that are used here.
const (
	CodeJournal = journal.CodeUnavailable
	CodeContent = content.CodeUnavailable
	CodeHeld    = control.CodeHeld
)
