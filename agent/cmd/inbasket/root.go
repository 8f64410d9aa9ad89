package main

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/mapping/diag"
)

// newRoot makes the whole command tree.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "inbasket",
		Short: "The agent that ends re-keying",
		Long: `Inbasket takes e-forms out of in-baskets, writes them into legacy systems by a mapping file, and hands
the decision and its documents back to the front office.

Exit codes: 0 done, 1 failed, 2 usage, 69 agent or target cannot be reached, 75 try again later,
77 not permitted, 78 configuration.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.Args = func(cmd *cobra.Command, given []string) error {
		if len(given) == 0 {
			return nil
		}
		var names []string
		for _, c := range cmd.Commands() {
			names = append(names, c.Name())
		}
		if s := diag.Suggest(given[0], names); s != "" {
			return usagef("unknown command %q; did you mean %q?", given[0], s)
		}
		return usagef("unknown command %q; inbasket --help lists them", given[0])
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w\n    usage: %s", err, cmd.UseLine())
	})
	flags := root.PersistentFlags()
	flags.StringVarP(&a.config, "config", "c", "", "configuration file (default: $INBASKET_CONFIG, ./inbasket.yaml, then the system's)")
	flags.BoolVar(&a.json, "json", false, "answer as JSON, for programs")
	root.AddGroup(
		&cobra.Group{ID: "setup", Title: "Set up:"},
		&cobra.Group{ID: "look", Title: "Look:"},
		&cobra.Group{ID: "settle", Title: "Settle:"},
		&cobra.Group{ID: "keep", Title: "Keep going:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("setup", newCommand(a), checkCommand(a), tryCommand(a), explainCommand(a), testCommand(a), ledgerCommand(a), tokenCommand(a))
	add("setup", secretCommand(a), serviceCommand(a))
	add("look", statusCommand(a), listCommand(a), showCommand(a), resultsCommand(a), batchesCommand(a), auditCommand(a), doctorCommand(a), diagnosticsCommand(a))
	add("settle", retryCommand(a), releaseCommand(a), confirmCommand(a), rejectCommand(a), decideCommand(a))
	add("keep", runCommand(a), reloadCommand(a), pauseCommand(a), resumeCommand(a), redeliverCommand(a), purgeCommand(a), journalCommand(a), upgradeCommand(a), versionCommand(a))
	add("keep", backupCommand(a), restoreCommand(a), restoredCommand(a))
	root.AddCommand(manCommand(a)) // without a group: the help does not list it
	return root
}
