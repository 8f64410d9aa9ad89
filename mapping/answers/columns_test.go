package answers

import (
	"strings"
	"testing"
)

// TestColumns: names are told only where a query surely gives them.
func TestColumns(t *testing.T) {
	t.Parallel()
	sure := map[string]string{
		"select ID, CASE_ID from D":                                      "ID CASE_ID",
		"SELECT distinct d.ID, reg.d.STATUS AS state\nFROM D d":          "ID state",
		`select "Id", d."The Name" as "n m", coalesce(a, b) as C from D`: "Id|n m|C",
		"select (select max(x) from y) as M, d.ID k from D d":            "M k",
		"select ID, 'a, from b' as T from D union select 1, 2 from E":    "ID T",
		"select cast(A as int) as A, D.FROM_DATE from D":                 "A FROM_DATE",
	}
	for query, want := range sure {
		names, ok := Columns(query)
		sep := " "
		if strings.Contains(want, "|") {
			sep = "|"
		}
		if got := strings.Join(names, sep); !ok || got != want {
			t.Errorf("%s: %q %v, want %q", query, got, ok, want)
		}
	}
	for _, query := range []string{"select * from D", "select d.*, ID from D d", "with x as (select 1) select ID from x", "select count(*) from D", "select a + b from D",
		"select case when a then b end from D", "select distinct on (a) a, b from D", "select top 5 ID from D", "select ID /* all */ from D", "select not X from D",
		`select 'it\'s, X' as T, ID from D`, "select 1", "call results()", "select ID # x from y\n, B from D", "select x::text from D", "select $$a, b$$ as A from D"} {
		if names, ok := Columns(query); ok {
			t.Errorf("%s: surely gives %q", query, names)
		}
	}
}
