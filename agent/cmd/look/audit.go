package look

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

func auditLog(a *cli.App) *cobra.Command {
	f := audit.Filter{}
	since, all := "", false
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List who did what: orders, configurations, looks at what citizens wrote",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Last < 1 {
				return cli.Usagef("--last must be at least 1")
			}
			if all {
				f.Last = 0
			}
			at, err := cli.Moment(since, time.Now())
			if err != nil {
				return err
			}
			f.Since = at
			ctx := cmd.Context()
			list, err := AuditLog(ctx, a, f)
			if err != nil {
				return err
			}
			return a.Print(list, func(w io.Writer) { printAudit(w, list) })
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "only since: a time such as 2026-11-22T18:00, or an age such as 24h or 7d")
	cmd.Flags().StringVar(&f.Who, "who", "", "only by this account")
	cmd.Flags().StringVar(&f.Action, "action", "", "only this action, such as reject or show-form")
	cmd.Flags().StringVar(&f.Object, "object", "", "only about this submission, target or file")
	cmd.Flags().IntVar(&f.Last, "last", 100, "only the last so many")
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	cmd.AddCommand(auditVerifyCommand(a))
	return cmd
}

// AuditLog reads the audit log of a running or a stopped agent.
func AuditLog(ctx context.Context, a *cli.App, f audit.Filter) ([]audit.Entry, error) {
	return cli.Ask(ctx, a, orders.Audit.Ask, f, func(_ *journal.Journal, p config.Place) ([]audit.Entry, error) {
		return audit.Read(ctx, filepath.Join(p.State, audit.Folder), f)
	})
}

func printAudit(w io.Writer, list []audit.Entry) {
	if len(list) == 0 {
		fmt.Fprintln(w, "nothing is on record")
		return
	}
	cli.Rows(w, "ENTRY\tTIME\tWHO\tVIA\tACTION\tOBJECT\tDETAILS", list, func(e audit.Entry) []any {
		return []any{e.N, e.At, e.Who, e.Via, e.Action, cli.OrDash(e.Object), cli.OrDash(detailsText(e.Details))}
	})
}

// detailsText writes the details of an entry in one line, by name.
func detailsText(m map[string]string) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, k+": "+m[k])
	}
	return strings.Join(list, "; ")
}

func auditVerifyCommand(a *cli.App) *cobra.Command {
	head := ""
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Say whether the audit log was changed, cut or written anew",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			r, err := cli.Ask(ctx, a, orders.VerifyAudit.Ask, control.VerifyAuditRequest{Head: head}, func(j *journal.Journal, p config.Place) (audit.Report, error) {
				return audit.VerifyAgainst(ctx, j, p.State, head)
			})
			if err != nil {
				return err
			}
			return a.PrintOK(r.OK, r, func(w io.Writer) { printVerified(w, r) })
		},
	}
	cmd.Flags().StringVar(&head, "head", "", "digest of an entry that you wrote down earlier; it must be in the log")
	return cmd
}

func printVerified(w io.Writer, r audit.Report) {
	if !r.OK {
		where := "the audit log"
		if r.File != "" {
			where = fmt.Sprintf("%s, line %d", r.File, r.Line)
		}
		fmt.Fprintf(w, "WRONG  %s: %s [%s]\n", where, r.Wrong, audit.CodeBroken)
		fmt.Fprintf(w, "       the %d entries before it are as they were written\n", r.Entries)
		fmt.Fprintln(w, "       keep a copy of the folder audit below state, and find out who could write there")
		return
	}
	if r.Entries == 0 {
		fmt.Fprintln(w, "the audit log is empty")
		return
	}
	fmt.Fprintf(w, "ok  %d entries since %s are as they were written\n", r.Entries, cli.Stamp(r.Since))
	cli.SayIf(w, r.First > 1, "    the log begins with entry %d: older files were taken away\n", r.First)
	cli.SayIf(w, r.Writing, "    the last line is not finished: it is being written, or the next start of the agent sets it aside\n")
	cli.SayIf(w, r.Memory != "", "    its end is what is remembered by: %s\n", r.Memory)
	fmt.Fprintf(w, "    write this down somewhere else, for --head: %s\n", r.Head.Hash)
}
