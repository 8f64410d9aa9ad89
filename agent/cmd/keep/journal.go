package keep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/orders"
)

func journalFile(a *cli.App) *cobra.Command {
	return cli.Group("journal", "Check the journal, or make its file small", journalCheckCommand(a), journalCompactCommand(a))
}

func journalCheckCommand(a *cli.App) *cobra.Command {
	var r control.CheckJournalRequest
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say whether the journal is whole and agrees with itself",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			c, err := cli.Ask(ctx, a, orders.CheckJournal.Ask, r, func(j *journal.Journal, p config.Place) (checking.Checkup, error) {
				o := checking.CheckupOrder{Full: r.Full}
				if r.Content {
					o.Content = content.OpenReadOnly(filepath.Join(p.State, "content"))
				}
				return checking.Of(j).Checkup(ctx, o)
			})
			if err != nil {
				return err
			}
			return a.PrintOK(len(c.Findings) == 0, c, func(w io.Writer) { printCheckup(w, c, r) })
		},
	}
	cmd.Flags().BoolVar(&r.Full, "full", false, "also read every page and every index")
	cmd.Flags().BoolVar(&r.Content, "content", false, "also read every attachment, document and large form")
	return cmd
}

func printCheckup(w io.Writer, c checking.Checkup, r control.CheckJournalRequest) {
	for _, f := range c.Findings {
		fmt.Fprintf(w, "WRONG  %s [%s]\n       %s\n", f.Text, f.Code, f.Cure)
	}
	read := ""
	if r.Content {
		read = ", " + cli.Count(int(c.Content), "piece") + " of content read"
	}
	verdict := "ok "
	if len(c.Findings) > 0 {
		verdict = cli.Count(len(c.Findings), "problem") + ":"
	}
	fmt.Fprintf(w, "%s %s, %d purged%s\n", verdict, cli.Count(int(c.Submissions), "submission"), c.Purged, read)
}

func journalCompactCommand(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Write the journal's file anew without what is unused",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			offline := func(j *journal.Journal, p config.Place) (c checking.Compaction, err error) {
				err = a.OnRecord(ctx, p, "compact-journal", "", nil, func() error { c, err = compactStopped(ctx, j, p); return err })
				return c, err
			}
			return cli.Show(ctx, a, orders.CompactJournal.Ask, control.CompactJournalRequest{}, offline, func(w io.Writer, c checking.Compaction) {
				fmt.Fprintf(w, "the journal took %s and takes %s now\n", cli.Size(c.Before), cli.Size(c.After))
			})
		},
	}
}

// compactStopped compacts the journal of a stopped agent; reader is closed first.
func compactStopped(ctx context.Context, reader *journal.Journal, p config.Place) (c checking.Compaction, err error) {
	if err := reader.Close(); err != nil {
		return c, err
	}
	j, err := journal.Open(ctx, filepath.Join(p.State, "journal"), journal.Options{})
	if err != nil {
		return c, err
	}
	c, err = checking.Of(j).Compact(ctx, disk.FreeBelow(p.State))
	return c, errors.Join(err, j.Close())
}
