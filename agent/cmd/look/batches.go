package look

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

func batches(a *cli.App) *cobra.Command {
	open := false
	cmd := &cobra.Command{
		Use:   "batches [TARGET]",
		Short: "List sealed batches",
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) > 1 {
				return cli.Usagef("batches takes one target\n    usage: %s", cmd.UseLine())
			}
			ctx, target := cmd.Context(), ""
			if len(given) == 1 {
				target = given[0]
			}
			list, err := cli.Ask(ctx, a, func(c *control.Client) ([]control.Batch, error) {
				return orders.Batches.Ask(ctx, c, control.BatchesRequest{Target: target, Open: open})
			},
				func(j *journal.Journal, _ config.Place) ([]control.Batch, error) {
					raw, err := j.Batches(ctx, target, open)
					return control.BatchesOf(raw), err
				})
			if err != nil {
				return err
			}
			return a.Print(list, func(w io.Writer) { printBatches(w, list) })
		},
	}
	cmd.Flags().BoolVar(&open, "open", false, "only those that are not delivered yet")
	return cmd
}

func printBatches(w io.Writer, list []control.Batch) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no batches")
		return
	}
	cli.Rows(w, "TARGET\tNUMBER\tFILE\tSTATE\tFORMS\tBYTES\tSEALED\tCLOSED BY", list, func(b control.Batch) []any {
		return []any{b.Target, b.Seq, b.Name, b.Progress, b.Members, b.Size, b.SealedAt, b.Why}
	})
}
