package sqldb

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// momentColumns are a system's types of date and time without and with a zone, and how the second is read as seconds.
var momentColumns = map[string]struct{ local, zoned, seconds, tail string }{
	"sqlite":   {"DATETIME", "DATETIME", "0", ""},
	"postgres": {"TIMESTAMP", "TIMESTAMPTZ", "CAST(EXTRACT(EPOCH FROM Z) AS BIGINT)", ""},
	"mariadb":  {"DATETIME", "TIMESTAMP NULL", "UNIX_TIMESTAMP(Z)", " ENGINE=InnoDB"},
	"mysql":    {"DATETIME", "TIMESTAMP NULL", "UNIX_TIMESTAMP(Z)", " ENGINE=InnoDB"},
}

// testClockChanges writes around both changes of clocks of a year into columns with and without a zone: what is
// written is exact, everything else is refused before the database sees it.
func testClockChanges(t *testing.T, e engine) {
	tg := e.open(t, func(c *dialect.Config) { c.Zone = "Europe/Berlin" })
	typ := momentColumns[e.typ]
	exec(t, tg, "CREATE TABLE MOMENT (REF VARCHAR(5) PRIMARY KEY, L "+typ.local+", Z "+typ.zoned+")"+typ.tail)
	local := &connectors.Shape{Write: "l", Object: "MOMENT", Fields: []string{"REF", "L"}, Key: []int{0}}
	zoned := &connectors.Shape{Write: "z", Object: "MOMENT", Fields: []string{"REF", "Z"}, Key: []int{0}}
	for i, c := range []struct {
		v     connectors.Value
		local string // its text, or a code
		zoned string // its moment, or a code
	}{
		{dateTime("2026-10-25T00:30:00Z"), dialect.CodeClockChange, "2026-10-25T00:30:00Z"},
		{dateTime("2026-10-25T01:30:00Z"), dialect.CodeClockChange, "2026-10-25T01:30:00Z"},
		{dateTime("2026-10-25T02:30:00+01:00"), dialect.CodeClockChange, "2026-10-25T01:30:00Z"},
		{dateTime("2026-10-24T23:59:59Z"), "2026-10-25T01:59:59", "2026-10-24T23:59:59Z"},
		{dateTime("2026-10-25T02:00:00Z"), "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"},
		{dateTime("2026-10-25T02:30:00"), "2026-10-25T02:30:00", dialect.CodeClockChange},
		{dateTime("2026-10-25T03:00:00"), "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"},
		{dateTime("2026-03-29T02:30:00"), dialect.CodeClockChange, dialect.CodeClockChange},
		{dateTime("2026-03-29T03:00:00"), "2026-03-29T03:00:00", "2026-03-29T01:00:00Z"},
		{dateTime("2026-07-01T12:00:00Z"), "2026-07-01T14:00:00", "2026-07-01T12:00:00Z"},
		{text("2026-10-25T01:30:00Z"), dialect.CodeClockChange, "2026-10-25T01:30:00Z"},
		{text("2026-10-25 02:30:00"), "2026-10-25T02:30:00", dialect.CodeClockChange},
		{text("2026-03-29 02:30:00"), dialect.CodeClockChange, dialect.CodeClockChange},
		{text("2026-07-01 12:00:00Z"), "2026-07-01T14:00:00", "2026-07-01T12:00:00Z"},
	} {
		for _, sh := range []*connectors.Shape{local, zoned} {
			if e.typ == "sqlite" && sh == zoned {
				continue // it has no such type
			}
			key, want := fmt.Sprint(sh.Write, i), c.local
			if sh == zoned {
				want = c.zoned
				if at, err := time.Parse(time.RFC3339, want); e.typ == "mysql" && err == nil && at.Hour() < 2 && at.Minute() == 30 {
					want = dialect.CodeWrongType // MariaDB stands for a MySQL before 8.0.19 here
				}
			}
			o := deliver(t, tg, connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{
				{Shape: sh, Values: []connectors.Value{text(key), c.v}}}})[key]
			got := o.Code
			if o.Class == connectors.Written {
				got = query(t, tg, "SELECT L FROM MOMENT WHERE REF = '"+key+"'")[0]
			}
			if o.Class == connectors.Written && sh == zoned {
				s := query(t, tg, "SELECT "+typ.seconds+" FROM MOMENT WHERE REF = '"+key+"'")[0]
				var n int64
				_, _ = fmt.Sscan(s, &n)
				got = time.Unix(n, 0).UTC().Format(time.RFC3339)
			}
			if got != want {
				t.Errorf("%s %+v: %s, want %s (%s)", sh.Write, c.v, got, want, o.Raw)
			}
		}
	}
}

// What MariaDB writes in UTC must not set back the clock of what the table itself takes from it.
func testClockedTables(t *testing.T, e engine) {
	tg := e.open(t, func(c *dialect.Config) { c.Zone = "Europe/Berlin" })
	exec(t, tg, "CREATE TABLE MADE (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL, MADE DATETIME DEFAULT CURRENT_TIMESTAMP) ENGINE=InnoDB",
		"CREATE TABLE LOGGED (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL) ENGINE=InnoDB",
		"CREATE TRIGGER LOGGED_BY BEFORE INSERT ON LOGGED FOR EACH ROW SET NEW.REF = NEW.REF",
		"CREATE TABLE GIVEN (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL) ENGINE=InnoDB",
		"CREATE TABLE STORED (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL, D DATE AS (DATE(Z)) PERSISTENT) ENGINE=InnoDB",
		"CREATE TABLE INDEXED (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL, D DATE AS (DATE(Z)) VIRTUAL, KEY (D)) ENGINE=InnoDB",
		"CREATE TABLE OFHOURS (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL, CHECK (HOUR(Z) < 4)) ENGINE=InnoDB",
		"CREATE TABLE BYHOUR (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL CHECK (HOUR(Z) < 4)) ENGINE=InnoDB",
		"CREATE TABLE EPOCH (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL, F DATETIME DEFAULT FROM_UNIXTIME(1)) ENGINE=InnoDB",
		"CREATE TABLE ZONED (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL, F VARCHAR(20) DEFAULT @@session.time_zone) ENGINE=InnoDB",
		"CREATE TABLE TODAY (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL, F TIMESTAMP DEFAULT CONCAT(CURDATE(), ' 10:00:00')) ENGINE=InnoDB",
		"CREATE TABLE LITERAL (REF VARCHAR(5) PRIMARY KEY, Z TIMESTAMP NULL, N INT DEFAULT 5, S VARCHAR(20) DEFAULT 'it''s (now())', J JSON, AT TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, FIX TIMESTAMP DEFAULT '2026-07-01 12:00:00') ENGINE=InnoDB")
	for table, back := range map[string][]string{"MADE": nil, "LOGGED": nil, "GIVEN": {"Z"}, "STORED": nil, "INDEXED": nil, "OFHOURS": nil, "BYHOUR": nil, "EPOCH": nil, "ZONED": nil, "TODAY": nil} {
		sh := &connectors.Shape{Write: "w", Object: table, Fields: []string{"REF", "Z"}, Key: []int{0}, Returning: back}
		d := func(key, at string) connectors.Delivery {
			return connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{{Shape: sh, Values: []connectors.Value{text(key), dateTime(at)}}}}
		}
		a, b := table[:3]+"A", table[:3]+"B"
		m := deliver(t, tg, d(a, "2026-10-25T01:30:00Z"), d(b, "2026-10-25T02:30:00Z"))
		written(t, m, b)
		if m[a].Class != connectors.ItemError || m[a].Code != dialect.CodeClockChange {
			t.Errorf("%s: %+v", table, m[a])
		}
	}
	sh := &connectors.Shape{Write: "w", Object: "LITERAL", Fields: []string{"REF", "Z"}, Key: []int{0}}
	written(t, deliver(t, tg, connectors.Delivery{Key: "L/register-1", Submission: "L", Records: []connectors.Record{{Shape: sh, Values: []connectors.Value{text("L"), dateTime("2026-10-25T01:30:00Z")}}}}), "L")
	same(t, query(t, tg, "SELECT UNIX_TIMESTAMP(Z), FIX FROM LITERAL"), "1792891800|2026-07-01T12:00:00")
	same(t, query(t, tg, "SELECT ABS(TIMESTAMPDIFF(MINUTE, MADE, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'Europe/Berlin'))) FROM MADE"), "0")
}

// In MariaDB local time is no measure of how old a row of the ledger is.
func testLedgerAge(t *testing.T, e engine) {
	tg := e.open(t, func(c *dialect.Config) { c.Zone = "Europe/Berlin" })
	exec(t, tg, "SET STATEMENT time_zone = '+00:00' FOR INSERT INTO INBASKET_LEDGER (DELIVERY, SUBMISSION, WRITTEN_AT) VALUES ('X/register-1', 'X', '2026-10-25 00:30:00')")
	s, err := tg.Sys.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	res, err := s.Run(context.Background(), []dialect.Statement{
		{SQL: "SET timestamp = 1792893600", Item: -1}, // 02:00Z, an hour and a half later
		{SQL: "SELECT " + tg.Sys.Age + " FROM INBASKET_LEDGER", Rows: true, Item: -1},
		{SQL: "SELECT COUNT(*) FROM INBASKET_LEDGER WHERE " + tg.Sys.Since(5399), Rows: true, Item: -1},
		{SQL: "SELECT COUNT(*) FROM INBASKET_LEDGER WHERE " + tg.Sys.Since(5400), Rows: true, Item: -1}}, false, false)
	if err != nil {
		t.Fatal(err)
	}
	if age, later, sooner := dialect.AsInt(res[1].Rows[0][0]), res[2].Rows[0][0].Int, res[3].Rows[0][0].Int; age != 5400 || later != 0 || sooner != 1 {
		t.Errorf("age %d, %d of the last 5399 s, %d of the last 5400 s", age, later, sooner)
	}
}

// A result keeps the offset that its column has.
func TestOffsetOfResults(t *testing.T) {
	tg := engine{"sqlite", dialect.Config{Path: emptyFile(t, "r.db")}, nil}.open(t, nil)
	exec(t, tg, "CREATE TABLE D (AT DATETIME)", "INSERT INTO D VALUES ('2026-10-25 02:30:00+02:00'), ('2026-10-25 02:30:00+01:00'), ('2026-10-25 02:30:00')")
	same(t, query(t, tg, "SELECT AT FROM D"), "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00")
	at := time.Date(2026, 10, 25, 2, 30, 0, 0, time.FixedZone("", 3600))
	for typ, want := range map[string]string{"TimeStampTZ_DTY": "2026-10-25T02:30:00+01:00", "TimeStampDTY": "2026-10-25T02:30:00"} {
		if got := dialect.Cell(typ, at); got.Str != want {
			t.Errorf("%s: %s, want %s", typ, got.Str, want)
		}
	}
}
