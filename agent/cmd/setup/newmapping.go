package setup

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/mapping/decode"
)

func newMappingCommand(a *cli.App) *cobra.Command {
	var form, target, table string
	cmd := &cobra.Command{
		Use:   "mapping FILE --form FORM",
		Short: "Write a mapping from a sample form: every field of the form, to be renamed and pruned",
		RunE: func(_ *cobra.Command, given []string) error {
			if form == "" {
				return cli.Usagef("new mapping needs --form, a sample of the form")
			}
			return newMapping(a, given[0], form, target, table)
		},
	}
	cmd.Flags().StringVar(&form, "form", "", "sample form")
	cmd.Flags().StringVar(&target, "to", "register", "target of the agent's configuration")
	cmd.Flags().StringVar(&table, "table", "", "table of the form's own fields (default: the mapping's name in capitals)")
	return cmd
}

func newMapping(a *cli.App, path, formPath, target, table string) error {
	src, err := readForm(a, formPath)
	if err != nil {
		return err
	}
	format := "json"
	if strings.EqualFold(filepath.Ext(formPath), ".xml") {
		format = "xml"
	}
	form, err := decode.Decode(format, src, decode.Options{})
	if err != nil {
		return fmt.Errorf("read the sample form: %w", err)
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	s := sketch{target: target}
	if table == "" {
		table = column(name)
	}
	s.write(name, table, "form", "", form)
	if err := writeNew(path, s.mapping(name, format, samplePath(path, formPath))); err != nil {
		return err
	}
	answer := struct {
		File string `json:"file"`
	}{path}
	return a.Print(answer, func(w io.Writer) {
		fmt.Fprintf(w, "wrote %s\nnext: give it the real tables and columns, then inbasket try %s %s\n", path, path, formPath)
	})
}

// samplePath returns the form's path as the mapping names it; empty when it does not lie beside it.
func samplePath(mapping, form string) string {
	m, err1 := filepath.Abs(filepath.Dir(mapping))
	f, err2 := filepath.Abs(form)
	if err1 != nil || err2 != nil {
		return ""
	}
	rel, err := filepath.Rel(m, f)
	if err != nil || strings.HasPrefix(rel, "..") {
		return ""
	}
	return filepath.ToSlash(rel)
}

// sketch collects the writes of a mapping made from a sample.
type sketch struct {
	target string
	lists  []string // XML: paths of lists
	writes []sketchWrite
	names  []string // of writes and of the items of lists
}

type sketchWrite struct {
	as, table, each string
	fields          [][2]string // column, expression
}

// write adds the write of one block and, behind it, those of the lists in it.
func (s *sketch) write(as, table, root, each string, v any) {
	at := len(s.writes)
	s.writes = append(s.writes, sketchWrite{as: as, table: table, each: each})
	s.block(at, as, root, "", v)
}

func (s *sketch) block(at int, as, path, prefix string, v any) {
	if items, ok := v.([]any); ok {
		s.list(at, as, path, "VALUE", "value", items)
		return
	}
	m, ok := v.(map[string]any)
	if !ok {
		s.field(at, strings.TrimSuffix(prefix, "_"), path)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		expr := member(path, k)
		switch x := m[k].(type) {
		case map[string]any:
			s.block(at, as, expr, prefix+column(k)+"_", x)
		case []any:
			s.list(at, as, expr, prefix+column(k), k, x)
		default:
			s.field(at, prefix+column(k), expr)
		}
	}
}

func (s *sketch) list(at int, as, expr, col, key string, items []any) {
	s.lists = append(s.lists, strings.TrimPrefix(expr, "form."))
	if len(items) == 0 {
		return
	}
	switch items[0].(type) {
	case map[string]any, []any:
	default:
		s.field(at, col, expr+` | join(", ")`)
		return
	}
	item := s.unique(identifier(key) + "Item")
	s.write(s.unique(as+" "+key), s.writes[at].table+"_"+column(key), item, s.nested(at, item+" in "+expr), items[0])
}

// unique gives a name that was given before a number.
func (s *sketch) unique(name string) string {
	given := name
	for n := 2; slices.Contains(s.names, given); n++ {
		given = fmt.Sprint(name, n)
	}
	s.names = append(s.names, given)
	return given
}

// nested is the each of a list inside a list.
func (s *sketch) nested(at int, each string) string {
	if outer := s.writes[at].each; outer != "" {
		return outer + "\n" + each
	}
	return each
}

func (s *sketch) field(at int, col, expr string) {
	if col == "" {
		col = "VALUE"
	}
	for _, f := range s.writes[at].fields {
		if f[0] == col {
			col += "_2"
		}
	}
	s.writes[at].fields = append(s.writes[at].fields, [2]string{col, expr})
}

func (s *sketch) mapping(name, format, sample string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Made from a sample form: rename tables and columns, give types, remove what is not needed (and list it under ignore).\n")
	fmt.Fprintf(&b, "mapping: %s\nversion: 1\ninput:\n  format: %s\n", name, format)
	if format == "xml" && len(s.lists) > 0 {
		fmt.Fprintf(&b, "  lists: [%s]\n", strings.Join(s.lists, ", "))
	}
	b.WriteString("write:\n")
	for _, w := range s.writes {
		if len(w.fields) == 0 {
			continue
		}
		fmt.Fprintf(&b, "  - as: %s\n    to: %s\n    table: %s\n", w.as, s.target, w.table)
		if each := strings.Split(w.each, "\n"); len(each) > 1 {
			fmt.Fprintf(&b, "    each: [%s]\n", strings.Join(each, ", "))
		} else if w.each != "" {
			fmt.Fprintf(&b, "    each: %s\n", w.each)
		}
		b.WriteString("    fields:\n")
		for _, f := range w.fields {
			fmt.Fprintf(&b, "      %s: %s\n", quoteKey(f[0]), quoteExpr(f[1]))
		}
	}
	if sample != "" {
		fmt.Fprintf(&b, "tests:\n  - form: %s\n", sample)
	}
	return []byte(b.String())
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// member is an expression for a key of a block.
func member(path, key string) string {
	if plainName.MatchString(key) {
		return path + "." + key
	}
	return fmt.Sprintf("%s[%q]", path, key)
}

// column makes a column name of a key: familyName becomes FAMILY_NAME.
func column(key string) string {
	var b strings.Builder
	lower := false
	for _, r := range key {
		switch {
		case r >= 'A' && r <= 'Z':
			if lower {
				b.WriteByte('_')
			}
			b.WriteRune(r)
		case r >= 'a' && r <= 'z':
			b.WriteRune(r - 'a' + 'A')
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
		lower = r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
	}
	return strings.Trim(b.String(), "_")
}

func identifier(key string) string {
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, key)
	if id == "" || id[0] >= '0' && id[0] <= '9' {
		id = "list" + id
	}
	return id
}

// quoteKey quotes what YAML would take for something else than a text.
func quoteKey(s string) string {
	if !plainName.MatchString(s) || slices.Contains([]string{"NO", "YES", "ON", "OFF", "Y", "N", "NULL", "TRUE", "FALSE"}, s) {
		return `"` + s + `"`
	}
	return s
}

// quoteExpr quotes an expression that YAML would misread.
func quoteExpr(s string) string {
	if strings.ContainsAny(s, `"#:`) && strings.Contains(s, `["`) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return s
}
