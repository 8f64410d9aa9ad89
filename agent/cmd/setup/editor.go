package setup

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/editor/lsp"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/load"
)

// languageServer is what editors start.
func languageServer(a *cli.App) *cobra.Command {
	return &cobra.Command{Use: "lsp", Short: "Speak the Language Server Protocol with an editor of mapping files", RunE: func(cmd *cobra.Command, _ []string) error {
		known, done, err := givenCatalog(a)
		if err != nil {
			return err
		}
		defer done()
		orderly, err := lsp.Serve(cmd.Context(), lsp.Options{In: a.Stdin, Out: a.Stdout, Version: a.Version, Catalog: known})
		if err == nil && !orderly {
			err = cli.Exit(cli.ExitFailure)
		}
		return err
	}}
}

// givenCatalog is what the configuration that was named has; nil where none was: then any target will do.
func givenCatalog(a *cli.App) (load.Catalog, func(), error) {
	if a.Config == "" {
		return nil, func() {}, nil
	}
	cfg, err := a.Load(true)
	if err != nil {
		return nil, nil, err
	}
	c, err := catalog.Open(cfg, agent.SystemClock{}, func(connectors.Notice) {})
	if err != nil {
		return nil, nil, err
	}
	return c, func() { _ = c.Close() }, nil
}
