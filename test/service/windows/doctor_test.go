//go:build !windows

package windows

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
)

// TestDoctor looks from outside with paths that have blanks and umlauts: folders, disk, journal and targets are
// what Windows says of them, and diagnostics can be written.
func TestDoctor(t *testing.T) {
	need(t)
	home := `C:\Bürger Büro`
	agentAt(t, home)
	program := filepath.Join(w.work, newer, "inbasket.exe")
	config := home + `\inbasket.yaml`
	out, complaint, code := run(t, program, "doctor", "--json", "--config", config)
	var e control.Examination
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		t.Fatalf("exit code %d: %v\n%s%s", code, err, out, complaint)
	}
	areas := map[string]int{}
	for _, f := range e.Findings {
		areas[f.Area]++
		if f.Level == control.LevelFail {
			t.Errorf("%+v", f)
		}
	}
	for _, area := range []string{"config", "account", "folders", "disk", "clock", "targets", "in-baskets", "journal", "service", "machine"} {
		if areas[area] == 0 {
			t.Errorf("nothing is said of %s:\n%s", area, out)
		}
	}
	if _, complaint, code := run(t, program, "doctor", "--as-service", "--config", config); code != 69 || !strings.Contains(complaint, "control.not-running") {
		t.Errorf("exit code %d: %s", code, complaint)
	}
	if said := ok(t, program, "upgrade", "check", "--config", config); !strings.Contains(said, " fits") {
		t.Error(said)
	}
	archive := home + `\Diagnose für Hilfe.zip`
	if said := ok(t, program, "diagnostics", "--out", archive, "--config", config); !strings.Contains(said, "manifest.json") || !there(archive) {
		t.Error(said)
	}
}
