// Package datefmt parses and formats dates by patterns such as "yyyy-MM-dd HH:mm:ss", strictly: what
// does not match exactly is an error, and nothing depends on a clock or on a locale.
//
// Letters stand for fields: yyyy year, yy its last two digits, MM or M month, dd or d day, DDD day of
// the year, HH or H hour from 0 to 23, mm minute, ss second, S to SSSSSSSSS fraction of a second, XXX
// offset as +01:00 or Z, XX offset as +0100 or Z. Text between apostrophes is literal and two
// apostrophes are one; everything that is not a letter is literal too. M, d and H take one or two digits, so
// that something other than a digit must follow them.
package datefmt

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Pattern is a compiled pattern. It is immutable and safe for concurrent use.
type Pattern struct {
	parts  []part
	fields uint32 // bit set of kinds
}

type kind uint8

const (
	literal kind = iota
	year4
	year2
	month
	day
	yearDay
	hour
	minute
	second
	fraction
	offsetColon
	offsetPlain
)

type part struct {
	kind  kind
	width int // digits; 1 of month, day or hour means one or two
	text  string
}

// ErrMismatch says that a text does not have the pattern's form, or is no day or time of the calendar.
var ErrMismatch = errors.New("does not match the date pattern")

// Compile checks a pattern and prepares it. The error names the offending letters.
func Compile(pattern string) (*Pattern, error) {
	if pattern == "" {
		return nil, errors.New("date pattern is empty")
	}
	p := &Pattern{}
	for i := 0; i < len(pattern); {
		n, err := p.next(pattern[i:])
		if err != nil {
			return nil, fmt.Errorf("date pattern %q: %w", pattern, err)
		}
		i += n
	}
	if p.fields == 0 {
		return nil, fmt.Errorf("date pattern %q has no field such as yyyy", pattern)
	}
	for i := 1; i < len(p.parts); i++ {
		if p.parts[i-1].open() && p.parts[i].digit() {
			return nil, fmt.Errorf("date pattern %q: nothing tells where M, d or H ends; write MM, dd or HH", pattern)
		}
	}
	return p, nil
}

// open tells whether a part takes one or two digits.
func (q part) open() bool {
	return q.width == 1 && (q.kind == month || q.kind == day || q.kind == hour)
}

// digit tells whether a part begins with a digit.
func (q part) digit() bool {
	switch q.kind {
	case literal:
		return q.text != "" && q.text[0] >= '0' && q.text[0] <= '9'
	case offsetColon, offsetPlain:
		return false
	}
	return true
}

// MustCompile is Compile for patterns that are constants of the program.
func MustCompile(pattern string) *Pattern {
	p, err := Compile(pattern)
	if err != nil {
		panic(err)
	}
	return p
}

// next takes one part from the head of s and returns how many bytes it had.
func (p *Pattern) next(s string) (int, error) {
	c := s[0]
	if c == '\'' {
		return p.quoted(s)
	}
	if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
		p.literal(s[:1])
		return 1, nil
	}
	n := 1
	for n < len(s) && s[n] == c {
		n++
	}
	field, ok := fields[s[:n]]
	if c == 'S' && n <= 9 {
		field, ok = part{kind: fraction, width: n}, true
	}
	if !ok {
		return 0, fmt.Errorf("%q is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes", s[:n])
	}
	if p.has(field.kind) {
		return 0, fmt.Errorf("%q stands twice", s[:n])
	}
	p.fields |= 1 << field.kind
	p.parts = append(p.parts, field)
	return n, nil
}

func (p *Pattern) quoted(s string) (int, error) {
	if strings.HasPrefix(s, "''") {
		p.literal("'")
		return 2, nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		p.literal(b.String())
		return i + 1, nil
	}
	return 0, errors.New("an apostrophe is not closed")
}

func (p *Pattern) literal(s string) {
	if n := len(p.parts); n > 0 && p.parts[n-1].kind == literal {
		p.parts[n-1].text += s
		return
	}
	p.parts = append(p.parts, part{kind: literal, text: s})
}

// fields by their letters; S to SSSSSSSSS is another.
var fields = map[string]part{"yyyy": {kind: year4, width: 4}, "yy": {kind: year2, width: 2}, "MM": {kind: month, width: 2}, "M": {kind: month, width: 1},
	"dd": {kind: day, width: 2}, "d": {kind: day, width: 1}, "DDD": {kind: yearDay, width: 3}, "HH": {kind: hour, width: 2}, "H": {kind: hour, width: 1},
	"mm": {kind: minute, width: 2}, "ss": {kind: second, width: 2}, "XXX": {kind: offsetColon}, "XX": {kind: offsetPlain}}

func (p *Pattern) has(k kind) bool { return p.fields&(1<<k) != 0 }

// HasDate says whether the pattern names a whole day.
func (p *Pattern) HasDate() bool {
	return (p.has(year4) || p.has(year2)) && (p.has(month) && p.has(day) || p.has(yearDay))
}

// HasYear says whether the pattern has a year of four digits.
func (p *Pattern) HasYear() bool { return p.has(year4) }

// TwoDigitYear says whether the century of its year is not in the pattern.
func (p *Pattern) TwoDigitYear() bool { return p.has(year2) && !p.has(year4) }

// FirstYear is the year that yy begins with: 1950 to 2049.
const FirstYear = 1950

// Loses says whether a year written by the pattern would be read as another one: with two digits, outside of those that yy means.
func (p *Pattern) Loses(t time.Time) bool {
	return p.TwoDigitYear() && (t.Year() < FirstYear || t.Year() > FirstYear+99)
}

// HasTime says whether the pattern has at least the hour.
func (p *Pattern) HasTime() bool { return p.has(hour) }

// MinutesOfDay says whether the pattern has a day or part of it, and minutes, but no hour: then MM was meant.
func (p *Pattern) MinutesOfDay() bool {
	return p.has(minute) && !p.has(hour) && (p.has(year4) || p.has(year2) || p.has(month) || p.has(day) || p.has(yearDay))
}

// HasZone says whether the pattern has the offset from UTC.
func (p *Pattern) HasZone() bool { return p.has(offsetColon) || p.has(offsetPlain) }

// Format writes t by the pattern, in t's own location.
func (p *Pattern) Format(t time.Time) string { return string(p.Append(nil, t)) }

// numbers are those that fields show of a time.
var numbers = [...]func(time.Time) int{year4: time.Time.Year, year2: func(t time.Time) int { return t.Year() % 100 }, month: func(t time.Time) int { return int(t.Month()) },
	day: time.Time.Day, yearDay: time.Time.YearDay, hour: time.Time.Hour, minute: time.Time.Minute, second: time.Time.Second}

// Append appends t by the pattern to dst.
func (p *Pattern) Append(dst []byte, t time.Time) []byte {
	for _, q := range p.parts {
		switch q.kind {
		case literal:
			dst = append(dst, q.text...)
		case fraction:
			dst = append(dst, fmt.Sprintf("%09d", t.Nanosecond())[:q.width]...)
		case offsetColon:
			dst = t.AppendFormat(dst, "Z07:00")
		case offsetPlain:
			dst = t.AppendFormat(dst, "Z0700")
		default:
			dst = digits(dst, numbers[q.kind](t), q.width)
		}
	}
	return dst
}

func digits(dst []byte, n, width int) []byte {
	var b [20]byte
	i := len(b)
	for n > 0 || i == len(b) {
		i--
		b[i] = byte('0' + n%10)
		n /= 10
	}
	for len(b)-i < width {
		i--
		b[i] = '0'
	}
	return append(dst, b[i:]...)
}

// Shape is a regular expression that every text of the pattern matches, and some others.
func (p *Pattern) Shape() string {
	var b strings.Builder
	for _, q := range p.parts {
		switch {
		case q.kind == literal:
			b.WriteString(regexp.QuoteMeta(q.text))
		case q.width == 0: // an offset
			b.WriteString(".{1,6}")
		case q.open():
			b.WriteString("[0-9]{1,2}")
		default:
			fmt.Fprintf(&b, "[0-9]{%d}", q.width)
		}
	}
	return "^" + b.String() + "$"
}
