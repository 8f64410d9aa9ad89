package look

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/diagnose"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/installer"
)

// diagnosticsOptions are the flags of diagnostics.
type diagnosticsOptions struct {
	out     string
	preview bool
	names   bool
	name    string
}

func diagnostics(a *cli.App) *cobra.Command {
	var o diagnosticsOptions
	cmd := &cobra.Command{
		Use:   "diagnostics",
		Short: "Collect what the maintainers need, and nothing of the forms",
		RunE:  func(cmd *cobra.Command, _ []string) error { return writeDiagnostics(cmd.Context(), a, o) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.out, "out", "o", "", "archive to write (default: inbasket-diagnostics-DATE-TIME.zip in this folder)")
	f.BoolVar(&o.preview, "preview", false, "print everything that would be written, and write nothing")
	f.BoolVar(&o.names, "names", false, "tell the names of targets, routes, mappings, in-baskets and front offices")
	f.StringVar(&o.name, "name", "", "instance, as service install --name made it")
	return cmd
}

func writeDiagnostics(ctx context.Context, a *cli.App, o diagnosticsOptions) error {
	s, err := diagnosticsSource(ctx, a, o)
	if err != nil {
		return err
	}
	files, err := diagnose.Collect(s)
	if err != nil {
		return err
	}
	if o.preview {
		return a.Print(files, func(w io.Writer) {
			for _, f := range files {
				fmt.Fprintf(w, "--- %s (%s, %d bytes)\n%s\n", f.Name, f.Why, len(f.Content), f.Content)
			}
			fmt.Fprintln(w, "nothing was written")
		})
	}
	if o.out == "" {
		o.out = "inbasket-diagnostics-" + s.At.Format("20060102-150405") + ".zip"
	}
	if err := writeArchive(o.out, s.At, files); err != nil {
		return err
	}
	answer := struct {
		File  string   `json:"file"`
		Files []string `json:"files"`
	}{File: o.out}
	for _, f := range files {
		answer.Files = append(answer.Files, f.Name)
	}
	return a.Print(answer, func(w io.Writer) {
		for _, f := range files {
			fmt.Fprintf(w, "  %s: %s\n", f.Name, f.Why)
		}
		fmt.Fprintf(w, "wrote %s; look into it before you send it\n", o.out)
	})
}

// writeArchive writes a new file that only this account may read.
func writeArchive(path string, at time.Time, files []diagnose.File) error {
	if _, err := os.Lstat(path); err == nil {
		return cli.Usagef("%s is there already; name another file by --out", path)
	}
	err := cli.NewFile(path, 0o600, "name another file by --out", func(w io.Writer) error { return diagnose.Write(w, at, files) })
	if err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return nil
}

// diagnosticsSource gathers what there is; what cannot be had is left out, for that is when diagnostics are needed.
func diagnosticsSource(ctx context.Context, a *cli.App, o diagnosticsOptions) (s diagnose.Source, err error) {
	s = diagnose.Source{At: time.Now(), Version: a.Version, Commit: cli.Commit(), Getenv: a.Getenv, Names: o.names, Limits: doctor.Local{}.Limits()}
	p, err := patient(a, doctorOptions{name: o.name})
	if err != nil {
		e, err := withoutPlace(ctx, a, err)
		s.Examination = &e
		return s, err
	}
	state := p.Place.State
	s.Disk, _ = doctor.Local{}.Disk(state) // doctor's findings tell
	if s.Config, err = a.Load(true); err != nil {
		s.Config = nil
	} else if v, err := serviceOf(ctx, s.Config, o.name); err == nil {
		s.Service = &v
	}
	askAgent(ctx, state, &s)
	e, err := examineInside(ctx, state, doctorOptions{})
	if err != nil {
		e = doctor.Examine(ctx, p, nil)
	}
	s.Examination = &e
	journalFigures(ctx, a, state, &s)
	s.Log = endOfLog(ctx, a, s.Config, o.name)
	return s, nil
}

// askLimit is how long the agent may take to say how it stands: one that hangs is what diagnostics are for.
const askLimit = 10 * time.Second

// askAgent asks the running agent for what only it knows.
func askAgent(ctx context.Context, state string, s *diagnose.Source) {
	client := control.NewClient(state)
	limited, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	if v, err := orders.Internals.Ask(limited, client, control.Nothing{}); err == nil {
		s.Internals = &v
	}
	if status, err := orders.Status.Ask(limited, client, control.Nothing{}); err == nil {
		s.Status = &status
	}
}

// historyLines is how many lines of the history diagnostics take.
const historyLines = 500

// journalFigures reads the journal's figures, of a running or a stopped agent.
func journalFigures(ctx context.Context, a *cli.App, state string, s *diagnose.Source) {
	dir := filepath.Join(state, "journal")
	if i, err := checking.Inspect(ctx, dir, false); err == nil {
		s.Inspection = &i
	}
	j, err := journal.OpenReadOnly(ctx, dir, journal.Options{Clock: agent.SystemClock{}})
	if err != nil {
		return
	}
	defer j.Close()
	if sum, err := reading.Of(j).Summary(ctx); err == nil {
		s.Summary = &sum
	}
	if by, err := reading.Of(j).ParkedBy(ctx); err == nil {
		s.ParkedBy = by
	}
	if trail, err := checking.Of(j).Trail(ctx, historyLines); err == nil {
		s.History = trail
	}
}

// logEnd is how much of the log is read, in bytes.
const logEnd = 1 << 20

// endOfLog reads the end of the log file, or of what the system's journal has of the service.
func endOfLog(ctx context.Context, a *cli.App, cfg *config.Config, name string) []byte {
	if cfg == nil {
		return nil
	}
	path := cfg.Log.File
	if path == "" && runtime.GOOS == "windows" {
		path = filepath.Join(installer.LogFolder(cfg.Path), "inbasket.log")
	}
	if path == "" {
		return serviceLog(ctx, installer.ServiceName(name))
	}
	return end(os.ReadFile(path)) // a log file is moved on before it is large
}

// serviceLog asks systemd's journal.
func serviceLog(ctx context.Context, unit string) []byte {
	if runtime.GOOS != "linux" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return end(exec.CommandContext(ctx, "journalctl", "--unit", unit, "--output", "cat", "--lines", "2000", "--no-pager", "--quiet").Output())
}

// end returns the last lines of a log; nothing of one that cannot be read.
func end(log []byte, err error) []byte {
	if err != nil {
		return nil
	}
	if len(log) <= logEnd {
		return log
	}
	return log[bytes.IndexByte(log[len(log)-logEnd:], '\n')+len(log)-logEnd+1:]
}
