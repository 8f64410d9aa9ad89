package agent_test

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
)

// TestStandingHeld tells the service manager that a restored agent waits.
func TestStandingHeld(t *testing.T) {
	line := agent.Standing(control.Status{Held: &control.Trouble{Code: agent.CodeHeld}})
	if !strings.HasPrefix(line, "held: ") || strings.Contains(line, "delivering") {
		t.Fatal(line)
	}
}
