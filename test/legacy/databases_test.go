package legacy

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-sql-driver/mysql"

	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/servers"
	"github.com/inbasket/inbasket/test/straight"
)

// The tables are written by an account that owns nothing and has only the rights that the docs name.
const mappingYAML = `input: {format: json, reference: form.ref, unused: allow}
write:
  - as: head
    to: register
    table: HEAD
    fields:
      REF: form.ref
      NAME: form.name
      AMT: {value: form.amt, type: "decimal(12,3)"}
      AT: form.at | parseDateTime("yyyy-MM-dd'T'HH:mm:ss", "none")
    returning: [ID]
  - as: parts
    to: register
    table: PART
    each: p in form.parts
    fields: {HEAD_ID: head.ID, NO: index + 1, WHAT: p}
  - as: person
    to: register
    table: PERSON
    mode: upsert
    key: [REF]
    fields: {REF: form.ref, NAME: form.name}
`

// engine is one kind of database.
type engine struct {
	name   string
	tables string
	grant  string                            // to the account, on the tables
	cut    func(t *testing.T, admin *sql.DB) // the agent's connections
	open   func(t *testing.T, dir string) (admin *sql.DB, target string)
}

var engines = []engine{
	{name: "postgres", open: openPostgreSQL, cut: cutPostgreSQL,
		tables: `create table HEAD (ID serial primary key, REF varchar(20) not null, NAME varchar(20), AMT numeric(12,3), AT timestamp(0));
create table PART (HEAD_ID int not null references HEAD (ID), NO int not null, WHAT varchar(20));
create table PERSON (REF varchar(20) primary key, NAME varchar(20))`,
		grant: "grant select, insert, update on HEAD, PART, PERSON to agent; grant usage on sequence HEAD_ID_SEQ to agent"},
	{name: "mariadb", open: openMariaDB, cut: cutMariaDB,
		tables: `create table HEAD (ID int auto_increment primary key, REF varchar(20) not null, NAME varchar(20), AMT decimal(12,3), AT datetime) engine=InnoDB default charset=utf8mb4;
create table PART (HEAD_ID int not null, NO int not null, WHAT varchar(20), foreign key (HEAD_ID) references HEAD (ID)) engine=InnoDB default charset=utf8mb4;
create table PERSON (REF varchar(20) primary key, NAME varchar(20)) engine=InnoDB default charset=utf8mb4`},
	{name: "sqlite", open: openSQLite,
		tables: `create table HEAD (ID integer primary key, REF varchar(20) not null, NAME varchar(20), AMT numeric(12,3), AT timestamp);
create table PART (HEAD_ID int not null references HEAD (ID), NO int not null, WHAT varchar(20));
create table PERSON (REF varchar(20) primary key, NAME varchar(20))`},
}

func openPostgreSQL(t *testing.T, _ string) (*sql.DB, string) {
	dsn := servers.PostgreSQL(t)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `do $$ begin create role agent login password 'x'; exception when duplicate_object then null; end $$`)
	exec(t, db, `grant usage, create on schema public to agent`)
	return db, fmt.Sprintf(`postgres: {host: 127.0.0.1, port: %s, database: %q, user: agent, password: "${env:LEGACY_PASSWORD}", tls: {mode: disable}, create-ledger: true}`, u.Port(), strings.TrimPrefix(u.Path, "/"))
}

func cutPostgreSQL(t *testing.T, db *sql.DB) {
	exec(t, db, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'agent' and datname = current_database()")
}

func openMariaDB(t *testing.T, _ string) (*sql.DB, string) {
	dsn := servers.MariaDB(t)
	c, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c.MultiStatements = true
	db, err := sql.Open("mysql", c.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(c.Addr, ":")
	exec(t, db, `create user if not exists agent@'%' identified by 'x'`)
	exec(t, db, fmt.Sprintf("grant create, select, insert, update on %s.* to agent@'%%'", c.DBName))
	return db, fmt.Sprintf(`mariadb: {host: 127.0.0.1, port: %s, database: %q, user: agent, password: "${env:LEGACY_PASSWORD}", tls: {mode: disable}, create-ledger: true}`, port, c.DBName)
}

func cutMariaDB(t *testing.T, db *sql.DB) { exec(t, db, "kill user agent@'%'") }

func openSQLite(t *testing.T, dir string) (*sql.DB, string) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "register.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	return db, "sqlite: {path: register.db, create-ledger: true}"
}

func exec(t *testing.T, db *sql.DB, statements string) {
	t.Helper()
	if _, err := db.Exec(statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// form is what the cases send; the zero values are harmless.
type form struct{ ref, name, amt, at string }

func (f form) json() string {
	name, amt, at := f.name, f.amt, f.at
	if name == "" {
		name = "Ada"
	}
	if amt == "" {
		amt = "2.5"
	}
	if at == "" {
		at = "2026-10-25T12:00:00"
	}
	return fmt.Sprintf(`{"ref":%q,"name":%q,"amt":%s,"at":%q,"parts":["01067","1E5"]}`, f.ref, name, amt, at)
}

// change is something that happens to a database while an agent runs on it.
type change struct {
	name string
	by   map[string]string // engine to statements; the others know no such change
	form form              // sent after it
	want string            // its fate; "closed" always means: and right
	mend map[string]string // makes a form that waits go on; nil: it does not wait
	undo map[string]string // of what is the whole server's
	cut  bool              // the agent's connections are cut after it
}

func TestChangesOfDatabases(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Setenv("LEGACY_PASSWORD", "x")
			for _, c := range changes {
				if c.by[e.name] != "" {
					t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) { c.run(t, e) })
				}
			}
		})
	}
}

func (c change) run(t *testing.T, e engine) {
	dir := t.TempDir()
	db, target := e.open(t, dir)
	defer db.Close()
	exec(t, db, e.tables)
	if e.grant != "" {
		exec(t, db, e.grant)
	}
	o := newOffice(t, dir, target, mappingYAML)
	before := form{ref: "before", amt: "2"}
	o.send(before.ref, before.json())
	o.await(before.ref, "closed")

	exec(t, db, c.by[e.name])
	if c.undo != nil {
		defer exec(t, db, c.undo[e.name])
	}
	if c.cut {
		e.cut(t, db)
	}
	c.form.ref = "after"
	o.send(c.form.ref, c.form.json())
	o.await(c.form.ref, c.want)
	if c.mend != nil {
		exec(t, db, c.mend[e.name])
		o.await(c.form.ref, "closed")
	}
	o.straight(db)
}

// straight compares all tables with what the forms that are closed said.
func (o *office) straight(db *sql.DB) {
	o.t.Helper()
	plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte("mapping: m\nversion: 1\n" + mappingYAML)}}, "m.yaml", nil)
	if err != nil {
		o.t.Fatal(err)
	}
	var forms []*straight.Form
	for _, ref := range o.closed() {
		forms = append(forms, &straight.Form{Name: ref, Bytes: []byte(o.forms[ref])})
	}
	found, err := straight.Database{DB: db, Plan: plan, Target: "register"}.Compare(context.Background(), forms)
	if err != nil {
		o.t.Fatal(err)
	}
	if !found.Straight() {
		o.t.Errorf("missing: %q\ntoo much: %q\n%s", found.Missing, found.Extra, o.log)
	}
}
