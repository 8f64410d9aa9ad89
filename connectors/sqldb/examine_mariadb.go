package sqldb

import (
	"context"
	"errors"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/inbasket/inbasket/connectors"
)

func mariaInspector() inspector {
	return inspector{explain: "EXPLAIN ", traits: mariaTraits, server: mariaServer, columns: mariaNames,
		gone:  []string{"Error 1345"}, // the account may use a view but not see what is beneath it
		names: `SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 1, 2 LIMIT 2000`}
}

func mariaServer(ctx context.Context, x *inspection) error {
	if x.cfg.Ledger {
		return nil // Check has written there
	}
	res, err := x.s.run(ctx, []statement{{sql: "SELECT @@global.read_only + 0", rows: true, item: -1}}, false, false)
	if err == nil && asInt(res[0].rows[0][0]) != 0 {
		f := readOnly()
		f.Warning = true // some accounts may write all the same
		x.add(f)
	}
	return err
}

// mariaTraits reads what the account may see: triggers only with the right to them.
func mariaTraits(ctx context.Context, x *inspection, tab *table) (*traits, error) {
	schema, name := unquoted(tab.name, '`')
	args := []any{schema, name}
	from := func(what string) string {
		return what + " WHERE table_schema = ? AND table_name = ?"
	}
	res, err := x.s.run(ctx, []statement{
		{sql: from("SELECT table_type, engine FROM information_schema.tables"), args: args, rows: true, item: -1},
		{sql: from("SELECT column_name, extra, is_nullable, character_set_name, data_type, numeric_precision - numeric_scale FROM information_schema.columns"), args: args, rows: true, item: -1},
		{sql: "SELECT trigger_name, event_manipulation FROM information_schema.triggers WHERE action_timing = 'BEFORE' AND event_object_schema = ? AND event_object_table = ? ORDER BY 1", args: args, rows: true, item: -1},
		{sql: from("SELECT index_name, column_name FROM information_schema.statistics") + " ORDER BY index_name, seq_in_index", args: args, rows: true, item: -1},
	}, false, false)
	if err != nil {
		return nil, err
	}
	tr := &traits{computed: map[string]bool{}, strictly: map[string]bool{}, charsets: map[string]string{}, whole: map[string]int{}, indexes: [][]string{}}
	for _, r := range res[0].rows {
		switch {
		case strings.Contains(r[0].Str, "VIEW"):
			tr.kind = "a view"
		case !transactional(r[1].Str):
			tr.weak = "of engine " + r[1].Str + ", which has no transactions"
		}
	}
	for _, r := range res[1].rows {
		tr.computed[r[0].Str] = strings.Contains(r[1].Str, "GENERATED") && !strings.Contains(r[1].Str, "DEFAULT_GENERATED")
		tr.strictly[r[0].Str] = r[2].Str == "NO" && !strings.Contains(r[1].Str, "auto_increment")
		if tr.whole[r[0].Str] = mariaWhole[r[4].Str]; r[4].Str == "decimal" {
			tr.whole[r[0].Str] = int(asInt(r[5]))
		}
		if set := r[3].Str; set != "" && !strings.HasPrefix(set, "utf8mb4") && !strings.HasPrefix(set, "utf16") && set != "utf32" {
			tr.charsets[r[0].Str] = set
		}
	}
	for _, r := range res[2].rows {
		tr.hooks = append(tr.hooks, hook{name: r[0].Str, what: "BEFORE " + r[1].Str + " trigger", event: r[1].Str, fills: true, keeps: true})
	}
	tr.indexes = append(tr.indexes, groupPairs(res[3].rows)...)
	for _, c := range tab.columns { // the first word of an ENUM is its default
		c.required = c.required && c.typ != "enum"
	}
	return tr, nil
}

// mariaWhole is how many digits every number may have in a column of a type.
var mariaWhole = map[string]int{"tinyint": 2, "smallint": 4, "mediumint": 6, "int": 9, "bigint": 18}

// mariaNames wraps the query, in a transaction that is taken back: one that may not write would refuse FOR UPDATE.
// Two columns of one name cannot be wrapped; then the names are not known.
func mariaNames(ctx context.Context, x *inspection, query string, places int) ([]string, error) {
	if _, err := x.s.run(ctx, []statement{{sql: "START TRANSACTION", item: -1}}, false, false); err != nil {
		return nil, err
	}
	names, err := wrapped("AS q")(ctx, x, query, places)
	if _, e := x.s.run(ctx, []statement{{sql: "ROLLBACK", item: -1}}, false, false); e != nil {
		return nil, e
	}
	var e *mysql.MySQLError
	if errors.As(err, &e) && e.Number == 1060 {
		x.add(connectors.Finding{Warning: true, Code: CodeQuery, Path: []any{"answer", "query"}, Message: "the query gives two columns of one name, so that its columns cannot be looked at",
			Cure: "give each column of the query a name of its own by AS", Raw: e.Error()})
		return nil, errUnknownNames
	}
	return names, err
}
