package doctor_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

var update = flag.Bool("update", false, "write the golden files anew")

// took is a measured time, which differs from run to run.
var took = regexp.MustCompile(`within [0-9.]+[µnm]?s`)

func TestHealthy(t *testing.T) {
	w := newWorld(t)
	w.run()
	e := w.examine()
	if e.Worst() != control.LevelOK || e.Account != "inbasket" || e.Version != "1.2.3" {
		t.Errorf("%s as %q", e.Worst(), e.Account)
	}
	golden(t, "healthy", took.ReplaceAllString(w.words(e), "within TIME"))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// broken is one thing that is wrong, and what doctor must say of it.
type broken struct {
	name string
	do   func(*world)
	want control.Level
	code string
	cure string // part of the cure
}

func disk(change func(*doctor.Disk)) func(*world) {
	return func(w *world) {
		d := usual
		change(&d)
		w.machine.disks["state"] = d
	}
}

func status(change func(*control.Status)) func(*world) { return func(w *world) { change(w.running) } }

func inspection(change func(*checking.Inspection)) func(*world) {
	return func(w *world) {
		before := w.journal
		w.journal = func(i *checking.Inspection) { before(i); change(i) }
	}
}

func tell(f func(*world, *doctor.Service)) func(*world) {
	return func(w *world) { f(w, &w.service) }
}

// sick returns everything that doctor finds in a world that is sound otherwise.
func sick() []broken {
	return slices.Concat(sickMachine(), sickFolders(), sickWork(), sickJournal(), sickOthers(), []broken{
		{"config refused", func(w *world) { w.config += "\nfoo: bar\n" }, "fail", "yaml.unknown-key", "inbasket check"},
		{"secret unreadable", func(w *world) {
			w.config = strings.Replace(w.config, "register.db,", "register.db, password: '${file:no}',", 1)
		}, "warn", config.CodeSecret, "--as-service"},
		{"no connection without the secret", func(w *world) {
			w.config = strings.Replace(w.config, "{sqlite: {path: register.db, create-ledger: true}}", "{postgres: {host: 127.0.0.1, port: 1, user: u, password: '${file:no}'}}", 1)
		}, "warn", doctor.CodeSecretUnread, "--as-service"},
		{"no service", tell(func(_ *world, s *doctor.Service) { s.Installed = false }), "warn", doctor.CodeServiceNone, "service install"},
		{"not enabled", tell(func(_ *world, s *doctor.Service) { s.Enabled = false }), "warn", doctor.CodeServiceOff, "enable inbasket"},
		{"stopped", tell(func(w *world, s *doctor.Service) { s.Running, w.running = false, nil }), "fail", doctor.CodeServiceStopped, "service start"},
		{"by hand", tell(func(_ *world, s *doctor.Service) { s.Running = false }), "warn", doctor.CodeServiceStopped, "stop that one"},
		{"drift", tell(func(_ *world, s *doctor.Service) { s.Drift = []string{"ReadWritePaths=/srv/forms is missing"} }), "fail", doctor.CodeServiceDrift, "service install"},
		{"other config", tell(func(_ *world, s *doctor.Service) { s.Other = "/etc/inbasket/inbasket.yaml" }), "warn", doctor.CodeServiceOther, "--config"},
		{"no manager", func(w *world) {
			w.Service = func(context.Context, *config.Config) (doctor.Service, error) {
				return doctor.Service{}, errors.New("no")
			}
		}, "warn", doctor.CodeServiceUnknown, "root"},
		{"other account", func(w *world) { w.machine.account = doctor.Account{Name: "root", Root: true} }, "warn", doctor.CodeOtherAccount, "--as-service"},
		{"root", func(w *world) {
			w.Inside, w.machine.account = true, doctor.Account{Name: "root", Root: true}
		}, "warn", doctor.CodeRoot, "service install"},
		{"a check that breaks", func(w *world) { w.machine.panics = true }, "fail", doctor.CodeBroke, "diagnostics"},
	})
}

func sickMachine() []broken {
	return []broken{
		{"disk full", disk(func(d *doctor.Disk) { d.Free = 1 << 20 }), "fail", doctor.CodeDiskFull, "make space"},
		{"disk low", disk(func(d *doctor.Disk) { d.Free = 5 << 30 }), "warn", doctor.CodeDiskLow, "make space"},
		{"inodes", disk(func(d *doctor.Disk) { d.Files = 10 }), "warn", doctor.CodeDiskLow, "remove"},
		{"read-only", disk(func(d *doctor.Disk) { d.ReadOnly = true }), "fail", doctor.CodeDiskReadOnly, "writable"},
		{"network", disk(func(d *doctor.Disk) { d.Network = "nfs" }), "fail", doctor.CodeDiskNetwork, "local disk"},
		{"clock free", func(w *world) { w.machine.synced = false }, "warn", doctor.CodeClockFree, "timedatectl"},
		{"clock wrong", func(w *world) { w.clock.Advance(-200 * 365 * 24 * time.Hour) }, "fail", doctor.CodeClockWrong, "restart"},
		{"clock went back", inspection(func(i *checking.Inspection) { i.Newest = i.Newest.Add(time.Hour) }), "warn", doctor.CodeJournalFuture, "set it right"},
		{"share's clock", func(w *world) { w.file("in/a.json", "{}", -time.Hour) }, "warn", doctor.CodeClockShare, "one source of time"},
		{"few files", func(w *world) { w.machine.limits.OpenFiles = 256 }, "warn", doctor.CodeLimitFiles, "LimitNOFILE"},
		{"little memory", func(w *world) { w.machine.limits.MemoryOfService = 32 << 20 }, "warn", doctor.CodeMemory, "MemoryMax"},
	}
}

func sickFolders() []broken {
	return []broken{
		{"folder missing", func(w *world) { w.must(os.Remove(filepath.Join(w.dir, "in"))) }, "fail", doctor.CodeFolderMissing, "mkdir"},
		{"folder closed", func(w *world) { w.machine.closed["in"] = true }, "fail", doctor.CodeFolderClosed, "grant"},
		{"folder may be read", func(w *world) { w.machine.reading["drop"] = true }, "fail", doctor.CodeFolderClosed, "grant"},
		{"apart", func(w *world) {
			w.must(os.Mkdir(filepath.Join(w.dir, "in", "done"), 0o700))
			d := usual
			d.Mount = 2
			w.machine.disks["done"] = d
		}, "fail", doctor.CodeFolderApart, "put both on one"},
		{"done folder cannot be made", func(w *world) { w.machine.reading["in"] = true }, "fail", doctor.CodeFolderClosed, "grant"},
		{"share", func(w *world) {
			d := usual
			d.Network = "smb"
			w.machine.disks["in"] = d
		}, "warn", doctor.CodeFolderShare, "quiet"},
		{"nobody takes it", func(w *world) { w.file("in/a.json", "{}", 3*time.Hour) }, "warn", doctor.CodeWaiting, "inbasket status"},
		{"set aside", func(w *world) {
			w.file("in/error/a.json", "{}", 0)
			w.file("in/error/a.json.txt", "why", 0)
			w.file("in/error/.inbasket.lock", "", 0)
		}, "warn", doctor.CodeErrorFolder, "reasons"},
	}
}

func sickWork() []broken {
	trouble := &control.Trouble{Code: "sql.login", Text: "login failed", Next: "mend the target", Since: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Count: 7}
	return []broken{
		{"no ledger", func(w *world) { w.config = strings.Replace(w.config, ", create-ledger: true", "", 1) }, "fail", "sql.no-ledger", "ledger"},
		{"ledger of an earlier version", func(w *world) {
			w.sql("create table INBASKET_LEDGER (DELIVERY text primary key, SUBMISSION text not null, RETURNED text, WRITTEN_AT timestamp not null default current_timestamp)")
		}, "warn", "sql.ledger-digest", "have the DBA run: ALTER TABLE"},
		{"no database", func(w *world) { w.must(os.Remove(filepath.Join(w.dir, "register.db"))) }, "fail", doctor.CodeDatabaseMissing, "path"},
		{"weak", func(w *world) {
			w.config = strings.Replace(w.config, "create-ledger: true", "ledger: false", 1)
		}, "warn", doctor.CodeTargetWeak, "guarantees"},
		{"target in trouble", status(func(s *control.Status) { s.Targets[0].Circuit, s.Targets[0].Trouble = "open", trouble }), "fail", "sql.login", "mend the target"},
		{"paused", status(func(s *control.Status) { s.Targets[0].Paused = true }), "warn", doctor.CodeTargetPaused, "resume register"},
		{"parked", status(func(s *control.Status) { s.Targets[0].Parked = 3 }), "warn", doctor.CodeTargetParked, "--state parked"},
		{"backlog", status(func(s *control.Status) {
			s.Targets[0].Open, s.Targets[0].Oldest = 5, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		}), "warn", doctor.CodeTargetOld, "inbasket status"},
		{"stuck", status(func(s *control.Status) {
			s.Stuck = []control.Trouble{{Code: "agent.stuck", Text: "a lane does not move", Next: "restart it"}}
		}), "fail", "agent.stuck", "restart"},
		{"in-basket in trouble", status(func(s *control.Status) { s.Inbaskets[0].Trouble = trouble }), "fail", "sql.login", "mend"},
		{"mute", func(w *world) { w.config += "front-offices: {portal: {}}\n" }, "warn", doctor.CodeOfficeMute, "token new portal"},
		{"webhook away", func(w *world) {
			w.config += `front-offices: {portal: {webhook: {url: "http://127.0.0.1:1/", allow-private: true, secret: "${env:HOOK}"}}}` + "\n"
			w.t.Setenv("HOOK", "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
		}, "fail", "webhook.connection", ""},
		{"pushes wait", func(w *world) {
			w.config += "front-offices: {portal: {tokens: ['" + strings.Repeat("ab", 32) + "']}}\n"
			w.running.FrontOffices = []control.OfficeStatus{{Name: "portal", Backlog: 1000}}
		}, "warn", doctor.CodeOfficeBacklog, "webhook"},
	}
}

func sickJournal() []broken {
	return []broken{
		{"damaged", inspection(func(i *checking.Inspection) { i.Damage = "row 7" }), "fail", doctor.CodeJournalDamaged, "restore"},
		{"too new", inspection(func(i *checking.Inspection) { i.Version = 9 }), "fail", journal.CodeTooNew, "newer"},
		{"held", inspection(func(i *checking.Inspection) { i.Held = true }), "fail", doctor.CodeHeld, "restored release"},
		{"long log", inspection(func(i *checking.Inspection) { i.Log = 1 << 30 }), "warn", doctor.CodeJournalWAL, "viewer"},
		{"mute", func(w *world) { w.running = nil }, "fail", doctor.CodeJournalMute, "wait"},
		{"no backup", inspection(func(i *checking.Inspection) { i.Backup = time.Time{} }), "warn", doctor.CodeBackupNone, "inbasket backup"},
		{"old backup", inspection(func(i *checking.Inspection) { i.Backup = i.Backup.Add(-72 * time.Hour) }), "warn", doctor.CodeBackupOld, "inbasket backup"},
		{"no space to migrate", func(w *world) {
			inspection(func(i *checking.Inspection) { i.Version, i.Size = 1, 1<<40 })(w)
		}, "fail", doctor.CodeUpgradeSpace, "space"},
		{"plan in use", inspection(func(i *checking.Inspection) {
			i.Plans = []checking.PlanUse{{Plan: journal.Plan{Name: "permit", Version: 1, Bundle: []byte("no bundle")}, Open: 2}}
		}), "fail", doctor.CodeUpgradePlan, "finish"},
		{"plan not in use", inspection(func(i *checking.Inspection) {
			i.Plans = []checking.PlanUse{{Plan: journal.Plan{Name: "permit", Version: 1, Bundle: []byte("no bundle")}}}
		}), "warn", doctor.CodeUpgradePlan, "upgrade"},
		{"journal closed", func(w *world) {
			w.Inspect = func(context.Context, string, bool) (checking.Inspection, error) {
				return checking.Inspection{}, &fs.PathError{Op: "open", Err: fs.ErrPermission}
			}
		}, "fail", doctor.CodeJournalClosed, "--as-service"},
		{"old state", func(w *world) { w.file("state/before-restore-20261122T100000Z/journal/journal.db", "", 0) }, "warn", doctor.CodeOldState, "remove"},
		{"audit broken", func(w *world) {
			w.Audit = func(context.Context) (int64, error) { return 0, errors.New("broken") }
		}, "fail", doctor.CodeAudit, "audit verify"},
	}
}

func TestSick(t *testing.T) {
	for _, b := range sick() {
		t.Run(b.name, func(t *testing.T) {
			w := newWorld(t)
			w.run()
			b.do(w)
			e := w.examine()
			f, ok := find(e, b.code)
			if !ok || f.Level != b.want || f.Cure == "" || !strings.Contains(f.Cure, b.cure) || f.Text == "" {
				t.Errorf("%+v in\n%s", f, w.words(e))
			}
		})
	}
}

// sickOthers are things that the table above has no place for: what other programs and machines say.
func sickOthers() []broken {
	const ftp = "ftp: {address: '127.0.0.1:1', user: u, dir: /IN, tls: {mode: none}}"
	refused := &control.Error{Code: control.CodePermission, Message: "this account may not give orders to the agent", Hint: "use the agent's own account"}
	return []broken{
		{"in-basket behind a server that is away", func(w *world) { w.config = strings.Replace(w.config, "folder: {path: in, match: \"*.json\"}", ftp, 1) }, "fail", "ftp.connect", "firewall"},
		{"answers behind a server that is away, without in-baskets", func(w *world) {
			w.config = "agency: Bauamt\nstate: state\nmonitor: off\nlisten: {address: '127.0.0.1:0'}\nfront-offices: {portal: {tokens: ['" + strings.Repeat("ab", 32) + "']}}\n" +
				"targets:\n  drop: {folder: {path: drop}, file: {name: '{id}.csv'}}\nresults:\n  far: {" + ftp + "}\nroutes: {permit: {mapping: permit.yaml, front-office: portal}}\n"
		}, "fail", "ftp.connect", "firewall"},
		{"an item waits", status(func(s *control.Status) {
			s.Inbaskets[0].Waiting = []control.WaitingItem{{Item: "Anna.json", Code: "content.unreadable", Text: "a file of it cannot be read", Next: "mend its rights"}}
		}), "warn", "content.unreadable", "mend its rights"},
		{"trouble with a source", status(func(s *control.Status) { s.Inbaskets[0].Trouble = &control.Trouble{Code: "files.folder", Count: 3} }), "fail", "files.folder", "again by itself"},
		{"trouble with the journal", status(func(s *control.Status) {
			s.Journal = &control.Trouble{Code: "journal.disk-full", Next: "make space", Since: clock.Start}
		}), "fail", "journal.disk-full", "make space"},
		{"stuck", status(func(s *control.Status) {
			s.Stuck = []control.Trouble{{Code: "agent.stuck", Text: "a lane stands still", Since: clock.Start}}
		}), "fail", "agent.stuck", "diagnostics"},
		{"an agent that may not be asked", func(w *world) {
			w.Status = func(context.Context) (control.Status, error) { return control.Status{}, refused }
		}, "warn", control.CodePermission, "own account"},
		{"trouble with a target that works", status(func(s *control.Status) {
			s.Targets[0].Trouble = &control.Trouble{Code: "sql.slow", Text: "slow", Next: "look at its load"}
		}), "warn", "sql.slow", "its load"},
		{"audit log closed", func(w *world) { w.Audit = func(context.Context) (int64, error) { return 0, fs.ErrPermission } }, "warn", doctor.CodeAudit, "--as-service"},
		{"audit log broken at a place", func(w *world) {
			w.Audit = func(context.Context) (int64, error) {
				return 0, connectors.Errorf(connectors.TargetError, "audit.broken", "read the audit log", "find out who", "broken")
			}
		}, "fail", "audit.broken", "find out who"},
		{"configuration unreadable", func(w *world) {
			w.Load = func() (*config.Config, error) { return nil, &fs.PathError{Op: "open", Err: fs.ErrPermission} }
		}, "fail", doctor.CodeUpgradeConfig, "--config"},
		{"certificate of tomorrow", func(w *world) {
			cert, key := w.certificate("listen", clock.Start.Add(10000*time.Hour), "localhost")
			w.clock.Jump(-400 * 24 * time.Hour)
			w.config += fmt.Sprintf("listen: {address: '127.0.0.1:0', tls: {cert: '%s', key: '%s'}}\n", cert, key)
		}, "fail", doctor.CodeCertExpired, "clock"},
		{"certificate without its key", func(w *world) {
			cert, _ := w.certificate("listen", clock.Start.Add(10000*time.Hour), "localhost")
			w.config += fmt.Sprintf("listen: {address: '127.0.0.1:0', tls: {cert: '%s', key: 'gone.key'}}\n", cert)
		}, "fail", doctor.CodeCertUnreadable, "path"},
	}
}

// TestOnlyWhatWasSeenIsWell does not call an in-basket empty that cannot be looked into, nor a disk looked at that is another one.
func TestOnlyWhatWasSeenIsWell(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.must(os.Remove(filepath.Join(w.dir, "in")))
	w.file("in", "no folder", 0)
	if e := w.examine("in-baskets"); strings.Contains(w.words(e), "nothing waits") {
		t.Errorf("in\n%s", w.words(e))
	}
	w = newWorld(t)
	w.run()
	alike := func(free uint64) doctor.Disk { return doctor.Disk{Free: free, Size: 100 << 30} } // the system tells no more
	w.machine.disks["state"], w.machine.disks["drop"], w.machine.disks["in"] = alike(50<<30), alike(1<<20), alike(50<<30)
	if f, ok := find(w.examine("disk"), doctor.CodeDiskFull); !ok || f.Subject != "drop" {
		t.Errorf("%+v", f)
	}
}

// TestWouldBeMigrated says what this version does with an older journal, and what another version of the agent runs.
func TestWouldBeMigrated(t *testing.T) {
	w := newWorld(t)
	w.run().Version = "1.2.2"
	for size, within := range map[int64]string{1 << 20: "1 second", 100 << 30: "43 minutes"} {
		inspection(func(i *checking.Inspection) { i.Version, i.Known, i.Size = 2, 3, size })(w)
		e := w.examine("upgrade")
		if words := w.words(e); !strings.Contains(words, "from version 2 to 3 within "+within) || !strings.Contains(words, "version 1.2.2 runs; this is 1.2.3") {
			t.Errorf("%d bytes:\n%s", size, words)
		}
	}
}

// TestErrorFolder: one that holds the agent's own file only is empty, and two files with their reasons are two.
func TestErrorFolder(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.file("in/error/.inbasket.lock", "", 0)
	if e := w.examine("in-baskets"); e.Worst() != "ok" {
		t.Errorf("%s", w.words(e))
	}
	for _, name := range []string{"a.json", "a.json.txt", "b.txt", "b.txt.txt"} {
		w.file("in/error/"+name, "x", 0)
	}
	if f, _ := find(w.examine("in-baskets"), doctor.CodeErrorFolder); !strings.HasPrefix(f.Text, "2 files in ") {
		t.Errorf("%+v", f)
	}
}

func TestOnly(t *testing.T) {
	w := newWorld(t)
	e := w.examine("disk", "clock")
	for _, f := range e.Findings {
		if f.Area != "disk" && f.Area != "clock" {
			t.Errorf("looked at %s", f.Area)
		}
	}
	if len(e.Findings) < 2 {
		t.Errorf("%+v", e.Findings)
	}
}

func TestCertificates(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		name  string
		left  time.Duration
		hosts []string
		want  control.Level
		code  string
	}{
		{"sound", 100 * day, []string{"localhost"}, "ok", ""},
		{"soon", 20 * day, []string{"localhost"}, "warn", doctor.CodeCertExpires},
		{"now", 3 * day, []string{"localhost"}, "fail", doctor.CodeCertExpired},
		{"expired", -day, []string{"localhost"}, "fail", doctor.CodeCertExpired},
		{"nameless", 100 * day, nil, "warn", doctor.CodeCertName},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			cert, key := w.certificate("own", w.clock.Now().Add(c.left), c.hosts...)
			w.config += fmt.Sprintf("listen: {address: '127.0.0.1:0', tls: {cert: '%s', key: '%s'}}\n", cert, key)
			e := w.examine("certificates")
			if c.want == "ok" && e.Worst() != "ok" {
				t.Errorf("%s", w.words(e))
			}
			if f, ok := find(e, c.code); !ok || f.Level != c.want || f.Subject != "listen" {
				t.Errorf("%+v in\n%s", f, w.words(e))
			}
		})
	}
}

func TestCertificateFiles(t *testing.T) {
	w := newWorld(t)
	cert, _ := w.certificate("one", w.clock.Now().Add(1000*time.Hour), "localhost")
	_, key := w.certificate("two", w.clock.Now().Add(1000*time.Hour), "localhost")
	none := w.file("none.pem", "nothing", 0)
	for want, files := range map[string][2]string{doctor.CodeCertKey: {cert, key}, doctor.CodeCertUnreadable: {none, key}} {
		w.config = worldConfig + fmt.Sprintf("listen: {address: '127.0.0.1:0', tls: {cert: '%s', key: '%s'}}\n", files[0], files[1])
		if f, ok := find(w.examine("certificates"), want); !ok || f.Level != "fail" {
			t.Errorf("%v: %+v", files, f)
		}
	}
}

// TestServersCertificate looks at a certificate of a server that is about to expire and for another name.
func TestServersCertificate(t *testing.T) {
	w := newWorld(t)
	cert, key := w.certificate("server", w.clock.Now().Add(72*time.Hour), "elsewhere.example")
	pair, err := tls.LoadX509KeyPair(cert, key)
	w.must(err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	w.must(err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake() // the client looks and goes
			_ = c.Close()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	w.must(err)
	t.Setenv("HOOK", "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
	w.config += `front-offices: {portal: {webhook: {url: "https://localhost:` + port + `/", allow-private: true, secret: "${env:HOOK}", ca: '` + cert + `'}}}` + "\n"
	e := w.examine("certificates", "front-offices")
	if f, ok := find(e, doctor.CodeCertExpired); !ok || f.Level != "fail" {
		t.Errorf("%+v in\n%s", f, w.words(e))
	}
	if f, ok := find(e, doctor.CodeCertName); !ok || !strings.Contains(f.Text, "elsewhere.example") {
		t.Errorf("%+v in\n%s", f, w.words(e))
	}
	if f, ok := find(e, "webhook.tls"); !ok || f.Level != "fail" {
		t.Errorf("the front office's own line says nothing:\n%s", w.words(e))
	}
}

func TestProbe(t *testing.T) {
	w := newWorld(t)
	w.Probe = true
	w.clock.Advance(0)
	e := w.examine("folders")
	if _, ok := find(e, doctor.CodeClockShare); !ok { // the fake clock stands years away from the file system's
		t.Errorf("the clocks are not compared:\n%s", w.words(e))
	}
	left, err := os.ReadDir(filepath.Join(w.dir, "drop"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestNothingIsChanged looks at a world and finds it as it was.
func TestNothingIsChanged(t *testing.T) {
	w := newWorld(t)
	j, err := journal.Open(t.Context(), filepath.Join(w.dir, "state", "journal"), journal.Options{Clock: w.clock})
	w.must(err)
	w.must(j.Close())
	w.file("in/a.json", "{}", time.Minute)
	w.config = strings.Replace(w.config, "  register: {sqlite: {path: register.db, create-ledger: true}}\n", "", 1)
	before := w.tree()
	e := w.examine()
	if e.Worst() == "fail" {
		t.Errorf("%s", w.words(e))
	}
	if after := w.tree(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// tree lists all files with sizes and times.
func (w *world) tree() string {
	var b strings.Builder
	w.must(filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		fmt.Fprintf(&b, "%s %d %s\n", path, info.Size(), info.ModTime())
		return err
	}))
	return b.String()
}

func TestFits(t *testing.T) {
	w := newWorld(t)
	w.run()
	if e := doctor.Fits(t.Context(), w.Patient); e.Worst() != "ok" {
		t.Errorf("%s", w.words(e))
	}
	w = newWorld(t)
	w.run()
	w.config = strings.Replace(w.config, ", create-ledger: true", "", 1)
	if e := doctor.Fits(t.Context(), w.Patient); e.Worst() != "warn" {
		t.Errorf("a target that cannot be reached is no reason not to install:\n%s", w.words(e))
	}
	inspection(func(i *checking.Inspection) { i.Version = 9 })(w)
	if e := doctor.Fits(t.Context(), w.Patient); e.Worst() != "fail" {
		t.Errorf("%s", w.words(e))
	}
}

// TestNoDriverText keeps what a driver said out of the findings: it may hold anything.
func TestNoDriverText(t *testing.T) {
	w := newWorld(t)
	w.Inspect = func(context.Context, string, bool) (checking.Inspection, error) {
		return checking.Inspection{}, connectors.Errorf(connectors.TargetError, "journal.io", "look at the journal", "look at the disk", "hunter2")
	}
	e := w.examine("journal")
	if f, ok := find(e, "journal.io"); !ok || f.Cure != "look at the disk" || strings.Contains(w.words(e), "hunter2") {
		t.Errorf("%s", w.words(e))
	}
}
