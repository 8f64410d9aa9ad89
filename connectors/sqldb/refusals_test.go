package sqldb

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// declined is a way in which a system refuses the row with ID 2 and takes others.
type declined struct {
	name  string
	fresh func(testing.TB) engine
	sqls  []string
	value string // of NAME in row 2; empty: n
	code  string // alone, as an item's error; empty: alone it looks like the target's
	with  string // beside others, which are written; empty: as alone
}

// raising is a trigger that raises an error for row 2.
func raising(how string) []string {
	return []string{amountTable, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.ID = 2 THEN " + how + "; END IF; RETURN NEW; END $$",
		"CREATE TRIGGER g BEFORE INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION refuse()"}
}

func raisingMaria(how string) []string {
	return []string{amountTable, "CREATE TRIGGER g BEFORE INSERT ON AMOUNT FOR EACH ROW BEGIN IF NEW.ID = 2 THEN " + how + "; END IF; END"}
}

func raisingLite(how string) []string {
	return []string{amountTable, "CREATE TRIGGER g BEFORE INSERT ON AMOUNT WHEN NEW.ID = 2 BEGIN SELECT " + how + "; END"}
}

// namesOf is the table whose NAME is of a type of its own.
func namesOf(typ string) []string {
	return []string{"CREATE TABLE AMOUNT (ID integer PRIMARY KEY, AMT numeric(9,2), NAME " + typ + ")"}
}

var declineds = []declined{
	{"no partition", postgresEngine, []string{"CREATE TABLE AMOUNT (ID integer, AMT numeric(9,2), NAME text) PARTITION BY LIST (ID)", "CREATE TABLE P PARTITION OF AMOUNT FOR VALUES IN (1, 3, 4)"}, "", dialect.CodeConstraint, ""},
	{"view with check option", postgresEngine, []string{"CREATE TABLE BASE (ID integer PRIMARY KEY, AMT numeric(9,2), NAME text)", "CREATE VIEW AMOUNT AS SELECT * FROM BASE WHERE ID <> 2 WITH CHECK OPTION"}, "", dialect.CodeConstraint, ""},
	{"raise", postgresEngine, raising("RAISE EXCEPTION 'no'"), "", dialect.CodeConstraint, ""},
	{"raise as if a right were missing", postgresEngine, raising("RAISE EXCEPTION 'no' USING ERRCODE = '42501'"), "", dialect.CodeConstraint, ""},
	{"raise as if there were no table", postgresEngine, raising("RAISE undefined_table"), "", dialect.CodeConstraint, ""},
	{"raise as if the login were wrong", postgresEngine, raising("RAISE EXCEPTION 'no' USING ERRCODE = '28000'"), "", dialect.CodeConstraint, ""},
	{"raise as if the disk were full", postgresEngine, raising("RAISE EXCEPTION 'no' USING ERRCODE = '53100'"), "", dialect.CodeConstraint, ""},
	{"raise as if the end were not known", postgresEngine, raising("RAISE EXCEPTION 'no' USING ERRCODE = '40003'"), "", dialect.CodeConstraint, ""},
	{"raise as a pooler does", postgresEngine, raising("RAISE EXCEPTION 'no' USING ERRCODE = '08P01'"), "", dialect.CodeConstraint, ""},
	{"raise as if a statement were not prepared", postgresEngine, raising("RAISE EXCEPTION 'no' USING ERRCODE = '26000'"), "", dialect.CodeConstraint, ""},
	{"raise with a code of its own", postgresEngine, raising("RAISE EXCEPTION 'no' USING ERRCODE = 'IB001'"), "", dialect.CodeConstraint, ""},
	{"raise as a duplicate", postgresEngine, raising("RAISE unique_violation"), "", dialect.CodeDuplicate, ""},
	{"raise at commit", postgresEngine, append(raising("NULL")[:1], "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.ID = 2 THEN RAISE EXCEPTION 'no' USING ERRCODE = 'XX001'; END IF; RETURN NULL; END $$",
		"CREATE CONSTRAINT TRIGGER g AFTER INSERT ON AMOUNT DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"), "", dialect.CodeConstraint, ""},
	{"no table inside a trigger", postgresEngine, raising("INSERT INTO nowhere VALUES (1)"), "", "", dialect.CodeNoTable},
	{"no right inside a trigger", postgresEngine, raising("PERFORM lo_import('/nowhere')"), "", "", dialect.CodeRefused},
	{"assert inside a trigger", postgresEngine, raising("ASSERT false"), "", dialect.CodeConstraint, ""},
	{"regclass", postgresEngine, namesOf("regclass"), "nowhere", dialect.CodeWrongType, ""},
	{"regtype", postgresEngine, namesOf("regtype"), "no such type", dialect.CodeWrongType, ""},
	{"regrole", postgresEngine, namesOf("regrole"), "nobody", dialect.CodeWrongType, ""},
	{"regproc", postgresEngine, namesOf("regproc"), "nowhere", dialect.CodeWrongType, ""},
	{"tsvector", postgresEngine, namesOf("tsvector"), "'open", dialect.CodeWrongType, ""},
	{"tsquery", postgresEngine, namesOf("tsquery"), "a &", dialect.CodeWrongType, ""},
	{"jsonpath", postgresEngine, namesOf("jsonpath"), "$.", dialect.CodeWrongType, ""},
	{"xml", postgresEngine, namesOf("xml"), "<a", dialect.CodeWrongType, ""},
	{"cidr", postgresEngine, namesOf("cidr"), "10.0.0.1/8", dialect.CodeWrongType, ""},

	{"no partition", mariaEngine, []string{"CREATE TABLE AMOUNT (ID integer, AMT decimal(9,2), NAME varchar(40)) PARTITION BY LIST (ID) (PARTITION p VALUES IN (1, 3, 4))"}, "", dialect.CodeConstraint, ""},
	{"view with check option", mariaEngine, []string{"CREATE TABLE BASE (ID integer PRIMARY KEY, AMT decimal(9,2), NAME varchar(40))", "CREATE VIEW AMOUNT AS SELECT * FROM BASE WHERE ID <> 2 WITH CHECK OPTION"}, "", dialect.CodeConstraint, ""},
	{"signal", mariaEngine, raisingMaria("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'"), "", dialect.CodeConstraint, ""},
	{"signal with a number of its own", mariaEngine, raisingMaria("SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 30001"), "", dialect.CodeConstraint, ""},
	{"signal as if a right were missing", mariaEngine, raisingMaria("SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1142"), "", dialect.CodeConstraint, ""},
	{"signal as if the server went down", mariaEngine, raisingMaria("SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1053"), "", dialect.CodeConstraint, ""},
	{"signal as a class of data", mariaEngine, raisingMaria("SIGNAL SQLSTATE '22999' SET MYSQL_ERRNO = 4711"), "", dialect.CodeWrongType, ""},
	{"signal as a class of rules", mariaEngine, raisingMaria("SIGNAL SQLSTATE '23999' SET MYSQL_ERRNO = 4711"), "", dialect.CodeConstraint, ""},
	{"signal as not found", mariaEngine, raisingMaria("SIGNAL SQLSTATE '02001'"), "", dialect.CodeConstraint, ""},
	{"signal of a class of one's own", mariaEngine, raisingMaria("SIGNAL SQLSTATE 'IB001' SET MESSAGE_TEXT = 'no'"), "", dialect.CodeConstraint, ""},
	{"signal of any class", mariaEngine, raisingMaria("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 4711"), "", "", dialect.CodeRefused},
	{"more rows than one inside a trigger", mariaEngine, raisingMaria("SET NEW.NAME = (SELECT 1 UNION SELECT 2)"), "", dialect.CodeConstraint, ""},

	{"no table inside a trigger", mariaEngine, raisingMaria("INSERT INTO nowhere VALUES (1)"), "", "", dialect.CodeNoTable},
	{"no column inside a trigger", mariaEngine, append([]string{"CREATE TABLE LOG (A integer)"}, raisingMaria("INSERT INTO LOG (B) VALUES (1)")...), "", "", dialect.CodeNoColumn},

	{"raise abort", liteEngine, raisingLite("RAISE(ABORT, 'no')"), "", dialect.CodeConstraint, ""},
	{"raise fail", liteEngine, raisingLite("RAISE(FAIL, 'no')"), "", dialect.CodeConstraint, ""},
	{"raise rollback", liteEngine, raisingLite("RAISE(ROLLBACK, 'no')"), "", dialect.CodeConstraint, ""},
	{"a function inside a trigger", liteEngine, raisingLite("json_extract('{', '$')"), "", "", dialect.CodeRefused},
}

// What a system refuses of one submission is that submission's, whatever words it finds for it: at once where the words say
// so, and else as soon as it takes others of the same kind.
func TestRefusalsOfOneRow(t *testing.T) {
	for _, c := range declineds {
		e := c.fresh(t)
		t.Run(e.typ+" "+c.name, func(t *testing.T) { c.try(t, e) })
	}
}

func (c declined) try(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, c.sqls...)
	row := func(key string, id int64) connectors.Delivery {
		d := amountOf(key, id, "1.5", "n")
		if c.value != "" {
			d.Records[0].Values[2] = null
		}
		if id == 2 && c.value != "" {
			d.Records[0].Values[2] = text(c.value)
		}
		return d
	}
	out, _ := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{row("X", 2)}})
	o := out[0]
	if c.code == "" {
		if o.Class != connectors.TargetError || !strings.Contains(o.Text, "inbasket show X") {
			t.Fatalf("alone: %s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
		}
	} else if o.Class != connectors.ItemError || o.Code != c.code {
		t.Fatalf("alone: %s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{row("A", 1), row("X", 2), row("B", 3), row("C", 4)}})
	m := outcomes(t, []connectors.Delivery{row("A", 1), row("X", 2), row("B", 3), row("C", 4)}, out, err)
	written(t, m, "A", "B", "C")
	if want := c.with + c.code; m["X"].Class != connectors.ItemError || m["X"].Code != want {
		t.Fatalf("beside others: %s %s: %s (%s)", m["X"].Class, m["X"].Code, m["X"].Text, m["X"].Raw)
	}
	same(t, query(t, tg, "SELECT ID FROM AMOUNT"), "1", "3", "4")
}

// A row security policy that refuses a row is a rule of the table; a right that is missing is still the target's.
func TestRowSecurity(t *testing.T) {
	e := postgresEngine(t)
	admin := e.open(t, nil)
	exec(t, admin, amountTable, "DROP ROLE IF EXISTS clerk_role", "CREATE ROLE clerk_role LOGIN PASSWORD 'p'", "GRANT ALL ON AMOUNT, INBASKET_LEDGER TO clerk_role",
		"ALTER TABLE AMOUNT ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON AMOUNT USING (true) WITH CHECK (ID <> 2)")
	as := e
	as.config.DSN = strings.Replace(e.config.DSN, "postgres:test-only", "clerk_role:p", 1)
	tg := as.open(t, func(c *dialect.Config) { c.CreateLedger = false })
	m := deliver(t, tg, amountOf("A", 1, "1.5", "n"), amountOf("X", 2, "1.5", "n"))
	written(t, m, "A")
	if o := m["X"]; o.Class != connectors.ItemError || o.Code != dialect.CodeConstraint {
		t.Errorf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	exec(t, admin, "REVOKE INSERT ON AMOUNT FROM clerk_role")
	out, _ := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{amountOf("B", 3, "1.5", "n")}})
	if o := out[0]; o.Class != connectors.TargetError || o.Code != dialect.CodeGrant {
		t.Errorf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
}

// A system that refuses everything in words that nobody knows is at fault: a few rows are tried alone, nothing parks, and
// the message says with which submission its words are.
func TestRefusesAll(t *testing.T) {
	tries := 0
	refused := func([]dialect.Statement, bool) ([]dialect.Result, error) {
		tries++
		return nil, &dialect.Fault{Index: 1, Committed: true, Answered: true, Err: &pgconn.PgError{Code: "XX001"}}
	}
	runs := make([]func([]dialect.Statement, bool) ([]dialect.Result, error), 100)
	for i := range runs {
		runs[i] = refused
	}
	tg, _ := scriptedTarget(t, runs...)
	var ds []connectors.Delivery
	for i := range int64(200) {
		ds = append(ds, flat(fmt.Sprint("S", i), i, "a"))
	}
	out, err := tg.Deliver(context.Background(), connectors.Group{Items: ds})
	if connectors.ClassOf(err) != connectors.TargetError || !strings.Contains(err.(*connectors.Error).Safe(), "inbasket show S") {
		t.Fatal(err)
	}
	for _, o := range out {
		if o.Class != connectors.TargetError || o.Code != dialect.CodeRefused {
			t.Fatalf("%+v", o)
		}
	}
	if tries > 16 {
		t.Errorf("%d attempts", tries)
	}
}

// What is refused alone is not held against a submission by others that write something else.
func TestRefusedBesideOtherWrites(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine, liteEngine} {
		e := fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, map[string][]string{"postgres": raising("PERFORM lo_import('/nowhere')"), "mariadb": raisingMaria("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 4711"),
				"sqlite": raisingLite("json_extract('{', '$')")}[e.typ]...)
			exec(t, tg, "CREATE TABLE PERSON (REF varchar(9) PRIMARY KEY, NAME varchar(40))")
			ds := []connectors.Delivery{personWrite(connectors.Insert, "P", "p", "n"), amountOf("X", 2, "1.5", "n"), personWrite(connectors.Insert, "Q", "q", "n")}
			out, err := tg.Deliver(context.Background(), connectors.Group{Items: ds})
			m := outcomes(t, ds, out, err)
			written(t, m, "P", "Q")
			if o := m["X"]; err != nil || o.Class != connectors.TargetError || o.Code != dialect.CodeRefused || !strings.Contains(o.Text, "inbasket show X") {
				t.Errorf("%v; %s %s: %s (%s)", err, o.Class, o.Code, o.Text, o.Raw)
			}
			written(t, deliver(t, tg, personWrite(connectors.Insert, "P", "p", "n"), amountOf("A", 1, "1.5", "n")), "P", "A") // P stands there: no sign of anything
			out, _ = tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{amountOf("A", 1, "1.5", "n"), amountOf("Y", 2, "1.5", "n")}})
			if out[0].Class != connectors.Written || out[1].Class != connectors.TargetError {
				t.Errorf("beside one that was written before: %+v", out)
			}
			out, _ = tg.Deliver(context.Background(), connectors.Group{Items: ds[1:2]})
			if out[0].Class != connectors.ItemError || out[0].Code != dialect.CodeRefused {
				t.Errorf("again, after another was written: %+v", out)
			}
		})
	}
}
