//go:build !unix

package sqldb

import "time"

// cpuTime is not measured here.
func cpuTime() time.Duration { return 0 }
