package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
)

func upgradeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "Before another version is installed",
		Args:  args(),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(upgradeCheckCommand(a))
	return cmd
}

func upgradeCheckCommand(a *app) *cobra.Command {
	binary := ""
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell whether journal and configuration fit this version, before it is installed",
		Long: `Check is run by the new program, or by the installed one with --binary NEW. It reads the configuration and all
mappings, the journal's version, and every mapping that open submissions are pinned to, as the new version would at its start; it says
what would be changed, how much room and time that needs, and whether the targets can be written to. It changes nothing, and
the installed agent may run meanwhile.

It ends with 0 when the version fits, with 78 when the configuration or a mapping does not, and with 1 when the journal does not.
Targets that cannot be reached now are warnings.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if binary != "" {
				return a.upgradeCheckBy(cmd.Context(), binary)
			}
			return a.upgradeCheck(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&binary, "binary", "", "have this program check: the new version")
	return cmd
}

// fitness is the answer of upgrade check.
type fitness struct {
	Fits bool `json:"fits"`
	control.Examination
}

func (a *app) upgradeCheck(ctx context.Context) error {
	p, err := a.patient(doctorOptions{})
	if err != nil {
		return err
	}
	p.Service = nil
	e := doctor.Fits(ctx, p)
	out := fitness{e.Worst() != control.LevelFail, e}
	err = a.print(out, func(w io.Writer) {
		printExamination(w, e, a.configPath())
		if out.Fits {
			fmt.Fprintf(w, "version %s fits\n", version)
		} else {
			fmt.Fprintf(w, "version %s does not fit: do not install it yet\n", version)
		}
	})
	if err != nil {
		return err
	}
	return verdictOf(e)
}

// upgradeCheckBy has another program check, with the configuration that is meant here.
func (a *app) upgradeCheckBy(ctx context.Context, binary string) error {
	path, err := filepath.Abs(a.configPath())
	if err != nil {
		return err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return usagef("--binary: %w", err)
	}
	args := []string{"upgrade", "check", "--config", path}
	if a.json {
		args = append(args, "--json")
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdout, cmd.Stderr = a.stdout, a.stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return silentError(exit.ExitCode())
	}
	return err
}
