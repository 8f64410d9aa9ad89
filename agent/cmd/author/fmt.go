package author

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/connectors/durable"
	"github.com/inbasket/inbasket/mapping/source"
)

func format(a *cli.App) *cobra.Command {
	check := false
	cmd := &cobra.Command{
		Use:   "fmt MAPPING...",
		Short: "Put the keys of mapping files in order, and align fields",
		RunE:  func(_ *cobra.Command, given []string) error { return formatMappings(a, given, check) },
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; name the files that are not in order, and end with 1 if there are any")
	return cmd
}

// formatted is the outcome for one file, for --json.
type formatted struct {
	File    string `json:"file"`
	Changed bool   `json:"changed"` // with --check: it would be
}

func formatMappings(a *cli.App, paths []string, check bool) error {
	all, changed := make([]formatted, 0, len(paths)), false
	texts := make([][]byte, len(paths))
	for i, path := range paths { // all are read before one is written
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text, problems := source.Format(path, src)
		if len(problems) > 0 {
			return problems
		}
		f := formatted{path, !bytes.Equal(text, src)}
		all, texts[i], changed = append(all, f), text, changed || f.Changed
	}
	for i, f := range all {
		if !f.Changed || check {
			continue
		}
		if err := replace(f.File, texts[i]); err != nil {
			return err
		}
	}
	return a.PrintOK(!check || !changed, all, func(w io.Writer) {
		for _, f := range all {
			cli.SayIf(w, f.Changed && check, "%s is not in order\n", f.File)
			cli.SayIf(w, f.Changed && !check, "%s was put in order\n", f.File)
		}
		cli.SayIf(w, changed && check, "next: inbasket fmt %s\n", inbasketArgs(all))
	})
}

// inbasketArgs are the files that are not in order.
func inbasketArgs(all []formatted) string {
	var b bytes.Buffer
	for _, f := range all {
		if f.Changed {
			fmt.Fprintf(&b, " %s", f.File)
		}
	}
	return string(bytes.TrimSpace(b.Bytes()))
}

// replace puts a text in the place of a file's, whole or not at all, under the same rights.
func replace(path string, text []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	part := path + ".part"
	if err := cli.NewFile(part, info.Mode().Perm(), "remove it", cli.Text(text)); err != nil {
		return err
	}
	if err := durable.Rename(part, path); err != nil {
		_ = os.Remove(part)
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}
