package look

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/orders"
)

func batches(a *cli.App) *cobra.Command {
	open := false
	cmd := &cobra.Command{
		Use:   "batches [TARGET]",
		Short: "List sealed batches",
		RunE: func(cmd *cobra.Command, given []string) error {
			ctx, r := cmd.Context(), control.BatchesRequest{Target: strings.Join(given, ""), Open: open}
			return cli.Show(ctx, a, orders.Batches.Ask, r, func(j *journal.Journal, _ config.Place) ([]control.Batch, error) {
				raw, err := delivering.Of(j).Batches(ctx, r.Target, open)
				return control.BatchesOf(raw), err
			}, printBatches)
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
