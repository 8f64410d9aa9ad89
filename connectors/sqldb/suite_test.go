package sqldb

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// engine is a database that the suite runs against: SQLite always, real servers in sqldb_real_test.go.
type engine struct {
	typ    string
	config dialect.Config // without tables
	ddl    []string       // of the legacy tables
}

// fakeClock stands still until it is told otherwise; After fires when the test says so.
type fakeClock struct {
	now  time.Time
	tick chan time.Time
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), tick: make(chan time.Time)}
}
func (c *fakeClock) Now() time.Time                       { return c.now }
func (c *fakeClock) After(time.Duration) <-chan time.Time { return c.tick }

func text(s string) connectors.Value     { return connectors.Value{Kind: connectors.Text, Str: s} }
func integer(n int64) connectors.Value   { return connectors.Value{Kind: connectors.Integer, Int: n} }
func decimal(s string) connectors.Value  { return connectors.Value{Kind: connectors.Decimal, Str: s} }
func date(s string) connectors.Value     { return connectors.Value{Kind: connectors.Date, Str: s} }
func dateTime(s string) connectors.Value { return connectors.Value{Kind: connectors.DateTime, Str: s} }
func ref(s string) connectors.Value      { return connectors.Value{Kind: connectors.Reference, Str: s} }

var null = connectors.Value{Kind: connectors.Null}
var missing = connectors.Value{}

// open makes a target over the engine, with the ledger created.
func (e engine) open(t testing.TB, change func(*dialect.Config)) *Target {
	t.Helper()
	return e.openWith(t, change, nil)
}

// openWith is open with what reads secrets again.
func (e engine) openWith(t testing.TB, change func(*dialect.Config), secret func(connectors.Secret) (connectors.Secret, error)) *Target {
	t.Helper()
	c := e.config
	c.CreateLedger = true
	if change != nil {
		change(&c)
	}
	for _, d := range Targets() {
		if d.Type != e.typ {
			continue
		}
		p := d.Defaults().(*dialect.Config)
		if c.Parallel == 0 {
			c.Parallel, c.MaxGroup, c.ConnectTimeout, c.StatementTimeout = p.Parallel, p.MaxGroup, p.ConnectTimeout, 20*time.Second
		}
		if c.LedgerTable == "" {
			c.Ledger, c.LedgerTable = true, p.LedgerTable
		}
		if c.Zone == "" {
			c.Zone = p.Zone
		}
		tg, err := d.Target(connectors.Env{Name: "register", Identity: "register-1", Dir: t.TempDir(), Clock: newClock(), Notify: func(connectors.Notice) {}, Secret: secret}, &c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tg.Close(); _ = tg.Close() })
		return tg.(*Target)
	}
	t.Fatalf("no type %s", e.typ)
	return nil
}

func exec(t testing.TB, tg *Target, sqls ...string) {
	t.Helper()
	s, err := tg.Sys.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, q := range sqls {
		if _, err := s.Run(context.Background(), []dialect.Statement{{SQL: q, Item: -1}}, false, false); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// query returns the rows as text, "a|b" each, sorted.
func query(t testing.TB, tg *Target, q string) []string {
	t.Helper()
	s, err := tg.Sys.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	res, err := s.Run(context.Background(), []dialect.Statement{{SQL: q, Rows: true, Item: -1}}, false, false)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	var all []string
	for _, r := range res[0].Rows {
		var cells []string
		for _, v := range r {
			switch v.Kind {
			case connectors.Null:
				cells = append(cells, "NULL")
			case connectors.Integer, connectors.Boolean:
				cells = append(cells, fmt.Sprint(v.Int))
			case connectors.Binary:
				b, _ := dialect.ReadBlob(v.Blob)
				cells = append(cells, fmt.Sprintf("%x", b))
			default:
				cells = append(cells, v.Str)
			}
		}
		all = append(all, strings.Join(cells, "|"))
	}
	sort.Strings(all)
	return all
}

func same(t testing.TB, got []string, want ...string) {
	t.Helper()
	sort.Strings(want)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var (
	application = &connectors.Shape{Write: "application", Object: "APPLICATION", Op: connectors.Insert,
		Fields: []string{"FORM_REF", "SURNAME", "BORN", "FEE", "RECEIVED", "KIND"}, Key: []int{0}, Returning: []string{"CASE_NO"}}
	parcels = &connectors.Shape{Write: "parcels", Object: "PARCEL", Op: connectors.Insert, Fields: []string{"CASE_NO", "LINE_NO", "PARCEL"}}
	plain   = &connectors.Shape{Write: "plain", Object: "PLAIN", Op: connectors.Insert, Fields: []string{"ID", "NAME", "FEE"}, Key: []int{0}}
	child   = &connectors.Shape{Write: "child", Object: "CHILD", Op: connectors.Insert, Fields: []string{"ID", "N", "NOTE"}}
)

func app(key, surname string, parcel ...string) connectors.Delivery {
	d := connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{{Shape: application,
		Values: []connectors.Value{text(key), text(surname), date("1970-02-28"), decimal("12.50"), dateTime("2026-11-22T13:00:00+01:00"), missing}}}}
	for i, p := range parcel {
		d.Records = append(d.Records, connectors.Record{Shape: parcels, Values: []connectors.Value{ref("application.CASE_NO"), integer(int64(i + 1)), text(p)}})
	}
	return d
}

func flat(key string, id int64, name string, notes ...string) connectors.Delivery {
	d := connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{{Shape: plain,
		Values: []connectors.Value{integer(id), text(name), decimal("1.25")}}}}
	for i, n := range notes {
		d.Records = append(d.Records, connectors.Record{Shape: child, Values: []connectors.Value{integer(id), integer(int64(i)), text(n)}})
	}
	return d
}

func deliver(t testing.TB, tg *Target, ds ...connectors.Delivery) map[string]connectors.Outcome {
	t.Helper()
	out, err := tg.Deliver(context.Background(), connectors.Group{Items: ds})
	return outcomes(t, ds, out, err)
}

func outcomes(t testing.TB, ds []connectors.Delivery, out []connectors.Outcome, err error) map[string]connectors.Outcome {
	t.Helper()
	if len(out) != len(ds) {
		t.Fatalf("%d outcomes for %d deliveries, error %v", len(out), len(ds), err)
	}
	m := map[string]connectors.Outcome{}
	for _, o := range out {
		m[strings.TrimSuffix(o.Key, "/register-1")] = o
	}
	return m
}

func written(t testing.TB, m map[string]connectors.Outcome, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if o := m[k]; o.Class != connectors.Written {
			t.Fatalf("%s: %s %s %s (%s)", k, o.Class, o.Code, o.Text, o.Raw)
		}
	}
}

// suite is every promise that holds on all databases alike.
func suite(t *testing.T, fresh func(t testing.TB) engine) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, engine)
	}{
		{"parent and children, keys come back", testReturning},
		{"keys of three levels", testLevels},
		{"keys of records that there are not", testLevelsMissing},
		{"written once", testOnce},
		{"repeat inside a group", testMixedRepeat},
		{"one bad among many", testSplit},
		{"all alike is the target", testAllAlike},
		{"the target's faults", testTargetFaults},
		{"upsert, update, replace", testModes},
		{"exact or refused", testExact},
		{"weird text", testText},
		{"missing and null", testMissing},
		{"order", testOrder},
		{"lookup", testLookup},
		{"lookup without ledger", testLookupKeys},
		{"check", testCheck}, {"examine", testExamine}, {"examine an answer", testExamineAnswer}, {"describe", testDescribe},
		{"answers", testAnswers},
		{"corrections", testCorrections}, {"marks", testMarks}, {"results that wait", testResultsWait},
		{"repeated with culprit", testRepeatedWithCulprit},
		{"cancelled", testCancelled},
		{"evidence", testEvidence}, {"ledger without a key", testLedgerWithoutKey},
		{"results again", testRepeat},
		{"parents before children", testParents},
		{"clock changes", testClockChanges},
		{"keys by bytes", testKeysByBytes},
		{"identities of results", testIdentities}, {"keys with a NULL", testNullKeys},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := fresh(t)
			exec(t, e.open(t, nil), e.ddl...)
			c.run(t, e)
		})
	}
}

// A ledger that takes a key twice would let a delivery be written twice.
func testLedgerWithoutKey(t *testing.T, e engine) {
	exec(t, e.open(t, nil), "CREATE TABLE BARE_LEDGER (DELIVERY VARCHAR(64), SUBMISSION VARCHAR(13), DIGEST VARCHAR(64), RETURNED VARCHAR(200))")
	tg := e.open(t, func(c *dialect.Config) { c.Ledger, c.LedgerTable, c.CreateLedger = true, "BARE_LEDGER", false })
	o := deliver(t, tg, app("A1", "X"))["A1"]
	if o.Class != connectors.TargetError || o.Code != dialect.CodeNoLedger {
		t.Errorf("%v %s", o.Class, o.Code)
	}
	same(t, query(t, tg, "SELECT FORM_REF FROM APPLICATION"))
}

func testReturning(t *testing.T, e engine) {
	tg := e.open(t, nil)
	ds := []connectors.Delivery{app("A1", "MÜLLER", "p1", "p2"), app("A2", "O'Neil", "q1"), app("A3", "Nobody")}
	m := deliver(t, tg, ds...)
	written(t, m, "A1", "A2", "A3")
	same(t, query(t, tg, "SELECT a.FORM_REF, a.SURNAME, p.LINE_NO, p.PARCEL, a.KIND FROM APPLICATION a JOIN PARCEL p ON p.CASE_NO = a.CASE_NO"),
		"A1|MÜLLER|1|p1|std", "A1|MÜLLER|2|p2|std", "A2|O'Neil|1|q1|std")
	no := m["A2"].Returned["application.CASE_NO"]
	if no.Kind != connectors.Integer || no.Int == 0 {
		t.Fatalf("returned %+v", m["A2"].Returned)
	}
	same(t, query(t, tg, fmt.Sprintf("SELECT FORM_REF FROM APPLICATION WHERE CASE_NO = %d", no.Int)), "A2")
	again := deliver(t, tg, ds...)
	written(t, again, "A1", "A2", "A3")
	for k := range m {
		if again[k].Returned["application.CASE_NO"] != m[k].Returned["application.CASE_NO"] {
			t.Fatalf("%s: %v then %v", k, m[k].Returned, again[k].Returned)
		}
	}
	if n := len(query(t, tg, "SELECT * FROM APPLICATION")); n != 3 {
		t.Fatalf("%d rows", n)
	}
	same(t, query(t, tg, "SELECT FEE, BORN, RECEIVED FROM APPLICATION WHERE FORM_REF = 'A1'"), e.readBack())
}

// readBack is how 12.50, 1970-02-28 and 12:00 UTC come back; SQLite has no exact decimals of its own.
func (e engine) readBack() string {
	if e.typ == "sqlite" {
		return "12.5|1970-02-28|2026-11-22T12:00:00"
	}
	return "12.50|1970-02-28|2026-11-22T12:00:00"
}

func testOnce(t *testing.T, e engine) {
	for range 3 { // every time a new agent
		tg := e.open(t, nil)
		written(t, deliver(t, tg, flat("B1", 1, "one", "x", "y")), "B1")
	}
	tg := e.open(t, nil)
	same(t, query(t, tg, "SELECT NAME FROM PLAIN"), "one")
	same(t, query(t, tg, "SELECT NOTE FROM CHILD"), "x", "y")
	same(t, query(t, tg, "SELECT DELIVERY, SUBMISSION FROM INBASKET_LEDGER"), "B1/register-1|B1")
}

func testMixedRepeat(t *testing.T, e engine) {
	tg := e.open(t, nil)
	written(t, deliver(t, tg, flat("C2", 2, "two")), "C2")
	var ds []connectors.Delivery
	for i := range int64(150) {
		ds = append(ds, flat(fmt.Sprintf("C%d", i), i, "n", "c"))
	}
	m := deliver(t, tg, ds...)
	for k := range m {
		written(t, m, k)
	}
	same(t, query(t, tg, "SELECT COUNT(*), SUM(ID) FROM PLAIN WHERE NAME = 'n'")[:1], fmt.Sprintf("149|%d", 150*149/2-2))
	same(t, query(t, tg, "SELECT COUNT(*) FROM CHILD"), "149")
}

func testSplit(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, "INSERT INTO PLAIN (ID, NAME) VALUES (7, 'legacy')")
	var ds []connectors.Delivery
	for i := range int64(20) {
		ds = append(ds, flat(fmt.Sprintf("D%d", i), i, "n", "c"))
	}
	ds[3].Records[0].Values[1] = null                           // not null
	ds[11].Records[0].Values[1] = text(strings.Repeat("x", 41)) // too long
	ds[15].Records[1].Values[0] = integer(4711)                 // no parent
	m := deliver(t, tg, ds...)
	for k, code := range map[string]string{"D3": dialect.CodeNotNull, "D7": dialect.CodeDuplicate, "D11": dialect.CodeTooLong, "D15": dialect.CodeConstraint} {
		if o := m[k]; o.Class != connectors.ItemError || o.Code != code {
			t.Fatalf("%s: %+v", k, o)
		}
		if strings.Contains(m[k].Text, "xxx") || strings.Contains(m[k].Text, "4711") {
			t.Fatalf("data in %q", m[k].Text)
		}
		delete(m, k)
	}
	for k := range m {
		written(t, m, k)
	}
	same(t, query(t, tg, "SELECT COUNT(*) FROM PLAIN"), "17")
	same(t, query(t, tg, "SELECT COUNT(*) FROM CHILD"), "16")
	same(t, query(t, tg, "SELECT COUNT(*) FROM INBASKET_LEDGER"), "16")
}

func testAllAlike(t *testing.T, e engine) {
	tg := e.open(t, nil)
	var ds []connectors.Delivery
	for i := range int64(5) {
		ds = append(ds, flat(fmt.Sprintf("E%d", i), i, ""))
		ds[i].Records[0].Values[1] = null
	}
	out, err := tg.Deliver(context.Background(), connectors.Group{Items: ds})
	if connectors.ClassOf(err) != connectors.TargetError {
		t.Fatalf("error %v", err)
	}
	for _, o := range out {
		if o.Class != connectors.TargetError || o.Code != dialect.CodeAllRefused {
			t.Fatalf("%+v", o)
		}
	}
	same(t, query(t, tg, "SELECT COUNT(*) FROM INBASKET_LEDGER"), "0")
}

func testTargetFaults(t *testing.T, e engine) {
	tg := e.open(t, nil)
	gone := *plain
	gone.Object = "NOT_THERE"
	d := flat("F1", 1, "x")
	d.Records[0].Shape = &gone
	column := *plain
	column.Fields = []string{"ID", "NAME", "NOT_THERE"}
	d2 := flat("F2", 2, "x")
	d2.Records[0].Shape = &column
	for code, d := range map[string]connectors.Delivery{dialect.CodeNoTable: d, dialect.CodeNoColumn: d2} {
		out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{d}})
		if connectors.ClassOf(err) != connectors.TargetError || out[0].Class != connectors.TargetError || out[0].Code != code {
			t.Fatalf("%s: %v %+v", code, err, out)
		}
	}
	// A column that is dropped while the catalog is remembered: the target, and after its return it goes on.
	written(t, deliver(t, tg, flat("F3", 3, "x")), "F3")
	exec(t, tg, "ALTER TABLE PLAIN DROP COLUMN FEE")
	out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{flat("F4", 4, "x")}})
	if connectors.ClassOf(err) != connectors.TargetError || out[0].Code != dialect.CodeNoColumn {
		t.Fatalf("%v %+v", err, out)
	}
	exec(t, tg, "ALTER TABLE PLAIN ADD COLUMN FEE DECIMAL(9,2)")
	written(t, deliver(t, tg, flat("F4", 4, "x")), "F4")
	exec(t, tg, "DROP TABLE INBASKET_LEDGER")
	bare := e.open(t, func(c *dialect.Config) { c.CreateLedger = false })
	out, err = bare.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{flat("F5", 5, "x")}})
	if connectors.ClassOf(err) != connectors.TargetError || out[0].Code != dialect.CodeNoLedger {
		t.Fatalf("%v %+v", err, out)
	}
}

func testModes(t *testing.T, e engine) {
	tg := e.open(t, nil)
	up, upd, rep := *plain, *plain, *child
	up.Op, upd.Op, rep.Op, rep.Key = connectors.Upsert, connectors.Update, connectors.ReplaceChildren, []int{0}
	rec := func(key string, s *connectors.Shape, vals ...connectors.Value) connectors.Delivery {
		return connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{{Shape: s, Values: vals}}}
	}
	m := deliver(t, tg, rec("G1", &up, integer(1), text("a"), decimal("1")), rec("G2", &up, integer(2), text("b"), null),
		rec("G3", &up, integer(1), text("c"), decimal("3.75")))
	written(t, m, "G1", "G2", "G3")
	same(t, query(t, tg, "SELECT ID, NAME FROM PLAIN"), "1|c", "2|b")
	m = deliver(t, tg, rec("G4", &upd, integer(2), text("bb"), decimal("2")), rec("G5", &upd, integer(99), text("zz"), null))
	written(t, m, "G4")
	if o := m["G5"]; o.Class != connectors.ItemError || o.Code != dialect.CodeNoRow {
		t.Fatalf("%+v", o)
	}
	m = deliver(t, tg, rec("G6", &upd, integer(2), text("bb"), decimal("2"))) // nothing changes, still a hit
	written(t, m, "G6")
	d := rec("G7", &rep, integer(1), integer(0), text("x"))
	d.Records = append(d.Records, connectors.Record{Shape: &rep, Values: []connectors.Value{integer(1), integer(1), text("y")}})
	m = deliver(t, tg, d, rec("G8", &rep, integer(2), integer(0), text("other")))
	written(t, m, "G7", "G8")
	m = deliver(t, tg, rec("G9", &rep, integer(1), integer(5), text("z")))
	written(t, m, "G9")
	same(t, query(t, tg, "SELECT ID, N, NOTE FROM CHILD"), "1|5|z", "2|0|other")
	upBack, updBack := *application, *application
	upBack.Op, updBack.Op = connectors.Upsert, connectors.Update
	a1, a2, a3 := app("G20", "first"), app("G20", "second"), app("G20", "third")
	a1.Key, a2.Key, a3.Key = "G20/register-1", "G21/register-1", "G22/register-1"
	a1.Records[0].Shape, a2.Records[0].Shape, a3.Records[0].Shape = &upBack, &upBack, &updBack
	m = deliver(t, tg, a1, a2, a3)
	written(t, m, "G20", "G21", "G22")
	no := m["G20"].Returned["application.CASE_NO"]
	if no.Int == 0 || m["G21"].Returned["application.CASE_NO"] != no || m["G22"].Returned["application.CASE_NO"] != no {
		t.Fatalf("%+v", m)
	}
	same(t, query(t, tg, "SELECT SURNAME FROM APPLICATION"), "third")
	nokey := up
	nokey.Key = []int{1}
	_, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{rec("G10", &nokey, integer(9), text("q"), null)}})
	if err == nil || connectors.ClassOf(err) != connectors.TargetError {
		t.Fatalf("upsert without a unique key: %v", err)
	}
}

func testExact(t *testing.T, e engine) {
	tg := e.open(t, nil)
	for i, c := range []struct {
		col  int
		v    connectors.Value
		code string
	}{
		{2, decimal("1.255"), dialect.CodeNotExact},
		{2, decimal("1.2500"), ""},
		{2, text("abc"), dialect.CodeWrongType},
		{2, text("7.5"), ""},
		{2, decimal("-9999999.99"), ""},
		{0, decimal("4.5"), dialect.CodeNotExact},
		{0, text("x"), dialect.CodeWrongType},
		{0, decimal("100000"), ""},
		{1, integer(5), ""},
		{1, connectors.Value{Kind: connectors.Boolean, Int: 1}, ""},
	} {
		key := fmt.Sprintf("H%d", i)
		d := flat(key, int64(1000+i), "n")
		d.Records[0].Values[c.col] = c.v
		o := deliver(t, tg, d)[key]
		if c.code == "" && o.Class != connectors.Written || c.code != "" && (o.Class != connectors.ItemError || o.Code != c.code) {
			t.Fatalf("case %d: %+v", i, o)
		}
	}
}

func testText(t *testing.T, e engine) {
	tg := e.open(t, nil)
	var ds []connectors.Delivery
	texts := []string{"", " lead and trail ", `back\slash "quote" 'single' {brace},NULL`, "NULL", "Ünïcødé ŁÓDŹ ẞ", "日本語 🏛", "a\tb\nc\r\n", "e\u0301", "--; DROP TABLE PLAIN"}
	for i, s := range texts {
		ds = append(ds, flat(fmt.Sprintf("I%d", i), int64(i), s))
	}
	m := deliver(t, tg, ds...)
	for k := range m {
		written(t, m, k)
	}
	got := query(t, tg, "SELECT NAME FROM PLAIN")
	same(t, got, texts...)
	one := deliver(t, tg, flat("I100", 100, texts[2]))
	written(t, one, "I100")
	same(t, query(t, tg, "SELECT NAME FROM PLAIN WHERE ID = 100"), texts[2])
}

func testMissing(t *testing.T, e engine) {
	tg := e.open(t, nil)
	a, b, c := app("J1", "x"), app("J2", "x"), app("J3", "x")
	a.Records[0].Values[5] = null
	b.Records[0].Values[5] = text("")
	m := deliver(t, tg, a, b, c)
	written(t, m, "J1", "J2", "J3")
	same(t, query(t, tg, "SELECT FORM_REF, KIND FROM APPLICATION"), "J1|NULL", "J2|", "J3|std")
}

func testOrder(t *testing.T, e engine) {
	tg := e.open(t, nil)
	a, b, c := flat("K1", 1, "a"), flat("K2", 2, "b"), flat("K3", 3, "c")
	a.Order, b.Order = "case-9", "case-9"
	a.Records[0].Values[1] = null
	m := deliver(t, tg, a, b, c)
	written(t, m, "K3")
	if m["K1"].Class != connectors.ItemError || m["K2"].Class != connectors.Transient || m["K2"].Code != dialect.CodeEarlier {
		t.Fatalf("%+v %+v", m["K1"], m["K2"])
	}
}
