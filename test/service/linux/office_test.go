//go:build linux

package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// office is an agency beside the packaged agent: folders below /srv, a register in SQLite, a file drop.
type office struct {
	m  *machine
	mu sync.Mutex
	n  int // forms sent
}

const officeConfig = `agency: Bauamt Musterstadt
state: /var/lib/inbasket
monitor: 127.0.0.1:8471
inbaskets:
  permits: {folder: {path: /srv/forms, match: "*.json", quiet: 0s, after: {move: done}}}
targets:
  register: {sqlite: {path: /srv/register/register.db, create-ledger: true}}
  paper: {folder: {path: /srv/paper}, file: {name: "{reference}.csv"}}
routes:
  permit: {from: permits, mapping: mappings/permit.yaml}
`

const officeMapping = `mapping: permit
version: 1
input: {format: json, reference: form.ref}
layouts:
  line:
    format: csv
    csv: {delimiter: ";"}
    fields: [{name: REF}, {name: SURNAME, width: 40}]
write:
  - as: permit
    to: register
    table: PERMIT
    mode: insert
    key: [REF]
    fields: {REF: form.ref, SURNAME: form.name | upper()}
  - as: paper
    to: paper
    layout: line
    fields: {REF: form.ref, SURNAME: form.name | upper()}
`

// newOffice makes the folders and the configuration; the agent is not told yet.
func newOffice(m *machine) *office {
	m.t.Helper()
	m.sh(`install -d -o inbasket -g inbasket /srv/forms /srv/register /srv/paper
		runuser -u inbasket -- sqlite3 /srv/register/register.db 'create table PERMIT (REF text, SURNAME text); pragma journal_mode=wal'`)
	m.write("/etc/inbasket/inbasket.yaml", officeConfig)
	m.write("/etc/inbasket/mappings/permit.yaml", officeMapping)
	return &office{m: m}
}

// send lays n forms into the in-basket, each at once.
func (o *office) send(n int) {
	o.m.t.Helper()
	for range n {
		if err := o.form(); err != nil {
			o.m.t.Fatal(err)
		}
	}
}

func (o *office) form() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	dir := filepath.Join(o.m.root, "srv/forms")
	part := filepath.Join(dir, ".part")
	text := fmt.Sprintf(`{"ref": "P-%04d", "name": "Müller"}`, o.n+1)
	if err := os.WriteFile(part, []byte(text), 0o644); err != nil {
		return err
	}
	if err := os.Rename(part, filepath.Join(dir, fmt.Sprintf("P-%04d.json", o.n+1))); err != nil {
		return err
	}
	o.n++
	return nil
}

// sent returns how many forms were sent so far.
func (o *office) sent() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.n
}

// during sends forms, one every few milliseconds, while f runs.
func (o *office) during(f func()) {
	o.m.t.Helper()
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				done <- nil
				return
			case <-tick.C:
				if err := o.form(); err != nil {
					done <- err
					return
				}
			}
		}
	}()
	before := o.sent()
	f()
	close(stop)
	ok(o.m.t, <-done)
	if o.sent() == before {
		o.m.t.Fatal("no form was sent meanwhile")
	}
}

// settled waits until every form has arrived, and fails if one has arrived twice or wrongly.
func (o *office) settled() {
	o.m.t.Helper()
	o.m.await(fmt.Sprintf("%d|%d", o.n, o.n), `runuser -u inbasket -- sqlite3 /srv/register/register.db 'select count(*), count(distinct REF) from PERMIT'`)
	o.m.await(fmt.Sprint(o.n), `ls /srv/paper | grep -c '^P-[0-9]*\.csv$'`)
	if got := o.m.sh(`cat /srv/paper/*.csv | sort | uniq -c | awk '$1 != 1' | head -3; ls -A /srv/paper | grep -v '^P-[0-9]*.csv$' || true`); got != "" {
		o.m.t.Errorf("in the file drop: %s", got)
	}
	o.m.await("0", `ls /srv/forms/*.json 2>/dev/null | wc -l`)
	if got := o.m.sh(`inbasket list --state parked --json; ls /srv/forms/error 2>/dev/null || true`); got != "[]" {
		o.m.t.Errorf("parked or refused: %s", got)
	}
}

// TestOfficeForms keeps the test honest: its own forms are what its mapping reads.
func TestOfficeForms(t *testing.T) {
	o := &office{m: &machine{t: t, root: t.TempDir()}}
	ok(t, os.MkdirAll(filepath.Join(o.m.root, "srv/forms"), 0o755))
	o.during(func() { time.Sleep(30 * time.Millisecond) })
	o.send(2)
	names := must(filepath.Glob(filepath.Join(o.m.root, "srv/forms", "P-*.json")))(t)
	if len(names) != o.n || !strings.Contains(officeMapping, "form.ref") {
		t.Errorf("%d forms, %d sent", len(names), o.n)
	}
}
