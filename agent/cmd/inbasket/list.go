package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

func listCommand(a *app) *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List submissions",
		Long:  "List prints submissions in the order of acceptance, from the running agent or from the journal of a stopped one.",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter, err := f.filter(time.Now())
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			var list []journal.Entry
			err = a.agent(ctx, func(c *control.Client) error {
				list, err = orders.List.Ask(ctx, c, control.ListRequest(filter))
				return err
			},
				func(j *journal.Journal, _ config.Place) error { list, err = j.List(ctx, filter); return err })
			if err != nil {
				return err
			}
			if list == nil {
				list = []journal.Entry{} // in JSON a list without entries, not null
			}
			return a.print(list, func(w io.Writer) { printList(w, list, filter) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.state, "state", "", "accepted, delivered, decided, closed, rejected, parked or purged")
	flags.StringVar(&f.route, "route", "", "only this route")
	flags.StringVar(&f.target, "target", "", "only those with a delivery to this target")
	flags.StringVar(&f.progress, "progress", "", "with --target: pending, waiting, batched, staged, uncertain, parked, delivered and so on")
	flags.StringVar(&f.office, "office", "", "only this front office")
	flags.StringVar(&f.reference, "reference", "", "only this reference of the sender")
	flags.StringVar(&f.since, "since", "", "accepted since: a time such as 2026-11-22T18:00, or an age such as 24h or 7d")
	flags.StringVar(&f.until, "until", "", "accepted until: a time or an age")
	flags.StringVar(&f.after, "after", "", "go on after this ID")
	flags.IntVar(&f.limit, "limit", 100, "at most so many")
	return cmd
}

type listFlags struct {
	state, route, target, progress, office, reference, since, until, after string
	limit                                                                  int
}

func (f listFlags) filter(now time.Time) (out journal.Filter, err error) {
	out = journal.Filter{State: journal.State(f.state), Route: f.route, Target: f.target, Progress: journal.Progress(f.progress),
		Office: f.office, Reference: f.reference, Limit: f.limit}
	states := []string{"accepted", "delivered", "decided", "closed", "rejected", "parked", "purged"}
	if f.state != "" && !slices.Contains(states, f.state) {
		return out, usagef("there is no state %q; %s", f.state, diag.DidYouMean(f.state, states))
	}
	if f.progress != "" && f.target == "" {
		return out, usagef("--progress needs --target")
	}
	progress := []string{}
	for _, p := range []journal.Progress{journal.Pending, journal.Waiting, journal.Attempting, journal.Batched, journal.Staged,
		journal.Unclear, journal.Done, journal.Skipped, journal.Held, journal.Dropped} {
		progress = append(progress, string(p))
	}
	if f.progress != "" && !slices.Contains(progress, f.progress) {
		return out, usagef("there is no progress %q; %s", f.progress, diag.DidYouMean(f.progress, progress))
	}
	if f.limit < 1 {
		return out, usagef("--limit must be at least 1")
	}
	if out.Since, err = moment(f.since, now); err != nil {
		return out, err
	}
	if out.Until, err = moment(f.until, now); err != nil {
		return out, err
	}
	if f.after != "" {
		ids, err := parseIDs([]string{f.after})
		if err != nil {
			return out, err
		}
		out.After = ids[0]
	}
	return out, nil
}

// moment reads a time in the zone of this machine, or an age before now. Empty is the zero time.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := diag.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			first, _, _ := connectors.Moments(t, time.Local)
			return first, nil
		}
	}
	return time.Time{}, usagef("%q is no time; write 2026-11-22T18:00, or an age such as 24h or 7d", s)
}

func printList(w io.Writer, list []journal.Entry, f journal.Filter) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no submissions")
		return
	}
	table(w, func(w io.Writer) {
		fmt.Fprintln(w, "ID\tSTATE\tROUTE\tACCEPTED\tREFERENCE\tWHY")
		for _, e := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.State, orDash(e.Route), stamp(e.At), visible(e.Reference), e.Code)
		}
	})
	if len(list) == f.Limit {
		fmt.Fprintf(w, "there may be more: inbasket list --after %s\n", list[len(list)-1].ID)
	}
}
