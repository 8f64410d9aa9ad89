package drop

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// ftpTarget is a target over an FTP server in this process.
func ftpTarget(t *testing.T, change func(*ftpConfig)) (*Drop, *ftpserver.Server) {
	t.Helper()
	return ftpTargetWith(t, ftpserver.Habits{}, change)
}

// ftpTargetWith is a target over a server with habits of its own.
func ftpTargetWith(t *testing.T, habits ftpserver.Habits, change func(*ftpConfig)) (*Drop, *ftpserver.Server) {
	t.Helper()
	s, err := ftpserver.Start(ftpserver.Config{Root: filepath.Join(t.TempDir(), "root"), User: "batch", Password: "geheim", Habits: habits})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, os.Mkdir(filepath.Join(s.Root(), "IN"), 0o700))
	cfg := ftpDefaults()
	cfg.Place.Address, cfg.Place.User, cfg.Place.Password, cfg.Place.Dir, cfg.Place.TLS.Mode, cfg.Place.Timeout = s.Addr(), "batch", "geheim", "/IN", "none", 10*time.Second
	if change != nil {
		change(&cfg)
	}
	d, err := NewRemote(connectors.Env{Clock: clock.NewManual()}, cfg)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()); must(t, d.Close()) })
	return d, s
}

// evidence are the names that a target tells.
func evidence(t *testing.T, d *Drop) string {
	t.Helper()
	var names []string
	must(t, d.Evidence(context.Background(), time.Time{}, func(tr connectors.Trace) error { names = append(names, tr.Name); return nil }))
	slices.Sort(names)
	return strings.Join(names, " ")
}

// wayOfABatch brings a batch to its place and away again; dir is the server's folder as seen locally.
func wayOfABatch(t *testing.T, d *Drop, dir string) {
	t.Helper()
	ctx, g := context.Background(), batch()
	must(t, d.Check(ctx))
	for range 2 {
		must(t, d.Stage(ctx, g))
	}
	expect(t, "staged", tree(t, dir), ".PERM000001.CTL.KAS6ANUN.inbasket-part .PERM000001.DAT.KFMYTDA2.inbasket-part")
	expect(t, "evidence of staged", evidence(t, d), "PERM000001.CTL PERM000001.DAT")
	g.Staged = true
	expect(t, "lookup of staged", lookup(t, d, g), "absent absent")
	expect(t, "delivered", deliver(t, d, g), "written written")
	expect(t, "in place", tree(t, dir), "PERM000001.CTL PERM000001.DAT")
	expect(t, "evidence", evidence(t, d), "PERM000001.CTL PERM000001.DAT")
	b, err := os.ReadFile(filepath.Join(dir, "PERM000001.DAT"))
	must(t, err)
	expect(t, "bytes", string(b), "two lines\r\n")
	expect(t, "again", deliver(t, d, g), "written written")
	expect(t, "lookup", lookup(t, d, g), "present present")
	must(t, os.Remove(filepath.Join(dir, "PERM000001.DAT")))
	expect(t, "fetched by the host", deliver(t, d, g), "written written")
	must(t, os.WriteFile(filepath.Join(dir, "PERM000001.DAT"), []byte("somebody else's"), 0o600))
	expect(t, "name taken", deliver(t, d, g), "item:files.name-taken item:files.name-taken")
	empty := connectors.Group{Items: []connectors.Delivery{{Key: "e", Files: []connectors.File{file("empty.csv", "")}}}}
	expect(t, "empty file", deliver(t, d, empty), "written")
}

func TestFTPBatch(t *testing.T) {
	for _, verify := range []string{"size", "read-back"} {
		t.Run(verify, func(t *testing.T) {
			d, s := ftpTarget(t, func(c *ftpConfig) { c.Verify = verify })
			wayOfABatch(t, d, filepath.Join(s.Root(), "IN"))
		})
	}
}

func TestFTPWithoutSize(t *testing.T) {
	d, s := ftpTarget(t, nil)
	s.SetFaults(ftpserver.Faults{NoSize: true})
	wayOfABatch(t, d, filepath.Join(s.Root(), "IN"))
}

// TestFTPFaults delivers a batch through one fault and then, looked up as the agent does, without.
func TestFTPFaults(t *testing.T) {
	tests := []struct {
		name   string
		faults ftpserver.Faults
		stage  connectors.Class // how Stage ends; Written when it works
		out    string           // what Deliver says after a Stage that worked
		found  string
	}{
		{"cut mid-transfer", ftpserver.Faults{CutStore: 3}, connectors.Transient, "", ""},
		{"kept less and said all is well", ftpserver.Faults{TruncateStore: 3}, connectors.Transient, "", ""},
		{"disk full", ftpserver.Faults{FullStore: true}, connectors.TargetError, "", ""},
		{"answer to RNTO lost", ftpserver.Faults{LoseRename: 1}, connectors.Written, "uncertain:files.unclear", "absent"},
		{"cut before RNTO", ftpserver.Faults{CutBeforeRename: 1}, connectors.Written, "uncertain:files.unclear", "absent"},
		{"said it renamed, and did not", ftpserver.Faults{LieRename: true}, connectors.Written, "target:files.not-renamed", "absent"},
		{"fetched at once", ftpserver.Faults{TakeAfterRename: true}, connectors.Written, "written", "present"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, s := ftpTarget(t, nil)
			ctx, g := context.Background(), batch()
			g.Items = g.Items[:1]
			s.SetFaults(tt.faults)
			if c := connectors.ClassOf(d.Stage(ctx, g)); c != tt.stage {
				t.Fatalf("stage: %v, want %v", c, tt.stage)
			}
			if tt.stage != connectors.Written {
				s.SetFaults(ftpserver.Faults{})
				must(t, d.Stage(ctx, g))
			}
			g.Staged = true
			if tt.out != "" {
				expect(t, "with the fault", deliver(t, d, g), tt.out)
				expect(t, "looked up", lookup(t, d, g), tt.found)
			}
			s.SetFaults(ftpserver.Faults{})
			expect(t, "without", deliver(t, d, g), "written")
			expect(t, "looked up in the end", lookup(t, d, g), "present")
			if !tt.faults.TakeAfterRename {
				expect(t, "in place", tree(t, filepath.Join(s.Root(), "IN")), "PERM000001.CTL PERM000001.DAT")
			}
		})
	}
}

// TestFTPLostAnswerOfTheLastRename is looked up as present: nothing is sent twice.
func TestFTPLostAnswerOfTheLastRename(t *testing.T) {
	d, s := ftpTarget(t, nil)
	g := batch()
	g.Control = nil
	must(t, d.Stage(context.Background(), g))
	g.Staged = true
	s.SetFaults(ftpserver.Faults{LoseRename: 1})
	expect(t, "unclear", deliver(t, d, g), "uncertain:files.unclear uncertain:files.unclear")
	expect(t, "looked up", lookup(t, d, g), "present present")
}

func TestFTPNoServerNoLoginNoFolder(t *testing.T) {
	d, s := ftpTarget(t, func(c *ftpConfig) { c.Place.Dir = "/nowhere" })
	expect(t, "no folder", deliver(t, d, batch()), "target:files.folder target:files.folder")
	s.SetFaults(ftpserver.Faults{RefuseLogin: true})
	expect(t, "no login", deliver(t, d, batch()), "target:ftp.login target:ftp.login")
	must(t, s.Close())
	expect(t, "no server", deliver(t, d, batch()), "transient:ftp.connect transient:ftp.connect")
}

func TestFTPFolderGoneIsNoFetching(t *testing.T) {
	d, s := ftpTarget(t, nil)
	g := batch()
	must(t, d.Stage(context.Background(), g))
	must(t, os.RemoveAll(filepath.Join(s.Root(), "IN")))
	g.Staged = true
	expect(t, "delivered", deliver(t, d, g), "target:files.folder target:files.folder")
}

func TestFTPCancelCutsASilentServer(t *testing.T) {
	d, s := ftpTarget(t, func(c *ftpConfig) { c.Place.Timeout = time.Hour })
	must(t, d.Check(context.Background()))
	s.SetFaults(ftpserver.Faults{Silent: true})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := d.Stage(ctx, batch()); connectors.ClassOf(err) != connectors.Transient {
		t.Errorf("got %v", err)
	}
}

func TestFTPTimeoutOfASilentServer(t *testing.T) {
	d, s := ftpTarget(t, func(c *ftpConfig) { c.Place.Timeout = 50 * time.Millisecond })
	s.SetFaults(ftpserver.Faults{Silent: true})
	if err := d.Stage(context.Background(), batch()); connectors.ClassOf(err) != connectors.Transient {
		t.Errorf("got %v", err)
	}
}

func TestFTPReconnects(t *testing.T) {
	clock := clock.NewManual()
	_, s := ftpTarget(t, nil)
	cfg := ftpDefaults()
	cfg.Place.Address, cfg.Place.User, cfg.Place.Password, cfg.Place.Dir, cfg.Place.TLS.Mode = s.Addr(), "batch", "geheim", "/IN", "none"
	d, err := NewRemote(connectors.Env{Clock: clock}, cfg)
	must(t, err)
	defer func() { must(t, d.Close()) }()
	must(t, d.Check(context.Background()))
	clock.Advance(time.Minute)
	s.Cut()
	must(t, d.Check(context.Background()))
}

// A connection outlives the call that opened it: the agent gives every call a deadline of its own.
func TestFTPConnectionOutlivesItsFirstCall(t *testing.T) {
	d, _ := ftpTarget(t, nil)
	for range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		must(t, d.Stage(ctx, batch()))
		must(t, d.Check(ctx))
		cancel()
	}
}

func TestFTPNamesNeverBecomeCommands(t *testing.T) {
	d, s := ftpTarget(t, nil)
	g := connectors.Group{Items: []connectors.Delivery{
		{Key: "a", Files: []connectors.File{file("x\r\nDELE y", "a")}},
		{Key: "b", Files: []connectors.File{file("../y", "a")}},
		{Key: "c", Files: []connectors.File{file("y\x00", "a")}}}}
	expect(t, "refused", deliver(t, d, g), "item:files.name item:files.name item:files.name")
	p := d.place
	if err := p.Remove(context.Background(), "x\r\nDELE y"); connectors.ClassOf(err) != connectors.ItemError {
		t.Errorf("remove: %v", err)
	}
	for _, c := range s.Commands() {
		if strings.HasPrefix(c, "DELE") {
			t.Errorf("sent %q", c)
		}
	}
}

func TestFTPEncodingOfNames(t *testing.T) {
	d, s := ftpTarget(t, func(c *ftpConfig) { c.Place.Encoding = "iso-8859-1" })
	g := connectors.Group{Items: []connectors.Delivery{{Key: "a", Files: []connectors.File{file("müll.csv", "a")}},
		{Key: "b", Files: []connectors.File{file("€.csv", "a")}}}}
	err := d.Stage(context.Background(), g)
	var e *connectors.Error
	if !errors.As(err, &e) || e.Code != place.CodeName {
		t.Fatalf("a name that the encoding lacks: %v", err)
	}
	g.Items = g.Items[:1]
	expect(t, "delivered", deliver(t, d, g), "written")
	expect(t, "bytes of the name", tree(t, filepath.Join(s.Root(), "IN")), "m\xfcll.csv")
}

// ftpConfig is that of a target behind FTP.
type ftpConfig = RemoteConfig[ftp.Config, *ftp.Config]

func ftpDefaults() ftpConfig { return RemoteDefaults[ftp.Config, *ftp.Config](ftp.Defaults()) }
