//go:build !windows

package main

import "github.com/spf13/cobra"

// servicePackageCommands are for the package of Windows; those of Linux need none.
func servicePackageCommands(*app, *serviceOptions) []*cobra.Command { return nil }
