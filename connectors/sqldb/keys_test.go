package sqldb

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// keyRule is a way in which a database takes one key for another.
type keyRule struct {
	name       string
	typ        string
	sqls       []string
	there, key string // what stands in the table, and what a form has
	index      bool   // it is the unique index that takes them for the same, not the column
}

const (
	anyCase  = "CREATE COLLATION ANYCASE (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
	personOf = "CREATE TABLE PERSON (REF @ NOT NULL PRIMARY KEY, NAME varchar(40))"
)

func person(typ string) string { return strings.Replace(personOf, "@", typ, 1) }

var keyRules = []keyRule{
	{name: "letters of a collation", typ: "postgres", sqls: []string{anyCase, person("varchar(40) COLLATE ANYCASE")}, there: "Müller", key: "MÜLLER"},
	{name: "letters of a domain's collation", typ: "postgres", sqls: []string{anyCase, "CREATE DOMAIN REFERENCE AS text COLLATE ANYCASE", person("REFERENCE")}, there: "Müller", key: "MÜLLER"},
	{name: "letters of an index", typ: "postgres", sqls: []string{anyCase, "CREATE TABLE PERSON (REF text NOT NULL, NAME text)", "CREATE UNIQUE INDEX U ON PERSON (REF COLLATE ANYCASE)"}, there: "Müller", key: "MÜLLER", index: true},
	{name: "letters of citext", typ: "postgres", sqls: []string{"CREATE EXTENSION citext", person("citext")}, there: "Muller", key: "MULLER"},
	{name: "blanks of bpchar", typ: "postgres", sqls: []string{person("bpchar")}, there: "ab", key: "ab "},
	{name: "blanks of bpchar that stand there", typ: "postgres", sqls: []string{person("bpchar")}, there: "ab ", key: "ab"},
	{name: "blanks of char", typ: "postgres", sqls: []string{person("char(3)")}, there: "ab", key: "ab "},
	{name: "two ways to say one interval", typ: "postgres", sqls: []string{person("interval")}, there: "1 day", key: "24:00:00"},
	{name: "letters", typ: "mariadb", sqls: []string{person("varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")}, there: "Müller", key: "MULLER"},
	{name: "letters of latin1", typ: "mariadb", sqls: []string{person("varchar(40) CHARACTER SET latin1")}, there: "Jose Peña", key: "jose peña"},
	{name: "blanks", typ: "mariadb", sqls: []string{person("varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")}, there: "ab", key: "ab "},
	{name: "a unique key by hash", typ: "mariadb", sqls: []string{"CREATE TABLE PERSON (REF text COLLATE utf8mb4_general_ci NOT NULL, NAME varchar(40), UNIQUE (REF) USING HASH)"}, there: "Müller", key: "MULLER"},
	{name: "letters of one of two keys", typ: "mariadb", sqls: []string{"CREATE TABLE PERSON (REF varchar(40) COLLATE utf8mb4_general_ci NOT NULL UNIQUE, NAME varchar(40), N integer AUTO_INCREMENT PRIMARY KEY)"}, there: "Müller", key: "MULLER"},
	{name: "letters", typ: "sqlite", sqls: []string{person("text COLLATE NOCASE")}, there: "Muller", key: "MULLER"},
	{name: "letters of any type", typ: "sqlite", sqls: []string{person("COLLATE NOCASE")}, there: "Muller", key: "MULLER"},
	{name: "blanks", typ: "sqlite", sqls: []string{person("text COLLATE RTRIM")}, there: "ab", key: "ab "},
	{name: "letters of an index", typ: "sqlite", sqls: []string{"CREATE TABLE PERSON (REF text NOT NULL, NAME text)", "CREATE UNIQUE INDEX U ON PERSON (REF COLLATE NOCASE)"}, there: "Muller", key: "MULLER", index: true},
}

func personWrite(op connectors.Op, key, ref, name string) connectors.Delivery {
	shape := &connectors.Shape{Write: "person", Object: "PERSON", Op: op, Fields: []string{"REF", "NAME"}, Key: []int{0}}
	return connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{{Shape: shape, Values: []connectors.Value{text(ref), text(name)}}}}
}

// Keys are compared by bytes: a row whose key the database takes for the form's, though it is another text, is another
// form's row, and stays as it is.
func testKeysByBytes(t *testing.T, e engine) {
	base := e.open(t, nil)
	for _, r := range keyRules {
		if r.typ != strings.Replace(e.typ, "mysql", "mariadb", 1) {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			exec(t, base, "DROP TABLE IF EXISTS PERSON", "DROP TABLE IF EXISTS INBASKET_LEDGER")
			if e.typ == "postgres" {
				exec(t, base, "DROP EXTENSION IF EXISTS citext", "DROP DOMAIN IF EXISTS REFERENCE", "DROP COLLATION IF EXISTS ANYCASE")
			}
			exec(t, base, r.sqls...)
			exec(t, base, "INSERT INTO PERSON (REF, NAME) VALUES ('"+r.there+"', 'theirs')")
			r.try(t, e)
		})
	}
}

func (r keyRule) try(t *testing.T, e engine) {
	tg := e.open(t, nil)
	theirs := query(t, tg, "SELECT REF, NAME FROM PERSON")
	for _, op := range []connectors.Op{connectors.Upsert, connectors.ReplaceChildren, connectors.Update} {
		if r.index && op == connectors.Update {
			continue // by the column it hits nothing
		}
		for _, unchecked := range []bool{false, true} {
			d := personWrite(op, "X", r.key, "ours")
			d.Records[0].Shape.Unchecked = unchecked
			o := deliver(t, tg, d)["X"]
			if o.Class != connectors.ItemError || o.Code != dialect.CodeOtherKey && !(r.index && o.Code == dialect.CodeDuplicate) {
				t.Fatalf("%v: %s %s: %s (%s)", op, o.Class, o.Code, o.Text, o.Raw)
			}
			same(t, query(t, tg, "SELECT REF, NAME FROM PERSON"), theirs...)
		}
	}
	only := personWrite(connectors.Upsert, "X", r.key, "") // nothing but the key
	only.Records[0].Shape.Fields, only.Records[0].Values = []string{"REF"}, only.Records[0].Values[:1]
	if o := deliver(t, tg, only)["X"]; o.Code != dialect.CodeOtherKey {
		t.Fatalf("nothing but the key: %s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	same(t, query(t, tg, "SELECT REF, NAME FROM PERSON"), theirs...)
	r.tryLookup(t, e)
	written(t, deliver(t, tg, personWrite(connectors.Upsert, "W1", r.there, "one")), "W1")
	written(t, deliver(t, tg, personWrite(connectors.Update, "W2", r.there, "two")), "W2")
	written(t, deliver(t, tg, personWrite(connectors.ReplaceChildren, "W3", r.there, "three")), "W3")
	same(t, query(t, tg, "SELECT NAME FROM PERSON"), "three")
	exec(t, tg, "DELETE FROM PERSON")
	m := deliver(t, tg, personWrite(connectors.Upsert, "G1", r.there, "first"), personWrite(connectors.Upsert, "G2", r.key, "second"))
	written(t, m, "G1")
	if m["G2"].Code != dialect.CodeOtherKey {
		t.Fatalf("two forms of one group: %+v", m)
	}
	same(t, query(t, tg, "SELECT NAME FROM PERSON"), "first")
	exec(t, tg, "DELETE FROM PERSON", "INSERT INTO PERSON (REF, NAME) VALUES ('"+r.there+"', 'theirs')")
	d := personWrite(connectors.Upsert, "L", r.key, "ours")
	d.Records[0].Shape.Loose = []int{0}
	written(t, deliver(t, tg, d), "L")
	same(t, query(t, tg, "SELECT NAME FROM PERSON"), "ours")
}

// Another form's row is no sign that this one was written.
func (r keyRule) tryLookup(t *testing.T, e engine) {
	bare := e.open(t, func(c *dialect.Config) { c.LedgerTable = "NONE" })
	bare.Cfg.Ledger = false
	for key, want := range map[string]connectors.Presence{r.key: connectors.Absent, r.there: connectors.Present} {
		found, err := bare.Lookup(context.Background(), connectors.Group{Items: []connectors.Delivery{personWrite(connectors.Insert, "X", key, "ours")}})
		if err != nil {
			t.Fatal(err)
		}
		if found[0].Presence != want {
			t.Errorf("%q: %v", key, found[0].Presence)
		}
	}
}

// TestNoKeyOfARow has unique indexes that name no row by exactly these columns: an upsert by them is refused, and one by
// another key does not touch the rows that they keep apart.
func TestNoKeyOfARow(t *testing.T) {
	for _, c := range []struct {
		name  string
		fresh func(testing.TB) engine
		sqls  []string
	}{
		{"the beginning of a column", mariaEngine, []string{"CREATE TABLE PERSON (REF varchar(40) NOT NULL, NAME varchar(40), UNIQUE (REF(3)))"}},
		{"deferrable", postgresEngine, []string{"CREATE TABLE PERSON (REF text NOT NULL UNIQUE DEFERRABLE, NAME text)"}},
		{"partial", postgresEngine, []string{"CREATE TABLE PERSON (REF text NOT NULL, NAME text)", "CREATE UNIQUE INDEX U ON PERSON (REF) WHERE NAME IS NULL"}},
		{"partial", liteEngine, []string{"CREATE TABLE PERSON (REF text NOT NULL, NAME text)", "CREATE UNIQUE INDEX U ON PERSON (REF) WHERE NAME IS NULL"}},
		{"of an expression", liteEngine, []string{"CREATE TABLE PERSON (REF text NOT NULL, NAME text)", "CREATE UNIQUE INDEX U ON PERSON (lower(REF))"}},
	} {
		e := c.fresh(t)
		t.Run(e.typ+" "+c.name, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, c.sqls...)
			exec(t, tg, "INSERT INTO PERSON (REF, NAME) VALUES ('abcd', 'theirs')")
			out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{personWrite(connectors.Upsert, "X", "abce", "ours")}})
			if connectors.ClassOf(err) != connectors.TargetError || out[0].Code != dialect.CodeNoKey {
				t.Fatalf("%v %+v", err, out)
			}
			same(t, query(t, tg, "SELECT REF, NAME FROM PERSON"), "abcd|theirs")
			same(t, examined(t, tg, writes(shape("PERSON", connectors.Upsert, 1, "REF", "NAME"))), "fail sql.no-unique-key write 0 key")
		})
	}
}

// An upsert by one key that meets a row by another of its unique indexes is refused, whatever kind that index is of.
func TestOtherIndexes(t *testing.T) {
	for _, c := range []struct {
		name  string
		fresh func(testing.TB) engine
		sqls  []string
	}{
		{"the beginning of a column", mariaEngine, []string{"CREATE TABLE PERSON (REF varchar(40) COLLATE utf8mb4_nopad_bin PRIMARY KEY, NAME varchar(40), UNIQUE (NAME(3)))"}},
		{"a column that is included", postgresEngine, []string{"CREATE TABLE PERSON (REF text NOT NULL, NAME text UNIQUE)", "CREATE UNIQUE INDEX U ON PERSON (REF) INCLUDE (NAME)"}},
		{"on conflict replace", liteEngine, []string{"CREATE TABLE PERSON (REF text PRIMARY KEY, NAME text UNIQUE ON CONFLICT REPLACE)"}},
		{"on conflict ignore", liteEngine, []string{"CREATE TABLE PERSON (REF text PRIMARY KEY, NAME text UNIQUE ON CONFLICT IGNORE)"}},
	} {
		e := c.fresh(t)
		t.Run(e.typ+" "+c.name, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, c.sqls...)
			exec(t, tg, "INSERT INTO PERSON (REF, NAME) VALUES ('a', 'theirs')", "INSERT INTO PERSON (REF, NAME) VALUES ('b', 'others')")
			for _, op := range []connectors.Op{connectors.Insert, connectors.Upsert, connectors.Update} {
				for _, ref := range []string{"b", "c"} {
					d := personWrite(op, "X", ref, "theirs")
					d.Records[0].Shape.Unchecked = true
					o := deliver(t, tg, d)["X"]
					if o.Class != connectors.ItemError && !(op == connectors.Update && ref == "c") {
						t.Fatalf("%v %s: %+v", op, ref, o)
					}
					same(t, query(t, tg, "SELECT REF, NAME FROM PERSON"), "a|theirs", "b|others")
					exec(t, tg, "DELETE FROM INBASKET_LEDGER")
				}
			}
			written(t, deliver(t, tg, personWrite(connectors.Upsert, "Y", "b", "new")), "Y")
			same(t, query(t, tg, "SELECT REF, NAME FROM PERSON"), "a|theirs", "b|new")
		})
	}
}

func liteEngine(t testing.TB) engine {
	return engine{"sqlite", dialect.Config{Path: emptyFile(t, "keys.db")}, nil}
}

// Of many forms with keys of two columns only the one is refused that meets another key.
func TestManyKeys(t *testing.T) {
	for typ, fresh := range map[string]func(testing.TB) engine{"varchar(40) COLLATE ANYCASE": postgresEngine, "varchar(40) COLLATE utf8mb4_general_ci": mariaEngine, "text COLLATE NOCASE": liteEngine} {
		e := fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			if e.typ == "postgres" {
				exec(t, tg, anyCase)
			}
			exec(t, tg, "CREATE TABLE PERSON (REF "+typ+" NOT NULL, N integer NOT NULL, NAME varchar(40), PRIMARY KEY (REF, N))", "INSERT INTO PERSON VALUES ('REF', 77, 'theirs'), ('REF', 500, 'others')")
			for _, op := range []connectors.Op{connectors.Upsert, connectors.ReplaceChildren} {
				key := map[connectors.Op]string{connectors.Upsert: "U", connectors.ReplaceChildren: "C"}[op]
				var ds []connectors.Delivery
				for n := range int64(300) {
					d := personWrite(op, fmt.Sprint(key, n), "ref", "ours")
					d.Records[0].Shape = manyKeys[op]
					d.Records[0].Values = append(d.Records[0].Values, integer(n))
					ds = append(ds, d)
				}
				m := deliver(t, tg, ds...)
				if o := m[key+"77"]; o.Class != connectors.ItemError || o.Code != dialect.CodeOtherKey {
					t.Fatalf("%+v", o)
				}
				delete(m, key+"77")
				for k := range m {
					written(t, m, k)
				}
				same(t, query(t, tg, "SELECT COUNT(*), COUNT(CASE WHEN NAME = 'ours' THEN 1 END) FROM PERSON"), "301|299")
			}
		})
	}
}

var manyKeys = map[connectors.Op]*connectors.Shape{
	connectors.Upsert:          {Write: "person", Object: "PERSON", Op: connectors.Upsert, Fields: []string{"REF", "NAME", "N"}, Key: []int{0, 2}},
	connectors.ReplaceChildren: {Write: "person", Object: "PERSON", Op: connectors.ReplaceChildren, Fields: []string{"REF", "NAME", "N"}, Key: []int{0, 2}},
}
