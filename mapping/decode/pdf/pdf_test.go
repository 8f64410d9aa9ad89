package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// file is a PDF of these objects, from number 2 on; the first of them is its form. more goes into its trailer.
func file(more string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	all := append([]string{"<</Type/Catalog/AcroForm 2 0 R/Pages 3 0 R>>"}, objects...)
	all = slices.Insert(all, 2, "<</Type/Pages/Kids[]/Count 0>>")
	var at []int
	for i, o := range all {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(all)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(all)+1, more, table)
	return b.Bytes()
}

// revised is a PDF to which a second value was added at its end, as programs do that save changes.
func revised() []byte {
	b := file("", "<</Fields[4 0 R]>>", "<</FT/Tx/T(a)/V(old)>>")
	first := bytes.LastIndex(b, []byte("xref\n0 "))
	at := len(b)
	b = append(b, "4 0 obj\n<</FT/Tx/T(a)/V(new)>>\nendobj\n"...)
	table := len(b)
	return fmt.Appendf(b, "xref\n4 1\n%010d 00000 n \ntrailer\n<</Size 5/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", at, first, table)
}

// packed is a PDF whose objects lie in a compressed stream, and whose table is one, as programs write them since PDF 1.5; wrong: the table is not where
// the end of the file says.
func packed(t *testing.T, value string, wrong int) []byte {
	t.Helper()
	deflated := func(b string) string {
		var out bytes.Buffer
		w := zlib.NewWriter(&out)
		if _, err := io.WriteString(w, b); err != nil || w.Close() != nil {
			t.Fatal("deflate")
		}
		return out.String()
	}
	stream := func(dict, b string) string {
		b = deflated(b)
		return fmt.Sprintf("<<%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream", dict, len(b), b)
	}
	form, field := "<</Fields[4 0 R]>>", "<</FT/Tx/T(a)/V("+value+")>>"
	head := fmt.Sprintf("2 0 4 %d ", len(form)+1)
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	at := map[int]int{}
	for n, o := range map[int]string{1: "<</Type/Catalog/AcroForm 2 0 R/Pages 3 0 R>>", 3: "<</Type/Pages/Kids[]/Count 0>>",
		5: stream(fmt.Sprintf("/Type/ObjStm/N 2/First %d", len(head)), head+form+" "+field)} {
		at[n] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, o)
	}
	table := b.Len()
	entry := func(kind, where, more int) string {
		return string([]byte{byte(kind), byte(where >> 16), byte(where >> 8), byte(where), byte(more)})
	}
	entries := entry(0, 0, 255) + entry(1, at[1], 0) + entry(2, 5, 0) + entry(1, at[3], 0) + entry(2, 5, 1) + entry(1, at[5], 0) + entry(1, table, 0)
	fmt.Fprintf(&b, "6 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n", stream("/Type/XRef/Size 7/W[1 3 1]/Root 1 0 R", entries), table+wrong)
	return b.Bytes()
}

// looped is a PDF whose table says that it is its own last one.
func looped() []byte {
	b := revised()
	at := bytes.LastIndex(b, []byte("xref\n4 "))
	return regexp.MustCompile(`/Prev \d+`).ReplaceAll(b, fmt.Appendf(nil, "/Prev %d", at))
}

// moved is a PDF whose table says a wrong place for each object.
func moved() []byte {
	b := revised()
	return bytes.Replace(b, []byte("%PDF-1.7\n"), []byte("%PDF-1.7\n%a comment\n"), 1)
}

// TestRead is what is read of PDFs, and what is said of what has no fields.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"texts", file("", "<</Fields[4 0 R 5 0 R 6 0 R 7 0 R]>>", `<</FT/Tx/T(a)/V(M\374ller \(x\) \200 \240\r\nz)>>`, `<</FT/Tx/T(b)/V<FEFF00D6007A>>>`, `<</FT/Tx/T(c)>>`, `<</FT/Tx/T(d)/V()>>`),
			`a="Müller (x) • €\nz" b="Öz" c=none d=""`},
		{"fields in fields", file("", "<</Fields[4 0 R]>>", "<</T(owner)/FT/Tx/Kids[5 0 R 6 0 R]>>", "<</T(name)/V(A)/Parent 4 0 R>>", "<</T(town)/V(B)/Kids[7 0 R]>>", "<</Subtype/Widget>>"), `owner.name="A" owner.town="B"`},
		{"a stream", file("", "<</Fields[4 0 R]>>", "<</FT/Tx/T(a)/V 5 0 R>>", "<</Length 4>>\nstream\nlong\nendstream"), `a="long"`},
		{"a check box", file("", "<</Fields[4 0 R 5 0 R 6 0 R]>>", "<</FT/Btn/T(on)/V/Yes/AS/Yes>>", "<</FT/Btn/T(off)/V/Off/AS/Off>>", "<</FT/Btn/T(seen)/AS/On>>"), `on="Yes" off=none seen="On"`},
		{"radio buttons", file("", "<</Fields[4 0 R 7 0 R]>>", "<</FT/Btn/Ff 32768/T(r)/V/b#20c/Kids[5 0 R 6 0 R]>>", "<</AS/Off>>", "<</AS/b#20c>>", "<</FT/Btn/Ff 32768/T(o)/V/1/Opt[(first)(second)]/Kids[8 0 R]>>", "<</AS/1>>"), `r="b c" o="second"`},
		{"states in two character sets", file("", "<</Fields[4 0 R 5 0 R]>>", "<</FT/Btn/T(u)/V/m#C3#BC#C3#9F/AS/m#C3#BC#C3#9F>>", "<</FT/Btn/T(d)/V/m#FC>>"), `u="müß" d="mü"`},
		{"a later revision", revised(), `a="new"`},
		{"a box that shows something else", file("", "<</Fields[4 0 R]>>", "<</FT/Btn/T(on)/V/Off/AS/Yes>>"), "!0 a box of the PDF shows something else than its value says"},
		{"choices", file("", "<</Fields[4 0 R 5 0 R 6 0 R]>>", "<</FT/Ch/T(one)/V(x)/Opt[[(x)(Shown)]]>>", "<</FT/Ch/Ff 2097152/T(some)/V[(x)(y)]>>", "<</FT/Ch/Ff 2097152/T(none)>>"), `one="x" some=["x" "y"] none=[]`},
		{"what is no field of the form", file("", "<</Fields[4 0 R 5 0 R 6 0 R]>>", "<</FT/Btn/Ff 65536/T(send)>>", "<</FT/Sig/T(sig)>>", "<</FT/Tx/T(a)>>"), "a=none"},
		{"one name twice", file("", "<</Fields[4 0 R 5 0 R]>>", "<</FT/Tx/T(a)/V(x)>>", "<</FT/Tx/T(a)/V(x)>>"), `a="x"`},
		{"one name with two values", file("", "<</Fields[4 0 R 5 0 R]>>", "<</FT/Tx/T(a)/V(x)>>", "<</FT/Tx/T(a)/V(y)>>"), "!0 two fields of the PDF have one name and other values"},
		{"XFA", file("", "<</Fields[4 0 R]/XFA 5 0 R>>", "<</FT/Tx/T(a)>>", "<</Length 0>>\nstream\n\nendstream"), "!2 the form in the PDF is an XFA form, whose fields are not those of the PDF"},
		{"encrypted", file("/Encrypt 4 0 R/ID[<00><00>]", "<</Fields[]>>", "<</Filter/Standard/V 1/R 2/O<00>/U<00>/P 0>>"), "!1 the PDF is encrypted"},
		{"no fields", file("", "<</Fields[]>>"), "!3 there are no form fields in the PDF: it may have been printed or scanned"},
		{"no form", file("", "null"), "!3 there are no form fields in the PDF: it may have been printed or scanned"},
		{"a circle", file("", "<</Fields[4 0 R]>>", "<</T(a)/FT/Tx/Kids[5 0 R]>>", "<</T(b)/Kids[4 0 R]>>"), "!0 a field of the PDF stands in two places"},
		{"no type", file("", "<</Fields[4 0 R]>>", "<</T(a)/V(x)>>"), "!0 a field of the PDF has a type that there is not"},
		{"no name", file("", "<</Fields[4 0 R]>>", "<</FT/Tx/V(x)>>"), "!0 a field of the PDF has no name"},
		{"a bad text", file("", "<</Fields[4 0 R]>>", "<</FT/Tx/T(a)/V<FEFFD800>>>"), "!0 a text of the PDF is not valid in its character set"},
		{"packed", packed(t, "x", 0), `a="x"`},
		{"packed, with a wrong place of its table", packed(t, "x", 3), "!0 the table of the PDF's objects is not well-formed, and what is valid cannot be told"},
		{"packed, far too large", packed(t, strings.Repeat("x", maxStream+1), 0), "!0 the PDF is not well-formed, or a part of it is too large"},
		{"moved", moved(), "!0 the table of the PDF's objects is not well-formed, and what is valid cannot be told"},
		{"deep", file("", append([]string{"<</Fields[4 0 R]/FT/Tx>>"}, deep(100)...)...), "!4 the PDF has more than 20000 fields, or fields within fields deeper than 32"},
		{"a table that leads back", looped(), "!0 the PDF is not well-formed, or a part of it is too large"},
		{"no PDF", []byte("{}"), "!0 it is no PDF, or its end is missing"},
		{"cut short", file("", "<</Fields[]>>")[:200], "!0 it is no PDF, or its end is missing"},
		{"no table", []byte("%PDF-1.7\n%%EOF\n"), "!0 the PDF is not well-formed, or a part of it is too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := told(Read(c.b)); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

// deep are fields within fields.
func deep(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("<</T(a)/FT/Tx/Kids[%d 0 R]>>", 5+i))
	}
	return append(out, "<</T(a)/V(x)>>")
}

func told(fields []Field, err error) string {
	if e, ok := err.(*Error); ok {
		return fmt.Sprintf("!%d %s", e.Kind, e.Text)
	}
	var out []string
	for _, f := range fields {
		switch {
		case f.List:
			out = append(out, fmt.Sprintf("%s=%q", f.Name, f.Values))
		case f.Values == nil:
			out = append(out, f.Name+"=none")
		default:
			out = append(out, fmt.Sprintf("%s=%q", f.Name, f.Values[0]))
		}
	}
	return strings.Join(out, " ")
}

// FuzzPDF reads anything without breaking or going on for ever.
func FuzzPDF(f *testing.F) {
	f.Add(file("", "<</Fields[4 0 R]>>", "<</T(owner)/FT/Tx/Kids[5 0 R 6 0 R]>>", "<</T(name)/V(A)>>", "<</T(town)/V<FEFF0041>/Kids[7 0 R]>>", "<</Subtype/Widget>>"))
	f.Add(file("", "<</Fields[4 0 R]>>", "<</FT/Btn/Ff 32768/T(r)/V/1/Opt[(x)(y)]/Kids[5 0 R]>>", "<</AS/1>>"))
	f.Add(file("/Prev 9", "<</Fields[4 0 R]>>", "<</FT/Tx/T(a)/V 5 0 R>>", "<</Length 4>>\nstream\nlong\nendstream"))
	f.Fuzz(func(t *testing.T, b []byte) {
		fields, err := Read(b)
		if err != nil {
			return
		}
		for _, x := range fields {
			if !utf8.ValidString(x.Name + strings.Join(x.Values, "")) {
				t.Fatalf("%q %q", x.Name, x.Values)
			}
		}
	})
}
