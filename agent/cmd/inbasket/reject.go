package main

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
)

func rejectCommand(a *app) *cobra.Command {
	var r control.RejectRequest
	cmd := &cobra.Command{
		Use:   "reject ID --reason TEXT",
		Short: "End a submission: the front office is told why",
		Long: `Reject ends a submission for good. What is partly delivered already is refused, with a list of what stands where,
unless --force is given; what stands in those targets stays there.`,
		Args: args("ID"),
		RunE: func(cmd *cobra.Command, given []string) error {
			ids, err := parseIDs(given)
			if err != nil {
				return err
			}
			if r.Reason == "" {
				return usagef("reject needs --reason: the front office reads it")
			}
			r.ID = ids[0]
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				s, err := orders.Reject.Ask(ctx, c, r)
				if err != nil {
					return err
				}
				return a.settled([]control.Settled{s}, "rejected")
			}, nil)
		},
	}
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why, as the front office reads it")
	cmd.Flags().BoolVar(&r.Force, "force", false, "also when it is partly delivered")
	return cmd
}
