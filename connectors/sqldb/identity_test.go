package sqldb

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/results"
)

// identities asks a query, and returns how its rows are called.
func identities(t *testing.T, tg *Target, query string, id ...string) (all []string) {
	t.Helper()
	src, err := tg.Answers(connectors.Question{Query: query, ID: id, Mark: "UPDATE DECISION SET SENT = 'x' WHERE 1 = 0"})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	list, err := src.(*results.Answers).Poll(context.Background(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.Trouble != nil {
			t.Errorf("%s: %v", r.ID, r.Trouble)
		}
		all = append(all, r.ID)
	}
	return all
}

// testIdentities has rows whose IDs are made of several columns: each has a name of its own, which a person can read.
func testIdentities(t *testing.T, e engine) {
	tg := e.open(t, nil)
	var rows []string
	for _, parts := range []string{"'7', 'b'", "'7', NULL", "'7', ''", "NULL, '7'", "'7', 'NULL'", "'a/', 'b'", "'a', '/b'", "'a/b', 'c'", "'a', 'b/c'", `'"a', 'b'`, `'a', '"b"'`, "NULL, ''"} {
		rows = append(rows, "SELECT "+parts)
	}
	rows[0] = "SELECT '7' AS A, 'b' AS B"
	query := strings.Join(rows, " UNION ALL ")
	got := identities(t, tg, query, "A", "B")
	if len(got) != len(rows)-1 || got[0] != "7/b" || got[1] != "7/NULL" || !slices.Contains(got, "a//b/c") {
		t.Fatalf("%q", got)
	}
	for i, id := range got {
		if slices.Contains(got[:i], id) || strings.ContainsFunc(id, unicode.IsControl) {
			t.Errorf("%q", id)
		}
	}
	binary := map[string]string{"postgres": `'\x0001ff'::bytea`}[e.typ]
	if binary == "" {
		binary = "X'0001ff'"
	}
	same(t, identities(t, tg, "SELECT "+binary+" AS A", "A"), "0001ff")
}

// TestBits reads what MariaDB keeps as bits: a number, as it is written.
func TestBits(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{mariaEngine, mysqlEngine} {
		e := fresh(t)
		tg := e.open(t, nil)
		exec(t, tg, "CREATE TABLE BITS (ID integer AUTO_INCREMENT PRIMARY KEY, STATUS bit(1), MANY bit(64))", "INSERT INTO BITS (STATUS, MANY) VALUES (b'1', b'1'), (b'0', 18446744073709551615), (NULL, 258)")
		same(t, query(t, tg, "SELECT STATUS, MANY FROM BITS"), "1|1", "0|18446744073709551615", "NULL|258")
		same(t, identities(t, tg, "SELECT STATUS, MANY FROM BITS WHERE ID = 2", "STATUS", "MANY"), "0/18446744073709551615")
		d := connectors.Delivery{Key: "B/register-1", Submission: "B", Records: []connectors.Record{{Values: []connectors.Value{integer(1), integer(9)},
			Shape: &connectors.Shape{Write: "bits", Object: "BITS", Op: connectors.Insert, Fields: []string{"STATUS", "MANY"}, Returning: []string{"STATUS"}}}}}
		if got := deliver(t, tg, d)["B"].Returned["bits.STATUS"]; got != integer(1) {
			t.Errorf("%+v", got)
		}
	}
}
