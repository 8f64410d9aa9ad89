package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/installer"
)

// appIn is a command line whose configuration lies in a folder of its own.
func appIn(t *testing.T, text string) (a *App, dir string, out, complaints *strings.Builder) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "inbasket.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, complaints = &strings.Builder{}, &strings.Builder{}
	return &App{Stdout: out, Stderr: complaints, Getenv: func(string) string { return "" }, Config: path}, dir, out, complaints
}

// TestConfigPath takes the flag, then the environment, then this folder, then the system's place.
func TestConfigPath(t *testing.T) {
	t.Chdir(t.TempDir())
	env := map[string]string{}
	a := &App{Getenv: func(key string) string { return env[key] }}
	system := filepath.Join(a.configFolder(), "inbasket.yaml")
	if got := a.ConfigPath(); got != "inbasket.yaml" && got != system {
		t.Errorf("with nothing: %s", got)
	}
	if err := os.WriteFile("inbasket.yaml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := a.ConfigPath(); got != "inbasket.yaml" {
		t.Errorf("in this folder: %s", got)
	}
	env["INBASKET_CONFIG"] = "env.yaml"
	if got := a.ConfigPath(); got != "env.yaml" {
		t.Errorf("in the environment: %s", got)
	}
	a.Config = "flag.yaml"
	if got := a.ConfigPath(); got != "flag.yaml" {
		t.Errorf("by the flag: %s", got)
	}
	if got := (&App{Service: true, Getenv: func(string) string { return "" }}).ConfigPath(); got != system {
		t.Errorf("of a service, whose folder says nothing: %s", got)
	}
}

// TestInstanceConfig takes what is said, what the service runs with, and then its usual place.
func TestInstanceConfig(t *testing.T) {
	a := &App{Getenv: func(string) string { return "" }}
	for _, c := range []struct {
		flag, name, runs, want string
	}{
		{"", "two", "/srv/a.yaml", "/srv/a.yaml"},
		{"", "two", "", filepath.Join(a.configFolder(), "two", "inbasket.yaml")},
		{"x.yaml", "two", "/srv/a.yaml", "x.yaml"},
		{"", "", "", a.ConfigPath()},
	} {
		a.Config = c.flag
		got, err := a.InstanceConfig(c.name, installer.State{Config: c.runs})
		if err != nil || !filepath.IsAbs(got) || !strings.HasSuffix(got, c.want) {
			t.Errorf("%+v: %s %v", c, got, err)
		}
	}
}

// TestAskNobody says what is the matter when no agent runs: what can be read is read, and an order needs a running one.
func TestAskNobody(t *testing.T) {
	a, dir, out, _ := appIn(t, "agency: A\n")
	give := func(ctx context.Context, c *control.Client, r string) (string, error) {
		return "", &control.Error{Code: control.CodeNotRunning, Message: "no agent runs"}
	}
	offline := func(*journal.Journal, config.Place) (string, error) { return "read", nil }
	if _, err := Ask(t.Context(), a, give, "", nil); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("an order: %v", err)
	}
	if _, err := Ask(t.Context(), a, give, "", offline); !errors.Is(err, control.ErrNotRunning) || !strings.Contains(err.Error(), "none has run yet") {
		t.Errorf("without files: %v", err)
	}
	j, err := journal.Open(t.Context(), filepath.Join(dir, "state", "journal"), journal.Options{})
	if err != nil || j.Close() != nil {
		t.Fatal(err)
	}
	if err := Show(t.Context(), a, give, "", offline, func(w io.Writer, s string) { io.WriteString(w, s) }); err != nil || out.String() != "read" {
		t.Errorf("from the files: %v %s", err, out)
	}
	running := func(context.Context, *control.Client, string) (string, error) { return "asked", nil }
	if got, err := Ask(t.Context(), a, running, "", offline); err != nil || got != "asked" {
		t.Errorf("%s %v", got, err)
	}
	out.Reset()
	if err := OrderDone(t.Context(), a, running, "x", "it is done"); err != nil || out.String() != "it is done\n" {
		t.Errorf("%v %s", err, out)
	}
	a.JSON = true
	out.Reset()
	if err := OrderDone(t.Context(), a, running, "x", "it is done"); err != nil || out.String() != "\"x\"\n" {
		t.Errorf("%v %s", err, out)
	}
	a.Config = filepath.Join(dir, "none.yaml")
	if _, err := Ask(t.Context(), a, running, "", nil); FaultOf(err).Exit != ExitConfig {
		t.Errorf("without a configuration: %v", err)
	}
}

// TestNewFile overwrites nothing, and takes away what cannot be finished.
func TestNewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	broken := errors.New("broken")
	if err := NewFile(path, 0o600, "", func(w io.Writer) error { io.WriteString(w, "half"); return broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a file stays: %v", err)
	}
	if err := NewFile(path, 0o600, "", Text("whole")); err != nil {
		t.Error(err)
	}
	if err := NewFile(path, 0o600, "name another", Text("other")); FaultOf(err).Code != CodeExists || FaultOf(err).Hint != "name another" {
		t.Errorf("%v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "whole" {
		t.Errorf("%s %v", b, err)
	}
	if err := NewFile(filepath.Join(path, "b"), 0o600, "", Text("x")); err == nil {
		t.Error("a file is a folder")
	}
}

// TestTexts are how numbers, lists and pairs look.
func TestTexts(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1024: "1.0 KiB", 3 << 20: "3.0 MiB", 5 << 30: "5.0 GiB", 2 << 40: "2.0 TiB"} {
		if got := Size(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for n, want := range map[int]string{0: "0 forms", 1: "1 form", 2: "2 forms"} {
		if got := Count(n, "form"); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	if ContentType("a.pdf") != "application/pdf" || ContentType("a.unheard") != "application/octet-stream" {
		t.Error("types of files")
	}
	if OrDash("") != "-" || OrDash("x") != "x" || Stamp(time.Time{}) != "-" || len(NotEmpty("", "a", "")) != 1 {
		t.Error("what is empty")
	}
	var b strings.Builder
	Pairs(&b, [2]string{"name", "Bauamt"}, [2]string{"nothing", ""}, [2]string{"a long name", "x\ny"})
	Rows(&b, "A\tB", []int{1, 22}, func(n int) []any { return []any{n, time.Time{}} })
	SayIf(&b, true, "%d is so\n", 1)
	SayIf(&b, false, "this is not\n")
	if want := "name         Bauamt\na long name  \"x\\ny\"\nA   B\n1   -\n22  -\n1 is so\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	for _, text := range []string{"", "x", "0AM3VFP48PSN", "0AM3VFP48PSNI!"} {
		if _, err := ParseIDs([]string{text}); FaultOf(err).Exit != ExitUsage {
			t.Errorf("%q is an ID", text)
		}
	}
	if ids, err := ParseIDs([]string{"0AM3VFP48PSNZ"}); err != nil || len(ids) != 1 || ids[0].String() != "0AM3VFP48PSNZ" {
		t.Errorf("%v %v", ids, err)
	}
}

// TestEnd prints an error once, as people or programs read it.
func TestEnd(t *testing.T) {
	err := &control.Error{Code: "a.b", Message: "it is so", Hint: "do that", Details: "line one\n"}
	a, _, _, complaints := appIn(t, "")
	if a.End(err); complaints.String() != "line one\ninbasket: it is so [a.b]\n    do that\n" {
		t.Errorf("%s", complaints)
	}
	a.JSON = true
	complaints.Reset()
	if a.End(err); complaints.String() != "{\n  \"code\": \"a.b\",\n  \"message\": \"it is so\",\n  \"hint\": \"do that\"\n}\n" {
		t.Errorf("%s", complaints)
	}
	complaints.Reset()
	if code := a.End(nil) + a.End(Exit(3)); code != 3 || complaints.Len() > 0 {
		t.Errorf("%d %s", code, complaints)
	}
	if err := a.PrintOK(false, 1, nil); !errors.Is(err, Exit(ExitFailure)) {
		t.Errorf("%v", err)
	}
}

// TestRecords: what is done to the files of a stopped agent stands in its audit log first, and a failure after it.
func TestRecords(t *testing.T) {
	a, dir, _, complaints := appIn(t, "agency: A\n")
	a.Getenv = func(key string) string { return map[string]string{"SUDO_USER": "anna"}[key] }
	place, err := config.Locate(a.Config)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	done := 0
	do := func() error { done++; return nil }
	if err := a.Noted(t.Context(), a.Config, "secret-set", "x", do); err != nil || done != 1 {
		t.Errorf("where no agent has run: %v", err)
	}
	if err := a.OnRecord(t.Context(), place, "compact-journal", "", nil, do); err != nil || done != 2 {
		t.Errorf("%v", err)
	}
	if err := a.OnRecord(t.Context(), place, "show-form", "1", map[string]string{"what": "form"}, func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if err := a.Noted(t.Context(), a.Config, "secret-set", "x", func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	list, err := audit.Read(t.Context(), filepath.Join(dir, "state", audit.Folder), audit.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, e := range list {
		actions = append(actions, e.Action)
		if !strings.HasSuffix(e.Who, "(sudo by anna)") || e.Via != audit.ViaCLI {
			t.Errorf("%+v", e)
		}
	}
	if got := strings.Join(actions, " "); got != "compact-journal show-form show-form.failed secret-set secret-set.failed" {
		t.Error(got)
	}
	// A log that somebody else writes is a reason not to look, and only a warning for what may mend the agent.
	log, err := audit.Open(filepath.Join(dir, "state", audit.Folder), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := a.OnRecord(t.Context(), place, "show-form", "1", nil, do); err == nil || done != 2 {
		t.Errorf("it is done without a record: %v", err)
	}
	if err := a.Noted(t.Context(), a.Config, "secret-set", "x", do); err != nil || done != 3 || !strings.Contains(complaints.String(), "the audit log does not tell of this") {
		t.Errorf("%v %s", err, complaints)
	}
}

// TestGroup prints its help when nothing below it is named.
func TestGroup(t *testing.T) {
	var out strings.Builder
	cmd := Group("secret", "Keep secrets", &cobra.Command{Use: "list", Short: "List them", Run: func(*cobra.Command, []string) {}})
	cmd.SetOut(&out)
	cmd.SetArgs(nil)
	if err := cmd.Execute(); err != nil || !strings.Contains(out.String(), "List them") {
		t.Errorf("%v %s", err, out.String())
	}
}
