package agent_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	_ "modernc.org/sqlite"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/all"
)

// world is an agent with a folder in-basket, a SQLite database, a file drop and a batch drop, in a
// temporary folder.
type world struct {
	t     *testing.T
	dir   string
	agent *agent.Agent
	at    agent.Addresses
	stop  context.CancelFunc
	ended chan error
	log   *syncBuffer
	reg   connectors.Registry
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

const worldConfig = `
agency: Bauamt Teststadt
state: state
monitor: localhost:0
listen: {address: 127.0.0.1:0}
inbaskets:
  permits: {folder: {path: in, match: "*.json", quiet: 0s, poll: 50ms}}
targets:
  register: {sqlite: {path: legacy.db, create-ledger: true}, retry: {first: 10ms, most: 50ms}}
  drop: {folder: {path: drop}, file: {name: "{reference}.csv", control: "{reference}.ok"}, retry: {first: 10ms, most: 50ms}}
  batches: {folder: {path: batches}, batch: {close: {count: 3, age: 1h}, name: "B{seq:06}.DAT"}, retry: {first: 10ms, most: 50ms}}
front-offices:
  portal: {tokens: ["%s"]}
routes:
  permit: {from: permits, mapping: permit.yaml, front-office: portal}
`

const worldMapping = `
mapping: permit
version: 1
input: {format: json, schema: permit.schema.json, reference: form.ref}
layouts:
  line: {format: fixed, charset: iso-8859-1, fields: [{name: REF, width: 12}, {name: NAME, width: 20}], trailer: [{fields: [{value: "T", width: 1}, {value: "{count}", width: 6, align: right}]}]}
  row: {format: csv, fields: [{name: REF}, {name: NAME}]}
write:
  - as: application
    to: register
    table: APPLICATION
    fields: {FORM_REF: form.ref, NAME: form.name | trim() | upper()}
    returning: [ID]
    key: [FORM_REF]
  - as: parcels
    to: register
    table: PARCEL
    each: parcel in form.parcels
    fields: {APP_ID: application.ID, NUMBER: parcel.number}
  - as: line
    to: batches
    layout: line
    fields: {REF: form.ref, NAME: form.name}
  - as: row
    to: drop
    layout: row
    when: form.drop == true
    fields: {REF: form.ref, NAME: form.name}
answer:
  from: register
  query: select ID, APP_ID, STATUS, REASON, PDF from DECISION where SENT is null
  id: ID
  match: {APP_ID: application.ID}
  mark: update DECISION set SENT = 1 where ID = :ID and SENT is null
  outcome: {STATUS: {A: approved, R: refused}}
  reason: REASON
  every: 50ms
  documents: [{name: permit.pdf, from: PDF}]
`

const worldSchema = `{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["ref", "name"],
"properties": {"ref": {"type": "string", "maxLength": 12}, "name": {"type": "string", "maxLength": 20}, "drop": {"type": "boolean"},
"parcels": {"type": "array", "items": {"type": "object", "required": ["number"], "properties": {"number": {"type": "string"}}}}}}`

const worldTables = `
create table APPLICATION (ID integer primary key autoincrement, FORM_REF text unique not null, NAME text not null check (NAME <> 'FORBIDDEN'));
create table PARCEL (APP_ID integer not null references APPLICATION(ID), NUMBER text not null);
create table DECISION (ID integer primary key autoincrement, APP_ID integer, STATUS text, REASON text, PDF blob, SENT integer);`

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), log: &syncBuffer{}, reg: all.Registry()}
	for _, d := range []string{"in", "drop", "batches"} {
		if err := os.Mkdir(filepath.Join(w.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w.write("inbasket.yaml", fmt.Sprintf(worldConfig, tokenHash))
	w.write("permit.yaml", worldMapping)
	w.write("permit.schema.json", worldSchema)
	w.exec(worldTables)
	return w
}

func (w *world) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) db() *sql.DB {
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "legacy.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		w.t.Fatal(err)
	}
	return db
}

func (w *world) exec(statements string, args ...any) {
	w.t.Helper()
	db := w.db()
	defer db.Close()
	if _, err := db.Exec(statements, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) number(query string) (n int) {
	w.t.Helper()
	db := w.db()
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		w.t.Fatal(query, err)
	}
	return n
}

func (w *world) load() (*config.Config, error) {
	return config.Load(filepath.Join(w.dir, "inbasket.yaml"), w.reg, config.Options{})
}

// start runs the agent, and returns once it is ready.
func (w *world) start() {
	w.t.Helper()
	w.startWith(func(*agent.Options) {})
}

// startWith is start with other options.
func (w *world) startWith(change func(*agent.Options)) {
	w.t.Helper()
	cfg, err := w.load()
	if err != nil {
		w.t.Fatal(err)
	}
	ready := make(chan agent.Addresses, 1)
	ctx, cancel := context.WithCancel(context.Background())
	o := agent.Options{Config: cfg, Reload: w.load, Log: zerolog.New(w.log), Ready: func(a agent.Addresses) { ready <- a }}
	change(&o)
	w.agent, err = agent.New(ctx, o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.stop, w.ended = cancel, make(chan error, 1)
	go func() { w.ended <- w.agent.Run(ctx) }()
	select {
	case w.at = <-ready:
	case err := <-w.ended:
		w.t.Fatal("the agent did not start: ", err)
	}
	w.t.Cleanup(w.halt)
}

// halt stops the agent cleanly; it may be called twice.
func (w *world) halt() {
	if w.stop == nil {
		return
	}
	w.stop()
	w.stop = nil
	if err := <-w.ended; err != nil {
		w.t.Error("run:", err)
	}
	if err := w.agent.Close(); err != nil {
		w.t.Error("close:", err)
	}
}

// until waits for something that the agent brings about, looking at it whenever a moment has passed.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(90 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			status, _ := w.agent.Health().Status(context.Background())
			w.t.Fatalf("waited in vain: %s\nstates %v, targets %+v\nlog:\n%s", what, status.States, status.Targets, w.log)
		}
	}
}

// untilLogged waits until the log has a text, also while there is no agent yet.
func (w *world) untilLogged(text string) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(90 * time.Second)
	for !strings.Contains(w.log.String(), text) {
		select {
		case <-tick.C:
		case <-limit:
			w.t.Fatalf("not in the log: %s\n%s", text, w.log)
		}
	}
}

func (w *world) states() map[journal.State]int64 {
	s, err := w.agent.Health().Status(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return s.States
}

func (w *world) files(dir string) (names []string) {
	list, err := os.ReadDir(filepath.Join(w.dir, dir))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range list {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}
