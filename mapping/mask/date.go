package mask

import (
	"fmt"
	"regexp"
	"strconv"
)

// date is a text that begins with a day.
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
	{regexp.MustCompile(`^(\d{4})([-/.])(\d{1,2})([-/.])(\d{1,2})($|[T ].*$|[Z+-].*$)`), "ymd"},
	{regexp.MustCompile(`^((?:1[6-9]|20)\d{2}|9999)()(0[1-9]|1[0-2])()(0[1-9]|[12]\d|3[01])($|T.*$)`), "ymd"},
	{regexp.MustCompile(`^(\d{1,2})(\.)(\d{1,2})(\.)(\d{4}|\d{2})($|[T ].*$)`), "dmy"},
	{regexp.MustCompile(`^(\d{1,2})([/-])(\d{1,2})([/-])(\d{4}|\d{2})($|[T ].*$)`), "bby"},
	{regexp.MustCompile(`^(\d{4})(-)(0[1-9]|1[0-2])()()($)`), "ymd"},
}

var clock = regexp.MustCompile(`\d{2}:\d{2}(:\d{2})?`)

// dateIn reads a text as a day; false where it is none.
func dateIn(text string) (d date, ok bool) {
	for _, way := range dates {
		m := way.pattern.FindStringSubmatch(text)
		if m == nil || m[2] != m[4] && m[5] != "" {
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

// open tells of a date that says that there is no day, such as 0000-00-00 or 9999-12-31.
func (d date) open() bool {
	for i, p := range d.parts {
		n, _ := strconv.Atoi(p)
		if d.order[i] == 'y' && len(p) == 4 && (n < 1000 || n > 3000) || d.order[i] != 'y' && p != "" && n == 0 {
			return true
		}
	}
	return false
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
		case p == "":
			continue
		case d.order[i] == 'y' && len(p) == 4:
			drawn = n - 3 + r.IntN(7)
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
	rest := clock.ReplaceAllStringFunc(d.rest, func(s string) string {
		if s == "00:00" || s == "00:00:00" {
			return s
		}
		t := fmt.Sprintf("%02d:%02d", r.IntN(24), r.IntN(60))
		if len(s) == 8 {
			t += fmt.Sprintf(":%02d", r.IntN(60))
		}
		return t
	})
	return out.parts[0] + d.seps[0] + out.parts[1] + d.seps[1] + out.parts[2] + rest
}
