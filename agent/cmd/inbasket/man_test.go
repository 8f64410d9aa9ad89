package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/cmd/system"
)

// TestManual looks for a page a command, and for text that the typesetter would take for an order.
func TestManual(t *testing.T) {
	dir := t.TempDir()
	var out, errs strings.Builder
	a := &cli.App{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
	if code := execute(t.Context(), a, []string{"man", dir, "--date", "2026-11-22"}); code != cli.ExitOK {
		t.Fatal(code, out.String(), errs.String())
	}
	root := newRoot(a, system.Process(a.Getenv))
	var want func(c *cobra.Command)
	want = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		b, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"))
		if err != nil {
			t.Error(err)
			return
		}
		if page := string(b); !strings.Contains(page, "\n.TH ") || !strings.Contains(page, c.Short) {
			t.Errorf("%s: %.200s", c.Name(), page)
		}
		for _, sub := range c.Commands() {
			want(sub)
		}
	}
	want(root)
	b, err := os.ReadFile(filepath.Join(dir, "inbasket.yaml.5"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{".SH DESCRIPTION\n", ".SH routes\n", "\n\\fBagency\\fR (text, required): name of the agency"} {
		if !strings.Contains(string(b), text) {
			t.Errorf("inbasket.yaml.5 is without %q", text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "inbasket-man.1")); err == nil {
		t.Error("a hidden command has a page")
	}
	checkRoff(t, dir)
}

// checkRoff has groff read the pages.
func checkRoff(t *testing.T, dir string) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(pages) < 10 {
		t.Fatal(pages, err)
	}
	for _, page := range pages {
		out, err := exec.CommandContext(t.Context(), groff, "-man", "-ww", "-z", "-Tutf8", page).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", filepath.Base(page), err, out)
		}
	}
}
