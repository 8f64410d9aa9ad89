package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/mapping/diag"
)

func ledgerCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "The table by which a database knows what it has been given",
		Args:  args(),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	user := ""
	ddl := &cobra.Command{
		Use:   "ddl TARGET",
		Short: "Print what the DBA must create and grant",
		Long:  "Ddl prints the SQL for the ledger table of a configured database and the grants on it. It connects to nothing.",
		Args:  args("TARGET"),
		RunE:  func(_ *cobra.Command, given []string) error { return a.ledgerDDL(given[0], user) },
	}
	ddl.Flags().StringVar(&user, "user", "", "account that the grants are for (default: the configured one)")
	cmd.AddCommand(ddl)
	return cmd
}

func (a *app) ledgerDDL(name, user string) error {
	cfg, err := a.load(true)
	if err != nil {
		return err
	}
	t, ok := cfg.Target(name)
	if !ok {
		var names []string
		for _, t := range cfg.Targets {
			names = append(names, t.Name)
		}
		return usagef("there is no target %q; %s", name, diag.DidYouMean(name, names))
	}
	sql, ok := all.LedgerDDL(t.Definition.Type, t.Config, user)
	if !ok {
		return usagef("the target %q (%s) has no ledger", name, t.Definition.Type)
	}
	answer := struct {
		Target string `json:"target"`
		Type   string `json:"type"`
		SQL    string `json:"sql"`
	}{name, t.Definition.Type, sql}
	return a.print(answer, func(w io.Writer) { fmt.Fprint(w, sql) })
}
