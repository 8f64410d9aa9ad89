package sqldb

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect/mysql"
)

// amount is a write of a number and a text into the table AMOUNT.
var amount = &connectors.Shape{Write: "amount", Object: "AMOUNT", Op: connectors.Insert, Fields: []string{"ID", "AMT", "NAME"}, Key: []int{0}}

func amountOf(key string, id int64, amt, name string) connectors.Delivery {
	return connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{{Shape: amount,
		Values: []connectors.Value{integer(id), decimal(amt), text(name)}}}}
}

const amountTable = "CREATE TABLE AMOUNT (ID integer NOT NULL PRIMARY KEY, AMT decimal(9,2), NAME varchar(40))"

// change is something that happens to the table of an open target; then 2.55 and a name are written.
type change struct {
	name   string
	only   string // a type of engine; empty: all
	sqls   []string
	amt    string
	wanted string // "ID|AMT|NAME" of the row; empty: it is refused
	code   string // of the refusal
	class  connectors.Class
}

var changes = []change{
	{"fewer decimals", "postgres", []string{"ALTER TABLE AMOUNT ALTER AMT TYPE numeric(9,1)"}, "2.55", "", dialect.CodeNotExact, connectors.ItemError},
	{"fewer decimals", "mariadb", []string{"ALTER TABLE AMOUNT MODIFY AMT decimal(9,1)"}, "2.55", "", dialect.CodeNotExact, connectors.ItemError},
	{"more decimals", "postgres", []string{"ALTER TABLE AMOUNT ALTER AMT TYPE numeric(9,3)"}, "2.555", "2|2.555|n", "", connectors.Written},
	{"more decimals", "mariadb", []string{"ALTER TABLE AMOUNT MODIFY AMT decimal(9,3)"}, "2.555", "2|2.555|n", "", connectors.Written},
	{"a whole number", "postgres", []string{"ALTER TABLE AMOUNT ALTER AMT TYPE integer"}, "2.55", "", dialect.CodeNotExact, connectors.ItemError},
	{"a whole number", "mariadb", []string{"ALTER TABLE AMOUNT MODIFY AMT integer"}, "2.55", "", dialect.CodeNotExact, connectors.ItemError},
	{"a text", "postgres", []string{"ALTER TABLE AMOUNT ALTER AMT TYPE text"}, "2.555", "2|2.555|n", "", connectors.Written},
	{"a floating-point number", "mariadb", []string{"ALTER TABLE AMOUNT MODIFY AMT float"}, "1234567.55", "", dialect.CodeNotExact, connectors.ItemError},
	{"dropped and made anew", "", []string{"DROP TABLE AMOUNT", "CREATE TABLE AMOUNT (ID integer NOT NULL PRIMARY KEY, AMT decimal(9,1), NAME varchar(40))"}, "2.55", "", dialect.CodeNotExact, connectors.ItemError},
	{"another renamed into its place", "", []string{"CREATE TABLE NEXT_AMOUNT (ID integer NOT NULL PRIMARY KEY, AMT decimal(9,1), NAME varchar(40))",
		"ALTER TABLE AMOUNT RENAME TO OLD_AMOUNT", "ALTER TABLE NEXT_AMOUNT RENAME TO AMOUNT"}, "2.55", "", dialect.CodeNotExact, connectors.ItemError},
	{"a view in its place", "", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "ALTER TABLE BASE DROP COLUMN AMT", "ALTER TABLE BASE ADD COLUMN AMT decimal(9,1)", "CREATE VIEW AMOUNT AS SELECT ID, AMT, NAME FROM BASE"}, "2.55", "", "", connectors.ItemError},
	{"a domain", "postgres", []string{"CREATE DOMAIN d1 AS numeric(9,1)", "ALTER TABLE AMOUNT ALTER AMT TYPE d1"}, "2.55", "", dialect.CodeNotExact, connectors.ItemError},
	{"an engine without transactions", "mariadb", []string{"ALTER TABLE AMOUNT ENGINE=MyISAM"}, "2.55", "", dialect.CodeNoTx, connectors.TargetError},
	{"an engine that keeps nothing", "mariadb", []string{"INSTALL PLUGIN IF NOT EXISTS BLACKHOLE SONAME 'ha_blackhole'", "ALTER TABLE AMOUNT ENGINE=BLACKHOLE"}, "2.55", "", dialect.CodeNoTx, connectors.TargetError},
	{"a view over one without transactions", "mariadb", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "ALTER TABLE BASE ENGINE=MyISAM", "CREATE VIEW MID AS SELECT * FROM BASE", "CREATE VIEW AMOUNT AS SELECT * FROM MID"}, "2.55", "", dialect.CodeNoTx, connectors.TargetError},
	{"a ledger without transactions", "mariadb", []string{"ALTER TABLE INBASKET_LEDGER ENGINE=MyISAM"}, "2.55", "", dialect.CodeNoTx, connectors.TargetError},
	{"an enum", "postgres", []string{"CREATE TYPE et AS ENUM ('n', 'w')", "ALTER TABLE AMOUNT ALTER NAME TYPE et USING NAME::et"}, "2.55", "2|2.55|n", "", connectors.Written},
	{"bytes", "postgres", []string{"ALTER TABLE AMOUNT ALTER NAME TYPE bytea USING convert_to(NAME, 'UTF8')"}, "2.55", "2|2.55|6e", "", connectors.Written},
	{"a shorter text", "postgres", []string{"ALTER TABLE AMOUNT ALTER NAME TYPE char(1)"}, "2.55", "2|2.55|n", "", connectors.Written},
	{"a column more in the ledger", "", []string{"DELETE FROM INBASKET_LEDGER", "ALTER TABLE INBASKET_LEDGER DROP COLUMN DIGEST"}, "2.55", "2|2.55|n", "", connectors.Written},
	{"a table of another server", "postgres", []string{"CREATE EXTENSION file_fdw", "CREATE SERVER f FOREIGN DATA WRAPPER file_fdw", "ALTER TABLE AMOUNT RENAME TO OLD_AMOUNT",
		"CREATE FOREIGN TABLE AMOUNT (ID integer, AMT numeric(9,2), NAME text) SERVER f OPTIONS (filename '/dev/null')"}, "2.55", "", dialect.CodeNoTx, connectors.TargetError},
	{"a trigger that swallows", "postgres", []string{"CREATE FUNCTION nope() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
		"CREATE TRIGGER g BEFORE INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION nope()"}, "2.55", "", dialect.CodeRows, connectors.ItemError},
	{"a trigger that swallows", "sqlite", []string{"CREATE TRIGGER g BEFORE INSERT ON AMOUNT BEGIN SELECT RAISE(IGNORE); END"}, "2.55", "", dialect.CodeRows, connectors.ItemError},
	{"a rule that swallows", "postgres", []string{"CREATE RULE r AS ON INSERT TO AMOUNT DO INSTEAD NOTHING"}, "2.55", "", dialect.CodeRows, connectors.ItemError},
	{"a trigger that swallows the ledger's row", "postgres", []string{"CREATE FUNCTION nope() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
		"CREATE TRIGGER g BEFORE INSERT ON INBASKET_LEDGER FOR EACH ROW EXECUTE FUNCTION nope()"}, "2.55", "", dialect.CodeRows, connectors.TargetError},
	{"a number of its own", "postgres", []string{"ALTER TABLE AMOUNT ALTER ID ADD GENERATED ALWAYS AS IDENTITY"}, "2.55", "", dialect.CodeGenerated, connectors.TargetError},
	{"a computed column", "postgres", []string{"ALTER TABLE AMOUNT DROP NAME", "ALTER TABLE AMOUNT ADD NAME text GENERATED ALWAYS AS ('n') STORED"}, "2.55", "", dialect.CodeGenerated, connectors.TargetError},
	{"a view over a computed column", "postgres", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "ALTER TABLE BASE DROP NAME", "ALTER TABLE BASE ADD NAME text GENERATED ALWAYS AS ('n') STORED", "CREATE VIEW AMOUNT AS SELECT * FROM BASE"}, "2.55", "", dialect.CodeGenerated, connectors.TargetError},
	{"a computed column", "mariadb", []string{"ALTER TABLE AMOUNT DROP NAME, ADD NAME varchar(40) AS ('n')"}, "2.55", "", dialect.CodeGenerated, connectors.TargetError},
	{"a stored computed column", "mariadb", []string{"ALTER TABLE AMOUNT DROP NAME, ADD NAME varchar(40) AS ('n') STORED"}, "2.55", "", dialect.CodeGenerated, connectors.TargetError},
	{"a view over a computed column", "mariadb", []string{"ALTER TABLE AMOUNT DROP NAME, ADD NAME varchar(40) AS ('n')", "ALTER TABLE AMOUNT RENAME TO BASE", "CREATE VIEW AMOUNT AS SELECT * FROM BASE"}, "2.55", "", dialect.CodeGenerated, connectors.TargetError},
	{"a computed column", "sqlite", []string{"DROP TABLE AMOUNT", "CREATE TABLE AMOUNT (ID integer PRIMARY KEY, AMT numeric, NAME text AS ('n'))"}, "2.55", "", dialect.CodeGenerated, connectors.TargetError},
	{"a stored computed column", "sqlite", []string{"DROP TABLE AMOUNT", "CREATE TABLE AMOUNT (ID integer PRIMARY KEY, AMT numeric, NAME text AS ('n') STORED)"}, "2.55", "", dialect.CodeGenerated, connectors.TargetError},
	{"a type like STRING", "sqlite", []string{"DROP TABLE AMOUNT", "CREATE TABLE AMOUNT (ID integer PRIMARY KEY, AMT text, NAME string)"}, "2.55", "2|2.55|n", "", connectors.Written},
}

// TestChangedUnderUs changes a table under an open target that has written to it: what is written is right by what the
// table is now, or nothing is written.
func TestChangedUnderUs(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine, func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "changes.db")}, nil}
	}} {
		for _, c := range changes {
			e := fresh(t)
			if c.only != "" && c.only != e.typ {
				continue
			}
			t.Run(e.typ+" "+c.name, func(t *testing.T) { c.try(t, e) })
		}
	}
}

func (c change) try(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, amountTable)
	for i := range int64(3) { // statements are prepared, the catalog is remembered
		written(t, deliver(t, tg, amountOf(fmt.Sprint("W", i), 10+i, "1.50", "w")), fmt.Sprint("W", i))
	}
	exec(t, tg, c.sqls...)
	d := amountOf("X", 2, c.amt, "n")
	var o connectors.Outcome
	for range 2 { // the first may find prepared statements stale: that is said, and nothing is written
		out, _ := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{d}})
		if o = out[0]; o.Class != connectors.Transient {
			break
		}
	}
	if o.Class != c.class || c.code != "" && o.Code != c.code {
		t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	rows := query(t, tg, "SELECT ID, AMT, NAME FROM AMOUNT WHERE ID = 2")
	if c.wanted == "" {
		same(t, rows)
		same(t, query(t, tg, "SELECT SUBMISSION FROM INBASKET_LEDGER WHERE SUBMISSION = 'X'"))
		return
	}
	same(t, rows, c.wanted)
}

// TestChangedInBetween changes the table after the catalog was looked at and before the rows go: the transaction itself
// finds it.
func TestChangedInBetween(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine, func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "between.db")}, nil}
	}} {
		e := fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, amountTable)
			if e.typ == "mariadb" {
				defer changedEngine(t, e)
			}
			inner, times := tg.Sys.Table, 0
			tg.Sys.Table = func(ctx context.Context, s dialect.Session, schema, name string) (*dialect.Table, error) {
				tab, err := inner(ctx, s, schema, name)
				if times++; name == "AMOUNT" && times < 3 {
					exec(t, tg, "DROP TABLE AMOUNT", "CREATE TABLE AMOUNT (ID integer NOT NULL PRIMARY KEY, AMT decimal(9,1), NAME varchar(40))")
				}
				return tab, err
			}
			m := deliver(t, tg, amountOf("X", 1, "2.55", "n"), amountOf("Y", 2, "2.5", "n"))
			if o := m["X"]; o.Class != connectors.ItemError || o.Code != dialect.CodeNotExact {
				t.Fatalf("%+v", o)
			}
			written(t, m, "Y")
			same(t, query(t, tg, "SELECT ID, AMT FROM AMOUNT"), "2|2.5")
		})
	}
}

// changedEngine takes a table's transactions away after the catalog was looked at: not even the row that goes back is
// left there.
func changedEngine(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, "DROP TABLE AMOUNT", amountTable)
	inner := tg.Sys.Table
	tg.Sys.Table = func(ctx context.Context, s dialect.Session, schema, name string) (*dialect.Table, error) {
		tab, err := inner(ctx, s, schema, name)
		if name == "AMOUNT" {
			exec(t, tg, "ALTER TABLE AMOUNT ENGINE=MyISAM")
		}
		return tab, err
	}
	out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{amountOf("Z", 3, "2.5", "n")}})
	if connectors.ClassOf(err) != connectors.TargetError || out[0].Code != dialect.CodeNoTx {
		t.Fatalf("%v %+v", err, out)
	}
	same(t, query(t, tg, "SELECT ID FROM AMOUNT"))
}

// TestIsolation has the proof hold whatever isolation the session asks for.
func TestIsolation(t *testing.T) {
	e := postgresEngine(t)
	tg := e.open(t, func(c *dialect.Config) { c.Session = []string{"SET default_transaction_isolation = 'serializable'"} })
	exec(t, tg, amountTable)
	written(t, deliver(t, tg, amountOf("W", 10, "1.50", "w")), "W")
	var isolation string
	inner := tg.Sys.Prove
	tg.Sys.Prove = func(proofs []*dialect.Proof) []dialect.Statement {
		look := dialect.Statement{SQL: "SHOW transaction_isolation", Rows: true, Item: -1, Each: func(_ []string, vals []connectors.Value) bool {
			if vals != nil {
				isolation = vals[0].Str
			}
			return true
		}}
		return append(inner(proofs), look)
	}
	written(t, deliver(t, tg, amountOf("X", 11, "1.50", "w")), "X")
	if isolation != "read committed" {
		t.Fatalf("isolation %q", isolation)
	}
}

// TestLoose lets the database change what the mapping says that it may.
func TestLoose(t *testing.T) {
	for _, c := range []struct {
		fresh     func(testing.TB) engine
		typ, want string
		v         connectors.Value
	}{
		{postgresEngine, "numeric(9,1)", "2.6", decimal("2.55")}, {postgresEngine, "interval", "1 day", text("P1D")}, {postgresEngine, "char(5)", "ab", text("ab ")},
		{postgresEngine, "timestamp(0)", "2026-01-01 00:00:00", dateTime("2025-12-31T23:59:59.678")}, {postgresEngine, "jsonb", `{"a": 2}`, text(`{"a":1,"a":2}`)},
		{mariaEngine, "float", "1234570", decimal("1234567.55")}, {mariaEngine, "datetime", "2025-12-31 23:59:59", dateTime("2025-12-31T23:59:59.678")},
		{mariaEngine, "char(5)", "ab", text("ab ")}, {mariaEngine, "enum('a','b')", "b", text("B")},
	} {
		e := c.fresh(t)
		t.Run(e.typ+" "+c.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, "CREATE TABLE LOOSE (K integer, V "+c.typ+")")
			shape := &connectors.Shape{Write: "w", Object: "LOOSE", Op: connectors.Insert, Fields: []string{"K", "V"}, Loose: []int{1}}
			written(t, deliver(t, tg, connectors.Delivery{Key: "L/register-1", Submission: "L", Records: []connectors.Record{{Shape: shape, Values: []connectors.Value{integer(1), c.v}}}}), "L")
			show := map[string]string{"postgres": "V::text", "mariadb": "CAST(V AS CHAR)"}[e.typ]
			if got := query(t, tg, "SELECT "+show+" FROM LOOSE"); len(got) != 1 || strings.TrimRight(got[0], " ") != c.want {
				t.Fatalf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestSchemaOfSQLite proves tables of a schema that is named.
func TestSchemaOfSQLite(t *testing.T) {
	e := engine{"sqlite", dialect.Config{Path: emptyFile(t, "schema.db")}, nil}
	tg := e.open(t, func(c *dialect.Config) { c.Schema = "main" })
	exec(t, tg, amountTable)
	written(t, deliver(t, tg, amountOf("W", 1, "2.55", "n")), "W")
	exec(t, tg, "DROP TABLE AMOUNT", "CREATE TABLE AMOUNT (ID integer PRIMARY KEY, AMT decimal(9,1), NAME text)")
	if o := deliver(t, tg, amountOf("X", 2, "2.55", "n"))["X"]; o.Code != dialect.CodeNotExact {
		t.Fatalf("%+v", o)
	}
}

// TestKeysUnderUs takes the key of an upsert away and gives another: no row is doubled, and no other one is hit.
func TestKeysUnderUs(t *testing.T) {
	shape := *amount
	shape.Op = connectors.Upsert
	upsert := func(key string, id int64, amt, name string) connectors.Delivery {
		d := amountOf(key, id, amt, name)
		d.Records[0].Shape = &shape
		return d
	}
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine} {
		e := fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, amountTable)
			written(t, deliver(t, tg, upsert("A", 1, "1.50", "one"), upsert("B", 2, "1.50", "two")), "A", "B")
			exec(t, tg, "ALTER TABLE AMOUNT ADD CONSTRAINT other UNIQUE (NAME)")
			m := deliver(t, tg, upsert("C", 3, "9.00", "one")) // the name is taken by row 1
			if o := m["C"]; o.Class != connectors.ItemError || o.Code != dialect.CodeDuplicate {
				t.Fatalf("%+v", o)
			}
			drop := "ALTER TABLE AMOUNT DROP PRIMARY KEY"
			if e.typ == "postgres" {
				drop = "ALTER TABLE AMOUNT DROP CONSTRAINT amount_pkey"
			}
			exec(t, tg, drop)
			for range 2 {
				out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{upsert("D", 1, "9.00", "three")}})
				if connectors.ClassOf(err) == connectors.Written || out[0].Class == connectors.Written {
					t.Fatalf("%v %+v", err, out)
				}
			}
			same(t, query(t, tg, "SELECT ID, AMT, NAME FROM AMOUNT"), "1|1.50|one", "2|1.50|two")
		})
	}
}

// TestDigestOfMariaDB has what an account with rights on single columns sees differ with the table, and only then.
func TestDigestOfMariaDB(t *testing.T) {
	tg := mariaEngine(t).open(t, nil)
	exec(t, tg, amountTable)
	s, err := tg.Pool.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	schema := query(t, tg, "SELECT DATABASE()")[0]
	seen := map[string]bool{}
	for i, ddl := range []string{"", "ALTER TABLE AMOUNT MODIFY AMT decimal(9,1)", "ALTER TABLE AMOUNT ADD UNIQUE KEY other (NAME)", "ALTER TABLE AMOUNT MODIFY NAME varchar(40) character set latin1",
		"ALTER TABLE AMOUNT MODIFY AMT decimal(9,1) NOT NULL", "ALTER TABLE AMOUNT ENGINE=MyISAM"} {
		if ddl != "" {
			exec(t, tg, ddl)
		}
		exec(t, tg, fmt.Sprintf("INSERT INTO AMOUNT VALUES (%d, 1, '%d')", i, i))
		for range 2 {
			res, err := s.Run(context.Background(), []dialect.Statement{{SQL: mysql.Digest, Args: []any{schema, "AMOUNT", schema, "AMOUNT", schema, "AMOUNT"}, Rows: true, Item: -1}}, false, false)
			if err != nil {
				t.Fatal(err)
			}
			seen[dialect.PrintOf(res[0])] = true
		}
		if len(seen) != i+1 {
			t.Fatalf("%q: %v", ddl, seen)
		}
	}
}
