package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
)

func pauseCommand(a *app) *cobra.Command {
	r := control.PauseRequest{Paused: true}
	cmd := &cobra.Command{
		Use:   "pause TARGET",
		Short: "Stop delivering to a target; forms are still accepted",
		Args:  args("TARGET"),
		RunE:  func(cmd *cobra.Command, given []string) error { return a.pause(cmd, r, given[0]) },
	}
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why, as status shows it")
	return cmd
}

func resumeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "resume TARGET",
		Short: "Deliver to a paused target again",
		Args:  args("TARGET"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.pause(cmd, control.PauseRequest{}, given[0])
		},
	}
}

func (a *app) pause(cmd *cobra.Command, r control.PauseRequest, target string) error {
	r.Target = target
	ctx := cmd.Context()
	if err := a.agent(ctx, func(c *control.Client) error { _, err := orders.Pause.Ask(ctx, c, r); return err }, nil); err != nil {
		return err
	}
	return a.print(r, func(w io.Writer) {
		if r.Paused {
			fmt.Fprintf(w, "%s is paused; go on by: inbasket resume %s\n", target, target)
		} else {
			fmt.Fprintf(w, "%s is delivered to again\n", target)
		}
	})
}
