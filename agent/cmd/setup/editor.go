package setup

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/editor/lsp"
	"github.com/inbasket/inbasket/agent/editor/page"
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

// onMappings are the commands that work on one mapping file.
func onMappings(a *cli.App) *cobra.Command {
	o := page.Options{Clock: agent.SystemClock{}, Save: replace}
	cmd := &cobra.Command{Use: "edit MAPPING", Short: "Edit a mapping in the browser, with a form and what becomes of it beside it", RunE: func(cmd *cobra.Command, given []string) error {
		known, done, err := givenCatalog(a)
		if err != nil {
			return err
		}
		defer done()
		o.Mapping, o.Catalog = given[0], known
		if o.Form != "" {
			if _, err := os.Stat(o.Form); err != nil {
				return err
			}
		}
		p, listener, url, err := page.Listen(o)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stdout, "open %s in a browser on this machine; Ctrl+C ends it\n", url)
		return p.Serve(cmd.Context(), listener)
	}}
	cmd.Flags().StringVar(&o.Form, "form", "", "form that is looked at (default: those that the tests of the mapping name)")
	cmd.Flags().BoolVar(&o.Reveal, "reveal", false, "show values of forms as they are, not masked")
	return cli.Group("map", "Edit a mapping", cmd)
}
