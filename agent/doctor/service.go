package doctor

import "context"

// service looks at the definition that the service manager has.
func service(ctx context.Context, x *exam, n *notes) {
	if x.Service == nil {
		return
	}
	if x.cfg == nil {
		n.warn("", CodeServiceUnknown, "what the service needs cannot be told from a configuration that is refused", "correct the configuration first")
		return
	}
	s, err := x.Service(ctx, x.cfg)
	if err != nil {
		n.warn("", CodeServiceUnknown, "the service manager cannot be asked here", "ask as root or administrator; without a service manager this is as it should be")
		return
	}
	if !s.Installed {
		n.warn(s.Name, CodeServiceNone, "the agent is no service of this machine", "install the package, or: inbasket service install")
		return
	}
	if s.Other != "" {
		n.warn(s.Name, CodeServiceOther, "it runs with another configuration: "+s.Other, "name that one by --config, or the instance by --name")
		return
	}
	for _, line := range s.Drift {
		n.fail(s.Name, CodeServiceDrift, line, "mend it by: inbasket service install")
	}
	if !s.Enabled {
		n.warn(s.Name, CodeServiceOff, "it does not start with the machine", enable(s.Name))
	}
	switch {
	case s.Running:
		n.ok(s.Name, s.Manager+": "+orWord(s.Detail, "running"))
	case x.status != nil:
		n.warn(s.Name, CodeServiceStopped, "the service is stopped; the agent that runs was started by hand", "stop that one, then: inbasket service start")
	default:
		n.fail(s.Name, CodeServiceStopped, s.Manager+": "+orWord(s.Detail, "stopped"), "start it by inbasket service start; why it ended is in its log")
	}
}

func orWord(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func enable(name string) string {
	if onWindows() {
		return "sc.exe config " + name + " start= delayed-auto"
	}
	return "systemctl enable " + name
}
