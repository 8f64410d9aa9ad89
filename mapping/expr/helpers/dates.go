package helpers

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/datefmt"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

var dateHelpers = map[string]Helper{
	"parseDate": {Min: 1, Max: 3, args: []sort{aText, aWhole}, make: makeParseDate, Absent: `missing stays missing, null stays null, "" is an error`,
		Usage:   `x | parseDate() or x | parseDate("dd.MM.yyyy") or x | parseDate("dd.MM.yy", 1930): a date; without a pattern yyyy-MM-dd. yy needs the first of the hundred years that it means, which may be computed: year(submission.received) - 99 for a day of birth`,
		Example: `"31.12.49" | parseDate("dd.MM.yy", 1930) = date 1949-12-31`},
	"incompleteDate": {Min: 3, Max: -1, args: []sort{aText}, make: makeIncompleteDate, Absent: `missing stays missing, null stays null, "" is an error`,
		Usage:   `x | incompleteDate("first", "dd.MM.yyyy", "MM.yyyy", "yyyy"): a date by one of the patterns, in which a day or month that is 00 or not in the pattern becomes the first or the "last" that it can be; that is put on record`,
		Example: `"00.05.1970" | incompleteDate("first", "dd.MM.yyyy", "yyyy") = date 1970-05-01 (an incomplete date was taken for the first day that it can be)`},
	"monthAsNumber": {Fussy: true, Min: 2, Max: 2, args: []sort{aText}, make: makeMonthAsNumber, Absent: `missing stays missing, null stays null, "" is an error`,
		Usage:   `x | monthAsNumber("de"): the text with the name of its month, full or abbreviated, as two digits, for parseDate; de, en, fr, nl`,
		Example: `"3. Mrz. 2024" | monthAsNumber("de") | parseDate("d. MM yyyy") = date 2024-03-03`},
	"parseDateTime": {Min: 3, Max: 5, Example: `"25.10.2026 02:30" | parseDateTime("dd.MM.yyyy HH:mm", "Europe/Berlin", "later") = date-time 2026-10-25T02:30:00+01:00 (of two moments the later was taken)`, args: []sort{aText}, make: makeParseDateTime, Absent: `missing stays missing, null stays null, "" is an error`,
		Usage: `x | parseDateTime("dd.MM.yyyy HH:mm", "Europe/Berlin") or x | parseDateTime("dd.MM.yyyy HH:mm", "Europe/Berlin", "earlier") or x | parseDateTime("dd.MM.yy HH:mm", "Europe/Berlin", "earlier", 1930): a point in time; the zone "none" keeps it without one, "own" takes the text's offset; "earlier" or "later" says which is meant where clocks show it twice; yy needs its first year last`},
	"formatDate": {Min: 2, Max: 2, Example: `"2024-02-29" | formatDate("dd.MM.yyyy") = "29.02.2024"`, args: []sort{aText}, make: makeFormatDate, Makes: value.Changed | value.Longer | value.Other, Absent: passes,
		Usage: `x | formatDate("yyyyMMdd"): the text of a date or date-time; a year that is not 1950 to 2049 is parked where yy is to write it`},
	"inZone": {Min: 2, Max: 2, Example: `"2024-02-29T13:14:15Z" | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "own") | inZone("Europe/Berlin") = date-time 2024-02-29T14:14:15+01:00`, args: []sort{aText}, make: makeInZone, Absent: passes,
		Usage: `x | inZone("Europe/Berlin"): the same moment on another zone's clock`},
	"localTime": {Min: 2, Max: 2, Example: `"2024-02-29T13:14:15Z" | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "own") | localTime("Europe/Berlin") = date-time 2024-02-29T14:14:15`, args: []sort{aText}, make: makeLocalTime, Absent: passes,
		Usage: `x | localTime("Europe/Berlin"): what a zone's clocks show at that moment, without its offset, also where they show it twice`},
	"toDate": {Min: 1, Max: 1, Example: `"2024-02-29T13:14:15Z" | toDate() = date 2024-02-29`, Absent: passes, fn: onDate(func(e *value.Run, t time.Time, _ []value.Value) value.Value { return dateValue(e, t) }),
		Usage: "x | toDate(): the day of a date-time on its own clock; ISO text is read"},
	"year":     {Min: 1, Max: 1, Example: `"2024-02-29" | year() = 2024`, Makes: value.Computed | value.Other, Absent: passes, Usage: "x | year(): of a date", fn: datePartOf(time.Time.Year)},
	"month":    {Min: 1, Max: 1, Example: `"2024-02-29" | month() = 2`, Makes: value.Computed | value.Other, Absent: passes, Usage: "x | month(): 1 to 12", fn: datePartOf(func(t time.Time) int { return int(t.Month()) })},
	"day":      {Min: 1, Max: 1, Example: `"2024-02-29" | day() = 29`, Makes: value.Computed | value.Other, Absent: passes, Usage: "x | day(): 1 to 31", fn: datePartOf(time.Time.Day)},
	"addDays":  {Min: 2, Max: 2, Example: `"2024-02-28" | addDays(2) = date 2024-03-01`, args: []sort{aWhole}, Makes: value.Computed | value.Other, Absent: passes, Usage: "x | addDays(14): a date so many days later, or earlier when negative", fn: onDate(addDays)},
	"yearsTo":  {Min: 2, Max: 2, Example: `"1951-07-04" | yearsTo("2026-07-03") = 74`, args: []sort{aDate}, both: true, Makes: value.Computed | value.Other, Absent: passes, Usage: "born | yearsTo(day): whole years from one date to another; there is no today", fn: betweenDates(yearsTo)},
	"daysTo":   {Min: 2, Max: 2, Example: `"2024-02-28" | daysTo("2024-03-01") = 2`, args: []sort{aDate}, both: true, Makes: value.Computed | value.Other, Absent: passes, Usage: "a | daysTo(b): days from one date to another", fn: betweenDates(daysTo)},
	"lastDay":  {Min: 1, Max: 1, Example: `"2024-02-03" | lastDay() = date 2024-02-29`, Makes: value.Computed | value.Other, Absent: passes, Usage: "x | lastDay(): the last day of its month", fn: dayOfMonth(1, 0)},
	"firstDay": {Min: 1, Max: 1, Example: `"2024-02-03" | firstDay() = date 2024-02-01`, Makes: value.Computed | value.Other, Absent: passes, Usage: "x | firstDay(): the first day of its month", fn: dayOfMonth(0, 1)},
}

// DateOf reads a date, the day of a date-time, or the ISO text of either.
func DateOf(e *value.Run, v value.Value) (time.Time, bool) {
	if v.Kind == value.KindDate || v.Kind == value.KindDateTime || v.Kind == value.KindText {
		if t, ok := value.ReadDate(v.Str); ok {
			return t, true
		}
		if t, _, ok := value.ReadDateTime(v.Str); ok {
			return t, true
		}
	}
	e.FailReading(v, value.CodeNotDate, "a date is needed; use parseDate() on a text")
	return time.Time{}, false
}

func dateValue(e *value.Run, t time.Time) value.Value {
	if y := t.Year(); y < 1 || y > 9999 {
		return e.Fail(value.CodeOutOfRange, "the date is out of range")
	}
	return value.Date(t)
}

// pattern compiles a constant date pattern argument.
func (c Call) pattern(i int, def string) (*datefmt.Pattern, *Mistake) {
	s := def
	if i < len(c.Consts) {
		text, ok := c.text(i)
		if !ok {
			return nil, wrong(CodeArguments, "the date pattern must be a text in quotes", "")
		}
		s = text
	}
	p, err := datefmt.Compile(s)
	switch {
	case err != nil && strings.Contains(s, "MMM"):
		return nil, wrong(CodeArguments, err.Error(), `names of months become numbers before: x | monthAsNumber("en") | parseDate("d MM yyyy")`).at(i)
	case err != nil:
		return nil, wrong(CodeArguments, err.Error(), "")
	case c.Strict && p.MinutesOfDay():
		return nil, wrong(CodeArguments, fmt.Sprintf("date pattern %q has minutes beside a day, and no hour", s), "MM is the month, mm the minute")
	}
	return p, nil
}

// zone loads a constant zone argument.
func (c Call) zone(i int) (*time.Location, *Mistake) {
	name, ok := c.text(i)
	if !ok {
		return nil, wrong(CodeArguments, "the zone must be a text in quotes, such as \"Europe/Berlin\"", "")
	}
	if name != "" {
		if loc, err := datefmt.Zone(name); err == nil {
			return loc, nil
		}
	}
	return nil, wrong(CodeArguments, "this zone is not known; write one such as \"Europe/Berlin\" or \"UTC\"", "")
}

func makeParseDate(c Call) (value.Function, *Mistake) {
	p, bad := c.pattern(1, "yyyy-MM-dd")
	switch {
	case bad != nil:
		return nil, bad
	case !p.HasDate():
		return nil, wrong(CodeArguments, "the pattern of a date needs year, month and day", "")
	}
	if len(c.Consts) > 2 && !p.TwoDigitYear() {
		return nil, needless().at(2)
	}
	return parsed(value.KindDate, "the text of a date is needed", func(e *value.Run, s string, a []value.Value) value.Value {
		t, err := p.Parse(s, firstYear(e, a[1:]))
		if err != nil {
			return e.Fail(value.CodeNotDate, "the date does not exist or has another pattern")
		}
		return value.Date(t)
	}), nil
}

// parsed makes a helper that reads texts; a value that is already of the kind that it makes stays.
func parsed(kind value.Kind, needed string, f func(e *value.Run, s string, a []value.Value) value.Value) value.Function {
	return func(e *value.Run, a []value.Value) value.Value {
		s, ok := a[0].Text()
		switch {
		case a[0].Kind == kind:
			return a[0]
		case !ok:
			return e.FailSort(a[0], value.CodeNotDate, needed)
		}
		return f(e, s, a)
	}
}

// windowed tells whether the last argument names the first of the hundred years that yy means; others behind the i-th are texts.
func (c Call) windowed(i int) bool {
	if len(c.Consts) <= i {
		return false
	}
	last := c.Consts[len(c.Consts)-1]
	return last == nil || last.Kind != value.KindText
}

func needless() *Mistake {
	return wrong(CodeArguments, "the first of a hundred years belongs to yy, which this pattern does not have", "")
}

// firstYear is the first of the hundred years that yy means, where the last of some arguments names it.
func firstYear(e *value.Run, a []value.Value) int {
	if n := len(a); n > 0 && a[n-1].Kind != value.KindText {
		return intArg(e, a[n-1], 9900)
	}
	return datefmt.FirstYear
}

func makeParseDateTime(c Call) (value.Function, *Mistake) {
	p, loc, which, bad := c.moment()
	if bad != nil {
		return nil, bad
	}
	return parsed(value.KindDateTime, "the text of a date with a time is needed", func(e *value.Run, s string, a []value.Value) value.Value {
		t, err := p.Parse(s, firstYear(e, a[3:]))
		if err != nil {
			return e.Fail(value.CodeNotDate, "the date or time does not exist or has another pattern")
		}
		switch {
		case p.HasZone() && loc != nil:
			t = t.In(loc)
		case loc != nil:
			t, err = atLocal(e, t, loc, which)
		}
		if err != nil {
			return value.Missing
		}
		return zonedValue(e, t, p.HasZone() || loc != nil)
	}), nil
}

// moment reads the arguments of parseDateTime: pattern, zone, and which of two moments.
func (c Call) moment() (p *datefmt.Pattern, loc *time.Location, which string, bad *Mistake) {
	if p, bad = c.pattern(1, ""); bad != nil {
		return
	}
	word := ""
	if c.Consts[2] != nil {
		word = c.Consts[2].Str
	}
	switch {
	case !p.HasDate() || !p.HasTime():
		bad = wrong(CodeArguments, "the pattern of a date-time needs year, month, day and hour", "")
	case word == "own" && !p.HasZone():
		bad = wrong(CodeArguments, `the zone "own" needs XXX in the pattern`, "")
	case word == "none" && p.HasZone():
		bad = wrong(CodeArguments, `the zone "none" needs a pattern without an offset`, "")
	case word != "own" && word != "none":
		loc, bad = c.zone(2)
	}
	if bad != nil {
		return
	}
	more := c.Consts[3:]
	if c.windowed(3) {
		more = more[:len(more)-1]
		if !p.TwoDigitYear() {
			bad = needless().at(len(c.Consts) - 1)
		}
	}
	if len(more) > 0 {
		if k := more[0]; k != nil {
			which = k.Str
		}
		if len(more) > 1 || loc == nil || p.HasZone() || which != "earlier" && which != "later" {
			bad = wrong(CodeArguments, `"earlier" or "later" says which of two moments a text without an offset means in a zone`, "")
		}
	}
	return
}

var errFailed = errors.New("the env has the error")

// atLocal finds the moment of a local time; which says which of two.
func atLocal(e *value.Run, local time.Time, loc *time.Location, which string) (time.Time, error) {
	first, last, times := connectors.Moments(local, loc)
	switch {
	case times == 1:
		return first, nil
	case times == 0:
		e.Fail(value.CodeNoSuchTime, "the local time does not exist: the clocks were put forward")
	case which == "earlier":
		e.Record("of two moments the earlier was taken")
		return first, nil
	case which == "later":
		e.Record("of two moments the later was taken")
		return last, nil
	default:
		e.Fail(value.CodeAmbiguousTime, `the local time exists twice, because clocks are put back: "earlier" or "later" in parseDateTime says which is meant`)
	}
	return local, errFailed
}

// zonedValue is a date-time with its offset, which has whole minutes in text.
func zonedValue(e *value.Run, t time.Time, zoned bool) value.Value {
	if _, offset := t.Zone(); zoned && offset%60 != 0 {
		return e.Fail(value.CodeOutOfRange, "the zone's clocks were not whole minutes from UTC at that time")
	}
	return value.DateTime(t, zoned)
}

func makeFormatDate(c Call) (value.Function, *Mistake) {
	p, bad := c.pattern(1, "")
	if bad != nil {
		return nil, bad
	}
	return func(e *value.Run, a []value.Value) value.Value {
		v := a[0]
		t, ok := DateOf(e, v)
		if !ok {
			return value.Missing
		}
		switch _, zoned, timed := value.ReadDateTime(v.Str); {
		case p.HasTime() && !timed:
			return e.FailReading(v, value.CodeNotDate, "a date has no time of day")
		case p.HasZone() && !zoned:
			return e.FailReading(v, value.CodeNotDate, "a date or time without an offset cannot be written with one")
		case p.Loses(t):
			return e.FailMade(value.CodeOutOfRange, "yy means 1950 to 2049, and the year is another: write yyyy, or formatDate(\"yyyyMMdd\") | substring(2) where its century may go")
		}
		return value.Text(p.Format(t))
	}, nil
}

func makeInZone(c Call) (value.Function, *Mistake) {
	return onMoment(c, func(e *value.Run, t time.Time) value.Value { return zonedValue(e, t, true) })
}

func makeLocalTime(c Call) (value.Function, *Mistake) {
	return onMoment(c, func(e *value.Run, t time.Time) value.Value {
		if connectors.ShownTwice(t) {
			e.Record("the offset was left out of a local time that exists twice")
		}
		return zonedValue(e, t, false)
	})
}

// onMoment makes a helper of a date-time with an offset, on a zone's clock.
func onMoment(c Call, f func(e *value.Run, t time.Time) value.Value) (value.Function, *Mistake) {
	loc, bad := c.zone(1)
	return func(e *value.Run, a []value.Value) value.Value {
		v := a[0]
		t, zoned, ok := value.ReadDateTime(v.Str)
		switch {
		case v.Kind != value.KindDateTime:
			return e.FailSort(v, value.CodeNotDate, "a date-time with an offset is needed")
		case !ok || !zoned:
			return e.Fail(value.CodeNotDate, "a date-time with an offset is needed")
		}
		return f(e, t.In(loc))
	}, bad
}

func onDate(f func(e *value.Run, t time.Time, a []value.Value) value.Value) value.Function {
	return func(e *value.Run, a []value.Value) value.Value {
		t, ok := DateOf(e, a[0])
		if !ok {
			return value.Missing
		}
		return f(e, t, a)
	}
}

func datePartOf(f func(time.Time) int) value.Function {
	return onDate(func(_ *value.Run, t time.Time, _ []value.Value) value.Value { return value.Int(int64(f(t))) })
}

// dayOfMonth makes a helper of a date: a day of its month or of one later; 0 is the day before the first.
func dayOfMonth(later time.Month, day int) value.Function {
	return onDate(func(e *value.Run, t time.Time, _ []value.Value) value.Value {
		return dateValue(e, time.Date(t.Year(), t.Month()+later, day, 0, 0, 0, 0, time.UTC))
	})
}

// betweenDates makes a helper of two dates.
func betweenDates(f func(from, to time.Time) int64) value.Function {
	return onDate(func(e *value.Run, from time.Time, a []value.Value) value.Value {
		to, ok := DateOf(e, a[1])
		if !ok {
			return value.Missing
		}
		return value.Int(f(from, to))
	})
}

func addDays(e *value.Run, t time.Time, a []value.Value) value.Value {
	const most, message = 4_000_000, "the number of days must be a whole number, and not too large"
	switch {
	case a[1].Kind != value.KindInt:
		return e.FailSort(a[1], value.CodeOutOfRange, message)
	case a[1].Int > most || a[1].Int < -most:
		return e.FailBy(a[1], value.CodeOutOfRange, message)
	}
	t = t.AddDate(0, 0, int(a[1].Int))
	if y := t.Year(); y < 1 || y > 9999 {
		return e.FailMade(value.CodeOutOfRange, "the date that many days away is out of range")
	}
	return dateValue(e, t)
}

func yearsTo(from, to time.Time) int64 {
	years := to.Year() - from.Year()
	if to.Month() < from.Month() || to.Month() == from.Month() && to.Day() < from.Day() {
		years--
	}
	return int64(years)
}

func daysTo(from, to time.Time) int64 {
	day := func(t time.Time) int64 {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
	}
	return day(to) - day(from)
}
