package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

func journalCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Check the journal, or make its file small",
		Args:  args(),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(journalCheckCommand(a), journalCompactCommand(a))
	return cmd
}

func journalCheckCommand(a *app) *cobra.Command {
	var r control.CheckJournalRequest
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say whether the journal is whole and agrees with itself",
		Long: `Check reads the journal of a running or a stopped agent and reports damage, parts that contradict each other, missing
numbers of batches and wrong counters, with the cure beside each. --content also reads every attachment, document and
large form; --full also reads every index. Both take their time. Exit code 1: something is wrong.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var c journal.Checkup
			err := a.agent(ctx, func(cl *control.Client) (err error) { c, err = orders.CheckJournal.Ask(ctx, cl, r); return err },
				func(j *journal.Journal, p config.Place) (err error) {
					o := journal.CheckupOrder{Full: r.Full}
					if r.Content {
						o.Content = content.OpenReadOnly(filepath.Join(p.State, "content"))
					}
					c, err = j.Checkup(ctx, o)
					return err
				})
			if err != nil {
				return err
			}
			if err := a.print(c, func(w io.Writer) { printCheckup(w, c, r) }); err != nil || len(c.Findings) == 0 {
				return err
			}
			return silentError(exitFailure)
		},
	}
	cmd.Flags().BoolVar(&r.Full, "full", false, "also read every page and every index")
	cmd.Flags().BoolVar(&r.Content, "content", false, "also read every attachment, document and large form")
	return cmd
}

func printCheckup(w io.Writer, c journal.Checkup, r control.CheckJournalRequest) {
	for _, f := range c.Findings {
		fmt.Fprintf(w, "WRONG  %s [%s]\n       %s\n", f.Text, f.Code, f.Cure)
	}
	read := ""
	if r.Content {
		read = ", " + count(int(c.Content), "piece") + " of content read"
	}
	verdict := "ok "
	if len(c.Findings) > 0 {
		verdict = count(len(c.Findings), "problem") + ":"
	}
	fmt.Fprintf(w, "%s %s, %d purged%s\n", verdict, count(int(c.Submissions), "submission"), c.Purged, read)
}

func journalCompactCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Write the journal's file anew without what is unused",
		Long: `Compact makes the file small after a purge, counts the journal's counters anew and empties its log. The agent may run:
what comes in waits meanwhile, some seconds for each gigabyte. The disk needs twice the size of what the journal
holds for a while; compact looks first, and a disk that fills up all the same costs nothing.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var c journal.Compaction
			err := a.agent(ctx, func(cl *control.Client) (err error) {
				c, err = orders.CompactJournal.Ask(ctx, cl, control.CompactJournalRequest{})
				return err
			}, func(j *journal.Journal, p config.Place) (err error) {
				return a.onRecord(ctx, p, "compact-journal", "", nil, func() error { c, err = compactStopped(ctx, j, p); return err })
			})
			if err != nil {
				return err
			}
			return a.print(c, func(w io.Writer) {
				fmt.Fprintf(w, "the journal took %s and takes %s now\n", sizeText(c.Before), sizeText(c.After))
			})
		},
	}
}

// compactStopped compacts the journal of a stopped agent; reader is closed first.
func compactStopped(ctx context.Context, reader *journal.Journal, p config.Place) (c journal.Compaction, err error) {
	if err := reader.Close(); err != nil {
		return c, err
	}
	j, err := journal.Open(ctx, filepath.Join(p.State, "journal"), journal.Options{})
	if err != nil {
		return c, err
	}
	c, err = j.Compact(ctx, disk.FreeBelow(p.State))
	return c, errors.Join(err, j.Close())
}
