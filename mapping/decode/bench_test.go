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

// BenchmarkJSONText builds the same tree of jsontext's tokens, without our limits, messages and normal form: the least that a
// decoder on it would take. See docs/decisions/0020-expressions.md.
func BenchmarkJSONText(b *testing.B) {
	form := benchForm()
	b.SetBytes(int64(len(form)))
	b.ReportAllocs()
	for b.Loop() {
		d := jsontext.NewDecoder(bytes.NewBuffer(form), jsontext.AllowDuplicateNames(true))
		if _, err := treeOf(d); err != nil {
			b.Fatal(err)
		}
	}
}

func treeOf(d *jsontext.Decoder) (any, error) {
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case '{':
		m := map[string]any{}
		for d.PeekKind() != '}' {
			name, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String()
			if m[key], err = treeOf(d); err != nil {
				return nil, err
			}
		}
		_, err = d.ReadToken()
		return m, err
	case '[':
		list := []any{}
		for d.PeekKind() != ']' {
			v, err := treeOf(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.ReadToken()
		return list, err
	case '"':
		return t.String(), nil
	case '0':
		return json.Number(t.String()), nil
	case 't', 'f':
		return t.Bool(), nil
	}
	return nil, nil
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
