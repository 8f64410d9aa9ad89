// Package look has the commands that show how the agent stands, and change nothing.
package look

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
)

// Commands returns those of the first level. What settles a result or a batch is shown below them and comes from another group.
func Commands(a *cli.App, ofResults, ofBatches []*cobra.Command) []*cobra.Command {
	results, batches := results(a), batches(a)
	results.AddCommand(ofResults...)
	batches.AddCommand(ofBatches...)
	return []*cobra.Command{status(a), list(a), show(a), results, batches, auditLog(a), examination(a), diagnostics(a)}
}
