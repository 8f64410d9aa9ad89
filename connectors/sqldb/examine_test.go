package sqldb

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// examined is what an examination finds, a line each: warn or fail, code, place.
func examined(t testing.TB, tg *Target, work ...connectors.Work) []string {
	t.Helper()
	found, err := tg.Examine(context.Background(), work)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range found {
		level := "fail"
		if f.Warning {
			level = "warn"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", level, f.Code, strings.Trim(fmt.Sprint(f.Path), "[]")))
		t.Logf("%s | %s | %s | %s", lines[len(lines)-1], f.Message, f.Cure, f.Raw)
		if f.Message == "" || f.Cure == "" && f.Word == "" {
			t.Errorf("%+v says too little", f)
		}
	}
	slices.Sort(lines)
	return lines
}

// writes makes a mapping's work of some shapes of which nothing more is known.
func writes(shapes ...*connectors.Shape) connectors.Work {
	var w connectors.Work
	for i, s := range shapes {
		w.Writes = append(w.Writes, connectors.Writing{Index: i, Shape: s, Contents: make([]connectors.Content, len(s.Fields))})
	}
	return w
}

func asks(q connectors.Question, names ...string) connectors.Work {
	a := &connectors.Asking{Question: q}
	for _, n := range names {
		a.Names = append(a.Names, connectors.Named{Name: n, Path: []any{"answer", "id", n}})
	}
	return connectors.Work{Asks: a}
}

func shape(object string, op connectors.Op, key int, fields ...string) *connectors.Shape {
	s := &connectors.Shape{Write: "w", Object: object, Op: op, Fields: fields}
	for i := range key {
		s.Key = append(s.Key, i)
	}
	return s
}

// testExamine finds what every system has: missing tables, columns, keys, values.
func testExamine(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, "CREATE TABLE FIT (ID INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(10), MUST VARCHAR(5) NOT NULL, FEE DECIMAL(9,2), BORN DATE)")
	same(t, examined(t, tg, writes(application, parcels, plain)))
	same(t, examined(t, tg, writes(shape("APPLICATIN", connectors.Insert, 0, "ID"))), "fail sql.no-table write 0 table")
	same(t, examined(t, tg, writes(shape("FIT", connectors.Insert, 0, "ID", "NAMME"))), "fail sql.no-column write 0 fields NAMME", "fail sql.not-null write 0 fields")
	back := shape("FIT", connectors.Insert, 1, "ID", "MUST")
	back.Returning = []string{"ID", "NOPE"}
	same(t, examined(t, tg, writes(back)), "fail sql.no-column write 0 returning 1")
	same(t, examined(t, tg, writes(shape("FIT", connectors.Upsert, 2, "NAME", "MUST", "ID"))), "fail sql.no-unique-key write 0 key")
	same(t, examined(t, tg, writes(shape("FIT", connectors.Update, 1, "NAME", "FEE"))), "warn sql.no-unique-key write 0 key")
	same(t, examined(t, tg, writes(shape("FIT", connectors.ReplaceChildren, 1, "NAME", "ID", "MUST"))), "warn sql.no-unique-key write 0 key")
	same(t, examined(t, tg, writes(shape("FIT", connectors.ReplaceChildren, 1, "ID", "MUST"))))

	same(t, examined(t, tg, writes(shape("FIT", connectors.Upsert, 1, "ID", "MUST", "NAME"), shape("FIT", connectors.Update, 1, "ID", "NAME"))))
	exec(t, tg, "CREATE UNIQUE INDEX FIT_NAME ON FIT (NAME)")
	same(t, examined(t, tg, writes(shape("FIT", connectors.Upsert, 1, "ID", "MUST", "NAME"))))

	w := writes(shape("FIT", connectors.Insert, 0, "ID", "NAME", "MUST", "FEE", "BORN"))
	val := func(v connectors.Value) connectors.Content { return connectors.Content{Kind: v.Kind, Value: &v} }
	w.Writes[0].Contents = []connectors.Content{{Kind: connectors.Text}, {Kind: connectors.Text, MaxLength: 40}, {Absent: true},
		{Kind: connectors.Decimal, Digits: 7, Scale: 3}, {Kind: connectors.DateTime}}
	same(t, examined(t, tg, w), "warn sql.wrong-type write 0 fields ID", "warn sql.too-long write 0 fields NAME", "warn sql.not-null write 0 fields MUST",
		"warn sql.not-exact write 0 fields FEE", "warn sql.wrong-type write 0 fields BORN")
	w.Writes[0].Contents = []connectors.Content{val(integer(1)), {Kind: connectors.Text, MinLength: 11, MaxLength: 11}, val(null), val(decimal("1.005")), val(date("2026-01-31"))}
	same(t, examined(t, tg, w), "fail sql.too-long write 0 fields NAME", "fail sql.not-null write 0 fields MUST", "fail sql.not-exact write 0 fields FEE")
}

// testExamineAnswer finds names that a query does not give, and runs neither it nor mark.
func testExamineAnswer(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, "INSERT INTO DECISION (ID, STATUS) VALUES (1, 'A')")
	q := connectors.Question{Query: "SELECT d.ID, d.STATUS, d.REASON AS why FROM DECISION d WHERE d.SENT IS NULL;", ID: []string{"ID"},
		Mark:  "UPDATE DECISION SET SENT = 'x:y' WHERE ID = :ID AND STATUS = :STATUS AND SENT IS NULL",
		Again: "SELECT ID, STATUS, REASON AS WHY FROM DECISION WHERE SENT >= :since"}
	same(t, examined(t, tg, asks(q, "ID", "status", "WHY")))
	same(t, query(t, tg, "SELECT COUNT(*) FROM DECISION WHERE SENT IS NULL"), "1")
	same(t, examined(t, tg, asks(q, "ID", "REASON")), "fail sql.query answer id REASON")
	bytes := q
	bytes.Query, bytes.Again = "SELECT ID, STATUS, PDF FROM DECISION", ""
	told := connectors.Work{Asks: &connectors.Asking{Question: bytes, Names: []connectors.Named{{Name: "PDF", Path: []any{"answer", "reason"}}, {Name: "PDF", Path: []any{"answer", "documents", 0, "from"}}}}}
	same(t, examined(t, tg, told), "warn sql.query answer reason")
	bad := q
	bad.Mark, bad.Again = "UPDATE DECISION SET SENNT = 'x' WHERE ID = :IDD", "SELECT ID FROM DECISION WHERE SENT >= :since"
	same(t, examined(t, tg, asks(bad, "ID", "STATUS")), "fail sql.no-column answer mark", "fail sql.query answer mark", "fail sql.query answer again")
	bad = q
	bad.Query = "SELECT ID FROM DECISIONS"
	same(t, examined(t, tg, asks(bad, "ID")), "fail sql.no-table answer query")
	bad.Query = "SELECT ID FRM DECISION x"
	if got := examined(t, tg, asks(bad, "ID")); len(got) != 1 || !strings.HasSuffix(got[0], "answer query") {
		t.Errorf("%q", got)
	}
}

// TestExamineSQLite finds what only SQLite has, and leaves the file as it was, to the byte.
func TestExamineSQLite(t *testing.T) {
	path := emptyFile(t, "register.db")
	tg := engine{typ: "sqlite", config: dialect.Config{Path: path}}.open(t, nil)
	exec(t, tg, "CREATE TABLE HEAD (ID INTEGER PRIMARY KEY, N INT, G INT AS (N * 2))", "CREATE TABLE LOG (N INT)",
		"CREATE TRIGGER drops BEFORE INSERT ON HEAD WHEN NEW.N = 14 BEGIN SELECT RAISE(IGNORE); END",
		"CREATE TRIGGER notes AFTER INSERT ON HEAD BEGIN INSERT INTO LOG VALUES (NEW.N); END",
		"CREATE VIEW SEEN AS SELECT ID FROM HEAD", "CREATE TRIGGER through INSTEAD OF INSERT ON SEEN BEGIN INSERT INTO HEAD (ID) VALUES (NEW.ID); END")
	same(t, examined(t, tg, writes(shape("HEAD", connectors.Insert, 0, "N", "G"))), "fail sql.generated write 0 fields G", "warn sql.redirected write 0 table")
	same(t, examined(t, tg, writes(shape("SEEN", connectors.Insert, 0, "ID"))), "warn sql.redirected write 0 table", "fail sql.rows-differ write 0 table")

	exec(t, tg, "CREATE TABLE BARE (N INT, CODE TEXT)", "CREATE TRIGGER later AFTER INSERT ON BARE BEGIN UPDATE BARE SET CODE = 'x' WHERE N = NEW.N; END")
	back := shape("BARE", connectors.Insert, 0, "N")
	same(t, examined(t, tg, writes(back)))
	back.Returning = []string{"CODE"}
	same(t, examined(t, tg, writes(back)), "warn sql.redirected write 0 returning")

	exec(t, tg, "DROP TABLE INBASKET_LEDGER")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Targets() {
		if d.Type != "sqlite" {
			continue
		}
		c := d.Defaults().(*dialect.Config)
		c.Path, c.CreateLedger = path, true
		looking, err := d.Target(connectors.Env{Name: "register", Identity: "r", Clock: newClock(), Notify: func(connectors.Notice) {}, Look: true}, c)
		if err != nil {
			t.Fatal(err)
		}
		same(t, examined(t, looking.(*Target), writes(shape("HEAD", connectors.Upsert, 1, "ID", "N"))), "warn sql.redirected write 0 table")
		if err := looking.Close(); err != nil {
			t.Error(err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file is another: %v", err)
	}
	bare := engine{typ: "sqlite", config: dialect.Config{Path: path}}.open(t, func(c *dialect.Config) { c.CreateLedger = false })
	if err := bare.Check(t.Context()); err == nil || err.(*connectors.Error).Code != dialect.CodeNoLedger {
		t.Errorf("a ledger is there: %v", err)
	}
}

// testDescribe has tables tell what a mapping for them must know: columns in order, with what they take, keys and parents.
func testDescribe(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, "CREATE TABLE TOLD (NR INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(10) NOT NULL, FEE DECIMAL(9,2) DEFAULT 0 NOT NULL, BORN DATE)",
		"CREATE TABLE TOLD_BELOW (NR INTEGER NOT NULL, LINE_NO INTEGER NOT NULL, PRIMARY KEY (NR, LINE_NO), FOREIGN KEY (NR) REFERENCES TOLD (NR))")
	var seen []string
	tables, err := tg.Describe(context.Background(), func(names []string) []string {
		seen = names
		return []string{"TOLD_BELOW", "TOLD", "NOT_THERE"}
	})
	if err != nil || len(tables) != 2 {
		t.Fatalf("%+v %v", tables, err)
	}
	if !slices.ContainsFunc(seen, func(s string) bool { return strings.EqualFold(s, "TOLD") }) {
		t.Errorf("TOLD is none of %v", seen)
	}
	below, told := tables[0], tables[1]
	if !slices.Equal(below.Parents, []string{"TOLD"}) || len(told.Parents) != 0 {
		t.Errorf("parents %v and %v", below.Parents, told.Parents)
	}
	if len(below.Keys) == 0 || !slices.EqualFunc(below.Keys[0], []string{"NR", "LINE_NO"}, strings.EqualFold) {
		t.Errorf("keys %v", below.Keys)
	}
	for _, c := range below.Columns {
		if c.Numbered || !c.Required {
			t.Errorf("%+v of a key of two columns", c)
		}
	}
	var lines []string
	for _, c := range told.Columns {
		lines = append(lines, fmt.Sprint(strings.ToUpper(c.Name), " ", c.Kind, " ", c.Length, " ", c.Required && !c.Numbered))
	}
	numbered := fmt.Sprint("NR ", connectors.Integer, " 0 ", e.typ != "sqlite") // there an INTEGER PRIMARY KEY numbers rows
	want := []string{numbered, fmt.Sprint("NAME ", connectors.Text, " 10 true"), fmt.Sprint("FEE ", connectors.Decimal, " 0 false"), fmt.Sprint("BORN ", connectors.Date, " 0 false")}
	if !slices.Equal(lines, want) {
		t.Errorf("columns\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if fee := told.Columns[2]; e.typ != "sqlite" && (fee.Digits != 9 || fee.Scale != 2) {
		t.Errorf("FEE %+v", fee)
	}
}
