package helpers

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

var patternHelpers = map[string]Helper{
	"extract": {Fussy: true, Own: true, Min: 2, Max: 4, args: []sort{aText, aText, anything}, make: makeExtract, Absent: passes,
		Usage:   "x | extract(\"[0-9]+\") or x | extract(\"([A-Z]+)-([0-9]+)\", 2) or x | extract(\"(?P<no>[0-9]+)\", \"no\", y): what a pattern (RE2) finds first, or one of its groups; where it finds nothing y, or without y an error. A group that took no part is missing",
		Example: "\"AB-12\" | extract(\"([A-Z]+)-([0-9]+)\", 2) = \"12\""},
	"addressPart": {Fussy: true, Own: true, Min: 3, Max: 4, args: []sort{aText, aText, anything}, make: makeAddressPart, Absent: passes,
		Usage:   "x | addressPart(\"de\", \"number\") or x | addressPart(\"de\", \"suffix\", y): the street, number or suffix of a street with its house number, as it is written in de, fr, nl or uk; of any other shape (a box, a comma behind the street or within it, further digits) y, or without y an error. What cannot be told apart is taken as it looks: Plein 1944 has the number 1944, 12 A la Croix the suffix A. A suffix keeps its sign (-7 of 5-7), and one that is not there is missing",
		Example: "\"Musterstr. 12 a-c\" | addressPart(\"de\", \"suffix\") = \"a-c\""},
	"findAll": {Min: 2, Max: 2, args: []sort{aText}, make: makeFindAll, Absent: passes,
		Usage: "x | findAll(\"[0-9]+\"): a list of all that a pattern (RE2) finds", Example: "\"a1b22\" | findAll(\"[0-9]+\") = [\"1\" \"22\"]"},
	"replaceAll": {Min: 3, Max: 3, args: []sort{aText}, Makes: value.Changed, make: makeReplaceAll, Absent: passes,
		Usage:   "x | replaceAll(\"([A-Z])([0-9])\", \"${1} ${2}\"): all that a pattern (RE2) finds replaced; ${1} is its first group, $$ a dollar",
		Example: "\"A1-B2\" | replaceAll(\"([A-Z])([0-9])\", \"${1} ${2}\") = \"A 1-B 2\""},
}

// regexp compiles the pattern, a constant.
func (c Call) regexp() (*regexp.Regexp, *Mistake) {
	text, ok := c.text(1)
	if !ok {
		return nil, wrong(CodeArguments, "the pattern must be a text in quotes", "").at(1)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, wrong(CodePattern, "this pattern cannot be read: "+PatternFault(err), "").at(1)
	}
	return re, nil
}

// PatternFault says what is wrong with a pattern of Go's dialect, without the engine's own words.
func PatternFault(err error) string {
	var se *syntax.Error
	if errors.As(err, &se) {
		return string(se.Code) + " at " + strconv.Quote(se.Expr)
	}
	return "see whether brackets and repetitions are complete"
}

// group finds a group of a pattern by its number or name; below 0: there is none.
func group(re *regexp.Regexp, name string) int {
	if i, err := strconv.Atoi(name); err == nil && i <= re.NumSubexp() {
		return i
	}
	if i := re.SubexpIndex(name); name != "" && i > 0 {
		return i
	}
	return -1
}

func noGroup(re *regexp.Regexp, name string) *Mistake {
	names := slices.DeleteFunc(re.SubexpNames(), func(n string) bool { return n == "" })
	return wrong(CodeArguments, "the pattern has no group "+strconv.Quote(name), diag.Suggest(name, names)).at(2)
}

func makeExtract(c Call) (value.Function, *Mistake) {
	re, bad := c.regexp()
	if bad != nil {
		return nil, bad
	}
	n := 0
	if len(c.Consts) > 2 {
		if c.Consts[2] == nil {
			return nil, wrong(CodeArguments, "the group must be a number or a name in quotes", "").at(2)
		}
		name, _ := c.Consts[2].Text()
		if n = group(re, name); n < 0 {
			return nil, noGroup(re, name)
		}
	}
	return func(e *value.Run, a []value.Value) value.Value {
		return found(e, a, re, n, e.TextOf(a[0]))
	}, nil
}

// found is a group of what a pattern finds in a text; where it finds nothing the fourth argument.
func found(e *value.Run, a []value.Value, re *regexp.Regexp, n int, s string) value.Value {
	at := re.FindStringSubmatchIndex(s)
	switch {
	case e.Err != nil:
		return value.Missing
	case at == nil && len(a) == 4:
		return a[3]
	case at == nil:
		return e.Fail(value.CodePattern, "the text is not what the mapping looks for")
	case at[2*n] < 0:
		return value.Missing
	}
	return e.Of(value.Text(s[at[2*n]:at[2*n+1]]), a[0])
}

// addresses are the ways in which a street is written with its house number, by country. A comma parts a street from something else, such as a
// house or a town, and so do further digits behind a number that stands first.
var addresses = map[string]*regexp.Regexp{
	"de": regexp.MustCompile(`^(?P<street>(?:[^\d,]|\d+\. )*\p{L}[.)]?) (?P<number>\d{1,5})(?: ?(?P<suffix>[A-Za-z](?: ?[-–+/] ?(?:[A-Za-z]|\d{1,5} ?[A-Za-z]?))?|[-–+/] ?\d{1,5} ?[A-Za-z]?|\d/\d))?$`),
	"nl": regexp.MustCompile(`^(?P<street>(?:[^\d,]|\d+e )*\p{L}[.)]?) (?P<number>\d{1,5})(?: ?(?P<suffix>[-/]? ?[A-Za-z]{1,4}\d{0,3}|[-/] ?\d{1,4}[A-Za-z]?))?$`),
	"fr": regexp.MustCompile(`^(?P<number>\d{1,4}) ?(?P<suffix>(?i:bis|ter|quater|quinquies)|[A-Za-z]|[-/] ?\d{1,4})? ?,? (?P<street>\p{L}[\p{L}'’.][^\d,]*)$`),
	"uk": regexp.MustCompile(`^(?P<number>\d{1,5})(?P<suffix>[A-Za-z]|[-–/]\d{1,5}[A-Za-z]?)?,? (?P<street>\p{L}[\p{L}'’.][^\d,]*)$`),
}

// noStreet is what has a number, but no house: boxes, and whose care a letter is given into.
var noStreet = regexp.MustCompile(`^(?i:postfach|packstation|postbus|antwoordnummer)(?:\P{L}|$)|(?i:c ?/ ?o)(?:\P{L}|$)`)

func makeAddressPart(c Call) (value.Function, *Mistake) {
	country, _ := c.text(1)
	part, _ := c.text(2)
	re := addresses[country]
	switch {
	case re == nil:
		return nil, wrong(CodeArguments, "the country of an address must be one of de, fr, nl, uk", "").at(1)
	case re.SubexpIndex(part) < 0:
		return nil, wrong(CodeArguments, "the part of an address must be one of street, number, suffix", diag.Suggest(part, []string{"street", "number", "suffix"})).at(2)
	}
	return func(e *value.Run, a []value.Value) value.Value {
		s := strings.Join(strings.Fields(e.TextOf(a[0])), " ")
		if noStreet.MatchString(s) {
			s = ""
		}
		return found(e, a, re, re.SubexpIndex(part), s)
	}, nil
}

func makeFindAll(c Call) (value.Function, *Mistake) {
	re, bad := c.regexp()
	return onText(func(e *value.Run, s string) value.Value {
		if !e.Grow(16 * (len(s) + 1)) {
			return value.Missing
		}
		found := re.FindAllString(s, -1)
		out := make([]value.Value, len(found))
		for i, f := range found {
			out[i] = value.Text(f)
		}
		return value.Value{Kind: value.KindList, Any: out}
	}), bad
}

// templateGroup is a group that a template names, or a dollar.
var templateGroup = regexp.MustCompile(`\$(?:\$|\{([^}]*)\}|(\w*))`)

func makeReplaceAll(c Call) (value.Function, *Mistake) {
	re, bad := c.regexp()
	if bad != nil {
		return nil, bad
	}
	with, ok := c.text(2)
	if !ok {
		return nil, wrong(CodeArguments, "what is put in must be a text in quotes", "").at(2)
	}
	groups := 0
	for _, m := range templateGroup.FindAllStringSubmatch(with, -1) {
		if name := m[1] + m[2]; m[0] != "$$" && group(re, name) < 0 {
			bad = noGroup(re, name)
			bad.Suggestion = "write ${1} for the first group, and $$ for a dollar"
			return nil, bad
		}
		groups++
	}
	return func(e *value.Run, a []value.Value) value.Value {
		s := e.TextOf(a[0])
		if e.Err != nil {
			return value.Missing
		}
		if found := re.FindAllStringIndex(s, -1); len(found) > 0 && !e.Grow(len(found)*len(with)+groups*len(s)) {
			return value.Missing
		}
		return e.Made(re.ReplaceAllString(s, with))
	}, nil
}
