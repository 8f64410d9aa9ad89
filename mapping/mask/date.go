package mask

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// date is a text that is a day, and no more than a time with it.
type date struct {
	parts [3]string // as they are written
	order string    // which of them is the year, month and day: y, m, d
	seps  [2]string
	rest  string // such as a time
}

// dates are the ways in which days are written, with the order of their parts; b is day or month.
var dates = []struct {
	pattern *regexp.Regexp
	order   string
}{
	{regexp.MustCompile(`^(\d{4})([-/.])(\d{1,2})([-/.])(\d{1,2})(.*)$`), "ymd"},
	{regexp.MustCompile(`^((?:1[6-9]|20)\d{2}|9999)()(0[1-9]|1[0-2])()(0[1-9]|[12]\d|3[01])(.*)$`), "ymd"},
	{regexp.MustCompile(`^(\d{1,2})(\.)(\d{1,2})(\.)(\d{4}|\d{2})(.*)$`), "dmy"},
	{regexp.MustCompile(`^(\d{1,2})([/-])(\d{1,2})([/-])(\d{4}|\d{2})(.*)$`), "bby"},
	{regexp.MustCompile(`^(\d{4})(-)(0[1-9]|1[0-2])()()($)`), "ymd"},
}

// clock is what may follow a day: hours, minutes, seconds and parts of one, and a zone. A text in which something else follows is none.
var clock = regexp.MustCompile(`^(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?(?: ?Z| ?[+-](?:0\d|1[0-4]):?(?:00|15|30|45))?$`)

// noTime is what follows a day where nobody has named a time.
var noTime = regexp.MustCompile(`^(?:[T ](?:00:?00(?::?00(?:[.,]0+)?)?|23:?59(?::?59(?:[.,]9+)?)?))?(?: ?Z| ?[+-]\d\d:?\d\d)?$`)

// dateIn reads a text as a day; false where it is none.
func dateIn(text string) (d date, ok bool) {
	for _, way := range dates {
		m := way.pattern.FindStringSubmatch(text)
		if m == nil || m[2] != m[4] && m[5] != "" || !clock.MatchString(m[6]) {
			continue
		}
		d = date{parts: [3]string{m[1], m[3], m[5]}, order: way.order, seps: [2]string{m[2], m[4]}, rest: m[6]}
		fits := true
		for i, p := range d.parts {
			n, _ := strconv.Atoi(p)
			switch way.order[i] {
			case 'm':
				fits = fits && n <= 12
			case 'd', 'b':
				fits = fits && n <= 31
			}
		}
		if fits {
			return d, true
		}
	}
	return d, false
}

// open tells of a date that says that there is no day: 0000-00-00, 0001-01-01 and 9999-12-31.
func (d date) open() bool {
	written := map[byte]string{}
	for i, p := range d.parts {
		written[d.order[i]] = p
	}
	is := func(year, month, day int) bool {
		for i, p := range d.parts {
			n, _ := strconv.Atoi(p)
			switch want := map[byte]int{'y': year, 'm': month, 'd': day}; {
			case p == "":
			case d.order[i] == 'b' && n != month && n != day, d.order[i] != 'b' && n != want[d.order[i]]:
				return false
			}
		}
		return true
	}
	return len(written['y']) == 4 && noTime.MatchString(d.rest) && (is(0, 0, 0) || is(1, 1, 1) || is(9999, 12, 31))
}

// masked is another day some years around, written alike, at another time.
func (d date) masked(r *stream) string {
	if d.open() {
		return d.parts[0] + d.seps[0] + d.parts[1] + d.seps[1] + d.parts[2] + d.rest
	}
	out := d
	for i, p := range d.parts {
		n, _ := strconv.Atoi(p)
		drawn := 0
		switch {
		case p == "" || d.order[i] != 'y' && n == 0:
			continue
		case d.order[i] == 'y' && len(p) == 4:
			drawn = min(max(n-3+r.IntN(7), 0), 9999)
		case d.order[i] == 'y':
			drawn = min(max(n-3+r.IntN(7), 0), 99)
		case d.order[i] == 'm' || n <= 12 && d.order[i] == 'b':
			drawn = 1 + r.IntN(12)
		default:
			drawn = 1 + r.IntN(28)
			if d.order[i] == 'b' {
				drawn = 13 + r.IntN(16)
			}
		}
		if len(p) == 1 {
			drawn = (drawn-1)%9 + 1
		}
		out.parts[i] = fmt.Sprintf("%0*d", len(p), drawn)
	}
	return out.parts[0] + d.seps[0] + out.parts[1] + d.seps[1] + out.parts[2] + d.maskedTime(r)
}

// maskedTime is another time, in the same zone. Midnight, which often says that there is none, stays.
func (d date) maskedTime(r *stream) string {
	out := []byte(d.rest)
	at := clock.FindStringSubmatchIndex(d.rest)
	if at == nil || at[2] < 0 || strings.Trim(d.rest[at[2]:max(at[5], at[7], at[9])], "0:.,") == "" {
		return d.rest
	}
	for i, below := range []int{24, 60, 60} {
		if from := at[2+2*i]; from >= 0 {
			copy(out[from:], fmt.Sprintf("%02d", r.IntN(below)))
		}
	}
	for i := at[8]; i >= 0 && i < at[9]; i++ {
		out[i] = '0' + byte(r.IntN(10))
	}
	return string(out)
}
