// Command inbasket is the agent beside a legacy system, and what its people need to run it.
package main

import (
	"context"
	_ "embed" // the texts of the commands
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/cmd/keep"
	"github.com/inbasket/inbasket/agent/cmd/look"
	"github.com/inbasket/inbasket/agent/cmd/settle"
	"github.com/inbasket/inbasket/agent/cmd/setup"
	"github.com/inbasket/inbasket/agent/cmd/system"
	"github.com/inbasket/inbasket/mapping/diag"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(command()) }

// command runs the command line of the process and returns its exit code.
func command() int {
	if code, yes := asService().Service(os.Args[1:]); yes {
		return code
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a := &cli.App{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Version: version}
	return execute(ctx, a, os.Args[1:])
}

// execute runs a command line and returns its exit code.
func execute(ctx context.Context, a *cli.App, args []string) int {
	root := newRoot(a, system.Process(a.Getenv))
	root.SetArgs(args)
	return a.End(root.ExecuteContext(ctx))
}

// asService is the command line as the service manager of Windows runs it.
func asService() system.Program {
	service := func(config string, said io.Writer) *cli.App {
		return &cli.App{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: said, Getenv: os.Getenv, Version: version, Service: true, Config: config}
	}
	return system.Program{
		Version:    version,
		ConfigPath: func(given string) string { return service(given, io.Discard).ConfigPath() },
		Run: func(ctx context.Context, s *system.Supervisor, args []string, said io.Writer) error {
			root := newRoot(service("", said), s)
			root.SetArgs(args)
			return root.ExecuteContext(ctx)
		},
		Explain: func(err error) (text, code string, exit int) {
			f := cli.FaultOf(err)
			return f.Text(), f.Code, f.Exit
		},
	}
}

// newRoot makes the whole command tree; s is what the agent runs under.
func newRoot(a *cli.App, s *system.Supervisor) *cobra.Command {
	root := &cobra.Command{
		Use:           "inbasket",
		Short:         "The agent that ends re-keying",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return cli.Usagef("%w\n    usage: %s", err, cmd.UseLine())
	})
	flags := root.PersistentFlags()
	flags.StringVarP(&a.Config, "config", "c", "", "configuration file (default: $INBASKET_CONFIG, ./inbasket.yaml, then the system's)")
	flags.BoolVar(&a.JSON, "json", false, "answer as JSON, for programs")
	for _, group := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"setup", "Set up:", setup.Commands(a)},
		{"look", "Look:", look.Commands(a, []*cobra.Command{settle.Attach(a), settle.Drop(a)}, []*cobra.Command{settle.Void(a)}, []*cobra.Command{settle.SetSequence(a)})},
		{"settle", "Settle:", settle.Commands(a)},
		{"keep", "Keep going:", keep.Commands(a, s)},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, c := range group.commands {
			c.GroupID = group.id
			root.AddCommand(c)
		}
	}
	root.AddCommand(manCommand()) // without a group: the help does not list it
	cli.TakeArgs(root)
	describe(root)
	return root
}

// help says of each command what its one line does not; examples stand last.
//
//go:embed help.txt
var help string

// describe gives commands their texts.
func describe(root *cobra.Command) {
	for _, part := range strings.Split(help, "\n## ")[1:] {
		path, text, _ := strings.Cut(part, "\n")
		text, example, has := strings.Cut(strings.TrimSpace(text), "\n\n  inbasket ")
		cmd, _, _ := root.Find(strings.Fields(path)[1:]) // a test finds all of them
		if cmd.Long = text; has {
			cmd.Example = "  inbasket " + example
		}
	}
}

// noCommand says what is wrong with a first word that is no command.
func noCommand(cmd *cobra.Command, given []string) error {
	if len(given) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	hint := "; inbasket --help lists them"
	if s := diag.Suggest(given[0], names); s != "" {
		hint = fmt.Sprintf("; did you mean %q?", s)
	}
	return cli.Usagef("unknown command %q%s", given[0], hint)
}
