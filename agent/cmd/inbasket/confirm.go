package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
)

func confirmCommand(a *app) *cobra.Command {
	var r control.ConfirmRequest
	cmd := &cobra.Command{
		Use:   "confirm [ID] TARGET --reason TEXT",
		Short: "Take as delivered what a person has found in a target that could not tell",
		Long: `Confirm is for what is parked because nobody but a person can tell whether the target has it: look there, and if it has
the data, confirm; if it has not, retry. With --batch it confirms a sealed batch and all its forms. Who and why stay on record.`,
		Example: `  inbasket confirm 06B2Q8WVN3K7T mainframe --reason "the operator sees the file"
  inbasket confirm --batch 17 mainframe --reason "the operator sees the file"`,
		RunE: func(cmd *cobra.Command, given []string) error {
			names := []string{"ID", "TARGET"}
			if r.Seq != 0 {
				names = names[1:]
			}
			if err := args(names...)(cmd, given); err != nil {
				return err
			}
			if r.Seq < 0 {
				return usagef("%d is not a batch number", r.Seq)
			}
			if r.Reason == "" {
				return usagef("confirm needs --reason: it stays on record")
			}
			if r.Seq == 0 {
				ids, err := parseIDs(given[:1])
				if err != nil {
					return err
				}
				r.ID = ids[0]
			}
			r.Target = given[len(given)-1]
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				s, err := orders.Confirm.Ask(ctx, c, r)
				if err != nil {
					return err
				}
				if r.Seq > 0 {
					return a.print(r, func(w io.Writer) { fmt.Fprintf(w, "batch %d of %s is delivered, on your word\n", r.Seq, r.Target) })
				}
				s.Targets = nil
				return a.settled([]control.Settled{s}, "is at "+r.Target+", on your word")
			}, nil)
		},
	}
	cmd.Flags().Int64Var(&r.Seq, "batch", 0, "number of a sealed batch")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "what was found; it stays on record")
	return cmd
}
