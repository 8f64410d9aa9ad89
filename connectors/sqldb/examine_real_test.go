package sqldb

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// asUser opens the engine's database for an account with fewer rights.
func asUser(t testing.TB, e engine, user string) *Target {
	t.Helper()
	return e.open(t, func(c *dialect.Config) { c.User, c.Password, c.CreateLedger = user, "x", false })
}

// TestExaminePostgreSQL finds what only PostgreSQL has, and shows that nothing of it moves or fires.
func TestExaminePostgreSQL(t *testing.T) {
	e := postgresEngine(t)
	tg := e.open(t, nil)
	exec(t, tg, "DROP ROLE IF EXISTS clerk", "CREATE ROLE clerk LOGIN PASSWORD 'x'", "GRANT SELECT, INSERT, UPDATE ON INBASKET_LEDGER TO clerk",
		"CREATE TABLE serial (id serial PRIMARY KEY, n int, g int GENERATED ALWAYS AS (n * 2) STORED, a int GENERATED ALWAYS AS IDENTITY)",
		"CREATE TABLE fired (n int)",
		"CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO fired VALUES (1); RETURN NEW; END'",
		"CREATE TABLE hooked (id int PRIMARY KEY, must text NOT NULL)",
		"CREATE TRIGGER watch BEFORE INSERT OR UPDATE ON hooked FOR EACH ROW EXECUTE FUNCTION fire()",
		"CREATE RULE away AS ON DELETE TO hooked DO INSTEAD NOTHING",
		"CREATE UNLOGGED TABLE fast (id int PRIMARY KEY)", "CREATE VIEW seen AS SELECT id FROM serial", "CREATE VIEW grouped AS SELECT n, count(*) FROM serial GROUP BY n",
		"CREATE TABLE policed (id int PRIMARY KEY)", "ALTER TABLE policed ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON policed USING (id > 5)",
		"GRANT SELECT, INSERT ON policed TO clerk", "GRANT INSERT (n), SELECT (n) ON serial TO clerk",
		"CREATE DOMAIN needed AS int NOT NULL", "CREATE TABLE domained (id int PRIMARY KEY, d needed)",
		"CREATE SCHEMA other", "CREATE TABLE other.elsewhere (id int)")
	t.Cleanup(func() { exec(t, tg, "DROP OWNED BY clerk", "DROP ROLE clerk") })
	numbers := func() []string {
		return append(query(t, tg, "SELECT last_value, is_called FROM serial_id_seq"), query(t, tg, "SELECT count(*) FROM fired")...)
	}
	before := numbers()

	same(t, examined(t, tg, writes(shape("serial", connectors.Insert, 0, "n", "g", "a"))), "fail sql.generated write 0 fields g", "fail sql.generated write 0 fields a")
	exec(t, tg, "CREATE TABLE numbered (a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int)")
	same(t, examined(t, tg, writes(shape("numbered", connectors.Update, 1, "a", "n")))) // it finds the row, and is not written
	same(t, examined(t, tg, writes(shape("hooked", connectors.Upsert, 1, "id"))), "warn sql.not-null write 0 fields", "warn sql.redirected write 0 table", "warn sql.redirected write 0 table")
	same(t, examined(t, tg, writes(shape("hooked", connectors.ReplaceChildren, 1, "id", "must"))), "warn sql.redirected write 0 table", "warn sql.redirected write 0 table")
	known := shape("hooked", connectors.ReplaceChildren, 1, "id", "must")
	known.Unchecked = true
	same(t, examined(t, tg, writes(known)))
	same(t, examined(t, tg, writes(shape("fast", connectors.Insert, 0, "id"))), "warn sql.no-transactions write 0 table")
	same(t, examined(t, tg, writes(shape("seen", connectors.Insert, 0, "id"))), "warn sql.redirected write 0 table")
	same(t, examined(t, tg, writes(shape("grouped", connectors.Insert, 0, "n"))), "warn sql.redirected write 0 table", "fail sql.refused write 0 table")
	same(t, examined(t, tg, writes(shape("domained", connectors.Insert, 0, "id"))), "fail sql.not-null write 0 fields")
	same(t, examined(t, tg, writes(shape("elsewhere", connectors.Insert, 0, "id"))), "fail sql.no-table write 0 table")

	exec(t, tg, "CREATE DOMAIN charge AS numeric(5,2)", "CREATE TABLE narrow (a charge, b smallint)")
	w := writes(shape("narrow", connectors.Insert, 0, "a", "b"))
	w.Writes[0].Contents = []connectors.Content{{Kind: connectors.Decimal, Digits: 4, Scale: 2}, {Kind: connectors.Integer, Digits: 4}}
	same(t, examined(t, tg, w), "warn sql.wrong-type write 0 fields a")
	w.Writes[0].Contents = []connectors.Content{{Kind: connectors.Decimal, Digits: 3, Scale: 2}, {Kind: connectors.Integer, Value: &connectors.Value{Kind: connectors.Integer, Int: 40000}}}
	same(t, examined(t, tg, w), "fail sql.wrong-type write 0 table") // the server's own opinion of the constant

	exec(t, tg, "CREATE TYPE mood AS ENUM ('happy')", "CREATE TABLE words (u uuid, i inet, c cidr, m macaddr, t time, z timetz, j json, b jsonb, x xml, e mood, a int[], v interval, f bit(3), o money, n \"char\")")
	anyText(t, tg, "words", "u", "i", "c", "m", "t", "z", "j", "b", "x", "e", "a", "v", "f", "o", "n")

	low := asUser(t, e, "clerk")
	same(t, examined(t, low, writes(shape("policed", connectors.Insert, 0, "id"))), "warn sql.redirected write 0 table")
	same(t, examined(t, low, writes(shape("serial", connectors.Insert, 0, "n"))), "fail sql.grant write 0 table") // the sequence
	back := shape("serial", connectors.Upsert, 1, "id", "n")
	back.Returning = []string{"g"}
	found, err := low.Examine(t.Context(), []connectors.Work{writes(back)})
	if err != nil || len(found) != 1 || found[0].Message != "the account lacks INSERT (id), SELECT (id, g), UPDATE (n) on serial" ||
		found[0].Cure != `have the DBA run: GRANT INSERT, SELECT, UPDATE ON "public"."serial" TO clerk` {
		t.Errorf("%+v %v", found, err)
	}
	q := connectors.Question{Query: "WITH x AS (UPDATE serial SET n = 1 RETURNING id) SELECT id, nextval('serial_id_seq') AS k FROM x", ID: []string{"id"}, Mark: "DELETE FROM serial WHERE id = :ID"}
	same(t, examined(t, tg, asks(q, "ID", "K")))
	same(t, examined(t, low, asks(q, "ID", "K")), "fail sql.grant answer query", "fail sql.grant answer mark")
	exec(t, tg, "CREATE PROCEDURE seen_it(n int) LANGUAGE sql AS 'UPDATE serial SET n = 1 WHERE id = n'")
	q.Mark = "CALL seen_it(:K)"
	same(t, examined(t, tg, asks(q, "ID")))
	q.Mark = "CALL seen_him(:K)"
	same(t, examined(t, tg, asks(q, "ID")), "fail sql.no-table answer mark")
	q.Mark = "-- hides it\nDELETE FROM serial WHERE id = :ID"
	q.Query = "SELECT a.id, b.id FROM serial a, serial b"
	same(t, examined(t, tg, asks(q, "ID")), "fail sql.query answer id ID", "fail sql.query answer mark")
	if after := numbers(); !slices.Equal(after, before) {
		t.Errorf("a look moved or fired something: %q became %q", before, after)
	}
}

// anyText holds that no column of a table is said to refuse every text, or every value.
func anyText(t *testing.T, tg *Target, table string, fields ...string) {
	t.Helper()
	for _, k := range []connectors.Kind{connectors.Text, connectors.Missing} {
		w := writes(shape(table, connectors.Insert, 0, fields...))
		for i := range fields {
			w.Writes[0].Contents[i].Kind = k
		}
		same(t, examined(t, tg, w))
	}
}

// TestExamineWordsMariaDB finds nothing wrong with texts for columns that take only certain ones.
func TestExamineWordsMariaDB(t *testing.T) {
	tg := mariaEngine(t).open(t, nil)
	exec(t, tg, "CREATE TABLE words (u uuid, i inet6, f inet4, t time, y year, e enum('happy','7'), s set('a','b'), j json, b binary(16), k binary(7), n bit(8), c char(3))")
	anyText(t, tg, "words", "u", "i", "f", "t", "y", "e", "s", "j", "b", "k", "n", "c")
	w := writes(shape("words", connectors.Insert, 0, "e", "u"))
	w.Writes[0].Contents = []connectors.Content{{Kind: connectors.Integer}, {Kind: connectors.Date}}
	same(t, examined(t, tg, w), "fail sql.wrong-type write 0 fields u")
}

// TestExamineServer finds databases whose texts are no texts, and servers that take no rows.
func TestExamineServer(t *testing.T) {
	e := postgresEngine(t)
	conn, err := pgconn.Connect(t.Context(), e.config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for encoding, want := range map[string]string{"SQL_ASCII": "warn sql.charset ", "LATIN1": "", "UTF8": ""} {
		name := "coded_" + strings.ToLower(encoding)
		if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name+" ENCODING '"+encoding+"' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0").ReadAll(); err != nil {
			t.Fatal(err)
		}
		tg := e.open(t, func(c *dialect.Config) { c.Database, c.Charset = name, "utf-8" })
		if got := strings.Join(examined(t, tg), "\n"); got != want {
			t.Errorf("%s: %q, want %q", encoding, got, want)
		}
		if encoding == "LATIN1" {
			exec(t, tg, "CREATE TABLE old (a varchar(9))")
			examineCharacters(t, tg, map[string]bool{"": true, "iso-8859-1": false, "us-ascii": false, "windows-1252": true, "utf-8": true}, "charset: iso-8859-1")
		}
	}
	still := func(c *dialect.Config) {
		c.Ledger, c.LedgerTable, c.CreateLedger, c.Session = false, "none", false, []string{"SET default_transaction_read_only = on"}
	}
	same(t, examined(t, e.open(t, still)), "fail sql.read-only ")
	m := mariaEngine(t)
	exec(t, m.open(t, nil), "SET GLOBAL read_only = ON")
	defer exec(t, m.open(t, func(c *dialect.Config) { c.CreateLedger = false }), "SET GLOBAL read_only = OFF")
	same(t, examined(t, m.open(t, func(c *dialect.Config) { c.Ledger, c.LedgerTable, c.CreateLedger = false, "none", false })), "warn sql.read-only ")
}

// TestExamineCharsetsMariaDB is which texts a column of an old character set may lack characters of.
func TestExamineCharsetsMariaDB(t *testing.T) {
	tg := mariaEngine(t).open(t, nil)
	for set, c := range map[string]struct {
		lacks map[string]bool
		cure  string
	}{
		"latin1":  {map[string]bool{"": true, "windows-1252": false, "iso-8859-1": false, "us-ascii": false, "iso-8859-2": true}, "charset: windows-1252"},
		"latin2":  {map[string]bool{"": true, "iso-8859-2": false, "iso-8859-1": true}, "charset: iso-8859-2"},
		"koi8r":   {map[string]bool{"": true, "us-ascii": false, "iso-8859-1": true}, "have the DBA"},
		"utf8mb3": {map[string]bool{"": true, "utf-8": true, "windows-1250": false}, "have the DBA"},
		"utf8mb4": {map[string]bool{"": false}, ""},
	} {
		exec(t, tg, "DROP TABLE IF EXISTS old", "CREATE TABLE old (a varchar(9) CHARACTER SET "+set+")")
		examineCharacters(t, tg, c.lacks, c.cure)
	}
}

// examineCharacters looks at column a of table old for texts of several character sets.
func examineCharacters(t *testing.T, tg *Target, lacks map[string]bool, cure string) {
	t.Helper()
	for set, want := range lacks {
		w := writes(shape("old", connectors.Insert, 0, "a"))
		w.Writes[0].Contents = []connectors.Content{{Kind: connectors.Text, Charset: set}}
		found, err := tg.Examine(t.Context(), []connectors.Work{w})
		if err != nil {
			t.Fatal(err)
		}
		found = slices.DeleteFunc(found, func(f connectors.Finding) bool { return f.Code != dialect.CodeCharset })
		if len(found) > 0 != want || want && !strings.Contains(found[0].Cure, cure) {
			t.Errorf("%q: %+v", set, found)
		}
	}
}

// TestExamineLedgerPostgreSQL finds ledgers that do not keep their word, and makes none.
func TestExamineLedgerPostgreSQL(t *testing.T) { examineLedger(t, postgresEngine(t)) }

// TestExamineLedgerMariaDB does the same there.
func TestExamineLedgerMariaDB(t *testing.T) { examineLedger(t, mariaEngine(t)) }

func examineLedger(t *testing.T, e engine) {
	tg := e.open(t, func(c *dialect.Config) { c.CreateLedger = false })
	tg.Makes = true
	same(t, examined(t, tg))
	if tab, err := tg.Sys.Table(t.Context(), connection(t, tg), "", "INBASKET_LEDGER"); err != nil || tab != nil {
		t.Fatalf("a ledger was made by looking: %v %v", tab, err)
	}
	ddl := strings.Replace(tg.Sys.LedgerDDL("INBASKET_LEDGER"), " PRIMARY KEY", "", 1)
	exec(t, tg, strings.NewReplacer("  RETURNED ", "  RETURND ", "DELIVERY varchar(64)", "DELIVERY varchar(40)").Replace(ddl))
	found, err := tg.Examine(t.Context(), nil)
	if err == nil || len(found) != 3 || slices.ContainsFunc(found, func(f connectors.Finding) bool { return f.Code != dialect.CodeNoLedger || f.Path[0] != "ledger-table" }) {
		t.Errorf("%+v %v", found, err)
	}
}

// TestExamineMariaDB finds what only MariaDB has, and shows that nothing of it moves or fires.
func TestExamineMariaDB(t *testing.T) {
	e := mariaEngine(t)
	tg := e.open(t, nil)
	exec(t, tg, "DROP USER IF EXISTS clerk", "CREATE USER clerk IDENTIFIED BY 'x'", "GRANT SELECT, INSERT, UPDATE ON INBASKET_LEDGER TO clerk",
		"CREATE TABLE NUMBERED (ID INT AUTO_INCREMENT PRIMARY KEY, N INT, G INT AS (N * 2) STORED, KIND ENUM('a', 'b') NOT NULL) ENGINE=InnoDB",
		"CREATE TABLE FIRED (N INT) ENGINE=MyISAM", "CREATE FUNCTION BUMP() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO FIRED VALUES (1); RETURN 1; END", "CREATE TABLE HOOKED (ID INT PRIMARY KEY) ENGINE=InnoDB",
		"CREATE TRIGGER WATCHED BEFORE INSERT ON HOOKED FOR EACH ROW INSERT INTO FIRED VALUES (1)",
		"CREATE TABLE OLD (ID INT PRIMARY KEY) ENGINE=MyISAM", "CREATE TABLE NARROW (ID INT PRIMARY KEY, NAME VARCHAR(20) CHARACTER SET latin1) ENGINE=InnoDB",
		"CREATE VIEW SEEN AS SELECT ID FROM OLD", "CREATE TABLE DECISION (ID INT PRIMARY KEY, STATUS CHAR(1), SENT CHAR(3)) ENGINE=InnoDB", "GRANT INSERT (N), SELECT (N) ON NUMBERED TO clerk", "GRANT SELECT ON DECISION TO clerk", "GRANT EXECUTE ON FUNCTION BUMP TO clerk", "INSERT INTO DECISION VALUES (1, 'A', NULL)",
		"GRANT INSERT ON NARROW TO clerk", "CREATE TABLE SMALL (A DECIMAL(5,2), B SMALLINT) ENGINE=InnoDB")
	t.Cleanup(func() { exec(t, tg, "DROP USER clerk") })
	numbers := func() []string {
		return append(query(t, tg, "SELECT auto_increment FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'NUMBERED'"), query(t, tg, "SELECT COUNT(*) FROM FIRED")...)
	}
	before := numbers()

	back := shape("NUMBERED", connectors.Insert, 0, "N")
	back.Returning = []string{"ID"}
	same(t, examined(t, tg, writes(back)))
	same(t, examined(t, tg, writes(shape("NUMBERED", connectors.Insert, 0, "N", "G"))), "fail sql.generated write 0 fields G")
	same(t, examined(t, tg, writes(shape("HOOKED", connectors.Insert, 0, "ID"))), "warn sql.redirected write 0 table")
	same(t, examined(t, tg, writes(shape("OLD", connectors.Insert, 0, "ID"))), "fail sql.no-transactions write 0 table")
	same(t, examined(t, tg, writes(shape("SEEN", connectors.Insert, 0, "ID"))), "warn sql.redirected write 0 table", "fail sql.no-transactions write 0 table")
	same(t, examined(t, tg, writes(shape("NARROW", connectors.Insert, 0, "ID", "NAME"))), "warn sql.charset write 0 fields NAME")

	w := writes(shape("SMALL", connectors.Insert, 0, "A", "B"))
	w.Writes[0].Contents = []connectors.Content{{Kind: connectors.Decimal, Digits: 4, Scale: 2}, {Kind: connectors.Integer, Digits: 5}}
	same(t, examined(t, tg, w), "warn sql.wrong-type write 0 fields A", "warn sql.wrong-type write 0 fields B")

	low := asUser(t, e, "clerk")
	same(t, examined(t, low, writes(shape("NARROW", connectors.Insert, 0, "ID"))))
	same(t, examined(t, low, writes(shape("NUMBERED", connectors.Insert, 0, "N"))))
	same(t, examined(t, low, writes(shape("HOOKED", connectors.Insert, 0, "ID"))), "fail sql.no-table write 0 table")
	found, err := low.Examine(t.Context(), []connectors.Work{writes(shape("NUMBERED", connectors.Update, 1, "N"))})
	if err != nil || len(found) != 2 || !strings.HasPrefix(found[1].Message, "the account lacks UPDATE") || !strings.Contains(found[1].Cure, "GRANT UPDATE ON ") || !strings.HasSuffix(found[1].Cure, "TO 'clerk'@'%'") {
		t.Errorf("%+v %v", found, err)
	}
	q := connectors.Question{Query: "SELECT ID, STATUS, BUMP() AS S FROM DECISION", ID: []string{"ID"}, Mark: "UPDATE DECISION SET SENT = 'x' WHERE ID = :ID"}
	same(t, examined(t, low, asks(q, "ID", "S")), "fail sql.grant answer mark")
	q.Mark, q.Query = "CALL seen_it(:ID)", "SELECT ID FROM DECISION ORDER BY ID LIMIT 5 FOR UPDATE -- locked"
	same(t, examined(t, tg, asks(q, "ID")), "warn sql.mark answer mark")
	q.Mark, q.Query = "/* hides it */ UPDATE DECISION SET SENT = 'x' WHERE ID = :ID", "CALL decisions()"
	same(t, examined(t, tg, asks(q, "ID")), "warn sql.query answer query")
	q.Query = "SELECT a.ID, b.ID FROM DECISION a, DECISION b"
	same(t, examined(t, tg, asks(q, "ID")), "warn sql.query answer query")
	if after := numbers(); !slices.Equal(after, before) {
		t.Errorf("a look moved or fired something: %q became %q", before, after)
	}
}

// connection is a session of its own, closed at the end.
func connection(t testing.TB, tg *Target) dialect.Session {
	t.Helper()
	s, err := tg.Sys.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
