package expr_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/test/expressions"
)

// schemaSays is what a form's schema says of fields by their names: form.string is a text, and so on; of the others it says nothing.
func schemaSays(abs []expr.Step) *expr.Outcome {
	if len(abs) != 1 {
		return nil
	}
	switch name := abs[0].Name; name {
	case "kind":
		return &expr.Outcome{All: true, Named: true, More: value.SamplesOf(value.Text("Ab c"), value.Text("other"))}
	case "string", "integer", "number", "boolean", "array", "object":
		return &expr.Outcome{Named: true, More: value.FormSamples[name]}
	case "both":
		return &expr.Outcome{Named: true, More: append(value.FormSamples["string"], value.FormSamples["array"]...)}
	}
	return nil
}

// checked is all that check says of one expression: a mistake begins with "?", what may go wrong with "warning", what is never true with "never".
func checked(text string) string {
	var prog expr.Program
	c := &expr.Compiler{Prog: &prog, Scope: expressions.Scope(), Strict: true, May: schemaSays, Never: func(*expr.Need) (string, []string) { return "", nil },
		Tables: map[string]*helpers.Table{"kinds": {Name: "kinds", Rows: map[string]string{"Ab c": "AB", "other": "O"}}}}
	_, p := c.Whole(text)
	var said []string
	if p != nil {
		said = append(said, told("?", *p))
	}
	for _, w := range c.Warned {
		said = append(said, told("warning ", w))
	}
	for _, d := range c.Dead {
		said = append(said, told("never ", d))
	}
	return strings.Join(said, "; ")
}

func told(word string, p expr.Problem) string {
	s := fmt.Sprintf("%s%d %s: %s", word, p.From, p.Code, p.Message)
	if p.Suggestion != "" {
		s += " (" + p.Suggestion + ")"
	}
	return s
}

// expressionsSaid are expressions and what check says of them.
var expressionsSaid = [][2]string{
	// what may be meant otherwise
	{`form.a | parseDate("dd.MM.yy")`, `warning 9 mapping.century: two digits of a year mean 1950 to 2049: 49 is read as 2049, and 1949 as well where such a date of birth is written so (name the first of the hundred years as the last argument, such as 1930, or year(submission.received) - 99 of a birth; or read yyyy)`},
	{`form.a | parseDate("dd.MM.yy", 1930)`, ``}, {`form.a | parseDate("dd.MM.yy", year(submission.received) - 99)`, ``}, {`form.a | parseDateTime("dd.MM.yy HH:mm", "none", 1930)`, ``},
	{`form.a | parseDateTime("dd.MM.yy HH:mm", "none")`, `warning 9 mapping.century: two digits of a year mean 1950 to 2049: 49 is read as 2049, and 1949 as well where such a date of birth is written so (name the first of the hundred years as the last argument, such as 1930, or year(submission.received) - 99 of a birth; or read yyyy)`},
	{`form.kind | extract("x")`, `?12 mapping.never: extract can only fail, whatever the form says: the text is not what the mapping looks for`}, {`"DE1" | checkIBAN()`, `?8 mapping.constant: checkIBAN can only fail, whatever the form says: this is no IBAN: a sign is wrong, or one is missing`},
	{`(isIBAN(form.string) | yesNo(1, "N")) == 1`, `warning 38 mapping.constant: the comparison cannot take a value that this mapping itself may give it: "N": a text cannot be compared with an integer`},
	{`form.array | checkIBAN()`, `?13 mapping.never: checkIBAN can only fail, whatever the form says: a text is needed here`}, {`form.string | checkIBAN() | substring(0, 2)`, ``}, {`form.string | monthAsNumber("de") | parseDate("d. MM yyyy")`, ``},
	{`form.string | sort()`, `?14 mapping.never: sort can only fail, whatever the form says: a list is needed here`}, {`form.array | max() | padLeft(8)`, ``},

	// what can only fail, whatever the form says
	{`"x" + 1`, `?4 mapping.constant: + can only fail, whatever the form says: a number is needed to calculate; use integer() or decimal() on a text`},
	{`"x" | integer()`, `?6 mapping.constant: integer can only fail, whatever the form says: a whole number is needed`},
	{`"x" | parseDate()`, `?6 mapping.constant: parseDate can only fail, whatever the form says: the date does not exist or has another pattern`},
	{`"x" | padLeft(2, "ab")`, `?6 mapping.constant: padLeft can only fail, whatever the form says: the fill must be one character`},
	{`"x" | substring(-1)`, `?6 mapping.constant: substring can only fail, whatever the form says: an argument must be a whole number that is not negative and not too large`},
	{`5 | round(99)`, `?4 mapping.constant: round can only fail, whatever the form says: an argument must be a whole number that is not negative and not too large`},
	{`1 / 0`, `?2 mapping.constant: / can only fail, whatever the form says: the divisor is zero`},
	{`"x" < 1`, `?4 mapping.constant: the comparison can only fail, whatever the form says: a text cannot be compared with an integer`},
	{`"x" == 1`, `?4 mapping.constant: the comparison can only fail, whatever the form says: a text cannot be compared with an integer`},
	{`true < false`, `?5 mapping.constant: the comparison can only fail, whatever the form says: a boolean cannot be compared with a boolean`},
	{`"x" | boolean()`, `?6 mapping.constant: boolean can only fail, whatever the form says: true or false is needed`},
	{`"x" | boolean("J", "N")`, `?6 mapping.constant: boolean can only fail, whatever the form says: true or false is needed`},
	{`"x" | boolean("J")`, `?6 mapping.arguments: boolean takes both texts, for true and for false, or none`},
	{`form.any | boolean("J")`, `?11 mapping.arguments: boolean takes both texts, for true and for false, or none`},
	{`"x" | split("")`, `?6 mapping.constant: split can only fail, whatever the form says: split needs a separator`},
	{`"x" | len()`, `?6 mapping.constant: len can only fail, whatever the form says: len needs a list; use length() for a text`},
	{`"x" | first()`, `?6 mapping.constant: first can only fail, whatever the form says: a list is needed here`},
	{`[1, "x"] | sum()`, ``},
	{`not "x"`, `?4 mapping.constant: the condition can only fail, whatever the form says: a condition must be true or false; use a comparison, or boolean() on a text`},
	{`"x" ? 1 : 2`, `?0 mapping.constant: the condition can only fail, whatever the form says: a condition must be true or false; use a comparison, or boolean() on a text`},
	{`"x" and true`, `?0 mapping.constant: the condition can only fail, whatever the form says: a condition must be true or false; use a comparison, or boolean() on a text`},
	{`-"x"`, `?0 mapping.constant: - can only fail, whatever the form says: a number is needed to calculate; use integer() or decimal() on a text`},
	{`+"x"`, `?0 mapping.constant: + can only fail, whatever the form says: a number is needed to calculate; use integer() or decimal() on a text`},
	{`"x" in "xyz"`, `?4 mapping.constant: in can only fail, whatever the form says: in needs a list`},
	{`5 matches "5"`, ``},
	{`form.object + 1`, `?12 mapping.never: + can only fail, whatever the form says: a number is needed to calculate; use integer() or decimal() on a text`},
	{`form.array | upper()`, `?13 mapping.never: upper can only fail, whatever the form says: a text is needed here`},
	{`form.boolean | upper()`, `?15 mapping.never: upper can only fail, whatever the form says: a text is needed here`},
	{`form.object | trim()`, `?14 mapping.never: trim can only fail, whatever the form says: a text is needed here`},
	{`form.integer | len()`, `?15 mapping.never: len can only fail, whatever the form says: len needs a list; use length() for a text`},
	{`form.integer | first()`, `?15 mapping.never: first can only fail, whatever the form says: a list is needed here`},
	{`form.string | yesNo("J", "N")`, `?14 mapping.never: yesNo can only fail, whatever the form says: true or false is needed`},
	{`form.boolean | parseDate()`, `?15 mapping.never: parseDate can only fail, whatever the form says: the date does not exist or has another pattern`},
	{`form.integer == "1"`, `?13 mapping.never: the comparison can only fail, whatever the form says: an integer cannot be compared with a text`},
	{`form.string == 1`, `?12 mapping.never: the comparison can only fail, whatever the form says: a text cannot be compared with an integer`},
	{`form.string < 1`, `?12 mapping.never: the comparison can only fail, whatever the form says: a text cannot be compared with an integer`},
	{`form.array == 1`, `?11 mapping.never: the comparison can only fail, whatever the form says: a list cannot be compared with an integer`},
	{`form.boolean > 1`, `?13 mapping.never: the comparison can only fail, whatever the form says: a boolean cannot be compared with an integer`},
	{`form.integer ? 1 : 2`, `?5 mapping.never: the condition can only fail, whatever the form says: a condition must be true or false; use a comparison, or boolean() on a text`},
	{`filter(form.string, true)`, `?12 mapping.never: filter can only fail, whatever the form says: filter needs a list`},
	{`sum(form.object)`, `?9 mapping.never: sum can only fail, whatever the form says: sum needs a list`},
	{`map(form.integer, #)`, `?9 mapping.never: map can only fail, whatever the form says: map needs a list`},
	{`count(form.array, 1)`, `?18 mapping.constant: the condition can only fail, whatever the form says: a condition must be true or false; use a comparison, or boolean() on a text`},
	{`any(form.array, "x")`, `?16 mapping.constant: the condition can only fail, whatever the form says: a condition must be true or false; use a comparison, or boolean() on a text`},
	{`(form.string | upper()).x`, `?24 mapping.never: .x can only fail, whatever the form says: a text has no members`},
	{`(form.string | upper())[0]`, `?23 mapping.never: [ ] can only fail, whatever the form says: the value has no such member`},
	{`(day).year`, `?6 mapping.never: .year can only fail, whatever the form says: a date has no members`},
	{`day | formatDate("HH:mm")`, `?6 mapping.never: formatDate can only fail, whatever the form says: a date has no time of day`},
	{`"2024-02-29" | formatDate("HH:mm")`, `?15 mapping.constant: formatDate can only fail, whatever the form says: a date has no time of day`},
	{`day | formatDate("yyyy-mm-dd")`, `?6 mapping.arguments: date pattern "yyyy-mm-dd" has minutes beside a day, and no hour (MM is the month, mm the minute)`},
	{`form.string | formatDate("ddmmyyyy")`, `?14 mapping.arguments: date pattern "ddmmyyyy" has minutes beside a day, and no hour (MM is the month, mm the minute)`},
	{`day | formatDate("mm:ss")`, ``},
	{`day < "1.1.2024"`, `?4 mapping.never: the comparison can only fail, whatever the form says: a date is only compared with a text that is one, as YYYY-MM-DD; use parseDate() on it`},
	{`day == "x"`, `?4 mapping.never: the comparison can only fail, whatever the form says: a date is only compared with a text that is one, as YYYY-MM-DD; use parseDate() on it`},
	{`day < "2024-01-01"`, ``},
	{`form.date == day`, ``},
	{`moment == day`, `?7 mapping.never: the comparison can only fail, whatever the form says: a date-time cannot be compared with a date`},
	{`local == moment`, `?6 mapping.never: the comparison can only fail, whatever the form says: a time with and one without an offset cannot be compared`},
	{`day in ["1.1.2024"]`, ``},
	{`day in ["2024-01-01"]`, ``},
	{`submission`, `?0 mapping.unknown-name: submission is no value by itself: name what of it is meant (submission.id)`},
	{`submission | trim()`, `?0 mapping.unknown-name: submission is no value by itself: name what of it is meant (submission.id)`},
	{`submission.idd`, `?11 mapping.unknown-name: submission has no "idd" (id)`},
	// what may fail for some forms
	{`form.number | integer()`, ``},
	{`form.string | integer()`, ``},
	{`form.both | upper()`, `warning 12 mapping.never: upper cannot work with the sort list, which the form's schema names here: such a form is parked, since it is right`},
	{`form.both | first()`, `warning 12 mapping.never: first cannot work with the sort text, which the form's schema names here: such a form is parked, since it is right`},
	{`form.number + 1`, ``},
	{`form.any + 1`, ``},
	{`1 / form.integer`, ``},
	{`10 / form.zero`, ``},
	{`form.string | decimal(";")`, `?14 mapping.arguments: the decimal sign is "," or "."`},
	{`form.kind | integer()`, `?12 mapping.never: integer can only fail, whatever the form says: a whole number is needed`},
	{`form.kind | lookup("kinds") | integer()`, `?30 mapping.constant: integer can only fail, whatever the form says: a whole number is needed`},
	{`form.kind | lookup("kinds", "1") | integer()`, `warning 35 mapping.constant: integer cannot take a value that this mapping itself may give it: "AB": a whole number is needed`},
	{`form.kind | lookup("kinds", "x") == "AB"`, ``},
	{`form.kind | lookup("kinds") == "X"`, `never 31 mapping.never: this is never true: what is compared can only be "AB", "O" (did you mean "O"?)`},
	{`form.kind == "Ab c"`, ``},
	{`form.kind | upper() == "AB C"`, ``},
	{`form.kind | upper() == "Ab c"`, `never 23 mapping.never: this is never true: what is compared can only be "AB C", "OTHER" (did you mean "AB C"?)`},
	{`form.kind startsWith "X"`, `never 21 mapping.never: this is never true: what is compared can only be "Ab c", "other"`},
	{`form.kind matches "^[0-9]+$"`, `never 18 mapping.never: this is never true: what is compared can only be "Ab c", "other"`},
	{`form.kind in ["x"]`, ``},
	{`form.kind + 1`, `?10 mapping.never: + can only fail, whatever the form says: a number is needed to calculate; use integer() or decimal() on a text`},
	{`concat("a", form.object)`, `?0 mapping.never: concat can only fail, whatever the form says: only texts, numbers and dates can be joined`},
	{`concat("a", form.string)`, ``},
	{`form.string | fail()`, `?14 mapping.arguments: fail needs a fixed text, because it is told to others`},
	{`fail("never")`, ``},
	{`form.boolean ? fail("no") : 1`, ``},
	{`form.string ?? fail("no")`, ``},
	{`form.string | default(fail("no"))`, `?22 mapping.arguments: this argument refuses every form: it is computed before default is called (write x ?? fail("why"))`},
	{`coalesce(form.string, form.boolean ? fail("a") : fail("b"))`, `?58 mapping.arguments: this argument refuses every form: it is computed before coalesce is called (write x ?? fail("why"))`},
	{`form.string | lookup("kinds", form.boolean ? fail("no") : "x")`, ``},
	{`form.string ?? 1`, ``},
	{`default(form.string, 1) + 1`, ``},
	{`1e99 * form.integer`, ``},
	// numbers and words that are not what they seem
	{`007`, `?0 mapping.syntax: a number does not begin with 0 (a text stands in quotes within the expression, such as '"007"' or '"2024-01-01"')`},
	{`2024-01-01`, `?5 mapping.syntax: a number does not begin with 0 (a text stands in quotes within the expression, such as '"007"' or '"2024-01-01"')`},
	{`form.a == 01`, `?10 mapping.syntax: a number does not begin with 0 (a text stands in quotes within the expression, such as '"007"' or '"2024-01-01"')`},
	{`"007"`, ``},
	{`0`, ``},
	{`0.5`, ``},
	{`1_000`, ``},
	{`1e5`, ``},
	{`1e101`, `?0 mapping.syntax: this number has too many digits`},
	{`1.2e-200`, `?0 mapping.syntax: this number has too many digits`},
	{`99999999999999999999999`, `?22 mapping.syntax: this expression cannot be read: a number is too large; one of more than 18 digits is written with a point, such as 12345678901234567890.0, or as a text | decimal()`},
	{`123456789012345678901234567890123456789012345678901234567890.123456789012345678901234567890123456789012345678901234567890`, `?0 mapping.syntax: this number has too many digits`},
	{`'text'`, ``},
	{"`text`", ``},
	// syntax
	{`form.a +`, `?7 mapping.syntax: this expression cannot be read: it ends too early`},
	{`form.a)`, `?6 mapping.syntax: this expression cannot be read: unexpected ")"`},
	{`(form.a`, `?6 mapping.syntax: this expression cannot be read: it ends too early`},
	{`form.a b`, `?7 mapping.syntax: this expression cannot be read: unexpected "b"`},
	{`form.a | upper`, `?13 mapping.syntax: this expression cannot be read: it ends too early`},
	{`form.a | upper(`, `?14 mapping.syntax: this expression cannot be read: it ends too early`},
	{`upper(form.a`, `?11 mapping.syntax: this expression cannot be read: it ends too early`},
	{`form..a`, `?6 mapping.unknown-name: nothing here is named "a"`},
	{`form.a.`, `?6 mapping.syntax: this expression cannot be read: it ends too early`},
	{`form.[a]`, `?6 mapping.syntax: this expression cannot be read: expected name`},
	{`form["a`, `?7 mapping.syntax: this expression cannot be read: literal not terminated`},
	{`form.a ? 1`, `?9 mapping.syntax: this expression cannot be read: it ends too early`},
	{`form.a ?: 1`, ``},
	{`if form.a { 1 } else { 2 }`, ``},
	{`let x = 1; x`, `?4 mapping.syntax: this construct is not part of the mapping language`},
	{`{"a": 1}`, `?0 mapping.syntax: this construct is not part of the mapping language`},
	{`{a: 1}`, `?0 mapping.syntax: this construct is not part of the mapping language`},
	{`[1, 2`, `?4 mapping.syntax: this expression cannot be read: it ends too early`},
	{`form.a[1:2]`, `?6 mapping.syntax: this construct is not part of the mapping language`},
	{`1..3`, `?1 mapping.syntax: operator .. is not part of the mapping language`},
	{`2 ** 3`, `?2 mapping.syntax: operator ** is not part of the mapping language`},
	{`form.a | filter(# > 1)`, ``},
	{`filter(form.a, {# > 1})`, ``},
	{`map(form.a, {.b})`, ``},
	{`form.a not in [1]`, ``},
	{`form.a not contains "x"`, ``},
	{`form.a = 1`, `?7 mapping.syntax: this expression cannot be read: unexpected "="`},
	{`form.a === 1`, `?9 mapping.syntax: this expression cannot be read: unexpected "="`},
	{`form.a & 1`, `?7 mapping.syntax: this expression cannot be read: unexpected "&"`},
	{`form.a | 1`, `?9 mapping.syntax: this expression cannot be read: unexpected "1"`},
	{`form.a ^ 1`, `?7 mapping.syntax: operator ^ is not part of the mapping language`},
	{`~form.a`, `?0 mapping.syntax: this expression cannot be read: unrecognized character: U+007E '~'`},
	{`$env`, `?0 mapping.unknown-name: nothing here is named "$env"`},
	{`#a`, `?0 mapping.syntax: this expression cannot be read: unexpected "#"`},
	{`form.a!`, `?6 mapping.syntax: this expression cannot be read: unexpected "!"`},
	{`"unclosed`, `?9 mapping.syntax: this expression cannot be read: literal not terminated`},
	{`""`, ``},
	{`''`, ``},
	{`;`, `?0 mapping.syntax: this expression cannot be read: unexpected ";"`},
	{`form.a; form.b`, `?5 mapping.syntax: this construct is not part of the mapping language`},
	{`form.a, form.b`, `?6 mapping.syntax: this expression cannot be read: unexpected ","`},
	// names and helpers
	{`foo`, `?0 mapping.unknown-name: nothing here is named "foo"`},
	{`frm.a`, `?0 mapping.unknown-name: nothing here is named "frm" (form)`},
	{`Form.a`, `?0 mapping.unknown-name: nothing here is named "Form" (form)`},
	{`form`, ``},
	{`forms`, `?0 mapping.unknown-name: nothing here is named "forms" (form)`},
	{`form.a | uper()`, `?9 mapping.unknown-helper: there is no helper "uper" (upper)`},
	{`form.a | UPPER()`, `?9 mapping.unknown-helper: there is no helper "UPPER" (upper)`},
	{`form.a.upper()`, `?7 mapping.unknown-helper: values have no methods; write helper(value) or value | helper()`},
	{`form.a | now()`, `?9 mapping.unknown-helper: there is no helper "now"`},
	{`form.a | len`, `?11 mapping.syntax: this expression cannot be read: it ends too early`},
	{`len()`, `?0 mapping.arguments: len has the wrong number of arguments: list | len(): number of items`},
	{`upper()`, `?0 mapping.arguments: upper has the wrong number of arguments: x | upper(): in capitals; ß becomes SS`},
	{`upper(form.a, 1)`, `?0 mapping.arguments: upper has the wrong number of arguments: x | upper(): in capitals; ß becomes SS`},
	{`form.a | padLeft()`, `?9 mapping.arguments: padLeft has the wrong number of arguments: x | padLeft(8) or x | padLeft(8, "0"): filled at the left up to so many characters; never cut. Digits before a sign (00-42) are an error`},
	{`form.a | replace("a")`, `?9 mapping.arguments: replace has the wrong number of arguments: x | replace("old", "new"): every occurrence`},
	{`form.a | lookup()`, `?9 mapping.arguments: lookup has the wrong number of arguments: x | lookup("table") or x | lookup("table", y): the table's value for x; without a default a miss is an error`},
	{`form.a | lookup("kind")`, `?9 mapping.unknown-lookup: there is no lookup of this name (kinds)`},
	{`form.a | lookup("zzz")`, `?9 mapping.unknown-lookup: there is no lookup of this name`},
	{`form.a | lookup(1)`, `?9 mapping.arguments: the table of lookup must be a name in quotes`},
	{`form.a | parseDateTime("yyyy-MM-dd HH:mm", "UTC", "earlier", 1)`, `?61 mapping.arguments: the first of a hundred years belongs to yy, which this pattern does not have`},
	{`sum()`, `?4 mapping.syntax: this expression cannot be read: expected at least 2 arguments`},
	{`count()`, `?6 mapping.syntax: this expression cannot be read: expected at least 2 arguments`},
	{`sum(form.a, 1)`, ``},
	{`count(form.a, form.b)`, ``},
	{`sum(form.a, .b, .c)`, `?16 mapping.syntax: this expression cannot be read: unexpected "."`},
	{`reduce(form.a, #acc + #)`, `?0 mapping.unknown-helper: reduce is not part of the mapping language`},
	{`mean(form.a)`, `?0 mapping.unknown-helper: there is no helper "mean"`},
	{`reduce(form.a, .b)`, `?0 mapping.unknown-helper: reduce is not part of the mapping language`},
	{`filter(form.a, # > #acc)`, `?19 mapping.unknown-name: only #, #index and #outer are known here`},
	{`keys(form.a)`, `?0 mapping.unknown-helper: there is no helper "keys"`},
	{`type(form.a)`, `?0 mapping.unknown-helper: there is no helper "type"`},
	{`toJSON(form.a)`, `?0 mapping.unknown-helper: there is no helper "toJSON"`},
	{`trim(form.a, "x")`, `?0 mapping.arguments: trim has the wrong number of arguments: x | trim(): without white space at both ends`},
	{`split(form.a)`, `?0 mapping.arguments: split has the wrong number of arguments: x | split(","): a list of texts`},
}

// TestChecked is all that check says of expressions: what can only fail is refused, and what may fail for some forms is a warning.
func TestChecked(t *testing.T) {
	t.Parallel()
	for _, c := range expressionsSaid {
		if have := checked(c[0]); have != c[1] {
			t.Errorf("%s\n have %s\n want %s", c[0], have, c[1])
		}
	}
}
