// Package setup has the commands by which an agent is set up: configuration, secrets, the service.
package setup

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
)

// Commands returns those of the first level.
func Commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{newFiles(a), ledger(a), token(a), secrets(a), service(a)}
}
