package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Exit codes, as sysexits.h has them where it has one.
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitUnavailable = 69 // agent or target cannot be reached
	ExitRetry       = 75 // try again later
	ExitPermission  = 77
	ExitConfig      = 78
)

// CodeExists is the code of a file that would have to be overwritten.
const CodeExists = "new.exists" // new never overwrites a file; remove it, or name another place

// Exit ends with a code when everything has been printed already.
type Exit int

// Error is never printed.
func (e Exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// usageError is a command line that cannot be understood.
type usageError struct{ error }

// Usagef says what is wrong with a command line.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Fault is an error as people, programs, the log and whoever called the program know it.
type Fault struct {
	Code     string        `json:"code"`
	Message  string        `json:"message"`
	Hint     string        `json:"hint,omitempty"` // what to do next
	Problems diag.Problems `json:"problems,omitempty"`

	Exit int    `json:"-"`
	Safe string `json:"-"` // for the log: without what a driver or a file system said
	text string // for people, when it is not made of the fields above
}

// FaultOf finds out what an error is.
func FaultOf(err error) Fault {
	f := Fault{Code: "agent.error", Message: err.Error(), Exit: ExitFailure, Safe: "see the message on standard error"}
	var (
		usage    usageError
		problems diag.Problems
		order    *control.Error
		coded    *connectors.Error
		path     *fs.PathError
	)
	switch {
	case errors.As(err, &usage):
		f.Code, f.Exit = "usage", ExitUsage
	case errors.As(err, &problems) && len(problems) > 0:
		f.Code, f.Message, f.Exit, f.Safe = problems[0].Code, Count(len(problems), "problem"), ExitConfig, problems[0].String()
		f.Problems, f.text = problems, problems.Format()
	case errors.As(err, &order):
		f.Code, f.Message, f.Hint = order.Code, order.Message, order.Hint
		f.text = fmt.Sprintf("%sinbasket: %s [%s]\n%s", order.Details, order.Message, order.Code, indented(order.Hint))
	case errors.As(err, &coded):
		f.Code, f.Hint, f.Safe = coded.Code, coded.Hint, coded.Safe()
		f.Exit = map[connectors.Class]int{connectors.Transient: ExitRetry, connectors.TargetError: ExitUnavailable}[coded.Class]
		if f.Exit == 0 {
			f.Exit = ExitFailure
		}
	case errors.Is(err, journal.ErrLocked):
		f.Code, f.Safe = journal.CodeLocked, err.Error()
	case errors.As(err, &path):
		f.Safe = path.Op + ": " + path.Err.Error()
	}
	switch {
	case f.Exit == ExitUsage || f.Exit == ExitConfig:
	case aboutConfig(f.Code):
		f.Exit = ExitConfig
	case errors.Is(err, control.ErrNotRunning):
		f.Exit = ExitUnavailable
	case errors.Is(err, control.ErrPermission), errors.Is(err, fs.ErrPermission):
		f.Exit = ExitPermission
	case errors.Is(err, journal.ErrLocked):
		f.Exit = ExitRetry
	}
	if f.text == "" {
		f.text = "inbasket: " + f.Message + "\n" + indented(f.Hint)
	}
	return f
}

// aboutConfig reports whether a code says that what an operator wrote is at fault: starting again does not
// help, and a service manager must not try.
func aboutConfig(code string) bool {
	switch code {
	case control.CodeGroup, journal.CodePlanChanged, frontoffice.CodeTLSRequired, frontoffice.CodeCertificate, frontoffice.CodeTokens:
		return true
	}
	return strings.HasPrefix(code, "config.")
}

func indented(hint string) string {
	if hint == "" {
		return ""
	}
	return "    " + hint + "\n"
}

// Text is the error for people: what happened and what to do next.
func (f Fault) Text() string { return f.text }

// End prints an error to standard error, where standard output has answers only, and returns the exit code. Errors are
// printed here and nowhere else.
func (a *App) End(err error) int {
	var silent Exit
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &silent):
		return int(silent)
	}
	f := FaultOf(err)
	if a.JSON {
		_ = encode(a.Stderr, f) // nobody is left to tell
	} else {
		fmt.Fprint(a.Stderr, f.text)
	}
	return f.Exit
}
