package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// register is a call with everything that one may have: what goes in, what goes in and out, what comes out, and a code.
func register(change func(*connectors.Shape)) *connectors.Shape {
	sh := &connectors.Shape{Write: "reg", Object: "REGISTER", Op: connectors.Call, Fields: []string{"P_ID", "P_NAME", "P_FEE"}, Returning: []string{"P_FEE", "P_CASE", "P_BORN", "P_CODE"},
		Call: &connectors.Calling{Judge: func(v []connectors.Value) *connectors.Failure {
			switch dialect.AsInt(v[3]) {
			case 0:
				return nil
			case 7:
				return &connectors.Failure{Class: connectors.ItemError, Code: "rule.no-plot", Reject: true}
			case 9:
				return &connectors.Failure{Class: connectors.Transient, Code: "rule.later"}
			}
			return &connectors.Failure{Class: connectors.ItemError, Code: dialect.CodeCall}
		}}}
	if change != nil {
		change(sh)
	}
	return sh
}

func called(key string, sh *connectors.Shape, values ...connectors.Value) connectors.Delivery {
	return connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{{Shape: sh, Values: values}}}
}

// registers are engines with the procedure REGISTER; a name says what code comes back.
var registers = []struct {
	fresh func(testing.TB) engine
	sql   string
}{
	{postgresEngine, `CREATE PROCEDURE register(p_id integer, p_name varchar, INOUT p_fee numeric, OUT p_case text, OUT p_born date, OUT p_code integer) LANGUAGE plpgsql AS $$
		BEGIN p_code := CASE p_name WHEN 'plot' THEN 7 WHEN 'later' THEN 9 WHEN 'odd' THEN 3 ELSE 0 END; p_fee := p_fee + 1.05; p_case := 'C' || p_id; p_born := '2026-02-01';
		INSERT INTO plain (id, name, fee) VALUES (p_id, p_name, p_fee); END $$`},
	{mariaEngine, `CREATE PROCEDURE REGISTER(p_id INTEGER, p_name VARCHAR(10), INOUT p_fee DECIMAL(9,2), OUT p_case TEXT, OUT p_born DATE, OUT p_code INTEGER)
		BEGIN SET p_code = CASE p_name WHEN 'plot' THEN 7 WHEN 'later' THEN 9 WHEN 'odd' THEN 3 ELSE 0 END; SET p_fee = p_fee + 1.05; SET p_case = CONCAT('C', p_id); SET p_born = '2026-02-01';
		INSERT INTO PLAIN (ID, NAME, FEE) VALUES (p_id, p_name, p_fee); SELECT p_id AS SEEN; END`},
}

func init() { // the words for MySQL, on MariaDB
	one := registers[1]
	one.fresh = mysqlEngine
	registers = append(registers, one)
}

// TestCalls gives values out of procedures to later writes, and does with a form what the mapping makes of a return code; the others go.
func TestCalls(t *testing.T) {
	sh := register(nil)
	next := &connectors.Shape{Write: "next", Object: "PLAIN", Fields: []string{"ID", "NAME", "FEE"}, Key: []int{0}}
	for _, c := range registers {
		e := c.fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, append(e.ddl, c.sql)...)
			one := called("A", sh, integer(1), text("a"), decimal("2.10"))
			one.Records = append(one.Records, connectors.Record{Shape: next, Values: []connectors.Value{integer(100), ref("reg.P_CASE"), ref("reg.P_FEE")}})
			m := deliver(t, tg, one, called("P", sh, integer(2), text("plot"), decimal("1")), called("L", sh, integer(3), text("later"), decimal("1")),
				called("O", sh, integer(4), text("odd"), decimal("1")), called("B", sh, integer(5), text("b"), decimal("0.1")))
			written(t, m, "A", "B")
			if got := m["A"].Returned; got["reg.P_CASE"] != text("C1") || got["reg.P_FEE"] != decimal("3.15") || got["reg.P_BORN"] != date("2026-02-01") || got["reg.P_CODE"] != integer(0) {
				t.Errorf("returned %+v", got)
			}
			for key, want := range map[string]connectors.Outcome{"P": {Class: connectors.ItemError, Code: "rule.no-plot", Reject: true},
				"L": {Class: connectors.Transient, Code: "rule.later"}, "O": {Class: connectors.ItemError, Code: dialect.CodeCall}} {
				if got := m[key]; got.Class != want.Class || got.Code != want.Code || got.Reject != want.Reject || strings.Contains(got.Text, "2026") || !strings.Contains(got.Raw, "P_BORN = 2026-02-01") {
					t.Errorf("%s: %+v", key, got)
				}
			}
			again := deliver(t, tg, one)["A"]
			if again.Class != connectors.Written || again.Returned["reg.P_CASE"] != text("C1") {
				t.Errorf("again: %+v", again)
			}
			same(t, query(t, tg, "SELECT ID, NAME, FEE FROM PLAIN"), "1|a|3.15", "100|C1|3.15", "5|b|1.15")
			for _, bad := range []connectors.Delivery{called("T", sh, integer(6), text("c"), null), called("M", sh, missing, text("c"), decimal("1"))} {
				o := deliver(t, tg, bad)[bad.Submission]
				if bad.Submission == "M" && (o.Class != connectors.ItemError || o.Code != dialect.CodeNotNull) || bad.Submission == "T" && o.Class != connectors.Written {
					t.Errorf("%+v", o)
				}
			}
			alike := deliver(t, tg, called("P1", sh, integer(7), text("plot"), decimal("1")), called("P2", sh, integer(8), text("plot"), decimal("1")), called("P3", sh, integer(9), text("plot"), decimal("1")))
			if alike["P1"].Code != "rule.no-plot" || alike["P3"].Class != connectors.ItemError {
				t.Errorf("alike: %+v", alike)
			}
		})
	}
}

// TestFunctions calls functions, and takes values out of result sets.
func TestFunctions(t *testing.T) {
	for _, c := range []struct {
		fresh        func(testing.TB) engine
		object, give string
		sql          string
		want         connectors.Value
		code         string
	}{
		{postgresEngine, "PUT", "RESULT", "CREATE FUNCTION put(id int, name text DEFAULT 'n') RETURNS bigint LANGUAGE sql AS 'INSERT INTO plain (id, name) VALUES ($1, $2) RETURNING id * 2'", integer(2), ""},
		{postgresEngine, "PUT", "NO", "CREATE FUNCTION put(id int, name text) RETURNS TABLE (no int, x text) LANGUAGE sql AS 'INSERT INTO plain (id, name) VALUES ($1, $2) RETURNING id, name'", integer(1), ""},
		{postgresEngine, "PUT", "NAME", "CREATE FUNCTION put(id int, nme text DEFAULT 'x') RETURNS plain LANGUAGE sql AS 'INSERT INTO plain (id, name) VALUES ($1, $2) RETURNING *'", text("x"), ""},
		{postgresEngine, "PUT", "NO", "CREATE FUNCTION put(id int) RETURNS TABLE (no int) LANGUAGE sql AS 'SELECT 1 UNION SELECT 2'", null, dialect.CodeReference},
		{postgresEngine, "PUT", "NO", "CREATE FUNCTION put(id int) RETURNS TABLE (other int) LANGUAGE sql AS 'SELECT 1'", null, dialect.CodeNoColumn},
		{mariaEngine, "PUT", "RESULT", "CREATE FUNCTION PUT(ID INT) RETURNS BIGINT BEGIN INSERT INTO PLAIN (ID, NAME) VALUES (ID, 'n'); RETURN ID * 2; END", integer(2), ""},
		{mariaEngine, "PUT", "NO", "CREATE PROCEDURE PUT(ID INT) BEGIN INSERT INTO PLAIN (ID, NAME) VALUES (ID, 'n'); SELECT ID AS NO; SELECT 5; END", integer(1), ""},
		{mariaEngine, "PUT", "NO", "CREATE PROCEDURE PUT(ID INT) BEGIN SELECT ID AS NO; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END", null, dialect.CodeConstraint},
		{mariaEngine, "PUT", "NO", "CREATE PROCEDURE PUT(ID INT) SELECT ID AS NO UNION SELECT 2", null, dialect.CodeReference},
	} {
		e := c.fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, append(e.ddl, c.sql)...)
			sh := &connectors.Shape{Write: "f", Object: c.object, Op: connectors.Call, Fields: []string{"ID"}, Returning: []string{c.give}}
			if strings.Contains(c.sql, "name text)") {
				sh.Fields = append(sh.Fields, "NAME")
			}
			out, _ := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{called("A", sh, []connectors.Value{integer(1), text("z")}[:len(sh.Fields)]...)}})
			if o := out[0]; o.Code != c.code || c.code == "" && o.Returned["f."+c.give] != c.want {
				t.Fatalf("%s: %+v", c.sql, o)
			}
		})
	}
}

// TestCallsThatCommit: what may end the transaction is not called without a probe, and with one it is called once, whatever was cut.
func TestCallsThatCommit(t *testing.T) {
	probed := register(func(sh *connectors.Shape) {
		sh.Object, sh.Fields, sh.Returning, sh.Call = "SAVE", []string{"P_ID", "P_NAME"}, []string{"NO"}, &connectors.Calling{Probe: "SELECT ID + 1 AS NO FROM PLAIN WHERE ID = :P_ID"}
	})
	bare := register(func(sh *connectors.Shape) {
		sh.Object, sh.Fields, sh.Returning, sh.Call = "SAVE", []string{"P_ID", "P_NAME"}, nil, nil
	})
	for body, ends := range map[string]bool{"BEGIN INSERT INTO PLAIN (ID, NAME) VALUES (p_id, p_name); COMMIT; SELECT p_id + 1 AS NO; END": true, "BEGIN CREATE TABLE X (Y INT); SELECT 1 AS NO; END": true,
		"BEGIN PREPARE s FROM 'COMMIT'; EXECUTE s; SELECT 1 AS NO; END": true, "BEGIN CALL INNER_ONE(); SELECT 1 AS NO; END": true, "BEGIN /*!COMMIT*/; SELECT 1 AS NO; END": true,
		"BEGIN /* COMMIT */ INSERT INTO PLAIN (ID, NAME) VALUES (p_id, 'COMMIT'); CREATE TEMPORARY TABLE X (Y INT); DROP TEMPORARY TABLE X; END": false} {
		t.Run(body, func(t *testing.T) {
			e := mariaEngine(t)
			tg := e.open(t, nil)
			exec(t, tg, append(e.ddl, "CREATE PROCEDURE INNER_ONE() COMMIT", "CREATE PROCEDURE SAVE(p_id INTEGER, p_name TEXT) "+body)...)
			out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{called("A", bare, integer(1), text("a"))}})
			if ends != (out[0].Code == dialect.CodeEnds && connectors.ClassOf(err) == connectors.TargetError) || !ends && out[0].Class != connectors.Written {
				t.Fatalf("%v %+v", err, out)
			}
		})
	}
	e := postgresEngine(t)
	tg := e.open(t, nil)
	exec(t, tg, append(e.ddl, "CREATE PROCEDURE save(p_id int, p_name text) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO plain (id, name) VALUES (p_id, p_name); COMMIT; END $$")...)
	if out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{called("A", probed, integer(1), text("a"))}}); connectors.ClassOf(err) != connectors.TargetError || out[0].Code != dialect.CodeEnds {
		t.Errorf("PostgreSQL: %v %+v", err, out)
	}
	same(t, query(t, tg, "SELECT COUNT(*) FROM plain"), "0")
}

// TestLostCalls cuts the connection while a procedure commits: the call is not made twice, and what it returned is not lost.
func TestLostCalls(t *testing.T) {
	for i, c := range []struct {
		needle string // the connection is cut with this on its way
		pass   bool   // and it reaches the server
		ledger bool
	}{{"CALL `", true, true}, {"CALL `", false, true}, {"COMMIT", true, true}, {"COMMIT", false, true}, {"CALL `", true, false}, {"CALL `", false, false}, {"(DELIVERY, SUBMISSION", false, true}} {
		t.Run(c.needle, func(t *testing.T) {
			e := mariaEngine(t)
			direct := e.open(t, nil)
			exec(t, direct, append(e.ddl, "CREATE PROCEDURE SAVE(p_id INTEGER, p_name TEXT) BEGIN DO SLEEP(0.3); INSERT INTO PLAIN (ID, NAME) VALUES (p_id, p_name); COMMIT; SELECT p_id + 1 AS NO; END")...)
			sh := &connectors.Shape{Write: "reg", Object: "SAVE", Op: connectors.Call, Fields: []string{"P_ID", "P_NAME"}, Returning: []string{"NO"},
				Call: &connectors.Calling{Probe: "SELECT ID + 1 AS NO FROM PLAIN WHERE ID = :P_ID"}}
			behind, cut := e.through(t)
			cut.needle = c.needle
			far := behind.open(t, func(d *dialect.Config) { d.Ledger, d.LedgerTable = c.ledger, "INBASKET_LEDGER" })
			if err := far.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			cut.pass.Store(c.pass)
			cut.armed.Store(true)
			g := connectors.Group{Items: []connectors.Delivery{called("A"+itoa(i), sh, integer(1), text("a"))}}
			out, err := far.Deliver(t.Context(), g)
			if err == nil || out[0].Class == connectors.Written || cut.cut.Load() == 0 {
				t.Fatalf("%v %+v, %d cut", err, out, cut.cut.Load())
			}
			cut.armed.Store(false)
			for waits := 0; out[0].Class != connectors.Written && waits < 100; waits++ {
				exec(t, direct, "DO SLEEP(0.05)")
				if out, err = far.Deliver(t.Context(), g); err != nil && out[0].Code != dialect.CodeLookupLocked {
					t.Fatalf("%v %+v", err, out)
				}
			}
			if out[0].Returned["reg.NO"] != integer(2) {
				t.Errorf("%+v", out[0])
			}
			same(t, query(t, direct, "SELECT ID, NAME FROM PLAIN"), "1|a")
			found, err := far.Lookup(t.Context(), g)
			if err != nil || found[0].Presence != connectors.Present {
				t.Errorf("%+v %v", found, err)
			}
		})
	}
}

// TestProceduresThatChange changes a procedure while the agent runs: the circuit opens and nothing parks, until the two fit again.
func TestProceduresThatChange(t *testing.T) {
	sh := register(func(sh *connectors.Shape) { sh.Call = nil })
	for _, c := range registers {
		e := c.fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, append(e.ddl, c.sql)...)
			id := int64(0)
			try := func() connectors.Outcome {
				id++
				out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{called("A"+itoa(int(id)), sh, integer(id), text("a"), decimal("1"))}})
				if connectors.ClassOf(err) != out[0].Class {
					t.Fatalf("%v %+v", err, out)
				}
				return out[0]
			}
			more := strings.Replace(c.sql, "p_id integer", "p_zone integer, p_id integer", 1)
			if more == c.sql {
				more = strings.Replace(c.sql, "p_id INTEGER", "p_zone INTEGER, p_id INTEGER", 1)
			}
			drop := "DROP PROCEDURE REGISTER"
			for _, step := range []struct {
				sql   []string
				class connectors.Class
				code  string
			}{{nil, connectors.Written, ""}, {[]string{drop, more}, connectors.TargetError, dialect.CodeNoColumn}, {[]string{drop, c.sql}, connectors.Written, ""},
				{[]string{drop}, connectors.TargetError, dialect.CodeNoTable}, {[]string{strings.NewReplacer("2026-02-01", "2026-03-01").Replace(c.sql)}, connectors.Written, ""}} {
				exec(t, tg, step.sql...)
				if o := try(); o.Class != step.class || o.Code != step.code {
					t.Fatalf("%v: %+v", step.sql, o)
				}
			}
			if rows := query(t, tg, "SELECT ID FROM PLAIN"); !slices.Equal(rows, []string{"1", "3", "5"}) {
				t.Errorf("%v", rows)
			}
		})
	}
}

// TestExamineCalls compares calls with definitions.
func TestExamineCalls(t *testing.T) {
	for _, c := range registers {
		e := c.fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			saves := "CREATE PROCEDURE SAVE(p_id INTEGER) COMMIT"
			if e.typ == "postgres" {
				saves = "CREATE PROCEDURE save(p_id int) LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$"
			}
			exec(t, tg, append(e.ddl, c.sql, saves)...)
			if e.typ == "postgres" {
				exec(t, tg, "CREATE FUNCTION twice(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE FUNCTION twice(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'")
			}
			look := func(sh *connectors.Shape, contents ...connectors.Content) string {
				t.Helper()
				found, err := tg.Examine(t.Context(), []connectors.Work{{Writes: []connectors.Writing{{Shape: sh, Contents: append(contents, make([]connectors.Content, len(sh.Fields))...)[:len(sh.Fields)]}}}})
				if err != nil {
					t.Fatal(err)
				}
				var all []string
				for _, f := range found {
					all = append(all, strings.TrimSpace(f.Code+" "+strings.ReplaceAll(strings.Trim(fmt.Sprint(f.Path[2:]), "[]"), " ", ".")))
				}
				return strings.Join(all, ", ")
			}
			for _, one := range []struct {
				change   func(*connectors.Shape)
				contents []connectors.Content
				want     string
				only     string
			}{
				{nil, nil, "", ""},
				{func(sh *connectors.Shape) { sh.Object = "REGISTR" }, nil, "sql.no-table procedure", ""},
				{func(sh *connectors.Shape) { sh.Object = "twice" }, nil, "sql.overloaded procedure", "postgres"},
				{func(sh *connectors.Shape) { sh.Fields = []string{"P_ID", "P_NAM", "P_FEE"} }, nil, "sql.no-column fields.P_NAM, sql.no-column fields", ""},
				{func(sh *connectors.Shape) { sh.Fields = []string{"P_ID", "P_NAME", "P_FEE", "P_CODE"} }, nil, "sql.generated fields.P_CODE", ""},
				{func(sh *connectors.Shape) { sh.Returning = []string{"P_COD"} }, nil, "sql.no-column returning.0", "postgres"},
				{nil, []connectors.Content{{Kind: connectors.Date}}, "sql.wrong-type fields.P_ID", ""},
				{nil, []connectors.Content{{Absent: true}}, "sql.not-null fields.P_ID", ""},
				{nil, []connectors.Content{{}, {Kind: connectors.Text, MinLength: 11, MaxLength: 20}}, "sql.too-long fields.P_NAME", "mariadb"},
				{func(sh *connectors.Shape) { sh.Object, sh.Fields, sh.Returning = "SAVE", []string{"P_ID"}, nil }, nil, "sql.call-commits procedure", ""},
				{func(sh *connectors.Shape) {
					sh.Object, sh.Fields, sh.Returning, sh.Call = "SAVE", []string{"P_ID"}, []string{"X", "NO"}, &connectors.Calling{Probe: "SELECT 1 AS NO FROM PLAIN WHERE ID = :P_ID"}
				}, nil, "sql.no-column probe", "mariadb"},
				{func(sh *connectors.Shape) {
					sh.Object, sh.Fields, sh.Returning, sh.Call = "SAVE", []string{"P_ID"}, nil, &connectors.Calling{Probe: "SELECT 1 FROM GONE WHERE ID = :P_ID"}
				}, nil, "sql.no-table probe", "mariadb"},
			} {
				if one.only == "" || one.only == e.typ {
					if got := look(register(one.change), one.contents...); got != one.want {
						t.Errorf("got %s, want %s", got, one.want)
					}
				}
			}
		})
	}
}

// TestHiddenCommits: where what is known of a procedure hides that it ends the transaction, the savepoint is gone after it: the form
// parks, and nothing in the ledger says that it is done.
func TestHiddenCommits(t *testing.T) {
	e := mariaEngine(t)
	tg := e.open(t, nil)
	exec(t, tg, append(e.ddl, "CREATE PROCEDURE SAVE(p_id INTEGER, p_name TEXT) BEGIN INSERT INTO PLAIN (ID, NAME) VALUES (p_id, p_name); COMMIT; END")...)
	sh := &connectors.Shape{Write: "reg", Object: "SAVE", Op: connectors.Call, Fields: []string{"P_ID", "P_NAME"}}
	tab, err := tg.Sys.Routine(t.Context(), connection(t, tg), "", "SAVE")
	if err != nil {
		t.Fatal(err)
	}
	tab.Routine.Ends = ""
	tg.Cat.Put(catalog.Entry(sh), tab)
	o := deliver(t, tg, called("A", sh, integer(1), text("a")))["A"]
	if o.Class != connectors.ItemError || o.Code != dialect.CodeEnds {
		t.Errorf("%+v", o)
	}
	same(t, query(t, tg, "SELECT (SELECT COUNT(*) FROM PLAIN), (SELECT COUNT(*) FROM INBASKET_LEDGER)"), "1|0")
}

// TestProbes asks before each call, also where the database keeps no ledger.
func TestProbes(t *testing.T) {
	for _, c := range registers {
		e := c.fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, func(d *dialect.Config) { d.Ledger, d.LedgerTable = false, "INBASKET_LEDGER" })
			exec(t, tg, append(e.ddl, c.sql)...)
			sh := register(func(sh *connectors.Shape) {
				sh.Returning, sh.Call = []string{"P_CASE", "P_CODE"}, &connectors.Calling{Probe: "SELECT NAME AS P_CODE, 'C1' AS P_CASE FROM PLAIN WHERE ID = :P_ID"}
				sh.Call.Judge = func(v []connectors.Value) *connectors.Failure {
					if v[1] == text("bad") {
						return &connectors.Failure{Class: connectors.ItemError, Code: "rule.bad"}
					}
					return nil
				}
			})
			g := connectors.Group{Items: []connectors.Delivery{called("A", sh, integer(1), text("a"), decimal("1"))}}
			look := func(want connectors.Presence) {
				t.Helper()
				if found, err := tg.Lookup(t.Context(), g); err != nil || found[0].Presence != want {
					t.Errorf("%+v %v", found, err)
				}
			}
			look(connectors.Absent)
			for range 2 {
				m := deliver(t, tg, g.Items[0], called("B", sh, integer(2), text("b"), decimal("1")))
				written(t, m, "A", "B")
				if m["A"].Returned["reg.P_CASE"] != text("C1") {
					t.Errorf("%+v", m["A"])
				}
			}
			look(connectors.Present)
			same(t, query(t, tg, "SELECT ID, NAME, FEE FROM PLAIN"), "1|a|2.05", "2|b|2.05")
			exec(t, tg, "UPDATE PLAIN SET NAME = 'bad' WHERE ID = 1")
			if o := deliver(t, tg, g.Items[0])["A"]; o.Code != "rule.bad" {
				t.Errorf("%+v", o)
			}
		})
	}
}
