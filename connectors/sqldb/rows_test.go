package sqldb

import (
	"context"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
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
	deleteAgain = "CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM AMOUNT WHERE ID = NEW.ID; RETURN NULL; END'"
	deleteLite  = "CREATE TRIGGER g AFTER INSERT ON AMOUNT BEGIN DELETE FROM AMOUNT WHERE ID = NEW.ID; END"
	swap        = "CREATE FUNCTION swap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM AMOUNT WHERE ID = NEW.ID; INSERT INTO AMOUNT (ID, NAME) VALUES (0, ''dummy''); RETURN NULL; END'"
	swapLite    = "BEGIN DELETE FROM AMOUNT WHERE ID = NEW.ID; INSERT INTO AMOUNT (ID, NAME) VALUES (0, 'dummy'); END"
	before      = "CREATE TRIGGER g BEFORE INSERT OR UPDATE OR DELETE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION nope()"
)

var leavings = []leaving{
	{"insert left out", "postgres", []string{nothingToDo, before}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"upsert left out", "postgres", []string{nothingToDo, before}, connectors.Upsert, 0, dialect.CodeRows, "1|old"},
	{"update left out", "postgres", []string{nothingToDo, before}, connectors.Update, 0, dialect.CodeNoRow, "1|old"},
	{"delete left out", "postgres", []string{nothingToDo, "CREATE TRIGGER g BEFORE DELETE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION nope()", "ALTER TABLE AMOUNT DROP CONSTRAINT amount_pkey"},
		connectors.ReplaceChildren, 0, dialect.CodeRows, "1|new,1|old"},
	{"insert redirected by a rule", "postgres", []string{"CREATE TABLE OTHER (LIKE AMOUNT)", "CREATE RULE r AS ON INSERT TO AMOUNT DO INSTEAD INSERT INTO OTHER VALUES (NEW.ID, NEW.AMT, NEW.NAME)"},
		connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"some inserts redirected by a rule", "postgres", []string{"CREATE TABLE OTHER (LIKE AMOUNT)", "CREATE RULE r AS ON INSERT TO AMOUNT WHERE NEW.ID = 2 DO INSTEAD INSERT INTO OTHER VALUES (NEW.*)"},
		connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"update redirected by a rule", "postgres", []string{"CREATE TABLE OTHER AS SELECT * FROM AMOUNT", "CREATE RULE r AS ON UPDATE TO AMOUNT DO INSTEAD UPDATE OTHER SET NAME = NEW.NAME WHERE ID = OLD.ID"},
		connectors.Update, 0, dialect.CodeRows, "1|old"},
	{"insert that is deleted again", "postgres", []string{deleteAgain, "CREATE TRIGGER g AFTER INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION again()"}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"insert that is deleted at COMMIT", "postgres", []string{deleteAgain, "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON AMOUNT DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION again()"},
		connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"upsert that is deleted again", "postgres", []string{"DELETE FROM AMOUNT", "INSERT INTO AMOUNT (ID, NAME) VALUES (7, 'old')", deleteAgain, "CREATE TRIGGER g AFTER INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION again()"},
		connectors.Upsert, 0, dialect.CodeRows, "7|old"},
	{"update that is deleted again", "postgres", []string{deleteAgain, "CREATE TRIGGER g AFTER UPDATE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION again()"}, connectors.Update, 0, dialect.CodeRows, ""},
	{"children that are deleted again", "postgres", []string{deleteAgain, "CREATE TRIGGER g AFTER INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION again()"}, connectors.ReplaceChildren, 0, dialect.CodeRows, ""},
	{"insert that brings another row", "postgres", []string{"CREATE FUNCTION twice() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO AMOUNT (ID, NAME) VALUES (99, NEW.NAME); RETURN NULL; END'",
		"CREATE TRIGGER g AFTER INSERT ON AMOUNT FOR EACH ROW WHEN (NEW.ID = 2) EXECUTE FUNCTION twice()"}, connectors.Insert, 0, dialect.CodeRows, "1|old,2|new,99|new"},
	{"children that come back at COMMIT", "postgres", []string{"ALTER TABLE AMOUNT DROP CONSTRAINT amount_pkey", "CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO AMOUNT VALUES (OLD.*); RETURN NULL; END'",
		"CREATE CONSTRAINT TRIGGER g AFTER DELETE ON AMOUNT DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION back()"}, connectors.ReplaceChildren, 0, dialect.CodeRows, "1|new,1|old"},
	{"insert into a partition that is deleted again", "postgres", []string{"DROP TABLE AMOUNT", "CREATE TABLE AMOUNT (ID integer NOT NULL, AMT numeric(9,2), NAME text) PARTITION BY LIST (ID)",
		"CREATE TABLE LOW PARTITION OF AMOUNT FOR VALUES IN (1)", "CREATE TABLE HIGH PARTITION OF AMOUNT DEFAULT", "INSERT INTO AMOUNT VALUES (1, 1, 'old')",
		deleteAgain, "CREATE TRIGGER g AFTER INSERT ON HIGH FOR EACH ROW EXECUTE FUNCTION again()"}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"insert into a view whose table deletes it again", "postgres", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "CREATE VIEW AMOUNT AS SELECT * FROM BASE",
		deleteAgain, "CREATE TRIGGER g AFTER INSERT ON BASE FOR EACH ROW EXECUTE FUNCTION again()"}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"insert into a view with a trigger that says so and writes nothing", "postgres", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "CREATE VIEW AMOUNT AS SELECT * FROM BASE",
		"CREATE FUNCTION yes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", "CREATE TRIGGER g INSTEAD OF INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION yes()"}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"insert into a view whose trigger hides an error", "postgres", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "CREATE VIEW AMOUNT AS SELECT * FROM BASE", "CREATE UNIQUE INDEX u ON BASE ((1))",
		"CREATE FUNCTION yes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN BEGIN INSERT INTO BASE VALUES (NEW.*); EXCEPTION WHEN OTHERS THEN NULL; END; RETURN NEW; END'",
		"CREATE TRIGGER g INSTEAD OF INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION yes()"}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"insert that is deleted again", "sqlite", []string{deleteLite}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"upsert that is deleted again", "sqlite", []string{deleteLite}, connectors.Upsert, 0, dialect.CodeRows, "1|old"},
	{"children that are deleted again", "sqlite", []string{deleteLite}, connectors.ReplaceChildren, 0, dialect.CodeRows, ""},
	{"update that is deleted again", "sqlite", []string{"CREATE TRIGGER g AFTER UPDATE ON AMOUNT BEGIN DELETE FROM AMOUNT WHERE ID = NEW.ID; END"}, connectors.Update, 0, dialect.CodeRows, ""},
	{"insert into a view with a trigger that puts it elsewhere", "postgres", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "CREATE VIEW AMOUNT AS SELECT * FROM BASE", nothingToDo,
		"CREATE TRIGGER g INSTEAD OF INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION nope()"}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"insert into a table whose rows are put into others", "postgres", []string{"CREATE TABLE PART () INHERITS (AMOUNT)",
		"CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO PART VALUES (NEW.*); RETURN NULL; END'",
		"CREATE TRIGGER g BEFORE INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION away()"}, connectors.Insert, 0, dialect.CodeRows, "1|old,2|new"},
	{"insert left out", "sqlite", []string{"CREATE TRIGGER g BEFORE INSERT ON AMOUNT BEGIN SELECT RAISE(IGNORE); END"}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"upsert left out", "sqlite", []string{"CREATE TRIGGER g BEFORE INSERT ON AMOUNT BEGIN SELECT RAISE(IGNORE); END"}, connectors.Upsert, 0, dialect.CodeRows, "1|old"},
	{"delete left out", "sqlite", []string{"CREATE TABLE A2 (ID integer, AMT decimal(9,2), NAME varchar(40))", "INSERT INTO A2 SELECT * FROM AMOUNT", "DROP TABLE AMOUNT", "ALTER TABLE A2 RENAME TO AMOUNT",
		"CREATE TRIGGER g BEFORE DELETE ON AMOUNT BEGIN SELECT RAISE(IGNORE); END"}, connectors.ReplaceChildren, 0, dialect.CodeRows, "1|new,1|old"},
	{"insert into a view with a trigger that puts it elsewhere", "sqlite", []string{"ALTER TABLE AMOUNT RENAME TO BASE", "CREATE VIEW AMOUNT AS SELECT * FROM BASE",
		"CREATE TRIGGER g INSTEAD OF INSERT ON AMOUNT BEGIN SELECT 1; END"}, connectors.Insert, 0, dialect.CodeRows, "1|old"},
	{"insert that is swapped for another row", "postgres", []string{swap, "CREATE TRIGGER g AFTER INSERT ON AMOUNT FOR EACH ROW WHEN (NEW.ID > 0) EXECUTE FUNCTION swap()"}, connectors.Insert, 0, dialect.CodeRows, "0|dummy,1|old"},
	{"insert that is swapped for another row", "sqlite", []string{"CREATE TRIGGER g AFTER INSERT ON AMOUNT WHEN NEW.ID > 0 " + swapLite}, connectors.Insert, 0, dialect.CodeRows, "0|dummy,1|old"},
	{"insert that is swapped at COMMIT", "postgres", []string{swap, "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON AMOUNT DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.ID > 0) EXECUTE FUNCTION swap()"},
		connectors.Insert, 0, dialect.CodeRows, "0|dummy,1|old"},
	{"update that is swapped for another row", "postgres", []string{swap, "CREATE TRIGGER g AFTER UPDATE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION swap()"}, connectors.Update, 0, dialect.CodeRows, "0|dummy"},
	{"update that is swapped for another row", "sqlite", []string{"CREATE TRIGGER g AFTER UPDATE ON AMOUNT " + swapLite}, connectors.Update, 0, dialect.CodeRows, "0|dummy"},
	{"upsert that changes a row and brings another", "postgres", []string{"CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO AMOUNT (ID, NAME) VALUES (99, ''more''); RETURN NULL; END'",
		"CREATE TRIGGER g AFTER UPDATE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION more()"}, connectors.Upsert, 0, dialect.CodeRows, "1|new,99|more"},
	{"upsert that changes a row and brings another", "sqlite", []string{"INSERT INTO AMOUNT (ID, NAME) VALUES (2, 'two')",
		"CREATE TRIGGER g AFTER UPDATE ON AMOUNT BEGIN INSERT INTO AMOUNT (ID, NAME) VALUES (99, 'more'); END"}, connectors.Upsert, 0, dialect.CodeRows, "1|old,2|new,99|more"},
	{"upsert that is swapped for another row", "sqlite", []string{"CREATE TRIGGER g AFTER INSERT ON AMOUNT WHEN NEW.ID > 0 " + swapLite}, connectors.Upsert, 0, dialect.CodeRows, "0|dummy,1|old"},
	{"delete that takes another row along", "postgres", []string{"INSERT INTO AMOUNT (ID, NAME) VALUES (7, 'other')", "CREATE FUNCTION along() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM AMOUNT WHERE ID = 7; RETURN NULL; END'",
		"CREATE TRIGGER g AFTER DELETE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION along()"}, connectors.ReplaceChildren, 0, dialect.CodeRows, "1|new"},
	{"delete that takes another row along", "sqlite", []string{"INSERT INTO AMOUNT (ID, NAME) VALUES (7, 'other')", "CREATE TRIGGER g AFTER DELETE ON AMOUNT BEGIN DELETE FROM AMOUNT WHERE ID = 7; END"},
		connectors.ReplaceChildren, 0, dialect.CodeRows, "1|new"},
	{"delete that brings another row", "sqlite", []string{"CREATE TRIGGER g AFTER DELETE ON AMOUNT BEGIN INSERT INTO AMOUNT (ID, NAME) VALUES (-OLD.ID, OLD.NAME); END"},
		connectors.ReplaceChildren, 0, dialect.CodeRows, "-1|old,1|new"},
	{"update that hits two rows", "", []string{"INSERT INTO AMOUNT (ID, NAME) VALUES (7, 'new')", "INSERT INTO AMOUNT (ID, NAME) VALUES (8, 'new')"}, connectors.Update, 2, dialect.CodeRows, ""},
}

// TestRowsDiffer has systems write more or fewer rows than they are sent: nothing is written, the submission parks, and its
// text names table and counts. Where the mapping says that it is meant, it is as the system does it.
func TestRowsDiffer(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, mariaEngine, func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "rows.db")}, nil}
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
	if o := m["F"]; o.Class != connectors.ItemError || o.Code != dialect.CodeRows || o.Text != "insert into AMOUNT (rows sent: 1, written: 0): "+dialect.CodeRows+" ("+dialect.Hints[dialect.CodeRows]+")" {
		t.Fatalf("%+v", o)
	}
	delete(m, "F")
	for k := range m {
		written(t, m, k)
	}
	same(t, query(t, tg, "SELECT COUNT(*) FROM AMOUNT"), "8")
}

// TestRowsOfGroupsNet has a trigger take one row of a group away and double another, so that the number is right: both
// park, and the others are written.
func TestRowsOfGroupsNet(t *testing.T) {
	for _, e := range []engine{postgresEngine(t), {"sqlite", dialect.Config{Path: emptyFile(t, "net.db")}, nil}} {
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, amountTable)
			if e.typ == "sqlite" {
				exec(t, tg, "CREATE TRIGGER g AFTER INSERT ON AMOUNT WHEN NEW.NAME = 'test' BEGIN DELETE FROM AMOUNT WHERE ID = NEW.ID; END",
					"CREATE TRIGGER h AFTER INSERT ON AMOUNT WHEN NEW.NAME = 'couple' BEGIN INSERT INTO AMOUNT (ID, NAME) VALUES (NEW.ID + 100, 'partner'); END")
			} else {
				exec(t, tg, "CREATE FUNCTION reg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.NAME = ''test'' THEN DELETE FROM AMOUNT WHERE ID = NEW.ID; "+
					"ELSIF NEW.NAME = ''couple'' THEN INSERT INTO AMOUNT (ID, NAME) VALUES (NEW.ID + 100, ''partner''); END IF; RETURN NULL; END'",
					"CREATE TRIGGER g AFTER INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION reg()")
			}
			var ds []connectors.Delivery
			for i, name := range []string{"single", "test", "single", "single", "couple", "single"} {
				ds = append(ds, amountOf(string(rune('A'+i)), int64(i), "1.5", name))
			}
			m := deliver(t, tg, ds...)
			for _, key := range []string{"B", "E"} {
				if o := m[key]; o.Class != connectors.ItemError || o.Code != dialect.CodeRows {
					t.Errorf("%s: %+v", key, o)
				}
			}
			written(t, m, "A", "C", "D", "F")
			same(t, query(t, tg, "SELECT ID, NAME FROM AMOUNT"), "0|single", "2|single", "3|single", "5|single")
		})
	}
}

// TestTriggerOfTheSession has session: make the trigger: the file does not know of it.
func TestTriggerOfTheSession(t *testing.T) {
	e := engine{"sqlite", dialect.Config{Path: emptyFile(t, "session.db")}, nil}
	exec(t, e.open(t, nil), amountTable)
	tg := e.open(t, func(c *dialect.Config) {
		c.Session = []string{"CREATE TEMP TRIGGER g AFTER INSERT ON main.AMOUNT WHEN NEW.ID > 0 " + swapLite}
	})
	if o := deliver(t, tg, amountOf("X", 2, "1.5", "x"))["X"]; o.Class != connectors.ItemError || o.Code != dialect.CodeRows {
		t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	same(t, query(t, tg, "SELECT ID, NAME FROM AMOUNT"))
}

// TestSwappedBySibling has the trigger of one table swap what the same submission wrote to another.
func TestSwappedBySibling(t *testing.T) {
	for _, e := range []engine{postgresEngine(t), {"sqlite", dialect.Config{Path: emptyFile(t, "sibling.db")}, nil}} {
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, amountTable, "CREATE TABLE CHILD (ID integer, N integer, NOTE varchar(40))")
			if e.typ == "sqlite" {
				exec(t, tg, "CREATE TRIGGER g AFTER INSERT ON CHILD "+swapLite)
			} else {
				exec(t, tg, swap, "CREATE TRIGGER g AFTER INSERT ON CHILD FOR EACH ROW EXECUTE FUNCTION swap()")
			}
			d := amountOf("X", 2, "1.5", "x")
			d.Records = append(d.Records, connectors.Record{Shape: child, Values: []connectors.Value{integer(2), integer(1), text("c")}})
			if o := deliver(t, tg, d)["X"]; o.Class != connectors.ItemError || o.Code != dialect.CodeRows {
				t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
			}
			same(t, query(t, tg, "SELECT ID, NAME FROM AMOUNT"))
		})
	}
}

// TestTemporaryTable has session: put a temporary table before the one that the mapping means: nothing is written.
func TestTemporaryTable(t *testing.T) {
	temporary := "CREATE TEMPORARY TABLE AMOUNT (ID integer NOT NULL PRIMARY KEY, AMT decimal(9,2), NAME varchar(40))"
	for _, c := range []struct {
		e       engine
		session []string
	}{
		{postgresEngine(t), []string{"SET search_path = pg_temp, public", temporary}}, {mariaEngine(t), []string{temporary}},
		{engine{"sqlite", dialect.Config{Path: emptyFile(t, "temporary.db")}, nil}, []string{temporary}},
	} {
		t.Run(c.e.typ, func(t *testing.T) {
			exec(t, c.e.open(t, nil), amountTable)
			tg := c.e.open(t, func(cfg *dialect.Config) { cfg.Session = c.session })
			out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{amountOf("X", 1, "1.5", "x")}})
			if o := out[0]; err == nil || o.Class != connectors.TargetError || o.Code != dialect.CodeNoTx || !strings.Contains(o.Text, "temporary") {
				t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
			}
		})
	}
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

// harmless are triggers and rules of tables that get every row all the same.
var harmless = []struct {
	name, only string
	sqls       []string
	left       string
}{
	{"values are filled and changed", "postgres", []string{"CREATE SEQUENCE q", "CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.NAME := upper(NEW.NAME); NEW.AMT := nextval($$q$$); RETURN NEW; END'",
		"CREATE TRIGGER g BEFORE INSERT OR UPDATE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION up()"}, "A|B|C"},
	{"changed after it was written, and logged", "postgres", []string{"CREATE TABLE LOG (ID integer)", "CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS " +
		"'BEGIN INSERT INTO LOG VALUES (NEW.ID); DELETE FROM LOG WHERE ID < 0; UPDATE AMOUNT SET NAME = upper(NAME) WHERE ID = NEW.ID AND NAME <> upper(NAME); RETURN NULL; END'",
		"CREATE CONSTRAINT TRIGGER g AFTER INSERT OR UPDATE ON AMOUNT DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION up()",
		"CREATE TRIGGER h AFTER INSERT OR UPDATE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION up()"}, "A|B|C"},
	{"a rule that logs", "postgres", []string{"CREATE TABLE LOG (LIKE AMOUNT)", "CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO LOG VALUES (NEW.*); RETURN NULL; END'",
		"CREATE TRIGGER g AFTER INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION log()", "CREATE RULE r AS ON DELETE TO AMOUNT DO ALSO INSERT INTO LOG VALUES (OLD.*)"}, "a|b|c"},
	{"partitions between which an update moves rows", "postgres", []string{"DROP TABLE AMOUNT", "CREATE TABLE AMOUNT (ID integer, AMT numeric(9,2), NAME text, PRIMARY KEY (ID)) PARTITION BY RANGE (ID)",
		"CREATE TABLE LOW PARTITION OF AMOUNT FOR VALUES FROM (0) TO (2)", "CREATE TABLE HIGH PARTITION OF AMOUNT DEFAULT", "INSERT INTO AMOUNT (ID, NAME) VALUES (1, 'old')"}, "a|b|c"},
	{"changed after it was written, and logged", "sqlite", []string{"CREATE TABLE LOG (ID integer)",
		"CREATE TRIGGER g AFTER INSERT ON AMOUNT BEGIN INSERT INTO LOG VALUES (NEW.ID); DELETE FROM LOG; UPDATE AMOUNT SET NAME = upper(NAME) WHERE ID = NEW.ID; END",
		"CREATE TRIGGER h AFTER UPDATE ON AMOUNT WHEN NEW.NAME <> upper(NEW.NAME) BEGIN UPDATE AMOUNT SET NAME = upper(NAME) WHERE ID = NEW.ID; END"}, "A|B|C"},
	{"children that a foreign key takes along", "", []string{"CREATE TABLE BELOW (ID integer REFERENCES AMOUNT (ID) ON DELETE CASCADE)", "INSERT INTO BELOW VALUES (1)"}, "a|b|c"},
}

// TestTriggersThatKeepRows writes in every mode to tables with triggers that leave all rows in: nothing is refused.
func TestTriggersThatKeepRows(t *testing.T) {
	for _, fresh := range []func(testing.TB) engine{postgresEngine, func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "harmless.db")}, nil}
	}} {
		for _, h := range harmless {
			e := fresh(t)
			if h.only != "" && h.only != e.typ {
				continue
			}
			t.Run(e.typ+" "+h.name, func(t *testing.T) {
				tg := e.open(t, nil)
				exec(t, tg, amountTable, "INSERT INTO AMOUNT (ID, NAME) VALUES (1, 'old')")
				exec(t, tg, h.sqls...)
				replace, insert, upsert, update := *amount, *amount, *amount, *amount
				replace.Op, upsert.Op, update.Op = connectors.ReplaceChildren, connectors.Upsert, connectors.Update
				for i, d := range []struct {
					shape *connectors.Shape
					id    int64
					name  string
				}{{&replace, 1, "a"}, {&insert, 2, "x"}, {&update, 2, "b"}, {&upsert, 3, "y"}, {&upsert, 3, "c"}} {
					key := string(rune('A' + i))
					one, two := amountOf(key, d.id, "1.5", d.name), amountOf(key+"2", d.id+100, "1.5", d.name)
					one.Records[0].Shape, two.Records[0].Shape = d.shape, d.shape
					for range 2 { // the second time all of it is known
						written(t, deliver(t, tg, one, two), key, key+"2")
					}
				}
				names := query(t, tg, "SELECT ID, NAME FROM AMOUNT WHERE ID < 100")
				want := strings.Split(h.left, "|")
				same(t, names, "1|"+want[0], "2|"+want[1], "3|"+want[2])
				same(t, query(t, tg, "SELECT COUNT(*) FROM AMOUNT"), "6")
			})
		}
	}
}

// TestOthersRows has a table's trigger delete what the same transaction wrote to another one, and to the ledger.
func TestOthersRows(t *testing.T) {
	for from, class := range map[string]connectors.Class{"AMOUNT": connectors.ItemError, "INBASKET_LEDGER": connectors.TargetError} {
		pg, lite := postgresEngine(t), engine{"sqlite", dialect.Config{Path: emptyFile(t, from+".db")}, nil}
		for _, e := range []engine{pg, lite} {
			t.Run(e.typ+" "+from, func(t *testing.T) {
				tg := e.open(t, nil)
				exec(t, tg, amountTable, "CREATE TABLE CHILD (ID integer, N integer, NOTE varchar(40))")
				d := amountOf("W", 1, "1.5", "w")
				written(t, deliver(t, tg, d), "W") // the ledger is there
				if e.typ == "sqlite" {
					exec(t, tg, "CREATE TRIGGER g AFTER INSERT ON CHILD BEGIN DELETE FROM "+from+"; END")
				} else {
					exec(t, tg, "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM "+from+"; RETURN NULL; END'",
						"CREATE TRIGGER g AFTER INSERT ON CHILD FOR EACH ROW EXECUTE FUNCTION gone()")
				}
				d = amountOf("X", 2, "1.5", "x")
				d.Records = append(d.Records, connectors.Record{Shape: child, Values: []connectors.Value{integer(2), integer(1), text("c")}})
				out, _ := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{d}})
				if o := out[0]; o.Class != class || o.Code != dialect.CodeRows {
					t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
				}
				same(t, query(t, tg, "SELECT ID, NAME FROM AMOUNT"), "1|w")
				same(t, query(t, tg, "SELECT SUBMISSION FROM INBASKET_LEDGER"), "W")
			})
		}
	}
}

// TestUncounted has a server that does not count: with a trigger on the table nobody can tell, and nothing parks.
func TestUncounted(t *testing.T) {
	e := postgresEngine(t)
	tg := e.open(t, nil)
	exec(t, tg, amountTable, "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
		"CREATE TRIGGER g BEFORE INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION keep()")
	exec(t, tg, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET track_counts = off', current_database()); END $$")
	out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{amountOf("X", 1, "1.5", "x")}})
	if o := out[0]; err == nil || o.Class != connectors.TargetError || o.Code != dialect.CodeRows || !strings.Contains(o.Text, "track_counts") {
		t.Fatalf("%s %s: %s (%s)", o.Class, o.Code, o.Text, o.Raw)
	}
	same(t, query(t, tg, "SELECT ID FROM AMOUNT"))
	shape := *amount
	shape.Unchecked = true
	d := amountOf("X", 1, "1.5", "x")
	d.Records[0].Shape = &shape
	written(t, deliver(t, tg, d), "X")
}

// TestInherits has another table with a column of its own inherit from the one that is written: its rows are not touched, in any mode.
func TestInherits(t *testing.T) {
	for _, trigger := range []bool{false, true} {
		tg := postgresEngine(t).open(t, nil)
		exec(t, tg, amountTable, "CREATE TABLE ARCHIVE (EXTRA text) INHERITS (AMOUNT)", "INSERT INTO AMOUNT (ID, NAME) VALUES (1, 'old')",
			"INSERT INTO ARCHIVE (ID, NAME, EXTRA) SELECT n, 'past', 'precious' FROM generate_series(1, 4) n")
		if trigger { // tables with one are counted by the server's counters
			exec(t, tg, "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO ARCHIVE (ID, NAME) VALUES (9, ''kept''); RETURN NEW; END'",
				"CREATE TRIGGER g BEFORE INSERT OR UPDATE ON AMOUNT FOR EACH ROW EXECUTE FUNCTION keep()")
		}
		for i, op := range []connectors.Op{connectors.ReplaceChildren, connectors.Upsert, connectors.Insert, connectors.Update} {
			shape := *amount
			shape.Op = op
			d := amountOf(string(rune('A'+i)), int64(i%3)+1, "1.5", "new")
			d.Records[0].Shape = &shape
			written(t, deliver(t, tg, d), string(rune('A'+i)))
			warned := []string{"warn sql.redirected write 0 table"}
			if op == connectors.Insert {
				warned = nil
			}
			if !trigger {
				same(t, examined(t, tg, writes(&shape)), warned...)
			}
		}
		same(t, query(t, tg, "SELECT ID, NAME FROM ONLY AMOUNT"), "1|new", "2|new", "3|new")
		same(t, query(t, tg, "SELECT ID, NAME FROM ARCHIVE WHERE EXTRA IS NOT NULL"), "1|past", "2|past", "3|past", "4|past")
		d := amountOf("Z", 4, "1.5", "new")
		shape := *amount
		shape.Op = connectors.Update
		d.Records[0].Shape = &shape
		out, _ := tg.Deliver(t.Context(), connectors.Group{Items: []connectors.Delivery{d}})
		if o := out[0]; o.Class != connectors.ItemError || o.Code != dialect.CodeNoRow {
			t.Errorf("%s %s: %s", o.Class, o.Code, o.Text)
		}
	}
}
