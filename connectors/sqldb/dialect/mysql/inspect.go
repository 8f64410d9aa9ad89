package mysql

import (
	"context"
	"errors"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

func inspector() dialect.Inspector {
	return dialect.Inspector{Explain: "EXPLAIN ", Traits: traits, Server: server, Columns: names, Sets: sets, Constraints: constraints, Takes: takes,
		Gone:  []string{"Error 1345"}, // the account may use a view but not see what is beneath it
		Names: `SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 1, 2 LIMIT 2000`}
}

func server(ctx context.Context, x *dialect.Inspection) error {
	if x.Cfg.Ledger {
		return nil // Check has written there
	}
	res, err := x.S.Run(ctx, []dialect.Statement{{SQL: "SELECT @@global.read_only + 0", Rows: true, Item: -1}}, false, false)
	if err == nil && dialect.AsInt(res[0].Rows[0][0]) != 0 {
		f := dialect.ReadOnly()
		f.Warning = true // some accounts may write all the same
		x.Add(f)
	}
	return err
}

// sets are character sets that mappings have a name for. What MySQL calls latin1 is that of Windows.
var sets = map[string]string{"ascii": "us-ascii", "latin1": "windows-1252", "latin2": "iso-8859-2", "cp1250": "windows-1250", "cp850": "cp850", "cp852": "cp852"}

// traits reads what the account may see: triggers only with the right to them.
func traits(ctx context.Context, x *dialect.Inspection, tab *dialect.Table) (*dialect.Traits, error) {
	schema, name := dialect.Unquoted(tab.Name, '`')
	args := []any{schema, name}
	from := func(what string) string {
		return what + " WHERE table_schema = ? AND table_name = ?"
	}
	res, err := x.S.Run(ctx, []dialect.Statement{
		{SQL: from("SELECT table_type, engine FROM information_schema.tables"), Args: args, Rows: true, Item: -1},
		{SQL: from("SELECT column_name, extra, is_nullable, character_set_name, data_type, numeric_precision - numeric_scale, column_type FROM information_schema.columns"), Args: args, Rows: true, Item: -1},
		{SQL: "SELECT trigger_name, event_manipulation FROM information_schema.triggers WHERE action_timing = 'BEFORE' AND event_object_schema = ? AND event_object_table = ? ORDER BY 1", Args: args, Rows: true, Item: -1},
		{SQL: from("SELECT index_name, column_name FROM information_schema.statistics") + " ORDER BY index_name, seq_in_index", Args: args, Rows: true, Item: -1},
	}, false, false)
	if err != nil {
		return nil, err
	}
	tr := &dialect.Traits{Computed: map[string]bool{}, Strictly: map[string]bool{}, Charsets: map[string]string{}, Whole: map[string]int{}, Unsigned: map[string]bool{}, Indexes: [][]string{}}
	for _, r := range res[0].Rows {
		switch {
		case strings.Contains(r[0].Str, "VIEW"):
			tr.Kind = "a view"
		case !transactional(r[1].Str):
			tr.Weak = "of engine " + r[1].Str + ", which has no transactions"
		}
	}
	for _, r := range res[1].Rows {
		tr.Computed[r[0].Str] = strings.Contains(r[1].Str, "GENERATED") && !strings.Contains(r[1].Str, "DEFAULT_GENERATED")
		tr.Strictly[r[0].Str] = r[2].Str == "NO" && !strings.Contains(r[1].Str, "auto_increment")
		if tr.Whole[r[0].Str] = whole[r[4].Str]; r[4].Str == "decimal" {
			tr.Whole[r[0].Str] = int(dialect.AsInt(r[5]))
		}
		tr.Unsigned[r[0].Str] = strings.Contains(r[6].Str, "unsigned")
		if set := r[3].Str; set != "" && !strings.HasPrefix(set, "utf8mb4") && !strings.HasPrefix(set, "utf16") && set != "utf32" {
			tr.Charsets[r[0].Str] = set
		}
	}
	for _, r := range res[2].Rows {
		tr.Hooks = append(tr.Hooks, dialect.Hook{Name: r[0].Str, What: "BEFORE " + r[1].Str + " trigger", Event: r[1].Str, Fills: true, Keeps: true})
	}
	tr.Indexes = append(tr.Indexes, dialect.GroupPairs(res[3].Rows)...)
	for _, c := range tab.Columns { // the first word of an ENUM is its default
		c.Required = c.Required && c.Typ != "enum"
	}
	return tr, nil
}

// whole is how many digits every number may have in a column of a type.
var whole = map[string]int{"tinyint": 2, "smallint": 4, "mediumint": 6, "int": 9, "bigint": 18}

// names wraps the query, in a transaction that is taken back: one that may not write would refuse FOR UPDATE.
// Two columns of one name cannot be wrapped; then the names are not known.
func names(ctx context.Context, x *dialect.Inspection, query string, places int) ([]string, error) {
	if _, err := x.S.Run(ctx, []dialect.Statement{{SQL: "START TRANSACTION", Item: -1}}, false, false); err != nil {
		return nil, err
	}
	names, err := dialect.Wrapped("AS q")(ctx, x, query, places)
	if _, e := x.S.Run(ctx, []dialect.Statement{{SQL: "ROLLBACK", Item: -1}}, false, false); e != nil {
		return nil, e
	}
	var e *mysql.MySQLError
	if errors.As(err, &e) && e.Number == 1060 {
		x.Add(connectors.Finding{Warning: true, Code: dialect.CodeQuery, Path: []any{"answer", "query"}, Message: "the query gives two columns of one name, so that its columns cannot be looked at",
			Cure: "give each column of the query a name of its own by AS", Raw: e.Error()})
		return nil, dialect.ErrUnknownNames
	}
	return names, err
}
