package author

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/workbench"
)

// planned is what plan found, for --json.
type planned struct {
	OK        bool                 `json:"ok"`
	Masked    bool                 `json:"masked"`
	Mapping   string               `json:"mapping"`
	Version   int                  `json:"version"`
	Reference string               `json:"reference"`
	Errors    []mapping.FieldError `json:"errors,omitempty"`
	Parked    string               `json:"parked,omitempty"`
	Targets   []plannedTarget      `json:"targets,omitempty"`
	Unsure    []string             `json:"unsure,omitempty"` // targets of which it is not known whether all was taken back
}

// plannedTarget is what would happen to one target; values are masked unless they are to be revealed.
type plannedTarget struct {
	Target     string        `json:"target"`
	Error      string        `json:"error,omitempty"` // it was not begun
	Hint       string        `json:"hint,omitempty"`
	Refused    string        `json:"refused,omitempty"` // the target refuses the delivery
	Needs      []string      `json:"needs,omitempty"`   // values of other targets that are not known
	Statements []plannedSQL  `json:"statements,omitempty"`
	Others     int           `json:"otherStatements,omitempty"`
	Rows       []plannedRows `json:"rows,omitempty"`
	Notes      []string      `json:"notes,omitempty"`
	Files      []plannedFile `json:"files,omitempty"`
	returned   map[string]connectors.Value
	unsure     bool // something was sent, and whether it was taken back is not known
}

type plannedSQL struct {
	SQL    string   `json:"sql"`
	Values []string `json:"values,omitempty"`
	Rows   int64    `json:"rows"` // that the target counts
}

type plannedRows struct {
	Table  string          `json:"table"`
	Write  string          `json:"write"`
	Before [][]plannedCell `json:"before,omitempty"`
	After  [][]plannedCell `json:"after,omitempty"`
}

type plannedCell struct {
	Column    string `json:"column"`
	Value     string `json:"value"`
	Generated bool   `json:"generated,omitempty"`
	raw       connectors.Value
}

type plannedFile struct {
	Name string   `json:"name"`
	Size int64    `json:"size"`
	Text []string `json:"lines,omitempty"`
	Hex  string   `json:"hex,omitempty"` // of character sets that are not like ASCII
}

// planOptions is what plan is told.
type planOptions struct {
	target      string
	at          int
	reveal      workbench.Reveal
	triggers    bool
	attachments []string
}

func planCommand(a *cli.App) *cobra.Command {
	o := planOptions{}
	cmd := &cobra.Command{Use: "plan MAPPING FORM", Short: "Show what a form would do to the targets themselves; all of it is taken back",
		RunE: func(cmd *cobra.Command, given []string) error { return o.run(cmd.Context(), a, given[0], given[1]) }}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.attachments, "attachment", nil, "file that came with the form; may be repeated")
	flags.IntVar(&o.at, "at", 0, "of a file of several forms: which one, by its line in CSV, else by its number")
	flags.StringVar(&o.target, "target", "", "only this target")
	flags.BoolVar((*bool)(&o.reveal), "reveal", false, "values as they are, and not masked; this is on record")
	flags.BoolVar(&o.triggers, "triggers", false, "triggers of the tables write nothing that a database does not take back, such as rows of a MyISAM table")
	return cmd
}

func (o planOptions) run(ctx context.Context, a *cli.App, mappingPath, formPath string) error {
	cfg, err := a.Load(true)
	if err != nil {
		return err
	}
	t, err := try(a, mappingPath, formPath, o.at, o.attachments)
	if err != nil {
		return err
	}
	out := planned{OK: true, Masked: !bool(o.reveal), Mapping: t.plan.Name(), Version: t.plan.Version(), Reference: t.input.Reference, Errors: t.errors}
	if t.parked != nil || t.errors != nil {
		tried := triedOf(t)
		out.OK, out.Parked = false, tried.Parked
		return a.PrintOK(false, out, func(w io.Writer) { printRefused(w, tried) })
	}
	if o.target != "" && !slices.Contains(t.plan.Targets(), o.target) {
		return cli.Usagef("the mapping writes nothing to %q; it writes to %s", o.target, strings.Join(t.plan.Targets(), ", "))
	}
	action := "plan"
	if o.reveal {
		action = "plan-reveal"
	}
	if err := a.Noted(ctx, a.ConfigPath(), action, t.plan.Name(), func() error { return o.all(ctx, cfg, t, &out) }); err != nil {
		return err
	}
	return a.PrintOK(out.OK, out, func(w io.Writer) { printPlanned(w, out) })
}

// all plans one target after the other: what one returns, another may need.
func (o planOptions) all(ctx context.Context, cfg *config.Config, t *trial, out *planned) error {
	t.input.Returned = map[string]connectors.Value{}
	done := map[string]bool{}
	for again := true; again; {
		again = false
		for _, d := range t.mapped.Deliveries {
			if done[d.Target] || d.Empty || len(d.Needs) > 0 || o.target != "" && o.target != d.Target {
				continue
			}
			x := o.one(ctx, cfg, t, &d)
			done[d.Target], again = true, true
			out.OK = out.OK && x.Error == "" && x.Refused == ""
			out.Targets = append(out.Targets, x)
			if x.unsure {
				out.Unsure = append(out.Unsure, x.Target)
			}
			maps.Copy(t.input.Returned, x.returned)
		}
		if !again {
			break
		}
		mapped, err := t.plan.Map(t.form, t.input)
		if err != nil {
			return fmt.Errorf("with what the targets returned, the form cannot be mapped: %w", err)
		}
		t.mapped = mapped
	}
	for _, d := range t.mapped.Deliveries {
		if !done[d.Target] && len(d.Needs) > 0 && (o.target == "" || o.target == d.Target) {
			out.OK = false
			out.Targets = append(out.Targets, plannedTarget{Target: d.Target, Needs: d.Needs})
		}
	}
	return nil
}

// one plans one target.
func (o planOptions) one(ctx context.Context, cfg *config.Config, t *trial, d *mapping.Delivery) plannedTarget {
	out := plannedTarget{Target: d.Target}
	fail := func(err error) plannedTarget {
		out.Error, out.Hint = err.Error(), cli.FaultOf(err).Hint
		return out
	}
	to, ok := cfg.Target(d.Target)
	switch {
	case !ok:
		return fail(errors.New("the configuration has no target of this name"))
	case d.Piece != nil || len(d.Documents) > 0:
		if err := o.files(&out, to, t, d); err != nil {
			return fail(err)
		}
		return out
	case cfg.SecretUnread(connectors.RoleTarget, to.Name):
		return fail(errors.New("a secret of it cannot be read by this account"))
	}
	target, err := openTo(cfg, to)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = target.Close() }()
	planner, ok := target.(connectors.Planner)
	if !ok {
		return fail(errors.New("a target of this type cannot show what it would do"))
	}
	p, err := planner.Plan(ctx, connectors.Delivery{Key: "plan/" + to.Identity, Submission: tryID, Order: d.Order, Records: d.Records}, connectors.PlanOptions{Triggers: o.triggers})
	o.take(&out, p)
	if err == nil {
		return out
	}
	fail(err)
	if out.unsure = len(p.Sent) > 0; out.unsure && !bool(o.reveal) {
		var coded *connectors.Error
		if errors.As(err, &coded) {
			out.Error = coded.Op + ": " + coded.Code
		}
	}
	return out
}

// take takes in what a database told.
func (o planOptions) take(out *plannedTarget, p connectors.Planned) {
	for _, s := range p.Sent {
		x := plannedSQL{SQL: s.SQL, Rows: s.Touched}
		for _, v := range s.Values {
			x.Values = append(x.Values, o.reveal.Value(v))
		}
		out.Statements = append(out.Statements, x)
	}
	for _, r := range p.Rows {
		out.Rows = append(out.Rows, plannedRows{Table: r.Table, Write: r.Write, Before: o.cells(r.Before), After: o.cells(r.After)})
	}
	if p.Refused != nil {
		out.Refused, out.Hint = p.Refused.Op+": "+p.Refused.Code, p.Refused.Hint
		if bool(o.reveal) && p.Refused.Err != nil { // the system's own words may hold what the citizen wrote
			out.Refused += ": " + p.Refused.Err.Error()
		}
	}
	out.Others, out.Notes, out.returned = p.Others, p.Notes, p.Returned
}

func (o planOptions) cells(rows []connectors.Row) (all [][]plannedCell) {
	for _, r := range rows {
		var row []plannedCell
		for _, c := range r {
			number := workbench.Reveal(c.Generated && c.Value.Kind == connectors.Integer)
			row = append(row, plannedCell{Column: c.Column, Value: (o.reveal || number).Value(c.Value), Generated: c.Generated, raw: c.Value})
		}
		all = append(all, row)
	}
	return all
}

// files are those that a place would get of this form alone.
func (o planOptions) files(out *plannedTarget, to config.Target, t *trial, d *mapping.Delivery) error {
	vars := encode.NameVars{ID: t.input.ID, Reference: t.input.Reference, Time: t.input.Received}
	name := ""
	switch {
	case to.Batch != nil:
		vars.Seq, name = 1, to.Batch.Name
		out.Notes = append(out.Notes, "the batch is shown with this form alone, and with number 1")
	case to.File != nil:
		name = to.File.Name
	}
	if d.Piece != nil && name != "" {
		name, err := encode.RenderName(name, vars)
		if err != nil {
			return err
		}
		h := encode.Header{Seq: vars.Seq, SealedAt: vars.Time, Name: name, ID: vars.ID, Reference: vars.Reference}
		body, err := d.Layout.File(h, []encode.Piece{*d.Piece})
		if err != nil {
			return err
		}
		out.Files = append(out.Files, o.file(name, body, d.Layout.Charset()))
	}
	for _, x := range d.Documents {
		out.Files = append(out.Files, plannedFile{Name: x.Name, Size: x.Blob.Size})
	}
	return nil
}

// file shows the bytes of a file: as text, or as hex where its character set is not like ASCII.
func (o planOptions) file(name string, body []byte, set string) plannedFile {
	f := plannedFile{Name: name, Size: int64(len(body))}
	c, ok := charset.Lookup(set)
	if !ok {
		return f
	}
	if body = o.reveal.Bytes(body, set); c.ASCII() {
		f.Text = workbench.Lines(body, set)
	} else {
		f.Hex = hex.Dump(body)
	}
	return f
}

func printPlanned(w io.Writer, p planned) {
	fmt.Fprintf(w, "%s version %d, reference %s\n", p.Mapping, p.Version, p.Reference)
	for _, t := range p.Targets {
		fmt.Fprintf(w, "\nto %s\n", t.Target)
		cli.SayIf(w, len(t.Needs) > 0, "  waits until %s is known\n", strings.Join(t.Needs, ", "))
		for _, s := range t.Statements {
			fmt.Fprintf(w, "  %s\n", cli.Visible(strings.Join(strings.Fields(s.SQL), " ")))
			cli.SayIf(w, len(s.Values) > 0, "    values: %s\n", cli.Visible(strings.Join(s.Values, ", ")))
			cli.SayIf(w, t.Refused == "", "    rows: %d\n", s.Rows)
		}
		cli.SayIf(w, t.Others > 0, "  and %s that look, or prove what the tables are\n", cli.Count(t.Others, "statement"))
		for _, r := range t.Rows {
			printRows(w, r)
		}
		for _, f := range t.Files {
			fmt.Fprintf(w, "  file %s, %d bytes\n", cli.Visible(f.Name), f.Size)
			for _, line := range f.Text {
				fmt.Fprintf(w, "  |%s|\n", cli.Visible(line))
			}
			for line := range strings.Lines(f.Hex) {
				fmt.Fprintf(w, "  %s", line)
			}
		}
		for _, n := range t.Notes {
			fmt.Fprintf(w, "  note: %s\n", n)
		}
		cli.SayIf(w, t.Refused != "", "  the target refuses it: %s\n", t.Refused)
		cli.SayIf(w, t.Error != "", "  not planned: %s\n", t.Error)
		cli.SayIf(w, t.Hint != "", "    %s\n", t.Hint)
	}
	if len(p.Unsure) > 0 {
		fmt.Fprintf(w, "\nwhether all was taken back is not known of: %s\n", strings.Join(p.Unsure, ", "))
		return
	}
	fmt.Fprintln(w, "\n0 writes performed")
}

// printRows shows what becomes of rows: - goes, + comes, and of one that stays what changes.
func printRows(w io.Writer, r plannedRows) {
	fmt.Fprintf(w, "  %s (%s)\n", r.Table, r.Write)
	if len(r.Before) == 1 && len(r.After) == 1 {
		var same []string
		for i, c := range r.After[0] {
			if was := r.Before[0][i]; was.raw.Kind != c.raw.Kind || was.raw.Str != c.raw.Str || was.raw.Int != c.raw.Int {
				fmt.Fprintf(w, "    ~ %s: %s → %s\n", c.Column, cli.Visible(was.Value), cli.Visible(c.Value))
			} else {
				same = append(same, c.Column)
			}
		}
		cli.SayIf(w, len(same) > 0, "    stays: %s\n", strings.Join(same, ", "))
		return
	}
	line := func(row []plannedCell) string {
		var cells []string
		for _, c := range row {
			text := c.Column + " " + c.Value
			if c.Generated {
				text += " (generated)"
			}
			cells = append(cells, text)
		}
		return strings.Join(cells, ", ")
	}
	key := func(row []plannedCell) string {
		text := ""
		for _, c := range row {
			text += fmt.Sprint(c.raw.Kind, c.raw.Str, c.raw.Int) + "\x00"
		}
		return text
	}
	left := map[string]int{}
	for _, row := range r.After {
		left[key(row)]++
	}
	gone := 0
	for _, row := range r.Before {
		if left[key(row)] > 0 {
			left[key(row)]--
			continue
		}
		gone++
		fmt.Fprintf(w, "    - %s\n", cli.Visible(line(row)))
	}
	for _, row := range r.After {
		if left[key(row)] > 0 {
			left[key(row)]--
			fmt.Fprintf(w, "    + %s\n", cli.Visible(line(row)))
		}
	}
	cli.SayIf(w, len(r.Before) > gone, "    stays: %s\n", cli.Count(len(r.Before)-gone, "row"))
}
