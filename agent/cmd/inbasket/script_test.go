package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run this test binary as inbasket.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"inbasket": func() { os.Exit(command()) }})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv("NO_COLOR", "1")
			if self, err := exec.LookPath("inbasket"); err == nil {
				e.Setenv("INBASKET", self)
			}
			// Scripts with a file called password: the archive has no mode bits.
			if err := os.Chmod(filepath.Join(e.WorkDir, "password"), 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return nil
		},
		Cmds:               map[string]func(ts *testscript.TestScript, neg bool, args []string){"exitcode": exitcodeOf, "sqlite": sqlite, "counts": counts, "await": await, "capture": capture},
		RequireUniqueNames: true,
	})
}
