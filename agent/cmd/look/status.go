package look

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/codes"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/agent/orders"
)

func status(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show how the agent stands: backlog, oldest, every target and route",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			offline := func(j *journal.Journal, p config.Place) (control.Status, error) {
				sum, err := reading.Of(j).Summary(ctx)
				s := control.StoppedStatus(p.Agency, sum)
				return s, errors.Join(err, heldStatus(ctx, j, &s))
			}
			return cli.Show(ctx, a, orders.Status.Ask, control.Nothing{}, offline, func(w io.Writer, s control.Status) { printStatus(w, s, time.Now()) })
		},
	}
}

// heldStatus adds what the journal of a stopped agent tells of backups and restores.
func heldStatus(ctx context.Context, j *journal.Journal, s *control.Status) error {
	hold, err := restoring.Of(j).Hold(ctx)
	if err == nil && hold != nil && hold.Released.IsZero() {
		s.Held = &control.Trouble{Code: agent.CodeHeld, Text: "restored from a backup of " + cli.Stamp(hold.Backup), Next: "start it, then: inbasket restored", Since: hold.Restored}
	}
	at, e := restoring.Of(j).LastBackup(ctx)
	s.Backup = at
	return errors.Join(err, e)
}

func printStatus(w io.Writer, s control.Status, now time.Time) {
	if s.Running {
		fmt.Fprintf(w, "%s: running since %s (version %s, process %d)\n", s.Agency, cli.Stamp(s.Started), s.Version, s.PID)
	} else {
		fmt.Fprintf(w, "%s: the agent does not run; this is its journal\n", s.Agency)
	}
	fmt.Fprintln(w, cmp.Or(countsText(s.States), "no submissions yet"))
	printTrouble(w, "agent", s.Held)
	printTrouble(w, "journal", s.Journal)
	printTrouble(w, "disk", s.Space)
	for i := range s.Stuck {
		printTrouble(w, "agent", &s.Stuck[i])
	}
	printTargets(w, s, now)
	printSources(w, "in-baskets", s.Inbaskets)
	printSources(w, "results", s.Results)
	printOffices(w, s.FrontOffices)
	printRoutes(w, s.Routes, now)
	cli.SayIf(w, s.Orphans > 0, "%s of the back office %s no submission: inbasket results --orphans\n", cli.Count(int(s.Orphans), "result"), verb(s.Orphans, "fits", "fit"))
	cli.SayIf(w, s.ParkedResults > 0, "%s of the back office %s for a person: inbasket results --parked\n", cli.Count(int(s.ParkedResults), "result"), verb(s.ParkedResults, "waits", "wait"))
	for _, n := range s.Notices {
		times := ""
		if n.Count > 1 {
			times = fmt.Sprintf(", %d times", n.Count)
		}
		fmt.Fprintf(w, "note %s %s [%s%s]\n", cli.Stamp(n.At), n.Text, n.Code, times)
	}
	cli.SayIf(w, !s.Backup.IsZero(), "last backup %s\n", cli.Stamp(s.Backup))
	if n := s.Parked(); n > 0 {
		fmt.Fprintf(w, "\n%s %s for a person: inbasket list --state parked, then inbasket show ID\n", cli.Count(n, "submission"), verb(n, "waits", "wait"))
	}
}

func printTargets(w io.Writer, s control.Status, now time.Time) {
	targets := s.Targets
	if len(targets) == 0 {
		return
	}
	fmt.Fprintln(w, "\ntargets")
	cli.Rows(w, "", targets, func(t control.TargetStatus) []any {
		return []any{"  " + t.Name, cli.OrDash(t.Type), targetWord(t, s.Running), fmt.Sprintf("%d open", t.Open), fmt.Sprintf("%d parked", t.Parked), oldest(t.Oldest, now)}
	})
	for _, t := range targets {
		if b := t.Batch; b != nil {
			fmt.Fprintf(w, "  %s: last batch %d, %d collected", t.Name, b.LastSeq, b.Count)
			cli.SayIf(w, !b.ClosesAt.IsZero(), ", closes at %s", cli.Stamp(b.ClosesAt))
			cli.SayIf(w, b.Sealed > 0, ", %d sealed and waiting", b.Sealed)
			fmt.Fprintln(w)
		}
		cli.SayIf(w, t.Stopped > 0, "  %s: %s behind %s of the same order key: inbasket show %[3]s\n", t.Name, waiting(t.Stopped), t.StoppedBy)
		printTrouble(w, t.Name, t.Trouble)
	}
}

func waiting(n int) string {
	if n == 1 {
		return "1 delivery waits"
	}
	return fmt.Sprintf("%d deliveries wait", n)
}

func targetWord(t control.TargetStatus, running bool) string {
	switch {
	case t.Paused && t.Why != "":
		return "paused: " + t.Why
	case t.Paused:
		return "paused"
	case !running:
		return "-" // nobody knows
	case t.Circuit == "" || t.Circuit == "closed":
		return "ok"
	default:
		return "circuit " + t.Circuit
	}
}

func printTrouble(w io.Writer, name string, t *control.Trouble) {
	if t == nil {
		return
	}
	fmt.Fprintf(w, "  %s: %s [%s]", name, cli.OrDash(t.Text), t.Code)
	cli.SayIf(w, !t.Since.IsZero(), " since %s", cli.Stamp(t.Since))
	cli.SayIf(w, !t.RetryAt.IsZero(), ", next try %s", cli.Stamp(t.RetryAt))
	fmt.Fprintln(w)
	if next := cmp.Or(t.Next, codes.Cure(t.Code, "")); next != "" {
		fmt.Fprintf(w, "    %s\n", next)
	}
}

func printSources(w io.Writer, title string, list []control.SourceStatus) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	cli.Rows(w, "", list, func(s control.SourceStatus) []any {
		return []any{"  " + s.Name, s.Type, fmt.Sprintf("%d taken", s.Taken), "last " + cli.Stamp(s.Last)}
	})
	for _, s := range list {
		printTrouble(w, s.Name, s.Trouble)
		for _, i := range s.Waiting {
			printTrouble(w, s.Name+": "+cli.Visible(i.Item), &control.Trouble{Code: i.Code, Text: cli.Visible(i.Text), Next: cli.Visible(i.Next), Since: i.Since})
			cli.SayIf(w, !i.SetAside.IsZero(), "    the others go on; it is set aside at %s\n", cli.Stamp(i.SetAside))
		}
	}
}

func printOffices(w io.Writer, list []control.OfficeStatus) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(w, "\nfront offices")
	cli.Table(w, func(w io.Writer) {
		for _, o := range list {
			how := "polls"
			if o.Push != "" {
				how = fmt.Sprintf("%s, %d waiting", o.Push, o.Backlog)
			}
			fmt.Fprintf(w, "  %s\t%s%s\n", o.Name, how, quotaText(o.Quota))
		}
	})
	for _, o := range list {
		printTrouble(w, o.Name, o.Trouble)
	}
}

// quotaText tells what a front office has used of its quota.
func quotaText(q *control.QuotaStatus) string {
	if q == nil {
		return ""
	}
	var parts []string
	if q.Rate != "" {
		parts = append(parts, "rate "+q.Rate)
	}
	if q.BytesPerDay > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d bytes today", q.Bytes, q.BytesPerDay))
	}
	if q.OpenLimit > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d open", q.Open, q.OpenLimit))
	}
	for _, what := range slices.Sorted(maps.Keys(q.Refused)) {
		parts = append(parts, fmt.Sprintf("%d refused by %s", q.Refused[what], what))
	}
	return "\tquota: " + strings.Join(parts, ", ")
}

func printRoutes(w io.Writer, list []journal.RouteSummary, now time.Time) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(w, "\nroutes")
	cli.Rows(w, "", list, func(r journal.RouteSummary) []any {
		return []any{"  " + cli.OrDash(r.Route), countsText(r.States), oldest(r.Oldest, now)}
	})
}

// countsText tells how many submissions are in each state.
func countsText(counts map[journal.State]int64) string {
	var texts []string
	for _, state := range states {
		if n := counts[state]; n > 0 {
			texts = append(texts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return strings.Join(texts, ", ")
}

func oldest(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return "oldest " + age(now.Sub(t))
}

// age prints a duration by its largest unit.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dmin", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
