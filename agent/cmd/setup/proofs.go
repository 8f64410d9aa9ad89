package setup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/prove"
)

// checkedProof is what is proved of one mapping and target.
type checkedProof struct {
	Mapping  string `json:"mapping"`
	Snapshot string `json:"snapshot,omitempty"` // the file that says what the tables take; empty: the target itself said it
	*prove.Proof
}

// snapshots are what some targets take, by their names, as it stands in a file beside a mapping.
type snapshots map[string]*connectors.Facts

// snapshotOf is the file beside a mapping.
func snapshotOf(mappingPath string) string {
	return strings.TrimSuffix(mappingPath, filepath.Ext(mappingPath)) + ".catalog.json"
}

func readSnapshot(path string) (snapshots, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var s snapshots
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return nil, cli.Usagef("the snapshot %s cannot be read: %v; remove it, or run inbasket snapshot", path, err)
	}
	return s, nil
}

// used are the mappings of all routes, each once, with their files.
func used(cfg *config.Config, plans map[string]*mapping.Plan, f func(path string, plan *mapping.Plan) error) error {
	seen := map[*mapping.Plan]bool{}
	for _, r := range cfg.Routes {
		if plan := plans[r.Name]; plan != nil && !seen[plan] {
			seen[plan] = true
			if err := f(r.Mapping, plan); err != nil {
				return err
			}
		}
	}
	return nil
}

// factsOf asks a target what it takes of the tables that all mappings write to there.
func factsOf(ctx context.Context, target *guard.Target, name string, plans map[string]*mapping.Plan) (*connectors.Facts, error) {
	var tables []string
	for _, plan := range plans {
		tables = append(tables, prove.Tables(plan, name)...)
	}
	if len(tables) == 0 {
		return nil, nil
	}
	return target.Facts(ctx, tables)
}

// only are the facts of the tables that one mapping writes to.
func only(facts *connectors.Facts, tables []string) *connectors.Facts {
	out := *facts
	out.Tables = nil
	for _, name := range tables {
		for _, t := range facts.Tables {
			if t.Name == name {
				out.Tables = append(out.Tables, t)
				break
			}
		}
	}
	return &out
}

// prove compares the mappings with what targets said just now, or else with the snapshots beside them.
func (c *checked) prove(cfg *config.Config, plans map[string]*mapping.Plan, said snapshots, must bool) error {
	return used(cfg, plans, func(path string, plan *mapping.Plan) error {
		kept, err := readSnapshot(snapshotOf(path))
		if err != nil {
			return err
		}
		for _, target := range plan.Targets() {
			tables := prove.Tables(plan, target)
			one := checkedProof{Mapping: plan.Name()}
			facts := said[target]
			switch {
			case len(tables) == 0:
				continue
			case facts != nil:
				facts = only(facts, tables)
				if old := kept[target]; old != nil && !bytes.Equal(snapshotText(old), snapshotText(facts)) {
					c.doubts = append(c.doubts, diag.Problem{File: snapshotOf(path), Line: 1, Column: 1, Code: prove.CodeSnapshot, Message: "the tables of " + target + " are no longer as this snapshot says", Suggestion: "inbasket snapshot writes it anew"})
				}
			case kept[target] != nil:
				facts, one.Snapshot = kept[target], snapshotOf(path)
			default:
				continue
			}
			one.Proof = prove.Prove(plan, target, facts, time.Now)
			c.Proofs = append(c.Proofs, one)
			c.told(plan, filepath.Dir(path), one.Proof, must)
		}
		return nil
	})
}

// told takes in what a proof found, at its places in the mapping.
func (c *checked) told(plan *mapping.Plan, dir string, p *prove.Proof, must bool) {
	at := func(path []any, code, message, cure string) diag.Problem {
		problem := load.Problem(plan, path, 0, code, message, cure)
		problem.File = filepath.Join(dir, filepath.FromSlash(problem.File))
		return problem
	}
	if x := p.Counter; x != nil {
		form, _ := json.Marshal(elided(x.Form)) // it is made of texts, numbers, lists and objects
		c.OK = false
		c.Problems = append(c.Problems, at(x.Path, prove.CodeRefuted, fmt.Sprintf("a form that the schema admits fails in %s [%s]: %s; the smallest is %s", x.Column, x.Code, x.Why, form),
			"narrow the schema, convert or cut the value in the mapping, or have the DBA widen the column"))
	}
	for _, d := range p.Open {
		problem := at(d.Path, prove.CodeOpen, "not proved: "+d.What, "")
		switch here := func(p diag.Problem) bool {
			return p.File == problem.File && p.Line == problem.Line && p.Column == problem.Column
		}; {
		case slices.ContainsFunc(c.Problems, here): // one reason is enough
		case must:
			c.OK = false
			c.Problems = append(c.Problems, problem)
		case !slices.ContainsFunc(c.doubts, here):
			c.doubts = append(c.doubts, problem)
		}
	}
}

// elided is a form to be read by people: of long texts it has the beginning.
func elided(form any) any {
	switch x := form.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, v := range x {
			out[name] = elided(v)
		}
		return out
	case []any:
		out := []any{}
		for _, v := range x {
			out = append(out, elided(v))
		}
		return out
	case string:
		if runes := []rune(x); len(runes) > 120 {
			return string(runes[:20]) + "… of " + cli.Count(len(runes), "character")
		}
	}
	return form
}

// printProofs prints what is proved, and what that rests on.
func printProofs(w io.Writer, proofs []checkedProof) {
	if len(proofs) == 0 {
		return
	}
	fmt.Fprintln(w, "proofs")
	for _, p := range proofs {
		says := "not proved: " + cli.Count(len(p.Open), "thing") + " below"
		switch {
		case p.Proved:
			says = "proved: no form that the schema admits can fail in " + strings.Join(p.Tables, ", ")
		case p.Counter != nil:
			says = "refuted: a form that the schema admits fails in " + p.Counter.Column
		}
		fmt.Fprintf(w, "  %s → %s: %s\n", p.Mapping, p.Target, says)
		cli.SayIf(w, p.Snapshot != "", "    by the snapshot %s\n", p.Snapshot)
		for _, r := range p.Rests {
			cli.SayIf(w, p.Proved, "    it rests on this: %s\n", r)
		}
		const most = 8
		for i, r := range p.Rejected {
			if i == most {
				fmt.Fprintf(w, "    and %d more\n", len(p.Rejected)-most)
				break
			}
			fmt.Fprintf(w, "    does not reach it: %s\n", r)
		}
	}
}

func snapshot(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "snapshot",
		Short: "Write what the tables of targets take beside each mapping",
		RunE:  func(cmd *cobra.Command, _ []string) error { return takeSnapshots(cmd.Context(), a) },
	}
}

// takeSnapshots asks every target, and writes a file beside each mapping.
func takeSnapshots(ctx context.Context, a *cli.App) error {
	cfg, err := a.Load(true)
	if err != nil {
		return err
	}
	targets, err := catalog.Open(cfg, agent.SystemClock{}, func(connectors.Notice) {})
	if err != nil {
		return err
	}
	defer targets.Close()
	plans, problems := catalog.Mappings(cfg, targets)
	if err := problems.Err(); err != nil {
		return err
	}
	said := snapshots{}
	for _, t := range cfg.Targets {
		target, err := openTarget(cfg, t)
		if err != nil {
			return err
		}
		facts, err := factsOf(ctx, target, t.Name, plans)
		if err = cmp.Or(err, target.Close()); err != nil {
			return err
		}
		if facts != nil {
			said[t.Name] = facts
		}
	}
	var files []string
	err = used(cfg, plans, func(path string, plan *mapping.Plan) error {
		of := snapshots{}
		for _, target := range plan.Targets() {
			if facts := said[target]; facts != nil && len(prove.Tables(plan, target)) > 0 {
				of[target] = only(facts, prove.Tables(plan, target))
			}
		}
		if len(of) == 0 {
			return nil
		}
		files = append(files, snapshotOf(path))
		return os.WriteFile(snapshotOf(path), snapshotText(of), 0o644)
	})
	if err != nil {
		return err
	}
	return a.Print(map[string][]string{"files": files}, func(w io.Writer) {
		for _, f := range files {
			fmt.Fprintf(w, "wrote %s\n", shown(f))
		}
		cli.SayIf(w, len(files) == 0, "no mapping writes to a database\n")
	})
}

// snapshotText is the same for the same tables.
func snapshotText(x any) []byte {
	b, _ := json.MarshalIndent(x, "", "  ") // of texts, numbers and lists
	return append(b, '\n')
}
