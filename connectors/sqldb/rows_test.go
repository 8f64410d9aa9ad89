package sqldb

import (
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// leaving is a way in which a system writes other rows than it is sent, without an error.
type leaving struct {
	name string
	only string // a type of engine; empty: all
	sqls []string
	op   connectors.Op
	key  int // of the shape: 0 is ID, 2 is NAME
	code string
	left string // what stands with rows: unchecked
}

const (
	nothingToDo = "CREATE FUNCTION nope() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
	before      = "CREATE TRIGGER g BEFORE INSERT OR UPDATE OR DELETE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION nope()"
)

var leavings = []leaving{
	{"insert left out", "postgres", []string{nothingToDo, before}, connectors.Insert, 0, CodeRows, "1|old"},
	{"upsert left out", "postgres", []string{nothingToDo, before}, connectors.Upsert, 0, CodeRows, "1|old"},
	{"update left out", "postgres", []string{nothingToDo, before}, connectors.Update, 0, CodeNoRow, "1|old"},
	{"delete left out", "postgres", []string{nothingToDo, "CREATE TRIGGER g BEFORE DELETE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION nope()", "ALTER TABLE AMOUNT DROP CONSTRAINT amount_pkey"},
		connectors.ReplaceChildren, 0, CodeRows, "1|new,1|old"},
	{"insert redirected by a rule", "postgres", []string{"CREATE TABLE OTHER (LIKE AMOUNT)", "CREATE RULE r AS ON INSERT TO AMOUNT DO INSTEAD INSERT INTO OTHER VALUES (NEW.ID, NEW.AMT, NEW.NAME)"},
		connectors.Insert, 0, "", "1|old"},
	{"insert into a view with a trigger that puts it elsewhere", "postgres", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "CREATE VIEW AMOUNT AS SELECT * FROM BASE", nothingToDo,
		"CREATE TRIGGER g INSTEAD OF INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION nope()"}, connectors.Insert, 0, CodeRows, "1|old"},
	{"insert into a table whose rows are put into others", "postgres", []string{"CREATE TABLE PART () INHERITS (AMOUNT)",
		"CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO PART VALUES (NEW.*); RETURN NULL; END'",
		"CREATE TRIGGER g BEFORE INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION away()"}, connectors.Insert, 0, CodeRows, "1|old,2|new"},
	{"insert left out", "sqlite", []string{"CREATE TRIGGER g BEFORE INSERT ON AMOUNT BEGIN SELECT RAISE(IGNORE); END"}, connectors.Insert, 0, CodeRows, "1|old"},
	{"upsert left out", "sqlite", []string{"CREATE TRIGGER g BEFORE INSERT ON AMOUNT BEGIN SELECT RAISE(IGNORE); END"}, connectors.Upsert, 0, CodeRows, "1|old"},
	{"delete left out", "sqlite", []string{"CREATE TABLE A2 (ID integer, AMT decimal(9,2), NAME varchar(40))", "INSERT INTO A2 SELECT * FROM AMOUNT", "DROP TABLE AMOUNT", "ALTER TABLE A2 RENAME TO AMOUNT",
		"CREATE TRIGGER g BEFORE DELETE ON AMOUNT BEGIN SELECT RAISE(IGNORE); END"}, connectors.ReplaceChildren, 0, CodeRows, "1|new,1|old"},
	{"insert into a view with a trigger that puts it elsewhere", "sqlite", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "CREATE VIEW AMOUNT AS SELECT * FROM BASE",
		"CREATE TRIGGER g INSTEAD OF INSERT ON AMOUNT BEGIN SELECT 1; END"}, connectors.Insert, 0, CodeRows, "1|old"},
	{"update that hits two rows", "", []string{"INSERT INTO AMOUNT (ID, NAME) VALUES (7, 'new')", "INSERT INTO AMOUNT (ID, NAME) VALUES (8, 'new')"}, connectors.Update, 2, CodeRows, ""},
}

// TestRowsDiffer has systems write more or fewer rows than they are sent: nothing is written, the submission parks, and its
// text names table and counts. Where the mapping says that it is meant, it is as the system does it.
func TestRowsDiffer(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine, func(t testing.TB) engine {
		return engine{"sqlite", Config{Path: emptyFile(t, "rows.db")}, nil}
	}} {
		for _, l := range leavings {
			e := fresh(t)
			if l.only == "" || l.only == e.typ {
				t.Run(e.typ+" "+l.name, func(t *testing.T) { l.try(t, e) })
			}
		}
	}
}

func (l leaving) try(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, amountTable, "INSERT INTO AMOUNT (ID, NAME) VALUES (1, 'old')")
	exec(t, tg, l.sqls...)
	shape := *amount
	shape.Op, shape.Key = l.op, []int{l.key}
	id := int64(1)
	if l.op == connectors.Insert || l.op == connectors.Upsert && e.typ == "sqlite" {
		id = 2
	}
	d := amountOf("X", id, "2.5", "new")
	d.Records[0].Shape = &shape
	if l.key > 0 {
		shape.Fields, shape.Key, d.Records[0].Values = amount.Fields[1:], []int{1}, d.Records[0].Values[1:]
	}
	before := query(t, tg, "SELECT ID, NAME FROM AMOUNT")
	o := deliver(t, tg, d)["X"]
	if l.code == "" { // the system counts what it wrote elsewhere
		written(t, map[string]connectors.Outcome{"X": o}, "X")
		return
	}
	if o.Class != connectors.ItemError || o.Code != l.code {
		t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	same(t, query(t, tg, "SELECT ID, NAME FROM AMOUNT"), before...)
	same(t, query(t, tg, "SELECT SUBMISSION FROM INBASKET_LEDGER"))
	if l.left == "" {
		return
	}
	shape.Unchecked = true
	written(t, deliver(t, tg, d), "X")
	got := ""
	for i, r := range query(t, tg, "SELECT ID, NAME FROM AMOUNT") {
		if i > 0 {
			got += ","
		}
		got += r
	}
	if got != l.left {
		t.Fatalf("unchecked: %s, want %s", got, l.left)
	}
}

// TestRowsOfGroups has one row of many left out: the others are written, whatever statement they shared.
func TestRowsOfGroups(t *testing.T) {
	e := postgresEngine(t)
	tg := e.open(t, nil)
	exec(t, tg, amountTable, "CREATE FUNCTION five() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.ID = 5 THEN RETURN NULL; END IF; RETURN NEW; END'",
		"CREATE TRIGGER g BEFORE INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION five()")
	var ds []connectors.Delivery
	for i := range int64(9) {
		ds = append(ds, amountOf(string(rune('A'+i)), i, "1.5", "n"))
	}
	m := deliver(t, tg, ds...)
	if o := m["F"]; o.Class != connectors.ItemError || o.Code != CodeRows || o.Text != "insert into AMOUNT (rows sent: 1, written: 0): "+CodeRows+" ("+hints[CodeRows]+")" {
		t.Fatalf("%+v", o)
	}
	delete(m, "F")
	for k := range m {
		written(t, m, k)
	}
	same(t, query(t, tg, "SELECT COUNT(*) FROM AMOUNT"), "8")
}

// TestUpsertCounts has MariaDB's two ways of an upsert counted: a row that is new, changed, or as it was.
func TestUpsertCounts(t *testing.T) {
	tg := mariaEngine(t).open(t, nil)
	exec(t, tg, amountTable)
	shape := *amount
	shape.Op = connectors.Upsert
	for round, ddl := range []string{"SELECT 1", "ALTER TABLE AMOUNT ADD UNIQUE KEY other (NAME)"} {
		if round > 0 {
			exec(t, tg, ddl, "DELETE FROM INBASKET_LEDGER", "DELETE FROM AMOUNT")
		}
		for i, amt := range []string{"1.5", "1.5", "2.5"} {
			a, b := amountOf("A"+string(rune('0'+i)), 1, amt, "a"), amountOf("B"+string(rune('0'+i)), int64(10+i), amt, "b"+string(rune('0'+i)))
			a.Records[0].Shape, b.Records[0].Shape = &shape, &shape
			m := deliver(t, tg, a, b)
			for k := range m {
				written(t, m, k)
			}
		}
		same(t, query(t, tg, "SELECT ID, AMT FROM AMOUNT"), "1|2.50", "10|1.50", "11|1.50", "12|2.50")
	}
}
