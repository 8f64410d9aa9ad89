package mysql

import (
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// constraintsQuery lists all that may refuse a row. Rows in pages hold at least 768 bytes of each long column but in the format Dynamic.
const constraintsQuery = `
SELECT 'F', constraint_name, column_name, referenced_table_name, referenced_column_name, ordinal_position AS n FROM information_schema.key_column_usage
  WHERE table_schema = ? AND table_name = ? AND referenced_table_name IS NOT NULL
UNION ALL
SELECT 'C', CONCAT('the check ', constraint_name), '', '', '', 0 FROM information_schema.table_constraints WHERE table_schema = ? AND table_name = ? AND constraint_type = 'CHECK'
UNION ALL
SELECT 'C', CONCAT('the unique index ', index_name, ' over something else than whole columns'), '', '', '', 0 FROM information_schema.statistics
  WHERE table_schema = ? AND table_name = ? AND non_unique = 0 AND (sub_part IS NOT NULL OR column_name IS NULL)
UNION ALL
SELECT 'C', 'its partitions', '', '', '', 0 FROM information_schema.tables WHERE table_schema = ? AND table_name = ? AND create_options LIKE '%partitioned%'
UNION ALL
SELECT 'C', CONCAT('its row format ', row_format), '', '', '', 0 FROM information_schema.tables WHERE table_schema = ? AND table_name = ? AND NOT COALESCE(row_format, '') = 'Dynamic'
UNION ALL
SELECT 'C', CONCAT('the computed column ', column_name), '', '', '', 0 FROM information_schema.columns
  WHERE table_schema = ? AND table_name = ? AND extra LIKE '%GENERATED%' AND extra NOT LIKE '%DEFAULT_GENERATED%'
UNION ALL
SELECT 'R', CONCAT('the trigger ', trigger_name), '', '', '', 0 FROM information_schema.triggers WHERE event_object_schema = ? AND event_object_table = ? AND action_timing = 'AFTER'
ORDER BY 1, 2, 6`

func constraints(tab *dialect.Table) dialect.Statement {
	schema, name := dialect.Unquoted(tab.Name, '`')
	st := dialect.Statement{SQL: constraintsQuery, Rows: true, Item: -1}
	for range strings.Count(constraintsQuery, "?") / 2 {
		st.Args = append(st.Args, schema, name)
	}
	return st
}

// takes says what columns of MariaDB and MySQL take.
func takes(c *dialect.Column, f *connectors.ColumnFacts) {
	dialect.TakesOf(c, f)
	bits := map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}[c.Typ]
	bytes := map[string]int{"tinytext": 255, "text": 65535, "mediumtext": 1<<24 - 1, "longtext": 1<<32 - 1}[c.Typ]
	switch {
	case bits > 0:
		dialect.IntegerFacts(f, bits)
	case bytes > 0 && !c.Bytes && (f.Charset == "" || f.Charset == "?"): // in UTF-16 and UTF-32 a character has four bytes at most
		f.Length, f.Bytes, f.Charset = bytes/4, true, "?"
	case bytes > 0:
		f.Length, f.Bytes = bytes, true
	case c.Typ == "binary": // bytes at its end would be added
		f.Takes = ""
	case c.Typ == "timestamp": // few years are in its range, and NULL may become the present
		f.Takes, f.NotNull, f.Required = "", false, false
	}
}
