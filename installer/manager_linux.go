package installer

import (
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/kardianos/service"

	"github.com/inbasket/inbasket/connectors"
)

// System returns the service manager of this machine: systemd, OpenRC or System V init.
func System() (Manager, error) {
	h := realHost()
	systems := map[string]service.System{}
	for _, s := range service.AvailableSystems() {
		systems[s.String()] = s
	}
	there := func(paths ...string) bool {
		for _, p := range paths {
			if _, err := os.Stat(p); err != nil {
				return false
			}
		}
		return true
	}
	switch platform := service.Platform(); {
	case platform == "linux-systemd":
		said, _ := h.run(context.Background(), "systemctl", "--version") // what does not answer is taken for a new one
		h.old = before250(said)
		return &systemd{h}, nil
	case platform == "linux-openrc", there("/sbin/openrc-run", "/run/openrc"):
		return newInitd(h, systems["linux-openrc"], "openrc"), nil
	case there("/etc/init.d") && !there("/usr/lib/systemd/systemd"):
		return newInitd(h, systems["unix-systemv"], "sysv"), nil
	default:
		return nil, connectors.Errorf(connectors.TargetError, CodeManager, "find the service manager",
			"boot the machine with systemd, OpenRC or System V init; in a container, run the agent by: inbasket run", "none runs here")
	}
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
