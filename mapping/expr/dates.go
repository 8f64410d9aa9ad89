package expr

import "time"

// ISODate writes YYYY-MM-DD without fmt, because every form has dates.
func ISODate(y, m, d int) string {
	var b [10]byte
	b[0], b[1], b[2], b[3] = byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10)
	b[4], b[5], b[6] = '-', byte('0'+m/10), byte('0'+m%10)
	b[7], b[8], b[9] = '-', byte('0'+d/10), byte('0'+d%10)
	return string(b[:])
}

// DateTimeText writes RFC 3339; without an offset when zoned is false.
func DateTimeText(t time.Time, zoned bool) string {
	if zoned {
		return t.Format("2006-01-02T15:04:05.999999999Z07:00")
	}
	return t.Format("2006-01-02T15:04:05.999999999")
}

// ReadDateTime reads what dateTimeText wrote; zoned tells whether it had an offset.
func ReadDateTime(s string) (t time.Time, zoned, ok bool) {
	if t, err := time.Parse("2006-01-02T15:04:05Z07:00", s); err == nil {
		return t, true, true
	}
	t, err := time.Parse("2006-01-02T15:04:05", s)
	return t, false, err == nil
}

// compareTimes compares two date-times; one with and one without an offset cannot be compared.
func compareTimes(e *Env, a, b string) int {
	x, xz, ok := ReadDateTime(a)
	y, yz, ok2 := ReadDateTime(b)
	if !ok || !ok2 || xz != yz {
		e.Fail(CodeCompare, "a time with and one without an offset cannot be compared")
		return 0
	}
	return x.Compare(y)
}
