package drop

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// twoOfOneName are two deliveries whose templates gave the same name.
func twoOfOneName(a, b string) connectors.Group {
	return connectors.Group{Items: []connectors.Delivery{
		{Key: "1/t", Files: []connectors.File{file("R-1.csv", a)}}, {Key: "2/t", Files: []connectors.File{file("R-1.csv", b)}}}}
}

// TestTwoDeliveriesOfOneName: the second parks, whether its bytes are others or the same, in one group with the first
// or in one of its own, here and behind FTP.
func TestTwoDeliveriesOfOneName(t *testing.T) {
	ctx := context.Background()
	place := map[string]func() (*Drop, string){
		"folder": func() (*Drop, string) { return newDrop(t, nil) },
		"ftp": func() (*Drop, string) {
			d, s := ftpTarget(t, nil)
			return d, filepath.Join(s.Root(), "IN")
		},
	}
	for name, open := range place {
		for _, second := range []string{"Bob", "Ada"} {
			d, _ := open()
			g := twoOfOneName("Ada", second)
			must(t, d.Stage(ctx, g))
			g.Staged = true
			expect(t, name+": one group", deliver(t, d, g), "written item:files.name-taken")
			expect(t, name+": looked up", lookup(t, d, g), "present absent")

			d, dir := open()
			one, two := twoOfOneName("Ada", second), twoOfOneName("Ada", second)
			one.Items, two.Items = one.Items[:1], two.Items[1:]
			must(t, d.Stage(ctx, one))
			must(t, d.Stage(ctx, two)) // before the first is in place
			one.Staged, two.Staged = true, true
			expect(t, name+": the first", deliver(t, d, one), "written")
			expect(t, name+": the second", deliver(t, d, two), "item:files.name-taken")
			b, err := os.ReadFile(filepath.Join(dir, "R-1.csv"))
			must(t, err)
			expect(t, name+": what lies there", string(b), "Ada")
		}
	}
}

// TestTempWithoutKeyGoesAlone: where temporary names may be the same, one delivery goes after the other.
func TestTempWithoutKeyGoesAlone(t *testing.T) {
	for temp, want := range map[string]connectors.Abilities{".{name}.tmp": {MaxItems: 1, Parallel: 1}, ".{name}.{key}": {MaxItems: 256, Parallel: 2}} {
		d, _ := newDrop(t, func(c *FolderConfig) { c.Temp = temp })
		if a := d.Abilities(); a.MaxItems != want.MaxItems || a.Parallel != want.Parallel {
			t.Errorf("%s: %d items, %d at once", temp, a.MaxItems, a.Parallel)
		}
	}
}

// TestControlNameTaken: a control file of that name is a stranger's, and then nothing is put beside it.
func TestControlNameTaken(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		d, dir := newDrop(t, nil)
		must(t, os.WriteFile(filepath.Join(dir, "a.ok"), nil, 0o600))
		f, c := file("a.csv", "a"), file("a.ok", "")
		g := connectors.Group{Items: []connectors.Delivery{{Key: "1/t", Files: []connectors.File{f}, Control: &c}}}
		if sealed {
			g = connectors.Group{Key: "b1", Seq: 1, File: &f, Control: &c, Items: []connectors.Delivery{{Key: "1/t"}}}
		}
		expect(t, "taken", deliver(t, d, g), "item:files.name-taken")
		if _, err := os.Lstat(filepath.Join(dir, "a.csv")); !os.IsNotExist(err) {
			t.Errorf("sealed %v: the data lie there without control: %v", sealed, err)
		}
	}
}

// TestTempOfAnEarlierVersion: what an earlier version had staged is neither lost nor taken for fetched.
func TestTempOfAnEarlierVersion(t *testing.T) {
	for content, what := range map[string]string{"Ada": "whole", "Ad": "cut short", "Bob": "another's"} {
		d, dir := newDrop(t, nil)
		must(t, os.WriteFile(filepath.Join(dir, ".R-1.csv.inbasket-part"), []byte(content), 0o600))
		g := twoOfOneName("Ada", "")
		g.Items, g.Staged = g.Items[:1], true
		expect(t, what+": looked up", lookup(t, d, g), "absent")
		expect(t, what+": delivered", deliver(t, d, g), "written")
		expect(t, what+": in place", tree(t, dir), "R-1.csv")
		b, err := os.ReadFile(filepath.Join(dir, "R-1.csv"))
		must(t, err)
		expect(t, what, string(b), "Ada")
	}
}

// TestTempSetMeanwhile: what was staged before somebody set temp is not taken for fetched.
func TestTempSetMeanwhile(t *testing.T) {
	d, dir := newDrop(t, nil)
	g := twoOfOneName("Ada", "")
	g.Items = g.Items[:1]
	must(t, d.Stage(context.Background(), g))
	g.Staged = true
	cfg := FolderDefaults()
	cfg.Path, cfg.Temp = dir, "{name}.tmp"
	d, err := NewFolder(connectors.Env{Clock: clock.NewManual()}, cfg)
	must(t, err)
	expect(t, "looked up", lookup(t, d, g), "absent")
	expect(t, "delivered", deliver(t, d, g), "written")
	expect(t, "in place", tree(t, dir), "R-1.csv")
}

// TestTempWithoutKey: a temp that others may have too is believed only with our bytes.
func TestTempWithoutKey(t *testing.T) {
	d, dir := newDrop(t, func(c *FolderConfig) { c.Temp = "{name}.tmp" })
	g := twoOfOneName("Ada", "Bob")
	must(t, d.Stage(context.Background(), g)) // the second writes over the first
	g.Staged = true
	expect(t, "delivered", deliver(t, d, g), "written item:files.name-taken")
	b, err := os.ReadFile(filepath.Join(dir, "R-1.csv"))
	must(t, err)
	expect(t, "the first's bytes", string(b), "Ada")
}

// TestHalfARename: a link and a removal stand for a rename where the file system knows no other; a crash between them
// leaves one file with two names, which is ours.
func TestHalfARename(t *testing.T) {
	d, dir := newDrop(t, nil)
	g := twoOfOneName("Ada", "")
	g.Items = g.Items[:1]
	must(t, d.Stage(context.Background(), g))
	g.Staged = true
	must(t, os.Link(filepath.Join(dir, tree(t, dir)), filepath.Join(dir, "R-1.csv")))
	expect(t, "looked up", lookup(t, d, g), "absent")
	expect(t, "delivered", deliver(t, d, g), "written")
	expect(t, "in place", tree(t, dir), "R-1.csv")
}

// TestFTPUnreadable: where the answer to a rename is lost and the server lets nobody read, a file of our size under our
// name is not taken for ours.
func TestFTPUnreadable(t *testing.T) {
	d, s := ftpTargetWith(t, ftpserver.Habits{Refusals: map[string]string{"RETR": "550 no right to read"}}, nil)
	s.SetFaults(ftpserver.Faults{LoseRename: 1})
	g := permit("1/t", "Ada")
	must(t, d.Stage(t.Context(), g))
	g.Staged = true
	expect(t, "unclear", deliver(t, d, g), "uncertain:files.unclear")
	expect(t, "looked up", lookup(t, d, g), "unknown")
	expect(t, "not sent again", deliver(t, d, g), "uncertain:files.unclear")
	expect(t, "in place", tree(t, filepath.Join(s.Root(), "IN")), "P1.DAT")
}

// TestFTPReadBack: with verify: read-back a server that keeps other bytes of the same length is found out.
func TestFTPReadBack(t *testing.T) {
	d, s := ftpTarget(t, func(c *ftpConfig) { c.Verify = "read-back" })
	s.SetFaults(ftpserver.Faults{CorruptStore: true})
	if err := d.Stage(t.Context(), permit("1/t", "Ada")); connectors.ClassOf(err) != connectors.Transient {
		t.Errorf("corrupt: %v", err)
	}
	s.SetFaults(ftpserver.Faults{})
	must(t, d.Stage(t.Context(), permit("1/t", "Ada")))
}

// TestNameThatThePlaceCannotHave is the item's fault, and not the place's, which takes others.
func TestNameThatThePlaceCannotHave(t *testing.T) {
	one := func(name string) connectors.Group {
		return connectors.Group{Items: []connectors.Delivery{{Key: "a", Files: []connectors.File{file(name, "a")}}}}
	}
	behind, _ := ftpTarget(t, func(c *ftpConfig) { c.Place.Encoding = "iso-8859-1" })
	here, _ := newDrop(t, func(c *FolderConfig) { c.Temp = "{name}." + strings.Repeat("x", 60) + ".{key}" })
	for name, d := range map[string]*Drop{"5€.csv": behind, strings.Repeat("b", 200): here} {
		if err := d.Stage(t.Context(), one(name)); connectors.ClassOf(err) != connectors.ItemError {
			t.Errorf("%s: %v", name, err)
		}
		expect(t, "another", deliver(t, d, one("a.csv")), "written")
	}
}
