package look

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
)

func show(a *cli.App) *cobra.Command {
	raw, whole, form := false, false, control.FormRequest{}
	out := ""
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show everything about one submission, with every attempt",
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := cli.ParseID(given[0])
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			switch asks := whole || form.Attachment != ""; {
			case asks && (raw || a.JSON):
				return cli.Usagef("--form and --attachment print what came, as it came: leave out --raw and --json")
			case asks:
				form.ID = id
				return showForm(ctx, a, form, out)
			case out != "":
				return cli.Usagef("--out is for --form and --attachment")
			}
			return notFound(cli.Show(ctx, a, orders.Show.Ask, control.ShowRequest{ID: id, Raw: raw}, func(j *journal.Journal, p config.Place) (v control.View, err error) {
				look := func() error {
					found, err := reading.Of(j).Show(ctx, id)
					v = control.ViewOf(found, raw)
					return err
				}
				if raw {
					err = a.OnRecord(ctx, p, "show-raw", id.String(), nil, look)
				} else {
					err = look()
				}
				return v, err
			}, printView), id)
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "also what databases and servers said, word for word; it may hold what the citizen wrote; how attachments are named; and the values of keys")
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
	why := [2]string{"why", strings.Join(cli.NotEmpty(v.Text, bracketed(v.Code)), " ")}
	if v.State == journal.Purged {
		why = [2]string{"was", v.Code}
	}
	pairs := [][2]string{{"submission", v.ID.String()}, {"state", string(v.State)}, why, {"next", v.Next}, {"route", v.Route}, {"front office", v.Office},
		{"reference", v.Reference}, {"accepted", cli.Stamp(v.At)}, {"mapping", v.Mapping}}
	for i, f := range v.Attachments {
		pairs = append(pairs, [2]string{fmt.Sprintf("attachment %d", i+1), strings.Join(cli.NotEmpty(f.Name, f.ContentType, fmt.Sprintf("%d bytes", f.Size)), ", ")})
	}
	for _, k := range v.Keys {
		pairs = append(pairs, [2]string{"key " + k.Name, cmp.Or(k.Value, "("+k.Keep+")")})
	}
	cli.Pairs(w, pairs...)
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
		fmt.Fprintf(w, "\nraw: %s\n", cli.Visible(s))
	}
	fmt.Fprintln(w, "\ntimeline")
	cli.Rows(w, "", v.Timeline, func(m journal.Moment) []any {
		return []any{"  " + cli.Stamp(m.At), m.What, m.Target, strings.Join(cli.NotEmpty(m.Code, m.Text, by(m.By)), " · ")}
	})
}

func bracketed(code string) string {
	if code == "" {
		return ""
	}
	return "[" + code + "]"
}

func printDeliveryView(w io.Writer, d control.Delivery) {
	fmt.Fprintf(w, "\nto %s: %s, %s", d.Target, d.Progress, cli.Count(d.Attempts, "attempt"))
	cli.SayIf(w, d.Batch > 0, ", batch %d", d.Batch)
	fmt.Fprintln(w)
	cli.SayIf(w, d.Code != "", "  why   %s [%s]\n", cli.OrDash(d.Text), d.Code)
	cli.SayIf(w, d.Next != "", "  next  %s\n", d.Next)
}

func printResult(w io.Writer, r control.Result) {
	fmt.Fprintf(w, "\nresult %s from %s at %s: %s\n", cli.Visible(r.ResultID), r.Source, cli.Stamp(r.At), strings.Join(cli.NotEmpty(r.Outcome, r.Status, r.Code, by(r.By)), ", "))
	cli.SayIf(w, r.CaseNo != "", "  case      %s\n", cli.Visible(r.CaseNo))
	cli.SayIf(w, r.Reason != "", "  reason    %s\n", cli.Visible(r.Reason))
	for _, f := range r.Documents {
		fmt.Fprintf(w, "  document  %s (%d bytes)\n", cli.Visible(f.Name), f.Size)
	}
}

func by(who string) string {
	if who == "" {
		return ""
	}
	return "by " + who
}

// showForm prints what a citizen wrote, or writes it to a file that must not exist. The look goes on record first.
func showForm(ctx context.Context, a *cli.App, r control.FormRequest, out string) error {
	what := "form"
	if r.Attachment != "" {
		what = "attachment"
	}
	look := func(w io.Writer) error {
		to := func(control.Form) (io.Writer, error) { return w, nil }
		_, err := cli.Ask(ctx, a, func(ctx context.Context, c *control.Client, r control.FormRequest) (none struct{}, err error) {
			return none, c.Form(ctx, r, to)
		}, r,
			func(j *journal.Journal, p config.Place) (none struct{}, err error) {
				return none, a.OnRecord(ctx, p, "show-form", r.ID.String(), map[string]string{"what": what}, func() error {
					f, err := orders.FormOf(ctx, j, content.OpenReadOnly(filepath.Join(p.State, "content")), r)
					if err != nil {
						return notFound(err, r.ID)
					}
					return copyForm(f, w)
				})
			})
		return err
	}
	if out == "" {
		return look(a.Stdout)
	}
	if err := cli.NewFile(out, 0o600, "name another file; this command overwrites nothing", look); err != nil {
		return err
	}
	fmt.Fprintf(a.Stderr, "wrote %s\n", out)
	return nil
}

func copyForm(f control.Form, w io.Writer) error {
	body, err := f.Blob.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(w, body)
	return err
}
