package sqlite

import (
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// constraints lists all that may refuse a row. Checks are only seen in the words of the table.
func constraints(tab *dialect.Table) dialect.Statement {
	schema, name := dialect.Unquoted(tab.Name, '"')
	args, foreign, list, info := []any{name}, "pragma_foreign_key_list(?1)", "pragma_index_list(?1)", "pragma_table_xinfo(?1)"
	if schema != "" {
		args, foreign, list, info = []any{name, schema}, "pragma_foreign_key_list(?1, ?2)", "pragma_index_list(?1, ?2)", "pragma_table_xinfo(?1, ?2)"
	}
	return dialect.Statement{Args: args, Rows: true, Item: -1, SQL: `
SELECT 'F', 'foreign key ' || id, "from", "table", COALESCE("to", ''), seq FROM ` + foreign + `
UNION ALL
SELECT 'C', 'the unique index ' || l.name || ' over something else than whole columns', '', '', '', 0 FROM ` + list + ` l
  WHERE l."unique" = 1 AND (l.partial OR EXISTS (SELECT 1 FROM pragma_index_xinfo(l.name) x WHERE x."key" AND x.cid = -2))
UNION ALL
SELECT 'C', 'the computed column ' || name, '', '', '', 0 FROM ` + info + ` WHERE hidden IN (2, 3)
UNION ALL
SELECT 'C', 'what its definition says by CHECK', '', '', '', 0 FROM ` + master(schema) + ` WHERE tbl_name = ?1 COLLATE NOCASE AND type = 'table' AND sql LIKE '%check%'
UNION ALL
SELECT 'C', 'what its definition says by ON CONFLICT', '', '', '', 0 FROM ` + master(schema) + ` WHERE tbl_name = ?1 COLLATE NOCASE AND type = 'table' AND sql LIKE '%conflict%'
UNION ALL
SELECT 'C', 'the program of a virtual table', '', '', '', 0 FROM ` + master(schema) + ` WHERE tbl_name = ?1 COLLATE NOCASE AND type = 'table' AND sql LIKE '%virtual%'
UNION ALL
SELECT 'R', 'the trigger ' || name, '', '', '', 0 FROM ` + master(schema) + ` WHERE tbl_name = ?1 COLLATE NOCASE AND type = 'trigger'
ORDER BY 1, 2, 6`}
}

// takes says what columns of SQLite take: whole numbers of 64 bits, and of others fifteen digits.
func takes(c *dialect.Column, f *connectors.ColumnFacts) {
	dialect.TakesOf(c, f)
	switch c.Fam {
	case dialect.FamInteger:
		dialect.IntegerFacts(f, 64)
	case dialect.FamDecimal:
		f.Digits, f.Precision = 15, 15
	}
}
