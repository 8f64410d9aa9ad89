package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

func batchesCommand(a *app) *cobra.Command {
	open := false
	cmd := &cobra.Command{
		Use:   "batches [TARGET]",
		Short: "List sealed batches",
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) > 1 {
				return usagef("batches takes one target\n    usage: %s", cmd.UseLine())
			}
			target := ""
			if len(given) == 1 {
				target = given[0]
			}
			return a.batches(cmd, target, open)
		},
	}
	cmd.Flags().BoolVar(&open, "open", false, "only those that are not delivered yet")
	cmd.AddCommand(voidCommand(a))
	return cmd
}

func (a *app) batches(cmd *cobra.Command, target string, open bool) error {
	ctx := cmd.Context()
	list := []control.Batch{}
	err := a.agent(ctx, func(c *control.Client) (err error) {
		list, err = orders.Batches.Ask(ctx, c, control.BatchesRequest{Target: target, Open: open})
		return err
	},
		func(j *journal.Journal, _ config.Place) error {
			raw, err := j.Batches(ctx, target, open)
			list = control.BatchesOf(raw)
			return err
		})
	if err != nil {
		return err
	}
	return a.print(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "no batches")
			return
		}
		table(w, func(w io.Writer) {
			fmt.Fprintln(w, "TARGET\tNUMBER\tFILE\tSTATE\tFORMS\tBYTES\tSEALED\tCLOSED BY")
			for _, b := range list {
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%d\t%s\t%s\n", b.Target, b.Seq, visible(b.Name), b.Progress, b.Members, b.Size, stamp(b.SealedAt), b.Why)
			}
		})
	})
}

func voidCommand(a *app) *cobra.Command {
	var r control.VoidRequest
	cmd := &cobra.Command{
		Use:   "void TARGET NUMBER --reason TEXT",
		Short: "Give up a sealed batch that cannot go; its forms travel in the next one",
		Long:  "Void gives up the number of a sealed batch, on record. The number is not used again; tell whoever expects it.",
		Args:  args("TARGET", "NUMBER"),
		RunE: func(cmd *cobra.Command, given []string) error {
			seq, err := strconv.ParseInt(given[1], 10, 64)
			if err != nil || seq < 1 {
				return usagef("%q is not a batch number", given[1])
			}
			if r.Reason == "" {
				return usagef("void needs --reason: it stays on record")
			}
			r.Target, r.Seq = given[0], seq
			ctx := cmd.Context()
			if err := a.agent(ctx, func(c *control.Client) error { _, err := orders.Void.Ask(ctx, c, r); return err }, nil); err != nil {
				return err
			}
			return a.print(r, func(w io.Writer) {
				fmt.Fprintf(w, "batch %d of %s is void; its forms travel in the next one\n", r.Seq, r.Target)
			})
		},
	}
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why; it stays on record")
	return cmd
}
