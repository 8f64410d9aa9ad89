package sqldb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
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
		name: "postgres", summary: "PostgreSQL 12 or later.", parallel: 2, open: openPostgres, port: 5432, greet: greetPostgres,
		login: postgresLogin, grantee: postgresGrantee, inspector: postgresInspector(), offsets: true, trial: trial, refutes: divided,
		digest: "varchar(64)", key: column{oid: oidText, array: oidTextArray},
		steady: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", maxBinds: 65000, maxRows: 64, returns: true, quote: quoteDouble,
		bind: func(n int) string { return "$" + strconv.Itoa(n) }, fold: strings.ToLower,
		differs: postgresDiffers,
		write:   postgresWrite, table: postgresTable, arg: arg, prove: postgresProve, tally: postgresTally, settle: "SET CONSTRAINTS ALL IMMEDIATE", pipelines: true, classify: postgresVerdict, inside: postgresInside,
		age:   "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP - WRITTEN_AT) AS bigint)",
		since: func(n int64) string { return fmt.Sprintf("WRITTEN_AT >= CURRENT_TIMESTAMP - INTERVAL '%d seconds'", n) },
		ledgerDDL: func(t string) string {
			return "CREATE TABLE IF NOT EXISTS " + t + " (\n  DELIVERY varchar(64) NOT NULL PRIMARY KEY,\n  SUBMISSION varchar(13) NOT NULL,\n" +
				"  DIGEST varchar(64),\n  RETURNED text,\n  WRITTEN_AT timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP\n)"
		},
	}
}

func openPostgres(e connectors.Env, c Config, zone *time.Location) (link, error) {
	cfg, err := pgconn.ParseConfig(postgresDSN(e, c))
	if err != nil {
		return link{}, errors.New("dsn or tls is not understood") // the driver's text may hold the password
	}
	if c.Password != "" {
		cfg.Password = string(c.Password)
	}
	cfg.ConnectTimeout = c.ConnectTimeout
	e.WatchTLS(cfg.TLSConfig)
	for _, f := range cfg.Fallbacks {
		e.WatchTLS(f.TLSConfig)
	}
	setup := &pgSetup{cfg: cfg, config: c, zone: zone}
	setup.takeOver()
	return link{setup.connect, func() error { return nil }}, nil
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
	case connectors.Insert, connectors.ReplaceChildren:
		if arrayable(w) {
			return []statement{unnest(d, w, "")}, nil
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
	return w.counted(st, len(w.rows), len(w.rows))
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

// postgresFind finds the table that a name means.
const postgresFind = `
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE lower(c.relname) = lower($2) AND c.relkind IN ('r', 'p', 'v', 'f')
  AND CASE WHEN $1 = '' THEN pg_catalog.pg_table_is_visible(c.oid) ELSE lower(n.nspname) = lower($1) END
ORDER BY c.relname = $2 DESC, c.relname = $4 DESC, n.nspname = $1 DESC, n.nspname = $3 DESC, c.oid LIMIT 1`

// postgresFacts reads of a table whether another server has it, whether nothing changes what is written into it, and
// which events have triggers that write elsewhere instead.
const postgresFacts = `
SELECT c.oid::int8,
       c.relkind = 'f' OR EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) p JOIN pg_catalog.pg_class k ON k.oid = p.relid WHERE k.relkind = 'f'),
       c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relrowsecurity AND NOT c.relhassubclass
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal),
       COALESCE((SELECT pg_catalog.bit_or(g.tgtype) FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND g.tgtype & 64 > 0 AND g.tgenabled NOT IN ('D', 'R')), 0),
       c.relpersistence = 't'
FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)`

// postgresColumns reads columns with the base type below all domains, and its modifier.
const postgresColumns = `
WITH RECURSIVE below AS (
  SELECT a.attnum, a.atttypid AS typid, a.atttypmod AS typmod FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT b.attnum, t.typbasetype, t.typtypmod FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.typid AND t.typtype = 'd')
SELECT a.attname, bt.oid::int8, bt.typarray::int8, bt.typname, b.typmod,
       a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attidentity <> '', pg_catalog.format_type(bt.oid, b.typmod),
       bt.typtype = 'e', NOT COALESCE(l.collisdeterministic, true)
FROM pg_catalog.pg_attribute a
JOIN below b ON b.attnum = a.attnum
JOIN pg_catalog.pg_type bt ON bt.oid = b.typid AND bt.typtype <> 'd'
LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
WHERE a.attrelid = pg_catalog.to_regclass($1)
ORDER BY a.attnum`

// postgresPrint is a text of all that writes rely on, and of what changes with it: a table that is dropped and made
// anew, altered, renamed into the place of another, or given a key, a trigger, a rule or a policy. The table is the first
// that one of the names at the places means.
func postgresPrint(first, names int) string {
	places := make([]string, names)
	for i := range places {
		places[i] = "pg_catalog.to_regclass($" + strconv.Itoa(first+i) + ")"
	}
	return `(SELECT pg_catalog.concat(c.oid, '/', pg_catalog.md5(pg_catalog.concat_ws('/', c.relnamespace, c.relname, c.relkind, c.relhasrules, c.relrowsecurity, c.relhassubclass,
  (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(',', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef, a.attidentity, a.xmin), ';' ORDER BY a.attnum)
     FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
  (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(',', i.indexrelid, i.indisunique, i.indisvalid, i.indkey), ';' ORDER BY i.indexrelid)
     FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid),
  (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(',', g.oid, g.tgtype, g.tgenabled), ';' ORDER BY g.oid)
     FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal))))
 FROM pg_catalog.pg_class c WHERE c.oid = COALESCE(` + strings.Join(places, ", ") + `))`
}

// postgresProve has the server itself refuse to go on, so that COMMIT may travel with the proof. It holds because every
// statement sees what is committed: with a snapshot of the transaction's beginning it would prove nothing. Names mean
// what they mean by our own search_path, whatever was called in between has made of it: CASE goes from top to bottom.
func postgresProve(proofs []*proof) []statement {
	st := statement{op: "prove that the tables are as they were read", item: -1, means: errChanged}
	var terms []string
	for _, p := range proofs {
		st.args = append(append(st.args, p.print), p.ask.args...)
		n := len(st.args) - len(p.ask.args)
		terms = append(terms, "$"+strconv.Itoa(n)+" = "+postgresPrint(n+1, len(p.ask.args)))
	}
	st.oids = slices.Repeat([]uint32{oidText}, len(st.args))
	st.sql = "SELECT 1 / CASE WHEN pg_catalog.set_config('search_path', pg_catalog.current_setting('" + ownPath + "'), true) IS NULL THEN 0 WHEN " + strings.Join(terms, " AND ") + " THEN 1 ELSE 0 END"
	return []statement{st}
}

// trial tries a value of a type that is not known: it must come back from a cast as the text that it was.
func trial(c *column, x any, means *culprit) statement {
	st := statement{op: means.op, item: means.item, means: means, tries: true, args: []any{x}, oids: []uint32{oidText}}
	test := "CAST(CAST($1 AS " + c.proof + ") AS text) = $1"
	if c.fam == famMoney {
		test = "CAST(CAST($1 AS money) AS numeric) = CAST($1 AS numeric)"
	}
	st.sql = "SELECT 1 / CASE WHEN " + test + " THEN 1 ELSE 0 END"
	return st
}

// postgresUniques reads the keys by which ON CONFLICT finds a row: checked at once, over whole columns and all rows. An
// index may compare by a collation of its own.
const postgresUniques = `
SELECT i.indexrelid::text, a.attname,
       (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname) FROM pg_catalog.pg_collation l
          JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = k.coll AND NOT l.collisdeterministic),
       pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct' = 'true'
FROM pg_catalog.pg_index i
CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(i.indkey::int2[]), pg_catalog.unnest(i.indcollation::oid[])) WITH ORDINALITY AS k(attnum, coll, n)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = pg_catalog.to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND k.n <= i.indnkeyatts
ORDER BY i.indexrelid, k.n`

const postgresParents = `
SELECT n.nspname, p.relname
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
WHERE k.conrelid = pg_catalog.to_regclass($1) AND k.contype = 'f'`

func postgresTable(ctx context.Context, s session, schema, name string) (*table, error) {
	find := statement{sql: postgresFind, args: []any{schema, name, strings.ToLower(schema), strings.ToLower(name)},
		oids: []uint32{oidText, oidText, oidText, oidText}, rows: true, item: -1}
	res, err := s.run(ctx, []statement{find}, false, false)
	if err != nil || len(res[0].rows) == 0 {
		return nil, err
	}
	inSchema, found := res[0].rows[0][0].Str, res[0].rows[0][1].Str
	quoted := quoteDouble(inSchema) + "." + quoteDouble(found)
	about := func(sql string, names ...any) statement {
		return statement{sql: sql, args: names, oids: slices.Repeat([]uint32{oidText}, len(names)), rows: true, item: -1}
	}
	names := spellings(schema, name, inSchema, found)
	ask := about("SELECT "+postgresPrint(1, len(names)), names...)
	res, err = s.run(ctx, []statement{ask, about(postgresFacts, quoted), about(postgresColumns, quoted), about(postgresUniques, quoted), about(postgresParents, quoted)}, false, false)
	if err != nil || len(res[1].rows) == 0 {
		return nil, err
	}
	var cols []*column
	for _, r := range res[2].rows {
		cols = append(cols, postgresColumn(r))
	}
	t := newTable(name, quoted, cols)
	t.proofs = []proof{{ask, printOf(res[0])}} // it was read first: what changed since is told
	facts := res[1].rows[0]
	t.oid, t.sure = facts[0].Int, facts[2].Int == 1
	if !strings.HasPrefix(t.proofs[0].print, strconv.FormatInt(t.oid, 10)+"/") {
		return nil, errChanged // the name came to mean another one in between
	}
	if facts[1].Int == 1 {
		t.loses, t.cure = "of another server", "the table lies on another server, which commits by itself and may change values: write to that server as a target of its own"
	}
	if facts[4].Int == 1 {
		t.temporary()
	}
	if bits := facts[3].Int; bits != 0 { // of tgtype: 4 insert, 8 delete, 16 update
		t.instead = map[connectors.Op]bool{connectors.Insert: bits&4 > 0, connectors.Update: bits&16 > 0, connectors.ReplaceChildren: bits&12 > 0, connectors.Upsert: bits&20 > 0}
	}
	t.uniques = groupPairs(res[3].rows)
	t.nulls = groupPairs(slices.DeleteFunc(slices.Clone(res[3].rows), func(r []connectors.Value) bool { return r[3].Int != 1 })) // since version 15
	t.indexRules(res[3].rows)
	t.parents = parentNames(res[4].rows, quoteDouble)
	return t, nil
}

// postgresColumn reads one row of postgresColumns.
func postgresColumn(r []connectors.Value) *column {
	c := &column{name: r[0].Str, oid: uint32(r[1].Int), array: uint32(r[2].Int), typ: r[3].Str, scale: anyScale,
		required: r[5].Int == 1, auto: r[6].Int == 1}
	c.fam = postgresFamily(c.typ)
	mod := int(r[4].Int)
	switch c.typ {
	case "varchar", "bpchar":
		if mod > 4 {
			c.length = mod - 4
		}
		if c.typ == "bpchar" && mod > 4 {
			c.fixed = filled
		}
	case "name":
		c.length, c.bytes = 63, true
	case "char": // a single byte
		c.length, c.bytes = 1, true
	case "numeric":
		if mod >= 4 { // precision in the high half, scale in the low eleven bits, from version 15 on with a sign
			c.scale = ((mod-4)&0x7ff ^ 1024) - 1024
		}
	case "float4":
		c.bits = 32
	case "float8":
		c.bits = 64
	case "timestamp", "timestamptz", "time", "timetz":
		if c.scale = mod; mod < 0 {
			c.scale = 6
		}
	case "money":
		c.proof = c.typ
	}
	if c.fam == famOther && r[8].Int == 1 { // an enum: its labels as they are, and nothing else
		c.fam = famText
	}
	if c.fam == famOther {
		c.proof = r[7].Str
	}
	c.folds = r[9].Int == 1 || c.typ == "citext" || c.typ == "bpchar" || c.fam == famOther
	return c
}

// postgresDiffers compares texts in the one collation that knows nothing but bytes. What makes a text of bpchar takes its
// blanks away.
func postgresDiffers(c *column, quoted, mark string) string {
	if c.typ == "bpchar" && c.length == 0 {
		return "pg_catalog.bpcharsend(" + quoted + ") <> pg_catalog.textsend(" + mark + "::text)"
	}
	return quoted + `::text COLLATE pg_catalog."C" <> ` + mark + `::text COLLATE pg_catalog."C"`
}

// postgresFamily knows the types whose rules are known. Every other one, an array or a range among them, is tried out.
func postgresFamily(typ string) family {
	switch typ {
	case "timestamptz":
		return famInstant
	case "timestamp":
		return famDateTime
	case "date":
		return famDate
	case "time", "timetz":
		return famTime
	case "bytea":
		return famBinary
	case "name", "bpchar", "varchar", "text", "citext", "char", "json":
		return famText
	case "jsonb":
		return famJSON
	case "uuid":
		return famUUID
	case "inet":
		return famAddress
	case "money":
		return famMoney
	case "int2", "int4", "int8":
		return famInteger
	case "numeric":
		return famDecimal
	case "float4", "float8":
		return famFloat
	case "bool":
		return famBoolean
	}
	return famOther
}

// postgresTally asks for the counters of the transaction itself. They count for each table what truly happened to it, also
// by triggers; a partitioned table's are those of its partitions, a view's those of what lies below it. They also have what
// earlier transactions of the session left to be reported, so only their difference means something.
func postgresTally(tables []*table) statement {
	var oids strings.Builder
	for i, t := range tables {
		if i > 0 {
			oids.WriteByte(',')
		}
		oids.WriteString(strconv.FormatInt(t.oid, 10))
	}
	return statement{sql: postgresTallyQuery, args: []any{"{" + oids.String() + "}"}, oids: []uint32{oidText}}
}

const postgresTallyQuery = `
WITH RECURSIVE below AS (
  SELECT r.n, r.id FROM pg_catalog.unnest($1::pg_catalog.oid[]) WITH ORDINALITY r(id, n)
  UNION
  SELECT below.n, x.id FROM below, LATERAL (
    SELECT i.inhrelid AS id FROM pg_catalog.pg_inherits i WHERE i.inhparent = below.id
    UNION ALL
    SELECT d.refobjid FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      AND d.objid = w.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    WHERE w.ev_class = below.id AND w.ev_type = '1') x)
SELECT pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(id))::int8, pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_deleted(id))::int8,
  pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_updated(id))::int8, (pg_catalog.current_setting('track_counts') = 'on')::int4
FROM below GROUP BY n ORDER BY n`

// divided reports a division by zero: a proof or a trial failed.
func divided(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "22012"
}
