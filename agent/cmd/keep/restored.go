package keep

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/agent/recovery"
)

func restored(a *cli.App) *cobra.Command {
	var ask control.RestoredRequest
	cmd := &cobra.Command{
		Use:   "restored",
		Short: "Show what happened after the backup was made that the agent was restored from",
		RunE:  func(cmd *cobra.Command, _ []string) error { return showRestored(a, cmd, ask) },
	}
	cmd.Flags().BoolVar(&ask.Again, "again", false, "ask the targets anew, such as after one was mended")
	cmd.Flags().BoolVar(&ask.All, "all", false, "list every lost submission, not only the first hundred")
	cmd.AddCommand(releaseHoldCommand(a))
	return cmd
}

func showRestored(a *cli.App, cmd *cobra.Command, ask control.RestoredRequest) error {
	ctx := cmd.Context()
	offline := func(j *journal.Journal, _ config.Place) (r control.Restored, err error) {
		hold, err := restoring.Of(j).Hold(ctx)
		if err != nil {
			return r, err
		}
		if hold == nil {
			return r, &control.Error{Code: control.CodeState, Message: "this journal was never restored from a backup", Status: http.StatusConflict}
		}
		return recovery.RestoredOf(ctx, j, hold, ask.All)
	}
	if ask.Again {
		offline = nil
	}
	return cli.Show(ctx, a, orders.Restored.Ask, ask, offline, printRestored)
}

func releaseHoldCommand(a *cli.App) *cobra.Command {
	var r control.EndHoldRequest
	var seqs []string
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Let a restored agent go on",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.Seqs = map[string]int64{}
			for _, s := range seqs {
				target, number, ok := strings.Cut(s, "=")
				n, err := strconv.ParseInt(number, 10, 64)
				if !ok || err != nil || n < 0 {
					return cli.Usagef("--seq %s: write TARGET=NUMBER, such as --seq mainframe=4711", s)
				}
				r.Seqs[target] = n
			}
			return cli.Show(cmd.Context(), a, orders.EndHold.Ask, r, nil, printReleased)
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
	fmt.Fprintf(w, "restored at %s from %s, a backup of %s; epoch %d\n", cli.Stamp(r.Restored), cli.Visible(r.File), cli.Stamp(r.Backup), r.Epoch)
	switch {
	case !r.Held:
		fmt.Fprintf(w, "released at %s by %s\n", cli.Stamp(r.Released), cli.Visible(r.By))
	case r.EvidenceFound.IsZero():
		fmt.Fprintln(w, "held; what the targets have is still being looked for")
	default:
		fmt.Fprintf(w, "held; evidence of %s\n", cli.Stamp(r.EvidenceFound))
	}
	if len(r.Targets) > 0 {
		fmt.Fprintln(w)
		cli.Rows(w, "TARGET\tTELLS BY\tSEEN\tLOST\tOPEN\tNUMBER KNOWN\tNUMBER SEEN\tNOTE", r.Targets, func(t control.RestoredTarget) []any {
			last, seen := any("-"), any("-")
			if t.Batch {
				last, seen = t.LastSeq, t.SeenSeq
			}
			return []any{t.Name, t.Evidence, t.Seen, t.Lost, t.Open, last, seen, noteOf(t)}
		})
	}
	printReread(w, "IN-BASKET", r.Inbaskets)
	printReread(w, "RESULTS", r.Results)
	for _, o := range r.FrontOffices {
		fmt.Fprintf(w, "\nfront office %s: %s\n", o.Name, o.Advice)
	}
	printMissing(w, r)
	printOrders(w, r)
	for n, need := range r.Needs {
		cli.SayIf(w, n == 0, "\nbefore the release:\n")
		fmt.Fprintln(w, "  "+need)
	}
	cli.SayIf(w, r.Held && len(r.Needs) == 0, "\nnext: inbasket restored release\n")
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
	cli.Rows(w, what+"\tREAD AGAIN\tITEMS\tNOTE", list, func(s control.RestoredSource) []any {
		note := s.Advice
		if s.Trouble != nil {
			note = s.Trouble.Code + ": " + s.Trouble.Text
		}
		return []any{s.Name, map[bool]string{true: "yes", false: "no"}[s.Again], s.Count, note}
	})
}

func printMissing(w io.Writer, r control.Restored) {
	if r.Lost == 0 {
		return
	}
	verb := "are"
	if r.Lost == 1 {
		verb = "is"
	}
	fmt.Fprintf(w, "\n%s %s at targets and unknown here; came again: %d\n", cli.Count(int(r.Lost), "submission"), verb, r.Back)
	if len(r.Missing) == 0 {
		return
	}
	cli.Rows(w, "LOST\tWRITTEN\tAT", r.Missing, func(g restoring.LostSubmission) []any { return []any{g.ID, g.At, strings.Join(g.Targets, ", ")} })
	if rest := r.Lost - r.Back - int64(len(r.Missing)); rest > 0 {
		fmt.Fprintf(w, "and %d more: inbasket restored --all\n", rest)
	}
}

// printOrders lists what people did after the backup, which nothing but a person brings back.
func printOrders(w io.Writer, r control.Restored) {
	if len(r.Orders) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s given after the backup, which this journal has forgotten; repeat what still holds after the release.\n"+
		"What must not be delivered meanwhile: inbasket pause TARGET before it\n", cli.Count(len(r.Orders), "order"))
	cli.Rows(w, "ORDER\tOF\tGIVEN\tBY\tSAID", r.Orders, func(o control.RestoredOrder) []any {
		var said []string
		for _, k := range slices.Sorted(maps.Keys(o.Details)) {
			said = append(said, k+"="+o.Details[k])
		}
		return []any{o.Action, o.Object, o.At, o.Who, strings.Join(said, " ")}
	})
}

func printReleased(w io.Writer, r control.Restored) {
	fmt.Fprintf(w, "released by %s; in-baskets and targets work again\n", cli.Visible(r.By))
	for _, list := range [][]control.RestoredSource{r.Inbaskets, r.Results} {
		for _, s := range list {
			cli.SayIf(w, s.Again, "%s: what it gave since the backup is read again\n", s.Name)
		}
	}
	if left := r.Lost - r.Back; left > 0 {
		fmt.Fprintf(w, "%s at the targets did not come again yet: inbasket restored lists them\n", cli.Count(int(left), "submission"))
	}
}
