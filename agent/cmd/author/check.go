package author

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/workbench"
)

// checked is what check found, for --json.
type checked struct {
	OK       bool            `json:"ok"`
	Config   string          `json:"config"`
	Parts    []string        `json:"parts,omitempty"` // files of conf.d that were read, relative to the configuration
	Problems []diag.Problem  `json:"problems,omitempty"`
	Warnings []diag.Problem  `json:"warnings,omitempty"`
	Targets  []checkedTarget `json:"targets,omitempty"`
	Routes   []checkedRoute  `json:"routes,omitempty"`
	Proofs   []checkedProof  `json:"proofs,omitempty"`
	Sources  diag.Problems   `json:"sources,omitempty"` // folders that --connect found closed or missing

	doubts diag.Problems // warnings of --connect, printed beside what it found wrong
}

// unreachable counts the targets that --connect could not write to.
func (c checked) unreachable() (n int) {
	for _, t := range c.Targets {
		if t.Error != "" {
			n++
		}
	}
	return n
}

type checkedTarget struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Guarantee string `json:"guarantee"`
	Why       string `json:"why"`
	Error     string `json:"error,omitempty"` // with --connect
	Hint      string `json:"hint,omitempty"`
	Place     string `json:"place,omitempty"` // of its section in the configuration; with --connect
}

type checkedRoute struct {
	Name    string   `json:"name"`
	From    []string `json:"from,omitempty"`
	Mapping string   `json:"mapping"`
	Version int      `json:"version"`
	Digest  string   `json:"digest"`
	Targets []string `json:"targets"`
	// Unchecked are writes whose mapping says rows: unchecked.
	Unchecked []string `json:"unchecked,omitempty"`
}

func check(a *cli.App) *cobra.Command {
	connect, proved := false, false
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and all mappings",
		RunE:  func(cmd *cobra.Command, _ []string) error { return runCheck(cmd.Context(), a, connect, proved) },
	}
	cmd.Flags().BoolVar(&connect, "connect", false, "also connect to every target, and compare what it holds with what mappings write and ask")
	cmd.Flags().BoolVar(&proved, "proved", false, "what is not proved of a mapping is wrong too")
	return cmd
}

func runCheck(ctx context.Context, a *cli.App, connect, proved bool) error {
	out := checked{Config: a.ConfigPath()}
	cfg, err := a.Load(true)
	if err != nil {
		return refused(a, out, WithMappings(a, err))
	}
	out.Warnings = cfg.Warnings
	out.Parts = partsOf(cfg)
	if err := catalog.AbsentFiles(cfg); err != nil {
		return err
	}
	targets, err := catalog.Open(cfg, agent.SystemClock{}, func(connectors.Notice) {})
	if err != nil {
		return err
	}
	defer targets.Close()
	plans, problems := catalog.Mappings(cfg, targets)
	if err := problems.Err(); err != nil {
		return refused(a, out, err)
	}
	out.Warnings = append(slices.Clone(cfg.Warnings), catalog.Warnings(cfg, plans)...)
	out.OK = true
	said := workbench.Snapshot{}
	for _, t := range cfg.Targets {
		target, misfits := checkTarget(ctx, a, cfg, t, targets, plans, connect, said)
		out.Targets = append(out.Targets, target)
		out.compared(misfits)
	}
	if err := out.prove(cfg, plans, said, proved); err != nil {
		return err
	}
	if connect {
		out.Sources = sources(a, cfg)
	}
	for _, r := range cfg.Routes {
		p := plans[r.Name]
		digest := p.Digest()
		out.Routes = append(out.Routes, checkedRoute{Name: r.Name, From: r.From, Mapping: p.Name(), Version: p.Version(), Digest: hex.EncodeToString(digest[:]), Targets: p.Targets(), Unchecked: p.Unchecked()})
	}
	out.Warnings = append(out.Warnings, out.doubts...)
	if err := a.Print(out, func(w io.Writer) { printChecked(w, cfg, out) }); err != nil {
		return err
	}
	if !out.OK {
		return cli.Exit(cli.ExitConfig)
	}
	if out.unreachable() > 0 || len(out.Sources) > 0 {
		return cli.Exit(cli.ExitUnavailable)
	}
	return nil
}

// refused reports problems; as JSON they go to standard output like every other answer.
func refused(a *cli.App, out checked, err error) error {
	var ok bool
	if out.Problems, ok = problemsOf(err); !ok || !a.JSON {
		return err
	}
	if err := a.Print(out, nil); err != nil {
		return err
	}
	return cli.Exit(cli.ExitConfig)
}

// WithMappings adds what is wrong with the mappings of a configuration that is itself wrong.
func WithMappings(a *cli.App, err error) error {
	problems, ok := problemsOf(err)
	if !ok {
		return err
	}
	for _, path := range config.Mappings(a.ConfigPath()) {
		if _, err := loadMapping(path); err != nil {
			more, _ := problemsOf(err)
			problems = append(problems, more...)
		}
	}
	return problems.Err()
}

func problemsOf(err error) (diag.Problems, bool) {
	p, ok := err.(diag.Problems)
	return p, ok
}

func checkTarget(ctx context.Context, a *cli.App, cfg *config.Config, t config.Target, catalog load.Catalog, plans map[string]*mapping.Plan, connect bool, said workbench.Snapshot) (checkedTarget, []doctor.Misfit) {
	info, _ := catalog.Target(t.Name)
	out := checkedTarget{Name: t.Name, Type: t.Definition.Type, Guarantee: info.Guarantee.Level, Why: info.Guarantee.Why}
	if !connect {
		return out, nil
	}
	at := cfg.Problem("", "", "", "targets", t.Name, t.Definition.Type)
	out.Place = fmt.Sprintf("%s:%d:%d", at.File, at.Line, at.Column)
	if cfg.SecretUnread(connectors.RoleTarget, t.Name) { // a login without it would only count as a failed one
		out.Error, out.Hint = "not tried: a secret of it cannot be read by this account", "look with the account of the service: inbasket doctor --as-service"
		return out, nil
	}
	var misfits []doctor.Misfit
	target, err := openTarget(cfg, t)
	if err == nil {
		if misfits, err = doctor.Compare(ctx, cfg, t, target, plans); err == nil {
			said[t.Name], err = factsOf(ctx, target, t.Name, plans)
		}
		_ = target.Close()
	}
	if err != nil {
		out.Error, out.Hint = err.Error(), cli.FaultOf(err).Hint
	}
	return out, misfits
}

// openTarget opens a target to look at it only.
func openTarget(cfg *config.Config, t config.Target) (*guard.Target, error) {
	target, err := openTo(cfg, t)
	if err != nil {
		return nil, err
	}
	return guard.Wrap(target, t.Timeout), nil
}

// openTo is openTarget without bounds around its calls.
func openTo(cfg *config.Config, t config.Target) (connectors.Target, error) {
	env := cfg.Env(connectors.RoleTarget, t.Name, t.Identity, agent.SystemClock{}, nil)
	env.Look = true
	return t.Definition.Target(env, t.Config)
}

// sources looks at the folders of in-baskets and answer files; what only may be wrong is doctor's to say.
func sources(a *cli.App, cfg *config.Config) diag.Problems {
	p := doctor.NewPatient(agent.SystemClock{}, a.Version, config.Place{Path: cfg.Path, State: cfg.State, Agency: cfg.Agency})
	p.Probe = true
	var problems diag.Problems
	for _, m := range doctor.Sources(p, cfg) {
		if !m.Warning {
			problems = append(problems, m.Problem)
		}
	}
	return problems
}

// compared takes in what does not fit between mappings and a target.
func (c *checked) compared(misfits []doctor.Misfit) {
	for _, m := range misfits {
		if m.Raw != "" {
			m.Message += " (it says: " + strings.Join(strings.Fields(m.Raw), " ") + ")"
		}
		if m.Warning {
			c.doubts = append(c.doubts, m.Problem)
		} else {
			c.OK = false
			c.Problems = append(c.Problems, m.Problem)
		}
	}
}

func printChecked(w io.Writer, cfg *config.Config, out checked) {
	unread, warnings := "", out.Warnings[:len(out.Warnings)-len(out.doubts)]
	for _, p := range warnings {
		fmt.Fprint(w, diag.Problems{p}.Format())
		if p.Code == config.CodeSecret {
			unread = "; the agent's own account may read what this one cannot"
		}
	}
	if n := len(warnings); n > 0 {
		fmt.Fprintf(w, "%s%s\n\n", cli.Count(n, "warning"), unread)
	}
	fmt.Fprintln(w, "targets")
	cli.Rows(w, "", out.Targets, func(t checkedTarget) []any { return []any{"  " + t.Name, t.Type, cli.OrDash(t.Guarantee), t.Why} })
	for _, t := range out.Targets {
		if t.Error != "" {
			fmt.Fprintf(w, "  %s: %s cannot be written to now: %s\n", t.Place, t.Name, t.Error)
			cli.SayIf(w, t.Hint != "", "    %s\n", t.Hint)
		}
	}
	fmt.Fprintln(w, "routes")
	cli.Rows(w, "", out.Routes, func(r checkedRoute) []any {
		from := cmp.Or(strings.Join(r.From, ", "), "front office")
		return []any{"  " + r.Name, fmt.Sprintf("%s → %s version %d → %s", from, r.Mapping, r.Version, strings.Join(r.Targets, ", "))}
	})
	for _, r := range out.Routes {
		for _, u := range r.Unchecked {
			fmt.Fprintf(w, "  %s: rows are not counted in %s (rows: unchecked)\n", r.Name, u)
		}
	}
	printProofs(w, out.Proofs)
	printMisfits(w, out)
	var but []string
	if n := out.unreachable(); n > 0 {
		but = append(but, cli.Count(n, "target")+" cannot be written to now")
	}
	if n := len(out.Sources); n > 0 {
		but = append(but, cli.Count(n, "folder")+" cannot be used now")
	}
	if len(out.Problems) > 0 {
		but = append(but, "targets hold something else than mappings write or ask: "+strings.Join(placesOf(out.Problems), ", "))
	}
	if len(but) > 0 {
		fmt.Fprintf(w, "%s is right, but %s\n", out.Config, strings.Join(but, "; "))
		return
	}
	fmt.Fprintf(w, "ok: %s\n", strings.Join(append([]string{out.Config}, out.Parts...), ", "))
}

// printMisfits prints what --connect found, warnings first.
func printMisfits(w io.Writer, out checked) {
	if len(out.doubts) > 0 {
		fmt.Fprintln(w, "may be wrong")
		fmt.Fprint(w, out.doubts.Format())
	}
	if len(out.Sources) > 0 {
		fmt.Fprintln(w, "folders")
		fmt.Fprint(w, out.Sources.Format())
	}
	if len(out.Problems) > 0 {
		fmt.Fprintln(w, "wrong")
		fmt.Fprint(w, diag.Problems(out.Problems).Format())
	}
}

// placesOf returns where the first problems are, with their codes.
func placesOf(problems diag.Problems) []string {
	const most = 5
	problems.Sort()
	var places []string
	for i, p := range problems {
		if i == most {
			return append(places, fmt.Sprintf("and %d more", len(problems)-most))
		}
		places = append(places, fmt.Sprintf("%s:%d:%d [%s]", filepath.Base(p.File), p.Line, p.Column, p.Code))
	}
	return places
}

// partsOf returns the files in conf.d that a configuration was read from, relative to its folder.
func partsOf(cfg *config.Config) []string {
	var out []string
	for _, path := range cfg.Files[1:] {
		if short, err := filepath.Rel(cfg.Dir, path); err == nil {
			path = filepath.ToSlash(short)
		}
		out = append(out, path)
	}
	return out
}
