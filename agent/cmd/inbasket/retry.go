package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
)

func retryCommand(a *app) *cobra.Command {
	var r control.RetryRequest
	pin := ""
	cmd := &cobra.Command{
		Use:   "retry [ID...]",
		Short: "Try parked submissions again, once their cause is mended",
		Long: `Retry delivers parked submissions again: those named, or all that --target, --route or --code select. With
--mapping NEW what is not written yet is pinned to the mapping as it is in force now, and starts anew by it; that is
refused where an outcome is unclear.`,
		Example: `  inbasket retry 06B2Q8WVN3K7T
  inbasket retry --target register
  inbasket retry --code mapping.failed --mapping NEW`,
		RunE: func(cmd *cobra.Command, given []string) (err error) {
			if r.Mapping, given, err = newMapping(cmd.Flags().Changed("mapping"), pin, given); err != nil {
				return err
			}
			if r.IDs, err = parseIDs(given); err != nil {
				return err
			}
			if selects := r.Target != "" || r.Route != "" || r.Code != ""; selects == (len(r.IDs) > 0) {
				return usagef("name submissions, or select them by --target, --route or --code; not both")
			}
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				list, err := orders.Retry.Ask(ctx, c, r)
				if err != nil {
					return err
				}
				return a.settled(list, "tried again")
			}, nil)
		},
	}
	cmd.Flags().StringVar(&pin, "mapping", "", "NEW pins them to the mapping that is in force now")
	cmd.Flags().Lookup("mapping").NoOptDefVal = newest
	cmd.Flags().StringVar(&r.Target, "target", "", "all that are parked at this target")
	cmd.Flags().StringVar(&r.Route, "route", "", "all that are parked on this route")
	cmd.Flags().StringVar(&r.Code, "code", "", "all that are parked for this reason")
	return cmd
}

// newest is the one mapping that a submission can be pinned to: that in force.
const newest = "NEW"

// newMapping reads --mapping, whose word may also stand apart from it or be left out.
func newMapping(set bool, value string, given []string) (bool, []string, error) {
	if !set {
		return false, given, nil
	}
	if !strings.EqualFold(value, newest) {
		return false, nil, usagef("--mapping takes %s: the mapping that is in force now; change the file, reload, then retry", newest)
	}
	return true, slices.DeleteFunc(slices.Clone(given), func(s string) bool { return strings.EqualFold(s, newest) }), nil
}
