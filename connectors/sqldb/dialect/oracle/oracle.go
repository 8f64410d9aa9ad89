package oracle

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors/sqldb/dialect"

	go_ora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/converters"
	"github.com/sijms/go-ora/v2/network"

	"github.com/inbasket/inbasket/connectors"
)

// Dialect is that of Oracle Database.
func Dialect() dialect.Dialect {
	return dialect.Dialect{
		Name: "oracle", Summary: "Oracle Database 12c or later.", Parallel: 2, Open: open, Port: 1521, Login: login, Grantee: dialect.QuoteUnlessPlain,
		Dual: " FROM DUAL", Digest: "varchar2(64)",
		// The catalogue only: EXPLAIN PLAN would write into a table.
		Inspector: dialect.Inspector{Strict: true, Columns: dialect.Wrapped("q"), Names: `SELECT OWNER, TABLE_NAME FROM ALL_TABLES WHERE OWNER NOT IN ('SYS', 'SYSTEM') AND ROWNUM <= 2000 ORDER BY 1, 2`},
		Steady:    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", MaxBinds: 1000, MaxRows: 1, Returns: false, Quote: dialect.QuoteDouble,
		Bind: func(n int) string { return ":" + strconv.Itoa(n) }, Fold: strings.ToUpper,
		Write: write, Table: table, Arg: arg, Prove: dialect.ProveByReading, Classify: verdict, Inside: inside,
		Age: "ROUND((CAST(SYSTIMESTAMP AS DATE) - CAST(WRITTEN_AT AS DATE)) * 86400)",
		Since: func(n int64) string {
			// WRITTEN_AT is the server's own clock; an hour more, because it may have been put back since.
			return fmt.Sprintf("WRITTEN_AT >= CAST(SYSTIMESTAMP AS TIMESTAMP) - NUMTODSINTERVAL(%d, 'SECOND')", n+3600)
		},
		LedgerDDL: func(t string) string {
			return "CREATE TABLE " + t + " (\n  DELIVERY varchar2(64) NOT NULL PRIMARY KEY,\n  SUBMISSION varchar2(13) NOT NULL,\n" +
				"  DIGEST varchar2(64),\n  RETURNED varchar2(4000),\n  WRITTEN_AT timestamp DEFAULT SYSTIMESTAMP NOT NULL\n)"
		},
	}
}

// open opens a connector of its own: go-ora's global driver shares session parameters between databases.
func open(_ connectors.Env, c dialect.Config, zone *time.Location) (dialect.Link, error) {
	dsn, err := dsn(c)
	if err != nil {
		return dialect.Link{}, err
	}
	connector := go_ora.NewConnector(dsn)
	if c, ok := connector.(*go_ora.OracleConnector); ok {
		c.Dialer(dialect.Dialer{})
	}
	d := Dialect()
	return dialect.LinkSQL(sql.OpenDB(connector), func(ctx context.Context, s *dialect.SQLSession) error {
		s.Answered = answered
		if err := s.Ready(ctx, c, &d, schema(c)); err != nil {
			return err
		}
		return s.Start(ctx, append(schema(c), settings(zone)...))
	}), nil
}

func login(dsn string) string {
	if u, err := url.Parse(dsn); err == nil {
		return u.User.Username()
	}
	return ""
}

func dsn(c dialect.Config) (string, error) {
	u, err := url.Parse(c.DSN)
	if err != nil {
		return "", errors.New("dsn is not in the form oracle://user@host:port/service") // the text may hold the password
	}
	if c.DSN == "" {
		u = &url.URL{Scheme: "oracle", Path: "/" + c.Database}
	}
	if c.Host != "" {
		port := c.Port
		if port == 0 {
			port = 1521
		}
		u.Host = c.Host + ":" + strconv.Itoa(port)
	}
	user, pass := c.User, string(c.Password)
	if user == "" {
		user = u.User.Username()
	}
	if pass == "" {
		pass, _ = u.User.Password()
	}
	u.User = url.UserPassword(user, pass)
	q := u.Query()
	if c.StatementTimeout > 0 { // without a read timeout a dead server is waited for without end
		q.Set("TIMEOUT", strconv.Itoa(int((c.StatementTimeout+10*time.Second)/time.Second)))
	}
	switch c.TLS.Mode {
	case "require":
		q.Set("SSL", "true")
		q.Set("SSL VERIFY", "false")
	case "verify-ca", "verify-full":
		q.Set("SSL", "true")
		q.Set("SSL VERIFY", "true")
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func schema(c dialect.Config) []string {
	if c.Schema == "" {
		return nil
	}
	return []string{"ALTER SESSION SET CURRENT_SCHEMA = " + dialect.QuoteDouble(strings.ToUpper(c.Schema))}
}

// settings come after session:, so that they hold whatever it, a logon trigger or the server has set: how texts
// become numbers and dates, how keys are compared, and that COMMIT waits for the disk.
func settings(zone *time.Location) []string {
	return []string{
		"ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,' NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' " +
			"NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF' NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM' " +
			"NLS_COMP = BINARY NLS_SORT = BINARY NLS_CALENDAR = GREGORIAN",
		"ALTER SESSION SET TIME_ZONE = '" + zone.String() + "'",
		// An account that may not set this has not set it otherwise either.
		"BEGIN EXECUTE IMMEDIATE 'ALTER SESSION SET COMMIT_LOGGING = IMMEDIATE COMMIT_WAIT = WAIT'; EXCEPTION WHEN OTHERS THEN IF SQLCODE <> -1031 THEN RAISE; END IF; END;",
	}
}

func answered(err error) bool {
	var e *network.OracleError
	return errors.As(err, &e) && !gone(e.ErrCode)
}

// gone lists answers that mean the session is dead; what it did with COMMIT they do not say.
func gone(code int) bool {
	switch code {
	case 28, 1012, 1033, 1034, 1089, 1090, 1092, 3113, 3114, 3135, 12537, 12547, 12170, 2396, 25402, 25405, 25408, 25409:
		return true
	}
	return false
}

// write goes row by row: array binds collapse all errors of a batch to the first, and slices of
// unequal length are cut in silence.
func write(d *dialect.Dialect, w *dialect.Rowset) ([]dialect.Statement, error) {
	var stmts []dialect.Statement
	switch w.Shape.Op {
	case connectors.Call:
		return call(d, w)
	case connectors.Upsert:
		if len(w.Shape.Returning) > 0 { // MERGE returns nothing before 23ai
			return nil, dialect.Unsupported(w)
		}
		for _, r := range w.Rows {
			stmts = append(stmts, w.Counted(merge(d, w, r), 1, 1))
		}
		return stmts, nil
	case connectors.Insert, connectors.ReplaceChildren:
		if len(w.Shape.Returning) > 0 {
			for _, r := range w.Rows {
				stmts = append(stmts, w.Counted(returning(d, w, r), 1, 1))
			}
			return stmts, nil
		}
	}
	return dialect.WriteRows(d, w, nil)
}

func returning(d *dialect.Dialect, w *dialect.Rowset, r dialect.Row) dialect.Statement {
	plain := *w.Shape
	plain.Returning = nil
	one := w.With([]dialect.Row{r})
	one.Shape = &plain
	st := dialect.Inserts(d, one, "")[0]
	names := w.Returning(d)
	into := make([]string, len(names))
	for i := range into {
		into[i] = d.Bind(len(w.Cols) + i + 1)
	}
	st.SQL += " RETURNING " + strings.Join(names, ", ") + " INTO " + strings.Join(into, ", ")
	st.Outs, st.Item = len(names), r.Item
	return st
}

func merge(d *dialect.Dialect, w *dialect.Rowset, r dialect.Row) dialect.Statement {
	var src, on, names, vals []string
	for i, c := range w.Cols {
		q := d.Quote(c.Name)
		src = append(src, d.Bind(i+1)+" "+q)
		names = append(names, q)
		vals = append(vals, "s."+q)
		if w.IsKey(i) {
			on = append(on, "t."+q+" = s."+q)
		}
	}
	sql := "MERGE INTO " + w.Tab.Name + " t USING (SELECT " + strings.Join(src, ", ") + " FROM DUAL) s ON (" + strings.Join(on, " AND ") + ")"
	if len(w.Key) < len(w.Cols) {
		sql += " WHEN MATCHED THEN UPDATE SET " + w.Assignments(d, func(q string) string { return "s." + q })
	}
	sql += " WHEN NOT MATCHED THEN INSERT (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(vals, ", ") + ")"
	return dialect.Statement{SQL: sql, Args: r.Args, Op: "merge into " + w.Tab.Plain, Item: r.Item}
}

func call(d *dialect.Dialect, w *dialect.Rowset) ([]dialect.Statement, error) {
	if len(w.Shape.Returning) > 0 {
		return nil, dialect.Unsupported(w)
	}
	var stmts []dialect.Statement
	for _, r := range w.Rows {
		named := make([]string, len(w.Cols))
		for i, c := range w.Cols {
			named[i] = c.Name + " => " + d.Bind(i+1)
		}
		stmts = append(stmts, dialect.Statement{SQL: "BEGIN " + w.Tab.Name + "(" + strings.Join(named, ", ") + "); END;", Args: r.Args,
			Op: "call " + w.Shape.Object, Item: r.Item})
	}
	return stmts, nil
}

const columns = `SELECT OWNER, TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHAR_LENGTH, CHAR_USED, DATA_SCALE, DATA_PRECISION, DATA_LENGTH,
(SELECT NLS_CHARSET_ID(VALUE) FROM NLS_DATABASE_PARAMETERS WHERE PARAMETER = 'NLS_CHARACTERSET')
FROM ALL_TAB_COLUMNS WHERE UPPER(TABLE_NAME) = UPPER(:1) AND OWNER = COALESCE(UPPER(:2), SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))
ORDER BY CASE TABLE_NAME WHEN :3 THEN 0 WHEN UPPER(:4) THEN 1 ELSE 2 END, TABLE_NAME, COLUMN_ID`

// print is a number over everything that writes rely on, and how many tables have names that only case tells apart.
const print = `SELECT (SELECT OBJECT_ID || '/' || TO_CHAR(LAST_DDL_TIME, 'YYYYMMDDHH24MISS') FROM ALL_OBJECTS
WHERE OWNER = :1 AND OBJECT_NAME = :2 AND OBJECT_TYPE IN ('TABLE', 'VIEW') AND ROWNUM = 1) || '/' ||
(SELECT SUM(ORA_HASH(COLUMN_NAME || '/' || DATA_TYPE || '/' || CHAR_LENGTH || '/' || CHAR_USED || '/' || DATA_SCALE || '/' || DATA_PRECISION || '/' || DATA_LENGTH || '/' || NULLABLE))
FROM ALL_TAB_COLUMNS WHERE OWNER = :3 AND TABLE_NAME = :4) || '/' ||
(SELECT SUM(ORA_HASH(INDEX_NAME || '/' || UNIQUENESS)) FROM ALL_INDEXES WHERE TABLE_OWNER = :5 AND TABLE_NAME = :6) || '/' ||
(SELECT COUNT(DISTINCT TABLE_NAME) FROM ALL_TAB_COLUMNS WHERE OWNER = :7 AND UPPER(TABLE_NAME) = UPPER(:8)) FROM DUAL`

const uniques = `SELECT i.INDEX_NAME, c.COLUMN_NAME FROM ALL_INDEXES i JOIN ALL_IND_COLUMNS c
ON c.INDEX_OWNER = i.OWNER AND c.INDEX_NAME = i.INDEX_NAME
WHERE i.TABLE_OWNER = :1 AND i.TABLE_NAME = :2 AND i.UNIQUENESS = 'UNIQUE' ORDER BY i.INDEX_NAME, c.COLUMN_POSITION`

const parents = `SELECT p.OWNER, p.TABLE_NAME FROM ALL_CONSTRAINTS c JOIN ALL_CONSTRAINTS p
ON p.OWNER = c.R_OWNER AND p.CONSTRAINT_NAME = c.R_CONSTRAINT_NAME
WHERE c.OWNER = :1 AND c.TABLE_NAME = :2 AND c.CONSTRAINT_TYPE = 'R'`

func table(ctx context.Context, s dialect.Session, schema, name string) (*dialect.Table, error) {
	columns := dialect.Statement{SQL: columns, Args: []any{name, schema, name, name}, Rows: true, Item: -1}
	res, err := s.Run(ctx, []dialect.Statement{columns}, false, false)
	if err != nil || len(res[0].Rows) == 0 {
		return nil, err
	}
	owner, actual := res[0].Rows[0][0].Str, res[0].Rows[0][1].Str
	ask := dialect.Statement{SQL: print, Args: []any{owner, actual, owner, actual, owner, actual, owner, actual}, Rows: true, Op: "read the table's definition", Item: -1}
	again, err := s.Run(ctx, []dialect.Statement{ask, columns}, false, false)
	if err != nil {
		return nil, err
	}
	var cols []*dialect.Column
	encoded := encoding(int(dialect.AsInt(res[0].Rows[0][9])))
	for _, r := range again[1].Rows {
		if r[1].Str != actual {
			continue
		}
		c := column(r)
		if c.Fam == dialect.FamText { // N types too: the driver sends their texts in the same set
			c.Encoded = encoded
		}
		cols = append(cols, c)
	}
	t := dialect.NewTable(name, dialect.QuoteDouble(owner)+"."+dialect.QuoteDouble(actual), cols)
	res, err = s.Run(ctx, []dialect.Statement{{SQL: uniques, Args: []any{owner, actual}, Rows: true, Item: -1},
		{SQL: parents, Args: []any{owner, actual}, Rows: true, Item: -1}}, false, false)
	if err != nil {
		return nil, err
	}
	t.Uniques = dialect.GroupPairs(res[0].Rows)
	t.Proofs = []dialect.Proof{{Ask: ask, Print: dialect.PrintOf(again[0])}}
	t.Parents = dialect.ParentNames(res[1].Rows, dialect.QuoteDouble)
	return t, nil
}

// encoding is how the driver writes texts to a database of a character set, by its number; nil: it is Unicode. The driver puts
// question marks where the set has no character.
func encoding(set int) func(string) (int, bool) {
	conv := converters.NewStringConverter(set)
	if conv == nil || set >= 870 && set <= 873 { // without a converter the driver does not connect
		return nil
	}
	return func(s string) (int, bool) {
		b := conv.Encode(s)
		return len(b), conv.Decode(b) == s
	}
}

// column reads one row of columns.
func column(r []connectors.Value) *dialect.Column {
	c := &dialect.Column{Name: r[2].Str, Typ: r[3].Str, Scale: dialect.AnyScale, Fam: family(r[3].Str)}
	if c.Fam == dialect.FamText && !strings.Contains(c.Typ, "LOB") {
		c.Length = int(dialect.AsInt(r[4]))
		if c.Bytes = r[5].Str == "B"; c.Bytes {
			c.Length = int(dialect.AsInt(r[8]))
		}
	}
	if r[6].Kind != connectors.Null {
		c.Scale = int(dialect.AsInt(r[6]))
	}
	switch {
	case c.Typ == "CHAR", c.Typ == "NCHAR":
		c.Fixed = dialect.Filled
	case c.Typ == "DATE":
		c.Scale = 0
	case c.Typ == "BINARY_FLOAT":
		c.Bits = 32
	case c.Typ == "BINARY_DOUBLE":
		c.Bits = 64
	case c.Typ == "FLOAT": // binary digits of precision
		c.Scale, c.Digits = dialect.AnyScale, max(1, int(dialect.AsInt(r[7]))*30103/100000)
	case c.Fam == dialect.FamDecimal && c.Scale == dialect.AnyScale:
		c.Digits = 38
	}
	return c
}

// family: Oracle's DATE has a time of day and no zone.
func family(typ string) dialect.Family {
	switch {
	case strings.Contains(typ, "TIME ZONE"):
		return dialect.FamInstant
	case typ == "DATE":
		return dialect.FamDateTime
	case typ == "LONG":
		return dialect.FamText
	}
	return dialect.FamilyOf(typ)
}

func arg(c *dialect.Column, v connectors.Value, zone *time.Location) (any, error) {
	if v.Kind == connectors.Date && c.Fam == dialect.FamDateTime {
		return v.Str + " 00:00:00", nil
	}
	if c.Fam == dialect.FamOther && c.Typ != "" && v.Kind != connectors.Null {
		return nil, &dialect.Misfit{Code: dialect.CodeUnknownType, Column: c.Name}
	}
	if v.Kind == connectors.Text && v.Str == "" && c.Typ != "" {
		return nil, &dialect.Misfit{Code: dialect.CodeNotExact, Column: c.Name} // Oracle would make it NULL
	}
	x, err := dialect.Arg(c, v, zone)
	if s, ok := x.(string); ok && c.Fam == dialect.FamInstant && len(s) > 20 && s[len(s)-3] == ':' && strings.ContainsAny(s[len(s)-6:len(s)-5], "+-") {
		return s[:len(s)-6] + " " + s[len(s)-6:], err
	}
	return x, err
}

// inside: what comes from PL/SQL, such as a trigger, brings its stack along.
func inside(err error) bool {
	var e *network.OracleError
	return errors.As(err, &e) && strings.Contains(e.ErrMsg, "ORA-06512")
}

func verdict(err error) dialect.Verdict {
	var e *network.OracleError
	if !errors.As(err, &e) {
		return dialect.Verdict{}
	}
	if gone(e.ErrCode) {
		return dialect.Verdict{Class: connectors.Transient, Code: dialect.CodeUnreachable, Hint: ""}
	}
	if v, ok := numbers(e.ErrCode); ok {
		return v
	}
	if e.ErrCode >= 20000 && e.ErrCode < 21000 { // RAISE_APPLICATION_ERROR of a trigger
		return dialect.Verdict{Class: connectors.ItemError, Code: dialect.CodeConstraint, Hint: ""}
	}
	return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeRefused, Hint: dialect.ShownBy}
}

var numbers = dialect.Rules(
	dialect.On(connectors.Transient, dialect.CodeBusy, "", 60, 54, 8177, 18, 20, 12516, 12519, 12520, 30006, 51),
	dialect.On(connectors.Transient, dialect.CodeTimeout, "see statement-timeout", 1013),
	dialect.On(connectors.ItemError, dialect.CodeDuplicate, "", 1),
	dialect.On(connectors.ItemError, dialect.CodeNotNull, "", 1400, 1407),
	dialect.On(connectors.ItemError, dialect.CodeTooLong, "", 12899, 1401, 1461),
	dialect.On(connectors.ItemError, dialect.CodeWrongType, "", 1722, 1438, 1426, 1830, 1839, 1840, 1841, 1843, 1847, 1850, 1858, 1861, 932, 6502),
	dialect.On(connectors.ItemError, dialect.CodeConstraint, "", 2290, 2291, 2292, 2091, 1402, 14400, 14401, 14402, 28115, 6510),
	dialect.On(connectors.TargetError, dialect.CodeLogin, "check user and password; the account may be locked or expired", 1017, 28000, 28001, 1045, 28003),
	dialect.On(connectors.TargetError, dialect.CodeGrant, "have the DBA grant the missing right", 1031, 1720, 41900),
	dialect.On(connectors.TargetError, dialect.CodeNoTable, "check names, schema and grants", 942, 4043, 6550),
	dialect.On(connectors.TargetError, dialect.CodeNoColumn, "check the column's name", 904),
	dialect.On(connectors.TargetError, dialect.CodeGenerated, dialect.TakesNone, 54013, 54017, 32795, 32796),
	dialect.On(connectors.TargetError, dialect.CodeFull, "have the DBA add space to the tablespace", 1653, 1654, 1536, 1688, 257, 1652, 30036),
	dialect.On(connectors.TargetError, dialect.CodeReadOnly, "point the target at the primary database", 16000, 1552, 1456),
)
