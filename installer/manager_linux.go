package installer

import (
	"context"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// System returns the service manager of this machine, which is systemd.
func System() (Manager, error) {
	h := realHost()
	if !h.exists("/run/systemd/system") { // see sd_booted(3)
		return nil, connectors.Errorf(connectors.TargetError, CodeManager, "find the service manager",
			"have what supervises programs on this machine, or in its container, run: inbasket run", "systemd does not run here")
	}
	said, _ := h.run(context.Background(), "systemctl", "--version") // what does not answer is taken for a new one
	h.old = before250(said)
	return &systemd{h}, nil
}

// before250 tells whether systemctl --version names a systemd before 250, which takes credentials one by one only.
func before250(said string) bool {
	words := strings.Fields(said)
	if len(words) < 2 || words[0] != "systemd" {
		return false
	}
	version, err := strconv.Atoi(words[1])
	return err == nil && version < 250
}
