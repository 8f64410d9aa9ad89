package health

// Codes of what the watchdog reports, and of what status shows. Each is stable; docs/errors.md is generated from this file.
const (
	CodeStuck   = "agent.stuck"          // a part of the agent makes no progress; under a service manager with a watchdog it is restarted, else restart it; nothing is lost; send diagnostics to the maintainers
	CodeHung    = "connector.hung"       // a call to an outside system does not end though its time is over; the other systems go on; look at that system, and restart the agent if it works and this does not end
	CodeJumped  = "clock.jumped"         // the clock was set by more than a minute, or the machine slept; the agent goes on; keep the clock right with NTP
	CodeOverdue = "route.overdue"        // no decision came within decide-within; ask the office
	CodeRemoved = "target.removed"       // deliveries wait for a target that the configuration has no more; add it again, or end them one by one
	CodeOffice  = "front-office.trouble" // events cannot be pushed to a front office; it can still poll, and they are pushed again
)
