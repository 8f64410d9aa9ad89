package postgres

import (
	"context"
	"fmt"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

func inspector() dialect.Inspector {
	return dialect.Inspector{Explain: "EXPLAIN ", Strict: true, Describes: true, Traits: traits, Server: server, Rights: rights, Columns: names, MayCreate: mayCreate, Sets: sets, Constraints: constraints, Takes: takes,
		Names: `SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%' ORDER BY 1, 2 LIMIT 2000`}
}

// server looks whether the database can be written to, and whether it keeps texts in a character set.
func server(ctx context.Context, x *dialect.Inspection) error {
	res, err := x.S.Run(ctx, []dialect.Statement{{SQL: `SELECT pg_catalog.current_setting('server_encoding'), pg_catalog.pg_is_in_recovery(),
pg_catalog.current_setting('transaction_read_only')`, Rows: true, Item: -1}}, false, false)
	if err != nil {
		return err
	}
	r := res[0].Rows[0]
	if r[1].Int == 1 || r[2].Str == "on" {
		x.Add(dialect.ReadOnly())
	}
	if r[0].Str == "SQL_ASCII" {
		x.Add(connectors.Finding{Warning: true, Code: dialect.CodeCharset, Message: "the database has no character set (SQL_ASCII): it keeps bytes as they come, and what other programs read there may be something else",
			Cure: "have the DBA move it to a database with encoding UTF8"})
	}
	return nil
}

const traitsQuery = `
SELECT c.relkind::text, c.relpersistence::text, pg_catalog.row_security_active(c.oid), pg_catalog.current_setting('server_encoding') FROM pg_catalog.pg_class c WHERE c.oid = $1::pg_catalog.regclass`

const columnTraits = `
SELECT a.attname, a.attgenerated <> '' OR a.attidentity = 'a', a.attnotnull OR t.typnotnull,
       (a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL,
       CASE b.typname WHEN 'int2' THEN 4 WHEN 'int4' THEN 9 WHEN 'int8' THEN 18
       WHEN 'numeric' THEN CASE WHEN m.typmod >= 4 AND (m.typmod - 4) & 2047 < 1024 THEN ((m.typmod - 4) >> 16) - ((m.typmod - 4) & 2047) END END
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END,
LATERAL (SELECT CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod) m
WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped`

// In tgtype 1 is for each row, 2 before, 4 insert, 8 delete, 16 update, 64 instead of.
const hooks = `
SELECT t.tgname, CASE WHEN t.tgtype & 64 > 0 THEN 'INSTEAD OF' ELSE 'BEFORE' END, 'trigger', e.name
FROM pg_catalog.pg_trigger t JOIN (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE')) e(bit, name) ON t.tgtype & e.bit > 0
WHERE t.tgrelid = $1::pg_catalog.regclass AND NOT t.tgisinternal AND t.tgenabled NOT IN ('D', 'R') AND t.tgtype & 66 > 0 AND t.tgtype & 1 > 0
UNION ALL
SELECT r.rulename, CASE WHEN r.is_instead THEN 'INSTEAD' ELSE 'ALSO' END, 'rule', e.name
FROM pg_catalog.pg_rewrite r JOIN (VALUES ('2', 'UPDATE'), ('3', 'INSERT'), ('4', 'DELETE')) e(typ, name) ON r.ev_type::text = e.typ
WHERE r.ev_class = $1::pg_catalog.regclass AND r.ev_enabled NOT IN ('D', 'R')
ORDER BY 3 DESC, 1, 4`

const indexes = `
SELECT i.indexrelid::text, a.attname FROM pg_catalog.pg_index i, LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY k(num, ord), pg_catalog.pg_attribute a
WHERE i.indrelid = $1::pg_catalog.regclass AND i.indisvalid AND i.indpred IS NULL AND a.attrelid = i.indrelid AND a.attnum = k.num ORDER BY 1, k.ord`

// A default that draws from a sequence depends on it; identity columns ask for no right.
const sequences = `
SELECT a.attname, d.refobjid::pg_catalog.regclass::text
FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid
JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
WHERE f.adrelid = $1::pg_catalog.regclass AND CASE WHEN s.relkind = 'S' THEN NOT pg_catalog.has_sequence_privilege(s.oid, 'USAGE, UPDATE') END`

// sets are the encodings of databases that mappings have a name for.
var sets = map[string]string{"LATIN1": "iso-8859-1", "LATIN2": "iso-8859-2", "LATIN9": "iso-8859-15", "WIN1250": "windows-1250", "WIN1252": "windows-1252"}

// charsets gives all texts of a table the encoding of the database, where that is not Unicode.
func charsets(rows [][]connectors.Value, tab *dialect.Table) map[string]string {
	of := map[string]string{}
	for _, r := range rows {
		for _, c := range tab.Columns {
			if set := r[3].Str; set != "UTF8" && set != "SQL_ASCII" {
				of[c.Name] = set
			}
		}
	}
	return of
}

func traits(ctx context.Context, x *dialect.Inspection, tab *dialect.Table) (*dialect.Traits, error) {
	var stmts []dialect.Statement
	for _, q := range []string{traitsQuery, columnTraits, hooks, indexes, sequences} {
		stmts = append(stmts, dialect.Statement{SQL: q, Args: []any{tab.Name}, OIDs: []uint32{oidText}, Rows: true, Item: -1})
	}
	res, err := x.S.Run(ctx, stmts, false, false)
	if err != nil {
		return nil, err
	}
	tr := &dialect.Traits{Computed: map[string]bool{}, Strictly: map[string]bool{}, Needs: map[string]bool{}, Whole: map[string]int{}, Indexes: [][]string{}}
	for _, r := range res[0].Rows {
		switch r[0].Str {
		case "v":
			tr.Kind = "a view"
		case "f":
			tr.Kind, tr.Weak = "a foreign table,", "whose rows another server commits"
		}
		if r[1].Str == "t" {
			tr.Kind, tr.Weak = "a temporary table,", "which ends with the session"
		}
		if r[1].Str == "u" {
			tr.Weak = "unlogged: the server empties it after a crash"
		}
		tr.Policies = r[2].Int == 1
	}
	tr.Charsets = charsets(res[0].Rows, tab)
	for _, r := range res[1].Rows {
		tr.Computed[r[0].Str], tr.Strictly[r[0].Str], tr.Needs[r[0].Str] = r[1].Int == 1, r[2].Int == 1, r[3].Int == 1
		tr.Whole[r[0].Str] = int(dialect.AsInt(r[4]))
	}
	for _, r := range res[2].Rows {
		tr.Hooks = append(tr.Hooks, dialect.Hook{Name: r[0].Str, What: r[1].Str + " " + r[3].Str + " " + r[2].Str, Event: r[3].Str, Fills: r[1].Str != "ALSO", Keeps: r[1].Str == "ALSO"})
	}
	tr.Indexes = append(tr.Indexes, dialect.GroupPairs(res[3].Rows)...)
	for _, r := range res[4].Rows {
		tr.Closed = append(tr.Closed, r[0].Str+" "+r[1].Str)
	}
	return tr, nil
}

// rights asks for the rights one by one, since an error names only the table.
func rights(ctx context.Context, x *dialect.Inspection, tab *dialect.Table, want []dialect.Right) ([]dialect.Right, error) {
	var lacking []dialect.Right
	for _, r := range want {
		sql, args := "SELECT pg_catalog.has_column_privilege($1::text, $2::text, $3::text)", []any{tab.Name, r.Column, r.Privilege}
		if r.Column == "" {
			sql, args = "SELECT pg_catalog.has_table_privilege($1::text, $2::text)", []any{tab.Name, r.Privilege}
		}
		res, err := x.S.Run(ctx, []dialect.Statement{{SQL: sql, Args: args, Rows: true, Item: -1}}, false, false)
		if err != nil {
			return nil, err
		}
		if res[0].Rows[0][0].Int != 1 {
			lacking = append(lacking, r)
		}
	}
	return lacking, nil
}

// names has the query parsed and described, with the settings of a transaction; it never runs.
func names(ctx context.Context, x *dialect.Inspection, query string, places int) ([]string, error) {
	s, ok := x.S.(*Session)
	if !ok {
		return nil, fmt.Errorf("no session of PostgreSQL: %T", x.S)
	}
	if _, err := s.Run(ctx, []dialect.Statement{x.D.Ping()}, true, false); err != nil {
		return nil, err
	}
	d, err := s.Conn.Prepare(ctx, "", query, nil)
	if err != nil {
		return nil, s.fault(0, false, err)
	}
	var names []string
	x.Bytes = nil
	for _, f := range d.Fields {
		names = append(names, f.Name)
		if f.DataTypeOID == oidBytea {
			x.Bytes = append(x.Bytes, f.Name)
		}
	}
	return names, nil
}

func mayCreate(ctx context.Context, x *dialect.Inspection) (bool, error) {
	schema, _ := dialect.SplitName(x.Cfg.LedgerTable, "")
	res, err := x.S.Run(ctx, []dialect.Statement{{SQL: `SELECT pg_catalog.has_schema_privilege(n.oid, 'CREATE') FROM pg_catalog.pg_namespace n
WHERE CASE WHEN $1 = '' THEN n.nspname = pg_catalog.current_schema() ELSE lower(n.nspname) = lower($1) END`, Args: []any{schema}, OIDs: []uint32{oidText}, Rows: true, Item: -1}}, false, false)
	return err == nil && len(res[0].Rows) > 0 && res[0].Rows[0][0].Int == 1, err
}
