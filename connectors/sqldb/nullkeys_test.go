package sqldb

import (
	"context"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// keyed is a write of PERSON by the key of both its columns REF and N.
func keyed(op connectors.Op, key string, ref, n, name connectors.Value) connectors.Delivery {
	shape := &connectors.Shape{Write: "person", Object: "PERSON", Op: op, Fields: []string{"REF", "N", "NAME"}, Key: []int{0, 1}}
	return connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{{Shape: shape, Values: []connectors.Value{ref, n, name}}}}
}

// A key with a NULL names no row: an upsert would insert it each time, children would never be replaced.
func testNullKeys(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, "CREATE TABLE PERSON (REF varchar(40), N integer, NAME varchar(40), UNIQUE (REF, N))")
	for _, op := range []connectors.Op{connectors.Upsert, connectors.Update, connectors.ReplaceChildren} {
		ds := []connectors.Delivery{keyed(op, "X", text("a"), null, text("n")), keyed(op, "Y", null, integer(1), text("n"))}
		if op != connectors.Update {
			ds = append(ds, keyed(op, "A", text("a"), integer(1), text("n")))
		}
		m := deliver(t, tg, ds...)
		for _, key := range []string{"X", "Y"} {
			if o := m[key]; o.Class != connectors.ItemError || o.Code != dialect.CodeNullKey {
				t.Errorf("%v: %s %s: %s (%s)", op, o.Class, o.Code, o.Text, o.Raw)
			}
		}
		same(t, query(t, tg, "SELECT REF, N FROM PERSON"), "a|1")
	}
	w := writes(shape("PERSON", connectors.Upsert, 2, "REF", "N", "NAME"))
	w.Writes[0].Contents = []connectors.Content{{Kind: connectors.Text, Null: true}, {Kind: connectors.Integer, Absent: true}, {Null: true}}
	same(t, examined(t, tg, w), "warn sql.null-key write 0 fields REF", "warn sql.null-key write 0 fields N")
	w.Writes[0].Contents = []connectors.Content{{Value: &null}, {Kind: connectors.Integer}, {}}
	same(t, examined(t, tg, w), "fail sql.null-key write 0 fields REF")

	bare := e.open(t, func(c *dialect.Config) { c.LedgerTable = "NONE" })
	bare.Cfg.Ledger = false
	exec(t, tg, "INSERT INTO PERSON (REF, NAME) VALUES ('b', 'n')")
	found, err := bare.Lookup(context.Background(), connectors.Group{Items: []connectors.Delivery{keyed(connectors.Insert, "L", text("b"), null, text("n"))}})
	if err != nil || found[0].Presence != connectors.Unknown {
		t.Errorf("%+v %v", found, err)
	}
}

// TestNullsThatAreOneKey lets an upsert by a NULL go where the unique key takes it for a value.
func TestNullsThatAreOneKey(t *testing.T) {
	tg := postgresEngine(t).open(t, nil)
	exec(t, tg, "CREATE TABLE PERSON (REF text, N integer, NAME text, UNIQUE NULLS NOT DISTINCT (REF, N))")
	written(t, deliver(t, tg, keyed(connectors.Upsert, "A", text("a"), null, text("one"))), "A")
	written(t, deliver(t, tg, keyed(connectors.Upsert, "B", text("a"), null, text("two")), keyed(connectors.Upsert, "C", null, null, text("three"))), "B", "C")
	same(t, query(t, tg, "SELECT REF, N, NAME FROM PERSON"), "a|NULL|two", "NULL|NULL|three")
	if o := deliver(t, tg, keyed(connectors.Update, "D", text("a"), null, text("x")))["D"]; o.Code != dialect.CodeNullKey {
		t.Errorf("%+v", o)
	}
}
