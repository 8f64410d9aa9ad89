package intake

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// attached are the names of the attachments of the only form that is ready.
func (b *basket) attached() string {
	b.t.Helper()
	b.names()
	b.clock.advance(6 * time.Second)
	subs := b.ready(10)
	if len(subs) != 1 {
		b.t.Fatalf("%d forms are ready", len(subs))
	}
	var names []string
	for _, a := range subs[0].Attachments {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestAttachmentNamesAsFormNames: neither case nor the way in which accents are written tells an attachment from its form.
func TestAttachmentNamesAsFormNames(t *testing.T) {
	const composed, apart = "M\u00fcller", "Mu\u0308ller"
	tests := []struct {
		name  string
		files []string
		want  string
	}{
		{"extension in capitals", []string{"A1.PDF", "A1.json"}, "A1.PDF"},
		{"name in capitals", []string{"a1.pdf", "A1.JSON"}, "a1.pdf"},
		{"numbers", []string{"A1-1.PDF", "a1-2.Pdf", "a1.json"}, "A1-1.PDF a1-2.Pdf"},
		{"accent apart", []string{apart + ".pdf", composed + ".json"}, apart + ".pdf"},
		{"accent composed", []string{composed + ".PDF", apart + ".json"}, composed + ".PDF"},
		{"both ways", []string{"a1.pdf", "A1.PDF", "a1.json"}, "a1.pdf"},
	}
	for _, tt := range tests {
		b := newBasket(t, nil)
		b.names()
		for _, f := range tt.files {
			b.put(f, "x")
		}
		expect(t, tt.name, b.attached(), tt.want)
		if len(b.notices) > 0 {
			t.Errorf("%s: %s", tt.name, b.notices)
		}
	}
	b := newBasket(t, func(c *rules.FolderConfig) { c.Attachments.List = "files" })
	b.put("a.json", `{"files":"Plan.pdf"}`)
	b.put("plan.PDF", "x")
	b.cfg.Attachments.Beside = nil
	expect(t, "listed", b.attached(), "plan.PDF")
}

// TestVariantOfAnotherForm: an attachment belongs first to the form that has exactly its name.
func TestVariantOfAnotherForm(t *testing.T) {
	b := newBasket(t, nil)
	b.names()
	for _, f := range []string{"a1.pdf", "a1.json", "A1.json"} {
		b.put(f, "x")
	}
	b.names()
	b.clock.advance(6 * time.Second)
	for _, s := range b.ready(10) {
		if n := len(s.Attachments); n != map[string]int{"a1.json": 1, "A1.json": 0}[s.Handle] {
			t.Errorf("%s has %d attachments", s.Handle, n)
		}
	}
}

// TestGapInTheNumbers is told once, without a name; the files of a form with that name are none.
func TestGapInTheNumbers(t *testing.T) {
	b := newBasket(t, nil)
	b.names()
	for _, f := range []string{"a-1.pdf", "a-3.pdf", "a.json"} {
		b.put(f, "x")
	}
	expect(t, "taken", b.attached(), "a-1.pdf")
	expect(t, "told", strings.Join(b.notices, " "), CodeGap)

	b = newBasket(t, nil)
	b.names()
	for _, f := range []string{"a-3.pdf", "a-3.json", "a.json"} {
		b.put(f, "x")
	}
	b.later()
	if len(b.notices) > 0 {
		t.Errorf("the attachment of another form: %s", b.notices)
	}
}

// TestLoneMarkersAndForms are told once, when they have waited for long.
func TestLoneMarkersAndForms(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Marker = "{name}.ok" })
	for _, f := range []string{"a.json", "b.json.ok", "c.json", "c.json.ok", "not-ours.txt"} {
		b.put(f, "x")
	}
	expect(t, "taken", b.names(), "c.json")
	if len(b.notices) > 0 {
		t.Errorf("told at once: %s", b.notices)
	}
	for range 3 {
		b.clock.advance(11 * time.Minute)
		expect(t, "not taken", b.names(), "")
	}
	expect(t, "told once", strings.Join(b.notices, " "), CodeNoMarker+" "+CodeNoForm+" "+CodeStray)
	must(t, os.Remove(filepath.Join(b.dir, "b.json.ok")))
	b.put("a.json.ok", "")
	b.clock.advance(6 * time.Second)
	expect(t, "with its marker", b.names(), "a.json")
}
