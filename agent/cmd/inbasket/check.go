package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
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
}

type checkedRoute struct {
	Name    string   `json:"name"`
	From    []string `json:"from,omitempty"`
	Mapping string   `json:"mapping"`
	Version int      `json:"version"`
	Digest  string   `json:"digest"`
	Targets []string `json:"targets"`
}

func checkCommand(a *app) *cobra.Command {
	connect := false
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and all mappings",
		Long: `Check reads the configuration and every mapping it names, and prints everything that is wrong at once. It is
offline: nothing is connected to, unless --connect is given. For each target it prints how surely each effect
happens once. Secrets that this account cannot read are a warning only.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.check(cmd.Context(), connect) },
	}
	cmd.Flags().BoolVar(&connect, "connect", false, "also connect to every target and see whether it could be written to")
	return cmd
}

func (a *app) check(ctx context.Context, connect bool) error {
	out := checked{Config: a.configPath()}
	cfg, err := a.load(true)
	if err != nil {
		return a.refused(out, a.withMappings(err))
	}
	out.Warnings = cfg.Warnings
	out.Parts = partsOf(cfg)
	if err := agent.AbsentFiles(cfg); err != nil {
		return err
	}
	catalog, err := agent.OpenCatalog(cfg, agent.SystemClock{}, func(connectors.Notice) {})
	if err != nil {
		return err
	}
	defer catalog.Close()
	plans, problems := agent.LoadMappings(cfg, catalog)
	problems = append(problems, cfg.CheckShapes(func(name string) (takes, known bool) {
		info, ok := catalog.Target(name)
		return info.Files, ok
	})...)
	if err := problems.Err(); err != nil {
		return a.refused(out, err)
	}
	out.Warnings = append(slices.Clone(cfg.Warnings), agent.MappingWarnings(cfg, plans)...)
	out.OK = true
	for _, t := range cfg.Targets {
		out.Targets = append(out.Targets, a.checkTarget(ctx, cfg, t, catalog, connect))
	}
	for _, r := range cfg.Routes {
		p := plans[r.Name]
		digest := p.Digest()
		out.Routes = append(out.Routes, checkedRoute{Name: r.Name, From: r.From, Mapping: p.Name(), Version: p.Version(), Digest: hex.EncodeToString(digest[:]), Targets: p.Targets()})
	}
	if err := a.print(out, func(w io.Writer) { printChecked(w, cfg, out) }); err != nil {
		return err
	}
	if out.unreachable() > 0 {
		return silentError(exitUnavailable)
	}
	return nil
}

// refused reports problems; as JSON they go to standard output like every other answer.
func (a *app) refused(out checked, err error) error {
	var ok bool
	if out.Problems, ok = problemsOf(err); !ok || !a.json {
		return err
	}
	if err := a.print(out, nil); err != nil {
		return err
	}
	return silentError(exitConfig)
}

// withMappings adds what is wrong with the mappings of a configuration that is itself wrong.
func (a *app) withMappings(err error) error {
	problems, ok := problemsOf(err)
	if !ok {
		return err
	}
	for _, path := range config.Mappings(a.configPath()) {
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

func (a *app) checkTarget(ctx context.Context, cfg *config.Config, t config.Target, catalog mapping.Catalog, connect bool) checkedTarget {
	info, _ := catalog.Target(t.Name)
	out := checkedTarget{Name: t.Name, Type: t.Definition.Type, Guarantee: info.Guarantee.Level, Why: info.Guarantee.Why}
	if !connect {
		return out
	}
	target, err := t.Definition.Target(cfg.Env(connectors.RoleTarget, t.Name, t.Identity, agent.SystemClock{}, nil), t.Config)
	if err == nil {
		g := guard.Wrap(target, t.Timeout)
		err = g.Check(ctx)
		_ = g.Close()
	}
	if err != nil {
		out.Error, out.Hint = err.Error(), hintOf(err)
	}
	return out
}

func printChecked(w io.Writer, cfg *config.Config, out checked) {
	unread := ""
	for _, p := range out.Warnings {
		fmt.Fprint(w, diag.Problems{p}.Format())
		if p.Code == config.CodeSecret {
			unread = "; the agent's own account may read what this one cannot"
		}
	}
	if n := len(out.Warnings); n > 0 {
		fmt.Fprintf(w, "%s%s\n\n", count(n, "warning"), unread)
	}
	fmt.Fprintln(w, "targets")
	table(w, func(w io.Writer) {
		for _, t := range out.Targets {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", t.Name, t.Type, orDash(t.Guarantee), t.Why)
		}
	})
	for _, t := range out.Targets {
		if t.Error != "" {
			fmt.Fprintf(w, "  %s cannot be written to now: %s\n", t.Name, t.Error)
			if t.Hint != "" {
				fmt.Fprintf(w, "    %s\n", t.Hint)
			}
		}
	}
	fmt.Fprintln(w, "routes")
	table(w, func(w io.Writer) {
		for _, r := range out.Routes {
			from := "front office"
			if len(r.From) > 0 {
				from = strings.Join(r.From, ", ")
			}
			fmt.Fprintf(w, "  %s\t%s → %s version %d → %s\n", r.Name, from, r.Mapping, r.Version, strings.Join(r.Targets, ", "))
		}
	})
	if unreachable := out.unreachable(); unreachable > 0 {
		fmt.Fprintf(w, "%s is right, but %s cannot be written to now\n", out.Config, count(unreachable, "target"))
		return
	}
	fmt.Fprintf(w, "ok: %s\n", strings.Join(append([]string{out.Config}, out.Parts...), ", "))
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

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
