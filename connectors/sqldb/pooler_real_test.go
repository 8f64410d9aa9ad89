package sqldb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect/postgres"
	"github.com/inbasket/inbasket/test/servers"
)

const ignored = "extra_float_digits,search_path,statement_timeout,idle_in_transaction_session_timeout,bytea_output"

// pooled runs a test behind PgBouncer in a mode, with and without parameters that it ignores; it has one connection to
// the server, which all clients share in turn.
func pooled(t *testing.T, mode string, connections int, run func(t *testing.T, direct *Target, behind engine)) {
	for name, ignore := range map[string]string{"none": "", "ignored": ignored} {
		t.Run(mode+" "+name, func(t *testing.T) {
			e := postgresEngine(t)
			direct := e.open(t, nil)
			exec(t, direct, e.ddl...)
			b := servers.Pooler(t, e.config.DSN, servers.PgBouncerOptions{Mode: mode, Ignore: ignore, Connections: connections})
			behind := e
			behind.config.DSN = b.URL
			run(t, direct, behind)
		})
	}
}

// TestTwoAgentsBehindPooler lets two targets with statements of the same numbers take turns in one session of the server.
func TestTwoAgentsBehindPooler(t *testing.T) {
	for mode, connections := range map[string]int{"transaction": 1, "session": 4} {
		pooled(t, mode, connections, func(t *testing.T, direct *Target, behind engine) {
			first := behind.open(t, func(c *dialect.Config) { c.Ledger, c.LedgerTable = true, "LEDGER_A" })
			second := behind.open(t, func(c *dialect.Config) { c.Ledger, c.LedgerTable = true, "LEDGER_B" })
			exec(t, direct, "CREATE TABLE DOGS (LIKE PLAIN INCLUDING ALL)")
			dogs := *plain
			dogs.Object = "DOGS"
			for i := range int64(20) {
				a, b := flat(fmt.Sprint("A", i), i, "a"), flat(fmt.Sprint("B", i), i, "b")
				b.Records[0].Shape = &dogs
				written(t, deliver(t, first, a), a.Submission)
				written(t, deliver(t, second, b), b.Submission)
			}
			same(t, query(t, direct, "SELECT DISTINCT NAME FROM PLAIN"), "a")
			same(t, query(t, direct, "SELECT DISTINCT NAME FROM DOGS"), "b")
			same(t, query(t, direct, "SELECT COUNT(*), MIN(DELIVERY) FROM LEDGER_A"), "20|A0/register-1")
			same(t, query(t, direct, "SELECT COUNT(*), MIN(DELIVERY) FROM LEDGER_B"), "20|B0/register-1")
			written(t, deliver(t, first, app("R", "x", "p", "q")), "R")
			same(t, query(t, direct, "SELECT PARCEL FROM PARCEL"), "p", "q")
		})
	}
}

// TestSettingsBehindPooler writes and reads where the role, and another program in the same session of the server, have
// set everything otherwise.
func TestSettingsBehindPooler(t *testing.T) {
	pooled(t, "transaction", 1, func(t *testing.T, direct *Target, behind engine) {
		exec(t, direct, "CREATE SCHEMA other", "CREATE TABLE other.PLAIN (LIKE public.PLAIN)", "CREATE TABLE MONEYED (ID INTEGER, M money, AT timestamptz, B bytea, F float8, I interval)",
			"INSERT INTO MONEYED VALUES (1, '1.50', '2026-07-01 12:00Z', '\\x00ff5c27', 0.1::float8 + 0.2, '-1 day -2:03')")
		tg := behind.open(t, func(c *dialect.Config) { c.Zone = "Europe/Berlin"; c.Session = []string{"set lock_timeout = '5s'"} })
		if err := tg.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		strange := rawConn(t, behind.config.DSN)
		spoil := func() {
			rawExec(t, strange, `SET bytea_output = escape; SET extra_float_digits = -5; SET search_path = other; SET synchronous_commit = off;
				SET "IntervalStyle" = sql_standard; SET array_nulls = off; SET statement_timeout = '1h'; SET lock_timeout = 0`)
		}
		spoil()
		d := flat("A", 1, "NULL")
		d2 := flat("B", 2, "b")
		d2.Records[0].Values[2] = null
		written(t, deliver(t, tg, d, d2), "A", "B")
		same(t, query(t, direct, "SELECT ID, FEE FROM public.PLAIN"), "1|1.25", "2|NULL")
		spoil()
		same(t, query(t, tg, "SELECT B, F, AT, I, current_setting('synchronous_commit'), current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('search_path') FROM MONEYED"),
			`00ff5c27|0.30000000000000004|2026-07-01T14:00:00+02:00|-1 days -02:03:00|on|5s|20s|"$user", public, pg_temp`)
		same(t, query(t, direct, "SELECT COUNT(*) FROM other.PLAIN"), "0")
		if got := rawValue(t, strange, "SELECT current_setting('bytea_output') || current_setting('search_path')"); got != "escapeother" {
			t.Errorf("left in another program's session: %s", got)
		}
	})
}

// TestStatementPooling refuses at the start what cannot hold transactions, and says what to set.
func TestStatementPooling(t *testing.T) {
	pooled(t, "statement", 1, func(t *testing.T, direct *Target, behind engine) {
		tg := behind.open(t, nil)
		refusedBy(t, tg, dialect.CodePooler, "pool_mode")
		out, err := tg.Deliver(t.Context(), connectors.Group{Items: []connectors.Delivery{flat("A", 1, "a")}})
		if connectors.ClassOf(err) != connectors.TargetError || out[0].Code != dialect.CodePooler {
			t.Fatalf("%v %+v", err, out)
		}
		same(t, query(t, direct, "SELECT COUNT(*) FROM PLAIN"), "0")
	})
}

// TestSessionBehindPooler refuses statements that would stay in a session of the server which others use.
func TestSessionBehindPooler(t *testing.T) {
	pooled(t, "transaction", 1, func(t *testing.T, _ *Target, behind engine) {
		for _, q := range []string{"CREATE TEMP TABLE x (y int)", "SELECT set_config('lock_timeout', '5s', false)", "SET SESSION AUTHORIZATION postgres", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"} {
			refusedBy(t, behind.open(t, func(c *dialect.Config) { c.Session = []string{q} }), dialect.CodePooler, "session:")
		}
		refusedBy(t, behind.open(t, func(c *dialect.Config) { c.DSN += "&options=-c%20lock_timeout%3D5s" }), dialect.CodePooler, "")
		tg := behind.open(t, func(c *dialect.Config) { c.DSN += "&lock_timeout=7s"; c.Session = []string{"set role to pg_monitor"} })
		same(t, query(t, tg, "SELECT current_user, current_setting('lock_timeout')"), "pg_monitor|7s")
	})
}

// TestStatementsOfAnother meets sessions in which somebody else prepared under the agent's names, or took them away:
// nothing wrong runs, and the target goes on by itself.
func TestStatementsOfAnother(t *testing.T) {
	for _, spoil := range []string{"DEALLOCATE ALL", "taken"} {
		t.Run(spoil, func(t *testing.T) {
			e := postgresEngine(t)
			tg := e.open(t, nil)
			exec(t, tg, e.ddl...)
			s, err := tg.Pool.Get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			st := dialect.Statement{SQL: "INSERT INTO PLAIN (ID, NAME) VALUES ($1, 'n')", Args: []any{int64(1)}, Item: -1}
			if spoil == "taken" {
				rawExec(t, s.(*postgres.Session).Conn, "PREPARE "+postgres.StatementName(st.SQL)+" AS SELECT 'something else'::text, $1::text")
			} else {
				if _, err := s.Run(t.Context(), []dialect.Statement{st}, true, true); err != nil {
					t.Fatal(err)
				}
				rawExec(t, s.(*postgres.Session).Conn, spoil)
				st.Args[0] = int64(2)
			}
			_, err = s.Run(t.Context(), []dialect.Statement{st}, true, true)
			if m := tg.Meaning(err); m.Err.Class != connectors.Transient || s.Rollback(t.Context()) == nil {
				t.Fatalf("%v", err)
			}
			s.Close()
			before := len(query(t, tg, "SELECT ID FROM PLAIN"))
			written(t, deliver(t, tg, flat("A", 7, "a")), "A")
			if after := len(query(t, tg, "SELECT ID FROM PLAIN")); after != before+1 {
				t.Fatalf("%d rows, then %d", before, after)
			}
			if s, err := tg.Sys.Connect(t.Context()); err != nil || !s.(*postgres.Session).Unnamed {
				t.Errorf("statements are still prepared: %v", err)
			} else {
				s.Close()
			}
		})
	}
}

// TestSettingsChangedInside calls a procedure that changes the session's settings and leaves them so.
func TestSettingsChangedInside(t *testing.T) {
	e := postgresEngine(t)
	tg := e.open(t, nil)
	exec(t, tg, append(e.ddl, "CREATE SCHEMA other", "CREATE TABLE other.inbasket_ledger (LIKE inbasket_ledger)",
		"CREATE PROCEDURE spoil(p_id integer) LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('search_path', 'other', false), set_config('bytea_output', 'escape', false), set_config('datestyle', 'German', false); END $$",
		"INSERT INTO DECISION (ID, STATUS, PDF) VALUES (1, 'A', '\\x00ff')")...)
	call := connectors.Delivery{Key: "C/register-1", Submission: "C", Records: []connectors.Record{{
		Shape: &connectors.Shape{Write: "call", Object: "spoil", Op: connectors.Call, Fields: []string{"P_ID"}}, Values: []connectors.Value{integer(1)}}}}
	written(t, deliver(t, tg, call), "C")
	written(t, deliver(t, tg, flat("D", 1, "d")), "D")
	same(t, query(t, tg, "SELECT DELIVERY FROM public.inbasket_ledger"), "C/register-1", "D/register-1")
	source, err := tg.Answers(connectors.Question{Query: "SELECT ID, STATUS, PDF FROM public.DECISION", ID: []string{"ID"}})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	got, err := source.Next(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := dialect.ReadBlob(got[0].Fields["PDF"].Blob); err != nil || string(b) != "\x00\xff" {
		t.Errorf("%q %v", b, err)
	}
}

// TestRoleSettings logs in as roles whose defaults are otherwise.
func TestRoleSettings(t *testing.T) {
	e := postgresEngine(t)
	tg := e.open(t, nil)
	exec(t, tg, append(e.ddl, "INSERT INTO DECISION (ID, PDF) VALUES (1, '\\x00ff')", "DROP ROLE IF EXISTS strange_role", "CREATE ROLE strange_role SUPERUSER LOGIN PASSWORD 'p'",
		"ALTER ROLE strange_role SET bytea_output = escape", "ALTER ROLE strange_role SET synchronous_commit = off", "ALTER ROLE strange_role SET datestyle = 'SQL, DMY'")...)
	as := e
	as.config.DSN = strings.Replace(e.config.DSN, "postgres:test-only", "strange_role:p", 1)
	role := as.open(t, func(c *dialect.Config) {
		c.Session = []string{"SET bytea_output = escape", "SET standard_conforming_strings = off"}
	})
	same(t, query(t, role, "SELECT PDF, current_setting('synchronous_commit'), DATE '2026-02-01' FROM DECISION"), "00ff|on|2026-02-01")
	exec(t, tg, "ALTER ROLE strange_role SET session_replication_role = replica")
	refusedBy(t, as.open(t, nil), dialect.CodeSession, "session_replication_role")
}

// TestNoCharset asks for the character set where the database has none.
func TestNoCharset(t *testing.T) {
	e := postgresEngine(t)
	cfg, err := pgconn.ParseConfig(e.config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	rawExec(t, rawConn(t, e.config.DSN), "CREATE DATABASE "+cfg.Database+"_ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
	e.config.DSN = strings.Replace(e.config.DSN, "/"+cfg.Database, "/"+cfg.Database+"_ascii", 1)
	refusedBy(t, e.open(t, nil), dialect.CodeNoCharset, "charset")
	if err := e.open(t, func(c *dialect.Config) { c.Charset = "utf-8" }).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestSeveralAddresses goes past an address that takes connections and says nothing, and past a server that may only be
// read, to the one that can be written to.
func TestSeveralAddresses(t *testing.T) {
	e := postgresEngine(t)
	exec(t, e.open(t, nil), e.ddl...)
	standby, err := servers.StartPostgreSQL(servers.Options{Settings: []string{"default_transaction_read_only=on"}})
	must(t, err)
	defer standby.Close()
	real, err := pgconn.ParseConfig(e.config.DSN)
	must(t, err)
	for _, first := range []string{mute(t, nil).String(), standby.Addr} {
		several := e
		several.config.DSN = fmt.Sprintf("postgres://%s:%s@%s,%s:%d/%s?sslmode=disable", real.User, real.Password, first, real.Host, real.Port, real.Database)
		several.config.ConnectTimeout, several.config.StatementTimeout, several.config.Parallel, several.config.MaxGroup = 3*time.Second, time.Minute, 1, 10
		tg := several.open(t, nil)
		if first == standby.Addr { // a database of that name is there as well
			db, err := pgconn.Connect(t.Context(), standby.DSN("postgres"))
			must(t, err)
			rawExec(t, db, "SET default_transaction_read_only = off")
			rawExec(t, db, "CREATE DATABASE "+real.Database)
			must(t, db.Close(t.Context()))
		}
		key := "S" + strings.TrimPrefix(first, "127.0.0.1:")
		written(t, deliver(t, tg, flat(key, int64(len(first)*1000+len(key)), "s")), key)
		same(t, query(t, e.open(t, nil), "SELECT COUNT(*) FROM INBASKET_LEDGER WHERE SUBMISSION = '"+key+"'"), "1")
		exec(t, e.open(t, nil), "DELETE FROM PLAIN")
	}
}

// TestRefusedSetting tells a zone that the server does not know as a matter of the configuration.
func TestRefusedSetting(t *testing.T) {
	for _, zone := range []string{"America/Coyhaique", "Local"} {
		e := postgresEngine(t)
		if rawValue(t, rawConn(t, e.config.DSN), "SELECT COUNT(*) FROM pg_timezone_names WHERE name = '"+zone+"'") == "0" {
			refusedBy(t, e.open(t, func(c *dialect.Config) { c.Zone = zone }), dialect.CodeSession, "zone")
			return
		}
	}
	t.Error("no zone that this server lacks")
}

// refusedBy checks that a target says at the start that it cannot be used, by code and with the cure.
func refusedBy(t *testing.T, tg *Target, code, hint string) {
	t.Helper()
	var e *connectors.Error
	if err := tg.Check(t.Context()); !errors.As(err, &e) || e.Class != connectors.TargetError || e.Code != code || !strings.Contains(e.Hint, hint) {
		t.Fatalf("want %s: %v", code, err)
	}
}

func rawConn(t *testing.T, dsn string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func rawExec(t *testing.T, c *pgconn.PgConn, sql string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

func rawValue(t *testing.T, c *pgconn.PgConn, sql string) string {
	t.Helper()
	res, err := c.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return string(res[0].Rows[0][0])
}
