package intake

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// TestTwinOfAnAttachment: an attachment that another one of its length and time took the place of is not moved away
// with a form that had the first; one whose rights changed is.
func TestTwinOfAnAttachment(t *testing.T) {
	tests := []struct {
		name   string
		change func(b *basket)
		want   string
	}{
		{"replaced", func(b *basket) { b.twin("a.pdf", "two", false) }, "a.pdf done/a.json"},
		{"written over", func(b *basket) { b.twin("a.pdf", "two", true) }, "a.pdf done/a.json"},
		{"other rights", func(b *basket) { must(b.t, os.Chmod(filepath.Join(b.dir, "a.pdf"), 0o640)) }, "done/a.json done/a.pdf"},
	}
	for _, tt := range tests {
		b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet = 0 })
		b.put("a.pdf", "one")
		b.put("a.json", "{}")
		subs := b.ready(1)
		if len(subs) != 1 || len(subs[0].Attachments) != 1 {
			t.Fatal(subs)
		}
		r, err := subs[0].Attachments[0].Blob.Open()
		must(t, err)
		_, err = io.Copy(io.Discard, r)
		must(t, err)
		must(t, r.Close())
		tt.change(b)
		b.settle(connectors.Taken, "a.json")
		expect(t, tt.name, tree(t, b.dir), tt.want)
	}
}
