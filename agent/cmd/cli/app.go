// Package cli is what the commands of inbasket have in common: where the configuration lies, how the agent is asked or
// its files are read, how answers and errors are printed, and what goes on record.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/installer"
)

// App is one run of the command line.
type App struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Version        string
	Service        bool // started by the service manager of Windows: the folder that it is started in says nothing

	Config string // --config
	JSON   bool   // --json
}

// ConfigPath returns the configuration file: the flag, the environment, this folder, the system's place.
func (a *App) ConfigPath() string {
	if a.Config != "" {
		return a.Config
	}
	if p := a.Getenv("INBASKET_CONFIG"); p != "" {
		return p
	}
	const name = "inbasket.yaml"
	system := filepath.Join(a.configFolder(), name)
	if a.Service {
		return system
	}
	if _, err := os.Stat(name); err == nil {
		return name
	}
	if _, err := os.Stat(system); err == nil || errors.Is(err, fs.ErrPermission) { // who may not read it is told which it is
		return system
	}
	return name
}

// configFolder is where the system keeps configurations.
func (a *App) configFolder() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(a.Getenv("ProgramData"), "Inbasket")
	}
	return "/etc/inbasket"
}

// InstanceConfig returns the configuration file of a service: what is said, what it runs with, the usual place.
func (a *App) InstanceConfig(name string, s installer.State) (string, error) {
	switch {
	case a.Config != "":
		return filepath.Abs(a.Config)
	case s.Config != "":
		return s.Config, nil
	case installer.ServiceName(name) == installer.DefaultName:
		return filepath.Abs(a.ConfigPath())
	}
	return filepath.Join(a.configFolder(), name, "inbasket.yaml"), nil
}

// Load reads the configuration as the agent does; lenient for commands that are run by people.
func (a *App) Load(lenient bool) (*config.Config, error) { return a.LoadFile(a.ConfigPath(), lenient) }

// LoadFile is Load for another configuration file.
func (a *App) LoadFile(path string, lenient bool) (*config.Config, error) {
	return config.Load(path, all.Registry(), config.Options{Lenient: lenient, Getenv: a.Getenv})
}

// Ask gives the running agent an order; if none runs, offline is called with its journal. A nil offline makes that an error.
func Ask[R, T any](ctx context.Context, a *App, give func(context.Context, *control.Client, R) (T, error), r R, offline func(*journal.Journal, config.Place) (T, error)) (answer T, err error) {
	place, err := config.Locate(a.ConfigPath())
	if err != nil {
		return answer, err
	}
	answer, err = give(ctx, control.NewClient(place.State), r)
	if offline == nil || !errors.Is(err, control.ErrNotRunning) {
		return answer, err
	}
	j, err := journal.OpenReadOnly(ctx, filepath.Join(place.State, "journal"), journal.Options{})
	if errors.Is(err, fs.ErrNotExist) {
		return answer, NeverRun("start it by: inbasket run")
	}
	if err != nil {
		return answer, err
	}
	answer, err = offline(j, place)
	return answer, errors.Join(err, j.Close())
}

// NeverRun is the error of an order to an agent that has no files yet.
func NeverRun(hint string) error {
	return &control.Error{Code: control.CodeNotRunning, Message: "no agent runs here, and none has run yet", Hint: hint}
}

// Show asks, and prints the answer.
func Show[R, T any](ctx context.Context, a *App, give func(context.Context, *control.Client, R) (T, error), r R, offline func(*journal.Journal, config.Place) (T, error), people func(io.Writer, T)) error {
	answer, err := Ask(ctx, a, give, r, offline)
	if err != nil {
		return err
	}
	return a.Print(answer, func(w io.Writer) { people(w, answer) })
}

// OrderDone is Show where the agent only says that it is done: what was ordered is printed.
func OrderDone[R, A any](ctx context.Context, a *App, give func(context.Context, *control.Client, R) (A, error), r R, people string) error {
	return Show(ctx, a, func(ctx context.Context, c *control.Client, r R) (R, error) { _, err := give(ctx, c, r); return r, err }, r, nil,
		func(w io.Writer, _ R) { fmt.Fprintln(w, people) })
}

// Print writes an answer: as JSON with --json, else for people.
func (a *App) Print(answer any, people func(w io.Writer)) error {
	if !a.JSON {
		people(a.Stdout)
		return nil
	}
	return encode(a.Stdout, answer)
}

// PrintOK is Print, and ends with code 1 when what was printed is not as it should be.
func (a *App) PrintOK(ok bool, answer any, people func(w io.Writer)) error {
	if err := a.Print(answer, people); err != nil || ok {
		return err
	}
	return Exit(ExitFailure)
}

func encode(w io.Writer, answer any) error {
	if v := reflect.ValueOf(answer); v.Kind() == reflect.Slice && v.IsNil() {
		answer = []any{} // a list without entries, not null
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(answer)
}

// Table writes columns that line up, each row's cells separated by tabs.
func Table(w io.Writer, rows func(w io.Writer)) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	rows(t)
	_ = t.Flush() // an error of w shows at the process's own output
}

// Rows is Table for a list: a line each below the header, which may be empty. Moments are stamped, and every text is made visible.
func Rows[T any](w io.Writer, header string, list []T, cells func(T) []any) {
	Table(w, func(w io.Writer) {
		SayIf(w, header != "", "%s\n", header)
		for _, x := range list {
			var texts []string
			for _, cell := range cells(x) {
				if t, ok := cell.(time.Time); ok {
					cell = Stamp(t)
				}
				texts = append(texts, Visible(fmt.Sprint(cell)))
			}
			fmt.Fprintln(w, strings.Join(texts, "\t"))
		}
	})
}

// Pairs writes names and values that line up; what is empty is left out.
func Pairs(w io.Writer, pairs ...[2]string) {
	Table(w, func(w io.Writer) {
		for _, p := range pairs {
			SayIf(w, p[1] != "", "%s\t%s\n", p[0], Visible(p[1]))
		}
	})
}

// SayIf writes a line for people where something is so.
func SayIf(w io.Writer, is bool, format string, args ...any) {
	if is {
		fmt.Fprintf(w, format, args...)
	}
}

// Group is a command that only has others below it.
func Group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(below...)
	return cmd
}

// TakeArgs has a command and those below it take the arguments that their usage names, unless they look themselves.
func TakeArgs(cmd *cobra.Command) {
	if names := strings.Fields(cmd.Use)[1:]; cmd.Args == nil {
		if options := slices.IndexFunc(names, func(s string) bool { return strings.HasPrefix(s, "--") }); options >= 0 {
			names = names[:options]
		}
		cmd.Args = Args(names...)
	}
	for _, c := range cmd.Commands() {
		TakeArgs(c)
	}
}

// Args checks the number of arguments; names are what usage calls them: [NAME] may be left out, the last may be several by "...".
func Args(names ...string) cobra.PositionalArgs {
	needed := slices.DeleteFunc(slices.Clone(names), func(s string) bool { return strings.HasPrefix(s, "[") })
	return func(cmd *cobra.Command, given []string) error {
		many := len(names) > 0 && strings.Contains(names[len(names)-1], "...")
		if len(given) < len(needed) {
			return Usagef("%s needs %s\n    usage: %s", cmd.Name(), strings.Join(needed[len(given):], " and "), cmd.UseLine())
		}
		if len(given) > len(names) && !many {
			return Usagef("%s takes no %q\n    usage: %s", cmd.Name(), given[len(names)], cmd.UseLine())
		}
		return nil
	}
}

// ParseID reads the ID of a submission.
func ParseID(text string) (journal.ID, error) {
	id, err := journal.ParseID(text)
	if err != nil {
		return id, Usagef("%q is not a submission's ID: 13 letters and digits, as list shows them", text)
	}
	return id, nil
}

// ParseIDs reads IDs of submissions.
func ParseIDs(texts []string) ([]journal.ID, error) {
	ids := make([]journal.ID, len(texts))
	for i, s := range texts {
		var err error
		if ids[i], err = ParseID(s); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Commit returns what the program was built from; empty outside a repository.
func Commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
