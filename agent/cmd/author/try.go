package author

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/codes"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/workbench"
)

// tried is what try found, for --json.
type tried struct {
	OK         bool                  `json:"ok"`
	Masked     bool                  `json:"masked"` // what the citizen wrote is not shown, only of what kind it is
	Mapping    string                `json:"mapping"`
	Version    int                   `json:"version"`
	Reference  string                `json:"reference"`
	Plain      any                   `json:"plain,omitempty"` // the tree that input.shape makes of the form
	Errors     []mapping.FieldError  `json:"errors,omitempty"`
	Parked     string                `json:"parked,omitempty"` // why a person would have to look at the form
	Values     []mapping.Explanation `json:"values,omitempty"`
	Keys       []mapping.Key         `json:"keys,omitempty"`
	Unknown    []string              `json:"unknown,omitempty"` // fields of the form of which nothing is made, and that nobody has named
	Deliveries []triedDelivery       `json:"deliveries,omitempty"`
	form       *workbench.Node
}

type triedDelivery struct {
	Target  string   `json:"target"`
	Records int      `json:"records"`
	Order   string   `json:"order,omitempty"`
	Needs   []string `json:"needs,omitempty"`
	Body    []byte   `json:"body,omitempty"` // encoded lines, base64
	Charset string   `json:"charset,omitempty"`
}

func tryOut(a *cli.App) *cobra.Command {
	cmd := &cobra.Command{Use: "try MAPPING FORM", Short: "Show what would be written for a form; nothing is written"}
	cmd.RunE = formCommand(a, cmd, printTried)
	return cmd
}

func explain(a *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain MAPPING FORM | CODE",
		Short: "Show where each value comes from, with every change made on the way; or what a code means",
		Args:  cobra.ArbitraryArgs,
	}
	show := formCommand(a, cmd, printExplained)
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if len(given) == 1 && looksLikeCode.MatchString(given[0]) {
			if _, err := os.Stat(given[0]); err != nil { // a mapping alone is too little
				return explainCode(a, given[0])
			}
		}
		if err := cli.Args("MAPPING", "FORM")(cmd, given); err != nil {
			return err
		}
		return show(cmd, given)
	}
	return cmd
}

// formCommand sends a form with its attachments through a mapping.
func formCommand(a *cli.App, cmd *cobra.Command, people func(io.Writer, tried)) func(*cobra.Command, []string) error {
	attachments := cmd.Flags().StringArray("attachment", nil, "file that came with the form; may be repeated")
	at := cmd.Flags().Int("at", 0, "of a file of several forms: which one, by its line in CSV, else by its number")
	reveal := cmd.Flags().Bool("reveal", false, "values as they are, and not masked")
	return func(_ *cobra.Command, given []string) error {
		t, err := try(a, given[0], given[1], *at, *attachments)
		if err != nil {
			return err
		}
		out := whatBecame(t, workbench.Reveal(*reveal))
		return a.PrintOK(out.OK, out, func(w io.Writer) { people(w, out) })
	}
}

// looksLikeCode tells a code from most names of files.
var looksLikeCode = regexp.MustCompile(`^[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*$`)

// explainCode prints the line of the table of codes.
func explainCode(a *cli.App, code string) error {
	c, ok := codes.Look(code)
	if !ok {
		var names []string
		for _, c := range codes.All() {
			names = append(names, c.Code)
		}
		return cli.Usagef("there is no code %q; %s", code, cmp.Or(diag.DidYouMean(code, names), "mappings and configurations may give codes of their own"))
	}
	return a.Print(c, func(w io.Writer) { fmt.Fprintf(w, "%s: %s\n    %s\n", c.Code, c.Happened, c.Cure) })
}

// whatBecame is what try and explain show.
func whatBecame(t *trial, reveal workbench.Reveal) tried {
	out := triedOf(t)
	out.Masked, out.form = !bool(reveal), t.bench.Tree(t.plan, t.raw, t.errors, reveal)
	if t.plan.Shape() != "" {
		out.Plain = t.bench.Plain(t.plan, t.form, reveal)
	}
	if t.mapped == nil {
		return out
	}
	out.Values, out.Unknown, out.Keys = t.plan.Explain(t.form, t.input), t.mapped.Unknown, t.plan.Keys(t.form, t.input)
	for i := range out.Values {
		out.Values[i].Shown = reveal.Explained(out.Values[i])
	}
	for i := range out.Keys {
		out.Keys[i].Value = reveal.Text(out.Keys[i].Value)
	}
	for _, d := range t.mapped.Deliveries {
		x := triedDelivery{Target: d.Target, Records: len(d.Records), Order: reveal.Text(d.Order), Needs: d.Needs}
		if d.Piece != nil {
			x.Records = d.Piece.Records
			if d.Layout != nil {
				x.Charset = d.Layout.Charset()
			}
			x.Body = reveal.Bytes(d.Piece.Body, x.Charset)
		}
		out.Deliveries = append(out.Deliveries, x)
	}
	return out
}

// triedOf is what is known of a form that went through a mapping, without what became of it.
func triedOf(t *trial) tried {
	out := tried{OK: t.errors == nil && t.parked == nil, Mapping: t.plan.Name(), Version: t.plan.Version(), Reference: t.input.Reference, Errors: t.errors}
	if t.parked != nil {
		out.Parked = prepare.WhyParked(t.parked)
	}
	return out
}

// printRefused says what is wrong with the form, or with the mapping.
func printRefused(w io.Writer, t tried) {
	if t.Parked != "" {
		fmt.Fprintf(w, "the form would be parked: %s\n", t.Parked)
		return
	}
	fmt.Fprintln(w, "the form would be rejected:")
	for _, e := range t.Errors {
		at := e.Pointer
		if at == "" {
			at = "the form"
		}
		fmt.Fprintf(w, "  %s: %s [%s]\n", at, e.Message, e.Code)
	}
}

func printTried(w io.Writer, t tried) {
	fmt.Fprintf(w, "%s version %d, reference %s\n", t.Mapping, t.Version, t.Reference)
	if t.form != nil {
		printForm(w, t)
	}
	if !t.OK {
		printRefused(w, t)
		return
	}
	for _, d := range t.Deliveries {
		printDelivery(w, d, t.Values)
	}
	printKeys(w, t)
	printUnknown(w, t)
	fmt.Fprintln(w, "nothing was written")
}

// printForm shows a form as the mapping reads it, with what is made of each value.
func printForm(w io.Writer, t tried) {
	fmt.Fprint(w, "\nthe form")
	cli.SayIf(w, t.Plain != nil, ", as input.shape makes it")
	fmt.Fprintln(w)
	var table strings.Builder
	cli.Table(&table, func(w io.Writer) { printNodes(w, t.form, "  ") })
	for line := range strings.Lines(table.String()) { // most have nothing in the last columns
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	if !t.OK {
		fmt.Fprintln(w)
	}
}

func printNodes(w io.Writer, n *workbench.Node, indent string) {
	for _, x := range n.Below {
		value := cli.Visible(x.Value)
		if x.Kind == "list" {
			value = cli.Count(len(x.Below), "item")
		}
		to := ""
		if len(x.To) > 0 {
			to = "→ " + strings.Join(x.To, ", ")
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\n", indent, cli.Visible(x.Name), value, to)
		printNodes(w, x, indent+"  ")
	}
}

func printDelivery(w io.Writer, d triedDelivery, values []mapping.Explanation) {
	if len(d.Needs) > 0 {
		fmt.Fprintf(w, "\nto %s: waits until %s is known; what follows is without it\n", d.Target, strings.Join(d.Needs, ", "))
	} else {
		fmt.Fprintf(w, "\nto %s: %s\n", d.Target, cli.Count(d.Records, "record"))
	}
	cli.Table(w, func(w io.Writer) {
		last := ""
		for _, v := range values {
			if v.Target != d.Target {
				continue
			}
			if head := fmt.Sprintf("%s.%d", v.Write, v.Record); head != last {
				what := ""
				if v.Deletes {
					what = ": nothing; the rows of this key are deleted"
				}
				fmt.Fprintf(w, "  %s (%s)%s\n", v.Object, v.Write, what)
				last = head
			}
			fmt.Fprintf(w, "    %s\t%s\t%s\t→ %s (%s)\n", cli.Visible(workbench.Source(v)), cli.Visible(strings.Join(workbench.Steps(v.Expression)[1:], " | ")), cli.Visible(v.Shown), v.Field, v.Kind)
		}
	})
	for _, v := range values {
		cli.SayIf(w, v.Target == d.Target && v.Note != "", "  changed %s.%s[%d]: %s\n", v.Write, v.Field, v.Record, v.Note)
	}
	for _, line := range workbench.Lines(d.Body, d.Charset) {
		fmt.Fprintf(w, "  |%s|\n", cli.Visible(line))
	}
}

func printExplained(w io.Writer, t tried) {
	fmt.Fprintf(w, "%s version %d, reference %s\n", t.Mapping, t.Version, t.Reference)
	if !t.OK {
		printRefused(w, t)
		return
	}
	for _, v := range t.Values {
		fmt.Fprintf(w, "\n%s %s.%s[%d] = %s (%s)\n", v.Target, v.Write, v.Field, v.Record, cli.Visible(v.Shown), v.Kind)
		cli.SayIf(w, v.Pointer != "", "  from    %s\n", v.Pointer)
		fmt.Fprintf(w, "  by      %s\n", cli.Visible(v.Expression))
		cli.SayIf(w, v.Deletes, "  deletes the rows of this key; there are no new ones\n")
		cli.SayIf(w, v.Note != "", "  changed %s\n", v.Note)
	}
	printKeys(w, t)
	printUnknown(w, t)
}

// printKeys says by what people find the form.
func printKeys(w io.Writer, t tried) {
	cli.SayIf(w, len(t.Keys) > 0, "\nfound by\n")
	for _, k := range t.Keys {
		cli.SayIf(w, k.Failed == "", "  %s = %s (%s)\n", k.Name, cli.Visible(k.Value), k.Keep)
		cli.SayIf(w, k.Failed != "", "  %s: cannot be computed [%s]\n", k.Name, k.Failed)
	}
}

// printUnknown says what nothing is made of.
func printUnknown(w io.Writer, t tried) {
	cli.SayIf(w, len(t.Unknown) > 0, "\nnot written, since the mapping does not know these fields: %s\n", cli.Visible(strings.Join(t.Unknown, ", ")))
}
