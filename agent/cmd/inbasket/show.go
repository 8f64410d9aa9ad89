package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

func showCommand(a *app) *cobra.Command {
	raw, whole, form := false, false, control.FormRequest{}
	out := ""
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show everything about one submission, with every attempt",
		Long: "Show prints a submission's whole timeline, from the running agent or from the journal of a stopped one. What the citizen wrote is not in it, unless --raw asks for the systems' own words and the names of attachments.\n\n" +
			"--form prints the form as it came, and --attachment one of its attachments. Who looked at them goes on record, see: inbasket audit.",
		Args: args("ID"),
		RunE: func(cmd *cobra.Command, given []string) error {
			ids, err := parseIDs(given)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			switch asks := whole || form.Attachment != ""; {
			case asks && (raw || a.json):
				return usagef("--form and --attachment print what came, as it came: leave out --raw and --json")
			case asks:
				form.ID = ids[0]
				return a.showForm(ctx, form, out)
			case out != "":
				return usagef("--out is for --form and --attachment")
			}
			var v control.View
			err = a.agent(ctx, func(c *control.Client) error {
				v, err = orders.Show.Ask(ctx, c, control.ShowRequest{ID: ids[0], Raw: raw})
				return err
			},
				func(j *journal.Journal, p config.Place) error {
					look := func() error {
						found, err := j.Show(ctx, ids[0])
						v = control.ViewOf(found, raw)
						return notFound(err, ids[0])
					}
					if raw {
						return a.onRecord(ctx, p, "show-raw", ids[0].String(), nil, look)
					}
					return look()
				})
			if err != nil {
				return err
			}
			return a.print(v, func(w io.Writer) { printView(w, v) })
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "also what databases and servers said, word for word; it may hold what the citizen wrote; and how attachments are named")
	cmd.Flags().BoolVar(&whole, "form", false, "the form itself, as it came")
	cmd.Flags().StringVar(&form.Attachment, "attachment", "", "the attachment of this number or name, as it came")
	cmd.Flags().StringVar(&out, "out", "", "write form or attachment to this file, which must not exist")
	return cmd
}

// notFound words the journal's error for people.
func notFound(err error, id journal.ID) error {
	if err == nil {
		return nil
	}
	e := *control.ErrorOf(err)
	if e.Code == control.CodeNotFound {
		e.Message, e.Hint = "there is no submission "+id.String(), "look for it by: inbasket list"
		return &e
	}
	return err
}

func printView(w io.Writer, v control.View) {
	table(w, func(w io.Writer) {
		row := func(name, value string) {
			if value != "" {
				fmt.Fprintf(w, "%s\t%s\n", name, visible(value))
			}
		}
		row("submission", v.ID.String())
		row("state", string(v.State))
		if v.State == journal.Purged {
			row("was", v.Code)
		} else {
			row("why", strings.Join(words(v.Text, bracketed(v.Code)), " "))
		}
		row("next", v.Next)
		row("route", v.Route)
		row("front office", v.Office)
		row("reference", v.Reference)
		row("accepted", stamp(v.At))
		row("mapping", v.Mapping)
		for i, f := range v.Attachments {
			row(fmt.Sprintf("attachment %d", i+1), strings.Join(words(f.Name, f.ContentType, fmt.Sprintf("%d bytes", f.Size)), ", "))
		}
	})
	for _, d := range v.Deliveries {
		printDeliveryView(w, d)
	}
	for _, e := range v.Errors {
		fmt.Fprintf(w, "wrong in the form: %s: %s [%s]\n", e.Pointer, e.Message, e.Code)
	}
	for _, r := range v.Results {
		printResult(w, r)
	}
	for _, s := range v.Raw {
		fmt.Fprintf(w, "\nraw: %s\n", visible(s))
	}
	fmt.Fprintln(w, "\ntimeline")
	table(w, func(w io.Writer) {
		for _, m := range v.Timeline {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", stamp(m.At), m.What, m.Target, visible(strings.Join(words(m.Code, m.Text, by(m.By)), " · ")))
		}
	})
}

func bracketed(code string) string {
	if code == "" {
		return ""
	}
	return "[" + code + "]"
}

func printDeliveryView(w io.Writer, d control.Delivery) {
	fmt.Fprintf(w, "\nto %s: %s, %s", d.Target, d.Progress, count(d.Attempts, "attempt"))
	if d.Batch > 0 {
		fmt.Fprintf(w, ", batch %d", d.Batch)
	}
	fmt.Fprintln(w)
	if d.Code != "" {
		fmt.Fprintf(w, "  why   %s [%s]\n", orDash(d.Text), d.Code)
	}
	if d.Next != "" {
		fmt.Fprintf(w, "  next  %s\n", d.Next)
	}
}

func printResult(w io.Writer, r control.Result) {
	fmt.Fprintf(w, "\nresult %s from %s at %s: %s\n", visible(r.ResultID), r.Source, stamp(r.At), strings.Join(words(r.Outcome, r.Status, r.Code, by(r.By)), ", "))
	if r.CaseNo != "" {
		fmt.Fprintf(w, "  case      %s\n", visible(r.CaseNo))
	}
	if r.Reason != "" {
		fmt.Fprintf(w, "  reason    %s\n", visible(r.Reason))
	}
	for _, f := range r.Documents {
		fmt.Fprintf(w, "  document  %s (%d bytes)\n", visible(f.Name), f.Size)
	}
}

func by(who string) string {
	if who == "" {
		return ""
	}
	return "by " + who
}

// words returns the texts that are not empty.
func words(texts ...string) []string {
	var out []string
	for _, s := range texts {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// stamp prints a moment in the zone of this machine.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
