package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	go_ora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/network"

	"github.com/inbasket/inbasket/connectors"
)

func oracleDialect() dialect {
	return dialect{
		name: "oracle", summary: "Oracle Database 12c or later.", parallel: 2, open: openOracle, port: 1521, login: oracleLogin, grantee: quoteUnlessPlain,
		dual: " FROM DUAL", digest: "varchar2(64)",
		// The catalogue only: EXPLAIN PLAN would write into a table.
		inspector: inspector{strict: true, columns: wrapped("q"), names: `SELECT OWNER, TABLE_NAME FROM ALL_TABLES WHERE OWNER NOT IN ('SYS', 'SYSTEM') AND ROWNUM <= 2000 ORDER BY 1, 2`},
		steady:    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", maxBinds: 1000, maxRows: 1, returns: false, quote: quoteDouble,
		bind: func(n int) string { return ":" + strconv.Itoa(n) }, fold: strings.ToUpper,
		write: oracleWrite, table: oracleTable, arg: oracleArg, prove: proveByReading, classify: oracleVerdict, inside: oracleInside,
		age: "ROUND((CAST(SYSTIMESTAMP AS DATE) - CAST(WRITTEN_AT AS DATE)) * 86400)",
		since: func(n int64) string {
			// WRITTEN_AT is the server's own clock; an hour more, because it may have been put back since.
			return fmt.Sprintf("WRITTEN_AT >= CAST(SYSTIMESTAMP AS TIMESTAMP) - NUMTODSINTERVAL(%d, 'SECOND')", n+3600)
		},
		ledgerDDL: func(t string) string {
			return "CREATE TABLE " + t + " (\n  DELIVERY varchar2(64) NOT NULL PRIMARY KEY,\n  SUBMISSION varchar2(13) NOT NULL,\n" +
				"  DIGEST varchar2(64),\n  RETURNED varchar2(4000),\n  WRITTEN_AT timestamp DEFAULT SYSTIMESTAMP NOT NULL\n)"
		},
	}
}

// openOracle opens a connector of its own: go-ora's global driver shares session parameters between databases.
func openOracle(_ connectors.Env, c Config, zone *time.Location) (link, error) {
	dsn, err := oracleDSN(c)
	if err != nil {
		return link{}, err
	}
	connector := go_ora.NewConnector(dsn)
	if c, ok := connector.(*go_ora.OracleConnector); ok {
		c.Dialer(dialer{})
	}
	d := oracleDialect()
	return linkSQL(sql.OpenDB(connector), func(ctx context.Context, s *sqlSession) error {
		s.answered = oracleAnswered
		if err := s.ready(ctx, c, &d, oracleSchema(c)); err != nil {
			return err
		}
		return s.start(ctx, append(oracleSchema(c), oracleSettings(zone)...))
	}), nil
}

func oracleLogin(dsn string) string {
	if u, err := url.Parse(dsn); err == nil {
		return u.User.Username()
	}
	return ""
}

func oracleDSN(c Config) (string, error) {
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

func oracleSchema(c Config) []string {
	if c.Schema == "" {
		return nil
	}
	return []string{"ALTER SESSION SET CURRENT_SCHEMA = " + quoteDouble(strings.ToUpper(c.Schema))}
}

// oracleSettings come after session:, so that they hold whatever it, a logon trigger or the server has set: how texts
// become numbers and dates, how keys are compared, and that COMMIT waits for the disk.
func oracleSettings(zone *time.Location) []string {
	return []string{
		"ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,' NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' " +
			"NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF' NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM' " +
			"NLS_COMP = BINARY NLS_SORT = BINARY NLS_CALENDAR = GREGORIAN",
		"ALTER SESSION SET TIME_ZONE = '" + zone.String() + "'",
		// An account that may not set this has not set it otherwise either.
		"BEGIN EXECUTE IMMEDIATE 'ALTER SESSION SET COMMIT_LOGGING = IMMEDIATE COMMIT_WAIT = WAIT'; EXCEPTION WHEN OTHERS THEN IF SQLCODE <> -1031 THEN RAISE; END IF; END;",
	}
}

func oracleAnswered(err error) bool {
	var e *network.OracleError
	return errors.As(err, &e) && !oracleGone(e.ErrCode)
}

// oracleGone lists answers that mean the session is dead; what it did with COMMIT they do not say.
func oracleGone(code int) bool {
	switch code {
	case 28, 1012, 1033, 1034, 1089, 1090, 1092, 3113, 3114, 3135, 12537, 12547, 12170, 2396, 25402, 25405, 25408, 25409:
		return true
	}
	return false
}

// oracleWrite goes row by row: array binds collapse all errors of a batch to the first, and slices of
// unequal length are cut in silence.
func oracleWrite(d *dialect, w *rowset) ([]statement, error) {
	var stmts []statement
	switch w.shape.Op {
	case connectors.Call:
		return oracleCall(d, w)
	case connectors.Upsert:
		if len(w.shape.Returning) > 0 { // MERGE returns nothing before 23ai
			return nil, unsupported(w)
		}
		for _, r := range w.rows {
			stmts = append(stmts, w.counted(oracleMerge(d, w, r), 1, 1))
		}
		return stmts, nil
	case connectors.Insert, connectors.ReplaceChildren:
		if len(w.shape.Returning) > 0 {
			for _, r := range w.rows {
				stmts = append(stmts, w.counted(oracleReturning(d, w, r), 1, 1))
			}
			return stmts, nil
		}
	}
	return writeRows(d, w, nil)
}

func oracleReturning(d *dialect, w *rowset, r row) statement {
	plain := *w.shape
	plain.Returning = nil
	one := w.with([]row{r})
	one.shape = &plain
	st := inserts(d, one, "")[0]
	names := w.returning(d)
	into := make([]string, len(names))
	for i := range into {
		into[i] = d.bind(len(w.cols) + i + 1)
	}
	st.sql += " RETURNING " + strings.Join(names, ", ") + " INTO " + strings.Join(into, ", ")
	st.outs, st.item = len(names), r.item
	return st
}

func oracleMerge(d *dialect, w *rowset, r row) statement {
	var src, on, names, vals []string
	for i, c := range w.cols {
		q := d.quote(c.name)
		src = append(src, d.bind(i+1)+" "+q)
		names = append(names, q)
		vals = append(vals, "s."+q)
		if w.isKey(i) {
			on = append(on, "t."+q+" = s."+q)
		}
	}
	sql := "MERGE INTO " + w.tab.name + " t USING (SELECT " + strings.Join(src, ", ") + " FROM DUAL) s ON (" + strings.Join(on, " AND ") + ")"
	if len(w.key) < len(w.cols) {
		sql += " WHEN MATCHED THEN UPDATE SET " + w.assignments(d, func(q string) string { return "s." + q })
	}
	sql += " WHEN NOT MATCHED THEN INSERT (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(vals, ", ") + ")"
	return statement{sql: sql, args: r.args, op: "merge into " + w.tab.plain, item: r.item}
}

func oracleCall(d *dialect, w *rowset) ([]statement, error) {
	if len(w.shape.Returning) > 0 {
		return nil, unsupported(w)
	}
	var stmts []statement
	for _, r := range w.rows {
		named := make([]string, len(w.cols))
		for i, c := range w.cols {
			named[i] = c.name + " => " + d.bind(i+1)
		}
		stmts = append(stmts, statement{sql: "BEGIN " + w.tab.name + "(" + strings.Join(named, ", ") + "); END;", args: r.args,
			op: "call " + w.shape.Object, item: r.item})
	}
	return stmts, nil
}

const oracleColumns = `SELECT OWNER, TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHAR_LENGTH, CHAR_USED, DATA_SCALE, DATA_PRECISION, DATA_LENGTH
FROM ALL_TAB_COLUMNS WHERE UPPER(TABLE_NAME) = UPPER(:1) AND OWNER = COALESCE(UPPER(:2), SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))
ORDER BY CASE TABLE_NAME WHEN :3 THEN 0 WHEN UPPER(:4) THEN 1 ELSE 2 END, TABLE_NAME, COLUMN_ID`

// oraclePrint is a number over everything that writes rely on, and how many tables have names that only case tells apart.
const oraclePrint = `SELECT (SELECT OBJECT_ID || '/' || TO_CHAR(LAST_DDL_TIME, 'YYYYMMDDHH24MISS') FROM ALL_OBJECTS
WHERE OWNER = :1 AND OBJECT_NAME = :2 AND OBJECT_TYPE IN ('TABLE', 'VIEW') AND ROWNUM = 1) || '/' ||
(SELECT SUM(ORA_HASH(COLUMN_NAME || '/' || DATA_TYPE || '/' || CHAR_LENGTH || '/' || CHAR_USED || '/' || DATA_SCALE || '/' || DATA_PRECISION || '/' || DATA_LENGTH || '/' || NULLABLE))
FROM ALL_TAB_COLUMNS WHERE OWNER = :3 AND TABLE_NAME = :4) || '/' ||
(SELECT SUM(ORA_HASH(INDEX_NAME || '/' || UNIQUENESS)) FROM ALL_INDEXES WHERE TABLE_OWNER = :5 AND TABLE_NAME = :6) || '/' ||
(SELECT COUNT(DISTINCT TABLE_NAME) FROM ALL_TAB_COLUMNS WHERE OWNER = :7 AND UPPER(TABLE_NAME) = UPPER(:8)) FROM DUAL`

const oracleUniques = `SELECT i.INDEX_NAME, c.COLUMN_NAME FROM ALL_INDEXES i JOIN ALL_IND_COLUMNS c
ON c.INDEX_OWNER = i.OWNER AND c.INDEX_NAME = i.INDEX_NAME
WHERE i.TABLE_OWNER = :1 AND i.TABLE_NAME = :2 AND i.UNIQUENESS = 'UNIQUE' ORDER BY i.INDEX_NAME, c.COLUMN_POSITION`

const oracleParents = `SELECT p.OWNER, p.TABLE_NAME FROM ALL_CONSTRAINTS c JOIN ALL_CONSTRAINTS p
ON p.OWNER = c.R_OWNER AND p.CONSTRAINT_NAME = c.R_CONSTRAINT_NAME
WHERE c.OWNER = :1 AND c.TABLE_NAME = :2 AND c.CONSTRAINT_TYPE = 'R'`

func oracleTable(ctx context.Context, s session, schema, name string) (*table, error) {
	columns := statement{sql: oracleColumns, args: []any{name, schema, name, name}, rows: true, item: -1}
	res, err := s.run(ctx, []statement{columns}, false, false)
	if err != nil || len(res[0].rows) == 0 {
		return nil, err
	}
	owner, actual := res[0].rows[0][0].Str, res[0].rows[0][1].Str
	ask := statement{sql: oraclePrint, args: []any{owner, actual, owner, actual, owner, actual, owner, actual}, rows: true, op: "read the table's definition", item: -1}
	again, err := s.run(ctx, []statement{ask, columns}, false, false)
	if err != nil {
		return nil, err
	}
	var cols []*column
	for _, r := range again[1].rows {
		if r[1].Str != actual {
			continue
		}
		cols = append(cols, oracleColumn(r))
	}
	t := newTable(name, quoteDouble(owner)+"."+quoteDouble(actual), cols)
	res, err = s.run(ctx, []statement{{sql: oracleUniques, args: []any{owner, actual}, rows: true, item: -1},
		{sql: oracleParents, args: []any{owner, actual}, rows: true, item: -1}}, false, false)
	if err != nil {
		return nil, err
	}
	t.uniques = groupPairs(res[0].rows)
	t.proofs = []proof{{ask, printOf(again[0])}}
	t.parents = parentNames(res[1].rows, quoteDouble)
	return t, nil
}

// oracleColumn reads one row of oracleColumns.
func oracleColumn(r []connectors.Value) *column {
	c := &column{name: r[2].Str, typ: r[3].Str, scale: anyScale, fam: oracleFamily(r[3].Str)}
	if c.fam == famText && !strings.Contains(c.typ, "LOB") {
		c.length = int(asInt(r[4]))
		if c.bytes = r[5].Str == "B"; c.bytes {
			c.length = int(asInt(r[8]))
		}
	}
	if r[6].Kind != connectors.Null {
		c.scale = int(asInt(r[6]))
	}
	switch {
	case c.typ == "CHAR", c.typ == "NCHAR":
		c.fixed = filled
	case c.typ == "DATE":
		c.scale = 0
	case c.typ == "BINARY_FLOAT":
		c.bits = 32
	case c.typ == "BINARY_DOUBLE":
		c.bits = 64
	case c.typ == "FLOAT": // binary digits of precision
		c.scale, c.digits = anyScale, max(1, int(asInt(r[7]))*30103/100000)
	case c.fam == famDecimal && c.scale == anyScale:
		c.digits = 38
	}
	return c
}

// oracleFamily: Oracle's DATE has a time of day and no zone.
func oracleFamily(typ string) family {
	switch {
	case strings.Contains(typ, "TIME ZONE"):
		return famInstant
	case typ == "DATE":
		return famDateTime
	case typ == "LONG":
		return famText
	}
	return familyOf(typ)
}

func oracleArg(c *column, v connectors.Value, zone *time.Location) (any, error) {
	if v.Kind == connectors.Date && c.fam == famDateTime {
		return v.Str + " 00:00:00", nil
	}
	if c.fam == famOther && c.typ != "" && v.Kind != connectors.Null {
		return nil, &misfit{CodeUnknownType, c.name}
	}
	if v.Kind == connectors.Text && v.Str == "" && c.typ != "" {
		return nil, &misfit{CodeNotExact, c.name} // Oracle would make it NULL
	}
	x, err := arg(c, v, zone)
	if s, ok := x.(string); ok && c.fam == famInstant && len(s) > 20 && s[len(s)-3] == ':' && strings.ContainsAny(s[len(s)-6:len(s)-5], "+-") {
		return s[:len(s)-6] + " " + s[len(s)-6:], err
	}
	return x, err
}

// oracleInside: what comes from PL/SQL, such as a trigger, brings its stack along.
func oracleInside(err error) bool {
	var e *network.OracleError
	return errors.As(err, &e) && strings.Contains(e.ErrMsg, "ORA-06512")
}

func oracleVerdict(err error) verdict {
	var e *network.OracleError
	if !errors.As(err, &e) {
		return verdict{}
	}
	if oracleGone(e.ErrCode) {
		return verdict{connectors.Transient, CodeUnreachable, ""}
	}
	if v, ok := oracleNumbers(e.ErrCode); ok {
		return v
	}
	if e.ErrCode >= 20000 && e.ErrCode < 21000 { // RAISE_APPLICATION_ERROR of a trigger
		return verdict{connectors.ItemError, CodeConstraint, ""}
	}
	return verdict{connectors.TargetError, CodeRefused, shownBy}
}

var oracleNumbers = rules(
	on(connectors.Transient, CodeBusy, "", 60, 54, 8177, 18, 20, 12516, 12519, 12520, 30006, 51),
	on(connectors.Transient, CodeTimeout, "see statement-timeout", 1013),
	on(connectors.ItemError, CodeDuplicate, "", 1),
	on(connectors.ItemError, CodeNotNull, "", 1400, 1407),
	on(connectors.ItemError, CodeTooLong, "", 12899, 1401, 1461),
	on(connectors.ItemError, CodeWrongType, "", 1722, 1438, 1426, 1830, 1839, 1840, 1841, 1843, 1847, 1850, 1858, 1861, 932, 6502),
	on(connectors.ItemError, CodeConstraint, "", 2290, 2291, 2292, 2091, 1402, 14400, 14401, 14402, 28115, 6510),
	on(connectors.TargetError, CodeLogin, "check user and password; the account may be locked or expired", 1017, 28000, 28001, 1045, 28003),
	on(connectors.TargetError, CodeGrant, "have the DBA grant the missing right", 1031, 1720, 41900),
	on(connectors.TargetError, CodeNoTable, "check names, schema and grants", 942, 4043, 6550),
	on(connectors.TargetError, CodeNoColumn, "check the column's name", 904),
	on(connectors.TargetError, CodeGenerated, takesNone, 54013, 54017, 32795, 32796),
	on(connectors.TargetError, CodeFull, "have the DBA add space to the tablespace", 1653, 1654, 1536, 1688, 257, 1652, 30036),
	on(connectors.TargetError, CodeReadOnly, "point the target at the primary database", 16000, 1552, 1456),
)
