package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// benchForm is 2 KiB of JSON with 25 fields and three children.
func benchForm() []byte {
	var b strings.Builder
	b.WriteString(`{"meta": {"reference": "REF-000123", "userAgent": "Mozilla/5.0"}, "applicant": {`)
	for i := range 22 {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `"fieldName%d": "Straße und Wert Nummer %d des Antrags"`, i, i)
	}
	b.WriteString(`}, "fee": 1234.50, "children": [`)
	for i := range 3 {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `{"familyName": "Musterfrau", "givenName": "Kind %d", "birthDate": "2015-03-0%d", "sex": "f", "tax": 12345678, "lives": true}`, i, i+1)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func BenchmarkJSON(b *testing.B) {
	form := benchForm()
	b.SetBytes(int64(len(form)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := JSON(form, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodingJSON(b *testing.B) {
	form := benchForm()
	b.SetBytes(int64(len(form)))
	b.ReportAllocs()
	for b.Loop() {
		var v any
		d := json.NewDecoder(bytes.NewReader(form))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJSONText only reads tokens, so it is the floor for a decoder on jsontext.
func BenchmarkJSONText(b *testing.B) {
	form := benchForm()
	b.SetBytes(int64(len(form)))
	for b.Loop() {
		d := jsontext.NewDecoder(bytes.NewReader(form))
		for {
			if _, err := d.ReadToken(); err != nil {
				break
			}
		}
	}
}

func BenchmarkXML(b *testing.B) {
	var x strings.Builder
	x.WriteString("<form>")
	for i := range 25 {
		fmt.Fprintf(&x, "<fieldName%d>Straße und Wert Nummer %d des Antrags</fieldName%d>", i, i, i)
	}
	x.WriteString("</form>")
	form := []byte(x.String())
	b.SetBytes(int64(len(form)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := XML(form, Limits{}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
