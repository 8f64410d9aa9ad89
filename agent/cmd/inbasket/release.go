package main

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
)

func releaseCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "release ID...",
		Short: "Let parked submissions go on as they are",
		Long:  "Release is for submissions that a person has looked at and found right, such as one with a known reference and other content.",
		Args:  args("ID..."),
		RunE: func(cmd *cobra.Command, given []string) error {
			ids, err := parseIDs(given)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				list, err := orders.Release.Ask(ctx, c, control.ReleaseRequest{IDs: ids})
				if err != nil {
					return err
				}
				return a.settled(list, "released")
			}, nil)
		},
	}
}
