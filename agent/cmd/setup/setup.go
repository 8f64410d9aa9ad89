// Package setup has the commands by which an agent is set up: configuration, mappings, secrets, the service.
package setup

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/cmd/cli"
)

// Commands returns those of the first level.
func Commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{newFiles(a), schemas(a), check(a), snapshot(a), tryOut(a), planCommand(a), explain(a), test(a), replayCommand(a, agent.SystemClock{}), format(a), languageServer(a), onMappings(a), ledger(a), token(a), secrets(a), service(a)}
}
