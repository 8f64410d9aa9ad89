package mapping_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestAttachmentValues: what expressions know of attachments, and of content in base64.
func TestAttachmentValues(t *testing.T) {
	t.Parallel()
	in := expr.Input{Attachments: []connectors.Attachment{
		{Name: "photo.jpg", ContentType: "image/jpeg", Blob: connectors.BytesBlob([]byte{0xff, 0xd8})},
		{Name: "plan.pdf", ContentType: "application/pdf", Blob: connectors.BytesBlob([]byte("%PDF"))},
	}}
	for _, c := range []struct{ name, field, form, want string }{
		{"content of the first", `first(attachments).content`, `{}`, show(in, 0)},
		{"content of one by its type", `find(attachments, .type == "application/pdf").content`, `{}`, show(in, 1)},
		{"content of the first of a filter", `first(filter(attachments, .name endsWith ".pdf")).content`, `{}`, show(in, 1)},
		{"content by number", `attachments[1].content`, `{}`, show(in, 1)},
		{"of none", `find(attachments, .type == "text/plain").content`, `{}`, "(missing)"},
		{"digest", `attachments[1].digest == first(attachments).digest ? "same" : "other"`, `{}`, "other"},
		{"digest as a text", `attachments[1].digest`, `{}`, strings.TrimSuffix(show(in, 1)[len("(binary, 4 bytes, sha256:"):], ")")},
		{"one or another", `attachments[7].content ?? attachments[0].content`, `{}`, show(in, 0)},
		{"by condition", `form.which == "a" ? attachments[0].content : attachments[1].content`, `{"which":"b"}`, show(in, 1)},
		{"base64", `form.a | base64()`, `{"a":"JVBERg=="}`, show(in, 1)},
		{"base64 as a type", `{value: form.a, type: binary}`, `{"a":"JVBERg=="}`, show(in, 1)},
		{"in lines", `form.a | base64()`, `{"a":"JVBE\r\nRg==\r\n"}`, show(in, 1)},
		{"indented, as in XML", `form.a | base64()`, `{"a":"\n    JVBE\n\tRg==\n  "}`, show(in, 1)},
		{"with a + that became a blank", `form.a | base64()`, `{"a":"JVB Rg=="}`, "form /a field.not-binary"},
		{"the same in lines", `form.a | base64()`, `{"a":"\n  JVB \n  Rg=="}`, "form /a field.not-binary"},
		{"a data URI", `form.a | base64()`, `{"a":"data:application/pdf;base64,JVBERg=="}`, show(in, 1)},
		{"a data URI as a type", `{value: form.a, type: binary}`, `{"a":"data:;base64,JVBERg=="}`, show(in, 1)},
		{"an attachment twice", `attachments[1].content | base64()`, `{}`, show(in, 1)},
		{"nothing", `form.a | base64()`, `{"a":""}`, "(missing)"},
		{"null", `form.a | base64()`, `{"a":null}`, "(null)"},
		{"no base64", `form.a | base64()`, `{"a":"JVBERg="}`, "form /a field.not-binary"},
		{"two in one", `form.a | base64()`, `{"a":"` + strings.Repeat("AAAA", 255) + `QQ==QQ=="}`, "form /a field.not-binary"},
		{"a data URI that is no base64", `form.a | base64()`, `{"a":"data:text/plain,hello"}`, "form /a field.not-binary"},
		{"a number", `form.a | base64()`, `{"a":12}`, "form /a field.not-binary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := mappings.Load(t, valued(c.field))
			m, err := p.Map(mappings.Form(t, p, c.form), in)
			have := mappings.Blamed(err)
			if err == nil {
				have = mapping.Show(m.Deliveries[0].Records[0].Values[0])
			}
			if have != c.want {
				t.Errorf("have %s, want %s", have, c.want)
			}
		})
	}
}

// TestFilesOfForms: fields that hold files make attachments, whatever form builder wrote them; other texts stay texts.
func TestFilesOfForms(t *testing.T) {
	t.Parallel()
	const pdf, png = "JVBERg==", "data:image/png;base64,AAEC"
	for _, c := range []struct{ name, form, want string }{
		{"a data URI", `{"f":"` + png + `"}`, "sent.txt text/plain 1, f image/png 3"},
		{"Open Forms", `{"f":{"file_name":"lease.pdf","content":"` + pdf + `"}}`, "sent.txt text/plain 1, lease.pdf  4"},
		{"form.io", `{"f":[{"originalName":"a.png","name":"a-1.png","storage":"base64","type":"image/png","url":"` + png + `"},{"name":"b","url":"` + png + `"}]}`,
			"sent.txt text/plain 1, a.png image/png 3, b image/png 3"},
		{"FHIR", `{"f":{"contentType":"application/pdf","data":"` + pdf + `","title":"Scan"}}`, "sent.txt text/plain 1, Scan application/pdf 4"},
		{"nothing was signed", `{"f":""}`, "sent.txt text/plain 1"},
		{"nothing was chosen", `{"f":[]}`, "sent.txt text/plain 1"},
		{"not there", `{}`, "sent.txt text/plain 1"},
		{"typed into another field", `{"note":"` + png + `"}`, "sent.txt text/plain 1"},
		{"no base64", `{"f":"hello!"}`, "form /f field.not-binary"},
		{"a link is no file", `{"f":[{"name":"a","url":"https://example.org/a"}]}`, "form /f field.not-binary"},
		{"no content", `{"f":{"file_name":"lease.pdf"}}`, "form /f field.not-binary"},
		{"a number", `{"f":1}`, "form /f field.not-binary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := mappings.Load(t, `
mapping: m
version: 1
input: {format: json, files: [form.f]}
write:
  - {as: w, to: register, table: T, each: a in attachments, fields: {NAME: a.name, TYPE: a.type, SIZE: a.size, DATA: a.content}}
  - {as: d, to: drop, document: "{id}-{n}.bin"}
ignore: [form.note]
`)
			m, err := p.Map(mappings.Form(t, p, c.form), expr.Input{ID: "7", Attachments: []connectors.Attachment{{Name: "sent.txt", ContentType: "text/plain", Blob: connectors.BytesBlob([]byte("x"))}}})
			if have := mappings.Blamed(err); err != nil {
				if have != c.want {
					t.Errorf("have %s, want %s", have, c.want)
				}
				return
			}
			var have []string
			for i, r := range m.Deliveries[0].Records {
				have = append(have, mapping.Show(r.Values[0])+" "+mapping.Show(r.Values[1])+" "+mapping.Show(r.Values[2]))
				if d := m.Deliveries[1].Documents[i]; d.Blob.Digest != r.Values[3].Blob.Digest || d.Name != fmt.Sprintf("7-%d.bin", i+1) {
					t.Errorf("record %d and document %s differ", i, d.Name)
				}
			}
			if have := strings.Join(have, ", "); have != c.want {
				t.Errorf("have %s, want %s", have, c.want)
			}
		})
	}
}

func show(in expr.Input, i int) string {
	return mapping.Show(connectors.Value{Kind: connectors.Binary, Blob: &in.Attachments[i].Blob})
}

func valued(field string) string {
	if !strings.HasPrefix(field, "{") {
		field = "'" + strings.ReplaceAll(field, "'", "''") + "'"
	}
	return `
mapping: m
version: 1
input: {format: json, unused: allow}
write: [{as: w, to: register, table: T, fields: {A: ` + field + `}}]
`
}

// TestContentIsNoText: content is written whole or not at all, and check says where that cannot be.
func TestContentIsNoText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, field, want string }{
		{"into a column", `attachments[0].content`, "ok"},
		{"in capitals", `attachments[0].content | upper()`, expr.CodeNever},
		{"as a text", `attachments[0].content | text()`, expr.CodeNever},
		{"how long", `attachments[0].content | length()`, expr.CodeNever},
		{"put together", `concat("x", form.a | base64())`, expr.CodeNever},
		{"added", `attachments[0].content + "x"`, expr.CodeNever},
		{"as a text column", `{value: 'attachments[0].content', type: text}`, expr.CodeNever},
		{"as a number column", `{value: 'form.a | base64()', type: integer}`, expr.CodeNever},
		{"looked up", `attachments[0].content | integer()`, expr.CodeNever},
		{"compared", `attachments[0].content == "x" ? "a" : "b"`, expr.CodeNever},
		{"compared with another", `attachments[0].content == attachments[1].content ? "a" : "b"`, expr.CodeNever},
		{"a condition", `attachments[0].content ? "a" : "b"`, expr.CodeNever},
		{"a member that there is not", `attachments[0].bytes`, expr.CodeUnknownName},
		{"an argument", `form.a | padLeft(3, attachments[0].content)`, expr.CodeNever},
		{"a number that can be none", `form.n | length() | base64()`, expr.CodeNever},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(valued(c.field))}}, "m.yaml", mappings.Catalog{})
			have := "ok"
			var problems diag.Problems
			if errors.As(err, &problems) {
				have = problems[0].Code
			}
			if have != c.want {
				t.Errorf("have %s (%v), want %s", have, err, c.want)
			}
		})
	}
}
