package helpers

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"github.com/inbasket/inbasket/mapping/datefmt"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

const (
	numberShape = `^\s*[+-]?[0-9]*(?:\.[0-9]*)?\s*$`
	commaShape  = `^\s*[+-]?[0-9]*(?:,[0-9]*)?\s*$`
	dateShape   = `^[0-9]{4}-[0-9]{2}-[0-9]{2}`
)

// KindShapes are regular expressions that every text matches of which a value of a kind is made, and some others.
var KindShapes = map[value.Kind]string{value.KindInt: numberShape, value.KindDecimal: numberShape, value.KindBool: "^(?:true|false)$", value.KindDate: dateShape, value.KindDateTime: dateShape + "[Tt ]"}

// Shape is such an expression for a helper that reads texts; "" where there is none.
func (c Call) Shape(name string) string {
	text := func(i int) string {
		if i < len(c.Consts) && c.Consts[i] != nil {
			return c.Consts[i].Str
		}
		return ""
	}
	switch name {
	case "parseDate", "parseDateTime":
		if p, err := datefmt.Compile(cmp.Or(text(1), "yyyy-MM-dd")); err == nil {
			return p.Shape()
		}
	case "decimal":
		switch {
		case len(c.Consts) > 2:
			return ""
		case text(1) == ",":
			return commaShape
		}
		return numberShape
	case "integer":
		return numberShape
	case "boolean":
		words := append(c.texts(1), c.texts(2)...)
		switch {
		case len(c.Consts) < 3:
			words = []string{"true", "false"}
		case c.Consts[1] == nil || c.Consts[2] == nil:
			return ""
		}
		for i := range words {
			words[i] = regexp.QuoteMeta(words[i])
		}
		return "^(?:" + strings.Join(words, "|") + ")$"
	case "formatDate", "toDate", "year", "month", "day", "addDays", "yearsTo", "daysTo", "lastDay", "firstDay":
		return dateShape
	}
	return ""
}

// sampleTime is in a year, month and day that every pattern can write.
var sampleTime = time.Date(1999, 12, 31, 23, 58, 59, 0, time.FixedZone("", 3600))

// Samples are texts that only a constant argument tells of: the argument itself, or each of a list, and what its date pattern reads.
func (c Call) Samples() []value.Value {
	var out []value.Value
	for i := range c.Consts {
		for _, text := range c.texts(i) {
			out = append(out, value.Text(text))
			if p, err := datefmt.Compile(text); err == nil {
				out = append(out, value.Text(p.Format(sampleTime)))
			}
		}
	}
	return value.SamplesOf(out...)
}

// TwoDigits tells which dates a helper loses the century of, by a pattern with two digits of the year; nil: none.
func (c Call) TwoDigits(name string) (loses func(time.Time) bool) {
	window := map[string]int{"parseDate": 2, "parseDateTime": 3, "formatDate": 2}[name]
	if window == 0 || len(c.Consts) < 2 || c.Consts[1] == nil || c.windowed(window) {
		return nil
	}
	if p, err := datefmt.Compile(c.Consts[1].Str); err == nil && p.TwoDigitYear() {
		return p.Loses
	}
	return nil
}
