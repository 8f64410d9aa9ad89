package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
)

func redeliverCommand(a *app) *cobra.Command {
	var since, target string
	var yes bool
	cmd := &cobra.Command{
		Use:   "redeliver --target TARGET --since TIME",
		Short: "Deliver again what a target has lost, such as one restored from last night's backup",
		Long: `Redeliver says first what it would do; with --yes it does it. What the target still knows, by its ledger or by the
name of a file, is not written a second time.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if target == "" || since == "" {
				return usagef("redeliver needs --target and --since")
			}
			at, err := moment(since, time.Now())
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				report, err := orders.Redeliver.Ask(ctx, c, control.RedeliverRequest{Target: target, Since: at, DryRun: !yes})
				if err != nil {
					return err
				}
				return a.print(report, func(w io.Writer) { printRedeliver(w, report, at) })
			}, nil)
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "the target")
	cmd.Flags().StringVar(&since, "since", "", "delivered since: a time such as 2026-11-22T18:00, or an age such as 24h")
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	return cmd
}

func printRedeliver(w io.Writer, r control.RedeliverReport, since time.Time) {
	if r.Done {
		fmt.Fprintf(w, "%s delivered to %s since %s are delivered again\n", count(int(r.Count), "submission"), r.Target, stamp(since))
	} else {
		fmt.Fprintf(w, "%s delivered to %s since %s would be delivered again\n", count(int(r.Count), "submission"), r.Target, stamp(since))
	}
	for _, e := range r.Sample {
		fmt.Fprintf(w, "  %s  %s  %s\n", e.ID, stamp(e.At), visible(e.Reference))
	}
	if rest := r.Count - int64(len(r.Sample)); rest > 0 && len(r.Sample) > 0 {
		fmt.Fprintf(w, "  and %d more\n", rest)
	}
	if r.Note != "" {
		fmt.Fprintln(w, r.Note)
	}
	if !r.Done && r.Count > 0 {
		fmt.Fprintln(w, "do it by the same command with --yes")
	}
}
