package look

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/numbering"
	"github.com/inbasket/inbasket/agent/orders"
)

func sequences(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "sequences",
		Short: "List how far the agent's own sequences of numbers have come",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return cli.Show(ctx, a, orders.Sequences.Ask, control.Nothing{}, func(j *journal.Journal, _ config.Place) ([]numbering.Series, error) {
				return numbering.Of(j).All(ctx)
			}, printSequences)
		},
	}
}

func printSequences(w io.Writer, list []numbering.Series) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no sequences")
		return
	}
	cli.Rows(w, "SERIES\tLAST\tKNOWN", list, func(s numbering.Series) []any {
		known := "yes"
		if !s.Known {
			known = "no: the journal was restored"
		}
		return []any{s.Name, s.Last, known}
	})
}
