package intake

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

var errKilled = errors.New("killed")

// interrupt moves a form and is killed right after the form itself went, or before.
func (b *basket) interrupt(name string, after bool, verdict connectors.Verdict) {
	b.t.Helper()
	g, err := b.look(context.Background(), name)
	must(b.t, err)
	if b.marker != nil {
		g.marker = b.marker.Name(name)
	}
	func() {
		defer func() {
			if p := recover(); p != nil && p != errKilled {
				panic(p)
			}
		}()
		folder := b.done
		if verdict == connectors.Refused {
			folder = b.errs
		}
		_ = b.withAttachments(context.Background(), g, folder, "T", func() error {
			if after {
				_, err := b.finish(context.Background(), name, folder, "T", func(context.Context, string) (bool, error) { return true, nil }, new(string))
				must(b.t, err)
			}
			panic(errKilled)
		})
	}()
	must(b.t, b.Close())
}

// TestKilledBetweenMoves shows that no attachment and no done-marker stays for the next form of that name.
func TestKilledBetweenMoves(t *testing.T) {
	tests := []struct {
		name    string
		after   bool
		change  func(*rules.FolderConfig)
		verdict connectors.Verdict
		want    string // files at the next start, after the forms that are ready were taken
	}{
		{"form gone", true, nil, connectors.Taken, "done/a.json done/a.pdf"},
		{"form there", false, nil, connectors.Taken, "done/a.json done/a.pdf"},
		{"refused", true, nil, connectors.Refused, "error/a.json error/a.pdf"},
		{"deleted", true, func(c *rules.FolderConfig) { c.After = rules.AfterConfig{Delete: true} }, connectors.Taken, ""},
		{"marker", true, func(c *rules.FolderConfig) { c.Marker = "{name}.ok" }, connectors.Taken, "done/a.json done/a.pdf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBasket(t, tt.change)
			b.put("a.json", "{}")
			b.put("a.pdf", "Anna's")
			if tt.name == "marker" {
				b.put("a.json.ok", "")
			}
			b.interrupt("a.json", tt.after, tt.verdict)
			b.open(tt.change)
			if b.later() != "" {
				b.settle(connectors.Repeat, "a.json")
			}
			expect(t, "files", tree(t, b.dir), tt.want)
		})
	}
}

// TestForgedMove lets somebody who may write into the folder ask for more than that.
func TestForgedMove(t *testing.T) {
	other := t.TempDir()
	must(t, os.WriteFile(filepath.Join(other, "x"), []byte("x"), 0o600))
	b := newBasket(t, nil)
	b.put("mine.pdf", "")
	for i, m := range []string{`{"form":"f","folder":"` + other + `","files":[{"name":"mine.pdf"}]}`,
		`{"form":"f","folder":"` + b.errs + `","files":[{"name":"../` + filepath.Base(other) + `/x","size":1}]}`, `{"form":"f"`, ``} {
		b.put("."+movingPrefix+string(rune('a'+i)), m)
	}
	b.names()
	expect(t, "files", tree(t, b.dir), "mine.pdf")
	expect(t, "elsewhere", tree(t, other), "x")
}
