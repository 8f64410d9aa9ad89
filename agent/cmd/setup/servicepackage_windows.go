package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/cmd/system"
	"github.com/inbasket/inbasket/installer"
)

const (
	// installLog is where the package says what it did: msiexec shows nothing of what a program prints.
	installLog = "install.log"
	// restartList names the instances that ran when an upgrade stopped them, one a line.
	restartList = "restart-after-upgrade.txt"
)

// packageOptions are what msiexec was told.
type packageOptions struct {
	service *serviceOptions
	listen  string // LISTEN
	nostart string // NOSTART
}

// servicePackageCommands are what the MSI calls; people use the others.
func servicePackageCommands(a *cli.App, o *serviceOptions) []*cobra.Command {
	p := &packageOptions{service: o}
	parent := &cobra.Command{Use: "package", Hidden: true, Short: "What the package of Windows calls"}
	add := func(use string, do func(context.Context, *cli.App) error) *cobra.Command {
		c := &cobra.Command{Use: use, Hidden: true, RunE: func(cmd *cobra.Command, _ []string) error {
			return logged(a, use, func() error { return do(cmd.Context(), a) })
		}}
		parent.AddCommand(c)
		return c
	}
	install := add("install", func(ctx context.Context, a *cli.App) error { return packageInstall(ctx, a, p) })
	install.Flags().StringVar(&p.listen, "listen", "", "address for front offices, when the configuration names none")
	install.Flags().StringVar(&p.nostart, "nostart", "", "1: leave the service stopped")
	add("halt", packageHalt)
	add("remove", packageRemove)
	return []*cobra.Command{parent}
}

// logged runs a step of the package, and keeps what it prints beside the log of the service.
func logged(a *cli.App, step string, do func() error) error {
	var said bytes.Buffer
	stdout := a.Stdout
	a.Stdout = io.MultiWriter(stdout, &said)
	err := do()
	a.Stdout = stdout
	if err != nil {
		said.WriteString(cli.FaultOf(err).Text())
	}
	text := said.String()
	sink, closeSink := system.OpenEventLog(installer.DefaultName)
	defer closeSink()
	if err != nil {
		sink(zerolog.ErrorLevel, system.EventInstalled, "The package could not "+step+" the service.\n\n"+text)
	} else {
		sink(zerolog.InfoLevel, system.EventInstalled, "The package did: "+step+".\n\n"+text)
	}
	dir := filepath.Join(installer.DataFolder(), "log")
	if os.MkdirAll(dir, 0o700) == nil {
		if f, err := os.OpenFile(filepath.Join(dir, installLog), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
			fmt.Fprintf(f, "%s inbasket %s: %s\r\n%s\r\n", time.Now().Format(time.DateTime), a.Version, step, strings.ReplaceAll(text, "\n", "\r\n"))
			_ = f.Close() // the event log has it too
		}
	}
	return err
}

// packageInstall makes or mends the default instance, and starts what an upgrade stopped.
func packageInstall(ctx context.Context, a *cli.App, p *packageOptions) (err error) {
	s, err := openService(ctx, a, p.service)
	if err != nil {
		return err
	}
	if a.Config == "" {
		if a.Config = s.before.Config; a.Config == "" {
			a.Config = filepath.Join(installer.DataFolder(), "inbasket.yaml")
			if err := copyExample(a, filepath.Dir(a.Config)); err != nil {
				return err
			}
		}
	}
	undo, err := setListen(a, p.listen)
	if err != nil {
		return err
	}
	ran, upgrade := stoppedByUpgrade()
	p.service.noStart = p.nostart != "" && p.nostart != "0" || upgrade && !ran[""]
	if err := s.install(ctx); err != nil {
		return errors.Join(err, undo())
	}
	for name := range ran {
		if name == "" {
			continue
		}
		if err := s.m.Start(ctx, name); err != nil {
			fmt.Fprintf(a.Stdout, "%s does not start again: %v\n", installer.ServiceName(name), err) // it must not undo the others
			continue
		}
		fmt.Fprintf(a.Stdout, "started %s again\n", installer.ServiceName(name))
	}
	_ = os.Remove(restartPath()) // it is for one upgrade
	return nil
}

func restartPath() string { return filepath.Join(installer.DataFolder(), "log", restartList) }

// stoppedByUpgrade returns the instances that ran before; upgrade is false for a first installation.
func stoppedByUpgrade() (ran map[string]bool, upgrade bool) {
	text, err := os.ReadFile(restartPath())
	if err != nil {
		return nil, false
	}
	ran = map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "name="); ok {
			ran[name] = true
		}
	}
	return ran, true
}

// copyExample puts the example that came with the program where there is no configuration yet.
func copyExample(a *cli.App, to string) error {
	program, err := programPath("")
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(to, "inbasket.yaml")); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, folder := range []string{"in", "out"} { // of the example; a package carries no empty folders
		if err := os.MkdirAll(filepath.Join(to, "state", "example", folder), 0o700); err != nil {
			return err
		}
	}
	from := filepath.Join(filepath.Dir(program), "example")
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
			return nil // never overwritten
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stdout, "  wrote %s\n", target)
		return os.WriteFile(target, text, 0o600)
	})
}

// setListen adds the address for front offices to a configuration that names none; undo takes it back.
func setListen(a *cli.App, address string) (undo func() error, err error) {
	undo = func() error { return nil }
	if address == "" {
		return undo, nil
	}
	text, err := os.ReadFile(a.Config)
	if err != nil {
		return undo, err
	}
	if cfg, err := a.LoadFile(a.Config, true); err == nil && cfg.Listen != nil {
		fmt.Fprintf(a.Stdout, "  LISTEN=%s was not used: %s names %s already\n", address, a.Config, cfg.Listen.Address)
		return undo, nil
	}
	line := fmt.Sprintf("\r\n# Where front offices reach the agent (LISTEN of the installation).\r\nlisten: {address: %q}\r\n", address)
	if err := os.WriteFile(a.Config, append(bytes.Clone(text), line...), 0o600); err != nil {
		return undo, err
	}
	fmt.Fprintf(a.Stdout, "  added listen: %s to %s\n", address, a.Config)
	return func() error { return os.WriteFile(a.Config, text, 0o600) }, nil
}

// packageHalt stops all instances of this program for an upgrade, and notes which ran.
func packageHalt(ctx context.Context, a *cli.App) error {
	m, list, err := packaged(ctx, a)
	if err != nil {
		return err
	}
	var names strings.Builder
	for _, s := range list {
		if s.Running {
			fmt.Fprintf(&names, "name=%s\r\n", s.Name)
		}
	}
	if err := os.MkdirAll(filepath.Dir(restartPath()), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(restartPath(), []byte(names.String()), 0o600); err != nil {
		return err
	}
	for _, s := range list {
		if err := m.Stop(ctx, s.Name); err != nil {
			return err
		}
		fmt.Fprintf(a.Stdout, "  stopped %s\n", installer.ServiceName(s.Name))
	}
	return nil
}

// packageRemove removes all instances of this program; configurations and data stay.
func packageRemove(ctx context.Context, a *cli.App) error {
	m, list, err := packaged(ctx, a)
	if err != nil {
		return err
	}
	for _, state := range list {
		s := &serviceRun{&serviceOptions{name: state.Name}, a, m, state}
		if err := s.uninstall(ctx); err != nil {
			return err
		}
	}
	return nil
}

// packaged returns the services that run this program.
func packaged(ctx context.Context, a *cli.App) (installer.Manager, []installer.State, error) {
	m, err := installer.System()
	if err != nil {
		return nil, nil, err
	}
	program, err := programPath("")
	if err != nil {
		return nil, nil, err
	}
	list, err := installer.Instances(ctx, program)
	return m, list, err
}
