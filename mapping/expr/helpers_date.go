package expr

import (
	"errors"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/datefmt"
)

var dateHelpers = map[string]helper{
	"parseDate": {min: 1, max: 2, make: makeParseDate, absent: `missing stays missing, null stays null, "" is an error`,
		usage: `x | parseDate(["dd.MM.yyyy"]): a date; without a pattern yyyy-MM-dd; yy means 1950 to 2049`},
	"parseDateTime": {min: 3, max: 4, make: makeParseDateTime, absent: `missing stays missing, null stays null, "" is an error`,
		usage: `x | parseDateTime("dd.MM.yyyy HH:mm", "Europe/Berlin"[, "earlier"]): a point in time; the zone "none" keeps it without one, "own" takes the text's offset; "earlier" or "later" says which is meant where clocks show it twice`},
	"formatDate": {min: 2, max: 2, make: makeFormatDate, makes: Changed | longer | Other, absent: passes,
		usage: `x | formatDate("yyyyMMdd"): the text of a date or date-time; a year that is not 1950 to 2049 is parked where yy is to write it`},
	"inZone": {min: 2, max: 2, make: makeInZone, absent: passes,
		usage: `x | inZone("Europe/Berlin"): the same moment on another zone's clock`},
	"localTime": {min: 2, max: 2, make: makeLocalTime, absent: passes,
		usage: `x | localTime("Europe/Berlin"): what a zone's clocks show at that moment, without its offset, also where they show it twice`},
	"toDate": {min: 1, max: 1, absent: passes, fn: onDate(func(e *Run, t time.Time, _ []Value) Value { return dateValue(e, t) }),
		usage: "x | toDate(): the day of a date-time on its own clock; ISO text is read"},
	"year":     {min: 1, max: 1, makes: Computed | Other, absent: passes, usage: "x | year(): of a date", fn: datePartOf(time.Time.Year)},
	"month":    {min: 1, max: 1, makes: Computed | Other, absent: passes, usage: "x | month(): 1 to 12", fn: datePartOf(func(t time.Time) int { return int(t.Month()) })},
	"day":      {min: 1, max: 1, makes: Computed | Other, absent: passes, usage: "x | day(): 1 to 31", fn: datePartOf(time.Time.Day)},
	"addDays":  {min: 2, max: 2, makes: Computed | Other, absent: passes, usage: "x | addDays(14): a date so many days later, or earlier when negative", fn: onDate(addDays)},
	"yearsTo":  {min: 2, max: 2, both: true, makes: Computed | Other, absent: passes, usage: "born | yearsTo(day): whole years from one date to another; there is no today", fn: betweenDates(yearsTo)},
	"daysTo":   {min: 2, max: 2, both: true, makes: Computed | Other, absent: passes, usage: "a | daysTo(b): days from one date to another", fn: betweenDates(daysTo)},
	"lastDay":  {min: 1, max: 1, makes: Computed | Other, absent: passes, usage: "x | lastDay(): the last day of its month", fn: dayOfMonth(1, 0)},
	"firstDay": {min: 1, max: 1, makes: Computed | Other, absent: passes, usage: "x | firstDay(): the first day of its month", fn: dayOfMonth(0, 1)},
}

// DateOf reads a date, the day of a date-time, or the ISO text of either.
func DateOf(e *Run, v Value) (time.Time, bool) {
	if v.Kind == KindDate || v.Kind == KindDateTime || v.Kind == KindText {
		if t, ok := readDate(v.Str); ok {
			return t, true
		}
		if t, _, ok := ReadDateTime(v.Str); ok {
			return t, true
		}
	}
	e.FailReading(v, CodeNotDate, "a date is needed; use parseDate() on a text")
	return time.Time{}, false
}

func dateValue(e *Run, t time.Time) Value {
	if y := t.Year(); y < 1 || y > 9999 {
		return e.Fail(CodeOutOfRange, "the date is out of range")
	}
	return Date(t)
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

func makeParseDate(c Call) (Function, *Mistake) {
	p, bad := c.pattern(1, "yyyy-MM-dd")
	switch {
	case bad != nil:
		return nil, bad
	case !p.HasDate():
		return nil, wrong(CodeArguments, "the pattern of a date needs year, month and day", "")
	}
	return func(e *Run, a []Value) Value {
		v := a[0]
		if v.Kind == KindDate {
			return v
		}
		s, ok := v.Text()
		if !ok {
			return e.FailSort(v, CodeNotDate, "the text of a date is needed")
		}
		t, err := p.Parse(s, datefmt.FirstYear)
		if err != nil {
			return e.Fail(CodeNotDate, "the date does not exist or has another pattern")
		}
		return Date(t)
	}, nil
}

func makeParseDateTime(c Call) (Function, *Mistake) {
	p, loc, which, bad := c.moment()
	if bad != nil {
		return nil, bad
	}
	return func(e *Run, a []Value) Value {
		v := a[0]
		if v.Kind == KindDateTime {
			return v
		}
		s, ok := v.Text()
		if !ok {
			return e.FailSort(v, CodeNotDate, "the text of a date with a time is needed")
		}
		t, err := p.Parse(s, datefmt.FirstYear)
		if err != nil {
			return e.Fail(CodeNotDate, "the date or time does not exist or has another pattern")
		}
		switch {
		case p.HasZone() && loc != nil:
			t = t.In(loc)
		case loc != nil:
			t, err = atLocal(e, t, loc, which)
		}
		if err != nil {
			return Missing
		}
		return zonedValue(e, t, p.HasZone() || loc != nil)
	}, nil
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
	if bad == nil && len(c.Consts) == 4 {
		if k := c.Consts[3]; k != nil {
			which = k.Str
		}
		if loc == nil || p.HasZone() || which != "earlier" && which != "later" {
			bad = wrong(CodeArguments, `"earlier" or "later" says which of two moments a text without an offset means in a zone`, "")
		}
	}
	return
}

var errFailed = errors.New("the env has the error")

// atLocal finds the moment of a local time; which says which of two.
func atLocal(e *Run, local time.Time, loc *time.Location, which string) (time.Time, error) {
	first, last, times := connectors.Moments(local, loc)
	switch {
	case times == 1:
		return first, nil
	case times == 0:
		e.Fail(CodeNoSuchTime, "the local time does not exist: the clocks were put forward")
	case which == "earlier":
		e.Record("of two moments the earlier was taken")
		return first, nil
	case which == "later":
		e.Record("of two moments the later was taken")
		return last, nil
	default:
		e.Fail(CodeAmbiguousTime, `the local time exists twice, because clocks are put back: "earlier" or "later" in parseDateTime says which is meant`)
	}
	return local, errFailed
}

// zonedValue is a date-time with its offset, which has whole minutes in text.
func zonedValue(e *Run, t time.Time, zoned bool) Value {
	if _, offset := t.Zone(); zoned && offset%60 != 0 {
		return e.Fail(CodeOutOfRange, "the zone's clocks were not whole minutes from UTC at that time")
	}
	return DateTime(t, zoned)
}

func makeFormatDate(c Call) (Function, *Mistake) {
	p, bad := c.pattern(1, "")
	if bad != nil {
		return nil, bad
	}
	return func(e *Run, a []Value) Value {
		v := a[0]
		t, ok := DateOf(e, v)
		if !ok {
			return Missing
		}
		switch _, zoned, timed := ReadDateTime(v.Str); {
		case p.HasTime() && !timed:
			return e.FailReading(v, CodeNotDate, "a date has no time of day")
		case p.HasZone() && !zoned:
			return e.FailReading(v, CodeNotDate, "a date or time without an offset cannot be written with one")
		case p.Loses(t):
			return e.failMade(CodeOutOfRange, "yy means 1950 to 2049, and the year is another: write yyyy, or formatDate(\"yyyyMMdd\") | substring(2) where its century may go")
		}
		return Text(p.Format(t))
	}, nil
}

func makeInZone(c Call) (Function, *Mistake) {
	return onMoment(c, func(e *Run, t time.Time) Value { return zonedValue(e, t, true) })
}

func makeLocalTime(c Call) (Function, *Mistake) {
	return onMoment(c, func(e *Run, t time.Time) Value {
		if connectors.ShownTwice(t) {
			e.Record("the offset was left out of a local time that exists twice")
		}
		return zonedValue(e, t, false)
	})
}

// onMoment makes a helper of a date-time with an offset, on a zone's clock.
func onMoment(c Call, f func(e *Run, t time.Time) Value) (Function, *Mistake) {
	loc, bad := c.zone(1)
	return func(e *Run, a []Value) Value {
		v := a[0]
		t, zoned, ok := ReadDateTime(v.Str)
		switch {
		case v.Kind != KindDateTime:
			return e.FailSort(v, CodeNotDate, "a date-time with an offset is needed")
		case !ok || !zoned:
			return e.Fail(CodeNotDate, "a date-time with an offset is needed")
		}
		return f(e, t.In(loc))
	}, bad
}

func onDate(f func(e *Run, t time.Time, a []Value) Value) Function {
	return func(e *Run, a []Value) Value {
		t, ok := DateOf(e, a[0])
		if !ok {
			return Missing
		}
		return f(e, t, a)
	}
}

func datePartOf(f func(time.Time) int) Function {
	return onDate(func(_ *Run, t time.Time, _ []Value) Value { return Int(int64(f(t))) })
}

// dayOfMonth makes a helper of a date: a day of its month or of one later; 0 is the day before the first.
func dayOfMonth(later time.Month, day int) Function {
	return onDate(func(e *Run, t time.Time, _ []Value) Value {
		return dateValue(e, time.Date(t.Year(), t.Month()+later, day, 0, 0, 0, 0, time.UTC))
	})
}

// betweenDates makes a helper of two dates.
func betweenDates(f func(from, to time.Time) int64) Function {
	return onDate(func(e *Run, from time.Time, a []Value) Value {
		to, ok := DateOf(e, a[1])
		if !ok {
			return Missing
		}
		return Int(f(from, to))
	})
}

func addDays(e *Run, t time.Time, a []Value) Value {
	const most, message = 4_000_000, "the number of days must be a whole number, and not too large"
	switch {
	case a[1].Kind != KindInt:
		return e.FailSort(a[1], CodeOutOfRange, message)
	case a[1].Int > most || a[1].Int < -most:
		return e.failBy(a[1], CodeOutOfRange, message)
	}
	t = t.AddDate(0, 0, int(a[1].Int))
	if y := t.Year(); y < 1 || y > 9999 {
		return e.failMade(CodeOutOfRange, "the date that many days away is out of range")
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
