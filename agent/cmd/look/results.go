package look

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

func results(a *cli.App) *cobra.Command {
	f := control.ResultsFilter{}
	cmd := &cobra.Command{
		Use:   "results",
		Short: "List results of the back office that wait for a person",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Limit < 1 {
				return cli.Usagef("--limit must be at least 1")
			}
			ctx := cmd.Context()
			return cli.Show(ctx, a, orders.Results.Ask, f, func(j *journal.Journal, _ config.Place) ([]control.Waiting, error) {
				raw, err := control.WaitingResults(ctx, j, f)
				return control.WaitingOf(raw), err
			}, printWaiting)
		},
	}
	cmd.Flags().BoolVar(&f.Orphans, "orphans", false, "only those that fit no submission")
	cmd.Flags().BoolVar(&f.Parked, "parked", false, "only those that cannot be understood, or fit several submissions")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "at most so many of each kind")
	return cmd
}

func printWaiting(w io.Writer, list []control.Waiting) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no result waits for a person")
		return
	}
	cli.Rows(w, "NUMBER\tSOURCE\tKIND\tRECEIVED\tABOUT\tMEANS\tSTATUS\tDOCUMENTS\tWHY", list, func(r control.Waiting) []any {
		return []any{numberOf(r), r.Source, r.Kind, r.At, cli.OrDash(r.About), cli.OrDash(r.Outcome), cli.OrDash(r.Status), len(r.Documents), r.Code}
	})
	attachable := false
	for _, r := range list {
		attachable = attachable || r.N != 0
		if r.Text != "" {
			printTrouble(w, cli.Visible(labelOf(r)), &control.Trouble{Code: r.Code, Text: cli.Visible(r.Text), Next: cli.Visible(r.Next), Since: r.At})
		}
	}
	cli.SayIf(w, attachable, "give one to its submission by: inbasket results attach NUMBER ID; or set it aside by: inbasket results drop NUMBER\n")
}

// labelOf is what is said of a result below the list begins with.
func labelOf(r control.Waiting) string {
	if r.N == 0 {
		return r.About
	}
	return numberOf(r)
}

// numberOf is a result's number; what lies at its source still has none.
func numberOf(r control.Waiting) string {
	if r.N == 0 {
		return "-"
	}
	return strconv.FormatInt(r.N, 10)
}
