package workbench

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/charset"
)

func TestRevealText(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"Öz Müller-Lüdenscheidt": "Xx Xxxxxx-Xxxxxxxxxxxx", "1985-03-12": "9999-99-99", "ö@x.de": "x@x.xx", "李": "x", "e\u0301": "xx", "½ ²": "9 9", "😀": "x",
		"true": "(true or false)", "false": "(true or false)", "": "", "\ufeffa;b": "\ufeffx;x", "-12.50": "-99.99",
	} {
		t.Run(given, func(t *testing.T) {
			t.Parallel()
			if got := Reveal(false).Text(given); got != want {
				t.Errorf("%q, not %q", got, want)
			}
			if got := Reveal(true).Text(given); got != given {
				t.Errorf("%q is not as it was", got)
			}
		})
	}
}

// TestRevealConstants: only what stands in the mapping alone is shown.
func TestRevealConstants(t *testing.T) {
	t.Parallel()
	for expression, shown := range map[string]bool{
		`"Ada"`: true, `'Ada'`: true, "`Ada`": true, `12`: true, `1.5`: true, `true`: true,
		`form.name`: false, `"\"" + form.name + "\""`: false, "`\"` + form.name + `\"`": false, `"x" | upper()`: false, `form.a ? "x" : "y"`: false, `"a" +`: false,
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			x := mapping.Explanation{Value: connectors.Value{Kind: connectors.Text, Str: "Ada"}, Shown: "Ada", Expression: expression}
			if got := Reveal(false).Explained(x); (got == "Ada") != shown || !shown && got != "Xxx" {
				t.Errorf("%q", got)
			}
			if got := Reveal(true).Explained(x); got != "Ada" {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestRevealValue(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]connectors.Value{
		`""`: {Kind: connectors.Text}, "Xxx 9": {Kind: connectors.Text, Str: "Ada 7"}, "(null)": {Kind: connectors.Null}, "(missing)": {},
		"(returned w.NO)": {Kind: connectors.Reference, Str: "w.NO"}, "(binary)": {Kind: connectors.Binary}, "99": {Kind: connectors.Integer, Int: 42},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			if got := Reveal(false).Value(v); got != want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestRevealTree(t *testing.T) {
	t.Parallel()
	tree := map[string]any{"name": "Ada", "n": json.Number("1.5e3"), "yes": true, "none": nil, "list": []any{"B", map[string]any{"c": json.Number("2")}}}
	if got, want := fmt.Sprint(Reveal(false).tree(tree, nil, known{})), "map[list:[X map[c:9]] n:9.9x9 name:Xxx none:<nil> yes:(true or false)]"; got != want {
		t.Error(got)
	}
	if got, want := fmt.Sprint(Reveal(true).tree(tree, nil, known{})), fmt.Sprint(tree); got != want {
		t.Error(got)
	}
}

func TestRevealBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ set, text, want string }{{"utf-8", "Ö;1\r\n", "X;9\r\n"}, {"ibm037", "ADA 7", "XXX 9"}, {"windows-1252", "Œ§1", "X§9"}} {
		t.Run(c.set, func(t *testing.T) {
			t.Parallel()
			set, _ := charset.Lookup(c.set)
			body, _, ok := set.AppendString(nil, c.text)
			got, _, _ := set.DecodeString(Reveal(false).Bytes(body, c.set))
			if !ok || got != c.want || string(Reveal(true).Bytes(body, c.set)) != string(body) {
				t.Errorf("%q", got)
			}
		})
	}
	if Reveal(false).Bytes([]byte("Ada"), "no such set") != nil || Reveal(false).Bytes([]byte("\xff"), "utf-8") != nil {
		t.Error("what cannot be read is shown")
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"form.a.b": "/a/b", "form.a?.b | trim()": "/a/b", "item.b": "/a/b", `form["a"].b | upper()`: "/a/b",
		"name | upper()": "name", `form.a + " " + form.b | trim()`: `form.a + " " + form.b`, `"K"`: `"K"`,
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			if got := Source(mapping.Explanation{Expression: expression, Pointer: "/a/b"}); got != want {
				t.Errorf("%q", got)
			}
		})
	}
	if got := Source(mapping.Explanation{Expression: "submission.id"}); got != "submission.id" {
		t.Error(got)
	}
}
