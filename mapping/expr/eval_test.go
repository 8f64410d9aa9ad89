package expr_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/test/expressions"
)

// evaluate computes one expression over a JSON form; an error gives "!" and its code.
func evaluate(t testing.TB, text, form string) string {
	t.Helper()
	tree, err := decode.JSON([]byte(form), decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return evaluateTree(text, tree)
}

func evaluateTree(text string, tree any) string {
	var prog expr.Program
	c := &expr.Compiler{Prog: &prog, Scope: &expr.Scope{Names: map[string]expr.Binding{"form": {Path: &expr.Path{Slot: -1}}}},
		Tables: map[string]*helpers.Table{"kinds": {Name: "kinds", Rows: map[string]string{"new": "N", "1": "one"}}}}
	x, p := c.Whole(text)
	if p != nil {
		return "?" + p.Code
	}
	e := expr.NewEnv(&prog, tree, &expr.Input{})
	defer e.Free()
	v := x.Eval(e)
	if e.Err != nil {
		return "!" + e.Err.Code
	}
	return expressions.Described(v)
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	const form = `{"a":"x","n":2,"d":1.50,"big":12345678901234567890.12,"neg":-0.005,"t":true,"f":false,"nil":null,"e":"","list":[1,2,3.5],
		"o":[{"n":"a","v":1,"ok":true},{"n":"b","v":2.25,"ok":false},{"n":null}],"day":"2024-02-29","de":"1.234,56","comma":"1234,56","sz":"straße","nested":{"a":{"b":"deep"}}}`
	for _, c := range [][2]string{
		{`form.nested.a.b`, `"deep"`}, {`form.nested["a"].b`, `"deep"`}, {`form.list[0]`, "1"}, {`form.list[-1]`, "3.5"}, {`form.list[9]`, "missing"},
		// exact numbers
		{`0.1 + 0.2`, "0.3"}, {`form.d * 3`, "4.50"}, {`form.big + 1`, "12345678901234567891.12"}, {`form.big - form.big`, "0.00"},
		{`9223372036854775807 + 1`, "9223372036854775808"}, {`10 / 4`, "2.5"}, {`10 / 5`, "2"}, {`1 / 3 | round(4)`, "0.3333"},
		{`7 % 3`, "1"}, {`form.n / 0`, "!" + value.CodeDivide}, {`0.1 + 0.2 == 0.3`, "true"}, {`1.50 == 1.5`, "true"}, {`form.d > 1`, "true"},
		{`form.neg | round(2)`, "-0.01"}, {`form.neg | round(2, "half-even")`, "0.00"}, {`2.5 | round(0, "half-even")`, "2"}, {`2.5 | round(0)`, "3"},
		{`-form.d`, "-1.50"}, {`abs(form.neg)`, "0.005"}, {`12.34 | cents()`, "1234"}, {`12.345 | cents()`, "!" + value.CodeNotInteger},
		{`"1e5" | decimal()`, "!" + value.CodeNotNumber}, {`form.comma | decimal(",")`, "1234.56"}, {`form.de | decimal(",")`, "!" + value.CodeNotNumber},
		{`" 42 " | integer()`, "42"}, {`"4.0" | integer()`, "4"}, {`"4.5" | integer()`, "!" + value.CodeNotInteger}, {`sum(form.list)`, "6.5"},
		{`sum(form.o, .v)`, "3.25"}, {`count(form.o)`, "3"}, {`count(form.o, .ok)`, "1"}, {`form.a + 1`, "!" + value.CodeNotNumber},
		// texts
		{`form.sz | upper()`, `"STRASSE"`}, {`concat("a", form.none, form.nil, 1, 1.50)`, `"a11.50"`}, {`"a" + "b"`, `"ab"`},
		{`"äöü" | substring(1, 1)`, `"ö"`}, {`"abc" | substring(5)`, `""`}, {`"7" | padLeft(3, "0")`, `"007"`}, {`"abcd" | padRight(3)`, `"abcd"`},
		{`"a-b" | replace("-", "+")`, `"a+b"`}, {`"  a   b " | normalizeSpace()`, `"a b"`}, {`"DE 12-3" | digits()`, `"123"`}, {`length("äb")`, "2"},
		{`form.o | map(.n) | join("/")`, `"a/b"`}, {`filter(form.o, .ok) | map(.n) | first()`, `"a"`}, {`form.list | last()`, "3.5"},
		{`"new" | lookup("kinds")`, `"N"`}, {`"old" | lookup("kinds")`, "!" + value.CodeLookupMiss}, {`"old" | lookup("kinds", "-")`, `"-"`}, {`1 | lookup("kinds")`, `"one"`},
		{`"a b" matches "^a"`, "true"}, {`form.a startsWith "x"`, "true"}, {`form.a in ["x", "y"]`, "true"}, {`3 in form.list`, "false"}, {`split("a,b", ",")`, `["a" "b"]`},
		{`form.t ? "yes" : "no"`, `"yes"`}, {`form.t and not form.f`, "true"}, {`form.a ? 1 : 2`, "!" + value.CodeNotBoolean}, {`form.t | yesNo("J", "N")`, `"J"`},
		{`"J" | boolean("J", "N")`, "true"}, {`"X" | boolean("J", "N")`, "!" + value.CodeNotBoolean}, {`fail("no")`, "!" + value.CodeRejected},
		// dates
		{`form.day | parseDate()`, "2024-02-29"}, {`"29.02.2023" | parseDate("dd.MM.yyyy")`, "!" + value.CodeNotDate}, {`"1.2.24" | parseDate("d.M.yy")`, "2024-02-01"},
		{`"49" + "0101" | parseDate("yyMMdd")`, "2049-01-01"}, {`form.day | parseDate() | formatDate("dd.MM.yyyy")`, `"29.02.2024"`},
		{`form.day | addDays(1)`, "2024-03-01"}, {`form.day | yearsTo("2025-02-28")`, "0"}, {`form.day | daysTo("2024-03-01")`, "1"}, {`form.day | lastDay()`, "2024-02-29"},
		{`"2026-03-29 02:30" | parseDateTime("yyyy-MM-dd HH:mm", "Europe/Berlin")`, "!" + value.CodeNoSuchTime},
		{`"2026-03-29 02:30" | parseDateTime("yyyy-MM-dd HH:mm", "Europe/Berlin", "later")`, "!" + value.CodeNoSuchTime},
		{`"2026-10-25 02:30" | parseDateTime("yyyy-MM-dd HH:mm", "Europe/Berlin")`, "!" + value.CodeAmbiguousTime},
		{`"2026-10-25 02:30" | parseDateTime("yyyy-MM-dd HH:mm", "Europe/Berlin", "earlier")`, "2026-10-25T02:30:00+02:00"},
		{`"2026-10-25 02:30" | parseDateTime("yyyy-MM-dd HH:mm", "Europe/Berlin", "later")`, "2026-10-25T02:30:00+01:00"},
		{`"2026-10-25 03:00" | parseDateTime("yyyy-MM-dd HH:mm", "Europe/Berlin", "earlier")`, "2026-10-25T03:00:00+01:00"},
		{`"2026-10-25T01:30:00Z" | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "own") | localTime("Europe/Berlin")`, "2026-10-25T02:30:00"},
		{`"1890-01-01 12:00" | parseDateTime("yyyy-MM-dd HH:mm", "Europe/Berlin")`, "!" + value.CodeOutOfRange},
		{`"2026-03-29 03:30" | parseDateTime("yyyy-MM-dd HH:mm", "Europe/Berlin")`, "2026-03-29T03:30:00+02:00"},
		{`"2026-03-29 03:30" | parseDateTime("yyyy-MM-dd HH:mm", "none")`, "2026-03-29T03:30:00"},
		{`"2026-01-01T23:30:00Z" | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "Europe/Berlin") | toDate()`, "2026-01-02"},
		{`(form.day | parseDate()) < "2025-01-01"`, "true"},
		// kinds do not mix by accident
		{`form.a == 1`, "!" + value.CodeCompare}, {`form.a < 1`, "!" + value.CodeCompare}, {`form.t == "true"`, "!" + value.CodeCompare},
		// refused by check
		{`now()`, "?" + expr.CodeUnknownHelper}, {`form.a | parseDate(form.day)`, "?" + helpers.CodeArguments}, {`foo`, "?" + expr.CodeUnknownName}, {`form.a.upper()`, "?" + expr.CodeUnknownHelper},
		{`let x = 1; x`, "?" + expr.CodeSyntax}, {`form.a |`, "?" + expr.CodeSyntax}, {`{"a": 1}`, "?" + expr.CodeSyntax}, {`1..5`, "?" + expr.CodeSyntax}, {`2 ** 3`, "?" + expr.CodeSyntax},
	} {
		if have := evaluate(t, c[0], form); have != c[1] {
			t.Errorf("%s = %s, want %s", c[0], have, c[1])
		}
	}
}

// TestAbsent is the table of what missing, null and "" do, in this order.
func TestAbsent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expr, missing, null, empty string }{
		{`form.x`, "missing", "null", `""`},
		{`form.x.y.z`, "missing", "missing", "missing"},
		{`form.x | trim()`, "missing", "null", `""`},
		{`form.x | upper()`, "missing", "null", `""`},
		{`form.x | substring(0, 3)`, "missing", "null", `""`},
		{`form.x | padLeft(2, "0")`, "missing", "null", `"00"`},
		{`form.x | text()`, "missing", "null", `""`},
		{`form.x | integer()`, "missing", "null", "!" + value.CodeNotInteger},
		{`form.x | decimal()`, "missing", "null", "!" + value.CodeNotNumber},
		{`form.x | parseDate()`, "missing", "null", "!" + value.CodeNotDate},
		{`form.x | addDays(1)`, "missing", "null", "!" + value.CodeNotDate},
		{`form.x | lookup("kinds")`, "missing", "null", "!" + value.CodeLookupMiss},
		{`form.x | lookup("kinds", "?")`, `"?"`, `"?"`, `"?"`},
		{`form.x | default("d")`, `"d"`, `"d"`, `""`},
		{`form.x ?? "d"`, `"d"`, `"d"`, `""`},
		{`coalesce(form.x, form.y, "d")`, `"d"`, `"d"`, `""`},
		{`concat("a", form.x)`, `"a"`, `"a"`, `"a"`},
		{`isMissing(form.x)`, "true", "false", "false"},
		{`isNull(form.x)`, "false", "true", "false"},
		{`isEmpty(form.x)`, "true", "true", "true"},
		{`form.x | nullIfEmpty()`, "missing", "null", "null"},
		{`form.x == nil`, "true", "true", "false"},
		{`form.x != nil`, "false", "false", "true"},
		{`form.x == ""`, "false", "false", "true"},
		{`form.x < "a"`, "false", "false", "true"},
		{`form.x + 1`, "missing", "null", "!" + value.CodeNotNumber},
		{`form.x ? 1 : 2`, "2", "2", "!" + value.CodeNotBoolean},
		{`not form.x`, "true", "true", "!" + value.CodeNotBoolean},
		{`form.x contains "a"`, "false", "false", "false"},
		{`form.x matches "^$"`, "false", "false", "true"},
		{`count(form.x)`, "0", "0", "!" + value.CodeNotList},
		{`sum(form.x)`, "0", "0", "!" + value.CodeNotList},
		{`form.x | join()`, "missing", "null", "!" + value.CodeNotList},
		{`form.x | first()`, "missing", "missing", "!" + value.CodeNotList},
		{`form.x | list() | len()`, "0", "0", "1"},
		{`form.x in ["", "a"]`, "false", "false", "true"},
		{`form.x | yesNo("J", "N")`, "missing", "null", "!" + value.CodeNotBoolean},
		{`form.x | round(2)`, "missing", "null", "!" + value.CodeNotNumber},
	} {
		for form, want := range map[string]string{`{}`: c.missing, `{"x":null}`: c.null, `{"x":""}`: c.empty} {
			if have := evaluate(t, c.expr, form); have != want {
				t.Errorf("%s over %s = %s, want %s", c.expr, form, have, want)
			}
		}
	}
}

// TestBudget shows that a form cannot make an expression run or grow without end.
func TestBudget(t *testing.T) {
	t.Parallel()
	list := "[" + strings.Repeat("1,", 2000) + "1]"
	if have := evaluate(t, `form.l | filter(count(form.l, # > 0 and count(form.l) > 0) > 0) | len()`, `{"l":`+list+`}`); have != "!"+value.CodeLimit {
		t.Errorf("steps: %s", have)
	}
	text := `"` + strings.Repeat("a", 1<<20) + `"`
	if have := evaluate(t, `form.t | replace("a", form.t)`, `{"t":`+text+`}`); have != "!"+value.CodeLimit {
		t.Errorf("text: %s", have[:30])
	}
}

// TestArithmeticIsExact compares sums in any order, which floats do not keep.
func TestArithmeticIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		cents := rapid.SliceOfN(rapid.Int64Range(-1e12, 1e12), 1, 20).Draw(r, "cents")
		var total int64
		var list []any
		for _, c := range cents {
			total += c
			v, _ := value.FromDecimal(value.Value{Kind: value.KindInt, Int: c}.Decimal())
			x := new(value.Run).Calculate('/', v, value.Int(100))
			list = append(list, x)
		}
		want := evaluateTree(`form.total / 100`, map[string]any{"total": value.Int(total)})
		for range 2 {
			have := evaluateTree(`(form.l | sum()) * 100 / 100`, map[string]any{"l": list})
			if evaluateTree(`form.a == form.b`, map[string]any{"a": value.Number(have), "b": value.Number(want)}) != "true" {
				r.Fatalf("sum %s, want %s", have, want)
			}
			for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
				list[i], list[j] = list[j], list[i]
			}
		}
	})
}

// FuzzExpression: no expression and no form may bring the agent down.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{`form.a | trim() | upper()`, `sum(form.l, .v) / 3 | round(2)`, `form.d | parseDate("dd.MM.yyyy")`, `filter(form.l, .v > 1)[0].v`,
		`form.a[form.b]`, `#`, `-form.a`, `form?.a?.b`, `any(form.l, {.v == 1}) ? [1,2] : nil`, `1e999`, `0x10 + 1_0.5e2`, `1..3`, `2 ** 3`, `submission`} {
		f.Add(s, `{"a":"x","b":0,"l":[{"v":1},{"v":2.5}],"d":"01.02.2024"}`)
	}
	f.Fuzz(func(t *testing.T, text, form string) {
		tree, err := decode.JSON([]byte(form), decode.Limits{})
		if err != nil || len(text) > 2000 {
			return
		}
		evaluateTree(text, tree)
		checked(text)
	})
}
