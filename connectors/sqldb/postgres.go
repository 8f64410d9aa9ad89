package sqldb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
)

// OIDs of PostgreSQL's own types, as its catalog has them for good.
const (
	oidText      = 25
	oidTextArray = 1009
)

func postgresDialect() dialect {
	return dialect{
		name: "postgres", steady: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", maxBinds: 65000, maxRows: 64, returns: true, quote: quoteDouble,
		bind:  func(n int) string { return "$" + strconv.Itoa(n) },
		write: postgresWrite, table: postgresTable, arg: arg, classify: postgresVerdict,
		age:   "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP - WRITTEN_AT) AS bigint)",
		since: func(n int64) string { return fmt.Sprintf("WRITTEN_AT >= CURRENT_TIMESTAMP - INTERVAL '%d seconds'", n) },
		ledgerDDL: func(t string) string {
			return "CREATE TABLE IF NOT EXISTS " + t + " (\n  DELIVERY varchar(64) NOT NULL PRIMARY KEY,\n  SUBMISSION varchar(13) NOT NULL,\n" +
				"  DIGEST varchar(64),\n  RETURNED text,\n  WRITTEN_AT timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP\n)"
		},
	}
}

func newPostgres(e connectors.Env, c Config, zone *time.Location) (*system, error) {
	cfg, err := pgconn.ParseConfig(postgresDSN(e, c))
	if err != nil {
		return nil, errors.New("dsn or tls is not understood") // the driver's text may hold the password
	}
	if c.Password != "" {
		cfg.Password = string(c.Password)
	}
	cfg.ConnectTimeout = c.ConnectTimeout
	e.WatchTLS(cfg.TLSConfig)
	for _, f := range cfg.Fallbacks {
		e.WatchTLS(f.TLSConfig)
	}
	p := cfg.RuntimeParams
	p["application_name"] = "inbasket"
	p["client_encoding"] = "UTF8"
	p["datestyle"] = "ISO, YMD"
	p["timezone"] = zone.String()
	p["bytea_output"] = "hex"
	if c.StatementTimeout > 0 {
		p["statement_timeout"] = strconv.FormatInt(c.StatementTimeout.Milliseconds(), 10)
		// A transaction whose client died without a word must not hold its ledger rows for ever.
		p["idle_in_transaction_session_timeout"] = strconv.FormatInt((c.StatementTimeout + 10*time.Second).Milliseconds(), 10)
	}
	if c.Schema != "" {
		p["search_path"] = quoteDouble(c.Schema) + ",public"
	}
	start := c.Session
	if c.Ledger && c.CreateLedger {
		start = append([]string{postgresDialect().ledgerDDL(c.LedgerTable)}, start...)
	}
	connect := func(ctx context.Context) (session, error) { return connectPostgres(ctx, cfg, c.ConnectTimeout, start) }
	return &system{dialect: postgresDialect(), connect: connect, close: func() error { return nil }}, nil
}

// postgresDSN adds the discrete fields to the DSN, in either of its forms; in the keyword form the last
// one wins.
func postgresDSN(e connectors.Env, c Config) string {
	port := ""
	if c.Port > 0 {
		port = strconv.Itoa(c.Port)
	}
	fields := [][2]string{{"host", c.Host}, {"port", port}, {"dbname", c.Database}, {"user", c.User}, {"sslmode", c.TLS.Mode},
		{"sslrootcert", e.Path(c.TLS.CA)}, {"sslcert", e.Path(c.TLS.Cert)}, {"sslkey", e.Path(c.TLS.Key)}}
	if strings.HasPrefix(c.DSN, "postgres://") || strings.HasPrefix(c.DSN, "postgresql://") {
		u, err := url.Parse(c.DSN)
		if err != nil {
			return c.DSN // the driver refuses it
		}
		q := u.Query()
		for _, f := range fields {
			if f[1] != "" {
				q.Set(f[0], f[1])
			}
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	dsn := c.DSN
	for _, f := range fields {
		if f[1] != "" {
			dsn += " " + f[0] + "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(f[1]) + "'"
		}
	}
	return dsn
}

// postgresWrite inserts many rows by one statement over arrays: one text for every number of rows, whose
// elements the server itself reads as the columns' types.
func postgresWrite(d *dialect, w *rowset) ([]statement, error) {
	switch w.shape.Op {
	case connectors.Call:
		return postgresCall(d, w)
	case connectors.Upsert:
		if !w.tab.unique(w.keyNames()) {
			return nil, noKey(w)
		}
		if arrayable(w) {
			return []statement{unnest(d, w, conflictTail(d)(w))}, nil
		}
	case connectors.Insert:
		if arrayable(w) {
			return []statement{unnest(d, w, "")}, nil
		}
	case connectors.ReplaceChildren:
		if arrayable(w) {
			return append(deletes(d, w), unnest(d, w, "")), nil
		}
	}
	return writeRows(d, w, conflictTail(d))
}

// arrayable says no to single rows, rows that give values, and documents, which would be held twice.
func arrayable(w *rowset) bool {
	if len(w.rows) < 2 || len(w.cols) == 0 || len(w.shape.Returning) > 0 {
		return false
	}
	for _, c := range w.cols {
		if c.array == 0 || c.fam == famBinary {
			return false
		}
	}
	return true
}

func unnest(d *dialect, w *rowset, tail string) statement {
	marks := make([]string, len(w.cols))
	st := statement{op: "insert into " + w.tab.plain, item: w.item(), args: make([]any, len(w.cols)), oids: make([]uint32, len(w.cols))}
	for i, c := range w.cols {
		marks[i] = d.bind(i + 1)
		st.oids[i] = c.array
		st.args[i] = arrayText(w.rows, i)
	}
	st.sql = "INSERT INTO " + w.tab.name + " (" + strings.Join(w.names(d), ", ") + ") SELECT * FROM unnest(" +
		strings.Join(marks, ", ") + ")" + tail
	return st
}

// rawText is an argument that is already in the server's text form.
type rawText []byte

// arrayText is one column of the rows as an array literal.
func arrayText(rows []row, col int) rawText {
	b := make([]byte, 0, len(rows)*12+2)
	b = append(b, '{')
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		switch x := rows[i].args[col].(type) {
		case nil:
			b = append(b, "NULL"...)
		case int64:
			b = strconv.AppendInt(b, x, 10)
		case string:
			b = append(b, '"')
			for j := range len(x) {
				if x[j] == '"' || x[j] == '\\' {
					b = append(b, '\\')
				}
				b = append(b, x[j])
			}
			b = append(b, '"')
		}
	}
	return append(b, '}')
}

// postgresCall calls a procedure with named parameters.
func postgresCall(d *dialect, w *rowset) ([]statement, error) {
	var stmts []statement
	for _, r := range w.rows {
		marks := make([]string, len(w.cols))
		for i, c := range w.cols {
			marks[i] = d.quote(strings.ToLower(c.name)) + " => " + d.bind(i+1)
		}
		stmts = append(stmts, statement{sql: "CALL " + w.tab.name + "(" + strings.Join(marks, ", ") + ")", args: r.args,
			op: "call " + w.shape.Object, item: r.item, rows: len(w.shape.Returning) > 0})
	}
	return stmts, nil
}

const postgresColumns = `
SELECT n.nspname, c.relname, c.oid::int8, a.attname, bt.oid::int8, bt.typarray::int8, bt.typname, a.atttypmod,
       a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attidentity <> ''
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type bt ON bt.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
WHERE lower(c.relname) = lower($2) AND c.relkind IN ('r', 'p', 'v', 'f')
  AND CASE WHEN $1 = '' THEN pg_catalog.pg_table_is_visible(c.oid) ELSE lower(n.nspname) = lower($1) END
ORDER BY c.relname = $2 DESC, n.nspname = $1 DESC, c.relname, a.attnum`

const postgresUniques = `
SELECT i.indexrelid::text, a.attname
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indexrelid`

func postgresTable(ctx context.Context, s session, schema, name string) (*table, error) {
	res, err := s.run(ctx, []statement{{sql: postgresColumns, args: []any{schema, name}, oids: []uint32{oidText, oidText}, rows: true, item: -1}}, false, false)
	if err != nil || len(res[0].rows) == 0 {
		return nil, err
	}
	oid := res[0].rows[0][2].Int
	var cols []*column
	for _, r := range res[0].rows {
		if r[2].Int == oid {
			cols = append(cols, postgresColumn(r))
		}
	}
	t := newTable(name, quoteDouble(res[0].rows[0][0].Str)+"."+quoteDouble(res[0].rows[0][1].Str), cols)
	res, err = s.run(ctx, []statement{{sql: postgresUniques, args: []any{oid}, rows: true, item: -1}}, false, false)
	if err != nil {
		return nil, err
	}
	t.uniques = groupPairs(res[0].rows)
	return t, nil
}

func postgresColumn(r []connectors.Value) *column {
	c := &column{name: r[3].Str, oid: uint32(r[4].Int), array: uint32(r[5].Int), typ: r[6].Str, scale: -1,
		required: r[8].Int == 1, auto: r[9].Int == 1}
	c.fam = postgresFamily(c.typ)
	mod := int(r[7].Int)
	switch c.typ {
	case "varchar", "bpchar":
		if mod > 4 {
			c.length = mod - 4
		}
	case "numeric":
		if mod >= 4 { // precision in the high half, scale in the low eleven bits since version 15
			c.scale = (mod - 4) & 0x7ff
			if c.scale >= 1024 { // negative scales round to tens: leave those to the server
				c.scale = -1
			}
		}
	}
	return c
}

func postgresFamily(typ string) family {
	switch typ {
	case "timestamptz":
		return famInstant
	case "bytea":
		return famBinary
	case "name", "bpchar", "varchar", "text", "citext":
		return famText
	case "json", "jsonb", "xml", "uuid", "money", "time", "timetz", "interval":
		return famOther
	}
	return familyOf(typ)
}

func postgresVerdict(err error) verdict {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return verdict{}
	}
	switch e.Code {
	case "23505":
		return verdict{connectors.ItemError, CodeDuplicate, ""}
	case "23502":
		return verdict{connectors.ItemError, CodeNotNull, ""}
	case "22001":
		return verdict{connectors.ItemError, CodeTooLong, ""}
	case "22021", "22P05":
		return verdict{connectors.ItemError, CodeCharset, ""}
	case "54000":
		return verdict{connectors.ItemError, CodeTooLarge, ""}
	case "40003", "08007":
		return verdict{connectors.Uncertain, CodeUnclear, ""}
	case "57014", "25P03":
		return verdict{connectors.Transient, CodeTimeout, "see statement-timeout"}
	case "26000":
		return verdict{connectors.Transient, CodeBusy, ""}
	case "0A000": // a table was changed under a prepared statement; a new connection mends it
		if strings.Contains(e.Routine, "RevalidateCachedQuery") {
			return verdict{connectors.Transient, CodeBusy, ""}
		}
	case "40001", "40P01", "55P03", "53300", "53400":
		return verdict{connectors.Transient, CodeBusy, ""}
	case "57P01", "57P02", "57P03", "57P05":
		return verdict{connectors.Transient, CodeUnreachable, "the server is starting or going down"}
	case "42501":
		return verdict{connectors.TargetError, CodeGrant, "have the DBA grant the missing right"}
	case "42P01", "42883", "3F000", "3D000":
		return verdict{connectors.TargetError, CodeNoTable, "check names, schema and grants"}
	case "42703":
		return verdict{connectors.TargetError, CodeNoColumn, "check the column's name"}
	case "42P10":
		return verdict{connectors.TargetError, CodeNoKey, "upsert needs a unique key on exactly its key columns"}
	case "53100":
		return verdict{connectors.TargetError, CodeFull, "free space on the database server"}
	case "25006":
		return verdict{connectors.TargetError, CodeReadOnly, "point the target at the writable server"}
	}
	return postgresClass(e)
}

// postgresClass goes by the first two characters of SQLSTATE.
func postgresClass(e *pgconn.PgError) verdict {
	switch fmt.Sprintf("%.2s", e.Code) {
	case "22":
		return verdict{connectors.ItemError, CodeWrongType, ""}
	case "23", "44", "P0", "09", "21":
		return verdict{connectors.ItemError, CodeConstraint, ""}
	case "28":
		return verdict{connectors.TargetError, CodeLogin, "check user, password and pg_hba.conf"}
	case "08":
		return verdict{connectors.Transient, CodeUnreachable, ""}
	case "40":
		return verdict{connectors.Transient, CodeBusy, ""}
	}
	return verdict{connectors.TargetError, CodeRefused, "see the database's own words with the submission"}
}
