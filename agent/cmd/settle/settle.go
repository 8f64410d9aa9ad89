// Package settle has the commands by which a person settles what a machine must not decide.
package settle

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Commands returns those of the first level.
func Commands(a *cli.App) []*cobra.Command {
	return []*cobra.Command{retry(a), release(a), confirm(a), reject(a), decide(a)}
}

// settle orders what becomes of submissions, and prints it; one that failed makes the command fail.
func settle[R any](ctx context.Context, a *cli.App, give func(context.Context, *control.Client, R) ([]control.Settled, error), r R, verb string) error {
	list, err := cli.Ask(ctx, a, give, r, nil)
	if err != nil {
		return err
	}
	ok := !slices.ContainsFunc(list, func(s control.Settled) bool { return s.Error != nil })
	return a.PrintOK(ok, list, func(w io.Writer) { printSettled(w, list, verb) })
}

// settleOne is settle for an order about one submission.
func settleOne[R any](ctx context.Context, a *cli.App, give func(context.Context, *control.Client, R) (control.Settled, error), r R, verb string) error {
	return settle(ctx, a, func(ctx context.Context, c *control.Client, r R) ([]control.Settled, error) {
		s, err := give(ctx, c, r)
		return []control.Settled{s}, err
	}, r, verb)
}

// rejected is what an order to reject prints, and the state of what it has ended.
const rejected = "rejected"

func printSettled(w io.Writer, list []control.Settled, verb string) {
	for _, s := range list {
		switch {
		case verb == rejected && s.Error == nil && s.State != rejected: // what its front office was told stays
			fmt.Fprintf(w, "%s  stays %s, nothing of it is left to deliver\n", s.ID, s.State)
		case len(s.Targets) > 0:
			fmt.Fprintf(w, "%s  %s: %s\n", s.ID, verb, strings.Join(s.Targets, ", "))
		case s.Error == nil:
			fmt.Fprintf(w, "%s  %s\n", s.ID, verb)
		}
		if s.Error != nil {
			fmt.Fprintf(w, "%s  not %s: %s [%s]\n", s.ID, verb, s.Error.Message, s.Error.Code)
			cli.SayIf(w, s.Error.Hint != "", "    %s\n", s.Error.Hint)
		}
	}
	cli.SayIf(w, len(list) == 0, "nothing to do: no submission is parked there\n")
}

func retry(a *cli.App) *cobra.Command {
	var r control.RetryRequest
	pin := ""
	cmd := &cobra.Command{
		Use:   "retry [ID...]",
		Short: "Try parked submissions again, once their cause is mended",
		RunE: func(cmd *cobra.Command, given []string) (err error) {
			if r.Mapping, given, err = newMapping(cmd.Flags().Changed("mapping"), pin, given); err != nil {
				return err
			}
			if r.IDs, err = cli.ParseIDs(given); err != nil {
				return err
			}
			selects, named := r.Route != "" || r.Code != "", len(r.IDs) > 0
			if selects && named || !selects && !named && r.Target == "" {
				return cli.Usagef("name submissions, or select them by --target, --route or --code; not both")
			}
			return settle(cmd.Context(), a, orders.Retry.Ask, r, "tried again")
		},
	}
	cmd.Flags().StringVar(&pin, "mapping", "", "NEW pins them to the mapping that is in force now")
	cmd.Flags().Lookup("mapping").NoOptDefVal = newest
	cmd.Flags().StringVar(&r.Target, "target", "", "all that are parked at this target, also what may be there already; of submissions that are named, at this one")
	cmd.Flags().StringVar(&r.Route, "route", "", "all that are parked on this route")
	cmd.Flags().StringVar(&r.Code, "code", "", "all that are parked for this reason")
	return cmd
}

// newest is the one mapping that a submission can be pinned to: that in force.
const newest = "NEW"

// newMapping reads --mapping, whose word may also stand apart from it or be left out.
func newMapping(set bool, value string, given []string) (bool, []string, error) {
	if !set {
		return false, given, nil
	}
	if !strings.EqualFold(value, newest) {
		return false, nil, cli.Usagef("--mapping takes %s: the mapping that is in force now; change the file, reload, then retry", newest)
	}
	return true, slices.DeleteFunc(slices.Clone(given), func(s string) bool { return strings.EqualFold(s, newest) }), nil
}

func release(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "release ID...",
		Short: "Let parked submissions go on as they are",
		RunE: func(cmd *cobra.Command, given []string) error {
			ids, err := cli.ParseIDs(given)
			if err != nil {
				return err
			}
			return settle(cmd.Context(), a, orders.Release.Ask, control.ReleaseRequest{IDs: ids}, "released")
		},
	}
}

func confirm(a *cli.App) *cobra.Command {
	var r control.ConfirmRequest
	var returned []string
	cmd := &cobra.Command{
		Use:   "confirm [ID] TARGET --reason TEXT",
		Short: "Take as delivered what a person has found in a target that could not tell",
		RunE: func(cmd *cobra.Command, given []string) (err error) {
			names := []string{"ID", "TARGET"}
			if r.Seq != 0 {
				names = names[1:]
			}
			switch err := cli.Args(names...)(cmd, given); {
			case err != nil:
				return err
			case r.Seq < 0:
				return cli.Usagef("%d is not a batch number", r.Seq)
			case strings.TrimSpace(r.Reason) == "":
				return cli.Usagef("confirm needs --reason: it stays on record")
			case r.Seq > 0 && len(returned) > 0:
				return cli.Usagef("a batch returns nothing: --returned is for a row of a database")
			}
			if r.Returned, err = pairsOf(returned); err != nil {
				return err
			}
			r.Target = given[len(given)-1]
			if r.Seq > 0 {
				return cli.OrderDone(cmd.Context(), a, orders.Confirm.Ask, r, fmt.Sprintf("batch %d of %s is delivered, on your word", r.Seq, r.Target))
			}
			if r.ID, err = cli.ParseID(given[0]); err != nil {
				return err
			}
			return settleOne(cmd.Context(), a, func(ctx context.Context, c *control.Client, r control.ConfirmRequest) (control.Settled, error) {
				s, err := orders.Confirm.Ask(ctx, c, r)
				s.Targets = nil // the words name it
				return s, err
			}, r, "is at "+r.Target+", on your word")
		},
	}
	cmd.Flags().Int64Var(&r.Seq, "batch", 0, "number of a sealed batch")
	cmd.Flags().StringArrayVar(&returned, "returned", nil, "WRITE.COLUMN=VALUE: what the target gave the row, as the mapping names it; may be repeated")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "what was found; it stays on record")
	cmd.Flags().BoolVar(&r.Force, "force", false, "also a value that another submission has")
	return cmd
}

// pairsOf reads NAME=VALUE, each name once.
func pairsOf(given []string) (pairs map[string]string, err error) {
	for _, text := range given {
		name, value, _ := strings.Cut(text, "=")
		if _, twice := pairs[name]; twice || name == "" || value == "" {
			return nil, cli.Usagef("%q is not NAME=VALUE, or its name is said twice", text)
		}
		if pairs == nil {
			pairs = map[string]string{}
		}
		pairs[name] = value
	}
	return pairs, nil
}

func reject(a *cli.App) *cobra.Command {
	var r control.RejectRequest
	cmd := &cobra.Command{
		Use:   "reject ID --reason TEXT",
		Short: "End a submission: the front office is told why",
		RunE: func(cmd *cobra.Command, given []string) (err error) {
			if r.ID, err = cli.ParseID(given[0]); err != nil {
				return err
			}
			if strings.TrimSpace(r.Reason) == "" {
				return cli.Usagef("reject needs --reason: the front office reads it")
			}
			return settleOne(cmd.Context(), a, orders.Reject.Ask, r, rejected)
		},
	}
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why, as the front office reads it")
	cmd.Flags().BoolVar(&r.Force, "force", false, "also when it is partly delivered")
	return cmd
}

func decide(a *cli.App) *cobra.Command {
	var r control.DecideRequest
	var documents []string
	cmd := &cobra.Command{
		Use:   "decide ID OUTCOME",
		Short: "Record a person's decision, with its documents",
		RunE: func(cmd *cobra.Command, given []string) (err error) {
			if r.ID, err = cli.ParseID(given[0]); err != nil {
				return err
			}
			r.Outcome = given[1]
			if err := checkOutcome(r.Outcome); err != nil {
				return err
			}
			uploads, err := uploadsOf(documents)
			if err != nil {
				return err
			}
			return settleOne(cmd.Context(), a, func(ctx context.Context, c *control.Client, r control.DecideRequest) (control.Settled, error) {
				return c.Decide(ctx, r, uploads)
			}, r, "decided: "+r.Outcome)
		},
	}
	cmd.Flags().StringVar(&r.CaseNumber, "case", "", "case number of the back office")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "reason, as the front office reads it")
	cmd.Flags().StringArrayVar(&documents, "document", nil, "file that goes with the decision; may be repeated")
	return cmd
}

// checkOutcome refuses what looks like a slip: the front office is told at once, and cannot be untold.
func checkOutcome(word string) error {
	if s := diag.Suggest(word, []string{"approved", "refused"}); s != "" && s != word {
		return cli.Usagef("%q is not approved or refused; did you mean %q?", word, s)
	}
	if strings.TrimSpace(word) == "" {
		return cli.Usagef("decide needs an outcome: approved, refused, or another word that the front office knows")
	}
	return nil
}

// uploadsOf looks at the files first, so that nothing is decided when one is missing.
func uploadsOf(paths []string) ([]control.Upload, error) {
	var out []control.Upload
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, cli.Usagef("%s is not a file", path)
		}
		out = append(out, control.Upload{Name: filepath.Base(path), ContentType: cli.ContentType(path), Open: func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	return out, nil
}

// Attach belongs below results.
func Attach(a *cli.App) *cobra.Command {
	var r control.AttachRequest
	cmd := &cobra.Command{
		Use:   "attach NUMBER ID",
		Short: "Give a result that waits for a person to the submission that it speaks of",
		RunE: func(cmd *cobra.Command, given []string) (err error) {
			if r.Result, err = numberOf(given[0], "the number of a result, as inbasket results shows it"); err != nil {
				return err
			}
			if r.ID, err = cli.ParseID(given[1]); err != nil {
				return err
			}
			if cmd.Flags().Changed("outcome") {
				if err := checkOutcome(r.Outcome); err != nil {
					return err
				}
			}
			return settleOne(cmd.Context(), a, orders.Attach.Ask, r, "decided by result "+given[0])
		},
	}
	cmd.Flags().StringVar(&r.Outcome, "outcome", "", "what the result means: approved, refused, or another word that the front office knows")
	return cmd
}

// Drop belongs below results.
func Drop(a *cli.App) *cobra.Command {
	var r control.DropResultRequest
	return forReason(&cobra.Command{
		Use:   "drop NUMBER --reason TEXT",
		Short: "Set a result aside that belongs to no submission; who and why stay on record",
	}, &r.Reason, func(ctx context.Context, given []string) (err error) {
		if r.Result, err = numberOf(given[0], "the number of a result, as inbasket results shows it"); err != nil {
			return err
		}
		return cli.OrderDone(ctx, a, orders.DropResult.Ask, r, fmt.Sprintf("result %d is set aside", r.Result))
	})
}

// Void belongs below batches.
func Void(a *cli.App) *cobra.Command {
	var r control.VoidRequest
	return forReason(&cobra.Command{
		Use:   "void TARGET NUMBER --reason TEXT",
		Short: "Give up a sealed batch that cannot go; its forms travel in the next one",
	}, &r.Reason, func(ctx context.Context, given []string) (err error) {
		r.Target = given[0]
		if r.Seq, err = numberOf(given[1], "a batch number"); err != nil {
			return err
		}
		return cli.OrderDone(ctx, a, orders.Void.Ask, r, fmt.Sprintf("batch %d of %s is void; its forms travel in the next one", r.Seq, r.Target))
	})
}

// SetSequence belongs below sequences.
func SetSequence(a *cli.App) *cobra.Command {
	var r control.SequenceRequest
	return forReason(&cobra.Command{
		Use:   "set SERIES NUMBER --reason TEXT",
		Short: "Have a sequence go on after a number; who and why stay on record",
	}, &r.Reason, func(ctx context.Context, given []string) (err error) {
		r.Series = given[0]
		if r.Last, err = numberOf(given[1], "the highest number that was given"); err != nil {
			return err
		}
		return cli.OrderDone(ctx, a, orders.SetSequence.Ask, r, fmt.Sprintf("the next number of %s is %d", r.Series, r.Last+1))
	})
}

// forReason makes a command that does something for a reason only, which stays on record.
func forReason(cmd *cobra.Command, reason *string, do func(context.Context, []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if strings.TrimSpace(*reason) == "" {
			return cli.Usagef("%s needs --reason: it stays on record", cmd.Name())
		}
		return do(cmd.Context(), given)
	}
	cmd.Flags().StringVar(reason, "reason", "", "why; it stays on record")
	return cmd
}

func numberOf(s, what string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, cli.Usagef("%q is not %s", s, what)
	}
	return n, nil
}
