package keep

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/cmd/look"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal/purging"
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

func purge(a *cli.App) *cobra.Command {
	var f purgeFlags
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Take away the content of submissions whose life is over",
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen := 0
			for _, is := range []bool{f.now, f.dryRun && len(f.ids) == 0, f.report, len(f.ids) > 0} {
				if is {
					chosen++
				}
			}
			switch {
			case chosen != 1:
				return cli.Usagef("purge needs one of --now, --dry-run, --id and --report")
			case len(f.ids) > 0 && f.reason == "":
				return cli.Usagef("purge --id needs --reason; it stays on record")
			case f.report:
				return purgeCertificates(a, cmd)
			}
			return runPurge(a, cmd, f)
		},
	}
	cmd.Flags().StringArrayVar(&f.ids, "id", nil, "purge this submission, whatever its age; may be repeated")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, with --id; it stays on record, so write nothing of the form")
	cmd.Flags().BoolVar(&f.now, "now", false, "purge now what retention says")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "only say what would be purged")
	cmd.Flags().BoolVar(&f.report, "report", false, "print the certificates of what was purged")
	return cmd
}

func runPurge(a *cli.App, cmd *cobra.Command, f purgeFlags) error {
	ids, err := cli.ParseIDs(f.ids)
	if err != nil {
		return err
	}
	r, err := cli.Ask(cmd.Context(), a, orders.Purge.Ask, control.PurgeRequest{IDs: ids, DryRun: f.dryRun, Reason: f.reason}, nil)
	if err != nil {
		return err
	}
	return a.PrintOK(len(r.Kept) == 0, r, func(w io.Writer) { printPurge(w, r) })
}

func printPurge(w io.Writer, r control.PurgeReport) {
	if len(r.Groups) > 0 {
		cli.Rows(w, "ROUTE\tSTATE\tKEPT FOR\tSUBMISSIONS\tENDED SINCE", r.Groups, func(g control.PurgeGroup) []any {
			return []any{cli.OrDash(g.Route), g.State, g.Keep, g.Count, g.Oldest}
		})
	}
	for _, k := range r.Kept {
		fmt.Fprintf(w, "%s  kept: %s [%s]\n", k.ID, k.Error.Message, k.Error.Code)
		cli.SayIf(w, k.Error.Hint != "", "    %s\n", k.Error.Hint)
	}
	if r.DryRun {
		fmt.Fprintf(w, "%s would be purged\n", cli.Count(int(r.Purged), "submission"))
		return
	}
	fmt.Fprintf(w, "%s purged, %s removed\n", cli.Count(int(r.Purged), "submission"), cli.Count(int(r.Files), "file"))
	cli.SayIf(w, r.FilesLater > 0, "%s may still be in use and follow with the next purge, from an hour on: inbasket purge --now\n", cli.Count(int(r.FilesLater), "file"))
	for _, c := range r.Certificates {
		printCertificate(w, c, r.Overwritten)
	}
}

func printCertificate(w io.Writer, c purging.Certificate, overwritten bool) {
	fmt.Fprintf(w, "certificate: run %d, %s, accepted from %s to %s\n", c.Run, cli.Count(int(c.Count), "submission"), cli.Stamp(c.From), cli.Stamp(c.To))
	fmt.Fprintf(w, "    SHA-256 of their IDs: %s\n", c.Digest)
	if overwritten {
		fmt.Fprintln(w, "    the journal's file and its log were overwritten where they stood")
		return
	}
	fmt.Fprintln(w, "    the journal's log may still hold them; inbasket journal compact empties it")
}

// purgeCertificates prints what the audit log says of purges.
func purgeCertificates(a *cli.App, cmd *cobra.Command) error {
	list, err := look.AuditLog(cmd.Context(), a, audit.Filter{Action: upkeep.ActionPurged})
	if err != nil {
		return err
	}
	return a.Print(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "nothing was purged")
			return
		}
		cli.Rows(w, "TIME\tRUN\tBY\tSUBMISSIONS\tACCEPTED FROM\tTO\tOVERWRITTEN\tSHA-256 OF THE IDS", list, func(e audit.Entry) []any {
			d := e.Details
			return []any{e.At, e.Object, e.Who, d["count"], d["accepted-from"], d["accepted-to"], cli.OrDash(d["overwritten"]), d["ids-sha256"]}
		})
	})
}
