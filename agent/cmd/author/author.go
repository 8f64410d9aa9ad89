// Package author has the commands by which mappings are written, checked and tried.
package author

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/cmd/cli"
)

// Commands returns those of the first level. NewMapping stands below one of another room.
func Commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{schemas(a), check(a), snapshot(a), tryOut(a), planCommand(a), explain(a), test(a), replayCommand(a, agent.SystemClock{}), format(a), languageServer(a), onMappings(a)}
}
