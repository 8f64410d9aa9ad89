package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/cmd/system"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors/all"
)

var update = flag.Bool("update", false, "write the references anew")

const repository = "../../.."

//go:generate go test -count=1 -run TestReferences -update .

// TestReferences keeps the generated references as the code says.
func TestReferences(t *testing.T) {
	for name, write := range map[string]func(io.Writer){
		"docs/reference/cli.md": func(w io.Writer) {
			writeReference(w, newRoot(&cli.App{}, system.Process(func(string) string { return "" })))
		},
		"docs/reference/config.md":  func(w io.Writer) { config.Reference(w, all.Registry()) },
		"docs/reference/metrics.md": monitor.Reference,
	} {
		var b bytes.Buffer
		write(&b)
		path := filepath.Join(repository, filepath.FromSlash(name))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(have, b.Bytes()) {
			t.Errorf("%s is stale; run make generate", name)
		}
	}
}

// TestHelp: each text belongs to a command, and speaks of nothing that only the source knows.
func TestHelp(t *testing.T) {
	root := newRoot(&cli.App{}, system.Process(func(string) string { return "" }))
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(help, -1) {
		cmd, rest, err := root.Find(strings.Fields(m[1])[1:])
		if err != nil || len(rest) > 0 || cmd.CommandPath() != m[1] || cmd.Long == "" {
			t.Errorf("%s: %v", m[1], err)
		}
	}
	source := regexp.MustCompile(`\b[a-z]+\.[A-Z][a-z]`)
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		for _, text := range []string{c.Short, c.Long} {
			if found := source.FindString(text); found != "" {
				t.Errorf("%s: the text speaks of %s", c.CommandPath(), found)
			}
		}
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(root)
}

// writeReference writes the reference of the command line as Markdown.
func writeReference(w io.Writer, root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	fmt.Fprint(w, "# The command line\n\n<!-- Made by \"go generate ./agent/cmd/inbasket\"; do not edit. -->\n\n")
	fmt.Fprintf(w, "%s\n\nEvery command knows these options:\n\n", root.Long)
	writeFlags(w, root.PersistentFlags())
	for _, c := range root.Commands() {
		writeCommand(w, c)
	}
}

func writeCommand(w io.Writer, c *cobra.Command) {
	if c.Hidden || c.Name() == "help" {
		return
	}
	fmt.Fprintf(w, "\n## %s\n\n%s.\n", c.CommandPath(), c.Short)
	if c.Name() == "completion" { // its help is the library's, for each shell
		fmt.Fprint(w, "\n    inbasket completion bash|zsh|fish|powershell\n")
		return
	}
	if c.Runnable() && !c.HasSubCommands() || c.Name() == "batches" {
		fmt.Fprintf(w, "\n    %s\n", c.UseLine())
	}
	if c.Long != "" {
		fmt.Fprintf(w, "\n%s\n", c.Long)
	}
	if c.Example != "" {
		fmt.Fprintf(w, "\n%s\n", indentLines(c.Example))
	}
	if c.HasAvailableLocalFlags() {
		fmt.Fprintln(w)
		writeFlags(w, c.LocalNonPersistentFlags())
	}
	for _, sub := range c.Commands() {
		writeCommand(w, sub)
	}
}

func writeFlags(w io.Writer, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if typ, _ := pflag.UnquoteUsage(f); typ != "" {
			name += " " + typ
		}
		fmt.Fprintf(w, "- `%s`: %s", name, f.Usage)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			fmt.Fprintf(w, " (default %s)", f.DefValue)
		}
		fmt.Fprintln(w)
	})
}

func indentLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = "    " + strings.TrimSpace(l)
	}
	return strings.Join(lines, "\n")
}
