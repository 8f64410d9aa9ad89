package sqldb

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// TestMariaDBSettings opens sessions whose settings were changed by session:, by the DSN, and by a procedure that is
// called in between: in each transaction ours hold, and what cannot hold is refused.
func TestMariaDBSettings(t *testing.T) {
	e := mariaEngine(t)
	direct := e.open(t, nil)
	exec(t, direct, append(e.ddl, "CREATE TABLE NARROW (ID INTEGER AUTO_INCREMENT PRIMARY KEY, NAME VARCHAR(40) CHARACTER SET latin1, FEE DECIMAL(9,2)) ENGINE=InnoDB",
		"CREATE PROCEDURE SPOIL(p_id INTEGER) BEGIN SET SESSION foreign_key_checks = 0; SET SESSION sql_select_limit = 0; SET SESSION time_zone = '+09:00'; SET SESSION character_set_client = latin1; SET SESSION unique_checks = 0; END")...)
	dsn, err := mysql.ParseDSN(e.config.DSN)
	must(t, err)
	dsn.Params = map[string]string{"sql_mode": "''", "time_zone": "'+03:00'"}
	e.config.DSN = dsn.FormatDSN()
	tg := e.open(t, func(c *dialect.Config) {
		c.Session = []string{"SET SESSION sql_mode = 'ANSI_QUOTES'", "SET autocommit = 0", "SET SESSION time_zone = '-05:00'", "SET NAMES latin1", "SET SESSION foreign_key_checks = 0", "SET SESSION completion_type = 'CHAIN'"}
	})
	narrow := *plain
	narrow.Object = "NARROW"
	for i, v := range []connectors.Value{text("Łódź"), text("fits")} {
		d := flat(fmt.Sprint("N", i), int64(i), "x") // the second has ID 1, the first 0
		d.Records[0].Shape, d.Records[0].Values[1] = &narrow, v
		o := deliver(t, tg, d)[d.Submission]
		if i == 0 && o.Class != connectors.ItemError || i == 1 && o.Class != connectors.Written {
			t.Errorf("%d: %+v", i, o)
		}
	}
	zero := flat("Z", 0, "zero")
	zero.Records[0].Shape = &narrow
	written(t, deliver(t, tg, zero), "Z")
	same(t, query(t, direct, "SELECT ID, NAME FROM NARROW"), "0|zero", "1|fits")
	call := connectors.Delivery{Key: "C/register-1", Submission: "C", Records: []connectors.Record{{
		Shape: &connectors.Shape{Write: "call", Object: "SPOIL", Op: connectors.Call, Fields: []string{"P_ID"}}, Values: []connectors.Value{integer(1)}}}}
	written(t, deliver(t, tg, call), "C")
	orphan := flat("O", 77, "x", "no parent")
	orphan.Records = orphan.Records[1:]
	if o := deliver(t, tg, orphan)["O"]; o.Code != dialect.CodeConstraint {
		t.Errorf("a child without parent: %+v", o)
	}
	written(t, deliver(t, tg, call, flat("D", 5, "Łódź")), "C", "D")
	same(t, query(t, direct, "SELECT NAME FROM PLAIN"), "Łódź")
	same(t, query(t, tg, "SELECT @@autocommit, @@time_zone, @@foreign_key_checks, @@sql_mode LIKE '%ANSI_QUOTES%', @@sql_mode LIKE '%STRICT_ALL_TABLES%'"), "1|+00:00|1|1|1")
	for setting, hint := range map[string]string{
		"SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED":                 "READ COMMITTED",
		"SET SESSION sql_mode = CONCAT(@@sql_mode, ',EMPTY_STRING_IS_NULL')":       "EMPTY_STRING_IS_NULL",
		"SET SESSION sql_mode = 'ORACLE,EMPTY_STRING_IS_NULL,ALLOW_INVALID_DATES'": "session:",
	} {
		refusedBy(t, e.open(t, func(c *dialect.Config) { c.Session = []string{setting} }), dialect.CodeSession, hint)
	}
}

// TestStaleSnapshot asks for results in a session that a procedure took out of autocommit: a question must see what was
// committed since the one before.
func TestStaleSnapshot(t *testing.T) {
	e := mariaEngine(t)
	direct := e.open(t, nil)
	exec(t, direct, e.ddl...)
	tg := e.open(t, func(c *dialect.Config) { c.Session = []string{"SET autocommit = 0"} })
	s, err := tg.Pool.Get(t.Context())
	must(t, err)
	defer s.Close()
	for i := range 3 {
		exec(t, direct, fmt.Sprintf("INSERT INTO DECISION (ID, STATUS) VALUES (%d, 'A')", i))
		got, err := dialect.One(t.Context(), s, "SELECT COUNT(*) FROM DECISION")
		if err != nil || dialect.AsInt(got[0]) != int64(i+1) {
			t.Fatalf("%v %v, want %d", got, err, i+1)
		}
	}
}

// TestLedgerRace lets many connections make the ledger at once.
func TestLedgerRace(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine, func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "race.db")}, nil}
	}} {
		for round := range 5 {
			e := fresh(t)
			t.Run(fmt.Sprint(e.typ, round), func(t *testing.T) {
				const agents = 16
				start := make(chan struct{})
				errs := make([]error, agents)
				var wg sync.WaitGroup
				for i := range agents {
					tg := e.open(t, nil)
					wg.Go(func() {
						<-start
						s, err := tg.Sys.Connect(t.Context())
						if errs[i] = err; err == nil {
							s.Close()
						}
					})
				}
				close(start)
				wg.Wait()
				for _, err := range errs {
					if err != nil {
						t.Error(err)
					}
				}
				if err := e.open(t, func(c *dialect.Config) { c.CreateLedger = false }).Check(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestPasswordChanged changes the password of an account while its target is open: what its reference gives now is used
// for the next connection, and only a password that is wrong there too is told.
func TestPasswordChanged(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine} {
		e := fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			direct := e.open(t, nil)
			exec(t, direct, e.ddl...)
			set := "ALTER ROLE changing_role PASSWORD '%s'"
			if e.typ == "postgres" {
				exec(t, direct, "DROP ROLE IF EXISTS changing_role", "CREATE ROLE changing_role SUPERUSER LOGIN PASSWORD 'first'")
				cfg, err := pgconn.ParseConfig(e.config.DSN)
				must(t, err)
				e.config = dialect.Config{Host: cfg.Host, Port: int(cfg.Port), Database: cfg.Database, TLS: dialect.TLS{Mode: "disable"}}
			} else {
				set = "ALTER USER changing_role IDENTIFIED BY '%s'"
				exec(t, direct, "CREATE OR REPLACE USER changing_role IDENTIFIED BY 'first'", "GRANT ALL ON *.* TO changing_role")
				cfg, err := mysql.ParseDSN(e.config.DSN)
				must(t, err)
				host, port, _ := strings.Cut(cfg.Addr, ":")
				e.config = dialect.Config{Host: host, Database: cfg.DBName}
				_, err = fmt.Sscan(port, &e.config.Port)
				must(t, err)
			}
			e.config.User, e.config.Password = "changing_role", "first"
			now := connectors.Secret("first")
			tg := e.openWith(t, nil, func(connectors.Secret) (connectors.Secret, error) { return now, nil })
			written(t, deliver(t, tg, flat("A", 1, "a")), "A")
			for _, next := range []string{"second", "third"} {
				exec(t, direct, fmt.Sprintf(set, next))
				now = connectors.Secret(next)
				tg.Pool.Drop(false)
				key := "K" + next
				written(t, deliver(t, tg, flat(key, int64(len(key)), "k")), key)
			}
			exec(t, direct, fmt.Sprintf(set, "unknown"))
			tg.Pool.Drop(false)
			refusedBy(t, tg, dialect.CodeLogin, "read again")
		})
	}
}
