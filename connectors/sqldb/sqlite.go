package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/inbasket/inbasket/connectors"
)

func sqliteDialect() dialect {
	return dialect{
		name: "sqlite", summary: "SQLite database file.", parallel: 1, open: openSQLite, inspector: sqliteInspector(), digest: "varchar(64)",
		maxBinds: 30000, maxRows: 128, returns: true, quote: quoteDouble, bind: questionMark,
		differs:  sqliteDiffers,
		write:    sqliteWrite,
		table:    sqliteTable,
		prove:    proveByReading,
		tally:    sqliteTally,
		counters: sqliteCounters,
		arg:      sqliteArg,
		classify: sqliteVerdict,
		age:      "strftime('%s', 'now') - strftime('%s', WRITTEN_AT)",
		since:    func(n int64) string { return fmt.Sprintf("WRITTEN_AT >= datetime('now', '-%d seconds')", n) },
		ledgerDDL: func(t string) string {
			return "CREATE TABLE IF NOT EXISTS " + t + " (\n  DELIVERY varchar(64) NOT NULL PRIMARY KEY,\n  SUBMISSION varchar(13) NOT NULL,\n" +
				"  DIGEST varchar(64),\n  RETURNED text,\n  WRITTEN_AT timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP\n)"
		},
	}
}

func openSQLite(e connectors.Env, c Config, _ *time.Location) (link, error) {
	dsn := c.DSN
	if dsn == "" {
		// Never made by us: a legacy system has its database, and an empty one in its place would hide that it is gone.
		dsn = "file:" + (&url.URL{Path: e.Path(c.Path)}).EscapedPath() + "?mode=rw"
	}
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	// The write lock is taken at once: a transaction that read first could not upgrade when another wrote.
	dsn += sep + "_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return link{}, err
	}
	f := &sqliteFile{config: c, path: sqlitePath(e, c), db: db}
	return link{f.connect, db.Close}, nil
}

// sqliteFile is the database that a target's sessions open.
type sqliteFile struct {
	config Config
	path   string
	db     *sql.DB
	former atomic.Pointer[openFile] // when all was as it should be
}

// sqlitePath is the path as it was configured, whose links may come to lead elsewhere. In a DSN it starts where the agent runs.
func sqlitePath(e connectors.Env, c Config) string {
	if c.DSN == "" {
		return e.Path(c.Path)
	}
	name := (&Config{DSN: c.DSN}).file()
	if !strings.HasPrefix(c.DSN, "file:") {
		name, _, _ = strings.Cut(c.DSN, "?")
	}
	if abs, err := filepath.Abs(name); err == nil && name != "" {
		return abs
	}
	return name
}

// connect opens the file, and nothing that would spoil it.
func (f *sqliteFile) connect(ctx context.Context) (session, error) {
	before := look(f.path)
	if before != nil {
		if err := errors.Join(before.leftover(f.former.Load()), before.alone()); err != nil {
			return nil, err
		}
	}
	return openSQL(ctx, f.db, func(ctx context.Context, s *sqlSession) error { return f.settle(ctx, s, before) })
}

// settle makes sure that the file is the one that its path named before it was opened.
func (f *sqliteFile) settle(ctx context.Context, s *sqlSession, before *openFile) error {
	d := sqliteDialect()
	s.answered, s.cell = sqliteAnswered, sqliteCell
	if err := s.ready(ctx, f.config, &d, nil); err != nil {
		return err
	}
	if err := sqliteSettle(ctx, s); err != nil {
		return err
	}
	file, err := openedFile(ctx, s, f.path)
	if err != nil || file == nil {
		return err
	}
	if before != nil && !os.SameFile(before.db, file.db) {
		return errReplaced
	}
	file.opened(&f.former)
	s.file = file
	return nil
}

// sqliteCell: bytes are always a blob, whatever the column says, and a time has a zone if its text had an offset.
func sqliteCell(typ string, v any) connectors.Value {
	switch x := v.(type) {
	case []byte:
		typ = "blob"
	case time.Time:
		if _, offset := x.Zone(); offset != 0 {
			typ = zonedType
		}
	}
	return cell(typ, v)
}

// openedFile asks SQLite which file it has open and returns it by the path that was configured; nil: none, it is in memory.
func openedFile(ctx context.Context, s *sqlSession, path string) (*openFile, error) {
	name, err := one(ctx, s, "SELECT file FROM pragma_database_list WHERE name = 'main'")
	if err != nil || name[0].Str == "" {
		return nil, err
	}
	opened, named := look(name[0].Str), look(path)
	switch {
	case opened == nil:
		return nil, errReplaced
	case named != nil && os.SameFile(opened.db, named.db):
		return named, nil
	}
	return opened, nil
}

// sqliteSettle has the last word after session: and what the DSN says.
func sqliteSettle(ctx context.Context, s *sqlSession) error {
	if err := s.start(ctx, []string{"PRAGMA foreign_keys = 1", "PRAGMA ignore_check_constraints = 0", "PRAGMA read_uncommitted = 0"}); err != nil {
		return err
	}
	level, err := one(ctx, s, "PRAGMA synchronous")
	if err == nil && asInt(level[0]) < 2 {
		err = s.start(ctx, []string{"PRAGMA synchronous = FULL"})
	}
	if err != nil {
		return err
	}
	mode, err := one(ctx, s, "SELECT journal_mode, (SELECT file FROM pragma_database_list WHERE name = 'main') FROM pragma_journal_mode")
	if err == nil && (mode[0].Str == "off" || mode[0].Str == "memory") && mode[1].Str != "" { // one in memory has its journal there
		return badSetting("sqlite", "journal_mode "+mode[0].Str, "take it out of session: or dsn")
	}
	return err
}

func sqliteAnswered(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff != 9 && e.Code() != 1032 // interrupted by us; the file was moved
}

var declaredLength = regexp.MustCompile(`\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)`)

// sqliteProofs ask for the version of the whole schema, and for the words of this table: the file may be another one.
func sqliteProofs(schema, name string) []statement {
	const op = "read the table's definition"
	return []statement{{sql: "PRAGMA " + quoteDouble(cmp.Or(schema, "main")) + ".schema_version", rows: true, op: op, item: -1},
		{sql: "SELECT GROUP_CONCAT(sql, char(10)) FROM (SELECT sql FROM " + sqliteMaster(schema) + " WHERE tbl_name = ? COLLATE NOCASE ORDER BY type, name)",
			args: []any{name}, rows: true, op: op, item: -1}}
}

func sqliteTable(ctx context.Context, s session, schema, name string) (*table, error) {
	quoted := quoteDouble(name)
	args := []any{name}
	info, list, strict, foreign := "pragma_table_xinfo(?)", "pragma_index_list(?)", "pragma_table_list(?)", "pragma_foreign_key_list(?)"
	if schema != "" {
		quoted = quoteDouble(schema) + "." + quoted
		args = append(args, schema)
		info, list, foreign = "pragma_table_xinfo(?, ?)", "pragma_index_list(?, ?)", "pragma_foreign_key_list(?, ?)"
		strict = "pragma_table_list(?) WHERE schema = ? COLLATE NOCASE"
	}
	const each = "pragma_index_xinfo(l.name)"
	asks := sqliteProofs(schema, name)
	res, err := s.run(ctx, []statement{asks[0], asks[1],
		{sql: `SELECT name, type, "notnull", dflt_value IS NOT NULL, pk FROM ` + info + " WHERE hidden <> 1", args: args, rows: true, item: -1},
		{sql: `SELECT l.name, i.name, CASE WHEN i.coll <> 'BINARY' THEN '"' || replace(i.coll, '"', '""') || '"' END, l.partial OR EXISTS (SELECT 1 FROM ` + each + ` x WHERE x."key" AND x.cid = -2) FROM ` +
			list + ` l, ` + each + ` i WHERE i."key" AND l."unique" = 1 ORDER BY l.name, i.seqno`, args: args, rows: true, item: -1},
		{sql: `SELECT strict, schema = 'temp' FROM ` + strict, args: args, rows: true, item: -1},
		{sql: `SELECT "table" FROM ` + foreign, args: args, rows: true, item: -1},
		{sql: "SELECT type, sql FROM " + sqliteMaster(schema) + " WHERE tbl_name = ?1 COLLATE NOCASE UNION ALL SELECT type, sql FROM temp.sqlite_master WHERE tbl_name = ?1 COLLATE NOCASE",
			args: []any{name}, rows: true, item: -1},
	}, false, false)
	if err != nil {
		return nil, err
	}
	var cols []*column
	var pk []string
	for _, r := range res[2].rows {
		c := sqliteColumn(r, len(res[4].rows) > 0 && res[4].rows[0][0].Int == 1)
		if r[4].Int > 0 {
			pk = append(pk, c.name)
			c.auto = strings.EqualFold(c.typ, "INTEGER")
			c.required = c.required && !c.auto
		}
		cols = append(cols, c)
	}
	t := newTable(name, quoted, cols)
	t.proofs = []proof{{asks[0], printOf(res[0])}, {asks[1], printOf(res[1])}}
	if len(pk) > 0 {
		t.uniques = append(t.uniques, pk)
	}
	keys, _ := wholeKeys(res[3].rows)
	t.uniques = append(t.uniques, keys...)
	t.indexRules(res[3].rows)
	for _, r := range res[5].rows {
		t.parents = append(t.parents, strings.TrimSuffix(quoted, quoteDouble(name))+quoteDouble(r[0].Str))
	}
	if slices.ContainsFunc(res[4].rows, func(r []connectors.Value) bool { return r[1].Int == 1 }) {
		t.temporary()
	}
	t.liteWords(res[6].rows)
	return t, nil
}

// liteWords takes in rows of (type, words) of the table itself and of what hangs on it.
func (t *table) liteWords(rows [][]connectors.Value) {
	t.sure = !slices.ContainsFunc(rows, func(r []connectors.Value) bool {
		return r[0].Str != "table" && r[0].Str != "index" || ownWay.MatchString(r[1].Str)
	})
	for _, r := range rows {
		t.countable = t.countable || r[0].Str == "table" && !ownWay.MatchString(r[1].Str)
		if r[0].Str == "table" && onConflict.MatchString(r[1].Str) {
			t.abort = " OR ABORT" // not elsewhere: it would hold for what triggers do as well
		}
		if r[0].Str == "view" || collates.MatchString(r[1].Str) {
			for _, c := range t.columns {
				c.folds = true
			}
		}
	}
}

var (
	ownWay     = regexp.MustCompile(`(?i)^\s*create\s+virtual\b`) // it may leave a row out in silence
	onConflict = regexp.MustCompile(`(?i)\bon\s+conflict\b`)
	collates   = regexp.MustCompile(`(?i)\bcollate\b|^\s*create\s+virtual\b`)
)

// sqliteDiffers compares texts: numbers that are equal are the same.
func sqliteDiffers(_ *column, quoted, mark string) string {
	return "typeof(" + quoted + ") = 'text' AND CAST(" + quoted + " AS BLOB) <> CAST(" + mark + " AS BLOB)"
}

func sqliteMaster(schema string) string {
	return quoteDouble(cmp.Or(schema, "main")) + ".sqlite_master"
}

func sqliteWrite(d *dialect, w *rowset) ([]statement, error) { return writeRows(d, w, conflictTail(d)) }

// The affinities of SQLite: what it makes of values in a column by its declared type.
const (
	affinityInteger = "integer"
	affinityReal    = "real"
	affinityNumeric = "numeric"
)

func sqliteColumn(r []connectors.Value, strict bool) *column {
	typ := r[1].Str
	c := &column{name: r[0].Str, typ: typ, scale: anyScale, required: r[2].Int == 1 && r[3].Int == 0}
	low := strings.ToLower(typ)
	switch { // in SQLite's own order
	case strict && low == "any": // kept as it comes
	case strings.Contains(low, "int"):
		c.fam, c.affinity = famInteger, affinityInteger
	case strings.Contains(low, "char"), strings.Contains(low, "clob"), strings.Contains(low, "text"):
		c.fam = famText
	case strings.Contains(low, "blob"), low == "":
		if low != "" {
			c.fam = famBinary
		}
	case strings.Contains(low, "real"), strings.Contains(low, "floa"), strings.Contains(low, "doub"):
		c.fam, c.affinity = famFloat, affinityReal
	default:
		c.affinity = affinityNumeric
		if f := familyOf(typ); f == famDecimal || f == famBoolean || f == famDate || f == famDateTime || f == famBinary {
			c.fam = f
		}
	}
	if m := declaredLength.FindStringSubmatch(typ); m != nil {
		if c.fam == famText {
			c.length, _ = strconv.Atoi(m[1])
		} else if c.fam == famDecimal {
			c.scale, _ = strconv.Atoi(m[2])
		}
	}
	return c
}

// sqliteArg is stricter than SQLite, which would take any text into a number's column, a text that looks like a number
// for one in a column of a type like STRING, and round decimals of more than fifteen digits.
func sqliteArg(c *column, v connectors.Value, zone *time.Location) (any, error) {
	number := c.fam == famInteger || c.fam == famDecimal || c.fam == famFloat
	if v.Kind == connectors.Binary {
		return binaryArg(c, v.Blob)
	}
	switch {
	case c.fam == famBoolean && v.Kind == connectors.Text: // SQLite would keep the word, which is false to it
		n, known := map[string]int64{"true": 1, "1": 1, "false": 0, "0": 0}[strings.ToLower(v.Str)]
		if !known {
			return nil, &misfit{CodeWrongType, c.name}
		}
		return n, nil
	case c.fam == famBoolean && v.Kind == connectors.Integer:
		return booleanArg(c, v)
	case (c.fam == famDate || c.fam == famDateTime) && v.Kind == connectors.Text: // as everywhere; a number may be Unix time
		return momentArg(c, v, zone)
	}
	if !number && v.Kind != connectors.Null && v.Kind != connectors.DateTime && (c.fam != famText && c.fam != famBinary) {
		x, err := otherArg(c, v, zone)
		if s, isText := x.(string); isText && v.Kind == connectors.Text && !staysText(c.affinity, s) {
			return nil, &misfit{CodeNotExact, c.name}
		} else if isText && v.Kind == connectors.Decimal && c.affinity != "" {
			return sqliteNumber(c, s)
		}
		return x, err
	}
	x, err := arg(c, v, zone)
	if s, isText := x.(string); isText && number {
		return sqliteNumber(c, s)
	}
	if n, isInt := x.(int64); isInt && c.affinity == affinityReal && int64(float64(n)) != n {
		return nil, &misfit{CodeNotExact, c.name}
	}
	return x, err
}

// sqliteNumber is a number as SQLite keeps it: whole ones in 64 bits, others as floating-point of which it shows fifteen
// digits.
func sqliteNumber(c *column, s string) (any, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if strings.Trim(frac, "0") == "" {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil && (c.affinity != affinityReal || int64(float64(n)) == n) {
			return n, nil
		}
	}
	if c.fam == famInteger {
		return nil, &misfit{CodeWrongType, c.name}
	}
	if len(strings.Trim(strings.Replace(strings.TrimPrefix(s, "-"), ".", "", 1), "0")) > 15 || !binaryExact(s, 64, 15) {
		return nil, &misfit{CodeNotExact, c.name}
	}
	return s, nil
}

var looksLikeNumber = regexp.MustCompile(`^[ \t\n\v\f\r]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\v\f\r]*$`)

// staysText reports a text that a column of this affinity keeps, or gives back as the same text from a number.
func staysText(affinity, s string) bool {
	if affinity == "" || !looksLikeNumber.MatchString(s) {
		return true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == s && affinity != affinityReal
}

func sqliteVerdict(err error) verdict {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return verdict{}
	}
	for _, code := range []int{e.Code(), e.Code() & 0xff} {
		if v, ok := sqliteCodes(code); ok {
			return v
		}
	}
	return sqliteWords(e)
}

// sqliteCodes are extended codes, and primary ones of a byte.
var sqliteCodes = rules(
	on(connectors.ItemError, CodeDuplicate, "", 2067, 1555, 2579),
	on(connectors.ItemError, CodeNotNull, "", 1299),
	on(connectors.ItemError, CodeWrongType, "", 3091),
	on(connectors.Transient, CodeBusy, "", 5, 6),
	on(connectors.ItemError, CodeConstraint, "", 19),
	on(connectors.ItemError, CodeTooLarge, "", 18),
	on(connectors.ItemError, CodeWrongType, "", 20),
	on(connectors.TargetError, CodeFull, "free space on the disk", 13),
	on(connectors.TargetError, CodeReadOnly, "give the agent's account write rights on file and folder", 8),
	on(connectors.TargetError, CodeGrant, "the database file is not there, or this account may not open it; check its path and rights (inbasket never makes it)", 3, 14, 23),
	on(connectors.Uncertain, CodeUnclear, "the disk reported an error", 10),
)

// sqliteWords tells the cases apart that SQLite has one number for.
func sqliteWords(e *sqlite.Error) verdict {
	msg := e.Error()
	switch {
	case strings.Contains(msg, "no such table"):
		return verdict{connectors.TargetError, CodeNoTable, "check the table's name"}
	case strings.Contains(msg, "generated column"):
		return verdict{connectors.TargetError, CodeGenerated, takesNone}
	case strings.Contains(msg, "no such column"), strings.Contains(msg, "has no column"):
		return verdict{connectors.TargetError, CodeNoColumn, "check the column's name"}
	case strings.Contains(msg, "ON CONFLICT clause does not match"):
		return verdict{connectors.TargetError, CodeNoKey, "upsert needs a unique index on exactly its key"}
	}
	return verdict{connectors.TargetError, CodeRefused, shownBy}
}

// sqliteTally has triggers of the session's own count what is inserted and updated, also by other triggers, and takes what
// is deleted from the number of rows that there are: the transaction has the write lock, so nobody else changes that. Where
// there can be no such triggers the number of rows has to do.
func sqliteTally(tables []*table) statement {
	parts := make([]string, len(tables))
	for i, t := range tables {
		rows := "(SELECT COUNT(*) FROM " + t.name + ")"
		if t.countable {
			parts[i] = "SELECT inserted, inserted - " + rows + ", updated, 1 FROM temp.inbasket_counts WHERE n = " + strconv.Itoa(i)
		} else {
			parts[i] = "SELECT " + rows + ", 0, NULL, 1"
		}
	}
	return statement{sql: strings.Join(parts, " UNION ALL ")}
}

// sqliteCounters makes the triggers that count, or takes them away.
func sqliteCounters(tables []*table, begin bool) []string {
	const counts = "inbasket_counts"
	var sqls []string
	if begin {
		sqls = append(sqls, "CREATE TEMP TABLE "+counts+" (n INTEGER PRIMARY KEY, inserted INTEGER, updated INTEGER)")
	}
	for i, t := range tables {
		n := strconv.Itoa(i)
		if begin {
			sqls = append(sqls, "INSERT INTO temp."+counts+" VALUES ("+n+", 0, 0)")
		}
		for _, c := range [][2]string{{"INSERT", "inserted"}, {"UPDATE", "updated"}} {
			event, column := c[0], c[1]
			name := "inbasket_" + column + "_" + n
			switch {
			case !t.countable:
			case begin:
				sqls = append(sqls, "CREATE TEMP TRIGGER "+name+" AFTER "+event+" ON "+t.name+" BEGIN UPDATE "+counts+" SET "+column+" = "+column+" + 1 WHERE n = "+n+"; END")
			default:
				sqls = append(sqls, "DROP TRIGGER temp."+name)
			}
		}
	}
	if !begin {
		sqls = append(sqls, "DROP TABLE temp."+counts)
	}
	return sqls
}
