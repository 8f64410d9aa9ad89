package sqldb

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors/tlsfiles"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/sijms/go-ora/v2/network"

	"github.com/inbasket/inbasket/connectors"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestWords compares the SQL of every dialect and operation with a golden file: Oracle cannot be run here.
func TestWords(t *testing.T) {
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			var b strings.Builder
			for _, op := range []connectors.Op{connectors.Insert, connectors.Upsert, connectors.Update, connectors.ReplaceChildren, connectors.Call} {
				for _, back := range []bool{false, true} {
					words(&b, d, op, back)
				}
			}
			b.WriteString("-- ledger\n" + LedgerDDL(d.name, "INBASKET_LEDGER", "inbasket"))
			golden(t, d.name+".sql", b.String())
		})
	}
	if LedgerDDL("db3", "X", "y") != "" {
		t.Fatal("unknown dialect")
	}
}

func words(b *strings.Builder, d *dialect, op connectors.Op, back bool) {
	col := func(n string) *column {
		return &column{name: n, typ: "varchar", fam: famText, scale: anyScale, oid: oidText, array: oidTextArray}
	}
	sh := &connectors.Shape{Write: "w", Object: "T", Op: op, Fields: []string{"ID", "NAME"}, Key: []int{0}}
	if back {
		sh.Returning = []string{"NO"}
	}
	tab := newTable("T", d.quote("T"), []*column{col("ID"), col("NAME"), col("NO")})
	tab.uniques = [][]string{{"ID"}}
	if op == connectors.Call {
		tab.name = "T"
	}
	w := &rowset{shape: sh, tab: tab, key: []int{0}, cols: []*column{tab.column("id"), tab.column("Name")}}
	for i := range 3 {
		w.rows = append(w.rows, row{item: i, key: fmt.Sprint(i), args: []any{int64(i), "x"}})
	}
	fmt.Fprintf(b, "-- op %d returning %v\n", op, back)
	stmts, err := w.statements(d)
	if op == connectors.ReplaceChildren {
		stmts = append(deletes(d, w, map[string]bool{}), stmts...)
	}
	if err != nil {
		fmt.Fprintf(b, "error %v\n", err)
		return
	}
	for _, st := range stmts {
		fmt.Fprintf(b, "%s; -- %d args, item %d\n", st.sql, len(st.args), st.item)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Fatalf("%s differs:\n%s", path, got)
	}
}

func TestVerdicts(t *testing.T) {
	pg := func(code string) error { return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code}) }
	my := func(n uint16) error { return &mysql.MySQLError{Number: n} }
	or := func(n int) error { return &network.OracleError{ErrCode: n} }
	for _, c := range []struct {
		f     func(error) verdict
		err   error
		class connectors.Class
		code  string
	}{
		{postgresVerdict, pg("40P01"), connectors.Transient, CodeBusy},
		{postgresVerdict, pg("53300"), connectors.Transient, CodeBusy},
		{postgresVerdict, pg("57014"), connectors.Transient, CodeTimeout},
		{postgresVerdict, pg("40003"), connectors.Uncertain, CodeUnclear},
		{postgresVerdict, pg("22007"), connectors.ItemError, CodeWrongType},
		{postgresVerdict, pg("P0001"), connectors.ItemError, CodeConstraint},
		{postgresVerdict, pg("28P01"), connectors.TargetError, CodeLogin},
		{postgresVerdict, pg("42501"), connectors.TargetError, CodeGrant},
		{postgresVerdict, pg("53100"), connectors.TargetError, CodeFull},
		{postgresVerdict, pg("25006"), connectors.TargetError, CodeReadOnly},
		{postgresVerdict, pg("428C9"), connectors.TargetError, CodeGenerated},
		{mariaVerdict, my(1906), connectors.TargetError, CodeGenerated},
		{mariaVerdict, my(3105), connectors.TargetError, CodeGenerated},
		{oracleVerdict, or(54013), connectors.TargetError, CodeGenerated},
		{oracleVerdict, or(32795), connectors.TargetError, CodeGenerated},
		{postgresVerdict, pg("XX000"), connectors.TargetError, CodeRefused},
		{mariaVerdict, my(1213), connectors.Transient, CodeBusy},
		{mariaVerdict, my(1062), connectors.ItemError, CodeDuplicate},
		{mariaVerdict, my(1366), connectors.ItemError, CodeWrongType},
		{mariaVerdict, my(1045), connectors.TargetError, CodeLogin},
		{mariaVerdict, my(1290), connectors.TargetError, CodeReadOnly},
		{mariaVerdict, my(1114), connectors.TargetError, CodeFull},
		{oracleVerdict, or(60), connectors.Transient, CodeBusy},
		{oracleVerdict, or(1), connectors.ItemError, CodeDuplicate},
		{oracleVerdict, or(12899), connectors.ItemError, CodeTooLong},
		{oracleVerdict, or(20001), connectors.ItemError, CodeConstraint},
		{oracleVerdict, or(14400), connectors.ItemError, CodeConstraint},
		{oracleVerdict, or(28115), connectors.ItemError, CodeConstraint},
		{oracleVerdict, or(1017), connectors.TargetError, CodeLogin},
		{oracleVerdict, or(942), connectors.TargetError, CodeNoTable},
		{oracleVerdict, or(1653), connectors.TargetError, CodeFull},
		{oracleVerdict, or(3113), connectors.Transient, CodeUnreachable},
		{sqliteVerdict, errors.New("other"), connectors.Uncertain, ""},
	} {
		if v := c.f(c.err); v.class != c.class || v.code != c.code {
			t.Errorf("%v: %v %s, want %v %s", c.err, v.class, v.code, c.class, c.code)
		}
	}
	if oracleAnswered(or(3113)) || !oracleAnswered(or(1)) || mariaAnswered(my(1053)) || mariaAnswered(mysql.ErrInvalidConn) {
		t.Error("what counts as an answer")
	}
}

func TestParseMark(t *testing.T) {
	dollar := postgresDialect().bind
	for _, c := range []struct{ in, want, names string }{
		{"update D set SENT = now() where ID = :ID and S = :STATUS;", "update D set SENT = now() where ID = $1 and S = $2", "ID,STATUS"},
		{"update D set X = ':no' where \"a:b\" = :ID::int", "update D set X = ':no' where \"a:b\" = $1::int", "ID"},
		{"update D -- :no\nset X = 1 /* :no */ where ID=:ID", "update D -- :no\nset X = 1 /* :no */ where ID=$1", "ID"},
		{"update D set T = '12:30' where A[1:2] = :a_1", "update D set T = '12:30' where A[1:2] = $1", "a_1"},
		{"select 'unclosed :x", "select 'unclosed :x", ""},
		{"", "", ""},
	} {
		m, err := parseMark(c.in, dollar)
		if err != nil || m.sql != c.want || strings.Join(m.names, ",") != c.names {
			t.Errorf("%q: %q %v %v", c.in, m.sql, m.names, err)
		}
	}
	if _, err := parseMark("update D set X = ?", questionMark); err == nil {
		t.Error("? taken")
	}
}

func FuzzParseMark(f *testing.F) {
	f.Add("update D set X = ':a' where ID = :ID::int -- :x")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMark(s, questionMark)
		if err == nil && len(m.names) > strings.Count(s, ":") {
			t.Fatal("more names than colons")
		}
	})
}

func FuzzUnpackReturned(f *testing.F) {
	f.Add(`{"w.NO":{"k":3,"i":"4711"},"w.PDF":{"k":8,"s":"AAE="}}`)
	f.Fuzz(func(t *testing.T, s string) {
		values, err := unpackReturned(s)
		if err != nil {
			return
		}
		again, err := packReturned(values)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unpackReturned(again); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDateTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fam      family
		in, want string
	}{
		{famDateTime, "2026-07-01T12:00:00Z", "2026-07-01 14:00:00"},
		{famDateTime, "2026-07-01T12:00:00.123456", "2026-07-01 12:00:00.123456"},
		{famInstant, "2026-01-01T12:00:00", "2026-01-01 12:00:00+01:00"},
		{famInstant, "2026-01-01T12:00:00-05:00", "2026-01-01 12:00:00-05:00"},
		{famDate, "2026-07-01T00:00:00", "2026-07-01"},
		{famDate, "2026-07-01T00:00:01", CodeNotExact},
		{famDateTime, "yesterday", CodeWrongType},
		{famText, "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"},
	} {
		got, err := arg(&column{name: "C", fam: c.fam, scale: anyScale}, dateTime(c.in), berlin)
		var m *misfit
		if errors.As(err, &m) {
			got = m.code
		}
		if got != c.want {
			t.Errorf("%v %s: %v, want %s", c.fam, c.in, got, c.want)
		}
	}
}

func TestWaves(t *testing.T) {
	a, b, c := &connectors.Shape{Write: "a"}, &connectors.Shape{Write: "b"}, &connectors.Shape{Write: "c"}
	it := func(shapes ...*connectors.Shape) *item {
		d := &connectors.Delivery{}
		for _, s := range shapes {
			d.Records = append(d.Records, connectors.Record{Shape: s})
		}
		return &item{delivery: d}
	}
	for _, tc := range []struct {
		items []*item
		want  string
		ok    bool
	}{
		{[]*item{it(a, c, c), it(a, b, c)}, "a2 b1 c3", true},
		{[]*item{it(c), it(b, c), it(a, b)}, "a1 b2 c2", true},
		{[]*item{it(a, b), it(b, a)}, "", false},
		{[]*item{it(a, b, a)}, "", false},
		{[]*item{it()}, "", true},
	} {
		ws, ok := waves(tc.items)
		var got []string
		for _, w := range ws {
			got = append(got, fmt.Sprintf("%s%d", w.shape.Write, len(w.parts)))
		}
		if ok != tc.ok || strings.Join(got, " ") != tc.want {
			t.Errorf("got %v %v, want %s %v", got, ok, tc.want, tc.ok)
		}
	}
	if n := len(singly([]*item{it(a, b, a), it(b)})); n != 4 {
		t.Errorf("%d waves singly", n)
	}
}

func TestConfig(t *testing.T) {
	d := mariaDialect(true)
	good := d.defaults()
	good.DSN = "x"
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	bad := Config{Ledger: true, LedgerTable: "a;b", Port: 70000, TLS: TLS{Mode: "on", Config: tlsfiles.Config{Cert: "c"}}, Zone: "Mars", StatementTimeout: -1}
	err := bad.Validate()
	for _, word := range []string{"dsn", "parallel", "max-group", "port", "timeout", "ledger-table", "tls.mode", "tls.cert", "zone"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s not in %v", word, err)
		}
	}
}

func TestConnectionStrings(t *testing.T) {
	c := Config{Host: "db1", Database: "reg", User: "o'neil", Password: "s3cret", TLS: TLS{Mode: "verify-full"}, StatementTimeout: time.Minute}
	if got := postgresDSN(connectors.Env{}, c); got != ` host='db1' dbname='reg' user='o\'neil' sslmode='verify-full'` {
		t.Error(got)
	}
	m, err := mysqlConfig(connectors.Env{}, c)
	if err != nil || m.Addr != "db1:3306" || m.TLS == nil || m.TLS.InsecureSkipVerify || m.TLS.ServerName != "db1" || m.Passwd != "s3cret" {
		t.Error(m, err)
	}
	if o, err := oracleDSN(c); err != nil || o != "oracle://o%27neil:s3cret@db1:1521/reg?SSL=true&SSL+VERIFY=true&TIMEOUT=70" {
		t.Error(o, err)
	}
	for _, typ := range []string{"mariadb", "oracle", "postgres"} {
		for _, d := range Targets() {
			if d.Type == typ {
				cfg := d.Defaults().(*Config)
				cfg.DSN = "::bad password=hunter2 \x7f"
				if _, err := d.Target(connectors.Env{Clock: newClock()}, cfg); err == nil || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s: %v", typ, err)
				}
			}
		}
	}
}
