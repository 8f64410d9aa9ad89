package decode

import (
	"bytes"
	"fmt"
	"testing"
)

// pdfOf is a PDF form with these fields, which are the objects from 4 on.
func pdfOf(form string, fields ...string) string {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	objects := append([]string{"<</Type/Catalog/AcroForm 2 0 R/Pages 3 0 R>>", form, "<</Type/Pages/Kids[]/Count 0>>"}, fields...)
	var table bytes.Buffer
	for i, o := range objects {
		fmt.Fprintf(&table, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table.Bytes(), len(objects)+1, at)
	return b.String()
}

// TestPDF is the table of what a PDF becomes.
func TestPDF(t *testing.T) {
	all := pdfOf("<</Fields[4 0 R 5 0 R 6 0 R 7 0 R]>>", "<</T(owner.name)/FT/Tx/V<FEFF004F0308>>>", "<</T(owner.town)/FT/Tx>>", "<</T(days)/FT/Ch/Ff 2097152/V[(Mo)(Tu)]>>", "<</T(ok)/FT/Btn/V/Yes/AS/Yes>>")
	reads(t, [][3]string{
		{`format: pdf`, all, `{days:["Mo" "Tu"] ok:"Yes" owner:{name:"Ö" town:<nil>}}`},
		{`format: pdf, limits: {text: 1}`, all, `!decode.text: the text of the form is longer than 1 bytes`},
		{`format: pdf, limits: {nodes: 3}`, all, `!decode.nodes: the form has more than 3 values`},
		{`format: pdf, limits: {depth: 2}`, all, `!decode.depth: a field is nested deeper than 2 levels`},
		{`format: pdf, limits: {bytes: 10}`, pdfOf("<</Fields[]>>"), `!decode.size: the input has 284 bytes; the limit is 10`},
		{`format: pdf`, pdfOf("<</Fields[4 0 R 5 0 R]>>", "<</T(a)/FT/Tx/V(x)>>", "<</T(a.b)/FT/Tx/V(x)>>"), `!decode.duplicate-key: a name is both a value and an object of the form`},
		{`format: pdf`, pdfOf("<</Fields[]/XFA[]>>"), `!decode.pdf-xfa: the form in the PDF is an XFA form, whose fields are not those of the PDF`},
		{`format: pdf`, pdfOf("<</Fields[]>>"), `!decode.pdf-fields: there are no form fields in the PDF: it may have been printed or scanned`},
		{`format: pdf`, "{}", `!decode.syntax: it is no PDF, or its end is missing`},
	})
}
