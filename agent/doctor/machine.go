package doctor

import (
	"context"
	"fmt"
	"time"
)

// What a process should be allowed.
const (
	filesWanted  = 1024
	memoryWanted = 128 << 20 // bytes
)

// machine looks at what the process may use.
func machine(_ context.Context, x *exam, n *notes) {
	l := x.System.Limits()
	if l.OpenFiles > 0 && l.OpenFiles < filesWanted {
		n.warn("open files", CodeLimitFiles, fmt.Sprintf("at most %d", l.OpenFiles), "raise it: LimitNOFILE=65536 in the unit, or ulimit -n")
	}
	free := l.MemoryFree
	if l.MemoryOfService > 0 && l.MemoryOfService < free {
		free = l.MemoryOfService
	}
	switch {
	case free == 0:
	case free < memoryWanted:
		n.warn("memory", CodeMemory, size(free)+" can be had", "forms of many megabytes may fail: free some, or raise MemoryMax of the service")
	default:
		n.ok("memory", size(free)+" can be had")
	}
	if _, err := time.LoadLocation("Europe/Berlin"); err != nil {
		n.fail("time zones", CodeZones, "there is no time zone data on this machine", "install the package tzdata")
	} else if n.empty() {
		n.ok("time zones", "known")
	}
}
