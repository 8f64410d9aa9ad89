package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/installer"
)

func serviceDropInCommand(a *app, o *serviceOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drop-in",
		Short: "Print or write what opens the configured folders to the service (systemd)",
		Long: `The service may write into its state folder only. Drop-in prints the lines that open the folders of the configuration to
it: in-baskets with their done and error folders, drop folders, folders of answer files and of SQLite databases, and the
folder of the log file. With --write they go where systemd reads them, also for the unit of a package; they take effect when
the service starts.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serviceDropIn(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.write, "write", false, "write it, and have systemd read it (needs root)")
	return cmd
}

func (a *app) serviceDropIn(ctx context.Context, o *serviceOptions) error {
	m, err := installer.System()
	if err != nil {
		return err
	}
	opener, ok := m.(installer.Opener)
	if !ok {
		return errors.New("this service manager keeps the service out of no folder; there is nothing to open")
	}
	i, err := a.instance(ctx, m, o)
	if err != nil {
		return err
	}
	if !o.write {
		f := opener.DropIn(i)
		return a.print(f, func(w io.Writer) {
			if f.Content == "" {
				fmt.Fprintln(w, "# the configuration names no folder that must be opened")
			}
			fmt.Fprint(w, f.Content)
		})
	}
	changes, err := opener.OpenFolders(ctx, i)
	if err != nil {
		return err
	}
	return a.print(serviceDone{Service: i.Service(), Changes: changes}, func(w io.Writer) {
		if len(changes) == 0 {
			fmt.Fprintln(w, "nothing to change")
			return
		}
		printChanges(w, changes)
		fmt.Fprintf(w, "it takes effect by: inbasket service restart%s\n", map[bool]string{true: " --name " + o.name}[o.name != ""])
	})
}
