//go:build unix

package intake

import (
	"syscall"
	"time"
)

// cpuTime is what this process has used so far, kernel included.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
