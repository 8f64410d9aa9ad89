package datefmt

import (
	"strings"
	"time"
)

// moment collects the fields of a text while it is parsed.
type moment struct {
	fields [offsetPlain + 1]int // by kind
	offset int                  // seconds east of UTC
}

// Parse reads s by the pattern; yy is a year from first to first+99, such as 1930 to 2029. Fields that the pattern lacks are the
// first of January of year 1, and midnight; without an offset the location is UTC, which only says that there is none. Whatever
// does not match gives ErrMismatch.
func (p *Pattern) Parse(s string, first int) (time.Time, error) {
	m := moment{}
	m.fields[year4], m.fields[month], m.fields[day] = 1, 1, 1
	if !m.read(p, s, first) {
		return time.Time{}, ErrMismatch
	}
	return m.time(p.has(yearDay))
}

// read takes all parts of a pattern, and nothing else.
func (m *moment) read(p *Pattern, s string, first int) (ok bool) {
	for _, q := range p.parts {
		if s, ok = m.take(q, s, first); !ok {
			return false
		}
	}
	return s == ""
}

// Incomplete is Parse of a day that may lack its number, or that of its month too: they are 00, or not in the pattern. It is the first day
// that it can be, or the last; whole tells that nothing was lacking.
func (p *Pattern) Incomplete(s string, last bool) (t time.Time, whole bool, err error) {
	m := moment{}
	if !m.read(p, s, 0) {
		return time.Time{}, false, ErrMismatch
	}
	noMonth, noDay := m.fields[month] == 0, m.fields[day] == 0
	whole = p.has(yearDay) || !noMonth && !noDay
	switch {
	case whole:
	case noMonth && !noDay:
		return time.Time{}, false, ErrMismatch
	case noMonth && last:
		m.fields[month], m.fields[day] = 12, 31
	case noMonth:
		m.fields[month], m.fields[day] = 1, 1
	case last:
		m.fields[day] = time.Date(m.fields[year4], time.Month(m.fields[month])+1, 0, 0, 0, 0, 0, time.UTC).Day()
	default:
		m.fields[day] = 1
	}
	t, err = m.time(p.has(yearDay))
	return t, whole, err
}

// take reads one part from the head of s.
func (m *moment) take(q part, s string, first int) (string, bool) {
	switch q.kind {
	case literal:
		return strings.CutPrefix(s, q.text)
	case offsetColon, offsetPlain:
		return m.takeOffset(s, q.kind == offsetColon)
	}
	n, rest, ok := number(s, q.width, q.open())
	switch q.kind {
	case year2:
		if n += first - first%100; n < first {
			n += 100
		}
		m.fields[year4] = n
	case fraction:
		for range 9 - q.width {
			n *= 10
		}
	}
	if q.kind != year2 {
		m.fields[q.kind] = n
	}
	return rest, ok
}

// number reads width digits, or with open one or two.
func number(s string, width int, open bool) (n int, rest string, ok bool) {
	i, most := 0, width
	if open {
		most = 2
	}
	for i < most && i < len(s) && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, s[i:], i >= width
}

func (m *moment) takeOffset(s string, colon bool) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "Z"); ok {
		return rest, true
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return s, false
	}
	h, rest, ok := number(s[1:], 2, false)
	if !ok {
		return s, false
	}
	if colon {
		if rest, ok = strings.CutPrefix(rest, ":"); !ok {
			return s, false
		}
	}
	min, rest, ok := number(rest, 2, false)
	if !ok || h > 14 || min > 59 {
		return s, false
	}
	m.offset = h*3600 + min*60
	if s[0] == '-' {
		m.offset = -m.offset
	}
	return rest, true
}

// time builds the instant and refuses what the calendar does not have.
func (m *moment) time(byYearDay bool) (time.Time, error) {
	f, loc := m.fields, time.UTC
	if m.offset != 0 {
		loc = time.FixedZone("", m.offset)
	}
	if byYearDay {
		d := time.Date(f[year4], 1, f[yearDay], 0, 0, 0, 0, time.UTC)
		if f[yearDay] < 1 || d.Year() != f[year4] {
			return time.Time{}, ErrMismatch
		}
		f[month], f[day] = int(d.Month()), d.Day()
	}
	t := time.Date(f[year4], time.Month(f[month]), f[day], f[hour], f[minute], f[second], f[fraction], loc)
	if f[year4] < 1 {
		return time.Time{}, ErrMismatch
	}
	for _, k := range []kind{year4, month, day, hour, minute, second} {
		if numbers[k](t) != f[k] {
			return time.Time{}, ErrMismatch
		}
	}
	return t, nil
}
