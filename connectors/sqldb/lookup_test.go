package sqldb

import (
	"context"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

func testLookup(t *testing.T, e engine) {
	tg := e.open(t, nil)
	a, b := app("L1", "x"), app("L2", "x")
	m := deliver(t, tg, a)
	found, err := tg.Lookup(context.Background(), connectors.Group{Items: []connectors.Delivery{a, b}})
	if err != nil || len(found) != 2 {
		t.Fatal(err)
	}
	if found[0].Presence != connectors.Present || found[0].Returned["application.CASE_NO"] != m["L1"].Returned["application.CASE_NO"] ||
		found[1].Presence != connectors.Absent {
		t.Fatalf("%+v", found)
	}
	same(t, query(t, tg, "SELECT SUBMISSION FROM INBASKET_LEDGER"), "L1")
}

func testLookupKeys(t *testing.T, e engine) {
	tg := e.open(t, func(c *dialect.Config) { c.Ledger, c.LedgerTable, c.CreateLedger = false, "none", false })
	if l := tg.Abilities().Guarantee.Level; l != "parks-when-unclear" {
		t.Fatal(l)
	}
	a, b := flat("M1", 1, "a"), flat("M2", 2, "b")
	written(t, deliver(t, tg, a), "M1")
	found, err := tg.Lookup(context.Background(), connectors.Group{Items: []connectors.Delivery{a, b, flat("M3", 1, "a", "child without key")}})
	if err != nil {
		t.Fatal(err)
	}
	if found[0].Presence != connectors.Present || found[1].Presence != connectors.Absent || found[2].Presence != connectors.Unknown {
		t.Fatalf("%+v", found)
	}
}

func testCheck(t *testing.T, e engine) {
	tg := e.open(t, nil)
	if err := tg.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	same(t, query(t, tg, "SELECT COUNT(*) FROM INBASKET_LEDGER"), "0")
	exec(t, tg, "DROP TABLE INBASKET_LEDGER")
	bare := e.open(t, func(c *dialect.Config) { c.CreateLedger = false })
	if err := bare.Check(context.Background()); err == nil || err.(*connectors.Error).Code != dialect.CodeNoLedger {
		t.Fatal(err)
	}
}

func testAnswers(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, "INSERT INTO DECISION (ID, STATUS, REASON, PDF, SENT) VALUES (1, 'A', NULL, "+e.hex("255044460001")+", NULL)",
		"INSERT INTO DECISION (ID, STATUS, REASON, PDF, SENT) VALUES (2, 'R', 'no: way', NULL, NULL)")
	clock := tg.Env.Clock.(*fakeClock)
	src, err := tg.Answers(connectors.Question{Query: "SELECT ID, STATUS, REASON, PDF FROM DECISION WHERE SENT IS NULL ORDER BY ID", ID: []string{"ID"},
		Mark: "UPDATE DECISION SET SENT = 'x:y' WHERE ID = :ID AND STATUS = :STATUS AND SENT IS NULL", Binary: []string{"PDF"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	one, err := src.Next(ctx, 1)
	if err != nil || len(one) != 1 || one[0].ID != "1" {
		t.Fatal(one, err)
	}
	pdf, _ := dialect.ReadBlob(one[0].Fields["PDF"].Blob)
	if string(pdf) != "%PDF\x00\x01" || one[0].Fields["STATUS"].Str != "A" || one[0].Fields["REASON"].Kind != connectors.Null {
		t.Fatalf("%+v", one[0].Fields)
	}
	two, err := src.Next(ctx, 10)
	if err != nil || len(two) != 1 || two[0].ID != "2" {
		t.Fatal(two, err)
	}
	// The office changes its mind before the first decision is settled: the second one is not lost.
	exec(t, tg, "UPDATE DECISION SET STATUS = 'B' WHERE ID = 1")
	if err := src.Settle(ctx, []connectors.Receipt{{Handle: "1", Verdict: connectors.Taken}, {Handle: "2", Verdict: connectors.Released}, {Handle: "no"}}); err != nil {
		t.Fatal(err)
	}
	go func() { clock.tick <- clock.now }()
	three, err := src.Next(ctx, 10)
	if err != nil || len(three) != 2 || three[0].Fields["STATUS"].Str != "B" {
		t.Fatal(three, err)
	}
	if err := src.Settle(ctx, []connectors.Receipt{{Handle: "1", Verdict: connectors.Taken}, {Handle: "2", Verdict: connectors.Repeat}}); err != nil {
		t.Fatal(err)
	}
	same(t, query(t, tg, "SELECT ID, SENT FROM DECISION"), "1|x:y", "2|x:y")
	ctx2, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := src.Next(ctx2, 1); err == nil {
		t.Fatal("no error when cancelled")
	}
	_ = src.Close()
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
}

func (e engine) hex(s string) string {
	if e.typ == "postgres" {
		return `'\x` + s + `'`
	}
	return "X'" + s + "'"
}

// testRepeatedWithCulprit has a known key in front of one whose row stands alone in its statement.
func testRepeatedWithCulprit(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, "INSERT INTO APPLICATION (FORM_REF, SURNAME) VALUES ('O3', 'legacy')")
	written(t, deliver(t, tg, app("O1", "x", "p")), "O1")
	m := deliver(t, tg, app("O1", "x", "p"), app("O2", "x", "p"), app("O3", "x", "p"), app("O4", "x", "p"))
	written(t, m, "O1", "O2", "O4")
	if o := m["O3"]; o.Class != connectors.ItemError || o.Code != dialect.CodeDuplicate {
		t.Fatalf("%+v", o)
	}
	same(t, query(t, tg, "SELECT FORM_REF, SURNAME FROM APPLICATION"), "O1|x", "O2|x", "O3|legacy", "O4|x")
}

func testCancelled(t *testing.T, e engine) {
	tg := e.open(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d := flat("N1", 1, "x")
	out, _ := tg.Deliver(ctx, connectors.Group{Items: []connectors.Delivery{d}})
	if out[0].Class == connectors.Written || out[0].Class == connectors.ItemError || out[0].Class == connectors.TargetError {
		t.Fatalf("%+v", out)
	}
	written(t, deliver(t, tg, d), "N1")
}
