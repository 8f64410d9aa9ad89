// Package conformance holds the suites that every connector passes. A connector's own test hands a
// harness to the suite: how to open the connector, how to see what stands in the system behind it, and how
// to script that system's failures. A failure that a system cannot have is left nil, and the suite says
// that it left it out.
//
// A suite tests the contract in package connectors and nothing else, so that what one connector learned
// the hard way is asked of the next one too.
package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// patience is how long one call of a connector may take before a suite calls it hanging.
const patience = 30 * time.Second

// within returns a context for one call.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// step is one test of a suite.
type step[H any] struct {
	name string
	run  func(*testing.T, H)
}

// runSteps runs every step with a harness of its own, so that no step sees what another left.
func runSteps[H any](t *testing.T, harness func(testing.TB) H, steps []step[H]) {
	t.Helper()
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) { s.run(t, harness(t)) })
	}
}

// outcomes sorts outcomes by key and fails when a key has more than one or is not of the group.
func outcomes(t testing.TB, g connectors.Group, out []connectors.Outcome) map[string]connectors.Outcome {
	t.Helper()
	keys := map[string]bool{}
	for _, d := range g.Items {
		keys[d.Key] = true
	}
	by := map[string]connectors.Outcome{}
	for _, o := range out {
		if _, twice := by[o.Key]; twice || !keys[o.Key] {
			t.Errorf("outcome for key %q is one too many", o.Key)
		}
		if o.Class != connectors.Written && o.Code == "" {
			t.Errorf("outcome %s of %s has no code", o.Class, o.Key)
		}
		by[o.Key] = o
	}
	return by
}

// deliverAll delivers as the agent does: looks up what is uncertain and tries again what was not
// written, until every item is written or refused. It returns the last outcome of each key.
func deliverAll(t testing.TB, target connectors.Target, g connectors.Group) map[string]connectors.Outcome {
	t.Helper()
	final := map[string]connectors.Outcome{}
	open := g
	for range 10 {
		out, err := target.Deliver(within(t), open)
		got := outcomes(t, open, out)
		next := open
		next.Items = nil
		for _, d := range open.Items {
			o, ok := got[d.Key]
			if !ok && err == nil {
				t.Fatalf("no outcome for %s and no error", d.Key)
			}
			if !ok {
				o = connectors.Outcome{Key: d.Key, Class: connectors.ClassOf(err)}
			}
			final[d.Key] = o
			if o.Class != connectors.Written && o.Class != connectors.ItemError {
				next.Items = append(next.Items, d)
			}
		}
		if len(next.Items) == 0 {
			return final
		}
		if _, err := target.Lookup(within(t), next); err != nil && connectors.ClassOf(err) == connectors.ItemError {
			t.Fatalf("look-up: %v", err)
		}
		open = next
	}
	t.Fatalf("after ten attempts some items are neither written nor refused: %v", final)
	return nil
}

// wantWritten fails unless all items of the group are written.
func wantWritten(t testing.TB, g connectors.Group, got map[string]connectors.Outcome) {
	t.Helper()
	for _, d := range g.Items {
		if o := got[d.Key]; o.Class != connectors.Written {
			t.Errorf("%s is %s (%s %s %s), want written", d.Key, o.Class, o.Code, o.Text, o.Raw)
		}
	}
}

// wantFound looks the group up and fails unless each item is as wanted.
func wantFound(t testing.TB, target connectors.Target, g connectors.Group, want connectors.Presence) map[string]connectors.Found {
	t.Helper()
	found, err := target.Lookup(within(t), g)
	if err != nil {
		t.Fatalf("look-up: %v", err)
	}
	by := map[string]connectors.Found{}
	for _, f := range found {
		by[f.Key] = f
	}
	for _, d := range g.Items {
		if f, ok := by[d.Key]; !ok || f.Presence != want {
			t.Errorf("look-up of %s finds %v (answered %v), want %v", d.Key, f.Presence, ok, want)
		}
	}
	return by
}
