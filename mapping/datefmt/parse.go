package datefmt

import (
	"strings"
	"time"
)

// moment collects the fields of a text while it is parsed.
type moment struct {
	year, month, day, yearDay  int
	hour, minute, second, nano int
	offset                     int // seconds east of UTC
}

// Parse reads s by the pattern. Fields that the pattern lacks are the first of January of year 1, and
// midnight; without an offset the location is UTC, which only says that there is none. A pattern with yy gives
// ErrTwoDigitYear; whatever does not match gives ErrMismatch.
func (p *Pattern) Parse(s string) (time.Time, error) {
	if p.TwoDigitYear() {
		return time.Time{}, ErrTwoDigitYear
	}
	return p.parse(s, 0)
}

// ParseFrom is Parse where yy is a year from first to first+99, such as 1930 to 2029.
func (p *Pattern) ParseFrom(s string, first int) (time.Time, error) { return p.parse(s, first) }

func (p *Pattern) parse(s string, first int) (time.Time, error) {
	m := moment{year: 1, month: 1, day: 1}
	for _, q := range p.parts {
		rest, ok := m.take(q, s, first)
		if !ok {
			return time.Time{}, ErrMismatch
		}
		s = rest
	}
	if s != "" {
		return time.Time{}, ErrMismatch
	}
	return m.time(p.has(yearDay))
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
	if !ok {
		return s, false
	}
	switch q.kind {
	case year4:
		m.year = n
	case year2:
		m.year = first - first%100 + n
		if m.year < first {
			m.year += 100
		}
	case month:
		m.month = n
	case day:
		m.day = n
	case yearDay:
		m.yearDay = n
	case hour:
		m.hour = n
	case minute:
		m.minute = n
	case second:
		m.second = n
	case fraction:
		for range 9 - q.width {
			n *= 10
		}
		m.nano = n
	}
	return rest, true
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
	loc := time.UTC
	if m.offset != 0 {
		loc = time.FixedZone("", m.offset)
	}
	if byYearDay {
		d := time.Date(m.year, 1, m.yearDay, 0, 0, 0, 0, time.UTC)
		if m.yearDay < 1 || d.Year() != m.year {
			return time.Time{}, ErrMismatch
		}
		m.month, m.day = int(d.Month()), d.Day()
	}
	t := time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute, m.second, m.nano, loc)
	if m.year < 1 || t.Year() != m.year || int(t.Month()) != m.month || t.Day() != m.day ||
		t.Hour() != m.hour || t.Minute() != m.minute || t.Second() != m.second {
		return time.Time{}, ErrMismatch
	}
	return t, nil
}
