package expr

import (
	"regexp"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// writings are the ways in which a usage says that a helper is written.
func writings(usage string) []string {
	head, _, _ := strings.Cut(usage, "): ")
	return strings.Split(head+")", " or ")
}

// usagesOf are what the reference says of all functions.
func usagesOf() map[string]string {
	all := map[string]string{}
	for _, name := range callable {
		h, _ := helpers.Find(name)
		all[name] = h.Usage + predicates[name].usage
	}
	return all
}

// TestUsage: what the reference shows can be typed as it stands, and check takes it.
func TestUsage(t *testing.T) {
	t.Parallel()
	for name, usage := range usagesOf() {
		for _, text := range writings(usage) {
			if !strings.Contains(text, name+"(") {
				t.Errorf("%s: %q does not call it", name, text)
			}
			if why := refused(text); why != "" {
				t.Errorf("%s: %s", text, why)
			}
		}
	}
}

// refused is why check refuses an expression over values of any sort; "" where it takes it.
func refused(text string) string {
	scope := FormScope().Inner()
	for _, name := range []string{"x", "y", "a", "b", "c", "list", "born", "day", "condition", "expression"} {
		b := Binding{Eval: func(*Env) value.Value { return value.Missing }}
		if name == "born" || name == "day" {
			b.May = &Outcome{More: value.SamplesOf(value.Value{Kind: value.KindDate, Str: "1999-12-31"})}
		}
		scope.Names[name] = b
	}
	c := &Compiler{Prog: &Program{}, Scope: scope, Strict: true, May: func([]Step) *Outcome { return nil }, Never: func(*Need) (string, []string) { return "", nil },
		Tables: map[string]*helpers.Table{"table": {Name: "table", Rows: map[string]string{"x": "y"}}}}
	if _, p := c.Whole(text); p != nil {
		return p.Message
	}
	return ""
}

// TestSortsOfArguments: an argument that stands in the mapping and is of another sort than the helper takes is refused, in every helper.
func TestSortsOfArguments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`x | boolean(["J", "N"])`: "boolean takes both texts", `x | boolean(["J"], {})`: "not part of the mapping language", `x | boolean(nil, ["N"])`: "boolean takes a text, or a list of texts here",
		`x | boolean(["J", "ja"], ["ja"])`: "true and false have the same text", `x | boolean("J", "J")`: "true and false have the same text",
		`x | decimal([","])`: "decimal takes a text here", `x | decimal(",", ["."])`: "decimal takes a text here", `x | decimal(",", ",")`: "another than the decimal sign",
		`x | parseDate(["dd.MM.yyyy"])`: "must be a text in quotes", `x | parseDate("dd.MM.yy", "1930")`: "parseDate takes a whole number here", `x | parseDate("dd.MM.yyyy", 1930)`: "belongs to yy",
		`x | padLeft("8")`: "can only fail", `x | padLeft(8, ["0"])`: "padLeft", `x | join([", "])`: "can only fail", `x | round(2, ["up"])`: "rounding mode", `x | substring([1])`: "can only fail",
		`born | addDays("3")`: "can only fail", `born | daysTo([1])`: "can only fail", `x | isModulus("11", [1])`: "modulus is a whole number", `x | isModulus(11, ["1"])`: "weights are whole numbers",
		`x | isISO7064("MOD 11,11")`: "system of ISO 7064", `x | extract("(a")`: `missing closing ) at "(a"`, `x | extract("a", 1)`: `no group "1"`, `x | replaceAll("a", "$1x")`: `no group "1x"`,
		`x | replaceAll("a", "$")`: `no group ""`, `x | incompleteDate("middle", "yyyy")`: `"first" or "last"`, `x | incompleteDate("first", "dd.MM.yy")`: "needs yyyy", `x | monthAsNumber("it")`: "one of de, en, fr, nl",
		`x | parseDate("d. MMMM yyyy")`: "is not a field",
	} {
		if why := refused(text); !strings.Contains(why, want) {
			t.Errorf("%s: %q, want %q", text, why, want)
		}
	}
}

// FuzzArguments: whatever stands in a call, check refuses it or the call does not bring the program down.
func FuzzArguments(f *testing.F) {
	for name, usage := range usagesOf() {
		for _, text := range writings(usage) {
			f.Add(text)
			f.Add(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(text, "[1, \"x\"]"))
			f.Add(regexp.MustCompile(`[0-9]+`).ReplaceAllString(text, "-1.5"))
			f.Add(strings.Replace(text, name+"(", name+"(nil, ", 1))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		_ = refused(text)
	})
}
