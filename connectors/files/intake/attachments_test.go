package intake

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
)

func TestAttachmentsBeside(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Attachments.Need = 2 })
	b.put("a.json", "{}")
	b.put("a.pdf", "one")
	expect(t, "one is missing", b.later(), "")
	if held := b.Held(); len(held) != 1 || held[0].Item != "a.json" || held[0].Code != CodeIncomplete || held[0].Until.Sub(held[0].Since) != 10*time.Minute {
		t.Errorf("%+v", held)
	}
	b.put("a-1.pdf", "two")
	b.put("a-3.pdf", "after a gap")
	b.clock.advance(6 * time.Second)
	expect(t, "it must stand still as well", b.names(), "")
	b.clock.advance(6 * time.Second)
	subs := b.ready(1)
	if len(subs) != 1 || len(subs[0].Attachments) != 2 {
		t.Fatalf("got %+v", subs)
	}
	r, err := subs[0].Attachments[1].Blob.Open()
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(r)
	_ = r.Close()
	expect(t, "second attachment", string(got), "two")
	expect(t, "its type", subs[0].Attachments[1].ContentType, "application/pdf")
	b.settle(connectors.Taken, "a.json")
	expect(t, "after", tree(t, b.dir), "a-3.pdf done/a-1.pdf done/a.json done/a.pdf")
}

func TestAttachmentsListed(t *testing.T) {
	list := func(c *rules.FolderConfig) { c.Attachments.List, c.Attachments.Beside = "meta.files[].name", nil }
	t.Run("complete", func(t *testing.T) {
		b := newBasket(t, list)
		b.put("a.json", `{"meta":{"files":[{"name":"plan.pdf"},{"name":"foto.jpg"}]}}`)
		b.put("plan.pdf", "plan")
		expect(t, "one is missing", b.later(), "")
		b.put("foto.jpg", "foto")
		b.clock.advance(6 * time.Second)
		b.names()
		b.clock.advance(6 * time.Second)
		expect(t, "complete", b.names(), "a.json")
	})
	t.Run("XML", func(t *testing.T) {
		b := newBasket(t, func(c *rules.FolderConfig) { c.Attachments.List, c.Attachments.Beside = "files.file.@name", nil })
		b.put("a.xml", `<form><files><file name="plan.pdf"/><file name="foto.jpg"/></files></form>`)
		b.put("plan.pdf", "plan")
		expect(t, "one is missing", b.later(), "")
		b.put("foto.jpg", "foto")
		b.clock.advance(6 * time.Second)
		b.names()
		b.clock.advance(6 * time.Second)
		subs := b.ready(1)
		if len(subs) != 1 || len(subs[0].Attachments) != 2 || subs[0].Attachments[1].Name != "foto.jpg" {
			t.Fatalf("got %+v", subs)
		}
	})
	t.Run("unknown character set", func(t *testing.T) {
		b := newBasket(t, list)
		b.put("a.xml", `<?xml version="1.0" encoding="utf-16"?><form/>`)
		expect(t, "refused", b.later(), "")
		expect(t, "set aside", tree(t, b.dir), "error/a.xml error/a.xml.txt")
	})
	t.Run("never", func(t *testing.T) {
		b := newBasket(t, list)
		b.put("a.json", `{"meta":{"files":[{"name":"plan.pdf"}]}}`)
		expect(t, "missing", b.later(), "")
		b.clock.advance(10 * time.Minute)
		expect(t, "still missing", b.names(), "")
		expect(t, "set aside", tree(t, b.dir), "error/a.json error/a.json.txt")
		expect(t, "notice", strings.Join(b.notices, " "), CodeIncomplete)
	})
	t.Run("hostile", func(t *testing.T) {
		b := newBasket(t, list)
		b.put("a.json", `{"meta":{"files":[{"name":"../../etc/passwd"}]}}`)
		expect(t, "refused", b.later(), "")
		expect(t, "set aside", tree(t, b.dir), "error/a.json error/a.json.txt")
	})
	t.Run("not JSON", func(t *testing.T) {
		b := newBasket(t, list)
		b.put("a.json", `{"meta":`)
		expect(t, "the agent will say what is wrong", b.later(), "a.json")
	})
}

func TestAttachmentsInALargeFolder(t *testing.T) {
	for name, with := range map[string]int{"with": 1, "without": 0} {
		t.Run(name, func(t *testing.T) {
			b := newBasket(t, nil)
			b.names()
			for i := range place.Portion + 50 {
				b.put(fmt.Sprintf("f%05d.json", i), "{}")
			}
			if with > 0 {
				b.put("f00007-1.pdf", "x")
			}
			b.clock.advance(6 * time.Second)
			forms, attached := 0, 0
			for forms < place.Portion+50 {
				subs := b.ready(500)
				if len(subs) == 0 {
					t.Fatalf("%d forms", forms)
				}
				for _, s := range subs {
					forms++
					attached += len(s.Attachments)
				}
			}
			if attached != with {
				t.Errorf("%d attachments", attached)
			}
		})
	}
}

// TestDocumentTooLarge hands out an answer file whose document is too large, so that it is told with its decision.
func TestDocumentTooLarge(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.csv": "REF\n1\n", "a.pdf": "%PDF-1.7 and more"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := rules.FolderAnswersDefaults()
	cfg.Path, cfg.Quiet, cfg.Attachments.MaxBytes = dir, 0, 4
	a, err := NewFolderAnswers(connectors.Env{Clock: newClock(), Notify: func(connectors.Notice) {}}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	list, err := a.Next(t.Context(), 10)
	if err != nil || len(list) != 1 || len(list[0].Documents) != 1 {
		t.Fatal(list, err)
	}
	var told *connectors.Error
	if _, err := list[0].Documents[0].Blob.Open(); !errors.As(err, &told) || told.Class != connectors.ItemError || told.Code != CodeTooLarge {
		t.Errorf("%v", err)
	}
}

// TestTooManyAttachments takes no form without those of its attachments that are more than it may have.
func TestTooManyAttachments(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet = 0 })
	for n := range maxAttachments + 1 {
		b.put(fmt.Sprintf("a-%d.pdf", n+1), "x")
	}
	b.put("a.json", "{}")
	expect(t, "taken", b.names(), "")
	expect(t, "told", strings.Join(b.notices, " "), CodeIncomplete)
}
