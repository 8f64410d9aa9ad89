package main

import (
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
)

func retryCommand(a *app) *cobra.Command {
	var r control.RetryRequest
	cmd := &cobra.Command{
		Use:   "retry [ID...]",
		Short: "Try parked submissions again, once their cause is mended",
		Long: `Retry delivers parked submissions again: those named, or all that --target, --route or --code select. With
--mapping they are pinned to the mapping as it is in force now; that is refused for what is already written somewhere
or unclear.`,
		RunE: func(cmd *cobra.Command, given []string) (err error) {
			if r.IDs, err = parseIDs(given); err != nil {
				return err
			}
			if selects := r.Target != "" || r.Route != "" || r.Code != ""; selects == (len(r.IDs) > 0) {
				return usagef("name submissions, or select them by --target, --route or --code; not both")
			}
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				list, err := c.Retry(ctx, r)
				if err != nil {
					return err
				}
				return a.settled(list, "tried again")
			}, nil)
		},
	}
	cmd.Flags().BoolVar(&r.Mapping, "mapping", false, "pin them to the mapping that is in force now")
	cmd.Flags().StringVar(&r.Target, "target", "", "all that are parked at this target")
	cmd.Flags().StringVar(&r.Route, "route", "", "all that are parked on this route")
	cmd.Flags().StringVar(&r.Code, "code", "", "all that are parked for this reason")
	return cmd
}
