package sqldb

import (
	"context"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// overtaken is a table that is made under an open target and that its name means from then on.
type overtaken struct {
	name  string
	fresh func(testing.TB) engine
	path  string // of search_path
	sqls  []string
	code  string // of 2.55; empty: it is written
	now   string // where it is written to
}

var overtakings = []overtaken{
	{"in an earlier schema", postgresEngine, "early, public", []string{"CREATE TABLE early.AMOUNT (ID integer, AMT numeric(9,1), NAME text)"}, dialect.CodeNotExact, "early.AMOUNT"},
	{"a view in an earlier schema", postgresEngine, "early, public", []string{"CREATE VIEW early.AMOUNT AS SELECT ID, AMT, NAME FROM BASE"}, "", "BASE"},
	{"no table in an earlier schema", postgresEngine, "early, public", []string{"CREATE SEQUENCE early.AMOUNT"}, dialect.CodeNoTable, ""},
	{"spelled as the mapping does", postgresEngine, "", []string{`CREATE TABLE "AMOUNT" ("ID" integer, "AMT" numeric(9,1), "NAME" text)`}, dialect.CodeNotExact, `"AMOUNT"`},
	{"spelled as the mapping does", mariaEngine, "", []string{"ALTER TABLE AMOUNT RENAME TO amount", "CREATE TABLE AMOUNT (ID integer, AMT decimal(9,1), NAME varchar(40))"}, dialect.CodeNotExact, "AMOUNT"},
}

// A name means what it means when the transaction begins: a table that comes to stand before the one that is known is the
// one that is written to, or refuses.
func TestNameMeansAnother(t *testing.T) {
	for _, c := range overtakings {
		e := c.fresh(t)
		t.Run(e.typ+" "+c.name, func(t *testing.T) {
			tg := e.open(t, func(cfg *dialect.Config) {
				if c.path != "" {
					cfg.Session = []string{"SET search_path = " + c.path}
				}
			})
			exec(t, e.open(t, nil), amountTable)
			first := "AMOUNT"
			if e.typ == "mariadb" {
				exec(t, tg, c.sqls[0])
				c.sqls, first = c.sqls[1:], "amount"
			} else {
				exec(t, e.open(t, nil), "CREATE TABLE BASE (ID integer, AMT numeric(9,2), NAME text)", "CREATE SCHEMA early")
			}
			written(t, deliver(t, tg, amountOf("W", 1, "1.50", "w")), "W")
			same(t, query(t, tg, "SELECT ID FROM "+first), "1")
			exec(t, e.open(t, nil), c.sqls...)
			out, _ := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{amountOf("X", 2, "2.55", "x")}})
			if o := out[0]; o.Code != c.code || c.code == "" && o.Class != connectors.Written {
				t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
			}
			if c.now == "" {
				return
			}
			written(t, deliver(t, tg, amountOf("Y", 3, "2.5", "y")), "Y")
			if got := query(t, tg, "SELECT * FROM "+c.now); !strings.HasPrefix(got[len(got)-1], "3|2.5") {
				t.Fatalf("%v", got)
			}
		})
	}
}

// The ledger that is written to, looked up in and proved is one: another of its name is not taken for it unseen.
func TestNameOfTheLedger(t *testing.T) {
	e := postgresEngine(t)
	tg := e.open(t, func(c *dialect.Config) { c.Session = []string{"SET search_path = early, public"} })
	plain := e.open(t, nil)
	exec(t, plain, amountTable, "CREATE SCHEMA early", `CREATE TABLE public."INBASKET_LEDGER" (X integer)`)
	written(t, deliver(t, tg, amountOf("W", 1, "1.50", "w")), "W")
	exec(t, plain, "CREATE TABLE early.INBASKET_LEDGER (DELIVERY text, SUBMISSION text, DIGEST text, RETURNED text)")
	written(t, deliver(t, tg, amountOf("W", 1, "1.50", "w")), "W") // it is known
	o := deliver(t, tg, amountOf("X", 2, "1.50", "x"))["X"]
	if o.Class != connectors.TargetError || o.Code != dialect.CodeNoLedger {
		t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	same(t, query(t, plain, "SELECT ID FROM AMOUNT"), "1")
	same(t, query(t, plain, "SELECT SUBMISSION FROM public.INBASKET_LEDGER"), "W")
}

// What lies below a view of SQLite is part of what a write relies on: the version of the schema tells, though no word of the
// view is another one.
func TestBelowAViewOfSQLite(t *testing.T) {
	tg := liteEngine(t).open(t, nil)
	exec(t, tg, "CREATE TABLE BASE (REF text, NAME text)", "CREATE VIEW PERSON AS SELECT REF, NAME FROM BASE",
		"CREATE TRIGGER g INSTEAD OF INSERT ON PERSON BEGIN INSERT INTO BASE VALUES (NEW.REF, NEW.NAME); END")
	at := func(key string) connectors.Delivery {
		d := personWrite(connectors.Insert, key, key, "01067")
		d.Records[0].Shape.Unchecked = true
		return d
	}
	written(t, deliver(t, tg, at("A")), "A")
	exec(t, tg, "DROP TABLE BASE", "CREATE TABLE BASE (REF text, NAME string)")
	if o := deliver(t, tg, at("B"))["B"]; o.Code != dialect.CodeNotExact {
		t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	same(t, query(t, tg, "SELECT NAME FROM BASE"))
}

// meddler is a session in which something happens after the first statement of one kind.
type meddler struct {
	dialect.Session
	after string
	call  func()
}

func (m *meddler) Run(ctx context.Context, stmts []dialect.Statement, begin, commit bool) ([]dialect.Result, error) {
	res, err := m.Session.Run(ctx, stmts, begin, commit)
	if m.call != nil && len(stmts) > 0 && strings.Contains(stmts[0].SQL, m.after) {
		call := m.call
		m.call = nil
		call()
	}
	return res, err
}

// What is read of a table is of one: a name that comes to mean another one while it is read is read again.
func TestNameMeansAnotherWhileItIsRead(t *testing.T) {
	e := postgresEngine(t)
	plain := e.open(t, nil)
	exec(t, plain, amountTable, "CREATE SCHEMA early")
	tg := e.open(t, func(c *dialect.Config) { c.Session = []string{"SET search_path = early, public"} })
	connect := tg.Sys.Connect
	tg.Sys.Connect = func(ctx context.Context) (dialect.Session, error) {
		s, err := connect(ctx)
		return &meddler{s, "pg_table_is_visible", func() {
			exec(t, plain, "CREATE TABLE early.AMOUNT (ID integer, AMT numeric(9,1), NAME text)")
		}}, err
	}
	if o := deliver(t, tg, amountOf("X", 1, "2.55", "x"))["X"]; o.Code != dialect.CodeNotExact {
		t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	same(t, query(t, plain, "SELECT ID FROM public.AMOUNT"))
}

// A procedure that changes search_path does not keep the rest of its transaction from being written.
func TestPathChangedInside(t *testing.T) {
	e := postgresEngine(t)
	tg := e.open(t, nil)
	exec(t, tg, append(e.ddl, "CREATE SCHEMA other", "CREATE TABLE other.inbasket_ledger (LIKE inbasket_ledger)", "CREATE TABLE other.PLAIN (LIKE PLAIN)",
		"CREATE PROCEDURE spoil(p_id integer) LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('search_path', 'other', false); END $$")...)
	d := flat("C", 1, "c")
	d.Records = append([]connectors.Record{{Shape: &connectors.Shape{Write: "call", Object: "spoil", Op: connectors.Call, Fields: []string{"P_ID"}},
		Values: []connectors.Value{integer(1)}}}, append(app("C", "x").Records, d.Records...)...)
	written(t, deliver(t, tg, d), "C")
	same(t, query(t, tg, "SELECT NAME FROM public.PLAIN"), "c")
	if got := query(t, tg, "SELECT RETURNED FROM public.inbasket_ledger"); len(got) != 1 || got[0] == "NULL" {
		t.Fatalf("%v", got)
	}
}
