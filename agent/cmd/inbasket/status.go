package main

import (
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
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

func statusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show how the agent stands: backlog, oldest, every target and route",
		Args:  args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var s control.Status
			err := a.agent(ctx, func(c *control.Client) (err error) { s, err = orders.Status.Ask(ctx, c, control.Nothing{}); return err },
				func(j *journal.Journal, p config.Place) error {
					sum, err := j.Summary(ctx)
					s = control.StoppedStatus(p.Agency, sum)
					return errors.Join(err, heldStatus(ctx, j, &s))
				})
			if err != nil {
				return err
			}
			return a.print(s, func(w io.Writer) { printStatus(w, s, time.Now()) })
		},
	}
}

// heldStatus adds what the journal of a stopped agent tells of backups and restores.
func heldStatus(ctx context.Context, j *journal.Journal, s *control.Status) error {
	hold, err := j.Hold(ctx)
	if err == nil && hold != nil && hold.Released.IsZero() {
		s.Held = &control.Trouble{Code: agent.CodeHeld, Text: "restored from a backup of " + stamp(hold.Backup), Next: "start it, then: inbasket restored", Since: hold.Restored}
	}
	at, e := j.LastBackup(ctx)
	s.Backup = at
	return errors.Join(err, e)
}

func printStatus(w io.Writer, s control.Status, now time.Time) {
	if s.Running {
		fmt.Fprintf(w, "%s: running since %s (version %s, process %d)\n", s.Agency, stamp(s.Started), s.Version, s.PID)
	} else {
		fmt.Fprintf(w, "%s: the agent does not run; this is its journal\n", s.Agency)
	}
	var states []string
	for _, state := range []journal.State{journal.Accepted, journal.Delivered, journal.Decided, journal.Closed, journal.Rejected, journal.Parked} {
		if n := s.States[state]; n > 0 {
			states = append(states, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(states) == 0 {
		states = []string{"no submissions yet"}
	}
	fmt.Fprintln(w, strings.Join(states, ", "))
	printTrouble(w, "agent", s.Held)
	printTrouble(w, "journal", s.Journal)
	for i := range s.Stuck {
		printTrouble(w, "agent", &s.Stuck[i])
	}
	printTargets(w, s, now)
	printSources(w, "in-baskets", s.Inbaskets)
	printSources(w, "results", s.Results)
	printOffices(w, s.FrontOffices)
	printRoutes(w, s.Routes, now)
	if s.Orphans > 0 {
		fmt.Fprintf(w, "%s of the back office %s no submission: inbasket results --orphans\n", count(int(s.Orphans), "result"), verb(s.Orphans, "fits", "fit"))
	}
	if s.ParkedResults > 0 {
		fmt.Fprintf(w, "%s of the back office %s for a person: inbasket results --parked\n", count(int(s.ParkedResults), "result"), verb(s.ParkedResults, "waits", "wait"))
	}
	for _, n := range s.Notices {
		times := ""
		if n.Count > 1 {
			times = fmt.Sprintf(", %d times", n.Count)
		}
		fmt.Fprintf(w, "note %s %s [%s%s]\n", stamp(n.At), n.Text, n.Code, times)
	}
	if !s.Backup.IsZero() {
		fmt.Fprintf(w, "last backup %s\n", stamp(s.Backup))
	}
	printNext(w, s)
}

func printTargets(w io.Writer, s control.Status, now time.Time) {
	targets := s.Targets
	if len(targets) == 0 {
		return
	}
	fmt.Fprintln(w, "\ntargets")
	table(w, func(w io.Writer) {
		for _, t := range targets {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%d open\t%d parked\t%s\n", t.Name, orDash(t.Type), targetWord(t, s.Running), t.Open, t.Parked, oldest(t.Oldest, now))
		}
	})
	for _, t := range targets {
		if b := t.Batch; b != nil {
			fmt.Fprintf(w, "  %s: last batch %d, %d collected", t.Name, b.LastSeq, b.Count)
			if !b.ClosesAt.IsZero() {
				fmt.Fprintf(w, ", closes at %s", stamp(b.ClosesAt))
			}
			if b.Sealed > 0 {
				fmt.Fprintf(w, ", %d sealed and waiting", b.Sealed)
			}
			fmt.Fprintln(w)
		}
		printTrouble(w, t.Name, t.Trouble)
	}
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
	fmt.Fprintf(w, "  %s: %s [%s]", name, orDash(t.Text), t.Code)
	if !t.Since.IsZero() {
		fmt.Fprintf(w, " since %s", stamp(t.Since))
	}
	if !t.RetryAt.IsZero() {
		fmt.Fprintf(w, ", next try %s", stamp(t.RetryAt))
	}
	fmt.Fprintln(w)
	if t.Next != "" {
		fmt.Fprintf(w, "    %s\n", t.Next)
	}
}

func printSources(w io.Writer, title string, list []control.SourceStatus) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	table(w, func(w io.Writer) {
		for _, s := range list {
			fmt.Fprintf(w, "  %s\t%s\t%d taken\tlast %s\n", s.Name, s.Type, s.Taken, stamp(s.Last))
		}
	})
	for _, s := range list {
		printTrouble(w, s.Name, s.Trouble)
		for _, i := range s.Waiting {
			printTrouble(w, s.Name+": "+visible(i.Item), &control.Trouble{Code: i.Code, Text: visible(i.Text), Next: visible(i.Next), Since: i.Since})
			if !i.SetAside.IsZero() {
				fmt.Fprintf(w, "    the others go on; it is set aside at %s\n", stamp(i.SetAside))
			}
		}
	}
}

func printOffices(w io.Writer, list []control.OfficeStatus) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(w, "\nfront offices")
	table(w, func(w io.Writer) {
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
	table(w, func(w io.Writer) {
		for _, r := range list {
			var states []string
			for _, state := range []journal.State{journal.Accepted, journal.Delivered, journal.Decided, journal.Closed, journal.Rejected, journal.Parked} {
				if n := r.States[state]; n > 0 {
					states = append(states, fmt.Sprintf("%d %s", n, state))
				}
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\n", orDash(r.Route), strings.Join(states, ", "), oldest(r.Oldest, now))
		}
	})
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

// printNext says what waits for a person.
func printNext(w io.Writer, s control.Status) {
	if s.States[journal.Parked] > 0 {
		fmt.Fprintf(w, "\n%s: inbasket list --state parked, then inbasket show ID\n", waits(s.States[journal.Parked]))
	}
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func waits(n int64) string {
	if n == 1 {
		return "1 submission waits for a person"
	}
	return fmt.Sprintf("%d submissions wait for a person", n)
}
