package sqldb

import (
	"context"
	"fmt"

	"github.com/inbasket/inbasket/connectors"
)

func postgresInspector() inspector {
	return inspector{explain: "EXPLAIN ", strict: true, describes: true, traits: postgresTraits, server: postgresServer, rights: postgresRights, columns: postgresNames, mayCreate: postgresMayCreate,
		names: `SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%' ORDER BY 1, 2 LIMIT 2000`}
}

// postgresServer looks whether the database can be written to, and in which character set it keeps texts.
func postgresServer(ctx context.Context, x *inspection) error {
	res, err := x.s.run(ctx, []statement{{sql: `SELECT pg_catalog.current_setting('server_encoding'), pg_catalog.pg_is_in_recovery(),
pg_catalog.current_setting('transaction_read_only')`, rows: true, item: -1}}, false, false)
	if err != nil {
		return err
	}
	r := res[0].rows[0]
	if r[1].Int == 1 || r[2].Str == "on" {
		x.add(readOnly())
	}
	switch r[0].Str {
	case "UTF8":
	case "SQL_ASCII":
		x.add(connectors.Finding{Warning: true, Code: CodeCharset, Message: "the database has no character set (SQL_ASCII): it keeps bytes as they come, and what other programs read there may be something else",
			Cure: "have the DBA move it to a database with encoding UTF8"})
	default:
		x.add(connectors.Finding{Warning: true, Code: CodeCharset, Message: "the database keeps texts in " + r[0].Str + ": a form with a character beyond it parks",
			Cure: "replace what it lacks in the mapping by replace(), or have the DBA move it to a database with encoding UTF8"})
	}
	return nil
}

const postgresTraitsQuery = `
SELECT c.relkind::text, c.relpersistence::text, pg_catalog.row_security_active(c.oid) FROM pg_catalog.pg_class c WHERE c.oid = $1::pg_catalog.regclass`

const postgresColumnTraits = `
SELECT a.attname, a.attgenerated <> '' OR a.attidentity = 'a', a.attnotnull OR t.typnotnull,
       (a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL,
       CASE b.typname WHEN 'int2' THEN 4 WHEN 'int4' THEN 9 WHEN 'int8' THEN 18
       WHEN 'numeric' THEN CASE WHEN m.typmod >= 4 AND (m.typmod - 4) & 2047 < 1024 THEN ((m.typmod - 4) >> 16) - ((m.typmod - 4) & 2047) END END
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END,
LATERAL (SELECT CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod) m
WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped`

// In tgtype 1 is for each row, 2 before, 4 insert, 8 delete, 16 update, 64 instead of.
const postgresHooks = `
SELECT t.tgname, CASE WHEN t.tgtype & 64 > 0 THEN 'INSTEAD OF' ELSE 'BEFORE' END, 'trigger', e.name
FROM pg_catalog.pg_trigger t JOIN (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE')) e(bit, name) ON t.tgtype & e.bit > 0
WHERE t.tgrelid = $1::pg_catalog.regclass AND NOT t.tgisinternal AND t.tgenabled NOT IN ('D', 'R') AND t.tgtype & 66 > 0 AND t.tgtype & 1 > 0
UNION ALL
SELECT r.rulename, CASE WHEN r.is_instead THEN 'INSTEAD' ELSE 'ALSO' END, 'rule', e.name
FROM pg_catalog.pg_rewrite r JOIN (VALUES ('2', 'UPDATE'), ('3', 'INSERT'), ('4', 'DELETE')) e(typ, name) ON r.ev_type::text = e.typ
WHERE r.ev_class = $1::pg_catalog.regclass AND r.ev_enabled NOT IN ('D', 'R')
ORDER BY 3 DESC, 1, 4`

const postgresIndexes = `
SELECT i.indexrelid::text, a.attname FROM pg_catalog.pg_index i, LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY k(num, ord), pg_catalog.pg_attribute a
WHERE i.indrelid = $1::pg_catalog.regclass AND i.indisvalid AND i.indpred IS NULL AND a.attrelid = i.indrelid AND a.attnum = k.num ORDER BY 1, k.ord`

// A default that draws from a sequence depends on it; identity columns ask for no right.
const postgresSequences = `
SELECT a.attname, d.refobjid::pg_catalog.regclass::text
FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid
JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
WHERE f.adrelid = $1::pg_catalog.regclass AND CASE WHEN s.relkind = 'S' THEN NOT pg_catalog.has_sequence_privilege(s.oid, 'USAGE, UPDATE') END`

func postgresTraits(ctx context.Context, x *inspection, tab *table) (*traits, error) {
	var stmts []statement
	for _, q := range []string{postgresTraitsQuery, postgresColumnTraits, postgresHooks, postgresIndexes, postgresSequences} {
		stmts = append(stmts, statement{sql: q, args: []any{tab.name}, oids: []uint32{oidText}, rows: true, item: -1})
	}
	res, err := x.s.run(ctx, stmts, false, false)
	if err != nil {
		return nil, err
	}
	tr := &traits{computed: map[string]bool{}, strictly: map[string]bool{}, needs: map[string]bool{}, whole: map[string]int{}, indexes: [][]string{}}
	for _, r := range res[0].rows {
		switch r[0].Str {
		case "v":
			tr.kind = "a view"
		case "f":
			tr.kind, tr.weak = "a foreign table,", "whose rows another server commits"
		}
		if r[1].Str == "t" {
			tr.kind, tr.weak = "a temporary table,", "which ends with the session"
		}
		if r[1].Str == "u" {
			tr.weak = "unlogged: the server empties it after a crash"
		}
		tr.policies = r[2].Int == 1
	}
	for _, r := range res[1].rows {
		tr.computed[r[0].Str], tr.strictly[r[0].Str], tr.needs[r[0].Str] = r[1].Int == 1, r[2].Int == 1, r[3].Int == 1
		tr.whole[r[0].Str] = int(asInt(r[4]))
	}
	for _, r := range res[2].rows {
		tr.hooks = append(tr.hooks, hook{name: r[0].Str, what: r[1].Str + " " + r[3].Str + " " + r[2].Str, event: r[3].Str, fills: r[1].Str != "ALSO", keeps: r[1].Str == "ALSO"})
	}
	tr.indexes = append(tr.indexes, groupPairs(res[3].rows)...)
	for _, r := range res[4].rows {
		tr.closed = append(tr.closed, r[0].Str+" "+r[1].Str)
	}
	return tr, nil
}

// postgresRights asks for the rights one by one, since an error names only the table.
func postgresRights(ctx context.Context, x *inspection, tab *table, want []right) ([]right, error) {
	var lacking []right
	for _, r := range want {
		sql, args := "SELECT pg_catalog.has_column_privilege($1::text, $2::text, $3::text)", []any{tab.name, r.column, r.privilege}
		if r.column == "" {
			sql, args = "SELECT pg_catalog.has_table_privilege($1::text, $2::text)", []any{tab.name, r.privilege}
		}
		res, err := x.s.run(ctx, []statement{{sql: sql, args: args, rows: true, item: -1}}, false, false)
		if err != nil {
			return nil, err
		}
		if res[0].rows[0][0].Int != 1 {
			lacking = append(lacking, r)
		}
	}
	return lacking, nil
}

// postgresNames has the query parsed and described, with the settings of a transaction; it never runs.
func postgresNames(ctx context.Context, x *inspection, query string, places int) ([]string, error) {
	s, ok := x.s.(*pgSession)
	if !ok {
		return nil, fmt.Errorf("no session of PostgreSQL: %T", x.s)
	}
	if _, err := s.run(ctx, []statement{x.d.ping()}, true, false); err != nil {
		return nil, err
	}
	d, err := s.conn.Prepare(ctx, "", query, nil)
	if err != nil {
		return nil, s.fault(0, false, err)
	}
	var names []string
	for _, f := range d.Fields {
		names = append(names, f.Name)
	}
	return names, nil
}

func postgresMayCreate(ctx context.Context, x *inspection) (bool, error) {
	schema, _ := splitName(x.cfg.LedgerTable, "")
	res, err := x.s.run(ctx, []statement{{sql: `SELECT pg_catalog.has_schema_privilege(n.oid, 'CREATE') FROM pg_catalog.pg_namespace n
WHERE CASE WHEN $1 = '' THEN n.nspname = pg_catalog.current_schema() ELSE lower(n.nspname) = lower($1) END`, args: []any{schema}, oids: []uint32{oidText}, rows: true, item: -1}}, false, false)
	return err == nil && len(res[0].rows) > 0 && res[0].rows[0][0].Int == 1, err
}
