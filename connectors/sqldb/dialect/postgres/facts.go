package postgres

import (
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// constraintsQuery lists all that may refuse a row. An index entry of a B-tree has at most about 2,700 bytes.
const constraintsQuery = `
WITH t AS (SELECT $1::pg_catalog.regclass::pg_catalog.oid AS id)
SELECT 'F', k.conname::text, a.attname::text, p.relname::text, b.attname::text, k.oid::int8, u.n
FROM t JOIN pg_catalog.pg_constraint k ON k.conrelid = t.id AND k.contype = 'f' JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) WITH ORDINALITY AS u(own, theirs, n)
JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.own JOIN pg_catalog.pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.theirs
UNION ALL
SELECT 'I', c.relname::text, a.attname::text, '', '', i.indexrelid::int8, u.n
FROM t JOIN pg_catalog.pg_index i ON i.indrelid = t.id JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS u(num, n) JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.num
UNION ALL
SELECT CASE k.contype WHEN 'c' THEN 'K' ELSE 'C' END, 'the check ' || k.conname, COALESCE(a.attname::text, ''), pg_catalog.pg_get_constraintdef(k.oid), '', k.oid::int8, 0
FROM t JOIN pg_catalog.pg_constraint k ON k.conrelid = t.id AND k.contype IN ('c', 'x')
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.id AND a.attnum = k.conkey[1] AND pg_catalog.array_length(k.conkey, 1) = 1
UNION ALL
SELECT 'C', 'the check ' || k.conname || ' of a domain', '', '', '', k.oid::int8, 0
FROM pg_catalog.pg_constraint k WHERE k.contype = 'c' AND k.contypid IN (
  WITH RECURSIVE d AS (SELECT a.atttypid AS id FROM t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.id AND a.attnum > 0 AND NOT a.attisdropped
    UNION SELECT y.typbasetype FROM d JOIN pg_catalog.pg_type y ON y.oid = d.id WHERE y.typtype = 'd') SELECT id FROM d)
UNION ALL
SELECT 'C', 'the index ' || c.relname || ' over something else than whole columns', '', '', '', i.indexrelid::int8, 0
FROM t JOIN pg_catalog.pg_index i ON i.indrelid = t.id JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indexprs IS NOT NULL OR i.indisunique AND (i.indpred IS NOT NULL OR NOT i.indimmediate OR NOT i.indisvalid)
UNION ALL
SELECT 'C', 'the partitions of ' || c.relname, '', '', '', 0, 0 FROM t JOIN pg_catalog.pg_class c ON c.oid = t.id WHERE c.relkind = 'p' OR c.relispartition
UNION ALL
SELECT 'C', 'the computed column ' || a.attname, '', '', '', a.attnum, 0 FROM t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.id AND a.attgenerated <> ''
UNION ALL
SELECT 'R', 'the trigger ' || g.tgname, '', '', '', g.oid::int8, 0 FROM t JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.id
WHERE NOT g.tgisinternal AND g.tgenabled NOT IN ('D', 'R') AND (g.tgtype & 66 = 0 OR g.tgtype & 1 = 0)
ORDER BY 1, 6, 7`

func constraints(tab *dialect.Table) dialect.Statement {
	return dialect.Statement{SQL: constraintsQuery, Args: []any{tab.Name}, OIDs: []uint32{oidText}, Rows: true, Item: -1}
}

// takes says what columns of PostgreSQL take.
func takes(c *dialect.Column, f *connectors.ColumnFacts) {
	dialect.TakesOf(c, f)
	switch bits := map[string]int{"int2": 16, "int4": 32, "int8": 64}[c.Typ]; {
	case bits > 0:
		dialect.IntegerFacts(f, bits)
	case c.Typ == "numeric" && c.Scale == dialect.AnyScale: // more than numbers of the agent have
		f.Digits = 1000
	case c.Fam == dialect.FamText && c.Typ != "varchar" && c.Typ != "text" && c.Typ != "bpchar": // an enum, or something else of its own
		f.Takes = ""
	}
}
