package workbench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/prove"
)

// Snapshot is what some targets take, by their names, as inbasket snapshot writes it beside a mapping.
type Snapshot map[string]*connectors.Facts

// SnapshotOf is the file of a mapping's snapshot.
func SnapshotOf(mappingPath string) string {
	return strings.TrimSuffix(mappingPath, filepath.Ext(mappingPath)) + ".catalog.json"
}

// ReadSnapshot reads what was read of a file; one that is not there is an empty one.
func ReadSnapshot(raw []byte, err error) (s Snapshot, _ error) {
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	return s, err
}

// snapshot is the one beside the mapping.
func (b *Bench) snapshot() (Snapshot, error) { return ReadSnapshot(b.beside(SnapshotOf(b.Name))) }

// prove adds what the snapshot proves, refutes, or leaves open.
func (b *Bench) prove(c *Checked) {
	kept, err := b.snapshot()
	if err != nil {
		c.Warnings = append(c.Warnings, diag.Problem{File: SnapshotOf(b.Name), Line: 1, Column: 1, Code: prove.CodeSnapshot, Message: "this snapshot cannot be read: " + err.Error(), Suggestion: "inbasket snapshot writes it anew"})
	}
	for _, target := range c.Plan.Targets() {
		if kept[target] == nil || len(prove.Tables(c.Plan, target)) == 0 {
			continue
		}
		p := prove.Prove(c.Plan, target, kept[target], b.Now)
		refuted, open := Findings(c.Plan, p)
		c.Problems, c.Warnings, c.Proofs = append(c.Problems, refuted...), append(c.Warnings, open...), append(c.Proofs, p)
	}
}

// Hurry is a clock that runs five times as fast until ended says that nobody waits any more, and then is at its end: a search for a
// counterexample ends by it while somebody types.
func Hurry(clock connectors.Clock, ended func() bool) func() time.Time {
	start := clock.Now()
	return func() time.Time {
		if ended() {
			return start.Add(time.Hour)
		}
		return start.Add(5 * clock.Now().Sub(start))
	}
}

// Findings are what a proof found, at its places in the mapping: what is refuted, and what is not proved. One reason a place is enough.
func Findings(plan *mapping.Plan, p *prove.Proof) (refuted, open diag.Problems) {
	if x := p.Counter; x != nil {
		form, _ := json.Marshal(elided(x.Form)) // it is made of texts, numbers, lists and objects
		refuted = append(refuted, load.Problem(plan, x.Path, 0, prove.CodeRefuted, fmt.Sprintf("a form that the schema admits fails in %s [%s]: %s; the smallest is %s", x.Column, x.Code, x.Why, form),
			"narrow the schema, convert or cut the value in the mapping, or have the DBA widen the column"))
	}
	for _, gap := range p.Open {
		problem := load.Problem(plan, gap.Path, 0, prove.CodeOpen, "not proved: "+gap.What, "")
		if here := problem.SamePlace; !slices.ContainsFunc(refuted, here) && !slices.ContainsFunc(open, here) {
			open = append(open, problem)
		}
	}
	return refuted, open
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
			return fmt.Sprintf("%s… of %d characters", string(runes[:20]), len(runes))
		}
	}
	return form
}
