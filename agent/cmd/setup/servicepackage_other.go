//go:build !windows

package setup

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
)

// servicePackageCommands are for the package of Windows; those of Linux need none.
func servicePackageCommands(*cli.App, *serviceOptions) []*cobra.Command { return nil }
