package setup

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/replay"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// replayed is one difference, for --json.
type replayed struct {
	ID      journal.ID       `json:"id"`
	Kind    replay.Kind      `json:"kind"`
	Was     replay.Verdict   `json:"was,omitempty"`
	Now     replay.Verdict   `json:"now,omitempty"`
	Why     []string         `json:"why,omitempty"`
	Changes []replayedChange `json:"changes,omitempty"`
}

// replayedChange has values, masked unless they are to be revealed, or words.
type replayedChange struct {
	At   string `json:"at"`
	Was  string `json:"was,omitempty"`
	Now  string `json:"now,omitempty"`
	Text string `json:"text,omitempty"`
}

// replayOptions is what replay is told.
type replayOptions struct {
	since, until, route, mapping string
	diff, reveal, fail           bool
	clock                        connectors.Clock
}

func replayCommand(a *cli.App, clock connectors.Clock) *cobra.Command {
	o := replayOptions{clock: clock}
	cmd := &cobra.Command{Use: "replay", Short: "Show what another version of a mapping would have written for forms that are kept; nothing is written",
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, a) }}
	flags := cmd.Flags()
	flags.StringVar(&o.mapping, "mapping", "", "the mapping file to compare with; submissions by a mapping of its name are looked at")
	flags.StringVar(&o.since, "since", "", "accepted since: a time such as 2026-11-22T18:00, or an age such as 24h or 7d")
	flags.StringVar(&o.until, "until", "", "accepted until: a time or an age")
	flags.StringVar(&o.route, "route", "", "only this route, by whatever mapping its submissions were accepted")
	flags.BoolVar(&o.diff, "diff", false, "also each submission that is not equal, with what differs")
	flags.BoolVar(&o.reveal, "reveal", false, "with --diff: values as they are, and not masked; this is on record")
	flags.BoolVar(&o.fail, "fail", false, "end with 1 where a submission is not equal or cannot be compared")
	return cmd
}

func (o *replayOptions) run(cmd *cobra.Command, a *cli.App) error {
	switch {
	case o.mapping == "" || o.since == "":
		return cli.Usagef("replay needs --since and --mapping\n    usage: inbasket replay --since 7d --mapping new.yaml --diff")
	case o.reveal && !o.diff:
		return cli.Usagef("--reveal is for the values that --diff prints")
	}
	k, err := o.selected()
	if err != nil {
		return err
	}
	plan, err := loadMapping(o.mapping)
	if err != nil {
		return err
	}
	if k.Mapping = plan.Name(); o.route != "" {
		k.Mapping = ""
	}
	action := "replay"
	if o.reveal {
		action = "replay-reveal"
	}
	ctx := cmd.Context()
	var sum replay.Summary
	out := replayPrinter{w: a.Stdout, json: a.JSON, o: o}
	err = a.Kept(ctx, action, plan.Name(), func(j *journal.Journal, store *content.Store) (err error) {
		sum, err = replay.Run(ctx, j, store, k, plan, out.one)
		return err
	})
	if err == nil {
		err = out.end(plan, sum)
	}
	if err == nil && o.fail && !sum.Same() {
		return cli.Exit(cli.ExitFailure)
	}
	return err
}

func (o *replayOptions) selected() (k delivering.Kept, err error) {
	now := o.clock.Now()
	k.Route = o.route
	if k.Since, err = cli.Moment(o.since, now); err != nil {
		return k, err
	}
	k.Until, err = cli.Moment(o.until, now)
	return k, err
}

// replayPrinter prints differences as they are found, so that none is kept.
type replayPrinter struct {
	w    io.Writer
	json bool
	o    *replayOptions
	n    int
}

func (p *replayPrinter) one(c replay.Compared) error {
	if !p.o.diff {
		return nil
	}
	x := replayed{ID: c.ID, Kind: c.Kind, Was: c.Was, Now: c.Now, Why: c.Why}
	for _, d := range c.Changes {
		x.Changes = append(x.Changes, p.change(d))
	}
	if p.n++; !p.json {
		p.people(x)
		return nil
	}
	b, err := json.Marshal(x)
	if err != nil {
		return err
	}
	before := ",\n    "
	if p.n == 1 {
		before = "{\n  \"differences\": [\n    "
	}
	_, err = fmt.Fprintf(p.w, "%s%s", before, b)
	return err
}

func (p *replayPrinter) change(d replay.Change) replayedChange {
	if d.Text != "" {
		return replayedChange{At: d.At, Text: d.Text}
	}
	x := replayedChange{At: d.At, Was: shownValue(d.Was, p.o.reveal), Now: shownValue(d.Now, p.o.reveal)}
	switch {
	case d.Was.Kind != d.Now.Kind && x.Was == x.Now:
		x.Text = fmt.Sprintf("%s; before: %s", value.KindName(value.Kind(d.Now.Kind)), value.KindName(value.Kind(d.Was.Kind)))
	case x.Was == x.Now:
		x.Text = "another value"
	}
	return x
}

// shownValue writes a value for people, masked unless it is to be revealed.
func shownValue(v connectors.Value, reveal bool) string {
	s := mapping.Show(v)
	switch v.Kind {
	case connectors.Missing, connectors.Null, connectors.Reference, connectors.Binary:
		return s
	case connectors.Text:
		if s == "" {
			return `""`
		}
	}
	if reveal {
		return s
	}
	return cli.Mask(s)
}

func (p *replayPrinter) people(x replayed) {
	fmt.Fprintf(p.w, "%s: %s", x.ID, x.Kind)
	cli.SayIf(p.w, x.Was != x.Now, ", %s before", x.Was)
	fmt.Fprintln(p.w)
	for _, why := range x.Why {
		fmt.Fprintf(p.w, "  %s\n", cli.Visible(why))
	}
	for _, d := range x.Changes {
		switch {
		case d.Was == "" && d.Now == "":
			fmt.Fprintf(p.w, "  %s: %s\n", d.At, cli.Visible(d.Text))
		case d.Text != "":
			fmt.Fprintf(p.w, "  %s: %s → %s (%s)\n", d.At, cli.Visible(d.Was), cli.Visible(d.Now), d.Text)
		default:
			fmt.Fprintf(p.w, "  %s: %s → %s\n", d.At, cli.Visible(d.Was), cli.Visible(d.Now))
		}
	}
}

func (p *replayPrinter) end(plan *mapping.Plan, sum replay.Summary) error {
	if p.json {
		b, err := json.Marshal(sum)
		if err != nil {
			return err
		}
		switch {
		case p.n > 0:
			_, err = fmt.Fprintf(p.w, "\n  ],\n  \"summary\": %s\n}\n", b)
		default:
			_, err = fmt.Fprintf(p.w, "{\n  \"differences\": [],\n  \"summary\": %s\n}\n", b)
		}
		return err
	}
	fmt.Fprintf(p.w, "%s by %s version %d: %d equal, %d differ, %d rejected now, %d parked now, %d newly accepted\n", cli.Count(sum.Compared(), "submission"),
		plan.Name(), plan.Version(), sum.Equal, sum.Differ, sum.NowRejected, sum.NowParked, sum.NowAccepted)
	cli.SayIf(p.w, sum.Unknown > 0, "%d could not be compared: see --diff\n", sum.Unknown)
	cli.SayIf(p.w, sum.Purged > 0, "%d purged, by whatever mapping: nothing of them is left to compare\n", sum.Purged)
	fmt.Fprintln(p.w, "nothing was written")
	return nil
}
