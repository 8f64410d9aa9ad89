package drop

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

func file(name, content string) connectors.File {
	b := connectors.BytesBlob([]byte(content))
	b.Digest = sha256.Sum256([]byte(content))
	return connectors.File{Name: name, Blob: b}
}

func newDrop(t *testing.T, change func(*FolderConfig)) (*Drop, string) {
	t.Helper()
	dir := t.TempDir()
	cfg := FolderDefaults()
	cfg.Path = dir
	if change != nil {
		change(&cfg)
	}
	d, err := NewFolder(connectors.Env{Clock: clock.NewManual()}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, dir
}

// batch is a sealed batch of two forms with a control file.
func batch() connectors.Group {
	f, c := file("PERM000001.DAT", "two lines\r\n"), file("PERM000001.CTL", "2\r\n")
	return connectors.Group{Key: "b1", Seq: 1, File: &f, Control: &c,
		Items: []connectors.Delivery{{Key: "1/t"}, {Key: "2/t"}}}
}

func deliver(t *testing.T, d *Drop, g connectors.Group) string {
	t.Helper()
	out, err := d.Deliver(context.Background(), g)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes(out)
}

func outcomes(out []connectors.Outcome) string {
	var words []string
	for _, o := range out {
		w := o.Class.String()
		if o.Code != "" {
			w += ":" + o.Code
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

func lookup(t *testing.T, d *Drop, g connectors.Group) string {
	t.Helper()
	found, err := d.Lookup(context.Background(), g)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, f := range found {
		words = append(words, [...]string{"unknown", "absent", "present"}[f.Presence])
	}
	return strings.Join(words, " ")
}

func TestBatchWayOfAFile(t *testing.T) {
	d, dir := newDrop(t, nil)
	ctx, g := context.Background(), batch()
	must(t, d.Check(ctx))
	expect(t, "before", lookup(t, d, g), "absent absent")
	for range 2 {
		must(t, d.Stage(ctx, g))
	}
	expect(t, "staged", tree(t, dir), ".PERM000001.CTL.KAS6ANUN.inbasket-part .PERM000001.DAT.KFMYTDA2.inbasket-part")
	g.Staged = true
	expect(t, "lookup of staged", lookup(t, d, g), "absent absent")
	expect(t, "delivered", deliver(t, d, g), "written written")
	expect(t, "in place", tree(t, dir), "PERM000001.CTL PERM000001.DAT")
	expect(t, "lookup", lookup(t, d, g), "present present")
	expect(t, "again", deliver(t, d, g), "written written")
	must(t, d.Stage(ctx, g))
	expect(t, "staging what is there writes nothing", tree(t, dir), "PERM000001.CTL PERM000001.DAT")
	must(t, os.Remove(filepath.Join(dir, "PERM000001.DAT")))
	expect(t, "taken by the legacy system", deliver(t, d, g), "written written")
	must(t, os.Remove(filepath.Join(dir, "PERM000001.CTL")))
	expect(t, "both taken", lookup(t, d, g), "present present")
	expect(t, "not dropped again", deliver(t, d, g), "written written")
	expect(t, "nothing there", tree(t, dir), "")
}

func TestDeliverWithoutStageStages(t *testing.T) {
	d, dir := newDrop(t, nil)
	expect(t, "delivered", deliver(t, d, batch()), "written written")
	expect(t, "in place", tree(t, dir), "PERM000001.CTL PERM000001.DAT")
}

func TestNameTaken(t *testing.T) {
	d, dir := newDrop(t, nil)
	g := batch()
	must(t, os.WriteFile(filepath.Join(dir, "PERM000001.DAT"), []byte("TWO lines\r\n"), 0o600))
	must(t, d.Stage(context.Background(), g))
	g.Staged = true
	expect(t, "refused", deliver(t, d, g), "item:files.name-taken item:files.name-taken")
	expect(t, "no control file", tree(t, dir), ".PERM000001.CTL.KAS6ANUN.inbasket-part .PERM000001.DAT.KFMYTDA2.inbasket-part PERM000001.DAT")
	expect(t, "lookup", lookup(t, d, g), "absent absent")
	b, _ := os.ReadFile(filepath.Join(dir, "PERM000001.DAT"))
	expect(t, "never overwritten", string(b), "TWO lines\r\n")

	// Once the other file is moved away, ours must not be taken for fetched.
	must(t, os.Remove(filepath.Join(dir, "PERM000001.DAT")))
	expect(t, "lookup", lookup(t, d, g), "absent absent")
	expect(t, "delivered at last", deliver(t, d, g), "written written")
	expect(t, "in place", tree(t, dir), "PERM000001.CTL PERM000001.DAT")
}

func TestOneOfManyIsRefused(t *testing.T) {
	d, dir := newDrop(t, nil)
	must(t, os.WriteFile(filepath.Join(dir, "b.xml"), []byte("other"), 0o600))
	g := connectors.Group{Items: []connectors.Delivery{
		{Key: "a", Files: []connectors.File{file("a.xml", "a"), file("a.pdf", "A")}},
		{Key: "b", Files: []connectors.File{file("b.xml", "b")}},
		{Key: "c", Files: []connectors.File{file("../c.xml", "c")}},
		{Key: "d", Files: []connectors.File{file("d\r\nDELE x", "d")}},
		{Key: "e", Files: []connectors.File{file("e.xml", "")}},
		{Key: "f"},
		{Key: "g", Files: []connectors.File{file("g.xml", "1"), file("g.xml", "2")}},
	}}
	expect(t, "delivered", deliver(t, d, g), "written item:files.name-taken item:files.name item:files.name written written item:files.name")
	expect(t, "in place", tree(t, dir), ".b.xml.K22KJTUI.inbasket-part .g.xml.KE3VUA26.inbasket-part .g.xml.KGVXZJK7.inbasket-part a.pdf a.xml b.xml e.xml")
}

func TestBrokenTempIsWrittenAgain(t *testing.T) {
	d, dir := newDrop(t, nil)
	g := batch()
	must(t, d.Stage(context.Background(), g))
	must(t, os.WriteFile(filepath.Join(dir, ".PERM000001.DAT.KFMYTDA2.inbasket-part"), []byte("tw"), 0o600))
	g.Staged = true
	expect(t, "delivered", deliver(t, d, g), "written written")
	b, _ := os.ReadFile(filepath.Join(dir, "PERM000001.DAT"))
	expect(t, "whole", string(b), "two lines\r\n")
}

func TestLinkUnderTheFinalNameIsTaken(t *testing.T) {
	d, dir := newDrop(t, nil)
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "PERM000001.DAT")); err != nil {
		lacks(t, "no links here:", err)
	}
	expect(t, "refused", deliver(t, d, batch()), "item:files.name-taken item:files.name-taken")
}

func TestFolderGoneIsNoTaking(t *testing.T) {
	d, dir := newDrop(t, nil)
	g := batch()
	must(t, d.Stage(context.Background(), g))
	must(t, os.RemoveAll(dir))
	g.Staged = true
	expect(t, "delivered", deliver(t, d, g), "target:files.folder target:files.folder")
	if _, err := d.Lookup(context.Background(), g); connectors.ClassOf(err) != connectors.TargetError {
		t.Errorf("lookup: %v", err)
	}
	if err := d.Check(context.Background()); connectors.ClassOf(err) != connectors.TargetError {
		t.Errorf("check: %v", err)
	}
}

func TestProof(t *testing.T) {
	d, dir := newDrop(t, func(c *FolderConfig) { c.Proof = "THIS-IS-HOST1" })
	expect(t, "share not mounted", deliver(t, d, batch()), "target:files.proof target:files.proof")
	must(t, os.WriteFile(filepath.Join(dir, "THIS-IS-HOST1"), nil, 0o600))
	expect(t, "mounted", deliver(t, d, batch()), "written written")
}

func TestOwnContentUnreadable(t *testing.T) {
	d, _ := newDrop(t, nil)
	g := batch()
	g.File.Blob.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("two"), failing{})), nil
	}
	expect(t, "delivered", deliver(t, d, g), "transient:files.content transient:files.content")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestCancelledStage(t *testing.T) {
	d, dir := newDrop(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := d.Stage(ctx, batch())
	if connectors.ClassOf(err) != connectors.Transient {
		t.Errorf("got %v", err)
	}
	expect(t, "nothing visible", tree(t, dir), "")
}

func TestManyFilesAtOnce(t *testing.T) {
	d, dir := newDrop(t, nil)
	var g connectors.Group
	for i := range 100 {
		n := string(rune('a'+i/26)) + string(rune('a'+i%26)) + ".csv"
		g.Items = append(g.Items, connectors.Delivery{Key: n, Files: []connectors.File{file(n, strings.Repeat("x", i))}})
	}
	if s := deliver(t, d, g); strings.Count(s, "written") != 100 {
		t.Error(s)
	}
	if n := len(strings.Fields(tree(t, dir))); n != 100 {
		t.Errorf("%d files", n)
	}
}

// TestSafeTextsHoldNoNames: file names may hold a citizen's.
func TestSafeTextsHoldNoNames(t *testing.T) {
	d, dir := newDrop(t, nil)
	must(t, os.Mkdir(filepath.Join(dir, "mustermann.xml"), 0o700))
	out, err := d.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{
		{Key: "a", Files: []connectors.File{file("mustermann.xml", "a")}}, {Key: "b", Files: []connectors.File{file("muster\nmann.xml", "a")}}}})
	must(t, err)
	for _, o := range out {
		if o.Text == "" || strings.Contains(o.Text, "muster") {
			t.Errorf("text %q", o.Text)
		}
	}
}
