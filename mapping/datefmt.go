package mapping

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// datePattern is a compiled pattern such as yyyy-MM-dd'T'HH:mm:ss.
type datePattern struct {
	parts  []datePart
	date   bool // has year, month and day
	clock  bool // has an hour
	offset bool // has an offset from UTC
}

// datePart is a field (letter, count) or a literal text.
type datePart struct {
	letter byte
	count  int
	text   string
}

// dateFields are the letters and the counts each may have.
var dateFields = map[byte][]int{'y': {2, 4}, 'M': {1, 2}, 'd': {1, 2}, 'H': {1, 2}, 'm': {2}, 's': {2}, 'S': {1, 2, 3, 6, 9}, 'X': {1, 3}}

var errPattern = errors.New("a date pattern is made of yyyy, yy, MM, M, dd, d, HH, H, mm, ss, SSS, XXX, and other text in quotes")

// newDatePattern compiles a pattern. Letters that are no field must stand in single quotes.
func newDatePattern(s string) (*datePattern, error) {
	p := &datePattern{}
	for i := 0; i < len(s); {
		ch := s[i]
		switch {
		case ch == '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return nil, errPattern
			}
			p.literal(s[i+1 : i+1+end])
			i += end + 2
		case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z':
			n := 1
			for i+n < len(s) && s[i+n] == ch {
				n++
			}
			if !p.field(ch, n) {
				return nil, errPattern
			}
			i += n
		default:
			p.literal(s[i : i+1])
			i++
		}
	}
	if len(p.parts) == 0 {
		return nil, errPattern
	}
	p.summarise()
	return p, nil
}

func (p *datePattern) literal(s string) {
	if s == "" {
		s = "'"
	}
	p.parts = append(p.parts, datePart{text: s})
}

func (p *datePattern) field(letter byte, count int) bool {
	for _, n := range dateFields[letter] {
		if n == count {
			p.parts = append(p.parts, datePart{letter: letter, count: count})
			return true
		}
	}
	return false
}

func (p *datePattern) summarise() {
	seen := map[byte]bool{}
	for _, part := range p.parts {
		seen[part.letter] = true
	}
	p.date = seen['y'] && seen['M'] && seen['d']
	p.clock = seen['H']
	p.offset = seen['X']
}

// moment is what a pattern reads; the zone is seconds east of UTC.
type moment struct{ y, mo, d, h, mi, s, ns, zone int }

// parse reads s, which must match the whole pattern and be a real date. yy means 1950 to 2049.
func (p *datePattern) parse(s string) (moment, bool) {
	m := moment{y: 1, mo: 1, d: 1}
	for _, part := range p.parts {
		var ok bool
		if part.letter == 0 {
			s, ok = strings.CutPrefix(s, part.text)
		} else {
			s, ok = part.read(s, &m)
		}
		if !ok {
			return m, false
		}
	}
	if s != "" || m.mo < 1 || m.mo > 12 || m.d < 1 || m.d > daysIn(m.y, m.mo) || m.h > 23 || m.mi > 59 || m.s > 59 {
		return m, false
	}
	return m, true
}

func (part datePart) read(s string, m *moment) (string, bool) {
	if part.letter == 'X' {
		return readOffset(s, part.count, m)
	}
	n := part.count
	if n == 1 && part.letter != 'S' && len(s) > 1 && s[1] >= '0' && s[1] <= '9' {
		n = 2 // M, d and H take one or two digits
	}
	if len(s) < n || !allDigits(s[:n]) {
		return s, false
	}
	x, _ := strconv.Atoi(s[:n])
	switch part.letter {
	case 'y':
		if n == 2 {
			x += 1900
			if x < 1950 {
				x += 100
			}
		}
		m.y = x
		if x == 0 {
			return s, false
		}
	case 'M':
		m.mo = x
	case 'd':
		m.d = x
	case 'H':
		m.h = x
	case 'm':
		m.mi = x
	case 's':
		m.s = x
	case 'S':
		for range 9 - n {
			x *= 10
		}
		m.ns = x
	}
	return s[n:], true
}

// readOffset reads Z, +01:00 (XXX) or +0100 (X).
func readOffset(s string, count int, m *moment) (string, bool) {
	if strings.HasPrefix(s, "Z") {
		return s[1:], true
	}
	n, at := 5, 3
	if count == 3 {
		n, at = 6, 4
	}
	if len(s) < n || s[0] != '+' && s[0] != '-' || !allDigits(s[1:3]) || !allDigits(s[at:n]) || count == 3 && s[3] != ':' {
		return s, false
	}
	h, _ := strconv.Atoi(s[1:3])
	mi, _ := strconv.Atoi(s[at:n])
	if h > 14 || mi > 59 {
		return s, false
	}
	m.zone = h*3600 + mi*60
	if s[0] == '-' {
		m.zone = -m.zone
	}
	return s[n:], true
}

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// format writes t, in the zone it has.
func (p *datePattern) format(t time.Time) string {
	var b strings.Builder
	for _, part := range p.parts {
		switch part.letter {
		case 0:
			b.WriteString(part.text)
		case 'y':
			if part.count == 2 {
				fmt.Fprintf(&b, "%02d", t.Year()%100)
			} else {
				fmt.Fprintf(&b, "%04d", t.Year())
			}
		case 'M':
			fmt.Fprintf(&b, "%0*d", part.count, int(t.Month()))
		case 'd':
			fmt.Fprintf(&b, "%0*d", part.count, t.Day())
		case 'H':
			fmt.Fprintf(&b, "%0*d", part.count, t.Hour())
		case 'm':
			fmt.Fprintf(&b, "%02d", t.Minute())
		case 's':
			fmt.Fprintf(&b, "%02d", t.Second())
		case 'S':
			b.WriteString(fmt.Sprintf("%09d", t.Nanosecond())[:part.count])
		case 'X':
			b.WriteString(t.Format(map[int]string{1: "Z0700", 3: "Z07:00"}[part.count]))
		}
	}
	return b.String()
}

// isoDate writes YYYY-MM-DD without fmt, because every form has dates.
func isoDate(y, m, d int) string {
	var b [10]byte
	b[0], b[1], b[2], b[3] = byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10)
	b[4], b[5], b[6] = '-', byte('0'+m/10), byte('0'+m%10)
	b[7], b[8], b[9] = '-', byte('0'+d/10), byte('0'+d%10)
	return string(b[:])
}

// dateTimeText writes RFC 3339; without an offset when zoned is false.
func dateTimeText(t time.Time, zoned bool) string {
	if zoned {
		return t.Format("2006-01-02T15:04:05.999999999Z07:00")
	}
	return t.Format("2006-01-02T15:04:05.999999999")
}

// readDateTime reads what dateTimeText wrote; zoned tells whether it had an offset.
func readDateTime(s string) (t time.Time, zoned, ok bool) {
	if t, err := time.Parse("2006-01-02T15:04:05Z07:00", s); err == nil {
		return t, true, true
	}
	t, err := time.Parse("2006-01-02T15:04:05", s)
	return t, false, err == nil
}

// compareTimes compares two date-times; one with and one without an offset cannot be compared.
func compareTimes(e *env, a, b string) int {
	x, xz, ok := readDateTime(a)
	y, yz, ok2 := readDateTime(b)
	if !ok || !ok2 || xz != yz {
		e.fail(CodeCompare, "a time with and one without an offset cannot be compared")
		return 0
	}
	return x.Compare(y)
}
