package sqldb

import (
	"context"
	"regexp"
	"strings"
)

func sqliteInspector() inspector {
	return inspector{explain: "EXPLAIN ", traits: sqliteTraits, server: sqliteServer, columns: wrapped("AS q"),
		names: `SELECT 'main', name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY 2 LIMIT 2000`}
}

// sqliteServer asks for the write lock, which a file that may only be read does not give. With a ledger, Check has
// written.
func sqliteServer(ctx context.Context, x *inspection) error {
	if x.cfg.Ledger {
		return nil
	}
	_, err := x.s.run(ctx, []statement{x.d.ping()}, true, false)
	if err == nil {
		err = x.s.rollback(ctx)
	}
	return err
}

var (
	triggerHead = regexp.MustCompile(`(?is)\b(BEFORE|AFTER|INSTEAD\s+OF)\s+(INSERT|UPDATE|DELETE)\b`)
	triggerBare = regexp.MustCompile(`(?is)\b(INSERT|UPDATE|DELETE)\s+(?:OF\s.*?)?ON\b`)
	swallows    = regexp.MustCompile(`(?is)\bRAISE\s*\(\s*IGNORE\s*\)`)
)

func sqliteTraits(ctx context.Context, x *inspection, tab *table) (*traits, error) {
	schema, name := unquoted(tab.name, '"')
	master := "sqlite_master"
	args, info, list := []any{name}, "pragma_table_xinfo(?)", "pragma_index_list(?)"
	if schema != "" {
		master = quoteDouble(schema) + ".sqlite_master"
		args, info, list = []any{name, schema}, "pragma_table_xinfo(?, ?)", "pragma_index_list(?, ?)"
	}
	res, err := x.s.run(ctx, []statement{
		{sql: "SELECT name, hidden, \"notnull\" FROM " + info, args: args, rows: true, item: -1},
		{sql: "SELECT type, name, sql FROM " + master + " WHERE type IN ('trigger', 'view') AND tbl_name = ? COLLATE NOCASE ORDER BY 2", args: []any{name}, rows: true, item: -1},
		{sql: "SELECT l.name, i.name FROM " + list + " l, pragma_index_info(l.name) i ORDER BY l.name, i.seqno", args: args, rows: true, item: -1},
	}, false, false)
	if err != nil {
		return nil, err
	}
	tr := &traits{computed: map[string]bool{}, strictly: map[string]bool{}, indexes: append([][]string{}, tab.uniques...)}
	for _, r := range res[0].rows {
		tr.strictly[r[0].Str] = r[2].Int == 1
		if hidden := r[1].Int; hidden == 2 || hidden == 3 {
			tr.computed[r[0].Str] = true
		}
	}
	for _, r := range res[1].rows {
		if r[0].Str == "view" {
			tr.kind = "a view"
		} else if h, ok := sqliteHook(r[1].Str, r[2].Str); ok {
			tr.hooks = append(tr.hooks, h)
		}
	}
	tr.indexes = append(tr.indexes, groupPairs(res[2].rows)...)
	return tr, nil
}

// sqliteHook reads a trigger's own text, which is all that SQLite keeps of it.
func sqliteHook(name, sql string) (hook, bool) {
	head := triggerHead.FindStringSubmatch(sql)
	if head == nil {
		bare := triggerBare.FindStringSubmatch(sql)
		if bare == nil {
			return hook{}, false
		}
		head = []string{"", "BEFORE", bare[1]}
	}
	when, event := strings.ToUpper(strings.Join(strings.Fields(head[1]), " ")), strings.ToUpper(head[2])
	if when == "AFTER" && !swallows.MatchString(sql) {
		return hook{}, false
	}
	return hook{name: name, what: when + " " + event + " trigger", event: event}, true
}
