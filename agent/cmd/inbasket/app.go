package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Exit codes, as sysexits.h has them where it has one.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitUnavailable = 69 // agent or target cannot be reached
	exitRetry       = 75 // try again later
	exitPermission  = 77
	exitConfig      = 78
)

// app is one run of the command line.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string

	host *host // the service manager of Windows; nil elsewhere

	config string // --config
	json   bool   // --json
}

// execute runs the arguments and returns the exit code. Errors are printed here and nowhere else.
func (a *app) execute(ctx context.Context, args []string) int {
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	a.report(err)
	return exitCode(err)
}

// report prints an error for people: what happened and what to do next.
func (a *app) report(err error) {
	var (
		silent   silentError
		problems diag.Problems
		order    *control.Error
		coded    *connectors.Error
		usage    usageError
	)
	switch {
	case errors.As(err, &silent):
	case a.json:
		a.reportJSON(err)
	case errors.As(err, &problems):
		fmt.Fprint(a.stderr, problems.Format())
	case errors.As(err, &order):
		fmt.Fprint(a.stderr, order.Details)
		fmt.Fprintf(a.stderr, "inbasket: %s [%s]\n", order.Message, order.Code)
		if order.Hint != "" {
			fmt.Fprintf(a.stderr, "    %s\n", order.Hint)
		}
	case errors.As(err, &usage):
		fmt.Fprintf(a.stderr, "inbasket: %v\n", err)
	case errors.As(err, &coded):
		fmt.Fprintf(a.stderr, "inbasket: %v\n", err)
		if coded.Hint != "" {
			fmt.Fprintf(a.stderr, "    %s\n", coded.Hint)
		}
	default:
		fmt.Fprintf(a.stderr, "inbasket: %v\n", err)
	}
}

// reportJSON prints an error for programs, to standard error: standard output has answers only.
func (a *app) reportJSON(err error) {
	answer := struct {
		Code     string        `json:"code"`
		Message  string        `json:"message"`
		Hint     string        `json:"hint,omitempty"`
		Problems diag.Problems `json:"problems,omitempty"`
	}{Code: codeOf(err), Message: err.Error(), Hint: hintOf(err)}
	var order *control.Error
	if errors.As(err, &answer.Problems) {
		answer.Message = count(len(answer.Problems), "problem")
	} else if errors.As(err, &order) {
		answer.Message, answer.Hint = order.Message, order.Hint
	}
	e := json.NewEncoder(a.stderr)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	_ = e.Encode(answer) // nobody is left to tell
}

// silentError ends with a code when everything has been printed already.
type silentError int

func (e silentError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func exitCode(err error) int {
	var (
		silent   silentError
		usage    usageError
		problems diag.Problems
		coded    *connectors.Error
		order    *control.Error
	)
	switch {
	case errors.As(err, &silent):
		return int(silent)
	case errors.As(err, &order) && aboutConfig(order.Code):
		return exitConfig
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &problems):
		return exitConfig
	case errors.Is(err, control.ErrNotRunning):
		return exitUnavailable
	case errors.Is(err, control.ErrPermission), errors.Is(err, fs.ErrPermission):
		return exitPermission
	case errors.Is(err, journal.ErrLocked):
		return exitRetry
	case errors.As(err, &coded):
		return codedExit(coded)
	default:
		return exitFailure
	}
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

func codedExit(e *connectors.Error) int {
	switch {
	case aboutConfig(e.Code):
		return exitConfig
	case e.Class == connectors.Transient:
		return exitRetry
	case e.Class == connectors.TargetError:
		return exitUnavailable
	default:
		return exitFailure
	}
}

// configPath returns the configuration file: the flag, the environment, this folder, the system's place.
func (a *app) configPath() string {
	if a.config != "" {
		return a.config
	}
	if p := a.getenv("INBASKET_CONFIG"); p != "" {
		return p
	}
	const name = "inbasket.yaml"
	system := filepath.Join("/etc/inbasket", name)
	if runtime.GOOS == "windows" {
		system = filepath.Join(a.getenv("ProgramData"), "Inbasket", name)
	}
	if a.host != nil {
		return system // the folder that a service is started in says nothing
	}
	if _, err := os.Stat(name); err == nil {
		return name
	}
	if _, err := os.Stat(system); err == nil || errors.Is(err, fs.ErrPermission) { // who may not read it is told which it is
		return system
	}
	return name
}

// load reads the configuration as the agent does; lenient for commands that are run by people.
func (a *app) load(lenient bool) (*config.Config, error) {
	return config.Load(a.configPath(), all.Registry(), config.Options{Lenient: lenient, Getenv: a.getenv})
}

// agent calls online with the running agent; if none runs, offline with its journal. A nil offline makes
// that an error.
func (a *app) agent(ctx context.Context, online func(*control.Client) error, offline func(*journal.Journal, config.Place) error) error {
	place, err := config.Locate(a.configPath())
	if err != nil {
		return err
	}
	err = online(control.NewClient(place.State))
	if offline == nil || !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	j, err := journal.OpenReadOnly(ctx, filepath.Join(place.State, "journal"), journal.Options{})
	if errors.Is(err, fs.ErrNotExist) {
		return &control.Error{Code: control.CodeNotRunning, Message: "no agent runs here, and none has run yet", Hint: "start it by: inbasket run"}
	}
	if err != nil {
		return err
	}
	return errors.Join(offline(j, place), j.Close())
}

// print writes an answer: as JSON with --json, else for people.
func (a *app) print(answer any, people func(w io.Writer)) error {
	if !a.json {
		people(a.stdout)
		return nil
	}
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(answer)
}

// table writes columns that line up; f writes cells separated by tabs.
func table(w io.Writer, f func(w io.Writer)) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	f(t)
	_ = t.Flush() // an error of w shows at the process's own output
}

// args checks the number of arguments; names are what usage calls them, the last may end in "...".
func args(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		many := len(names) > 0 && strings.HasSuffix(names[len(names)-1], "...")
		if len(given) < len(names) {
			return usagef("%s needs %s\n    usage: %s", cmd.Name(), strings.Join(names[len(given):], " and "), cmd.UseLine())
		}
		if len(given) > len(names) && !many {
			return usagef("%s takes no %q\n    usage: %s", cmd.Name(), given[len(names)], cmd.UseLine())
		}
		return nil
	}
}

func parseIDs(texts []string) ([]journal.ID, error) {
	ids := make([]journal.ID, len(texts))
	for i, s := range texts {
		id, err := journal.ParseID(s)
		if err != nil {
			return nil, usagef("%q is not a submission's ID: 13 letters and digits, as list shows them", s)
		}
		ids[i] = id
	}
	return ids, nil
}
