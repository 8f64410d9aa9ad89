package value

import "time"

// Date makes a date of a day.
func Date(day time.Time) Value { return Value{Kind: KindDate, Str: day.Format(time.DateOnly)} }

// DateTime makes a date-time, as RFC 3339 writes it; without an offset when zoned is false.
func DateTime(t time.Time, zoned bool) Value {
	layout := "2006-01-02T15:04:05.999999999"
	if zoned {
		layout = time.RFC3339Nano
	}
	return Value{Kind: KindDateTime, Str: t.Format(layout)}
}

// ReadDate reads YYYY-MM-DD. The calendar has no year 0.
func ReadDate(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil && t.Year() > 0
}

// maxOffset in seconds is more than clocks differ anywhere from UTC. PostgreSQL refuses such times.
const maxOffset = 15 * 3600

// ReadDateTime reads what DateTime wrote; zoned tells whether it had an offset.
func ReadDateTime(s string) (t time.Time, zoned, ok bool) {
	t, err := time.Parse(time.RFC3339, s)
	zoned = err == nil
	if !zoned {
		t, err = time.Parse("2006-01-02T15:04:05", s)
	}
	_, offset := t.Zone()
	return t, zoned, err == nil && t.Year() > 0 && max(offset, -offset) < maxOffset
}

// compareTimes compares two date-times; one with and one without an offset cannot be compared.
func (r *Run) compareTimes(a, b string) int {
	x, xz, ok := ReadDateTime(a)
	y, yz, ok2 := ReadDateTime(b)
	if !ok || !ok2 || xz != yz {
		r.Fail(CodeCompare, "a time with and one without an offset cannot be compared")
		return 0
	}
	return x.Compare(y)
}
