package author

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/mapping/source"
)

// schemas are commands that print what editors complete and check files by.
func schemas(a *cli.App) *cobra.Command {
	show := func(use, short string, schema func() ([]byte, error)) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, RunE: func(*cobra.Command, []string) error {
			b, err := schema()
			if err == nil {
				_, err = a.Stdout.Write(b)
			}
			return err
		}}
	}
	return cli.Group("schema", "Print the JSON Schemas by which editors complete and check files",
		show("mapping", "Print the JSON Schema of mapping files", source.EditorSchema),
		show("config", "Print the JSON Schema of the configuration", func() ([]byte, error) { return config.EditorSchema(all.Registry()) }))
}
