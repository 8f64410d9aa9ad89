package sqldb

import (
	"slices"
	"strings"
)

// What a name means is a matter of the moment: another table may come to stand before the one that is known, in an earlier
// schema or spelled as the mapping spells it. It counts what the name means in the transaction that writes.

// spellings are the names that a mapping's name may mean, in the order of postgresColumns, up to the table that was found.
func spellings(schema, name, inSchema, found string) (all []any) {
	for _, n := range []string{name, strings.ToLower(name), found} {
		for _, s := range []string{schema, strings.ToLower(schema), inSchema} {
			q := quoteDouble(n)
			if schema != "" {
				q = quoteDouble(s) + "." + q
			}
			if !slices.Contains(all, any(q)) {
				all = append(all, q)
			}
			if n == found && (schema == "" || s == inSchema) {
				return all
			}
		}
	}
	return all
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
