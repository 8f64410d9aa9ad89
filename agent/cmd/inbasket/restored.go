package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/agent/recovery"
)

func restoredCommand(a *app) *cobra.Command {
	var ask control.RestoredRequest
	cmd := &cobra.Command{
		Use:   "restored",
		Short: "Show what happened after the backup was made that the agent was restored from",
		Long: `Restored shows what the targets, the done folders and the sources of results tell about the time between the backup
and the restore: what is known again, what comes again, and what cannot be recovered. It also says what must be decided
before the agent can be released.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.restored(cmd, ask) },
	}
	cmd.Flags().BoolVar(&ask.Again, "again", false, "ask the targets anew, such as after one was mended")
	cmd.Flags().BoolVar(&ask.All, "all", false, "list every lost submission, not only the first hundred")
	cmd.AddCommand(releaseHoldCommand(a))
	return cmd
}

func (a *app) restored(cmd *cobra.Command, ask control.RestoredRequest) error {
	ctx := cmd.Context()
	var report control.Restored
	offline := func(j *journal.Journal, _ config.Place) error {
		hold, err := j.Hold(ctx)
		if err != nil {
			return err
		}
		if hold == nil {
			return &control.Error{Code: control.CodeState, Message: "this journal was never restored from a backup", Status: http.StatusConflict}
		}
		report, err = recovery.RestoredOf(ctx, j, hold, ask.All)
		return err
	}
	if ask.Again {
		offline = nil
	}
	err := a.agent(ctx, func(c *control.Client) (err error) {
		report, err = orders.Restored.Ask(ctx, c, ask)
		return err
	}, offline)
	if err != nil {
		return err
	}
	return a.print(report, func(w io.Writer) { printRestored(w, report) })
}

func releaseHoldCommand(a *app) *cobra.Command {
	var r control.EndHoldRequest
	var seqs []string
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Let a restored agent go on",
		Long: `Release ends the hold of a restored agent. Sequence numbers are raised to the highest that is known, forms of the done
folders are offered again, and marked results are asked for again. Deliveries that may have been made after the backup are
looked up first; where the target cannot tell, they park.

What nobody but a person can know must be said: the last batch number where no file tells it (--seq, --accept-seq), that
nothing was taken away by a target in the lost time (--trust-absent), or that a target cannot be asked (--without-evidence).`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.Seqs = map[string]int64{}
			for _, s := range seqs {
				target, number, ok := strings.Cut(s, "=")
				n, err := strconv.ParseInt(number, 10, 64)
				if !ok || err != nil || n < 0 {
					return usagef("--seq %s: write TARGET=NUMBER, such as --seq mainframe=4711", s)
				}
				r.Seqs[target] = n
			}
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				report, err := orders.EndHold.Ask(ctx, c, r)
				if err != nil {
					return err
				}
				return a.print(report, func(w io.Writer) { printReleased(w, report) })
			}, nil)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&seqs, "seq", nil, "TARGET=NUMBER: the last batch number that was used")
	f.StringArrayVar(&r.AcceptSeq, "accept-seq", nil, "target whose batch numbers are right as they are")
	f.StringArrayVar(&r.TrustAbsent, "trust-absent", nil, "target that took nothing away in the lost time: what does not lie there was not delivered")
	f.StringArrayVar(&r.WithoutEvidence, "without-evidence", nil, "target that could not be asked; forms that it has may be parked")
	return cmd
}

func printRestored(w io.Writer, r control.Restored) {
	fmt.Fprintf(w, "restored at %s from %s, a backup of %s; epoch %d\n", stamp(r.Restored), visible(r.File), stamp(r.Backup), r.Epoch)
	switch {
	case !r.Held:
		fmt.Fprintf(w, "released at %s by %s\n", stamp(r.Released), visible(r.By))
	case r.Gathered.IsZero():
		fmt.Fprintln(w, "held; what the targets have is still being looked for")
	default:
		fmt.Fprintf(w, "held; evidence of %s\n", stamp(r.Gathered))
	}
	if len(r.Targets) > 0 {
		fmt.Fprintln(w)
		table(w, func(w io.Writer) {
			fmt.Fprintln(w, "TARGET\tTELLS BY\tSEEN\tLOST\tOPEN\tNUMBER KNOWN\tNUMBER SEEN\tNOTE")
			for _, t := range r.Targets {
				last, seen := "-", "-"
				if t.Batch {
					last, seen = strconv.FormatInt(t.LastSeq, 10), strconv.FormatInt(t.SeenSeq, 10)
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", t.Name, t.Evidence, t.Seen, t.Lost, t.Open, last, seen, noteOf(t))
			}
		})
	}
	printReread(w, "IN-BASKET", r.Inbaskets)
	printReread(w, "RESULTS", r.Results)
	for _, o := range r.FrontOffices {
		fmt.Fprintf(w, "\nfront office %s: %s\n", o.Name, o.Advice)
	}
	printGhosts(w, r)
	printOrders(w, r)
	for n, need := range r.Needs {
		if n == 0 {
			fmt.Fprintln(w, "\nbefore the release:")
		}
		fmt.Fprintln(w, "  "+need)
	}
	if r.Held && len(r.Needs) == 0 {
		fmt.Fprintln(w, "\nnext: inbasket restored release")
	}
}

// noteOf says what an operator should know of a target.
func noteOf(t control.RestoredTarget) string {
	switch {
	case t.Trouble != nil:
		return t.Trouble.Code + ": " + t.Trouble.Text
	case t.Blind > 0:
		return "its ledger keeps no digests: forms that come again park"
	case t.Unsure && t.Open > 0:
		return "what is open and does not lie there parks, unless --trust-absent"
	case t.Unsure:
		return "cannot tell what was taken away"
	}
	return ""
}

func printReread(w io.Writer, what string, list []control.RestoredSource) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(w)
	table(w, func(w io.Writer) {
		fmt.Fprintf(w, "%s\tREAD AGAIN\tITEMS\tNOTE\n", what)
		for _, s := range list {
			again, note := "no", s.Advice
			if s.Again {
				again = "yes"
			}
			if s.Trouble != nil {
				note = s.Trouble.Code + ": " + s.Trouble.Text
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", s.Name, again, s.Count, note)
		}
	})
}

func printGhosts(w io.Writer, r control.Restored) {
	if r.Lost == 0 {
		return
	}
	verb := "are"
	if r.Lost == 1 {
		verb = "is"
	}
	fmt.Fprintf(w, "\n%s %s at targets and unknown here; came again: %d\n", count(int(r.Lost), "submission"), verb, r.Back)
	if len(r.Ghosts) == 0 {
		return
	}
	table(w, func(w io.Writer) {
		fmt.Fprintln(w, "LOST\tWRITTEN\tAT")
		for _, g := range r.Ghosts {
			fmt.Fprintf(w, "%s\t%s\t%s\n", g.ID, stamp(g.At), strings.Join(g.Targets, ", "))
		}
	})
	if rest := r.Lost - r.Back - int64(len(r.Ghosts)); rest > 0 {
		fmt.Fprintf(w, "and %d more: inbasket restored --all\n", rest)
	}
}

// printOrders lists what people did after the backup, which nothing but a person brings back.
func printOrders(w io.Writer, r control.Restored) {
	if len(r.Orders) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s given after the backup, which this journal has forgotten; repeat what still holds after the release.\n"+
		"What must not be delivered meanwhile: inbasket pause TARGET before it\n", count(len(r.Orders), "order"))
	table(w, func(w io.Writer) {
		fmt.Fprintln(w, "ORDER\tOF\tGIVEN\tBY\tSAID")
		for _, o := range r.Orders {
			var said []string
			for _, k := range slices.Sorted(maps.Keys(o.Details)) {
				said = append(said, k+"="+o.Details[k])
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", visible(o.Action), visible(o.Object), stamp(o.At), visible(o.Who), visible(strings.Join(said, " ")))
		}
	})
}

func printReleased(w io.Writer, r control.Restored) {
	fmt.Fprintf(w, "released by %s; in-baskets and targets work again\n", visible(r.By))
	for _, list := range [][]control.RestoredSource{r.Inbaskets, r.Results} {
		for _, s := range list {
			if s.Again {
				fmt.Fprintf(w, "%s: what it gave since the backup is read again\n", s.Name)
			}
		}
	}
	if left := r.Lost - r.Back; left > 0 {
		fmt.Fprintf(w, "%s at the targets did not come again yet: inbasket restored lists them\n", count(int(left), "submission"))
	}
}
