// Package installer_test checks what a service manager is given.
package installer_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnit has systemd itself look at the unit, where it is installed.
func TestUnit(t *testing.T) {
	raw, err := os.ReadFile("inbasket.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := string(raw)
	for _, want := range []string{"Type=notify\n", "WatchdogSec=", "RestartPreventExitStatus=78\n", "ExecReload=", "LoadCredential=", "StartLimitIntervalSec=0\n", " run --config ", " reload --config "} {
		if !strings.Contains(unit, want) {
			t.Errorf("without %q", want)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("systemd-analyze is not here")
		}
		t.Skip("systemd-analyze is not here")
	}
	// The binary and the account are not installed where this runs.
	for old, now := range map[string]string{"/usr/bin/inbasket": "/bin/true", "User=inbasket": "User=root", "Group=inbasket": "Group=root"} {
		unit = strings.ReplaceAll(unit, old, now)
	}
	path := filepath.Join(t.TempDir(), "inbasket.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", path)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), filepath.Base(path)) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// TestUnitIsClosed has systemd rate how exposed the unit is: 1.5 of 10 at most.
func TestUnitIsClosed(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("systemd-analyze is not here")
		}
		t.Skip("systemd-analyze is not here")
	}
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--no-pager", "--offline=true", "--threshold=15", "inbasket.service").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Overall exposure level for inbasket.service") {
		t.Errorf("%v\n%s", err, out)
	}
}
