package look

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
)

// Upgrade is a command of those that keep the agent going, and looks as doctor does.
func Upgrade(a *cli.App) *cobra.Command {
	return cli.Group("upgrade", "Before another version is installed", upgradeCheckCommand(a))
}

func upgradeCheckCommand(a *cli.App) *cobra.Command {
	binary := ""
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell whether journal and configuration fit this version, before it is installed",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if binary != "" {
				return upgradeCheckBy(cmd.Context(), a, binary)
			}
			return upgradeCheck(cmd.Context(), a)
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

func upgradeCheck(ctx context.Context, a *cli.App) error {
	p, err := patient(a, doctorOptions{})
	if err != nil {
		return err
	}
	p.Service = nil
	e := doctor.Fits(ctx, p)
	out := fitness{e.Worst() != control.LevelFail, e}
	err = a.Print(out, func(w io.Writer) {
		printExamination(w, e, a.ConfigPath())
		if out.Fits {
			fmt.Fprintf(w, "version %s fits\n", a.Version)
		} else {
			fmt.Fprintf(w, "version %s does not fit: do not install it yet\n", a.Version)
		}
	})
	if err != nil {
		return err
	}
	return verdictOf(e)
}

// upgradeCheckBy has another program check, with the configuration that is meant here.
func upgradeCheckBy(ctx context.Context, a *cli.App, binary string) error {
	path, err := filepath.Abs(a.ConfigPath())
	if err != nil {
		return err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return cli.Usagef("--binary: %w", err)
	}
	args := []string{"upgrade", "check", "--config", path}
	if a.JSON {
		args = append(args, "--json")
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdout, cmd.Stderr = a.Stdout, a.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return cli.Exit(exit.ExitCode())
	}
	return err
}
