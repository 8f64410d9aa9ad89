package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("x"), ExitFailure},
		{Usagef("x"), ExitUsage},
		{Exit(75), ExitRetry},
		{fmt.Errorf("wrapped: %w", diag.Problems{{}}), ExitConfig},
		{&control.Error{Code: control.CodeNotRunning}, ExitUnavailable},
		{&control.Error{Code: control.CodePermission}, ExitPermission},
		{&control.Error{Code: "config.refused"}, ExitConfig},
		{&control.Error{Code: control.CodeState}, ExitFailure},
		{&fs.PathError{Err: fs.ErrPermission}, ExitPermission},
		{fmt.Errorf("open: %w", journal.ErrLocked), ExitRetry},
		{&connectors.Error{Class: connectors.Transient, Code: "ftp.busy"}, ExitRetry},
		{&connectors.Error{Class: connectors.TargetError, Code: "sql.login"}, ExitUnavailable},
		{&connectors.Error{Class: connectors.TargetError, Code: "config.open"}, ExitConfig},
		{&connectors.Error{Class: connectors.TargetError, Code: journal.CodePlanChanged}, ExitConfig},
		{&control.Error{Code: journal.CodePlanChanged}, ExitConfig},
		{&connectors.Error{Class: connectors.ItemError, Code: "sql.length"}, ExitFailure},
	} {
		if got := (&App{Stderr: io.Discard}).End(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

// TestSafeText keeps what a driver or file system said out of the log.
func TestSafeText(t *testing.T) {
	for _, err := range []error{
		errors.New("secret"),
		connectors.Errorf(connectors.TargetError, "a.b", "open", "", "secret"),
		&fs.PathError{Op: "open", Path: "secret", Err: fs.ErrNotExist},
	} {
		if s := FaultOf(err).Safe; strings.Contains(s, "secret") || s == "" {
			t.Errorf("%v: %q", err, s)
		}
		if FaultOf(err).Code == "" {
			t.Errorf("%v has no code", err)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"":                     {},
		"24h":                  now.Add(-24 * time.Hour),
		"7d":                   now.Add(-7 * 24 * time.Hour),
		"2026-11-22T18:00:00Z": time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC),
		"2026-11-22T18:00":     time.Date(2026, 11, 22, 18, 0, 0, 0, time.Local),
		"2026-11-22":           time.Date(2026, 11, 22, 0, 0, 0, 0, time.Local),
	} {
		if got, err := Moment(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"yesterday", "24", "2026-13-01"} {
		if _, err := Moment(s, now); FaultOf(err).Exit != ExitUsage {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestVisible(t *testing.T) {
	for s, want := range map[string]string{"Müller": "Müller", "a\x1b[2Jb": `"a\x1b[2Jb"`, "a\nb": `"a\nb"`} {
		if got := Visible(s); got != want {
			t.Errorf("%q: %s", s, got)
		}
	}
}

// TestTakeArgs holds a command line against what usage says.
func TestTakeArgs(t *testing.T) {
	for _, c := range []struct{ use, given, want string }{
		{"pause TARGET", "", "pause needs TARGET\n    usage: pause TARGET"},
		{"pause TARGET", "a", ""},
		{"pause TARGET", "a b", "pause takes no \"b\"\n    usage: pause TARGET"},
		{"void TARGET NUMBER --reason TEXT", "a", "void needs NUMBER\n    usage: void TARGET NUMBER --reason TEXT"},
		{"batches [TARGET]", "", ""},
		{"batches [TARGET]", "a b", "batches takes no \"b\"\n    usage: batches [TARGET]"},
		{"retry [ID...]", "", ""},
		{"retry [ID...]", "a b c", ""},
		{"release ID...", "", "release needs ID...\n    usage: release ID..."},
		{"release ID...", "a b", ""},
		{"status", "a", "status takes no \"a\"\n    usage: status"},
	} {
		cmd := &cobra.Command{Use: c.use, SilenceErrors: true, SilenceUsage: true, DisableFlagsInUseLine: true, Run: func(*cobra.Command, []string) {}}
		TakeArgs(cmd)
		cmd.SetArgs(strings.Fields(c.given))
		if err := cmd.Execute(); c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s %s: %v", c.use, c.given, err)
		}
	}
}

// TestEmptyList prints a list without entries as one, not as null.
func TestEmptyList(t *testing.T) {
	var out strings.Builder
	if err := (&App{Stdout: &out, JSON: true}).Print([]string(nil), nil); err != nil || out.String() != "[]\n" {
		t.Errorf("%v %s", err, out.String())
	}
}

// TestNewText makes folders, and keeps what somebody wrote.
func TestNewText(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a", "b", "m.yaml")
	if err := NewText(path, []byte("mine")); err != nil {
		t.Fatal(err)
	}
	if err := NewText(path, []byte("other")); err == nil || FaultOf(err).Code != CodeExists {
		t.Errorf("%v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
		t.Errorf("%s %v", b, err)
	}
}
