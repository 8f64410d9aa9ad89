package mapping_test

import (
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestDocuments puts attachments beside the records and shows what expressions know of a submission.
func TestDocuments(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, `
mapping: documents
version: 1
input: {format: json, unused: allow}
write:
  - as: main
    to: register
    table: MAIN
    fields: {ID: submission.id, REF: submission.reference, AT: 'submission.received | inZone("Europe/Berlin")', FILES: attachments | len()}
  - {as: names, to: register, table: FILES, each: a in attachments, fields: {NAME: a.name, BYTES: a.size, NO: index + 1}}
  - {as: scans, to: archive, document: "{id}-{n}.pdf", when: count(attachments) > 0}
`)
	blob := connectors.BytesBlob([]byte("%PDF"))
	in := expr.Input{ID: "0ABC", Reference: "r/1", Received: time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC),
		Attachments: []connectors.Attachment{{Name: "plan.pdf", ContentType: "application/pdf", Blob: blob}, {Name: "photo.jpg", Blob: blob}}}
	m, err := p.Map(mappings.Form(t, p, `{}`), in)
	if err != nil {
		t.Fatal(err)
	}
	recs := m.Deliveries[0].Records
	if len(recs) != 3 || mapping.Show(recs[0].Values[2]) != "2026-07-02T00:30:00+02:00" || mapping.Show(recs[0].Values[3]) != "2" || mapping.Show(recs[2].Values[0]) != "photo.jpg" ||
		mapping.Show(recs[2].Values[1]) != "4" {
		t.Errorf("%+v", recs)
	}
	docs := m.Deliveries[1].Documents
	if len(docs) != 2 || docs[0].Name != "0ABC-1.pdf" || docs[1].Name != "0ABC-2.pdf" || m.Deliveries[1].Empty {
		t.Errorf("%+v", docs)
	}
	m, err = p.Map(mappings.Form(t, p, `{}`), expr.Input{ID: "1"})
	if err != nil || !m.Deliveries[1].Empty || len(m.Deliveries[0].Records) != 1 || m.Deliveries[0].Records[0].Values[2].Kind != connectors.Missing {
		t.Errorf("%+v %v", m, err)
	}
}
