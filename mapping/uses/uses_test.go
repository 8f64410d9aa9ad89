package uses_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/uses"
)

// fields reads ways that are joined by blanks: used ones, whole ones with a *, ignored ones with a -, and allowed ones with a +.
func fields(words ...string) *uses.Fields {
	f := &uses.Fields{}
	for _, w := range words {
		way := strings.Fields(strings.Trim(w, "*-+"))
		switch w[0] {
		case '-':
			f.Ignore(way)
		case '+':
			f.Allow(way)
		default:
			f.Use(way, w[0] == '*')
		}
	}
	return f
}

// TestUnknown is which fields of a form nothing is made of.
func TestUnknown(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 70)
	for _, c := range []struct{ name, uses, form, want string }{
		{"all is used", "a,b c", `{"a":1,"b":{"c":true}}`, ""},
		{"one is not", "a", `{"a":1,"b":"Ada"}`, "form.b"},
		{"below a used branch", "b c", `{"b":{"c":1,"d":2}}`, "form.b.d"},
		{"a branch that is only looked at", "b", `{"b":{"c":1}}`, "form.b.c"},
		{"a branch that is used whole", "*b", `{"b":{"c":1}}`, ""},
		{"the whole form", "*", `{"b":{"c":1}}`, ""},
		{"an ignored branch", "a,-b", `{"b":{"c":1}}`, ""},
		{"an allowed field", "a,+b", `{"b":1}`, ""},
		{"what is below an allowed field", "a,+b", `{"b":{"c":1}}`, "form.b.c"},
		{"items of a list, once", "l k", `{"l":[{"k":1,"x":1},{"x":2},{"y":3}]}`, "form.l.x, form.l.y"},
		{"a list of texts", "l", `{"l":["a","b"]}`, ""},
		{"a form that is a list", "k", `[{"k":1},{"x":2}]`, "form.x"},
		{"a branch is named, not what is in it", "a", `{"b":{"c":1,"d":[1]}}`, "form.b"},
		{"what is empty loses nothing", "a", `{"b":null,"c":"","d":" ","e":{},"f":[],"g":{"h":[null,""]}}`, ""},
		{"false and 0 are something", "a", `{"b":false,"c":0}`, "form.b, form.c"},
		{"a name with a dot is one name", "a.b", `{"a.b":1,"a":{"b":2}}`, `form.a`},
		{"a name with odd characters", "a", `{"@id":1,"über":2}`, `form["@id"], form["über"]`},
		{"what does not look like a name is not repeated", "a", `{"Ada Lovelace, born 1815":1,"` + long + `":2,"x\u001b[0m":3}`, `form["…"]`},
		{"numbers of questions, which FHIR has as names", "a", `{"1.1":1,"12.10.2":1,"1234567890123":1}`, `form["1.1"], form["12.10.2"], form["…"]`},
		{"many", "a", `{"b1":1,"b2":1,"b3":1,"b4":1,"b5":1,"b6":1,"b7":1,"b8":1,"b9":1,"c0":1,"c1":1,"c2":1,"c3":1,"c4":1,"c5":1,"c6":1,"c7":1,"c8":1,"c9":1,"d0":1,"d1":1,"d2":1}`,
			"form.b1, form.b2, form.b3, form.b4, form.b5, form.b6, form.b7, form.b8, form.b9, form.c0, form.c1, form.c2, form.c3, form.c4, form.c5, form.c6, form.c7, form.c8, form.c9, form.d0, and 2 more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			form, err := decode.Decode("json", []byte(c.form), decode.Options{})
			if err != nil {
				t.Fatal(err)
			}
			have := strings.Join(fields(strings.Split(c.uses, ",")...).Unknown(form), ", ")
			if d := cmp.Diff(c.want, have); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestHidden is which fields an ignored branch hides though others of it are used.
func TestHidden(t *testing.T) {
	t.Parallel()
	known := [][]string{{"a"}, {"b", "c"}, {"b", "d"}, {"b", "e", "f"}}
	for _, c := range []struct{ name, uses, want string }{
		{"nothing of it is used", "a,-b", ""},
		{"one field is", "-b,b c", "b.d b.e.f"},
		{"another one is ignored by name", "-b,b c,-b d", "b.e.f"},
		{"all others are used", "-b,b c,b d,*b e", ""},
		{"it is only looked at", "-b,b", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var have []string
			for _, way := range fields(strings.Split(c.uses, ",")...).Hidden([]string{"b"}, known) {
				have = append(have, strings.Join(way, "."))
			}
			if d := cmp.Diff(c.want, strings.Join(have, " ")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestUnknownAllocatesNothing looks at a form of which all is known.
func TestUnknownAllocatesNothing(t *testing.T) {
	f := fields("a", "b c", "l k")
	form := map[string]any{"a": "1", "b": map[string]any{"c": "2"}, "l": []any{map[string]any{"k": "3"}}}
	if n := testing.AllocsPerRun(100, func() { f.Unknown(form) }); n > 4 { // the set and the way
		t.Errorf("%v allocations", n)
	}
}
