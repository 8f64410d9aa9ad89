package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/mapping/cases"
)

// tested is the outcome of one mapping's own cases, for --json.
type tested struct {
	Mapping string         `json:"mapping"` // file
	OK      bool           `json:"ok"`
	Cases   []cases.Result `json:"cases"`
}

func testCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "test MAPPING...",
		Short: "Run a mapping's own test cases",
		Long:  "Test runs the cases in the tests section of each mapping and prints a line for each field that differs.",
		Args:  args("MAPPING..."),
		RunE:  func(_ *cobra.Command, given []string) error { return a.testMappings(given) },
	}
}

func (a *app) testMappings(paths []string) error {
	all, failed := make([]tested, 0, len(paths)), false
	for _, path := range paths {
		plan, err := loadMapping(path)
		if err != nil {
			return err
		}
		t := tested{Mapping: path, OK: true, Cases: cases.Run(plan, os.DirFS(filepath.Dir(path)))}
		for _, c := range t.Cases {
			t.OK = t.OK && c.OK
		}
		failed = failed || !t.OK
		all = append(all, t)
	}
	if err := a.print(all, func(w io.Writer) { printTested(w, all) }); err != nil {
		return err
	}
	if failed {
		return silentError(exitFailure)
	}
	return nil
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
				fmt.Fprintf(w, "      %s\n", visible(d))
			}
		}
		switch {
		case len(t.Cases) == 0:
			fmt.Fprintf(w, "%s has no tests; add a section tests with forms and what they should become\n", t.Mapping)
		default:
			fmt.Fprintf(w, "%s: %d of %s passed\n", t.Mapping, passed, count(len(t.Cases), "case"))
		}
	}
}
