package sqldb

import (
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// TestSystemVersioning writes in every mode to tables of MariaDB that keep what their rows were: with one unique key and with two,
// and partitioned by history.
func TestSystemVersioning(t *testing.T) {
	for _, more := range []string{"", ", UNIQUE (NAME)"} {
		for _, tail := range []string{"", " PARTITION BY SYSTEM_TIME (PARTITION h HISTORY, PARTITION c CURRENT)"} {
			tg := mariaEngine(t).open(t, nil)
			exec(t, tg, "CREATE TABLE AMOUNT (ID integer PRIMARY KEY, AMT decimal(9,2), NAME varchar(40)"+more+") WITH SYSTEM VERSIONING"+tail, "INSERT INTO AMOUNT (ID, NAME) VALUES (1, 'one'), (2, 'two')",
				"ALTER TABLE INBASKET_LEDGER ADD SYSTEM VERSIONING")
			if err := tg.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i, op := range []connectors.Op{connectors.Upsert, connectors.Update, connectors.ReplaceChildren, connectors.Upsert} {
				shape, keys := *amount, []string{"a", "b", "c"}
				shape.Op = op
				var ds []connectors.Delivery
				for n := range keys {
					d := amountOf(keys[n]+string(rune('A'+i)), int64(n+1), "1.5", keys[n])
					d.Records[0].Shape = &shape
					ds = append(ds, d)
					keys[n] += string(rune('A' + i))
				}
				written(t, deliver(t, tg, ds...), keys...)
			}
			back := *amount
			back.Returning = []string{"NAME"} // the ledger's row is changed for it
			d := amountOf("R", 4, "1.5", "d")
			d.Records[0].Shape = &back
			written(t, deliver(t, tg, d), "R")
			same(t, query(t, tg, "SELECT ID, NAME FROM AMOUNT"), "1|a", "2|b", "3|c", "4|d")
		}
	}
}

// TestReturnedChar has databases fill a column with blanks: what comes back is the text without them, everywhere.
func TestReturnedChar(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine, func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "char.db")}, nil}
	}} {
		e := fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, "CREATE TABLE AMOUNT (ID integer PRIMARY KEY, AMT decimal(9,2), NAME varchar(40), CODE char(8) DEFAULT 'AB', PLAIN varchar(8) DEFAULT 'AB ')")
			shape := *amount
			shape.Returning = []string{"CODE", "PLAIN"}
			for range 2 { // the second time out of the ledger
				d := amountOf("X", 1, "1.5", "x")
				d.Records[0].Shape = &shape
				got := deliver(t, tg, d)["X"].Returned
				if c, p := got[shape.Write+".CODE"].Str, got[shape.Write+".PLAIN"].Str; c != "AB" || p != "AB " {
					t.Errorf("%q %q", c, p)
				}
			}
		})
	}
}

// TestSameRow has two records of one form name one row: where they differ the last must not take the place of the first, and others go.
func TestSameRow(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine, func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "same.db")}, nil}
	}} {
		e := fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, amountTable, "INSERT INTO AMOUNT (ID, NAME) VALUES (3, 'old')")
			upsert, update, meant := *amount, *amount, *amount
			upsert.Op, update.Op, meant.Op, meant.Unchecked = connectors.Upsert, connectors.Update, connectors.Upsert, true
			two := func(key string, shape *connectors.Shape, id int64, amt, name connectors.Value) connectors.Delivery {
				d := amountOf(key, id, "1.5", "a")
				d.Records = append(d.Records, connectors.Record{Shape: shape, Values: []connectors.Value{integer(id), amt, name}})
				d.Records[0].Shape = shape
				return d
			}
			one := connectors.Value{Kind: connectors.Decimal, Str: "1.5"}
			m := deliver(t, tg, two("A", &upsert, 1, one, text("a")), two("B", &upsert, 2, one, text("b")), two("C", &update, 3, one, connectors.Value{Kind: connectors.Null}),
				two("D", &upsert, 4, connectors.Value{}, text("a")), two("E", &meant, 5, one, text("b")))
			written(t, m, "A", "D", "E")
			for _, key := range []string{"B", "C"} {
				if o := m[key]; o.Class != connectors.ItemError || o.Code != dialect.CodeSameRow {
					t.Errorf("%s: %s %s: %s", key, o.Class, o.Code, o.Text)
				}
			}
			same(t, query(t, tg, "SELECT ID, NAME FROM AMOUNT"), "1|a", "3|old", "4|a", "5|b")
		})
	}
}
