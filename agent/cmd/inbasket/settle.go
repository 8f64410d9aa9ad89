package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/inbasket/inbasket/agent/control"
)

// settled prints what became of submissions; one that failed makes the command fail.
func (a *app) settled(list []control.Settled, verb string) error {
	if err := a.print(list, func(w io.Writer) { printSettled(w, list, verb) }); err != nil {
		return err
	}
	for _, s := range list {
		if s.Error != nil {
			return silentError(exitFailure)
		}
	}
	return nil
}

func printSettled(w io.Writer, list []control.Settled, verb string) {
	for _, s := range list {
		switch {
		case s.Error != nil:
			fmt.Fprintf(w, "%s  not %s: %s\n", s.ID, verb, s.Error)
		case len(s.Targets) > 0:
			fmt.Fprintf(w, "%s  %s: %s\n", s.ID, verb, strings.Join(s.Targets, ", "))
		default:
			fmt.Fprintf(w, "%s  %s\n", s.ID, verb)
		}
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "nothing to do: no submission is parked there")
	}
}
