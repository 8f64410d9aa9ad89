package postgres

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
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// OIDs of PostgreSQL's own types, as its catalog has them for good.
const (
	oidBytea     = 17
	oidText      = 25
	oidTextArray = 1009
)

// Dialect is that of PostgreSQL.
func Dialect() dialect.Dialect {
	return dialect.Dialect{
		Name: "postgres", Summary: "PostgreSQL 12 or later.", Parallel: 2, Open: open, Port: 5432, Greet: greetPostgres,
		Login: login, Grantee: grantee, Inspector: inspector(), Offsets: true, Trial: trial, Refutes: divided,
		Digest: "varchar(64)", Key: dialect.Column{OID: oidText, Array: oidTextArray},
		Steady: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", MaxBinds: 65000, MaxRows: 64, Returns: true, Quote: dialect.QuoteDouble,
		Bind: func(n int) string { return "$" + strconv.Itoa(n) }, Fold: strings.ToLower,
		Differs: differs,
		Write:   write, Table: table, Routine: routine, Lock: lock, Arg: dialect.Arg, Prove: prove, Tally: tally, Settle: "SET CONSTRAINTS ALL IMMEDIATE", Pipelines: true, TakesBack: &dialect.TakesBack{Calls: true, Triggers: true, Numbers: true}, Classify: verdict, Inside: inside,
		Age:   "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP - WRITTEN_AT) AS bigint)",
		Since: func(n int64) string { return fmt.Sprintf("WRITTEN_AT >= CURRENT_TIMESTAMP - INTERVAL '%d seconds'", n) },
		LedgerDDL: func(t string) string {
			return "CREATE TABLE IF NOT EXISTS " + t + " (\n  DELIVERY varchar(64) NOT NULL PRIMARY KEY,\n  SUBMISSION varchar(13) NOT NULL,\n" +
				"  DIGEST varchar(64),\n  RETURNED text,\n  WRITTEN_AT timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP\n)"
		},
	}
}

func open(e connectors.Env, c dialect.Config, zone *time.Location) (dialect.Link, error) {
	cfg, err := pgconn.ParseConfig(dsn(e, c))
	if err != nil {
		return dialect.Link{}, errors.New("dsn or tls is not understood") // the driver's text may hold the password
	}
	if c.Password != "" {
		cfg.Password = string(c.Password)
	}
	cfg.ConnectTimeout = c.ConnectTimeout
	e.WatchTLS(cfg.TLSConfig)
	for _, f := range cfg.Fallbacks {
		e.WatchTLS(f.TLSConfig)
	}
	setup := &setup{cfg: cfg, config: c, zone: zone}
	setup.takeOver()
	return dialect.Link{Connect: setup.connect, Close: func() error { return nil }}, nil
}

// dsn adds the discrete fields to the DSN, in either of its forms; in the keyword form the last
// one wins.
func dsn(e connectors.Env, c dialect.Config) string {
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

// write inserts many rows by one statement over arrays: one text for every number of rows, whose
// elements the server itself reads as the columns' types.
func write(d *dialect.Dialect, w *dialect.Rowset) ([]dialect.Statement, error) {
	switch w.Shape.Op {
	case connectors.Call:
		return call(d, w)
	case connectors.Upsert:
		if !w.Tab.Unique(w.KeyNames()) {
			return nil, dialect.NoKey(w)
		}
		if arrayable(w) {
			return []dialect.Statement{unnest(d, w, dialect.ConflictTail(d)(w))}, nil
		}
	case connectors.Insert, connectors.ReplaceChildren:
		if arrayable(w) {
			return []dialect.Statement{unnest(d, w, "")}, nil
		}
	}
	return dialect.WriteRows(d, w, dialect.ConflictTail(d))
}

// arrayable says no to single rows, rows that give values, and documents, which would be held twice.
func arrayable(w *dialect.Rowset) bool {
	if len(w.Rows) < 2 || len(w.Cols) == 0 || len(w.Shape.Returning) > 0 {
		return false
	}
	for _, c := range w.Cols {
		if c.Array == 0 || c.Fam == dialect.FamBinary {
			return false
		}
	}
	return true
}

func unnest(d *dialect.Dialect, w *dialect.Rowset, tail string) dialect.Statement {
	marks := make([]string, len(w.Cols))
	st := dialect.Statement{Op: "insert into " + w.Tab.Plain, Item: w.Item(), Args: make([]any, len(w.Cols)), OIDs: make([]uint32, len(w.Cols))}
	for i, c := range w.Cols {
		marks[i] = d.Bind(i + 1)
		st.OIDs[i] = c.Array
		st.Args[i] = arrayText(w.Rows, i)
	}
	st.SQL = "INSERT INTO " + w.Tab.Name + " (" + strings.Join(w.Names(d), ", ") + ") SELECT * FROM unnest(" +
		strings.Join(marks, ", ") + ")" + tail
	return w.Counted(st, len(w.Rows), len(w.Rows))
}

// rawText is an argument that is already in the server's text form.
type rawText []byte

// arrayText is one column of the rows as an array literal.
func arrayText(rows []dialect.Row, col int) rawText {
	b := make([]byte, 0, len(rows)*12+2)
	b = append(b, '{')
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		switch x := rows[i].Args[col].(type) {
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

// find finds the table that a name means.
const find = `
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE lower(c.relname) = lower($2) AND c.relkind IN ('r', 'p', 'v', 'f')
  AND CASE WHEN $1 = '' THEN pg_catalog.pg_table_is_visible(c.oid) ELSE lower(n.nspname) = lower($1) END
ORDER BY c.relname = $2 DESC, c.relname = $4 DESC, n.nspname = $1 DESC, n.nspname = $3 DESC, c.oid LIMIT 1`

// facts reads of a table whether another server has it, whether nothing changes what is written into it, and
// which events have triggers that write elsewhere instead.
const facts = `
SELECT c.oid::int8,
       c.relkind = 'f' OR EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) p JOIN pg_catalog.pg_class k ON k.oid = p.relid WHERE k.relkind = 'f'),
       c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relrowsecurity AND NOT c.relhassubclass
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal),
       COALESCE((SELECT pg_catalog.bit_or(g.tgtype) FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND g.tgtype & 64 > 0 AND g.tgenabled NOT IN ('D', 'R')), 0),
       c.relpersistence = 't', c.relkind <> 'p' AND c.relhassubclass
FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)`

// columns reads columns with the base type below all domains, and its modifier.
const columns = `
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

// print is a text of all that writes rely on, and of what changes with it: a table that is dropped and made
// anew, altered, renamed into the place of another, or given a key, a trigger, a rule or a policy. The table is the first
// that one of the names at the places means.
func print(first, names int) string {
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

// prove has the server itself refuse to go on, so that COMMIT may travel with the proof. It holds because every
// statement sees what is committed: with a snapshot of the transaction's beginning it would prove nothing. Names mean
// what they mean by our own search_path, whatever was called in between has made of it: CASE goes from top to bottom.
func prove(proofs []*dialect.Proof) []dialect.Statement {
	st := dialect.Statement{Op: "prove that the tables are as they were read", Item: -1, Means: dialect.ErrChanged}
	var terms []string
	for _, p := range proofs {
		st.Args = append(append(st.Args, p.Print), p.Ask.Args...)
		n := len(st.Args) - len(p.Ask.Args)
		text := p.Term
		if text == nil {
			text = func(first int) string { return print(first, len(p.Ask.Args)) }
		}
		terms = append(terms, "$"+strconv.Itoa(n)+" = "+text(n+1))
	}
	st.OIDs = slices.Repeat([]uint32{oidText}, len(st.Args))
	st.SQL = "SELECT 1 / CASE WHEN pg_catalog.set_config('search_path', pg_catalog.current_setting('" + ownPath + "'), true) IS NULL THEN 0 WHEN " + strings.Join(terms, " AND ") + " THEN 1 ELSE 0 END"
	return []dialect.Statement{st}
}

// trial tries a value of a type that is not known: it must come back from a cast as the text that it was.
func trial(c *dialect.Column, x any, means *dialect.Culprit) dialect.Statement {
	st := dialect.Statement{Op: means.Op, Item: means.Item, Means: means, Tries: true, Args: []any{x}, OIDs: []uint32{oidText}}
	test := "CAST(CAST($1 AS " + c.Proof + ") AS text) = $1"
	if c.Fam == dialect.FamMoney {
		test = "CAST(CAST($1 AS money) AS numeric) = CAST($1 AS numeric)"
	}
	st.SQL = "SELECT 1 / CASE WHEN " + test + " THEN 1 ELSE 0 END"
	return st
}

// uniques reads the keys by which ON CONFLICT finds a row: checked at once, over whole columns and all rows. An
// index may compare by a collation of its own.
const uniques = `
SELECT i.indexrelid::text, a.attname,
       (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname) FROM pg_catalog.pg_collation l
          JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = k.coll AND NOT l.collisdeterministic),
       pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct' = 'true'
FROM pg_catalog.pg_index i
CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(i.indkey::int2[]), pg_catalog.unnest(i.indcollation::oid[])) WITH ORDINALITY AS k(attnum, coll, n)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = pg_catalog.to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND k.n <= i.indnkeyatts
ORDER BY i.indexrelid, k.n`

const parents = `
SELECT n.nspname, p.relname
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
WHERE k.conrelid = pg_catalog.to_regclass($1) AND k.contype = 'f'`

func table(ctx context.Context, s dialect.Session, schema, name string) (*dialect.Table, error) {
	find := dialect.Statement{SQL: find, Args: []any{schema, name, strings.ToLower(schema), strings.ToLower(name)},
		OIDs: []uint32{oidText, oidText, oidText, oidText}, Rows: true, Item: -1}
	res, err := s.Run(ctx, []dialect.Statement{find}, false, false)
	if err != nil || len(res[0].Rows) == 0 {
		return nil, err
	}
	inSchema, found := res[0].Rows[0][0].Str, res[0].Rows[0][1].Str
	quoted := dialect.QuoteDouble(inSchema) + "." + dialect.QuoteDouble(found)
	about := func(sql string, names ...any) dialect.Statement {
		return dialect.Statement{SQL: sql, Args: names, OIDs: slices.Repeat([]uint32{oidText}, len(names)), Rows: true, Item: -1}
	}
	names := spellings(schema, name, inSchema, found)
	ask := about("SELECT "+print(1, len(names)), names...)
	res, err = s.Run(ctx, []dialect.Statement{ask, about(facts, quoted), about(columns, quoted), about(uniques, quoted), about(parents, quoted)}, false, false)
	if err != nil || len(res[1].Rows) == 0 {
		return nil, err
	}
	var cols []*dialect.Column
	for _, r := range res[2].Rows {
		cols = append(cols, column(r))
	}
	t := dialect.NewTable(name, quoted, cols)
	t.Proofs = []dialect.Proof{{Ask: ask, Print: dialect.PrintOf(res[0])}} // it was read first: what changed since is told
	facts := res[1].Rows[0]
	t.OID, t.Sure = facts[0].Int, facts[2].Int == 1
	t.Hooked = !t.Sure
	if !strings.HasPrefix(t.Proofs[0].Print, strconv.FormatInt(t.OID, 10)+"/") {
		return nil, dialect.ErrChanged // the name came to mean another one in between
	}
	if facts[1].Int == 1 {
		t.Loses, t.Cure = "of another server", "the table lies on another server, which commits by itself and may change values: write to that server as a target of its own"
	}
	if facts[4].Int == 1 {
		t.Temporary()
	}
	if facts[5].Int == 1 {
		t.Only = "ONLY "
	}
	if bits := facts[3].Int; bits != 0 { // of tgtype: 4 insert, 8 delete, 16 update
		t.Instead = map[connectors.Op]bool{connectors.Insert: bits&4 > 0, connectors.Update: bits&16 > 0, connectors.ReplaceChildren: bits&12 > 0, connectors.Upsert: bits&20 > 0}
	}
	t.Uniques = dialect.GroupPairs(res[3].Rows)
	t.Nulls = dialect.GroupPairs(slices.DeleteFunc(slices.Clone(res[3].Rows), func(r []connectors.Value) bool { return r[3].Int != 1 })) // since version 15
	t.IndexRules(res[3].Rows)
	t.Parents = dialect.ParentNames(res[4].Rows, dialect.QuoteDouble)
	return t, nil
}

// column reads one row of columns.
func column(r []connectors.Value) *dialect.Column {
	c := &dialect.Column{Name: r[0].Str, OID: uint32(r[1].Int), Array: uint32(r[2].Int), Typ: r[3].Str, Scale: dialect.AnyScale,
		Required: r[5].Int == 1, Auto: r[6].Int == 1}
	c.Fam = family(c.Typ)
	mod := int(r[4].Int)
	switch c.Typ {
	case "varchar", "bpchar":
		if mod > 4 {
			c.Length = mod - 4
		}
		if c.Typ == "bpchar" && mod > 4 {
			c.Fixed = dialect.Filled
		}
	case "name":
		c.Length, c.Bytes = 63, true
	case "char": // a single byte
		c.Length, c.Bytes = 1, true
	case "numeric":
		if mod >= 4 { // precision in the high half, scale in the low eleven bits, from version 15 on with a sign
			c.Scale = ((mod-4)&0x7ff ^ 1024) - 1024
		}
	case "float4":
		c.Bits = 32
	case "float8":
		c.Bits = 64
	case "timestamp", "timestamptz", "time", "timetz":
		if c.Scale = mod; mod < 0 {
			c.Scale = 6
		}
	case "money":
		c.Proof = c.Typ
	}
	if c.Fam == dialect.FamOther && r[8].Int == 1 { // an enum: its labels as they are, and nothing else
		c.Fam = dialect.FamText
	}
	if c.Fam == dialect.FamOther {
		c.Proof = r[7].Str
	}
	c.Folds = r[9].Int == 1 || c.Typ == "citext" || c.Typ == "bpchar" || c.Fam == dialect.FamOther
	return c
}

// differs compares texts in the one collation that knows nothing but bytes. What makes a text of bpchar takes its
// blanks away.
func differs(c *dialect.Column, quoted, mark string) string {
	if c.Typ == "bpchar" && c.Length == 0 {
		return "pg_catalog.bpcharsend(" + quoted + ") <> pg_catalog.textsend(" + mark + "::text)"
	}
	return quoted + `::text COLLATE pg_catalog."C" <> ` + mark + `::text COLLATE pg_catalog."C"`
}

// family knows the types whose rules are known. Every other one, an array or a range among them, is tried out.
func family(typ string) dialect.Family {
	switch typ {
	case "timestamptz":
		return dialect.FamInstant
	case "timestamp":
		return dialect.FamDateTime
	case "date":
		return dialect.FamDate
	case "time", "timetz":
		return dialect.FamTime
	case "bytea":
		return dialect.FamBinary
	case "name", "bpchar", "varchar", "text", "citext", "char", "json":
		return dialect.FamText
	case "jsonb":
		return dialect.FamJSON
	case "uuid":
		return dialect.FamUUID
	case "inet":
		return dialect.FamAddress
	case "money":
		return dialect.FamMoney
	case "int2", "int4", "int8":
		return dialect.FamInteger
	case "numeric":
		return dialect.FamDecimal
	case "float4", "float8":
		return dialect.FamFloat
	case "bool":
		return dialect.FamBoolean
	}
	return dialect.FamOther
}

// tally asks for the counters of the transaction itself. They count for each table what truly happened to it, also
// by triggers; a partitioned table's are those of its partitions, a view's those of what lies below it; another table's are its own,
// not those of tables that inherit from it. They also have what
// earlier transactions of the session left to be reported, so only their difference means something.
func tally(tables []*dialect.Table) dialect.Statement {
	var oids strings.Builder
	for i, t := range tables {
		if i > 0 {
			oids.WriteByte(',')
		}
		oids.WriteString(strconv.FormatInt(t.OID, 10))
	}
	return dialect.Statement{SQL: tallyQuery, Args: []any{"{" + oids.String() + "}"}, OIDs: []uint32{oidText}}
}

const tallyQuery = `
WITH RECURSIVE below AS (
  SELECT r.n, r.id FROM pg_catalog.unnest($1::pg_catalog.oid[]) WITH ORDINALITY r(id, n)
  UNION
  SELECT below.n, x.id FROM below, LATERAL (
    SELECT i.inhrelid AS id FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhparent
    WHERE i.inhparent = below.id AND (c.relkind = 'p' OR below.id <> ALL ($1::pg_catalog.oid[]))
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
