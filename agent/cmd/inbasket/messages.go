package main

import (
	"errors"
	"io/fs"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// codeOf returns the stable code of an error, or "agent.error".
func codeOf(err error) string {
	var (
		coded    *connectors.Error
		order    *control.Error
		problems diag.Problems
		usage    usageError
	)
	switch {
	case errors.As(err, &usage):
		return "usage"
	case errors.As(err, &coded):
		return coded.Code
	case errors.As(err, &order):
		return order.Code
	case errors.As(err, &problems) && len(problems) > 0:
		return problems[0].Code
	case errors.Is(err, journal.ErrLocked):
		return journal.CodeLocked
	}
	return "agent.error"
}

// safeText returns an error for the log: without what a driver or a file system said.
func safeText(err error) string {
	var (
		coded    *connectors.Error
		problems diag.Problems
		path     *fs.PathError
	)
	switch {
	case errors.As(err, &coded):
		return coded.Safe()
	case errors.As(err, &problems) && len(problems) > 0:
		return problems[0].String()
	case errors.As(err, &path):
		return path.Op + ": " + path.Err.Error()
	case errors.Is(err, journal.ErrLocked):
		return err.Error()
	}
	return "see the message on standard error"
}

// hintOf returns what to do about an error; empty when it does not say.
func hintOf(err error) string {
	var coded *connectors.Error
	if errors.As(err, &coded) {
		return coded.Hint
	}
	return ""
}
