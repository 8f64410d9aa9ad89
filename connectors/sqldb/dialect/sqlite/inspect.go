package sqlite

import (
	"context"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

func inspector() dialect.Inspector {
	return dialect.Inspector{Explain: "EXPLAIN ", Traits: traits, Server: server, Columns: dialect.Wrapped("AS q"), Constraints: constraints, Takes: takes,
		Names: `SELECT 'main', name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY 2 LIMIT 2000`}
}

// server asks for the write lock, which a file that may only be read does not give. With a ledger, Check has
// written.
func server(ctx context.Context, x *dialect.Inspection) error {
	if x.Cfg.Ledger {
		return nil
	}
	_, err := x.S.Run(ctx, []dialect.Statement{x.D.Ping()}, true, false)
	if err == nil {
		err = x.S.Rollback(ctx)
	}
	return err
}

var (
	triggerHead = regexp.MustCompile(`(?is)\b(BEFORE|AFTER|INSTEAD\s+OF)\s+(INSERT|UPDATE|DELETE)\b`)
	triggerBare = regexp.MustCompile(`(?is)\b(INSERT|UPDATE|DELETE)\s+(?:OF\s.*?)?ON\b`)
	swallows    = regexp.MustCompile(`(?is)\bRAISE\s*\(\s*IGNORE\s*\)`)
)

func traits(ctx context.Context, x *dialect.Inspection, tab *dialect.Table) (*dialect.Traits, error) {
	schema, name := dialect.Unquoted(tab.Name, '"')
	master := "sqlite_master"
	args, info, list := []any{name}, "pragma_table_xinfo(?)", "pragma_index_list(?)"
	if schema != "" {
		master = dialect.QuoteDouble(schema) + ".sqlite_master"
		args, info, list = []any{name, schema}, "pragma_table_xinfo(?, ?)", "pragma_index_list(?, ?)"
	}
	res, err := x.S.Run(ctx, []dialect.Statement{
		{SQL: "SELECT name, hidden, \"notnull\" FROM " + info, Args: args, Rows: true, Item: -1},
		{SQL: "SELECT type, name, sql FROM " + master + " WHERE type IN ('trigger', 'view') AND tbl_name = ? COLLATE NOCASE ORDER BY 2", Args: []any{name}, Rows: true, Item: -1},
		{SQL: "SELECT l.name, i.name FROM " + list + " l, pragma_index_info(l.name) i ORDER BY l.name, i.seqno", Args: args, Rows: true, Item: -1},
	}, false, false)
	if err != nil {
		return nil, err
	}
	tr := &dialect.Traits{Computed: map[string]bool{}, Strictly: map[string]bool{}, Indexes: append([][]string{}, tab.Uniques...)}
	for _, r := range res[0].Rows {
		tr.Strictly[r[0].Str] = r[2].Int == 1
		if hidden := r[1].Int; hidden == 2 || hidden == 3 {
			tr.Computed[r[0].Str] = true
		}
	}
	for _, r := range res[1].Rows {
		if r[0].Str == "view" {
			tr.Kind = "a view"
		} else if h, ok := hook(r[1].Str, r[2].Str); ok {
			tr.Hooks = append(tr.Hooks, h)
		}
	}
	tr.Indexes = append(tr.Indexes, dialect.GroupPairs(res[2].Rows)...)
	return tr, nil
}

// hook reads a trigger's own text, which is all that SQLite keeps of it.
func hook(name, sql string) (dialect.Hook, bool) {
	head := triggerHead.FindStringSubmatch(sql)
	if head == nil {
		bare := triggerBare.FindStringSubmatch(sql)
		if bare == nil {
			return dialect.Hook{}, false
		}
		head = []string{"", "BEFORE", bare[1]}
	}
	when, event := strings.ToUpper(strings.Join(strings.Fields(head[1]), " ")), strings.ToUpper(head[2])
	if when == "AFTER" && !swallows.MatchString(sql) {
		return dialect.Hook{}, false
	}
	return dialect.Hook{Name: name, What: when + " " + event + " trigger", Event: event}, true
}
