package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
)

// manCommand writes the manual pages. It is for those who make packages, so the help does not list it.
func manCommand() *cobra.Command {
	date := ""
	cmd := &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages into a folder",
		Hidden: true,
		RunE: func(cmd *cobra.Command, given []string) error {
			at, err := time.Parse(time.DateOnly, date)
			if date != "" && err != nil {
				return cli.Usagef("--date %s: write it as 2026-11-22", date)
			}
			return writeManual(given[0], cmd.Root(), at)
		},
	}
	cmd.Flags().StringVar(&date, "date", "", "date in the footer, such as 2026-11-22")
	return cmd
}

// writeManual writes a page a command and inbasket.yaml(5), which is the reference of the configuration, into dir.
func writeManual(dir string, root *cobra.Command, at time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true
	if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Date: &at, Source: "inbasket " + version, Manual: "Inbasket"}, dir); err != nil {
		return err
	}
	var b strings.Builder
	config.Reference(&b, all.Registry())
	_, text, _ := strings.Cut(b.String(), "-->\n")
	page := fmt.Sprintf("%% \"INBASKET.YAML\" \"5\" %q %q \"Inbasket\"\n# NAME\ninbasket.yaml - configuration of the inbasket agent\n\n# DESCRIPTION\n%s\n\n# SEE ALSO\n**inbasket(1)**, **inbasket-check(1)**, **inbasket-new(1)**\n",
		at.Format("Jan 2006"), "inbasket "+version, text)
	return os.WriteFile(filepath.Join(dir, "inbasket.yaml.5"), md2man.Render([]byte(page)), 0o644)
}
