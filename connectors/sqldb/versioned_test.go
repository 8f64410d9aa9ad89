package sqldb

import (
	"testing"

	"github.com/inbasket/inbasket/connectors"
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
