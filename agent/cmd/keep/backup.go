package keep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/backup"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

func makeBackup(a *cli.App) *cobra.Command {
	keep := 0
	cmd := &cobra.Command{
		Use:   "backup FILE|FOLDER",
		Short: "Write the journal and the content store into one file, while the agent goes on",
		RunE:  func(cmd *cobra.Command, given []string) error { return saveBackup(cmd.Context(), a, given[0], keep) },
	}
	cmd.Flags().IntVar(&keep, "keep", 0, "with a folder: how many backups of this agency to leave there")
	cmd.AddCommand(&cobra.Command{
		Use:   "verify FILE",
		Short: "Read a backup to its end and say what it holds",
		RunE: func(cmd *cobra.Command, given []string) error {
			m, err := backup.VerifyFile(cmd.Context(), given[0])
			if err != nil {
				return err
			}
			return a.Print(savedBackup{File: given[0], Backup: m}, func(w io.Writer) { printBackup(w, given[0], m, nil) })
		},
	})
	return cmd
}

// savedBackup is the answer of backup and backup verify.
type savedBackup struct {
	File    string          `json:"file"`
	Backup  backup.Manifest `json:"backup"`
	Removed []string        `json:"removed,omitempty"` // older ones
}

func saveBackup(ctx context.Context, a *cli.App, to string, keep int) error {
	place, err := config.Locate(a.ConfigPath())
	if err != nil {
		return err
	}
	info, err := os.Stat(to)
	folder := err == nil && info.IsDir()
	if !folder && (keep > 0 || strings.HasSuffix(to, "/") || strings.HasSuffix(to, string(filepath.Separator))) {
		return cli.Usagef("%s is no folder; make it first: mkdir %s", to, to)
	}
	file := to
	if folder {
		file = filepath.Join(to, backup.Name(place.Agency, agent.SystemClock{}.Now()))
	}
	out := savedBackup{File: file}
	running := true
	out.Backup, err = backup.Save(ctx, file, func(w io.Writer) error {
		err := control.NewClient(place.State).Backup(ctx, w)
		if errors.Is(err, control.ErrNotRunning) {
			running = false
			return backupStopped(ctx, a, place, w)
		}
		return err
	})
	if err != nil {
		return err
	}
	if running {
		if _, err := orders.BackedUp.Ask(ctx, control.NewClient(place.State), control.BackedUpRequest{Made: out.Backup.Made}); err != nil {
			return fmt.Errorf("%s is written and verified, but the agent could not be told: %w", file, err)
		}
	}
	if folder {
		if out.Removed, err = backup.Sweep(to, place.Agency, out.Backup.Made); err != nil {
			return err
		}
	}
	if folder && keep > 0 {
		pruned, err := backup.Prune(to, place.Agency, keep)
		if out.Removed = append(out.Removed, pruned...); err != nil {
			return err
		}
	}
	return a.Print(out, func(w io.Writer) { printBackup(w, file, out.Backup, out.Removed) })
}

// backupStopped reads the files of an agent that is not running, and keeps it from starting meanwhile.
func backupStopped(ctx context.Context, a *cli.App, place config.Place, w io.Writer) (err error) {
	dir := filepath.Join(place.State, "journal")
	release, err := journal.Lock(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := backup.Finish(place.State); err != nil {
		return err
	}
	j, err := journal.OpenReadOnly(ctx, dir, journal.Options{})
	if errors.Is(err, os.ErrNotExist) {
		return cli.NeverRun("there is nothing to back up")
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	_, err = backup.Write(ctx, backup.Source{State: place.State, Journal: j, Content: content.OpenReadOnly(filepath.Join(place.State, "content")),
		Agency: place.Agency, Version: a.Version, Now: agent.SystemClock{}.Now()}, w)
	return err
}

func printBackup(w io.Writer, file string, m backup.Manifest, removed []string) {
	fmt.Fprintf(w, "%s: backup of %s, made %s by version %s\n", file, cli.Visible(m.Agency), cli.Stamp(m.Made), cli.Visible(m.Version))
	newest := ""
	if !m.Journal.Last.IsZero() {
		newest = ", the newest of " + cli.Stamp(m.Journal.Last)
	}
	fmt.Fprintf(w, "  journal: %s%s; %s, %s\n", cli.Count(int(m.Journal.Submissions), "submission"), newest, cli.Count(int(m.Journal.Events), "event"), cli.Count(int(m.Journal.Results), "result"))
	fmt.Fprintf(w, "  content: %s, %s\n", cli.Count(int(m.Content.Files), "file"), cli.Size(m.Content.Bytes))
	cli.SayIf(w, m.Journal.Held, "  the agent was held when it was made: it had been restored and not released\n")
	if n := len(m.Content.Missing); n > 0 {
		fmt.Fprintf(w, "  not in it: %s that the content store had lost before; inbasket journal check names them\n", cli.Count(n, "file"))
	}
	fmt.Fprintln(w, "  verified: every byte is as it was written, and everything is there")
	for _, name := range removed {
		fmt.Fprintf(w, "  removed %s\n", cli.Visible(name))
	}
}

func restore(a *cli.App) *cobra.Command {
	replace := false
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Bring back the journal and the content store from a backup",
		RunE: func(cmd *cobra.Command, given []string) error {
			place, err := config.Locate(a.ConfigPath())
			if err != nil {
				return err
			}
			out, err := backup.Run(cmd.Context(), backup.Restore{File: given[0], State: place.State, Replace: replace, Now: agent.SystemClock{}.Now(), By: a.Who()})
			if err != nil {
				return err
			}
			return a.Print(out, func(w io.Writer) { printRestore(w, given[0], place, out) })
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "move a journal that lies there aside")
	return cmd
}

func printRestore(w io.Writer, file string, place config.Place, out backup.Restored) {
	printBackup(w, file, out.Manifest, nil)
	fmt.Fprintf(w, "restored into %s, in epoch %d\n", place.State, out.Epoch)
	if _, err := os.Stat(filepath.Join(place.State, out.Aside)); err == nil {
		fmt.Fprintf(w, "what was there lies in %s; remove it once all is well\n", filepath.Join(place.State, out.Aside))
	}
	fmt.Fprintf(w, "next:\n  start the agent: it is held, and finds out what happened since %s\n  inbasket restored\n  inbasket restored release\n", cli.Stamp(out.Manifest.Made))
}
