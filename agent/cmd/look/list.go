package look

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/mapping/diag"
)

func list(a *cli.App) *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List submissions",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.request(time.Now(), cmd.InOrStdin())
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			offline := func(j *journal.Journal, p config.Place) (list []journal.Entry, err error) {
				look := func() error {
					list, err = reading.Of(j).List(ctx, r.Filter())
					return err
				}
				if r.Key == "" {
					err = look()
				} else {
					err = a.OnRecord(ctx, p, "find-key", "", map[string]string{"key": r.Key}, look)
				}
				return list, err
			}
			return cli.Show(ctx, a, orders.List.Ask, r, offline, func(w io.Writer, list []journal.Entry) { printList(w, list, r.Limit) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.state, "state", "", "accepted, delivered, decided, closed, rejected, parked or purged")
	flags.StringVar(&f.route, "route", "", "only this route")
	flags.StringVar(&f.target, "target", "", "only those with a delivery to this target")
	flags.StringVar(&f.progress, "progress", "", "with --target: pending, waiting, batched, staged, uncertain, parked, delivered and so on")
	flags.StringVar(&f.office, "office", "", "only this front office")
	flags.StringVar(&f.reference, "reference", "", "only this reference of the sender")
	flags.StringVar(&f.key, "key", "", "only those with this value of a key of their mapping, such as plate=B-AB123; NAME=- reads the value from standard input. It goes on record")
	flags.StringVar(&f.since, "since", "", "accepted since: a time such as 2026-11-22T18:00, or an age such as 24h or 7d")
	flags.StringVar(&f.until, "until", "", "accepted until: a time or an age")
	flags.StringVar(&f.after, "after", "", "go on after this ID")
	flags.IntVar(&f.limit, "limit", 100, "at most so many")
	return cmd
}

type listFlags struct {
	state, route, target, progress, office, reference, key, since, until, after string
	limit                                                                       int
}

func (f listFlags) request(now time.Time, in io.Reader) (out control.ListRequest, err error) {
	out = control.ListRequest{State: journal.State(f.state), Route: f.route, Target: f.target, Progress: journal.Progress(f.progress),
		Office: f.office, Reference: f.reference, Limit: f.limit}
	err = errors.Join(known("state", out.State, append(states[:], journal.Purged)), known("progress", out.Progress, []journal.Progress{
		journal.Pending, journal.Waiting, journal.Attempting, journal.Batched, journal.Staged,
		journal.Unclear, journal.Done, journal.Skipped, journal.Held, journal.Dropped}))
	switch {
	case err != nil:
		return out, err
	case f.progress != "" && f.target == "":
		return out, cli.Usagef("--progress needs --target")
	case f.limit < 1:
		return out, cli.Usagef("--limit must be at least 1")
	}
	if f.key != "" {
		if out.Key, out.Value, err = keyAndValue(f.key, in); err != nil {
			return out, err
		}
		if out.State == journal.Purged {
			return out, cli.Usagef("--key finds nothing among what is purged: keys go with the content; look by --reference at the front office, or by day")
		}
	}
	if out.Since, err = cli.Moment(f.since, now); err != nil {
		return out, err
	}
	if out.Until, err = cli.Moment(f.until, now); err != nil {
		return out, err
	}
	if f.after != "" {
		out.After, err = cli.ParseID(f.after)
	}
	return out, err
}

// keyAndValue reads NAME=VALUE; a value that others must not see in the list of processes is read from standard input.
func keyAndValue(s string, in io.Reader) (name, value string, err error) {
	name, value, _ = strings.Cut(s, "=")
	if value == "-" {
		line, err := bufio.NewReader(io.LimitReader(in, 4<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", "", err
		}
		value = line
	}
	if value = strings.TrimSpace(value); name == "" || value == "" {
		return "", "", cli.Usagef("--key is written NAME=VALUE, such as --key plate=B-AB123")
	}
	return name, value, nil
}

// states are those of a submission, in the order of its life.
var states = [...]journal.State{journal.Accepted, journal.Delivered, journal.Decided, journal.Closed, journal.Rejected, journal.Parked}

// known refuses a word that is none of a list; empty is none.
func known[T ~string](what string, word T, list []T) error {
	if word == "" || slices.Contains(list, word) {
		return nil
	}
	var names []string
	for _, s := range list {
		names = append(names, string(s))
	}
	return cli.Usagef("there is no %s %q; %s", what, word, diag.DidYouMean(string(word), names))
}

func printList(w io.Writer, list []journal.Entry, limit int) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no submissions")
		return
	}
	cli.Rows(w, "ID\tSTATE\tROUTE\tACCEPTED\tREFERENCE\tWHY", list, func(e journal.Entry) []any {
		return []any{e.ID, e.State, cli.OrDash(e.Route), e.At, e.Reference, e.Code}
	})
	cli.SayIf(w, len(list) == limit, "there may be more: inbasket list --after %s\n", list[len(list)-1].ID)
}
