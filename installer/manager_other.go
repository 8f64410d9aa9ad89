//go:build !linux && !windows

package installer

import "github.com/inbasket/inbasket/connectors"

// System returns the service manager of this machine.
func System() (Manager, error) {
	return nil, connectors.Errorf(connectors.TargetError, CodeManager, "find the service manager", "run the agent by: inbasket run", "services are known on Linux and Windows only")
}
