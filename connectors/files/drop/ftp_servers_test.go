package drop

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// TestFTPServersDeliverOnce takes every kind of server through the ways in which a delivery may go.
func TestFTPServersDeliverOnce(t *testing.T) {
	for _, tt := range ftpserver.Kinds() {
		t.Run(tt.Name, func(t *testing.T) {
			open := func() (*Drop, *ftpserver.Server, string) {
				d, s := ftpTargetWith(t, tt.Habits, func(c *ftpConfig) {
					if tt.Temp != "" {
						c.Temp = tt.Temp
					}
				})
				return d, s, filepath.Join(s.Root(), "IN")
			}
			t.Run("usual", func(t *testing.T) {
				d, _, dir := open()
				ftpUsual(t, d, dir)
				if _, refused := tt.Habits.Refusals["LIST"]; !refused {
					ftpEvidence(t, d, dir)
				}
			})
			t.Run("name taken", func(t *testing.T) {
				d, _, dir := open()
				ftpNameTaken(t, d, dir)
			})
			for _, faults := range []ftpserver.Faults{{LoseRename: 1}, {CutBeforeRename: 1}} {
				d, s, dir := open()
				s.SetFaults(faults)
				ftpUnclear(t, d, dir)
			}
		})
	}
}

// permit is one delivery with one file, whose name every host takes.
func permit(key, content string) connectors.Group {
	return connectors.Group{Items: []connectors.Delivery{{Key: key, Files: []connectors.File{file("P1.DAT", content)}}}}
}

func ftpUsual(t *testing.T, d *Drop, dir string) {
	t.Helper()
	g := permit("1/t", "Ada\r\n")
	must(t, d.Stage(t.Context(), g))
	g.Staged = true
	expect(t, "delivered", deliver(t, d, g), "written")
	expect(t, "in place", tree(t, dir), "P1.DAT")
	expect(t, "again", deliver(t, d, g), "written")
	expect(t, "looked up", lookup(t, d, g), "present")
	must(t, d.place.Remove(t.Context(), "P1.DAT"))
	must(t, d.place.Remove(t.Context(), "P1.DAT"))
	expect(t, "looked up once it was fetched", lookup(t, d, g), "present")
	expect(t, "delivered once it was fetched", deliver(t, d, g), "written")
	expect(t, "not put there again", tree(t, dir), "")
	must(t, d.Check(t.Context()))
}

func ftpEvidence(t *testing.T, d *Drop, dir string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, "P2.DAT"), nil, 0o600))
	expect(t, "evidence", evidence(t, d), "P2.DAT")
}

func ftpNameTaken(t *testing.T, d *Drop, dir string) {
	t.Helper()
	for _, theirs := range []string{"Bob\r\n", "Ada\r\n"} { // of equal length, and of equal bytes: nobody's but theirs
		must(t, os.WriteFile(filepath.Join(dir, "P1.DAT"), []byte(theirs), 0o600))
		g := permit("2/t", "Ada\r\n")
		must(t, d.Stage(t.Context(), g))
		g.Staged = true
		expect(t, "taken", deliver(t, d, g), "item:files.name-taken")
		expect(t, "looked up", lookup(t, d, g), "absent")
		b, err := os.ReadFile(filepath.Join(dir, "P1.DAT"))
		must(t, err)
		expect(t, "theirs", string(b), theirs)
	}
}

// ftpUnclear delivers while the answer to the renaming is lost, as the agent does: look up, then deliver what is absent.
func ftpUnclear(t *testing.T, d *Drop, dir string) {
	t.Helper()
	g := permit("3/t", "Ada\r\n")
	must(t, d.Stage(t.Context(), g))
	g.Staged = true
	expect(t, "unclear", deliver(t, d, g), "uncertain:files.unclear")
	if lookup(t, d, g) == "absent" {
		expect(t, "delivered", deliver(t, d, g), "written")
	}
	expect(t, "looked up", lookup(t, d, g), "present")
	expect(t, "in place once", tree(t, dir), "P1.DAT")
}
