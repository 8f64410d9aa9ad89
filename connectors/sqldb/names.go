package sqldb

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// What a name means is a matter of the moment: another table may come to stand before the one that is known, in an earlier
// schema or spelled as the mapping spells it. It counts what the name means when the transaction begins.

// resolved are the statements that prove, before anything else in the transaction, that the names of tables mean them still.
// It is no matter of the end: what is called in between may change how names are understood.
func (k *known) resolved() []statement {
	var open []*table
	for _, name := range slices.Sorted(maps.Keys(k.tables)) {
		if tab := k.tables[name]; len(tab.names) > 0 {
			open = append(open, tab)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return []statement{k.t.sys.resolve(open)}
}

// spellings are the names that a mapping's name may mean, in the order of postgresColumns, up to the table that was found.
func spellings(schema, name, inSchema, found string) (all []string) {
	for _, n := range []string{name, strings.ToLower(name), found} {
		for _, s := range []string{schema, strings.ToLower(schema), inSchema} {
			q := quoteDouble(n)
			if schema != "" {
				q = quoteDouble(s) + "." + q
			}
			if !slices.Contains(all, q) {
				all = append(all, q)
			}
			if n == found && (schema == "" || s == inSchema) {
				return all
			}
		}
	}
	return all
}

// postgresResolve has the server itself refuse to go on where a name means another table by now: one in an earlier schema
// of search_path, or one that is spelled as the mapping spells it.
func postgresResolve(tables []*table) statement {
	st := statement{op: "prove what the names of tables mean", item: -1, means: errChanged}
	var terms []string
	for _, t := range tables {
		var found []string
		for _, n := range t.names {
			st.args, st.oids = append(st.args, n), append(st.oids, oidText)
			found = append(found, "pg_catalog.to_regclass($"+strconv.Itoa(len(st.args))+")")
		}
		st.args, st.oids = append(st.args, t.oid), append(st.oids, oidOID)
		terms = append(terms, "COALESCE("+strings.Join(found, ", ")+") = $"+strconv.Itoa(len(st.args)))
	}
	st.sql = "SELECT 1 / CASE WHEN " + strings.Join(terms, " AND ") + " THEN 1 ELSE 0 END"
	return st
}

// mariaSpelled proves that no table is spelled otherwise and comes before the one that was found. Names are compared by
// bytes: the catalogue itself does not tell case apart.
func mariaSpelled(schema, name, found string) (proofs []proof) {
	for _, n := range slices.Compact([]string{name, strings.ToLower(name)}) {
		if n == found {
			break
		}
		proofs = append(proofs, proof{statement{sql: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ? AND CAST(table_name AS BINARY) = ?",
			args: []any{schema, n, n}, rows: true, op: "prove what the names of tables mean", item: -1}, "0"})
	}
	return proofs
}
