package intake

import (
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// The same form with the same files under another name is a repeat; other content or other roles are not.
func TestDigestOf(t *testing.T) {
	file := func(name string, b byte) journal.File { return journal.File{Name: name, Digest: connectors.Digest{b}} }
	form := []byte(`{"ref": "1"}`)
	first := digestOf(rawDigest(form), []journal.File{file("x.pdf", 1), file("x-1.pdf", 2)}, "x.json")
	for _, c := range []struct {
		name      string
		transport string
		files     []journal.File
		same      bool
	}{
		{"another name", "y.json", []journal.File{file("y.pdf", 1), file("y-1.pdf", 2)}, true},
		{"other content", "y.json", []journal.File{file("y.pdf", 1), file("y-1.pdf", 3)}, false},
		{"changed places", "x.json", []journal.File{file("x.pdf", 2), file("x-1.pdf", 1)}, false},
		{"one less", "x.json", []journal.File{file("x.pdf", 1)}, false},
		{"none", "x.json", nil, false},
	} {
		if got := digestOf(rawDigest(form), c.files, c.transport) == first; got != c.same {
			t.Errorf("%s: same %v, want %v", c.name, got, c.same)
		}
	}
}
