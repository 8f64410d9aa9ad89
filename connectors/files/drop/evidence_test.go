package drop

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/test/clock"
)

// TestDropEvidence tells the names at a drop, those under temporary names by their final ones.
func TestDropEvidence(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"P000001.DAT", ".P000002.DAT.inbasket-part", "here.proof"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := FolderDefaults()
	c.Path, c.Proof = dir, "here.proof"
	d, err := NewFolder(connectors.Env{Clock: clock.NewManual()}, c)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	err = d.Evidence(context.Background(), time.Time{}, func(tr connectors.Trace) error { names = append(names, tr.Name); return nil })
	slices.Sort(names)
	if err != nil || !slices.Equal(names, []string{"P000001.DAT", "P000002.DAT"}) {
		t.Fatal(names, err)
	}
}

// away is a place whose files cannot be looked at now.
type away struct{ place.Place }

func (away) Stat(context.Context, string) (place.Info, error) {
	return place.Info{}, &connectors.Error{Class: connectors.TargetError, Code: place.CodeIO, Op: "look at a file"}
}

// TestEvidenceCannotSee does not say that a drop has fewer files than it has.
func TestEvidenceCannotSee(t *testing.T) {
	d, dir := newDrop(t, nil)
	must(t, os.WriteFile(filepath.Join(dir, "P000001.DAT"), nil, 0o600))
	usual := d.place
	d.place = away{usual}
	if err := d.Evidence(t.Context(), time.Time{}, func(connectors.Trace) error { return nil }); err == nil {
		t.Fatal("evidence of what could not be looked at")
	}
	d.place = usual
	expect(t, "evidence", evidence(t, d), "P000001.DAT")
}
