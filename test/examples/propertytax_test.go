package examples

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
)

// TestPropertyTax writes a real e-form as the XML document that the legacy system makes of it.
func TestPropertyTax(t *testing.T) {
	t.Parallel()
	const folder = "../../../shared/samples/property-tax-de/"
	form, err := os.ReadFile(folder + "submission.json")
	want, err2 := os.ReadFile(folder + "expected.xml")
	if err := errors.Join(err, err2); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the shared samples are not here: ", err)
	}
	p, err := load.Mapping(os.DirFS("testdata"), "property-tax.yaml", nil)
	if err != nil {
		t.Fatalf("\n%v", err)
	}
	f, err := p.Decode(form, "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Map(f, expr.Input{ID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	d := m.Deliveries[0]
	have, err := d.Layout.File(encode.Header{}, []encode.Piece{*d.Piece})
	if err != nil {
		t.Fatal(err)
	}
	one, two := canonical(t, want), canonical(t, have)
	for i := range max(len(one), len(two)) {
		if i >= len(one) || i >= len(two) || one[i] != two[i] {
			t.Fatalf("they differ after\n%s\nwant %q, have %q", strings.Join(one[max(0, i-3):min(i, len(one))], "\n"), one[min(i, len(one)):min(i+1, len(one))], two[min(i, len(two)):min(i+1, len(two))])
		}
	}
}

// canonical is a document as a list of its tags, with namespaces resolved and attributes sorted, and of its texts without what only indents.
func canonical(t *testing.T, doc []byte) (all []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(doc)))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			var attrs []string
			for _, a := range x.Attr {
				if a.Name.Local != "xmlns" && a.Name.Space != "xmlns" {
					attrs = append(attrs, "{"+a.Name.Space+"}"+a.Name.Local+"="+a.Value)
				}
			}
			slices.Sort(attrs)
			all = append(all, "<{"+x.Name.Space+"}"+x.Name.Local+" "+strings.Join(attrs, " ")+">")
		case xml.EndElement:
			all = append(all, "</{"+x.Name.Space+"}"+x.Name.Local+">")
		case xml.CharData:
			if s := strings.TrimSpace(string(x)); s != "" {
				all = append(all, string(x))
			}
		}
	}
}
