package postgres

import (
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// What a name means is a matter of the moment: another table may come to stand before the one that is known, in an earlier
// schema or spelled as the mapping spells it. It counts what the name means in the transaction that writes.

// spellings are the names that a mapping's name may mean, in the order of columns, up to the table that was found.
func spellings(schema, name, inSchema, found string) (all []any) {
	for _, n := range []string{name, strings.ToLower(name), found} {
		for _, s := range []string{schema, strings.ToLower(schema), inSchema} {
			q := dialect.QuoteDouble(n)
			if schema != "" {
				q = dialect.QuoteDouble(s) + "." + q
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
