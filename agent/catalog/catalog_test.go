package catalog_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/mappings"
)

// office writes a configuration whose routes go by n mappings: half of them the one of the project's speed goals, the others examples of
// real forms with schemas, parts and lookups. It returns the configuration and its targets.
func office(tb testing.TB, n int, change func(i int, text string) string) (*config.Config, *catalog.Catalog) {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../test/examples/benefits")); err != nil {
		tb.Fatal(err)
	}
	texts := []string{mappings.Bench}
	for _, name := range []string{"attendance.yaml", "caregivers.yaml"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, mappings.Bench, string(b))
	}
	name := regexp.MustCompile(`(?m)^mapping: .*$`)
	cfg := "agency: A\ninbaskets: {in: {folder: {path: in, after: {move: done}}}}\ntargets: {register: {sqlite: {path: r.db}}}\nroutes:\n"
	for i := range n {
		text := change(i, name.ReplaceAllString(texts[1+i%4], fmt.Sprintf("mapping: m%d", i)))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("m%d.yaml", i)), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		cfg += fmt.Sprintf("  r%d: {from: in, match: '%d-*', mapping: m%d.yaml}\n", i, i, i)
	}
	path := filepath.Join(dir, "inbasket.yaml")
	if err := os.WriteFile(path, []byte(cfg), 0o600); err != nil {
		tb.Fatal(err)
	}
	c, err := config.Load(path, all.Registry(), config.Options{Lenient: true})
	if err != nil {
		tb.Fatal(err)
	}
	targets, err := catalog.Open(c, clock.NewManual(), func(connectors.Notice) {})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = targets.Close() })
	return c, targets
}

func asItIs(_ int, text string) string { return text }

// TestMappings: mappings are loaded several at a time, and what is wrong with them is told in the order of the routes.
func TestMappings(t *testing.T) {
	t.Parallel()
	cfg, targets := office(t, 12, asItIs)
	plans, problems := catalog.Mappings(cfg, targets)
	if len(problems) > 0 || len(plans) != 12 || plans["r7"].Name() != "m7" {
		t.Fatal(len(plans), problems)
	}
	cfg, targets = office(t, 12, func(i int, text string) string {
		if i%5 == 1 {
			return strings.Replace(text, "version: 1", "version: none", 1)
		}
		return text
	})
	_, problems = catalog.Mappings(cfg, targets)
	var files []string
	for _, p := range problems {
		if f := filepath.Base(p.File); !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	if have := strings.Join(files, " "); have != "m1.yaml m6.yaml m11.yaml" {
		t.Errorf("%s\n%v", have, problems)
	}
}

// BenchmarkMappings loads 200 mappings, as a start does: those of 31 columns, and a mix of them with larger ones.
func BenchmarkMappings(b *testing.B) {
	name := regexp.MustCompile(`(?m)^mapping: .*$`)
	for mix, change := range map[string]func(int, string) string{
		"plain": func(_ int, text string) string {
			return name.FindString(text) + name.ReplaceAllString(mappings.Bench, "")
		},
		"mixed": asItIs,
	} {
		b.Run(mix, func(b *testing.B) {
			cfg, targets := office(b, 200, change)
			for b.Loop() {
				if _, problems := catalog.Mappings(cfg, targets); len(problems) > 0 {
					b.Fatal(problems)
				}
			}
		})
	}
}
