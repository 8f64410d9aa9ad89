package setup

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/author"
	"github.com/inbasket/inbasket/agent/cmd/cli"
)

//go:embed starter
var starter embed.FS

func newFiles(a *cli.App) *cobra.Command {
	return cli.Group("new", "Write a configuration or a mapping to start from", &cobra.Command{
		Use:   "agent DIR",
		Short: "Write a configuration with a mapping that works at once: a folder in, a folder out",
		RunE:  func(_ *cobra.Command, given []string) error { return newAgent(a, given[0]) },
	}, author.NewMapping(a))
}

func newAgent(a *cli.App, dir string) error {
	var written []string
	err := fs.WalkDir(starter, "starter", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := starter.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("starter", filepath.FromSlash(path))
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rel)
		written = append(written, to)
		return cli.NewText(to, b)
	})
	for _, folder := range []string{"in", "out"} {
		if err == nil {
			err = os.MkdirAll(filepath.Join(dir, folder), 0o750)
		}
	}
	if err != nil {
		return err
	}
	answer := struct {
		Files []string `json:"files"`
	}{written}
	return a.Print(answer, func(w io.Writer) {
		for _, f := range written {
			fmt.Fprintln(w, "wrote", f)
		}
		there := "cd " + dir + ", then "
		if filepath.Clean(dir) == "." {
			there = ""
		}
		fmt.Fprintf(w, "next: %sinbasket check, inbasket test mappings/contact.yaml, inbasket run\n", there)
	})
}
