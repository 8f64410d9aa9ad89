package decode

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// badInputs are refused, each by the format that its name begins with.
func badInputs() []struct{ format, in string } {
	deep := strings.Repeat("[", 70)
	return []struct{ format, in string }{
		{"json", ""}, {"json", "  \n"}, {"json", "\ufeff"}, {"json", "{"}, {"json", `{"a"}`}, {"json", `{"a":}`}, {"json", `{"a":1,}`}, {"json", `[1,]`},
		{"json", `[1 2]`}, {"json", "{\"a\":{\"b\":[1,\n  tru]}}"}, {"json", `{"a":1,"a":2}`}, {"json", `{"o":{"ä":1,"a\u0308":2}}`},
		{"json", "{\"a\":\"\xff\"}"}, {"json", "\"\\n\xff\""}, {"json", `"\ud800"`}, {"json", `"\ud800\u0041"`}, {"json", `"\udc00"`}, {"json", `"\x"`}, {"json", `"\u12"`},
		{"json", "\"a\nb\""}, {"json", `"open`}, {"json", `"open\`}, {"json", `1 2`}, {"json", `{} x`}, {"json", `01`}, {"json", `-`}, {"json", `1.`}, {"json", `1e`}, {"json", `+1`}, {"json", `.5`},
		{"json", `NaN`}, {"json", `{"n":1e999}`}, {"json", `{"n":` + strings.Repeat("9", 300) + `}`}, {"json", deep}, {"json", `{"a/b":{"~":[0,{"x":nul}]}}`}, {"json", `'a'`}, {"json", `{"a":1 /* c */}`},
		{"xml", ""}, {"xml", "<a>"}, {"xml", "<a></b>"}, {"xml", "<a/><b/>"}, {"xml", "<a/>x"}, {"xml", "x<a/>"}, {"xml", "<!DOCTYPE a><a/>"},
		{"xml", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"}, {"xml", "<a>&nbsp;</a>"}, {"xml", "<a x='1' x='2'/>"}, {"xml", "<a>\xff</a>"},
		{"xml", "<?xml version='1.0' encoding='klingon'?><a/>"}, {"xml", "<?xml version='1.0' encoding='utf-16'?><a/>"}, {"xml", "<?xml version='1.0' encoding='ibm037'?><a/>"},
		{"xml", strings.Repeat("<a>", 70)}, {"xml", "<a><b><c>\n<d x=1/></c></b></a>"}, {"xml", "<a>\x01</a>"}, {"xml", "<?xml version='1.1'?><a/>"},
		{"urlencoded", ""}, {"urlencoded", "a=%zz"}, {"urlencoded", "a=%ff"}, {"urlencoded", "a=1&a=2"}, {"urlencoded", "a=1&a[b]=2"}, {"urlencoded", "a[b]=1&a=2"}, {"urlencoded", "a[=1"},
		{"urlencoded", "[b]=1"}, {"urlencoded", "=1"}, {"urlencoded", "a=1&a[]=2"}, {"urlencoded", "a[b]c=1"}, {"urlencoded", "a[][b]=1"}, {"urlencoded", "a" + strings.Repeat("[b]", 70) + "=1"},
		{"csv", ""}, {"csv", "A,A\n"}, {"csv", "A,\n"}, {"csv", "A,B\n1\n"}, {"csv", "A,B\n1,2\n1,2,3\n"}, {"csv", "A\n\"x\n"}, {"csv", "A\n\"x\"y\n"}, {"csv", "A\nx\"y\n"}, {"csv", "A\n\xff\n"},
		{"fixed", "12\nx2\n"}, {"fixed", "1\n"}, {"fixed", "12\xff\n"}, {"fixed", "12abc\n"}, {"fixed", "12ab  \t\n12ab  c\n"},
		{"yaml", "a: 1"},
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	for _, c := range badInputs() {
		v, err := Decode(c.format, []byte(c.in), Options{Fixed: FixedOptions{Fields: []FixedField{{Name: "N", Width: 2, Type: "number"}, {Name: "T", Width: 2}}}})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s %q: got %v, %v", c.format, c.in, v, err)
			continue
		}
		in := c.in
		if len(in) > 80 {
			in = in[:80] + "…"
		}
		fmt.Fprintf(&out, "%s %q\n    %s at %q: %v\n", c.format, in, e.Code, e.Pointer, e)
	}
	path := filepath.Join("testdata", "errors.txt")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), out.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	l := Limits{Bytes: 200, Depth: 3, Nodes: 9, Text: 8}
	for _, c := range []struct{ format, in, want string }{
		{"json", strings.Repeat(" ", 201), CodeSize}, {"json", `[[[[1]]]]`, CodeDepth}, {"json", `[[[1]]]`, ""}, {"json", `[1,2,3,4,5,6,7,8]`, ""},
		{"json", `[1,2,3,4,5,6,7,8,9]`, CodeNodes}, {"json", `"123456789"`, CodeText}, {"json", `"1234567\n9"`, CodeText}, {"json", `"12345678"`, ""},
		{"xml", `<a><b><c><d/></c></b></a>`, CodeDepth}, {"xml", `<a><b>123456789</b></a>`, CodeText}, {"xml", `<a x="123456789"/>`, CodeText},
		{"xml", "<a>" + strings.Repeat("<b/>", 9) + "</a>", CodeNodes}, {"xml", "<a>" + strings.Repeat("<b/>", 8) + "</a>", ""},
		{"urlencoded", "a=123456789", CodeText}, {"urlencoded", "a[b][c][d]=1", CodeDepth}, {"urlencoded", "a=&b=&c=&d=&e=&f=&g=&h=&i=&j=", CodeNodes},
		{"csv", "A\n123456789", CodeText}, {"csv", "A\n1\n2\n3\n4\n5", CodeNodes}, {"csv", strings.Repeat(" ", 201), CodeSize}, {"xml", strings.Repeat(" ", 201), CodeSize},
		{"urlencoded", strings.Repeat(" ", 201), CodeSize}, {"fixed", strings.Repeat(" ", 201), CodeSize},
	} {
		_, err := Decode(c.format, []byte(c.in), Options{Limits: l})
		var e *Error
		got := ""
		if errors.As(err, &e) {
			got = e.Code
		}
		if got != c.want {
			t.Errorf("%s %q: %v, want %q", c.format, c.in, err, c.want)
		}
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typ, in, want string }{
		{"application/json; charset=utf-8", "", "json"}, {"application/vnd.x+json", "", "json"}, {"text/xml", "", "xml"}, {"application/x+xml", "", "xml"},
		{"application/x-www-form-urlencoded", "", "urlencoded"}, {"text/csv", "", "csv"}, {"image/png", "{", ""}, {"", " \n{", "json"}, {"", "\ufeff<a/>", "xml"},
		{"application/octet-stream", "[1]", "json"}, {"", "\xff\xfe<\x00", "xml"}, {"", "\xff\xfe{\x00", "json"}, {"", "\xfe\xff\x00 \x00[", "json"}, {"", "\xff\xfea\x00", ""}, {"", "", ""}, {"", "a=1", ""}, {"text/plain", "<a/>", "xml"},
	} {
		if got := Sniff(c.typ, []byte(c.in)); got != c.want {
			t.Errorf("%q %q: %q", c.typ, c.in, got)
		}
	}
}
