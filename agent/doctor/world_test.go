package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/test/clock"
)

const worldConfig = `
agency: Bauamt
state: state
monitor: off
inbaskets:
  permits: {folder: {path: in, match: "*.json"}}
targets:
  register: {sqlite: {path: register.db, create-ledger: true}}
  drop: {folder: {path: drop}, file: {name: "{id}.csv"}}
routes:
  permit: {from: permits, mapping: permit.yaml}
`

// machine is a doctor.System whose answers tests change.
type machine struct {
	doctor.Local
	account doctor.Account
	closed  map[string]bool        // folders by base name: nothing may be done there
	reading map[string]bool        // may be read only
	disks   map[string]doctor.Disk // by base name; else the usual one
	synced  bool
	limits  doctor.Limits
	panics  bool
}

var usual = doctor.Disk{Free: 50 << 30, Size: 100 << 30, Files: 1 << 20, Inode: 1 << 21, Mount: 1}

func (m *machine) Account() doctor.Account { return m.account }

func (m *machine) Access(path string, write bool) error {
	if m.panics {
		panic("broken")
	}
	if m.closed[filepath.Base(path)] || write && m.reading[filepath.Base(path)] {
		return fs.ErrPermission
	}
	return m.Local.Access(path, write)
}

func (m *machine) Disk(path string) (doctor.Disk, error) {
	if d, ok := m.disks[filepath.Base(path)]; ok {
		return d, nil
	}
	return usual, nil
}

func (m *machine) Synchronised() (yes, known bool) { return m.synced, true }
func (m *machine) Limits() doctor.Limits           { return m.limits }

// world is a healthy agent that does not run, and what is known of it.
type world struct {
	*doctor.Patient
	t       *testing.T
	dir     string
	config  string
	machine *machine
	clock   *clock.Manual
	service doctor.Service
	running *control.Status // nil: none runs
	journal func(*checking.Inspection)
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir(), config: worldConfig, clock: clock.NewManual(),
		machine: &machine{account: doctor.Account{Name: "inbasket"}, synced: true, limits: doctor.Limits{OpenFiles: 65536, MemoryFree: 4 << 30},
			closed: map[string]bool{}, reading: map[string]bool{}, disks: map[string]doctor.Disk{}},
		service: doctor.Service{Name: "inbasket", Manager: "systemd", Detail: "active (running)", Installed: true, Enabled: true, Running: true, Account: "inbasket"}}
	for _, d := range []string{"in", "drop", "state"} {
		w.must(os.Mkdir(filepath.Join(w.dir, d), 0o700))
	}
	w.file("register.db", "", 0)
	w.Patient = &doctor.Patient{Clock: w.clock, Version: "1.2.3", System: w.machine, Path: filepath.Join(w.dir, "inbasket.yaml"),
		Place: config.Place{Path: filepath.Join(w.dir, "inbasket.yaml"), State: filepath.Join(w.dir, "state"), Agency: "Bauamt"},
		Load: func() (*config.Config, error) {
			return config.Parse(filepath.Join(w.dir, "inbasket.yaml"), []byte(w.config), all.Registry(), config.Options{Lenient: true})
		},
		Status: func(context.Context) (control.Status, error) {
			if w.running == nil {
				return control.Status{}, &control.Error{Code: control.CodeNotRunning, Message: "no agent is running here"}
			}
			return *w.running, nil
		},
		Inspect: func(ctx context.Context, dir string, whole bool) (checking.Inspection, error) {
			i, err := checking.Inspect(ctx, dir, whole)
			if w.journal != nil {
				w.journal(&i)
				err = nil
			}
			return i, err
		},
		Service: func(context.Context, *config.Config) (doctor.Service, error) { return w.service, nil },
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// run makes a running agent with a journal of which a backup was made an hour ago.
func (w *world) run() *control.Status {
	w.running = &control.Status{Running: true, PID: 4711, Version: "1.2.3", Targets: []control.TargetStatus{
		{Name: "register", Circuit: "closed"}, {Name: "drop", Circuit: "closed"}},
		Inbaskets: []control.SourceStatus{{Name: "permits"}}}
	w.journal = func(i *checking.Inspection) {
		*i = checking.Inspection{Version: 3, Known: 3, Size: 1 << 20, Epoch: 1, Locked: true, Holder: 4711, Newest: w.clock.Now(), Backup: w.clock.Now().Add(-time.Hour)}
	}
	return w.running
}

// file puts a file with a time relative to the clock.
func (w *world) file(name, content string, age time.Duration) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	w.must(os.MkdirAll(filepath.Dir(path), 0o700))
	w.must(os.WriteFile(path, []byte(content), 0o600))
	at := w.clock.Now().Add(-age)
	w.must(os.Chtimes(path, at, at))
	return path
}

func (w *world) examine(only ...string) control.Examination {
	return doctor.Examine(w.t.Context(), w.Patient, only)
}

// sql runs a statement in the register.
func (w *world) sql(statement string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "register.db"))
	w.must(err)
	_, err = db.Exec(statement)
	w.must(errors.Join(err, db.Close()))
}

// certificate makes a certificate of its own authority or of parent, and returns both files.
func (w *world) certificate(name string, until time.Time, hosts ...string) (cert, key string) {
	w.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: clock.Start.Add(-24 * time.Hour * 365), NotAfter: until,
		DNSNames: hosts, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	if len(hosts) == 0 {
		c.IPAddresses = nil
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &private.PublicKey, private)
	w.must(err)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	w.must(err)
	cert = w.file(name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0)
	key = w.file(name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})), 0)
	return cert, key
}

// find returns the finding with a code.
func find(e control.Examination, code string) (control.Finding, bool) {
	for _, f := range e.Findings {
		if f.Code == code {
			return f, true
		}
	}
	return control.Finding{}, false
}

// words writes findings one a line, with the world's folder left out.
func (w *world) words(e control.Examination) string {
	var b strings.Builder
	for _, f := range e.Findings {
		b.WriteString(string(f.Level) + " | " + f.Area + " | " + f.Subject + " | " + f.Code + " | " + f.Text + " | " + f.Cure + "\n")
	}
	return strings.ReplaceAll(b.String(), w.dir, "DIR")
}
