package setup

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/mapping/diag"
)

func ledger(a *cli.App) *cobra.Command {
	user := ""
	ddl := &cobra.Command{
		Use:   "ddl TARGET",
		Short: "Print what the DBA must create and grant",
		RunE:  func(_ *cobra.Command, given []string) error { return ledgerDDL(a, given[0], user) },
	}
	ddl.Flags().StringVar(&user, "user", "", "account that the grants are for (default: the configured one)")
	return cli.Group("ledger", "The table by which a database knows what it has been given", ddl)
}

func ledgerDDL(a *cli.App, name, user string) error {
	cfg, err := a.Load(true)
	if err != nil {
		return err
	}
	t, ok := cfg.Target(name)
	if !ok {
		var names []string
		for _, t := range cfg.Targets {
			names = append(names, t.Name)
		}
		return cli.Usagef("there is no target %q; %s", name, diag.DidYouMean(name, names))
	}
	sql, ok := all.LedgerDDL(t.Definition.Type, t.Config, user)
	if !ok {
		return cli.Usagef("the target %q (%s) has no ledger", name, t.Definition.Type)
	}
	answer := struct {
		Target string `json:"target"`
		Type   string `json:"type"`
		SQL    string `json:"sql"`
	}{name, t.Definition.Type, sql}
	return a.Print(answer, func(w io.Writer) { fmt.Fprint(w, sql) })
}
