package look

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSandboxOf takes over with what a unit runs the agent, and not how.
func TestSandboxOf(t *testing.T) {
	const unit = `# /lib/systemd/system/inbasket.service
[Unit]
Description=Inbasket
After=network-online.target

[Service]
Type=notify
ExecStart=/usr/bin/inbasket run
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartPreventExitStatus=78
WatchdogSec=60
TimeoutStopSec=20
User=inbasket
StateDirectory=inbasket
LoadCredential=credentials:/etc/inbasket/credentials
ProtectSystem=strict
SystemCallFilter=@system-service
SystemCallFilter=~@privileged \
  @resources
; a remark
NoExecPaths=/
RuntimeDirectory=inbasket
[Install]
WantedBy=multi-user.target

# /etc/systemd/system/inbasket.service.d/50-inbasket-paths.conf
[Service]
ReadWritePaths=-/srv/my forms
`
	want := []string{"--property=User=inbasket", "--property=StateDirectory=inbasket", "--property=LoadCredential=credentials:/etc/inbasket/credentials",
		"--property=ProtectSystem=strict", "--property=SystemCallFilter=@system-service", "--property=SystemCallFilter=~@privileged  @resources",
		"--property=NoExecPaths=/", "--property=RuntimeDirectory=inbasket", "--property=ReadWritePaths=-/srv/my forms"}
	if diff := cmp.Diff(want, sandboxOf(unit)); diff != "" {
		t.Error(diff)
	}
}

// TestAnswerOf takes an examination whatever the program ended with, and says why there is none.
func TestAnswerOf(t *testing.T) {
	script := func(text string) error {
		e, err := answerOf(exec.CommandContext(t.Context(), "/bin/sh", "-c", text))
		if err == nil && (!e.Inside || len(e.Findings) != 1) {
			t.Errorf("%+v", e)
		}
		return err
	}
	if err := script(`echo '{"findings": [{"area": "disk", "level": "fail"}]}'; exit 1`); err != nil {
		t.Error(err)
	}
	if err := script(`echo 'Failed to start transient service unit' >&2; exit 1`); err == nil || !strings.Contains(err.Error(), "transient service unit") {
		t.Errorf("%v", err)
	}
	if err := script(`true`); err == nil {
		t.Error("no answer is an answer")
	}
}
