package setup

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/cmd/author"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors"
)

// serviceProbeCommand is what install runs as the service's own account.
func serviceProbeCommand(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:    "probe",
		Short:  "Check whether this account could run the agent",
		Hidden: true,
		RunE:   func(cmd *cobra.Command, _ []string) error { return serviceProbe(cmd.Context(), a) },
	}
}

func serviceProbe(_ context.Context, a *cli.App) error {
	cfg, err := a.Load(false)
	if err != nil {
		return author.WithMappings(a, err)
	}
	targets, err := catalog.Open(cfg, agent.SystemClock{}, func(connectors.Notice) {})
	if err != nil {
		return err
	}
	defer targets.Close()
	if _, problems := catalog.Mappings(cfg, targets); len(problems) > 0 {
		return problems.Err()
	}
	refused := 0
	complain := func(err error, path, key, hint string) {
		refused++
		if key != "" {
			key = " (" + key + ")"
		}
		fmt.Fprintf(a.Stderr, "%s%s: %v\n    %s\n", path, key, err, hint)
	}
	if path, err := probeState(cfg); err != nil {
		complain(err, path, "state", "give the folder with all in it to this account by chown -R, and nobody else any rights")
	}
	for _, p := range cfg.Paths() {
		switch err := reach(p.Path, p.Writable); {
		case err == nil:
		case os.IsNotExist(err):
			fmt.Fprintf(a.Stdout, "warning: %s (%s) is not there yet\n", p.Path, p.Key)
		case p.Writable:
			complain(err, p.Path, p.Key, "let this account read, create, rename and delete in it, and enter the folders above it")
		default:
			complain(err, p.Path, p.Key, "let this account read it, and enter the folders above it")
		}
	}
	if refused > 0 {
		return cli.Exit(cli.ExitPermission)
	}
	return nil
}

// probeState returns the first thing in the state folder that is closed to this account: often files that
// root made, when somebody tried the agent as root.
func probeState(cfg *config.Config) (path string, err error) {
	path = cfg.State
	if err := reach(path, true); err != nil {
		return path, err
	}
	err = filepath.WalkDir(cfg.State, func(p string, d fs.DirEntry, err error) error {
		path = p
		if err != nil {
			return err
		}
		if d.IsDir() && filepath.Dir(filepath.Dir(p)) == cfg.State {
			return fs.SkipDir // the content store may be large
		}
		if d.Type()&(fs.ModeSymlink|fs.ModeSocket) != 0 {
			return nil
		}
		return reach(p, true)
	})
	return path, err
}
