package settle

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/control"
)

// TestRefused: an order that is not clear goes nowhere, and says what is missing.
func TestRefused(t *testing.T) {
	const id = "0AM3VFP48PSNZ"
	for _, c := range []struct {
		of   func(*cli.App) *cobra.Command
		line string
		want string
	}{
		{retry, "", "name submissions, or select them by --target, --route or --code; not both"},
		{retry, id + " --route permit", "name submissions, or select them"},
		{retry, id + " --mapping=old", "--mapping takes NEW"},
		{retry, "nonsense", `"nonsense" is not a submission's ID`},
		{release, "", "release needs ID..."},
		{release, "nonsense", "is not a submission's ID"},
		{confirm, id + " --reason x", "confirm needs TARGET"},
		{confirm, "--reason x", "confirm needs TARGET"},
		{confirm, id + " register", "confirm needs --reason: it stays on record"},
		{confirm, "nonsense register --reason x", "is not a submission's ID"},
		{confirm, id + " register --reason x --returned CASE_NO", `"CASE_NO" is not NAME=VALUE`},
		{confirm, id + " register --reason x --returned a.b=1 --returned a.b=2", "said twice"},
		{confirm, "--batch 3 mainframe", "confirm needs --reason"},
		{reject, id, "reject needs --reason: the front office reads it"},
		{reject, "nonsense --reason x", "is not a submission's ID"},
		{decide, id, "decide needs OUTCOME"},
		{decide, id + " aproved", `did you mean "approved"`},
		{decide, id + " refused --document no-such.pdf", "no-such.pdf"},
		{decide, id + " refused --document .", ". is not a file"},
		{Attach, "zero " + id, `"zero" is not the number of a result`},
		{Attach, "0 " + id, `"0" is not the number of a result`},
		{Attach, "42 nonsense", "is not a submission's ID"},
		{Attach, "42 " + id + " --outcome refusd", `did you mean "refused"`},
		{Drop, "42", "drop needs --reason: it stays on record"},
		{Drop, "x --reason y", `"x" is not the number of a result`},
		{Void, "mainframe 3", "void needs --reason"},
		{Void, "mainframe -3 --reason x", "unknown shorthand flag"},
		{Void, "mainframe x --reason y", `"x" is not a batch number`},
	} {
		a := &cli.App{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }, Config: filepath.Join(t.TempDir(), "none.yaml")}
		cmd := c.of(a)
		cli.TakeArgs(cmd)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(strings.Fields(c.line))
		if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %q", cmd.Name(), c.line, err, c.want)
		}
	}
}

// TestSettled names each submission with what became of it.
func TestSettled(t *testing.T) {
	for want, list := range map[string][]control.Settled{
		"nothing to do: no submission is parked there\n": nil,
		"0000000000000  tried again: a, b\n0000000000000  tried again\n0000000000000  not tried again: it is not parked [order.x]\n": {
			{Targets: []string{"a", "b"}}, {}, {Error: &control.Error{Code: "order.x", Message: "it is not parked"}}},
		"0000000000000  tried again: a\n0000000000000  not tried again: b is unclear [order.unclear]\n    look there\n": {
			{Targets: []string{"a"}, Error: &control.Error{Code: "order.unclear", Message: "b is unclear", Hint: "look there"}}},
	} {
		var b strings.Builder
		if printSettled(&b, list, "tried again"); b.String() != want {
			t.Errorf("got\n%swant\n%s", b.String(), want)
		}
	}
}

// TestRejected says of what was decided before that it stays so.
func TestRejected(t *testing.T) {
	for state, want := range map[string]string{
		"rejected": "0000000000000  rejected\n",
		"decided":  "0000000000000  stays decided, nothing of it is left to deliver\n",
		"closed":   "0000000000000  stays closed, nothing of it is left to deliver\n",
	} {
		var b strings.Builder
		if printSettled(&b, []control.Settled{{State: state}}, rejected); b.String() != want {
			t.Errorf("%s: %s", state, b.String())
		}
	}
}

// TestUploads looks at all files before anything is decided.
func TestUploads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "permit.pdf")
	if err := os.WriteFile(path, []byte("pdf"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := uploadsOf([]string{path})
	if err != nil || len(list) != 1 || list[0].Name != "permit.pdf" || list[0].ContentType != "application/pdf" {
		t.Fatalf("%+v %v", list, err)
	}
	r, err := list[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || string(b) != "pdf" {
		t.Errorf("%s %v", b, err)
	}
	if _, err := uploadsOf([]string{path, path + ".gone"}); err == nil {
		t.Error("a file that is missing is left out")
	}
	if err := checkOutcome(" "); err == nil || checkOutcome("withdrawn") != nil || checkOutcome("approved") != nil {
		t.Errorf("%v", err)
	}
}
