package author

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/sketch"
)

// sketched is what a new mapping is to be made of.
type sketched struct {
	path    string
	forms   []string
	schema  string
	target  string
	tables  []string
	connect bool
}

// NewMapping is inbasket new mapping.
func NewMapping(a *cli.App) *cobra.Command {
	var n sketched
	cmd := &cobra.Command{
		Use:   "mapping FILE --form FORM... | --schema SCHEMA",
		Short: "Write a mapping from samples or the schema of a form, and from the tables of a target",
		RunE: func(cmd *cobra.Command, given []string) error {
			if n.path = given[0]; len(n.forms) == 0 && n.schema == "" {
				return cli.Usagef("new mapping needs --form, a sample of the form, or --schema, its JSON Schema")
			}
			return newMapping(cmd.Context(), a, n)
		},
	}
	cmd.Flags().StringArrayVar(&n.forms, "form", nil, "sample form; of several the fields of all are taken")
	cmd.Flags().StringVar(&n.schema, "schema", "", "JSON Schema of the form, beside the mapping; it says which fields there are")
	cmd.Flags().StringVar(&n.target, "to", "register", "target of the agent's configuration")
	cmd.Flags().StringArrayVar(&n.tables, "table", nil, "table of the form's own fields (default: the mapping's name in capitals); LIST=TABLE: of a list of the form")
	cmd.Flags().BoolVar(&n.connect, "connect", false, "ask the target of the configuration for its tables, and propose a field for each column")
	return cmd
}

func newMapping(ctx context.Context, a *cli.App, n sketched) error {
	in := sketch.Input{File: strings.TrimSuffix(filepath.Base(n.path), filepath.Ext(n.path)), Target: n.target, Lists: map[string]string{}}
	for _, t := range n.tables {
		if list, table, of := strings.Cut(t, "="); of {
			in.Lists[list] = table
		} else {
			in.Table = t
		}
	}
	var err error
	if in.Form, err = n.form(a); err != nil {
		return err
	}
	in.Schema = samplePath(n.path, n.schema)
	for _, f := range n.forms {
		if beside := samplePath(n.path, f); beside != "" {
			in.Tests = append(in.Tests, beside)
		}
	}
	if n.connect {
		if err := n.catalog(ctx, a, &in); err != nil {
			return err
		}
	}
	made := sketch.Make(in)
	if made.Empty {
		return cli.Usagef("nothing is known of the form's fields: give a sample that has them, or a schema that names them")
	}
	if err := cli.NewText(n.path, made.Text); err != nil {
		return err
	}
	answer := struct {
		File      string   `json:"file"`
		Open      int      `json:"open"`
		Reference string   `json:"reference,omitempty"`
		Unknown   []string `json:"unknown,omitempty"`
	}{n.path, made.Open, made.Reference, in.Form.Extra}
	return a.Print(answer, func(w io.Writer) {
		fmt.Fprintf(w, "wrote %s\n", n.path)
		cli.SayIf(w, made.Reference == "", "warning: no field looks like the sender's own reference of a form; without input.reference a form is known by its file's name or its bytes\n")
		cli.SayIf(w, len(in.Form.Extra) > 0, "warning: the schema has not what a sample has: %s\n", strings.Join(in.Form.Extra, ", "))
		cli.SayIf(w, made.Open > 0, "%s could not be proposed: look for TODO\n", cli.Count(made.Open, "thing"))
		next := "inbasket check"
		if len(n.forms) > 0 {
			next = "inbasket try " + n.path + " " + n.forms[0]
		}
		fmt.Fprintf(w, "next: give it the real tables and columns, then %s\n", next)
	})
}

// form reads what is known of the form.
func (n sketched) form(a *cli.App) (*sketch.Form, error) {
	format := "json"
	var samples [][]byte
	for _, path := range n.forms {
		b, err := readForm(a, path)
		if err != nil {
			return nil, err
		}
		format = cmp.Or(decode.FormatOf(path).Name, format)
		samples = append(samples, b)
	}
	if n.schema == "" {
		return sketch.BySamples(format, samples)
	}
	beside := samplePath(n.path, n.schema)
	if beside == "" {
		return nil, cli.Usagef("the schema %s does not lie beside %s or below, where the mapping would read it: copy it there", n.schema, n.path)
	}
	types := decode.FormatNamed(format).Types(decode.Options{Forms: map[string]string{"csv": "form"}[format]})
	s, err := schema.New(beside, func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(n.path), filepath.FromSlash(name)))
	}, types)
	if err != nil {
		return nil, err
	}
	return sketch.BySchema(format, s, samples)
}

// catalog asks the target for its tables.
func (n sketched) catalog(ctx context.Context, a *cli.App, in *sketch.Input) error {
	cfg, err := a.Load(true)
	if err != nil {
		return err
	}
	t, ok := cfg.Target(n.target)
	if !ok {
		var names []string
		for _, t := range cfg.Targets {
			names = append(names, t.Name)
		}
		return cli.Usagef("there is no target %q; %s", n.target, diag.DidYouMean(n.target, names))
	}
	target, err := openTarget(cfg, t)
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }()
	in.Table = cmp.Or(in.Table, sketch.TableName(in.File))
	wanted := slices.Concat([]string{in.Table}, slices.Sorted(maps.Values(in.Lists)))
	var all []string
	in.Tables, err = target.Describe(ctx, func(names []string) []string {
		all = names
		more := slices.DeleteFunc(sketch.ListTables(in.Form, names), func(name string) bool {
			return slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, name) })
		})
		return slices.Concat(wanted, more)
	})
	if err != nil {
		return err
	}
	for _, name := range wanted {
		if !slices.ContainsFunc(in.Tables, func(t connectors.Table) bool { return strings.EqualFold(t.Name, name) }) {
			return cli.Usagef("target %s has no table %s that its account may see; name one by --table. %s", n.target, name, diag.DidYouMean(name, all))
		}
	}
	return nil
}

// samplePath returns a file's path as the mapping names it; empty when it does not lie beside it or below.
func samplePath(mapping, file string) string {
	m, err1 := filepath.Abs(filepath.Dir(mapping))
	f, err2 := filepath.Abs(file)
	if err1 != nil || err2 != nil || file == "" || file == "-" {
		return ""
	}
	rel, err := filepath.Rel(m, f)
	if err != nil || strings.HasPrefix(rel, "..") {
		return ""
	}
	return filepath.ToSlash(rel)
}
