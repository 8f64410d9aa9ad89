package several

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping/decode"
)

// TestSplit is what a file becomes: place and bytes of each form, or what is wrong with all of it.
func TestSplit(t *testing.T) {
	t.Parallel()
	csv := func(o decode.FormCSV) decode.Options { return decode.Options{Forms: "form", CSV: o} }
	for _, c := range []struct {
		name, format, file string
		o                  decode.Options
		want               []string
	}{
		{"lines", "csv", "a,b\n1,2\n\n3,4", csv(decode.FormCSV{}), []string{"2 a,b\n1,2\n", "4 a,b\n3,4\n"}},
		{"a text of several lines", "csv", "a\n\"1\n2\"\n3\n", csv(decode.FormCSV{}), []string{"2 a\n\"1\n2\"\n", "4 a\n3\n"}},
		{"a line too short, and a torn one", "csv", "a,b\n1\n2,x\"y\n3,4\n", csv(decode.FormCSV{}), []string{"2 a,b\n1\n", "3 a,b\n2,x\"y\n", "4 a,b\n3,4\n"}},
		{"a quote that is never closed", "csv", "a,b\n1,\"2\n3,4\n", csv(decode.FormCSV{}), []string{"2 a,b\n1,\"2\n", "3 a,b\n3,4\n"}},
		{"no header", "csv", "1,2\n3,4\n", csv(decode.FormCSV{CSVOptions: decode.CSVOptions{Columns: []string{"a", "b"}}}), []string{"1 1,2\n", "2 3,4\n"}},
		{"as it came", "csv", "a\nM\xfcller\n\xff\n", csv(decode.FormCSV{CSVOptions: decode.CSVOptions{Charset: "windows-1252"}}), []string{"2 a\nM\xfcller\n", "3 a\n\xff\n"}},
		{"a byte order mark, and the end of CP/M", "csv", "\ufeffa\n1\n\x1a", csv(decode.FormCSV{}), []string{"2 a\n1\n"}},
		{"UTF-16", "csv", "a\x00\n\x001\x00\n\x002\x00\n\x00", csv(decode.FormCSV{CSVOptions: decode.CSVOptions{Charset: "utf-16le"}}), []string{"2 a\x00\n\x001\x00\n\x00", "3 a\x00\n\x002\x00\n\x00"}},
		{"groups", "csv", "k,v\n1,a\n2,b\n1,c", csv(decode.FormCSV{Group: []string{"k"}}), []string{"2 k,v\n1,a\n1,c\n", "3 k,v\n2,b\n"}},
		{"a group that lacks a line", "csv", "k,v\n1,a\n2\n", csv(decode.FormCSV{Group: []string{"k"}}),
			[]string{"!decode.columns line 3, column 1: the line has 1 fields, the header 2; a line of a form cannot be read, and nobody can tell of which"}},
		{"a header alone", "csv", "a,b\n", csv(decode.FormCSV{}), []string{"!decode.forms there is no form in the file"}},
		{"nothing", "csv", "", csv(decode.FormCSV{}), []string{"!decode.empty line 1, column 1: the file is empty; not even a header line is there"}},
		{"a bad header", "csv", "a,a\n1,2\n", csv(decode.FormCSV{}), []string{"!decode.duplicate-key line 1, column 1: column 2 of the header line has the name of an earlier one"}},

		{"a list", "json", " [ {\"a\":1} , 2,\n[3] ] ", decode.Options{Forms: "form"}, []string{`1 [{"a":1}]`, `2 [2]`, `3 [[3]]`}},
		{"a list below", "json", `{"at": 1, "x": {"items": [{"a": {}}, {}]}, "n": 2}`, decode.Options{Forms: "form.x.items"}, []string{`1 {"x":{"items":[{"a": {}}]}}`, `2 {"x":{"items":[{}]}}`}},
		{"a name twice in one form", "json", `[{"a":1,"a":2},{}]`, decode.Options{Forms: "form"}, []string{`1 [{"a":1,"a":2}]`, `2 [{}]`}},
		{"the list twice", "json", `{"a": [1], "a": [2]}`, decode.Options{Forms: "form.a"}, []string{"!decode.forms the list of forms stands twice in the file"}},
		{"no list", "json", `{"a": {}}`, decode.Options{Forms: "form.a"}, []string{"!decode.forms there is no list of forms in the file where input.forms says"}},
		{"another name", "json", `{"b": []}`, decode.Options{Forms: "form.a"}, []string{"!decode.forms there is no list of forms in the file where input.forms says"}},
		{"an empty list", "json", `[]`, decode.Options{Forms: "form"}, []string{"!decode.forms there is no form in the file"}},
		{"half a file", "json", `[{"a":1},`, decode.Options{Forms: "form"}, []string{"!decode.syntax line 1, column 10: the JSON ends where a value is expected"}},
		{"something behind", "json", `[{}] x`, decode.Options{Forms: "form"}, []string{"!decode.trailing line 1, column 6: something follows the end of the JSON value"}},

		{"elements", "xml", `<?xml version="1.0" encoding="ISO-8859-1"?><forms at="12:00" xmlns:p="urn:p"><n>2</n><p:form><a>` + "\xfc" + `</a></p:form> <p:form/></forms>`, decode.Options{Forms: "form.form"},
			[]string{`1 <forms xmlns:p="urn:p"><p:form><a>ü</a></p:form></forms>`, `2 <forms xmlns:p="urn:p"><p:form/></forms>`}},
		{"elements of several lists", "xml", `<r><x k="1"><f>1</f></x><y><f>0</f></y><x><f>2</f></x></r>`, decode.Options{Forms: "form.x.f"}, []string{`1 <r><x><f>1</f></x></r>`, `2 <r><x><f>2</f></x></r>`}},
		{"half a document", "xml", `<r><f>1</f>`, decode.Options{Forms: "form.f"}, []string{"!decode.syntax line 1, column 12: the XML ends before its root element is closed"}},
		{"a document type", "xml", `<!DOCTYPE r><r><f>1</f></r>`, decode.Options{Forms: "form.f"}, []string{"!decode.xml-dtd line 1, column 1: a document type or another directive is not accepted"}},
		{"a long head", "csv", strings.Repeat("a", maxHead) + "\n1\n", csv(decode.FormCSV{}), []string{"!decode.forms what stands before the forms has more than 65536 bytes"}},
		{"too many", "csv", "a\n" + strings.Repeat("1\n", most+1), csv(decode.FormCSV{}), []string{"!decode.forms the file has more than 100000 forms"}},
		{"a path in CSV", "csv", "a\n1\n", decode.Options{Forms: "form.a"}, []string{"!decode.format forms is form: each line, or group of lines, is one"}},
		{"no path in XML", "xml", "<a/>", decode.Options{Forms: "form"}, []string{"!decode.format forms is the path of the elements that are forms, from below the root, such as form.item"}},
		{"of a browser", "urlencoded", "a=1", decode.Options{Forms: "form"}, []string{"!decode.format forms is form, or the path of a list, such as form.items"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := told(Split(c.format, []byte(c.file), c.o)); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func told(forms []Form, err error) (out []string) {
	if e, ok := err.(*decode.Error); ok {
		return []string{"!" + e.Code + " " + e.Error()}
	}
	for _, f := range forms {
		out = append(out, fmt.Sprintf("%d %s", f.At, f.Bytes()))
	}
	return out
}

// The error of a form names the line of its file.
func TestLocated(t *testing.T) {
	t.Parallel()
	o := decode.Options{Forms: "form"}
	for _, c := range [][3]string{
		{"csv", "\na,b\n1,2\n\"x\ny\",2\n3\n", "line 6, column 1: the line has 1 fields, the header 2"},
		{"json", "[{},\n\n{\"a\":1,\"a\":2}]", "the name stands twice in the same object"},
	} {
		t.Run(c[0], func(t *testing.T) {
			t.Parallel()
			forms, err := Split(c[0], []byte(c[1]), o)
			if err != nil {
				t.Fatal(err)
			}
			last := forms[len(forms)-1]
			if _, err := decode.Decode(c[0], last.Bytes(), o); err == nil || last.Located(err).Error() != c[2] {
				t.Errorf("%v", last.Located(err))
			}
		})
	}
}

// FuzzSplit holds that each form by itself is what it is in the file read whole.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n3\n", "a\n\"x\ny\"\n\"\n", `[{"a":1},{}]`, `{"f":[1,2]}`, "<r><f>1</f><f a='b'/></r>", "00\r\r", "<r xmlns='u'><f><![CDATA[x]]></f></r>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.IndexByte(b, 0x1a) >= 0 { // which a file of one form keeps
			return
		}
		for _, format := range []string{"csv", "json", "xml"} {
			o := decode.Options{Forms: "form.f"}
			if format == "csv" {
				o.Forms = "form"
			}
			forms, err := Split(format, b, o)
			if err != nil {
				continue
			}
			whole, err := decode.Decode(format, b, decode.Options{Lists: []string{"f"}})
			m, _ := whole.(map[string]any)
			list, _ := m["f"].([]any)
			if format == "csv" {
				list, _ = whole.([]any)
			}
			if err == nil && len(list) != len(forms) {
				t.Fatalf("%s: %d forms, the file has %d", format, len(forms), len(list))
			}
			for i := range forms {
				got, bad := decode.Decode(format, forms[i].Bytes(), o)
				if err == nil && (bad != nil || fmt.Sprint(got) != fmt.Sprint(list[i])) {
					t.Fatalf("%s: form %d is %v (%v), in the file %v", format, i, got, bad, list[i])
				}
			}
		}
	})
}
