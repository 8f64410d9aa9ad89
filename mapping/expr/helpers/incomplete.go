package helpers

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/mapping/datefmt"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// makeIncompleteDate reads dates that lack their day, or day and month, and completes them as the mapping says.
func makeIncompleteDate(c Call) (value.Function, *Mistake) {
	which, _ := c.text(1)
	if which != "first" && which != "last" {
		return nil, wrong(CodeArguments, `"first" or "last" says what an incomplete date is completed to`, "").at(1)
	}
	var patterns []*datefmt.Pattern
	for i := 2; i < len(c.Consts); i++ {
		p, bad := c.pattern(i, "")
		switch {
		case bad != nil:
			return nil, bad
		case !p.HasYear() || p.HasTime():
			return nil, wrong(CodeArguments, "the pattern of an incomplete date needs yyyy, and has no time", "").at(i)
		}
		patterns = append(patterns, p)
	}
	return parsed(value.KindDate, "the text of a date is needed", func(e *value.Run, s string, _ []value.Value) value.Value {
		return completed(e, s, patterns, which)
	}), nil
}

// completed reads a date by the one of some patterns that it has.
func completed(e *value.Run, s string, patterns []*datefmt.Pattern, which string) value.Value {
	var out time.Time
	complete := false
	for _, p := range patterns {
		t, whole, err := p.Incomplete(s, which == "last")
		switch {
		case err != nil:
			continue
		case !out.IsZero() && !t.Equal(out):
			return e.FailMade(value.CodeNotDate, "two patterns of the mapping read different dates here")
		}
		out, complete = t, complete || whole
	}
	switch {
	case out.IsZero():
		return e.Fail(value.CodeNotDate, "the date does not exist or has another pattern")
	case !complete:
		e.Record("an incomplete date was taken for the " + which + " day that it can be")
	}
	return value.Date(out)
}

// monthNames are the names of months by language, in small letters, January first.
var monthNames = map[string][12]string{
	"de": {"januar jänner jan jän", "februar feber feb", "märz maerz mär mrz", "april apr", "mai", "juni jun", "juli jul", "august aug", "september sept sep", "oktober okt", "november nov", "dezember dez"},
	"en": {"january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug", "september sept sep", "october oct", "november nov", "december dec"},
	"fr": {"janvier janv jan", "février fevrier févr fevr fév fev", "mars", "avril avr", "mai", "juin", "juillet juil", "août aout", "septembre sept sep", "octobre oct", "novembre nov", "décembre decembre déc dec"},
	"nl": {"januari jan", "februari febr feb", "maart mrt", "april apr", "mei", "juni jun", "juli jul", "augustus aug", "september sept sep", "oktober okt", "november nov", "december dec"},
}

var wordsOf = regexp.MustCompile(`\p{L}+(?:\.( |$))?`)

// makeMonthAsNumber puts the number of a month in the place of its name. A point of an abbreviation is left out where a blank follows.
func makeMonthAsNumber(c Call) (value.Function, *Mistake) {
	language, _ := c.text(1)
	names, ok := monthNames[language]
	if !ok {
		return nil, wrong(CodeArguments, "the language of names of months must be one of de, en, fr, nl", diag.Suggest(language, slices.Sorted(maps.Keys(monthNames)))).at(1)
	}
	numbers := map[string]string{}
	for i, all := range names {
		for _, name := range strings.Fields(all) {
			numbers[name] = string([]byte{'0' + byte(i+1)/10, '0' + byte(i+1)%10})
		}
	}
	return onText(func(e *value.Run, s string) value.Value {
		found := 0
		out := wordsOf.ReplaceAllStringFunc(s, func(word string) string {
			name := strings.TrimRight(word, ". ")
			n, ok := numbers[strings.ToLower(name)]
			if !ok {
				return word
			}
			found++
			return n + strings.TrimPrefix(word[len(name):], ".")
		})
		if found != 1 {
			return e.Fail(value.CodeNotDate, "the name of one month is needed")
		}
		return value.Text(out)
	}), nil
}
