package clock

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Settable is the real clock, that a test may set as an operator does: what it reads as the time of day
// moves, what it counts by does not. After is that of package time.
type Settable struct{ seconds atomic.Int64 }

// Set sets the clock forward or back by d, in whole seconds.
func (s *Settable) Set(d time.Duration) { s.seconds.Add(int64(d / time.Second)) }

// Now returns the time of day as it was set, with the monotonic reading that package time compares by.
func (s *Settable) Now() time.Time {
	t := time.Now()
	// The first word of a time.Time with a monotonic reading holds the seconds since 1885 above 30 bits of
	// nanoseconds; there is no other way to move one without the other.
	wall := (*uint64)(unsafe.Pointer(&t))
	*wall += uint64(s.seconds.Load()) << 30
	return t
}

// After is time.After.
func (*Settable) After(d time.Duration) <-chan time.Time { return time.After(d) }
