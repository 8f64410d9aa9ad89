package connectors

import (
	"sort"
	"time"
)

// mostOffset is further from UTC than any clock was.
const mostOffset = 26 * time.Hour

// Moments tells when the clocks of a zone show a local time, which is the wall clock of local whatever its
// location: times is 1, or 2 where they were put back over it (first and last are the two), or 0 where they
// were put forward over it, and then first is the moment of that change. Everything that turns local time into
// a moment asks here, so that one local time means the same in databases, files and batches.
func Moments(local time.Time, zone *time.Location) (first, last time.Time, times int) {
	year, month, day := local.Date()
	hour, minute, second := local.Clock()
	wall := time.Date(year, month, day, hour, minute, second, local.Nanosecond(), time.UTC)
	before, t := time.Time{}, wall.Add(-mostOffset).In(zone)
	for ; t.Before(wall.Add(mostOffset)); before, t = t, next(t) {
		_, offset := t.Zone()
		at := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, there := at.Zone(); there == offset && !(times > 0 && at.Equal(last)) {
			if times++; times == 1 {
				first = at
			}
			last = at
		}
		if times == 0 && at.Before(t) { // the clocks went over it
			first = change(before, t)
			return first, first, 0
		}
	}
	return first, last, times
}

// next is when the clocks of t's zone may next be changed.
func next(t time.Time) time.Time {
	_, end := t.ZoneBounds()
	switch {
	case end.IsZero():
		return t.Add(2 * mostOffset)
	case !end.After(t): // Go's answer on the last day of a leap year
		return t.Add(time.Hour)
	}
	return end
}

// change finds the first moment in (from, to] that has the offset of to.
func change(from, to time.Time) time.Time {
	_, offset := to.Zone()
	seconds := sort.Search(int(to.Sub(from)/time.Second), func(n int) bool {
		_, o := from.Add(time.Duration(n) * time.Second).Zone()
		return o == offset
	})
	return from.Add(time.Duration(seconds) * time.Second).Truncate(time.Second)
}

// ShownTwice tells whether the clocks of t's zone show the same local time at another moment as well: without
// its offset t would not be known again.
func ShownTwice(t time.Time) bool {
	_, _, times := Moments(t, t.Location())
	return times > 1
}
