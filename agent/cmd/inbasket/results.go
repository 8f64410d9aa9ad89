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

func resultsCommand(a *app) *cobra.Command {
	f := control.ResultsFilter{}
	cmd := &cobra.Command{
		Use:   "results",
		Short: "List results of the back office that wait for a person",
		Long: `Results lists what the back office said and what could not be told to anyone: orphans, which fit no submission, and
parked ones, whose status the mapping does not know, that cannot be read, that lack a document, that fit several submissions,
or that say under a known ID what a machine must not decide about. Each says why, since when, and what to do next.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Limit < 1 {
				return usagef("--limit must be at least 1")
			}
			ctx := cmd.Context()
			list := []control.Waiting{}
			err := a.agent(ctx, func(c *control.Client) (err error) { list, err = orders.Results.Ask(ctx, c, f); return err },
				func(j *journal.Journal, _ config.Place) error {
					raw, err := control.WaitingResults(ctx, j, f)
					list = control.WaitingOf(raw)
					return err
				})
			if err != nil {
				return err
			}
			return a.print(list, func(w io.Writer) { printWaiting(w, list) })
		},
	}
	cmd.Flags().BoolVar(&f.Orphans, "orphans", false, "only those that fit no submission")
	cmd.Flags().BoolVar(&f.Parked, "parked", false, "only those that cannot be understood, or fit several submissions")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "at most so many of each kind")
	cmd.AddCommand(attachCommand(a), dropResultCommand(a))
	return cmd
}

func printWaiting(w io.Writer, list []control.Waiting) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no result waits for a person")
		return
	}
	table(w, func(w io.Writer) {
		fmt.Fprintln(w, "NUMBER\tSOURCE\tKIND\tRECEIVED\tABOUT\tMEANS\tSTATUS\tDOCUMENTS\tWHY")
		for _, r := range list {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", r.N, r.Source, r.Kind, stamp(r.At),
				orDash(visible(r.About)), orDash(visible(r.Outcome)), orDash(visible(r.Status)), len(r.Documents), r.Code)
		}
	})
	for _, r := range list {
		if r.Text != "" {
			printTrouble(w, fmt.Sprintf("%d", r.N), &control.Trouble{Code: r.Code, Text: visible(r.Text), Next: visible(r.Next), Since: r.At})
		}
	}
	fmt.Fprintln(w, "give one to its submission by: inbasket results attach NUMBER ID; or set it aside by: inbasket results drop NUMBER")
}

func attachCommand(a *app) *cobra.Command {
	var r control.AttachRequest
	cmd := &cobra.Command{
		Use:   "attach NUMBER ID",
		Short: "Give a result that waits for a person to the submission that it speaks of",
		Long: `Attach decides a submission by a result that waits for a person, with its documents. NUMBER is the one that
"inbasket results" shows. Where the mapping does not know the result's status, --outcome says what it means.`,
		Example: `  inbasket results attach 42 06B2Q8WVN3K7T --outcome approved`,
		Args:    args("NUMBER", "ID"),
		RunE: func(cmd *cobra.Command, given []string) error {
			n, err := resultNumber(given[0])
			if err != nil {
				return err
			}
			ids, err := parseIDs(given[1:])
			if err != nil {
				return err
			}
			r.Result, r.ID = n, ids[0]
			if cmd.Flags().Changed("outcome") {
				if err := outcomeWord(r.Outcome); err != nil {
					return err
				}
			}
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				s, err := orders.Attach.Ask(ctx, c, r)
				if err != nil {
					return err
				}
				return a.settled([]control.Settled{s}, "decided by result "+given[0])
			}, nil)
		},
	}
	cmd.Flags().StringVar(&r.Outcome, "outcome", "", "what the result means: approved, refused, or another word that the front office knows")
	return cmd
}

func dropResultCommand(a *app) *cobra.Command {
	var r control.DropResultRequest
	cmd := &cobra.Command{
		Use:   "drop NUMBER --reason TEXT",
		Short: "Set a result aside that belongs to no submission; who and why stay on record",
		Args:  args("NUMBER"),
		RunE: func(cmd *cobra.Command, given []string) (err error) {
			if r.Result, err = resultNumber(given[0]); err != nil {
				return err
			}
			if r.Reason == "" {
				return usagef("drop needs --reason: it stays on record")
			}
			ctx := cmd.Context()
			if err := a.agent(ctx, func(c *control.Client) error { _, err := orders.DropResult.Ask(ctx, c, r); return err }, nil); err != nil {
				return err
			}
			return a.print(r, func(w io.Writer) { fmt.Fprintf(w, "result %d is set aside\n", r.Result) })
		},
	}
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why; it stays on record")
	return cmd
}

func resultNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, usagef("%q is not the number of a result, as inbasket results shows it", s)
	}
	return n, nil
}
