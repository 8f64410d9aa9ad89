package drop

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// empty removes all files of a folder.
func empty(t *testing.T, dir string) {
	t.Helper()
	must(t, os.RemoveAll(dir))
	must(t, os.Mkdir(dir, 0o700))
}

// untouched tells of each outcome whether the item is surely as it was staged.
func untouched(t *testing.T, d *Drop, g connectors.Group) (string, bool) {
	t.Helper()
	out, err := d.Deliver(context.Background(), g)
	must(t, err)
	all := true
	for _, o := range out {
		all = all && o.Untouched
	}
	return outcomes(out), all
}

// TestRefusedRenameIsNoFetching has temporary files vanish whose renames were refused: nobody can have taken them.
func TestRefusedRenameIsNoFetching(t *testing.T) {
	f, c := file("A.csv", "a"), file("A.ctl", "1")
	tests := []struct {
		name      string
		group     connectors.Group
		refused   string
		untouched bool
		in        string // what is in place in the end
	}{
		{"a file", connectors.Group{Items: []connectors.Delivery{{Key: "1", Files: []connectors.File{f}}}}, ".csv", true, "A.csv"},
		{"a batch", batch(), ".DAT", true, "PERM000001.CTL PERM000001.DAT"},
		{"the control file of a batch", batch(), ".CTL", false, "PERM000001.CTL"}, // the data was taken
		{"a control file", connectors.Group{Items: []connectors.Delivery{{Key: "1", Files: []connectors.File{f}, Control: &c}}}, ".ctl", false, "A.ctl"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, s := ftpTarget(t, nil)
			dir, g := filepath.Join(s.Root(), "IN"), tt.group
			must(t, d.Stage(context.Background(), g))
			g.Staged = true
			s.SetFaults(ftpserver.Faults{RefuseRename: tt.refused})
			for range 2 {
				out, same := untouched(t, d, g)
				if strings.Contains(out, "written") || same != tt.untouched {
					t.Fatalf("refused: %s, untouched: %v", out, same)
				}
				empty(t, dir)
				if found := lookup(t, d, g); strings.Contains(found, "present") {
					t.Fatalf("found: %s", found)
				}
			}
			s.SetFaults(ftpserver.Faults{})
			deliver(t, d, g)
			expect(t, "in place", tree(t, dir), tt.in)
			if found := lookup(t, d, g); strings.Contains(found, "absent") {
				t.Errorf("found in the end: %s", found)
			}
		})
	}
}

// refusing is a place that renames nothing.
type refusing struct{ place.Place }

func (refusing) Rename(context.Context, string, string) error {
	return connectors.Errorf(connectors.TargetError, place.CodePermission, "rename", "", "refused")
}

// TestLocalRefusedRename is the same in a local folder.
func TestLocalRefusedRename(t *testing.T) {
	d, dir := newDrop(t, nil)
	g, folder := batch(), d.place
	must(t, d.Stage(context.Background(), g))
	g.Staged = true
	d.place = refusing{folder}
	if out, same := untouched(t, d, g); strings.Contains(out, "written") || !same {
		t.Fatalf("refused: %s, untouched: %v", out, same)
	}
	d.place = folder
	empty(t, dir)
	expect(t, "found", lookup(t, d, g), "absent absent")
	expect(t, "delivered", deliver(t, d, g), "written written")
	expect(t, "in place", tree(t, dir), "PERM000001.CTL PERM000001.DAT")
}
