package setup

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/cases"
)

// tested is the outcome of one mapping's own cases, for --json.
type tested struct {
	Mapping string         `json:"mapping"` // file
	OK      bool           `json:"ok"`
	Cases   []cases.Result `json:"cases"`
}

// trials is what the command test is told.
type trials struct {
	junit string // file of the report
	clock connectors.Clock
}

func test(a *cli.App) *cobra.Command {
	t := trials{clock: agent.SystemClock{}}
	cmd := &cobra.Command{
		Use:   "test MAPPING...",
		Short: "Run a mapping's own test cases",
		RunE:  func(_ *cobra.Command, given []string) error { return t.run(a, given) },
	}
	cmd.Flags().StringVar(&t.junit, "junit", "", "also write the outcome to this file, in the XML of JUnit")
	return cmd
}

func (o trials) run(a *cli.App, paths []string) error {
	all, ok := make([]tested, 0, len(paths)), true
	suites := make([]cases.Suite, 0, len(paths))
	var broken error
	for _, path := range paths {
		one, suite, err := o.one(path)
		suites = append(suites, suite)
		if err != nil {
			broken = err
			break
		}
		ok = ok && one.OK
		all = append(all, one)
	}
	if o.junit != "" {
		if err := report(o.junit, suites); err != nil {
			return err
		}
	}
	if broken != nil {
		return broken
	}
	return a.PrintOK(ok, all, func(w io.Writer) { printTested(w, all) })
}

// one runs the cases of one mapping.
func (o trials) one(path string) (tested, cases.Suite, error) {
	suite := cases.Suite{Mapping: filepath.ToSlash(path), Started: o.clock.Now()}
	plan, err := loadMapping(path)
	if err != nil {
		suite.Broken = err.Error()
		return tested{}, suite, err
	}
	t := tested{Mapping: path, OK: true, Cases: []cases.Result{}}
	last := suite.Started
	for r := range cases.Each(plan, os.DirFS(filepath.Dir(path))) {
		now := o.clock.Now()
		suite.Took = append(suite.Took, now.Sub(last))
		last = now
		t.OK = t.OK && r.OK
		t.Cases = append(t.Cases, r)
	}
	suite.Results = t.Cases
	return t, suite, nil
}

// report writes what a CI system reads; one of an earlier run is written over.
func report(path string, suites []cases.Suite) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	return cases.JUnit(f, suites)
}

func printTested(w io.Writer, all []tested) {
	for _, t := range all {
		passed := 0
		for _, c := range t.Cases {
			if c.OK {
				passed++
				fmt.Fprintf(w, "ok    %s\n", c.Name)
				continue
			}
			fmt.Fprintf(w, "FAIL  %s (%s:%d)\n", c.Name, t.Mapping, c.Line)
			for _, d := range c.Diffs {
				fmt.Fprintf(w, "      %s\n", cli.Visible(d))
			}
		}
		switch {
		case len(t.Cases) == 0:
			fmt.Fprintf(w, "%s has no tests; add a section tests with forms and what they should become\n", t.Mapping)
		default:
			fmt.Fprintf(w, "%s: %d of %s passed\n", t.Mapping, passed, cli.Count(len(t.Cases), "case"))
		}
	}
}
