package expr

import (
	"cmp"
	"regexp"

	"github.com/inbasket/inbasket/mapping/datefmt"
)

const (
	numberShape = `^\s*[+-]?[0-9]*(?:\.[0-9]*)?\s*$`
	commaShape  = `^\s*[+-]?[0-9]*(?:,[0-9]*)?\s*$`
	dateShape   = `^[0-9]{4}-[0-9]{2}-[0-9]{2}`
)

// KindShapes are regular expressions that every text matches of which a value of a kind is made, and some others.
var KindShapes = map[Kind]string{KindInt: numberShape, KindDecimal: numberShape, KindBool: "^(?:true|false)$", KindDate: dateShape, KindDateTime: dateShape + "[Tt ]"}

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
		if text(1) == "," {
			return commaShape
		}
		return numberShape
	case "integer":
		return numberShape
	case "boolean":
		if len(c.Consts) == 3 && (text(1) == "" || text(2) == "") {
			return ""
		}
		return "^(?:" + regexp.QuoteMeta(cmp.Or(text(1), "true")) + "|" + regexp.QuoteMeta(cmp.Or(text(2), "false")) + ")$"
	case "formatDate", "toDate", "year", "month", "day", "addDays", "yearsTo", "daysTo", "lastDay", "firstDay":
		return dateShape
	}
	return ""
}
