package sqldb

// oracleInspector knows the catalogue only: EXPLAIN PLAN would write into a table.
func oracleInspector() inspector {
	return inspector{strict: true, columns: wrapped("q"), names: `SELECT OWNER, TABLE_NAME FROM ALL_TABLES WHERE OWNER NOT IN ('SYS', 'SYSTEM') AND ROWNUM <= 2000 ORDER BY 1, 2`}
}
