package agent

import (
	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
)

// Codes of what the agent itself reports. Each is stable; docs/errors.md is generated from this file.
const (
	CodeServe       = "agent.listener"       // a listener stopped by itself; restart the agent
	CodeListen      = "config.monitor"       // the address for health and metrics is taken; name a free one as monitor, or "off"
	CodeRepointed   = "config.repointed"     // a target with open deliveries would be pointed elsewhere or removed; finish them, or say so with --force
	CodeNotHere     = "submission.not-found" // no submission has this ID or reference; see inbasket list
	CodeRenewed     = "route.renewed"        // a reload changed the names by which a route's decisions are known; what was told before and is shown again is taken for new: go back to the names, or see that nothing old comes again
	CodeAskedAnew   = "route.asked-anew"     // a reload changed the query by which decisions are asked for that forms still wait for; see that it gives all that the old one would have, or they wait for ever
	CodeRenamed     = "target.renamed"       // a reload gave the system of a target another name: what it got under the old one is not delivered again with it; keep the old name as the identity of the target
	CodeOfficeAgain = "front-office.again"   // a front office has the name of an earlier one, whose forms are answered as its own; give it another name, unless it is the same one again
)

// The codes of other packages under the names that are used here.
const (
	CodeJournal = journal.CodeUnavailable
	CodeContent = content.CodeUnavailable
	CodeHeld    = control.CodeHeld
	CodeOpen    = catalog.CodeOpen
)
