package installer

import (
	"github.com/kardianos/service"

	"github.com/inbasket/inbasket/connectors"
)

// System returns the service manager of this machine.
func System() (Manager, error) {
	h := realHost()
	switch platform := service.Platform(); {
	case platform == "linux-systemd":
		return &systemd{h}, nil
	default:
		return nil, connectors.Errorf(connectors.TargetError, CodeManager, "find the service manager", "run the agent by: inbasket run", "%s is not known here", platform)
	}
}
