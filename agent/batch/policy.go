// Package batch decides when an open batch closes, and builds the file that a sealed batch is.
package batch

import (
	"fmt"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Policy says when an open batch closes: as soon as any of its limits is reached. A zero limit does not apply, and
// nothing else closes it.
type Policy struct {
	Count int            // deliveries
	Size  int64          // bytes of the encoded bodies
	Age   time.Duration  // since the oldest delivery's submission was accepted
	At    []TimeOfDay    // times of day
	Zone  *time.Location // of At
}

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
	ByCount  = "count"
	BySize   = "size"
	ByAge    = "age"
	ByTime   = "time"
	ByLayout = "layout" // the next delivery needs another layout
)

// Due tells why a batch of count deliveries and size bytes, the oldest accepted at oldest, closes now;
// empty means not yet, and then next is when it will at the latest (zero: only by count or size). What was due up to
// closed was done: that is the last time of day that closed a batch, which may come again when the clock is set back.
func (p Policy) Due(now, oldest, closed time.Time, count int, size int64) (why string, next time.Time) {
	if count == 0 {
		return "", time.Time{}
	}
	switch {
	case p.Count > 0 && count >= p.Count:
		return ByCount, now
	case p.Size > 0 && size >= p.Size:
		return BySize, now
	}
	if p.Age > 0 {
		next = oldest.Add(p.Age)
		if !now.Before(next) {
			return ByAge, now
		}
	}
	if closed.Before(oldest) || closed.Sub(now) > mostSetBack {
		closed = oldest
	}
	if at := p.NextTime(closed); !at.IsZero() {
		if !now.Before(at) {
			return ByTime, now
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return "", next
}

// mostSetBack is by how much a clock may be set back without a time of day counting twice. One that was wrong by more
// has closed the last batch at a time that says nothing.
const mostSetBack = time.Hour

// Fits tells whether a batch of count deliveries and size bytes has room for one more of a size.
func (p Policy) Fits(count int, size, more int64) bool {
	return (p.Count == 0 || count < p.Count) && (p.Size == 0 || count == 0 || size+more <= p.Size)
}

// Full tells whether a batch takes no more.
func (p Policy) Full(count int, size int64) bool {
	return p.Count > 0 && count >= p.Count || p.Size > 0 && size >= p.Size
}

// NextTime returns the first time of day of the policy strictly after a moment; zero when it has none.
func (p Policy) NextTime(after time.Time) (next time.Time) {
	for _, t := range p.At {
		if at := t.after(after, p.zone()); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

func (p Policy) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

// after returns the first moment of t strictly after when. Each day has one: where clocks show t twice, the first time;
// where they skip it, the moment at which they are put forward. A day that the calendar left out has none.
func (t TimeOfDay) after(when time.Time, zone *time.Location) time.Time {
	year, month, day := when.In(zone).Date()
	for n := -1; ; n++ { // clocks may go back over midnight
		local := time.Date(year, month, day+n, t.Hour, t.Minute, 0, 0, time.UTC)
		at, _, times := connectors.Moments(local, zone)
		if times == 0 {
			noon := time.Date(year, month, day+n, 12, 0, 0, 0, time.UTC)
			if _, _, times := connectors.Moments(noon, zone); times == 0 {
				continue
			}
		}
		if at.After(when) {
			return at
		}
	}
}
