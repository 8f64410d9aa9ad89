// Package batch decides when an open batch closes, and builds the file that a sealed batch is.
package batch

import (
	"fmt"
	"time"
)

// Policy says when an open batch closes: as soon as any of its limits is reached. A zero limit does not apply.
type Policy struct {
	Count int            // deliveries
	Size  int64          // bytes of the encoded bodies
	Age   time.Duration  // since the oldest delivery's submission was accepted
	At    []TimeOfDay    // times of day
	Zone  *time.Location // of At
}

// DefaultCount and DefaultSize bound a batch whose policy names no bound, so that memory stays bounded.
const (
	DefaultCount = 10_000
	DefaultSize  = 16 << 20
)

// TimeOfDay is a wall-clock time in the policy's zone.
type TimeOfDay struct{ Hour, Minute int }

// ParseTimeOfDay reads HH:MM.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return TimeOfDay{}, fmt.Errorf("time of day %q: want HH:MM, such as 18:00", s)
	}
	return TimeOfDay{Hour: t.Hour(), Minute: t.Minute()}, nil
}

// Reasons for closing, as journal and status name them.
const (
	ByCount    = "count"
	BySize     = "size"
	ByAge      = "age"
	ByTime     = "time"
	ByLayout   = "layout" // the next delivery needs another layout
	ByOperator = "operator"
)

// Due tells why a batch of count deliveries and size bytes, the oldest accepted at oldest, closes now;
// empty means not yet, and then next is when it will at the latest (zero: only by count or size).
func (p Policy) Due(now, oldest time.Time, count int, size int64) (why string, next time.Time) {
	if count == 0 {
		return "", time.Time{}
	}
	switch {
	case count >= p.MaxCount():
		return ByCount, now
	case size >= p.MaxSize():
		return BySize, now
	}
	if p.Age > 0 {
		next = oldest.Add(p.Age)
		if !now.Before(next) {
			return ByAge, now
		}
	}
	for _, t := range p.At {
		at := t.after(oldest, p.zone())
		if !now.Before(at) {
			return ByTime, now
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return "", next
}

// MaxCount returns the count that closes a batch.
func (p Policy) MaxCount() int {
	if p.Count > 0 {
		return p.Count
	}
	return DefaultCount
}

// MaxSize returns the size in bytes that closes a batch.
func (p Policy) MaxSize() int64 {
	if p.Size > 0 {
		return p.Size
	}
	return DefaultSize
}

func (p Policy) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

// after returns the first t strictly after when. A time that a change to summer time skips falls on the
// moment that the clocks show instead (package time's rule), so a batch closes once on that day as well.
func (t TimeOfDay) after(when time.Time, zone *time.Location) time.Time {
	w := when.In(zone)
	at := time.Date(w.Year(), w.Month(), w.Day(), t.Hour, t.Minute, 0, 0, zone)
	if !at.After(when) {
		at = time.Date(w.Year(), w.Month(), w.Day()+1, t.Hour, t.Minute, 0, 0, zone)
	}
	return at
}
