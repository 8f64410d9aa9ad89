package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

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
