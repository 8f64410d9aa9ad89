package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
)

// manCommand writes the manual pages. It is for those who make packages, so the help does not list it.
func manCommand(a *app) *cobra.Command {
	date := ""
	cmd := &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages into a folder",
		Hidden: true,
		Args:   args("DIR"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return writeManual(given[0], cmd.Root(), manual{date: date, version: version})
		},
	}
	cmd.Flags().StringVar(&date, "date", "", "date in the footer, such as 2026-11-22")
	return cmd
}

// manual is what every page of the manual has in its head.
type manual struct{ date, version string }

// writeManual writes a page a command and inbasket.yaml(5) into dir.
func writeManual(dir string, root *cobra.Command, m manual) error {
	root.InitDefaultCompletionCmd()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var walk func(c *cobra.Command) error
	walk = func(c *cobra.Command) error {
		if c.Hidden || c.Name() == "help" || c.HasParent() && c.Parent().Name() == "completion" {
			return nil
		}
		var b strings.Builder
		m.command(&b, c)
		if err := os.WriteFile(filepath.Join(dir, pageName(c)+".1"), []byte(b.String()), 0o644); err != nil {
			return err
		}
		for _, sub := range c.Commands() {
			if err := walk(sub); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(root); err != nil {
		return err
	}
	var b strings.Builder
	m.configuration(&b)
	return os.WriteFile(filepath.Join(dir, "inbasket.yaml.5"), []byte(b.String()), 0o644)
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

func (m manual) head(w io.Writer, name, section, short string) {
	fmt.Fprintf(w, ".TH %q %q %q %q %q\n.SH NAME\n%s \\- %s\n", strings.ToUpper(name), section, m.date, "inbasket "+m.version, "Inbasket", roff(name), roff(short))
}

// command writes the page of one command.
func (m manual) command(w io.Writer, c *cobra.Command) {
	m.head(w, pageName(c), "1", c.Short)
	fmt.Fprintf(w, ".SH SYNOPSIS\n.nf\n\\fB%s\\fR\n.fi\n", roff(c.UseLine()))
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	if c.Name() == "completion" { // its help is the library's, for each shell
		text = c.Short + ": bash, zsh, fish or powershell."
	}
	fmt.Fprintf(w, ".SH DESCRIPTION\n%s\n", paragraphs(text))
	if c.Example != "" {
		fmt.Fprintf(w, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	if c.HasAvailableLocalFlags() && c.HasParent() {
		fmt.Fprint(w, ".SH OPTIONS\n")
		manFlags(w, c.LocalNonPersistentFlags())
	}
	fmt.Fprint(w, ".SH COMMON OPTIONS\n")
	manFlags(w, c.Root().PersistentFlags())
	if !c.HasParent() {
		fmt.Fprint(w, ".SH FILES\n.TP\n/etc/inbasket/inbasket.yaml\nconfiguration\n.TP\n/etc/inbasket/credentials\nsecrets that systemd hands to the agent\n"+
			".TP\n/var/lib/inbasket\nwhat the agent must not forget\n")
	}
	fmt.Fprint(w, ".SH SEE ALSO\n")
	var also []string
	if c.HasParent() {
		also = append(also, `\fB`+roff(pageName(c.Parent()))+`\fR(1)`)
	}
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Name() != "help" && c.Name() != "completion" {
			also = append(also, `\fB`+roff(pageName(sub))+`\fR(1)`)
		}
	}
	fmt.Fprintln(w, strings.Join(append(also, `\fBinbasket.yaml\fR(5)`), ", "))
}

func manFlags(w io.Writer, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		typ, usage := pflag.UnquoteUsage(f)
		if typ != "" {
			name += " " + typ
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, ".TP\n\\fB%s\\fR\n%s\n", roff(name), roff(usage))
	})
}

// configuration writes inbasket.yaml(5) from the reference of the configuration, whose Markdown is of the
// simplest kind: headings, paragraphs and lists.
func (m manual) configuration(w io.Writer) {
	m.head(w, "inbasket.yaml", "5", "configuration of the inbasket agent")
	var b strings.Builder
	config.Reference(&b, all.Registry())
	fmt.Fprint(w, ".SH DESCRIPTION\n")
	for _, line := range strings.Split(b.String(), "\n") {
		switch {
		case strings.HasPrefix(line, "# "), strings.HasPrefix(line, "<!--"):
		case strings.HasPrefix(line, "### "):
			fmt.Fprintf(w, ".SS %s\n", roff(line[4:]))
		case strings.HasPrefix(line, "## "):
			fmt.Fprintf(w, ".SH %s\n", roff(strings.ToUpper(line[3:])))
		case strings.HasPrefix(strings.TrimLeft(line, " "), "- `"):
			key, text, _ := strings.Cut(strings.TrimLeft(line, " -"), ": ")
			key = strings.Replace(strings.TrimPrefix(key, "`"), "`", "", 1)
			fmt.Fprintf(w, ".TP\n\\fB%s\\fR\n%s\n", roff(key), roff(strings.ReplaceAll(text, "`", "")))
		case strings.TrimSpace(line) == "":
			fmt.Fprint(w, ".PP\n")
		default:
			fmt.Fprintln(w, roff(strings.ReplaceAll(line, "`", "")))
		}
	}
	fmt.Fprint(w, ".SH SEE ALSO\n\\fBinbasket\\fR(1), \\fBinbasket-check\\fR(1), \\fBinbasket-new\\fR(1)\n")
}

// paragraphs sets text as it is written: an empty line ends a paragraph, indented lines stay lines.
func paragraphs(text string) string {
	var b strings.Builder
	verbatim := false
	for _, line := range strings.Split(text, "\n") {
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		if indented != verbatim {
			b.WriteString(map[bool]string{true: ".nf\n", false: ".fi\n"}[indented])
			verbatim = indented
		}
		if strings.TrimSpace(line) == "" {
			line = ".PP"
		} else {
			line = roff(line)
		}
		b.WriteString(line + "\n")
	}
	if verbatim {
		b.WriteString(".fi\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// roff makes text safe for the typesetter: no escapes, no request at the start of a line, plain dashes and quotes.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "…", "...", "→", `\(->`, "–", `\(en`, "·", ";").Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
