package load_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// firstSaid is what check says of a mapping first, with "warning: " before it where it is one.
func firstSaid(t *testing.T, text, schema string) (string, *mapping.Plan) {
	t.Helper()
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}, "s.json": {Data: []byte(schema)}}, "m.yaml", nil)
	var problems diag.Problems
	switch {
	case errors.As(err, &problems):
		return problems[0].Message + " " + problems[0].Suggestion, nil
	case err != nil:
		t.Fatal(err)
	case len(mappings.Doubts(p)) > 0:
		return "warning: " + mappings.Doubts(p)[0].Message + " " + mappings.Doubts(p)[0].Suggestion, p
	}
	return "", p
}

// hopeless is a value that check must refuse or warn of; "" wants nothing.
type hopeless struct{ value, want string }

func checkHopeless(t *testing.T, head, schema string, table []hopeless) {
	t.Helper()
	for _, c := range table {
		have, _ := firstSaid(t, "mapping: m\nversion: 1\n"+head+"write:\n  - as: w\n    to: t\n    table: T\n    fields:\n      A: '"+strings.ReplaceAll(c.value, "'", "''")+"'\n", schema)
		if c.want == "" && have != "" || !strings.Contains(have, c.want) || strings.HasPrefix(have, "warning") != strings.HasPrefix(c.want, "warning") {
			t.Errorf("%s\n  have %s\n  want %s", c.value, have, c.want)
		}
	}
}

// TestFormatsOfTexts: check knows without a schema that a format makes nothing but texts.
func TestFormatsOfTexts(t *testing.T) {
	t.Parallel()
	for _, head := range []string{"input: {format: xml, unused: allow}\n", "input: {format: csv, csv: {single: true}, unused: allow}\n", "input: {format: urlencoded, unused: allow}\n"} {
		checkHopeless(t, head, "", []hopeless{
			{`form.fee * 2`, "* can only fail"}, {`form.fee > 3`, "the comparison can only fail"}, {`form.flag == true`, "the comparison can only fail"}, {`form.fee | round(1)`, "round can only fail"},
			{`form.flag | yesNo("J", "N")`, "yesNo can only fail"}, {`form.fee | cents()`, "cents can only fail"}, {`form.flag ? "a" : "b"`, "the condition can only fail"},
			{`form.fee in [3.5, 4]`, "warning: this is never true: the form's format makes string"}, {`form.fee + form.more`, "warning: both are texts in this format, and + joins them"},
			{`form.fee + 1`, "+ can only fail"}, {`form.flag | boolean(["J", "ja"], ["N"])`, ""}, {`form.flag | boolean("on", ["off", ""]) | yesNo("J", "N")`, ""}, {`isIBAN(form.a) ? "x" : "y"`, ""}, {`{"a": 1}`, "this construct is not part"},
			{`form.fee | decimal(",", ".")`, ""}, {`form.fee | signBehind() | decimal(".", ",") * 2`, ""}, {`form.fee | integer() | fromCents()`, ""}, {`form.fee | fromCents()`, "fromCents can only fail"}, {`form.a | monthAsNumber("de") | parseDate("d. MM yyyy") | addDays(1)`, ""},
			{`form.a | incompleteDate("first", "dd.MM.yyyy", "yyyy") | addDays(1)`, ""}, {`form.a | nullIf("00000000") | parseDate("yyyyMMdd") | year()`, ""}, {`form.a | extract("[0-9]+") | integer()`, ""}, {`form.a | checkBSN() | integer()`, ""}, {`form.a | addressPart("nl", "number") | integer()`, ""},
			{`form.a | findAll("[0-9]+") | first() | integer()`, ""}, {`form.a | replaceAll("[^0-9]", "") | integer()`, ""}, {`form.a | parseDate("dd.MM.yy", 1930) | year()`, ""}, {`form.fee + "!"`, ""}, {`concat(form.fee, form.more)`, ""}, {`form.fee in ["3.5"]`, ""}, {`form.flag == "true"`, ""}, {`form.fee > "3"`, ""},
			{`(form.fee | decimal()) * 2`, ""}, {`form.flag | boolean() | yesNo("J", "N")`, ""}, {`form.fee | integer()`, ""}, {`form.born | parseDate("dd.MM.yyyy")`, ""}, {`form.a ?? "x"`, ""}, {`form.x == nil`, ""},
		})
	}
	checkHopeless(t, "input: {format: xml, lists: [fee], unused: allow}\n", "", []hopeless{{`sum(form.fee)`, "sum can only fail"}, {`first(form.fee) * 2`, "* can only fail"}, {`sum(form.fee, # | decimal())`, ""}, {`2 in form.fee`, ""}})
	checkHopeless(t, "input: {format: json, unused: allow}\n", "", []hopeless{{`form.fee * 2`, ""}, {`form.fee + form.more`, ""}})
	checkHopeless(t, "input: {format: fixed, fixed: {single: true, fields: [{name: fee, width: 4, type: number}]}, unused: allow}\n", "", []hopeless{{`form.fee * 2`, ""}})
}

// TestNamesThatAreNever: a member that nothing has is told, also of what a helper or a predicate finds.
func TestNamesThatAreNever(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{"name":{"type":"string"},"any":{},"items":{"type":"array","items":{"type":"object","properties":{"name":{"type":"number"},"in":{"type":"object","properties":{"x":{"type":"string"}}}}}}}}`
	both := []hopeless{
		{`attachments[0].nme`, `an attachment has no nme did you mean "name"?`}, {`attachments.name`, "attachments is a list"}, {`map(attachments, .filename) | join(",")`, "an attachment has no filename"},
		{`count(attachments, .typ == "application/pdf")`, `did you mean "type"?`}, {`first(attachments).sze`, `did you mean "size"?`}, {`attachments[-1].size.x`, "an integer has no members"}, {`attachments[0].size == "1"`, "can only fail"},
		{`attachments[0].name`, ""}, {`count(attachments, .type == "application/pdf")`, ""}, {`find(attachments, .size > 3).name`, ""}, {`filter(attachments, .size > 3) | map(#.name) | join(",")`, ""},
	}
	checkHopeless(t, "input: {format: json, schema: s.json, unused: allow}\n", schema, append([]hopeless{
		{`form.name.first`, `there is no "first" here: what lies before it is string`}, {`form.name[0]`, "this is no list: it is string"}, {`form.items.name`, "this is a list"},
		{`first(form.items).nme`, `the form's schema has no field "nme" here did you mean "name"?`}, {`find(form.items, .name == 1).zz`, `has no field "zz"`}, {`last(form.items).in.y`, `has no field "y"`},
		{`filter(form.items, .name > 1)[0].zz`, `has no field "zz"`}, {`map(filter(form.items, .name > 1), .zz) | join(",")`, `has no field "zz"`}, {`first(form.items).name | upper() | substring(9) | parseDate()`, ""},
		{`first(sortBy(form.items, .nme)).name`, `did you mean "name"?`}, {`first(sortBy(form.items, .name)).nme`, `did you mean "name"?`}, {`first(groupBy(form.items, .nme)).key`, `did you mean "name"?`}, {`count(form.items, any(form.items, .name == #outer.nme))`, `did you mean "name"?`},
		{`count(form.items, any(form.items, .name == #outer.name))`, ""}, {`first(groupBy(form.items, .name)).items | map(.name) | max()`, ""}, {`form.items | map(.name) | sort("desc") | first()`, ""}, {`form.items | sort() | first()`, "sort can only fail"}, {`form.name | sort()`, "sort can only fail"},
		{`first(form.items).name == "x"`, "the comparison can only fail"}, {`first(form.items).name`, ""}, {`last(form.items).in.x`, ""}, {`form.any.x`, ""}, {`form.any[0]`, ""}, {`first(form.any).x`, ""},
	}, both...))
	checkHopeless(t, "input: {format: json, unused: allow}\n", "", append([]hopeless{{`first(form.x).y`, ""}, {`form.x.y[0]`, ""}}, both...))
	checkHopeless(t, "input: {format: csv, csv: {single: true}, unused: allow}\n", "", []hopeless{{`form.a.b`, "it is string"}, {`form.a[0]`, "it is string"}, {`form.a`, ""}})
	checkHopeless(t, "input: {format: csv, unused: allow}\n", "", []hopeless{{`form.a`, "this is a list"}, {`form[0].a`, ""}, {`first(form).a`, ""}, {`first(form).a | cents()`, "can only fail"}})
}

// TestPlacesOfLoopsAndLets: each and let hand on where a value lies.
func TestPlacesOfLoopsAndLets(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{"items":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"}}}}}}`
	for _, c := range []struct{ each, value, want string }{
		{"a in attachments", "a.nme", `did you mean "name"?`}, {"a in attachments", "a.name", ""}, {"a in filter(form.items, .name != nil)", "a.nme", `has no field "nme"`},
		{"a in filter(form.items, .name != nil)", "a.name | cents()", "can only fail"}, {"a in form.items", "one.nme", `has no field "nme"`}, {"a in form.items", "one.name", ""},
	} {
		have, _ := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nlet: {one: first(form.items)}\nwrite:\n  - {as: w, to: t, table: T, each: '"+c.each+"', fields: {A: '"+c.value+"'}}\n", schema)
		if c.want == "" && have != "" || !strings.Contains(have, c.want) {
			t.Errorf("%s: %s: have %s, want %s", c.each, c.value, have, c.want)
		}
	}
}

// TestListsThatAreNotDeclared: what is used as a list is under lists, and what is used as one value parks where it repeats.
func TestListsThatAreNotDeclared(t *testing.T) {
	t.Parallel()
	checkHopeless(t, "input: {format: xml, unused: allow}\n", "", []hopeless{
		{`count(form.dog)`, "dog is not declared under input.lists"}, {`map(form.dog, .n) | join(",")`, "lists: [dog]"}, {`form.dog[0].n`, "lists: [dog]"}, {`form.a.dog[-1].n`, "lists: [a.dog]"},
		{`first(form.dog).n`, "lists: [dog]"}, {`form.dog | join()`, "lists: [dog]"}, {`form.dog | len()`, "lists: [dog]"}, {`"x" in form.dog`, "lists: [dog]"}, {`any(form.dog, .n == "1")`, "lists: [dog]"},
		{`form.dog | sort() | join()`, "lists: [dog]"}, {`form.dog | distinct() | join()`, "lists: [dog]"}, {`form.dog | flatten() | join()`, "lists: [dog]"}, {`form.dog | max()`, "lists: [dog]"}, {`first(sortBy(form.dog, .n)).n`, "lists: [dog]"}, {`first(groupBy(form.dog, .n)).key`, "lists: [dog]"},
		{`form.dog.n`, ""}, {`count(list(form.dog))`, ""}, {`isMissing(form.dog)`, ""}, {`form.dog | list() | join()`, ""},
	})
	checkHopeless(t, "input: {format: xml, lists: [dog, a.cat], unused: allow}\n", "", []hopeless{
		{`count(form.dog)`, ""}, {`form.dog[0].n`, ""}, {`form.a.cat[0].n`, ""}, {`form.dog.n`, "this is a list"}, {`form.dog`, "no value that this gives fits here"}, {`form.dog | upper()`, "can only fail"}, {`map(form.dog, .n) | join()`, ""},
	})
	for _, c := range []struct{ lists, value, form, want string }{
		{"", `form.dog.n`, `<f><dog><n>7</n></dog></f>`, "nobody"}, {"", `form.dog.n`, `<f><dog><n>7</n></dog><dog><n>8</n></dog></f>`, "mapping input.lists mapping.list /dog"},
		{"", `form.dog.n`, `<f><dog><n>7</n><n>8</n></dog></f>`, "mapping input.lists mapping.list /dog/n"}, {"", `form.dog.n`, `<f><dog><n>7</n></dog><cat/><cat/></f>`, "nobody"},
		{"", `form.dog`, `<f><dog>a</dog><dog>b</dog></f>`, "mapping input.lists mapping.list /dog"}, {"", `form.dog | list() | join()`, `<f><dog>a</dog><dog>b</dog></f>`, "nobody"},
		{"dog", `map(form.dog, .n) | join()`, `<f><dog><n>7</n></dog><dog><n>7</n><n>8</n></dog></f>`, "mapping input.lists mapping.list /dog/1/n"}, {"dog", `map(form.dog, .n) | join()`, `<f><dog><n>7</n></dog><dog><n>7</n></dog></f>`, "nobody"},
	} {
		problem, p := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: xml, lists: ["+c.lists+"], unused: allow}\nwrite:\n  - {as: w, to: t, table: T, fields: {A: '"+c.value+"'}}\n", "")
		if p == nil {
			t.Errorf("%s: %s", c.value, problem)
			continue
		}
		form, err := p.Decode([]byte(c.form), "")
		if err == nil {
			_, err = p.Map(form, expr.Input{})
		}
		var fault *mapping.Fault
		have := mappings.Blamed(err)
		if errors.As(err, &fault) {
			have += " " + fault.Cause.Pointer
		}
		if have != c.want {
			t.Errorf("%s of %s: %s, want %s", c.value, c.form, have, c.want)
		}
	}
}

// TestLayoutTypes: a number or text that a layout cannot take is the form's fault only where its schema does not allow it.
func TestLayoutTypes(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{"n":{"type":"number"},"s":{"type":"string"},"b":{"type":"boolean"},"l":{"type":"array","items":{"type":"object","properties":{"x":{"type":"number"}}}}}}`
	for _, c := range []struct{ value, layout, form, check, blame string }{
		{"form.n", "{name: A, type: integer}", `{"n":12.5}`, "", "mapping w.A encode.type"}, {"form.n", "{name: A, type: decimal}", `{"n":12.5}`, "", "mapping w.A encode.type"},
		{"form.n", "{name: A, type: integer}", `{"n":12.0}`, "", "nobody"}, {"'sum(form.l, .x)'", "{name: A, type: decimal}", `{"l":[{"x":12.5}]}`, "", "mapping w.A encode.type"},
		{`{value: form.n, type: "decimal(8,2)", round: half-up}`, "{name: A, type: decimal}", `{"n":12.5}`, "warning: the field's type has 2 decimals", "mapping w.A encode.type"},
		{`{value: form.n, type: "decimal(8,3)"}`, "{name: A, type: decimal, decimals: 2}", `{"n":1.125}`, "warning: the field's type has 3 decimals", "mapping w.A encode.precision"},
		{`{value: form.n, type: "decimal(8,2)"}`, "{name: A, type: decimal, decimals: 2}", `{"n":1.125}`, "", "form /n field.too-many-decimals"},
		{"form.s", "{name: A, type: boolean}", `{"s":"yes"}`, "no value that this gives fits here: the value is not a boolean", ""}, {"form.b", "{name: A, type: boolean}", `{"b":true}`, "", "nobody"},
		{"form.s | integer()", "{name: A, type: integer}", `{"s":"1.5"}`, "", "form /s field.not-an-integer"}, {"form.s", "{name: A, type: integer}", `{"s":"1.5"}`, "", "form /s encode.type"},
	} {
		have, p := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nlayouts: {l: {format: csv, fields: ["+c.layout+"]}}\nwrite: [{as: w, to: t, layout: l, fields: {A: "+c.value+"}}]\n", schema)
		if c.check == "" && have != "" || !strings.Contains(have, c.check) {
			t.Errorf("%s into %s: check says %s, want %s", c.value, c.layout, have, c.check)
		}
		if p == nil {
			continue
		}
		_, err := p.Map(mappings.Form(t, p, c.form), expr.Input{ID: "0AB"})
		if got := mappings.Blamed(err); got != c.blame {
			t.Errorf("%s into %s: %s, want %s", c.value, c.layout, got, c.blame)
		}
	}
}

// TestReadersAndLookups: what reads texts or looks them up, and fits none that the schema allows.
func TestReadersAndLookups(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{"i":{"type":"integer"},"b":{"type":"boolean"},"n":{"type":"number"},"c":{"type":"string","pattern":"^[0-9]+,[0-9]{2}$"},"p":{"type":"string","pattern":"^[0-9]+[.][0-9]{2}$"},
		"d":{"type":"string","pattern":"^[0-9]{2}[.][0-9]{2}[.][0-9]{4}$"},"iso":{"type":"string","format":"date"},"at":{"type":"string","format":"date-time"},"k":{"type":"string","pattern":"^[0-9]$"},
		"name":{"type":"string","maxLength":40},"jn":{"type":"string","pattern":"^[JN]$"},"any":{"type":"string"},"mix":{"type":["string","integer"],"pattern":"^[a-z]$"}}}`
	checkHopeless(t, "input: {format: json, schema: s.json, unused: allow}\nlookups: {t: {values: {a: A, b: B}}, one: {values: {\"1\": A}}, yes: {values: {\"true\": A}}}\n", schema, []hopeless{
		{`form.i | lookup("t")`, "lookup t has none of the values that there may be here"}, {`form.b | lookup("t")`, "lookup t has none"}, {`form.k | lookup("t")`, "the form's schema says here: pattern ^[0-9]$"}, {`form.n | lookup("t")`, "lookup t has none"},
		{`form.k | lookup("t", "x")`, "warning: lookup t has none"}, {`form.i | lookup("one")`, ""}, {`form.n | lookup("one")`, ""}, {`form.b | lookup("yes")`, ""}, {`form.k | lookup("one")`, ""}, {`form.any | lookup("t")`, ""}, {`form.mix | lookup("t")`, ""}, {`form.mix | lookup("one")`, ""},
		{`form.c | decimal()`, "decimal can read none of the texts"}, {`form.c | decimal(",")`, ""}, {`form.p | decimal(",")`, "can read none"}, {`form.p | decimal()`, ""}, {`form.c | integer()`, "can read none"}, {`form.mix | decimal()`, ""},
		{`form.d | parseDate()`, "parseDate can read none of the texts"}, {`form.d | parseDate("dd.MM.yyyy")`, ""}, {`form.iso | parseDate("dd.MM.yyyy")`, "parseDate can only fail"}, {`form.iso | parseDate()`, ""}, {`form.any | parseDate("d.M.yy")`, "warning: two digits"}, {`form.any | parseDate("d.M.yy", 1930)`, ""}, {`form.any | parseDate("d.M.yy", year(submission.received) - 99)`, ""},
		{`form.at | parseDateTime("yyyy-MM-dd HH:mm", "UTC")`, "parseDateTime can only fail"}, {`form.at | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "own")`, ""}, {`form.at | toDate()`, ""}, {`form.d | addDays(1)`, "can read none"}, {`form.iso | year()`, ""},
		{`form.jn | boolean()`, "boolean can read none"}, {`form.jn | boolean("J", "N")`, ""}, {`form.jn | boolean("Y", "N")`, ""}, {`form.name | substring(40)`, "warning: this begins behind the last character"}, {`form.name | substring(39)`, ""}, {`form.any | substring(40)`, ""},
	})
	for _, c := range []hopeless{
		{"{value: form.iso, type: text(8)}", "no value that this gives fits here: the text has more than 8 characters"}, {"{value: form.iso, type: text(10)}", ""}, {"{value: form.iso, type: date}", ""},
		{"{value: form.d, type: date}", "takes none of the texts"}, {"{value: form.c, type: decimal}", "takes none of the texts"}, {"{value: form.p, type: decimal}", ""}, {"{value: form.jn, type: boolean}", "takes none of the texts"}, {"{value: form.at, type: datetime}", ""},
	} {
		have, _ := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nwrite: [{as: w, to: t, table: T, fields: {A: "+c.value+"}}]\n", schema)
		if c.want == "" && have != "" || !strings.Contains(have, c.want) {
			t.Errorf("%s: have %s, want %s", c.value, have, c.want)
		}
	}
	have, _ := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nlookups: {t: {values: {\"1 \": A}}}\nwrite: [{as: w, to: t, table: T, fields: {A: 'form.k | lookup(\"t\")'}}]\n", "")
	if !strings.Contains(have, `warning: keys are compared as they stand, and "1 " begins or ends with a blank`) {
		t.Error(have)
	}
}

// TestLookupsOfNumbers: 1.0 is 1, and 007 is another key than 7.
func TestLookupsOfNumbers(t *testing.T) {
	t.Parallel()
	_, p := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nlookups: {t: {values: {\"1\": A, \"2.50\": B, \"007\": C, \"3\": D, \"3.0\": E}}}\nwrite: [{as: w, to: t, table: T, fields: {A: 'form.k | lookup(\"t\", \"?\")'}}]\n", "")
	for form, want := range map[string]string{`1`: "A", `1.0`: "A", `1e0`: "A", `"1.0"`: "?", `2.5`: "B", `2.500`: "B", `7`: "?", `"007"`: "C", `3`: "D", `3.0`: "E", `3.00`: "?", `true`: "?"} {
		out, err := p.Map(mappings.Form(t, p, `{"k":`+form+`}`), expr.Input{})
		if err != nil || out.Deliveries[0].Records[0].Values[0].Str != want {
			t.Errorf("%s: %v %v, want %s", form, out, err, want)
		}
	}
}

// TestTwoDigitYears: a year that yy does not mean is parked, and not written as another one.
func TestTwoDigitYears(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, field, form, want string }{
		{`'form.d | parseDate() | formatDate("yyMMdd")'`, "{name: A}", "1930-05-06", "mapping w.A field.out-of-range"}, {`'form.d | parseDate() | formatDate("yyMMdd")'`, "{name: A}", "2050-01-01", "mapping w.A field.out-of-range"},
		{`'form.d | parseDate() | formatDate("yyMMdd")'`, "{name: A}", "1950-01-01", "nobody"}, {`'form.d | formatDate("yyyyMMdd") | substring(2)'`, "{name: A}", "1930-05-06", "nobody"},
		{"form.d", "{name: A, type: date, pattern: yyMMdd}", "1930-05-06", "mapping w.A encode.century"}, {"form.d", "{name: A, type: date, pattern: yyMMdd}", "2049-12-31", "nobody"}, {"form.d", "{name: A, type: date, pattern: yyyyMMdd}", "1930-05-06", "nobody"},
		{"form.d", "{name: A, type: datetime, pattern: yyMMddHHmm}", "1930-05-06T10:11:12", "mapping w.A encode.century"},
	} {
		have, p := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nlayouts: {l: {format: csv, fields: ["+c.field+"]}}\nwrite: [{as: w, to: t, layout: l, fields: {A: "+c.value+"}}]\n", "")
		if p == nil || strings.Contains(have, "mean 1950 to 2049") != (c.want != "nobody" || c.form == "1950-01-01" || c.form == "2049-12-31") {
			t.Fatal(have)
		}
		_, err := p.Map(mappings.Form(t, p, `{"d":"`+c.form+`"}`), expr.Input{ID: "0AB"})
		if got := mappings.Blamed(err); got != c.want {
			t.Errorf("%s into %s of %s: %s, want %s", c.value, c.field, c.form, got, c.want)
		}
	}
}

// TestYearsInTwoDigits: check says where a date of the form's is written or read in two digits of its year, unless all years are known.
func TestYearsInTwoDigits(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{"born":{"type":"string","format":"date"},"since":{"enum":["1961-01-01","1999-01-01"]},"until":{"enum":["1949-12-31","1999-01-01","2051-01-01"]},
"list":{"type":"array","items":{"type":"object","properties":{"d":{"type":"string"}}}}}}`
	writes, reads := "warning: two digits of a year mean 1950 to 2049, and a form with another year here is parked", "warning: two digits of a year mean 1950 to 2049: 49 is read as 2049, and 1949 as well"
	layout := "{name: A, type: date, pattern: dd.MM.yy}"
	for _, c := range []struct{ value, field, want string }{
		{`form.born | formatDate("yyMMdd")`, "", writes}, {`form.born | parseDate() | formatDate("dd.MM.yy")`, "", writes}, {`form.list[0].d | formatDate("yyMMdd")`, "", writes},
		{`form.born | formatDate("yyyyMMdd")`, "", ""}, {`form.born | formatDate("yyyyMMdd") | substring(2)`, "", ""}, {`form.born | formatDate("MMdd")`, "", ""},
		{`submission.received | formatDate("yyMMdd")`, "", ""}, {`submission.received | localTime("Europe/Berlin") | formatDate("yyMMdd")`, "", ""},
		{`form.since | formatDate("yyMMdd")`, "", ""}, {`form.since | parseDate() | formatDate("yyMMdd")`, "", ""}, {`form.until | formatDate("yyMMdd")`, "", "and forms with 1949, 2051 here are parked"},
		{`form.list[0].d | parseDate("dd.MM.yy")`, "", reads}, {`form.list[0].d | parseDateTime("dd.MM.yy HH:mm", "Europe/Berlin")`, "", reads}, {`form.list[0].d | parseDate("dd.MM.yyyy")`, "", ""},
		{"form.born", layout, writes}, {"form.born | parseDate()", layout, writes}, {"form.list[0].d", "{name: A, type: datetime, pattern: yyMMddHHmm}", writes},
		{"form.born", "{name: A, type: date, pattern: dd.MM.yyyy}", ""}, {"form.since", layout, ""}, {"form.until", layout, "and forms with 1949, 2051 here are parked"}, {"submission.received | toDate()", layout, ""},
	} {
		to, layouts := "table: T", ""
		if c.field != "" {
			to, layouts = "layout: l", "layouts: {l: {format: csv, fields: ["+c.field+"]}}\n"
		}
		have, p := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\n"+layouts+"write: [{as: w, to: t, "+to+", fields: {A: '"+c.value+"'}}]\n", schema)
		if p == nil || c.want == "" && have != "" || !strings.Contains(have, c.want) {
			t.Errorf("%s %s: have %s, want %s", c.value, c.field, have, c.want)
		}
	}
}

// TestKeysThatAreNoIdentity: a key or reference that many forms have.
func TestKeysThatAreNoIdentity(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{"ref":{"type":"string"},"kind":{"enum":["a","b"]}}}`
	for _, c := range []struct{ mode, key, a, ref, want string }{
		{"upsert", "[A]", `'"x"'`, "form.ref", "and use mode: update"}, {"replace-children", "[A]", `'"x"'`, "form.ref", "the key is the same for every form"}, {"upsert", "[A, B]", `'"x"'`, "form.ref", ""}, {"upsert", "[A]", "1", "form.ref", "the key is the same"},
		{"update", "[A]", `'"x"'`, "form.ref", "warning: the key has the same few values"}, {"insert", "[A]", `'"x"'`, "form.ref", ""}, {"upsert", "[A]", "form.kind", "form.ref", "warning: the key has the same few values"}, {"upsert", "[A]", "form.ref", "form.ref", ""},
		{"upsert", "[A]", "submission.id", "form.ref", ""}, {"upsert", "[A]", `'concat("x", form.ref)'`, "form.ref", ""}, {"upsert", "[A]", "form.ref", "form.kind", "warning: the reference has a few values only"}, {"upsert", "[A]", `'form.kind | lookup("t")'`, "form.ref", "warning: the key has"},
		{"upsert", "[A]", `{value: form.ref, default: '"x"'}`, "form.ref", ""},
	} {
		have, _ := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, reference: "+c.ref+", unused: allow}\nlookups: {t: {values: {a: A, b: B}}}\nwrite: [{as: w, to: t, table: T, mode: "+c.mode+", key: "+c.key+", fields: {A: "+c.a+", B: form.ref}}]\n", schema)
		if c.want == "" && have != "" || !strings.Contains(have, c.want) {
			t.Errorf("%s %s %s %s: have %s, want %s", c.mode, c.key, c.a, c.ref, have, c.want)
		}
	}
}

// TestAnswersThatAreNever: what an answer section reads that is never there, or says of every submission.
func TestAnswersThatAreNever(t *testing.T) {
	t.Parallel()
	answer := func(match, more, fields string) string {
		return "answer:\n  from: files\n  format: csv\n  id: REF\n  match: {REF: " + match + "}\n  outcome: {S: {OK: approved}}\n  " + more + "\n  fields: {" + fields + "}\n"
	}
	for _, c := range []struct{ section, want string }{
		{answer("form.ref", "file: '(?P<ref>.*)[.]csv'", "REF: file.reff, S: content.S"), `answer.file has no group "reff" did you mean "ref"?`}, {answer("form.ref", "file: '(?P<ref>.*)[.]csv'", "REF: file.ref, S: content.S"), ""},
		{answer("form.ref", "{}", "REF: file.name, S: content.S"), ""}, {answer("form.ref", "{}", `REF: 'concat("x", file.nme)', S: content.S`), `answer.file has no group "nme"`},
		{answer("form.ref", "each: line in content.lines", "REF: line.REF, S: line.S"), "the content of a CSV file is the list of its lines each: line in content"}, {answer("form.ref", "each: line in content", "REF: line.REF, S: line.S"), ""},
		{answer("5", "{}", "REF: content.REF, S: content.S"), "match compares with nothing of the form"}, {answer("form.ref, S: '\"x\"'", "{}", "REF: content.REF, S: content.S"), ""},
		{"answer:\n  from: files\n  query: select ID, S from D\n  id: ID\n  match: {ID: form.ref}\n  outcome: {S: {OK: approved}}\n  mark: update D set X=1 where ID=:ID\n", `"files" is where answer files come from`},
	} {
		text := strings.Replace("mapping: m\nversion: 1\ninput: {format: json, reference: form.ref, unused: allow}\nwrite: [{as: h, to: register, table: T, fields: {REF: form.ref}}]\n"+c.section, "  {}\n", "", 1)
		_, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", mappings.Catalog{})
		var problems diag.Problems
		have := ""
		if errors.As(err, &problems) {
			have = problems[0].Message + " " + problems[0].Suggestion
		}
		if c.want == "" && have != "" || !strings.Contains(have, c.want) {
			t.Errorf("%s\n  have %s\n  want %s", c.section, have, c.want)
		}
	}
	checkHopeless(t, "input: {format: json, schema: s.json, unused: allow}\n", `{"type":"object","properties":{"name":{"type":"string"},"o":{"type":"array","items":{"type":"object","properties":{"x":{"type":"string"}}}},"l":{"type":"array","items":{"type":"string"}}}}`, []hopeless{
		{`form.o | join(",")`, "only texts, numbers and dates can be joined"}, {`attachments | join(",")`, "can be joined"}, {`form.o | first()`, "no value that this gives fits here"}, {`form.l | join(",")`, ""}, {`map(form.o, .x) | join(",")`, ""}, {`form.name in "abc"`, "in needs a list"}, {`form.name in form.l`, ""},
	})
}

// TestForeignCSV: a header of which no column is read is parked, and writes no row of nothing.
func TestForeignCSV(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ csv, each, value, form, want string }{
		{`{delimiter: ";", single: true}`, "", "form.ref", "ref,name\nR1,Kaya\n", "mapping input.csv decode.columns"}, {`{delimiter: ";", single: true}`, "", "form.ref", "ref;name\nR1;Kaya\n", "nobody"},
		{`{delimiter: ";", single: true}`, "", "form.ref", "REF;other\nR1;Kaya\n", "mapping input.csv decode.columns"}, {`{delimiter: ";", single: true}`, "", "form.name ?? form.ref", "ref\nR1\n", "nobody"},
		{`{delimiter: ";"}`, "each: r in form, ", "r.ref", "ref,name\nR1,Kaya\n", "mapping input.csv decode.columns"}, {`{delimiter: ";"}`, "each: r in form, ", "r.ref", "ref;name\nR1;Kaya\n", "nobody"}, {`{delimiter: ";"}`, "", "count(form)", "a,b\nc,d\n", "nobody"},
		{`{delimiter: ";"}`, "", "first(form).ref", "a,b\nc,d\n", "mapping input.csv decode.columns"}, {`{single: true, columns: [ref, name]}`, "", "form.ref", "R1,Kaya\n", "nobody"},
	} {
		problem, p := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: csv, csv: "+c.csv+", unused: allow}\nwrite: [{as: w, to: t, table: T, "+c.each+"fields: {A: '"+c.value+"'}}]\n", "")
		if p == nil {
			t.Fatal(problem)
		}
		form, err := p.Decode([]byte(c.form), "")
		if err == nil {
			_, err = p.Map(form, expr.Input{})
		}
		if have := mappings.Blamed(err); have != c.want {
			t.Errorf("%s %s of %q: %s, want %s", c.csv, c.value, c.form, have, c.want)
		}
	}
}

// TestSameTexts: yes and no, and null among zeros, are told apart.
func TestSameTexts(t *testing.T) {
	t.Parallel()
	checkHopeless(t, "input: {format: json, unused: allow}\n", "", []hopeless{{`form.b | yesNo("J", "J")`, "true and false have the same text"}, {`form.b | boolean("J", "J")`, "have the same text"}, {`form.b | yesNo("J", "N")`, ""}, {`form.b | yesNo(form.x, form.y)`, ""}})
	for _, c := range []hopeless{{`if-null: "-"`, "zeros are put before this"}, {`if-null: "         "`, ""}, {`if-null: "0"`, ""}, {`if-null: "-", pad: " "`, ""}, {`if-null: ""`, ""}, {`if-null: "999999999"`, ""}} {
		have, _ := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nlayouts: {l: {format: fixed, fields: [{name: A, width: 9, type: integer, "+c.value+"}]}}\nwrite: [{as: w, to: t, layout: l, fields: {A: form.i}}]\n", "")
		if c.want == "" && have != "" || !strings.Contains(have, c.want) {
			t.Errorf("%s: have %s, want %s", c.value, have, c.want)
		}
	}
}

// TestLongQuotients: a division is exact, or keeps 34 digits and all before the point.
func TestLongQuotients(t *testing.T) {
	t.Parallel()
	_, p := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite: [{as: w, to: t, table: T, fields: {A: form.n / form.m}}]\n", "")
	long := "10000000000000000000000000000000000000001"
	for form, want := range map[string]string{`{"n":` + long + `,"m":1}`: long, `{"n":` + long + `,"m":2}`: "5000000000000000000000000000000000000000.5", `{"n":` + long + `,"m":3}`: "mapping w.A field.too-large",
		`{"n":10,"m":3}`: "3.333333333333333333333333333333333", `{"n":` + long + `.5,"m":1}`: long + ".5", `{"n":1,"m":8}`: "0.125"} {
		out, err := p.Map(mappings.Form(t, p, form), expr.Input{})
		have := mappings.Blamed(err)
		if err == nil {
			have = out.Deliveries[0].Records[0].Values[0].Str
		}
		if have != want {
			t.Errorf("%s: %s, want %s", form, have, want)
		}
	}
}

// TestWordsForSenders: who sends a form is not told how to write a mapping, and who writes one is.
func TestWordsForSenders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, form string }{{"form.a * 2", `{"a":"x"}`}, {"form.a | cents()", `{"a":"x"}`}, {"{value: form.a, type: date}", `{"a":"x"}`}, {"form.a | addDays(1)", `{"a":"x"}`}, {"form.a | len()", `{"a":"x"}`}, {`'form.a ? "1" : "2"'`, `{"a":"x"}`}} {
		_, p := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite: [{as: w, to: t, table: T, fields: {A: "+c.value+"}}]\n", "")
		_, err := p.Map(mappings.Form(t, p, c.form), expr.Input{})
		var wrong *mapping.MapError
		if !errors.As(err, &wrong) || strings.Contains(err.Error(), "use ") || strings.Contains(err.Error(), "()") {
			t.Errorf("%s: %v", c.value, err)
		}
	}
	for when, want := range map[string]string{"form.name": "a condition must be true or false; use a comparison", "false": "this is never true; so this write is never made", "nil": "this is never true", "true": ""} {
		have, _ := firstSaid(t, "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nwrite: [{as: w, to: t, table: T, when: '"+when+"', fields: {A: form.name}}]\n", `{"type":"object","properties":{"name":{"type":"string"}}}`)
		if want == "" && have != "" || !strings.Contains(have, want) {
			t.Errorf("when: %s: have %s, want %s", when, have, want)
		}
	}
}
