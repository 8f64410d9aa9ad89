package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/agent/upkeep"
)

// purgeFlags are what the command line says of a purge.
type purgeFlags struct {
	ids    []string
	reason string
	now    bool
	dryRun bool
	report bool
}

func purgeCommand(a *app) *cobra.Command {
	var f purgeFlags
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Take away the content of submissions whose life is over",
		Long: `Purge takes away everything of submissions that are closed or rejected, but for a tombstone without content each, by
which the same form stays known. The agent does so by itself, at night, as the section retention of its configuration
says; this command does it now, shows what would be purged, or purges a single submission whose sender asked for it.
What was purged is on record as a certificate, which --report prints. Nothing can bring it back.`,
		Example: `  inbasket purge --dry-run
  inbasket purge --id 06B2Q8WVN3K7T --reason "asked for by letter of 12 November"
  inbasket purge --report`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen := 0
			for _, is := range []bool{f.now, f.dryRun && len(f.ids) == 0, f.report, len(f.ids) > 0} {
				if is {
					chosen++
				}
			}
			switch {
			case chosen != 1:
				return usagef("purge needs one of --now, --dry-run, --id and --report")
			case len(f.ids) > 0 && f.reason == "":
				return usagef("purge --id needs --reason; it stays on record")
			case f.report:
				return a.purgeCertificates(cmd)
			}
			return a.purge(cmd, f)
		},
	}
	cmd.Flags().StringArrayVar(&f.ids, "id", nil, "purge this submission, whatever its age; may be repeated")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, with --id; it stays on record, so write nothing of the form")
	cmd.Flags().BoolVar(&f.now, "now", false, "purge now what retention says")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "only say what would be purged")
	cmd.Flags().BoolVar(&f.report, "report", false, "print the certificates of what was purged")
	return cmd
}

func (a *app) purge(cmd *cobra.Command, f purgeFlags) error {
	ids, err := parseIDs(f.ids)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	return a.agent(ctx, func(c *control.Client) error {
		r, err := orders.Purge.Ask(ctx, c, control.PurgeRequest{IDs: ids, DryRun: f.dryRun, Reason: f.reason})
		if err != nil {
			return err
		}
		if err := a.print(r, func(w io.Writer) { printPurge(w, r) }); err != nil || len(r.Kept) == 0 {
			return err
		}
		return silentError(exitFailure)
	}, nil)
}

func printPurge(w io.Writer, r control.PurgeReport) {
	if len(r.Groups) > 0 {
		table(w, func(w io.Writer) {
			fmt.Fprintln(w, "ROUTE\tSTATE\tKEPT FOR\tSUBMISSIONS\tENDED SINCE")
			for _, g := range r.Groups {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", orDash(g.Route), g.State, g.Keep, g.Count, stamp(g.Oldest))
			}
		})
	}
	for _, k := range r.Kept {
		fmt.Fprintf(w, "%s  kept: %s [%s]\n", k.ID, k.Error.Message, k.Error.Code)
		if k.Error.Hint != "" {
			fmt.Fprintf(w, "    %s\n", k.Error.Hint)
		}
	}
	if r.DryRun {
		fmt.Fprintf(w, "%s would be purged\n", count(int(r.Purged), "submission"))
		return
	}
	fmt.Fprintf(w, "%s purged, %s removed\n", count(int(r.Purged), "submission"), count(int(r.Files), "file"))
	if r.FilesLater > 0 {
		fmt.Fprintf(w, "%s may still be in use and follow with the next purge, from an hour on: inbasket purge --now\n", count(int(r.FilesLater), "file"))
	}
	for _, c := range r.Certificates {
		printCertificate(w, c, r.Overwritten)
	}
}

func printCertificate(w io.Writer, c journal.Certificate, overwritten bool) {
	fmt.Fprintf(w, "certificate: run %d, %s, accepted from %s to %s\n", c.Run, count(int(c.Count), "submission"), stamp(c.From), stamp(c.To))
	fmt.Fprintf(w, "    SHA-256 of their IDs: %s\n", c.Digest)
	if overwritten {
		fmt.Fprintln(w, "    the journal's file and its log were overwritten where they stood")
		return
	}
	fmt.Fprintln(w, "    the journal's log may still hold them; inbasket journal compact empties it")
}

// purgeCertificates prints what the audit log says of purges.
func (a *app) purgeCertificates(cmd *cobra.Command) error {
	ctx := cmd.Context()
	f := audit.Filter{Action: upkeep.ActionPurged}
	list := []audit.Entry{}
	err := a.agent(ctx, func(c *control.Client) (err error) { list, err = orders.Audit.Ask(ctx, c, f); return err },
		func(_ *journal.Journal, p config.Place) (err error) {
			list, err = audit.Read(ctx, filepath.Join(p.State, audit.Folder), f)
			return err
		})
	if err != nil {
		return err
	}
	return a.print(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "nothing was purged")
			return
		}
		table(w, func(w io.Writer) {
			fmt.Fprintln(w, "TIME\tRUN\tBY\tSUBMISSIONS\tACCEPTED FROM\tTO\tOVERWRITTEN\tSHA-256 OF THE IDS")
			for _, e := range list {
				d := e.Details
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", stamp(e.At), e.Object, visible(e.Who), d["count"], d["accepted-from"], d["accepted-to"], orDash(d["overwritten"]), d["ids-sha256"])
			}
		})
	})
}
