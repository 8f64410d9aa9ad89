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
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/cases"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// tested is the outcome of one mapping's own cases, for --json.
type tested struct {
	Mapping string         `json:"mapping"` // file
	OK      bool           `json:"ok"`
	Cases   []cases.Result `json:"cases"`

	Coverage *cases.Coverage `json:"coverage,omitempty"`
}

// trials is what the command test is told.
type trials struct {
	junit    string // file of the report
	update   bool
	coverage bool
	least    int // of a hundred places
	clock    connectors.Clock
}

func test(a *cli.App) *cobra.Command {
	t, from := trials{clock: agent.SystemClock{}}, fromStored{}
	cmd := &cobra.Command{
		Use:   "test MAPPING...",
		Short: "Run a mapping's own test cases",
		RunE: func(cmd *cobra.Command, given []string) error {
			if t.least < 0 || t.least > 100 {
				return cli.Usagef("--coverage-min is a number from 0 to 100")
			}
			if from.id != "" {
				if len(given) != 1 || t.junit != "" || t.update || t.coverage || cmd.Flags().Changed("coverage-min") {
					return cli.Usagef("--from makes a case of one mapping, and runs no others")
				}
				return from.run(cmd.Context(), a, given[0])
			}
			if from.secret != "" || from.form != "" || len(from.keep) > 0 {
				return cli.Usagef("--secret, --keep and --form are for --from")
			}
			t.coverage = t.coverage || cmd.Flags().Changed("coverage-min")
			return t.run(a, given)
		},
	}
	cmd.Flags().StringVar(&t.junit, "junit", "", "also write the outcome to this file, in the XML of JUnit")
	cmd.Flags().BoolVar(&t.update, "update", false, "first make the cases expect what the mapping gives now; look at what has changed before you keep it")
	cmd.Flags().BoolVar(&t.coverage, "coverage", false, "also list the form fields, writes, conditions and outcomes of lookups that no case reaches")
	cmd.Flags().IntVar(&t.least, "coverage-min", 0, "end with 1 where cases reach less than so many of a hundred of them")
	cmd.Flags().StringVar(&from.id, "from", "", "make a case of this submission, with masks for what the citizen wrote")
	cmd.Flags().StringVar(&from.secret, "secret", "", "with --from: file of the secret that masks are made with; it is made where it is missing. Without it masks are others each time")
	cmd.Flags().StringArrayVar(&from.keep, "keep", nil, "with --from: a field that is no personal data and stays as it is; may be repeated")
	cmd.Flags().StringVar(&from.form, "form", "", "with --from: file beside the mapping for the masked form, which must not exist")
	return cmd
}

func (o trials) run(a *cli.App, paths []string) error {
	all, ok := make([]tested, 0, len(paths)), true
	suites := make([]cases.Suite, 0, len(paths))
	var broken error
	for _, path := range paths {
		one, suite, err := o.one(a, path)
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
	return a.PrintOK(ok, all, func(w io.Writer) { o.print(w, all) })
}

// one runs the cases of one mapping.
func (o trials) one(a *cli.App, path string) (tested, cases.Suite, error) {
	suite := cases.Suite{Mapping: filepath.ToSlash(path), Started: o.clock.Now()}
	plan, err := loadMapping(path)
	if err != nil {
		suite.Broken = err.Error()
		return tested{}, suite, err
	}
	if o.update {
		if plan, err = update(a, plan, path); err != nil {
			suite.Broken = err.Error()
			return tested{}, suite, err
		}
	}
	t := tested{Mapping: path, OK: true, Cases: []cases.Result{}}
	last := o.clock.Now()
	for r := range cases.Each(plan, os.DirFS(filepath.Dir(path))) {
		now := o.clock.Now()
		suite.Took = append(suite.Took, now.Sub(last))
		last = now
		t.OK = t.OK && r.OK
		t.Cases = append(t.Cases, r)
	}
	suite.Results = t.Cases
	if o.coverage {
		c := cases.Cover(plan, os.DirFS(filepath.Dir(path)))
		t.Coverage, t.OK = &c, t.OK && c.AtLeast(o.least)
	}
	return t, suite, nil
}

// update makes a mapping's cases expect what it gives, and reads it again.
func update(a *cli.App, plan *mapping.Plan, path string) (*mapping.Plan, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	folder := filepath.Dir(path)
	u := cases.Update(plan, src, os.DirFS(folder))
	for name, content := range u.Files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return nil, err
		}
		fmt.Fprintf(a.Stderr, "wrote %s\n", file)
	}
	for _, left := range u.Left {
		fmt.Fprintf(a.Stderr, "left as it is: %s:%s\n", path, left)
	}
	if u.Values == 0 {
		return plan, nil
	}
	if err := os.WriteFile(path, u.Source, 0o644); err != nil {
		return nil, err
	}
	fmt.Fprintf(a.Stderr, "changed %s of cases in %s\n", cli.Count(u.Values, "value"), path)
	return loadMapping(path)
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

func (o trials) print(w io.Writer, all []tested) {
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
		if t.Coverage != nil {
			o.printCoverage(w, t)
		}
	}
}

func (o trials) printCoverage(w io.Writer, t tested) {
	c := t.Coverage
	fmt.Fprintf(w, "coverage of %s: %d of %s reached, %d %%\n", t.Mapping, c.Reached, cli.Count(c.Places, "place"), c.Percent())
	for _, at := range c.Missing {
		fmt.Fprintf(w, "  %s:%d: %s\n", t.Mapping, at.Line, cli.Visible(unreached(at.Place)))
	}
	cli.SayIf(w, !c.AtLeast(o.least), "FAIL  less than %d %% are reached\n", o.least)
}

// unreached says what no case does.
func unreached(at value.Place) string {
	switch at.Kind {
	case value.PlaceField:
		return "no form has " + at.Name
	case value.PlaceWrite:
		return "write " + at.Name + " makes no record"
	case value.PlaceWhen:
		return "when of write " + at.Name + " is never " + at.Outcome
	}
	return "lookup " + at.Name + " never gets " + at.Outcome
}
