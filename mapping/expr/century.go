package expr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/mapping/expr/value"
)

// centuries warns of a date out of a form that is written or read in two digits of its year, unless all dates that it may be are known.
func (c *Compiler) centuries(n ast.Node, name string, xs []Compiled) {
	loses := c.said(xs).TwoDigits(name)
	if !c.Strict || loses == nil {
		return
	}
	if name == "formatDate" {
		if why := xs[0].Century(loses); why != "" {
			c.Warned = append(c.Warned, Problem{n.Location().From, CodeCentury, why, `write yyyy; or formatDate("yyyyMMdd") | substring(2) where the century may go`})
		}
	} else if xs[0].Source != nil && !xs[0].Outcome().All {
		c.Warned = append(c.Warned, Problem{n.Location().From, CodeCentury, "two digits of a year mean 1950 to 2049: 49 is read as 2049, and 1949 as well where such a date of birth is written so",
			"name the first of the hundred years as the last argument, such as 1930, or year(submission.received) - 99 of a birth; or read yyyy"})
	}
}

// Century says why a date out of a form cannot always be written in two digits of its year; empty: it can.
func (x Compiled) Century(loses func(time.Time) bool) string {
	if x.Source == nil {
		return ""
	}
	o := x.Outcome()
	if !o.All {
		return "two digits of a year mean 1950 to 2049, and a form with another year here is parked, such as a date of birth in 1949"
	}
	var years []string
	for _, v := range slices.Concat(o.Known, o.More) {
		t, ok := value.ReadDate(v.Str)
		if !ok {
			t, _, ok = value.ReadDateTime(v.Str)
		}
		if year := fmt.Sprint(t.Year()); ok && loses(t) && !slices.Contains(years, year) {
			years = append(years, year)
		}
	}
	if len(years) == 0 {
		return ""
	}
	slices.Sort(years)
	return "two digits of a year mean 1950 to 2049, and forms with " + strings.Join(years, ", ") + " here are parked"
}
