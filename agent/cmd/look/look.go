// Package look has the commands that show how the agent stands, and change nothing.
package look

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
)

// Commands returns those of the first level. What settles a result, a batch or a sequence is shown below them and comes from another group.
func Commands(a *cli.App, ofResults, ofBatches, ofSequences []*cobra.Command) []*cobra.Command {
	results, batches, sequences := results(a), batches(a), sequences(a)
	results.AddCommand(ofResults...)
	batches.AddCommand(ofBatches...)
	sequences.AddCommand(ofSequences...)
	return []*cobra.Command{status(a), list(a), show(a), results, batches, sequences, auditLog(a), examination(a), diagnostics(a)}
}
