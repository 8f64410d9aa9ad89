package sqlite

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
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Dialect is that of SQLite.
func Dialect() dialect.Dialect {
	return dialect.Dialect{
		Name: "sqlite", Summary: "SQLite database file.", Parallel: 1, Open: open, Inspector: inspector(), Digest: "varchar(64)",
		MaxBinds: 30000, MaxRows: 128, Returns: true, Quote: dialect.QuoteDouble, Bind: dialect.QuestionMark,
		Differs:   differs,
		Write:     write,
		Table:     table,
		Prove:     dialect.ProveByReading,
		Tally:     tally,
		Counters:  counters,
		Arg:       arg,
		TakesBack: &dialect.TakesBack{Triggers: true}, Classify: verdict,
		Age:   "strftime('%s', 'now') - strftime('%s', WRITTEN_AT)",
		Since: func(n int64) string { return fmt.Sprintf("WRITTEN_AT >= datetime('now', '-%d seconds')", n) },
		LedgerDDL: func(t string) string {
			return "CREATE TABLE IF NOT EXISTS " + t + " (\n  DELIVERY varchar(64) NOT NULL PRIMARY KEY,\n  SUBMISSION varchar(13) NOT NULL,\n" +
				"  DIGEST varchar(64),\n  RETURNED text,\n  WRITTEN_AT timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP\n)"
		},
	}
}

func open(e connectors.Env, c dialect.Config, _ *time.Location) (dialect.Link, error) {
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
		return dialect.Link{}, err
	}
	f := &file{config: c, path: path(e, c), db: db}
	return dialect.Link{Connect: f.connect, Close: db.Close}, nil
}

// file is the database that a target's sessions open.
type file struct {
	config dialect.Config
	path   string
	db     *sql.DB
	former atomic.Pointer[openFile] // when all was as it should be
}

// path is the path as it was configured, whose links may come to lead elsewhere. In a DSN it starts where the agent runs.
func path(e connectors.Env, c dialect.Config) string {
	if c.DSN == "" {
		return e.Path(c.Path)
	}
	name := (&dialect.Config{DSN: c.DSN}).File()
	if !strings.HasPrefix(c.DSN, "file:") {
		name, _, _ = strings.Cut(c.DSN, "?")
	}
	if abs, err := filepath.Abs(name); err == nil && name != "" {
		return abs
	}
	return name
}

// connect opens the file, and nothing that would spoil it.
func (f *file) connect(ctx context.Context) (dialect.Session, error) {
	before := look(f.path)
	if before != nil {
		if err := errors.Join(before.leftover(f.former.Load()), before.alone()); err != nil {
			return nil, err
		}
	}
	return dialect.OpenSQL(ctx, f.db, func(ctx context.Context, s *dialect.SQLSession) error { return f.settle(ctx, s, before) })
}

// settle makes sure that the file is the one that its path named before it was opened.
func (f *file) settle(ctx context.Context, s *dialect.SQLSession, before *openFile) error {
	d := Dialect()
	s.Answered, s.Cell = answered, cell
	if err := s.Ready(ctx, f.config, &d, nil); err != nil {
		return err
	}
	if err := settle(ctx, s); err != nil {
		return err
	}
	file, err := openedFile(ctx, s, f.path)
	if err != nil || file == nil {
		return err
	}
	if before != nil && !os.SameFile(before.db, file.db) {
		return dialect.ErrReplaced
	}
	file.opened(&f.former)
	s.File = file
	return nil
}

// cell: bytes are always a blob, whatever the column says, and a time has a zone if its text had an offset.
func cell(typ string, v any) connectors.Value {
	switch x := v.(type) {
	case []byte:
		typ = "blob"
	case time.Time:
		if _, offset := x.Zone(); offset != 0 {
			typ = dialect.ZonedType
		}
	}
	return dialect.Cell(typ, v)
}

// openedFile asks SQLite which file it has open and returns it by the path that was configured; nil: none, it is in memory.
func openedFile(ctx context.Context, s *dialect.SQLSession, path string) (*openFile, error) {
	name, err := dialect.One(ctx, s, "SELECT file FROM pragma_database_list WHERE name = 'main'")
	if err != nil || name[0].Str == "" {
		return nil, err
	}
	opened, named := look(name[0].Str), look(path)
	switch {
	case opened == nil:
		return nil, dialect.ErrReplaced
	case named != nil && os.SameFile(opened.db, named.db):
		return named, nil
	}
	return opened, nil
}

// settle has the last word after session: and what the DSN says.
func settle(ctx context.Context, s *dialect.SQLSession) error {
	if err := s.Start(ctx, []string{"PRAGMA foreign_keys = 1", "PRAGMA ignore_check_constraints = 0", "PRAGMA read_uncommitted = 0"}); err != nil {
		return err
	}
	level, err := dialect.One(ctx, s, "PRAGMA synchronous")
	if err == nil && dialect.AsInt(level[0]) < 2 {
		err = s.Start(ctx, []string{"PRAGMA synchronous = FULL"})
	}
	if err != nil {
		return err
	}
	mode, err := dialect.One(ctx, s, "SELECT journal_mode, (SELECT file FROM pragma_database_list WHERE name = 'main') FROM pragma_journal_mode")
	if err == nil && (mode[0].Str == "off" || mode[0].Str == "memory") && mode[1].Str != "" { // one in memory has its journal there
		return dialect.BadSetting("sqlite", "journal_mode "+mode[0].Str, "take it out of session: or dsn")
	}
	return err
}

func answered(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff != 9 && e.Code() != 1032 // interrupted by us; the file was moved
}

var declaredLength = regexp.MustCompile(`\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)`)

// proofs ask for the version of the whole schema, and for the words of this table: the file may be another one.
func proofs(schema, name string) []dialect.Statement {
	const op = "read the table's definition"
	return []dialect.Statement{{SQL: "PRAGMA " + dialect.QuoteDouble(cmp.Or(schema, "main")) + ".schema_version", Rows: true, Op: op, Item: -1},
		{SQL: "SELECT GROUP_CONCAT(sql, char(10)) FROM (SELECT sql FROM " + master(schema) + " WHERE tbl_name = ? COLLATE NOCASE ORDER BY type, name)",
			Args: []any{name}, Rows: true, Op: op, Item: -1}}
}

func table(ctx context.Context, s dialect.Session, schema, name string) (*dialect.Table, error) {
	quoted := dialect.QuoteDouble(name)
	args := []any{name}
	info, list, strict, foreign := "pragma_table_xinfo(?)", "pragma_index_list(?)", "pragma_table_list(?)", "pragma_foreign_key_list(?)"
	if schema != "" {
		quoted = dialect.QuoteDouble(schema) + "." + quoted
		args = append(args, schema)
		info, list, foreign = "pragma_table_xinfo(?, ?)", "pragma_index_list(?, ?)", "pragma_foreign_key_list(?, ?)"
		strict = "pragma_table_list(?) WHERE schema = ? COLLATE NOCASE"
	}
	const each = "pragma_index_xinfo(l.name)"
	asks := proofs(schema, name)
	res, err := s.Run(ctx, []dialect.Statement{asks[0], asks[1],
		{SQL: `SELECT name, type, "notnull", dflt_value IS NOT NULL, pk FROM ` + info + " WHERE hidden <> 1", Args: args, Rows: true, Item: -1},
		{SQL: `SELECT l.name, i.name, CASE WHEN i.coll <> 'BINARY' THEN '"' || replace(i.coll, '"', '""') || '"' END, l.partial OR EXISTS (SELECT 1 FROM ` + each + ` x WHERE x."key" AND x.cid = -2) FROM ` +
			list + ` l, ` + each + ` i WHERE i."key" AND l."unique" = 1 ORDER BY l.name, i.seqno`, Args: args, Rows: true, Item: -1},
		{SQL: `SELECT strict, schema = 'temp' FROM ` + strict, Args: args, Rows: true, Item: -1},
		{SQL: `SELECT "table" FROM ` + foreign, Args: args, Rows: true, Item: -1},
		{SQL: "SELECT type, sql FROM " + master(schema) + " WHERE tbl_name = ?1 COLLATE NOCASE UNION ALL SELECT type, sql FROM temp.sqlite_master WHERE tbl_name = ?1 COLLATE NOCASE",
			Args: []any{name}, Rows: true, Item: -1},
	}, false, false)
	if err != nil {
		return nil, err
	}
	var cols []*dialect.Column
	var pk []string
	for _, r := range res[2].Rows {
		c := column(r, len(res[4].Rows) > 0 && res[4].Rows[0][0].Int == 1)
		if r[4].Int > 0 {
			pk = append(pk, c.Name)
		}
		cols = append(cols, c)
	}
	for _, c := range cols { // a key of several columns numbers nothing
		c.Auto = len(pk) == 1 && c.Name == pk[0] && strings.EqualFold(c.Typ, "INTEGER")
		c.Required = c.Required && !c.Auto
	}
	t := dialect.NewTable(name, quoted, cols)
	t.Proofs = []dialect.Proof{{Ask: asks[0], Print: dialect.PrintOf(res[0])}, {Ask: asks[1], Print: dialect.PrintOf(res[1])}}
	if len(pk) > 0 {
		t.Uniques = append(t.Uniques, pk)
	}
	keys, _ := dialect.WholeKeys(res[3].Rows)
	t.Uniques = append(t.Uniques, keys...)
	t.IndexRules(res[3].Rows)
	for _, r := range res[5].Rows {
		t.Parents = append(t.Parents, strings.TrimSuffix(quoted, dialect.QuoteDouble(name))+dialect.QuoteDouble(r[0].Str))
	}
	if slices.ContainsFunc(res[4].Rows, func(r []connectors.Value) bool { return r[1].Int == 1 }) {
		t.Temporary()
	}
	liteWords(t, res[6].Rows)
	return t, nil
}

// liteWords takes in rows of (type, words) of the table itself and of what hangs on it.
func liteWords(t *dialect.Table, rows [][]connectors.Value) {
	t.Sure = !slices.ContainsFunc(rows, func(r []connectors.Value) bool {
		return r[0].Str != "table" && r[0].Str != "index" || ownWay.MatchString(r[1].Str)
	})
	t.Hooked = !t.Sure
	for _, r := range rows {
		t.Countable = t.Countable || r[0].Str == "table" && !ownWay.MatchString(r[1].Str)
		if r[0].Str == "table" && onConflict.MatchString(r[1].Str) {
			t.Abort = " OR ABORT" // not elsewhere: it would hold for what triggers do as well
		}
		if r[0].Str == "view" || collates.MatchString(r[1].Str) {
			for _, c := range t.Columns {
				c.Folds = true
			}
		}
	}
}

var (
	ownWay     = regexp.MustCompile(`(?i)^\s*create\s+virtual\b`) // it may leave a row out in silence
	onConflict = regexp.MustCompile(`(?i)\bon\s+conflict\b`)
	collates   = regexp.MustCompile(`(?i)\bcollate\b|^\s*create\s+virtual\b`)
)

// differs compares texts: numbers that are equal are the same.
func differs(_ *dialect.Column, quoted, mark string) string {
	return "typeof(" + quoted + ") = 'text' AND CAST(" + quoted + " AS BLOB) <> CAST(" + mark + " AS BLOB)"
}

func master(schema string) string {
	return dialect.QuoteDouble(cmp.Or(schema, "main")) + ".sqlite_master"
}

func write(d *dialect.Dialect, w *dialect.Rowset) ([]dialect.Statement, error) {
	return dialect.WriteRows(d, w, dialect.ConflictTail(d))
}

// The affinities of SQLite: what it makes of values in a column by its declared type.
const (
	affinityInteger = "integer"
	affinityReal    = "real"
	affinityNumeric = "numeric"
)

func column(r []connectors.Value, strict bool) *dialect.Column {
	typ := r[1].Str
	c := &dialect.Column{Name: r[0].Str, Typ: typ, Scale: dialect.AnyScale, Required: r[2].Int == 1 && r[3].Int == 0}
	low := strings.ToLower(typ)
	switch { // in SQLite's own order
	case strict && low == "any": // kept as it comes
	case strings.Contains(low, "int"):
		c.Fam, c.Affinity = dialect.FamInteger, affinityInteger
	case strings.Contains(low, "char"), strings.Contains(low, "clob"), strings.Contains(low, "text"):
		c.Fam = dialect.FamText
	case strings.Contains(low, "blob"), low == "":
		if low != "" {
			c.Fam = dialect.FamBinary
		}
	case strings.Contains(low, "real"), strings.Contains(low, "floa"), strings.Contains(low, "doub"):
		c.Fam, c.Affinity = dialect.FamFloat, affinityReal
	default:
		c.Affinity = affinityNumeric
		if f := dialect.FamilyOf(typ); f == dialect.FamDecimal || f == dialect.FamBoolean || f == dialect.FamDate || f == dialect.FamDateTime || f == dialect.FamBinary {
			c.Fam = f
		}
	}
	if m := declaredLength.FindStringSubmatch(typ); m != nil {
		if c.Fam == dialect.FamText {
			c.Length, _ = strconv.Atoi(m[1])
		} else if c.Fam == dialect.FamDecimal {
			c.Scale, _ = strconv.Atoi(m[2])
		}
	}
	return c
}

// arg is stricter than SQLite, which would take any text into a number's column, a text that looks like a number
// for one in a column of a type like STRING, and round decimals of more than fifteen digits.
func arg(c *dialect.Column, v connectors.Value, zone *time.Location) (any, error) {
	number := c.Fam == dialect.FamInteger || c.Fam == dialect.FamDecimal || c.Fam == dialect.FamFloat
	if v.Kind == connectors.Binary {
		if c.Fam != dialect.FamBinary && c.Fam != dialect.FamOther { // they would be bytes among texts or numbers
			return nil, &dialect.Misfit{Code: dialect.CodeWrongType, Column: c.Name}
		}
		return dialect.BinaryArg(c, v.Blob)
	}
	switch {
	case c.Fam == dialect.FamBoolean && v.Kind == connectors.Text: // SQLite would keep the word, which is false to it
		n, known := map[string]int64{"true": 1, "1": 1, "false": 0, "0": 0}[strings.ToLower(v.Str)]
		if !known {
			return nil, &dialect.Misfit{Code: dialect.CodeWrongType, Column: c.Name}
		}
		return n, nil
	case c.Fam == dialect.FamBoolean && v.Kind == connectors.Integer:
		return dialect.BooleanArg(c, v)
	case (c.Fam == dialect.FamDate || c.Fam == dialect.FamDateTime) && v.Kind == connectors.Text: // as everywhere; a number may be Unix time
		return dialect.MomentArg(c, v, zone)
	}
	if !number && v.Kind != connectors.Null && v.Kind != connectors.DateTime && (c.Fam != dialect.FamText && c.Fam != dialect.FamBinary) {
		x, err := dialect.OtherArg(c, v, zone)
		if s, isText := x.(string); isText && v.Kind == connectors.Text && !staysText(c.Affinity, s) {
			return nil, &dialect.Misfit{Code: dialect.CodeNotExact, Column: c.Name}
		} else if isText && v.Kind == connectors.Decimal && c.Affinity != "" {
			return asNumber(c, s)
		}
		return x, err
	}
	x, err := dialect.Arg(c, v, zone)
	if s, isText := x.(string); isText && number {
		return asNumber(c, s)
	}
	if n, isInt := x.(int64); isInt && c.Affinity == affinityReal && int64(float64(n)) != n {
		return nil, &dialect.Misfit{Code: dialect.CodeNotExact, Column: c.Name}
	}
	return x, err
}

// asNumber is a number as SQLite keeps it: whole ones in 64 bits, others as floating-point of which it shows fifteen
// digits.
func asNumber(c *dialect.Column, s string) (any, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if strings.Trim(frac, "0") == "" {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil && (c.Affinity != affinityReal || int64(float64(n)) == n) {
			return n, nil
		}
	}
	if c.Fam == dialect.FamInteger {
		return nil, &dialect.Misfit{Code: dialect.CodeWrongType, Column: c.Name}
	}
	if len(strings.Trim(strings.Replace(strings.TrimPrefix(s, "-"), ".", "", 1), "0")) > 15 || !dialect.BinaryExact(s, 64, 15) {
		return nil, &dialect.Misfit{Code: dialect.CodeNotExact, Column: c.Name}
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

func verdict(err error) dialect.Verdict {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return dialect.Verdict{}
	}
	for _, code := range []int{e.Code(), e.Code() & 0xff} {
		if v, ok := codes(code); ok {
			return v
		}
	}
	return words(e)
}

// codes are extended codes, and primary ones of a byte.
var codes = dialect.Rules(
	dialect.On(connectors.ItemError, dialect.CodeDuplicate, "", 2067, 1555, 2579),
	dialect.On(connectors.ItemError, dialect.CodeNotNull, "", 1299),
	dialect.On(connectors.ItemError, dialect.CodeWrongType, "", 3091),
	dialect.On(connectors.Transient, dialect.CodeBusy, "", 5, 6),
	dialect.On(connectors.ItemError, dialect.CodeConstraint, "", 19),
	dialect.On(connectors.ItemError, dialect.CodeTooLarge, "", 18),
	dialect.On(connectors.ItemError, dialect.CodeWrongType, "", 20),
	dialect.On(connectors.TargetError, dialect.CodeFull, "free space on the disk", 13),
	dialect.On(connectors.TargetError, dialect.CodeReadOnly, "give the agent's account write rights on file and folder", 8),
	dialect.On(connectors.TargetError, dialect.CodeGrant, "the database file is not there, or this account may not open it; check its path and rights (inbasket never makes it)", 3, 14, 23),
	dialect.On(connectors.Uncertain, dialect.CodeUnclear, "the disk reported an error", 10),
)

// words tells the cases apart that SQLite has one number for.
func words(e *sqlite.Error) dialect.Verdict {
	msg := e.Error()
	switch {
	case strings.Contains(msg, "no such table"):
		return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeNoTable, Hint: "check the table's name"}
	case strings.Contains(msg, "generated column"):
		return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeGenerated, Hint: dialect.TakesNone}
	case strings.Contains(msg, "no such column"), strings.Contains(msg, "has no column"):
		return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeNoColumn, Hint: "check the column's name"}
	case strings.Contains(msg, "ON CONFLICT clause does not match"):
		return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeNoKey, Hint: "upsert needs a unique index on exactly its key"}
	}
	return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeRefused, Hint: dialect.ShownBy}
}

// tally has triggers of the session's own count what is inserted and updated, also by other triggers, and takes what
// is deleted from the number of rows that there are: the transaction has the write lock, so nobody else changes that. Where
// there can be no such triggers the number of rows has to do.
func tally(tables []*dialect.Table) dialect.Statement {
	parts := make([]string, len(tables))
	for i, t := range tables {
		rows := "(SELECT COUNT(*) FROM " + t.Name + ")"
		if t.Countable {
			parts[i] = "SELECT inserted, inserted - " + rows + ", updated, 1 FROM temp.inbasket_counts WHERE n = " + strconv.Itoa(i)
		} else {
			parts[i] = "SELECT " + rows + ", 0, NULL, 1"
		}
	}
	return dialect.Statement{SQL: strings.Join(parts, " UNION ALL ")}
}

// counters makes the triggers that count, or takes them away.
func counters(tables []*dialect.Table, begin bool) []string {
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
			case !t.Countable:
			case begin:
				sqls = append(sqls, "CREATE TEMP TRIGGER "+name+" AFTER "+event+" ON "+t.Name+" BEGIN UPDATE "+counts+" SET "+column+" = "+column+" + 1 WHERE n = "+n+"; END")
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
