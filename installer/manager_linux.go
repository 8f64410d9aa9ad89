package installer

import (
	"os"

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
