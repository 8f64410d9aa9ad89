package sqldb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// asking looks at how results are asked for: that the queries can be run, that they give what the mapping reads, and
// that rows can be marked. Nothing is run: a query may have effects of its own.
func (x *examination) asking(ctx context.Context, a *connectors.Asking) error {
	q := a.Question
	names, known, err := x.gives(ctx, q.Query, "query")
	if err != nil {
		return err
	}
	if known {
		for _, n := range a.Names {
			x.given(names, n.Name, "query", 0, n.Path)
		}
		for _, p := range connectors.Places(q.Mark) {
			x.given(names, p.Name, "query", p.Start, []any{"answer", "mark"})
		}
	}
	if q.Again != "" {
		again, known, err := x.gives(ctx, q.Again, "again")
		if err != nil {
			return err
		}
		for _, n := range a.Names {
			if known && contains(names, n.Name) { // what query lacks was said there
				x.given(again, n.Name, "again", 0, []any{"answer", "again"})
			}
		}
	}
	return x.marking(ctx, q.Mark)
}

// given notes a name that a query does not give, or gives twice.
func (x *examination) given(names []string, name, key string, offset int, path []any) {
	n := 0
	for _, g := range names {
		if strings.EqualFold(g, name) {
			n++
		}
	}
	f := connectors.Finding{Code: CodeQuery, Path: path, Offset: offset}
	switch n {
	case 1:
		return
	case 0:
		f.Message, f.Cure = fmt.Sprintf("answer.%s gives no column %s", key, name), "correct the name, or add the column to the query"
		f.Word, f.Known = name, names
	default:
		f.Message, f.Cure = fmt.Sprintf("answer.%s gives %d columns %s", key, n, name), "give each column of the query a name of its own by AS"
	}
	x.add(f)
}

// gives asks for the names of a query's columns; false: they are not known, and if something is wrong it is noted.
func (x *examination) gives(ctx context.Context, query, key string) (names []string, known bool, err error) {
	m, err := parseMark(query, x.d.bind)
	if err != nil || m.sql == "" {
		return nil, false, nil // a query without places may have what looks like one
	}
	if key == "query" {
		m = mark{sql: strings.TrimRight(strings.TrimSpace(query), "; \t\r\n")}
	}
	names, f, err := x.columns(ctx, m)
	switch {
	case errors.Is(err, errUnknownNames):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case f != nil:
		return nil, false, x.refused(f, key)
	}
	if x.d.inspector.explain != "" && begins(m.sql, explained) {
		refused, err := x.judge(ctx, statement{sql: m.sql, args: make([]any, len(m.names)), item: -1}, "ask answer."+key)
		if err != nil {
			return nil, false, err
		}
		if refused != nil {
			refused.Path = []any{"answer", key}
			x.add(*refused)
		}
	}
	return names, true, nil
}

// refused notes why a query cannot be asked.
func (x *examination) refused(f *fault, key string) error {
	v := x.d.classify(f.err)
	if v.class == connectors.Transient || v.class == connectors.Uncertain {
		return f
	}
	code := v.code
	if code == CodeRefused || v.class == connectors.ItemError {
		code = CodeQuery
	}
	out := connectors.Finding{Code: code, Path: []any{"answer", key}, Raw: f.Error(), Message: "the database refuses answer." + key, Cure: v.hint}
	if v.code == CodeGrant {
		out.Message = "the account lacks a right to ask answer." + key
		x.denied(&out, f)
	}
	x.add(out)
	return nil
}

// explained are statements that EXPLAIN takes.
var explained = regexp.MustCompile(`(?is)^(?:select|insert|update|delete|with|merge|replace)\b`)

// marking looks at the statement that hides fetched rows.
func (x *examination) marking(ctx context.Context, sql string) error {
	m, err := parseMark(sql, x.d.bind)
	if err != nil {
		x.add(connectors.Finding{Code: CodeMark, Path: []any{"answer", "mark"}, Message: err.Error(), Cure: "write :NAME for a column of the query"})
		return nil
	}
	if x.d.inspector.explain == "" || !begins(m.sql, explained) {
		return x.described(ctx, m)
	}
	f, err := x.judge(ctx, statement{sql: m.sql, args: make([]any, len(m.names)), item: -1}, "run answer.mark")
	if err != nil || f == nil {
		return err
	}
	f.Path = []any{"answer", "mark"}
	x.add(*f)
	return nil
}

// described has a mark that EXPLAIN does not take, such as a call, described where the server does that without running it.
func (x *examination) described(ctx context.Context, m mark) error {
	if !x.d.inspector.describes {
		x.unseen(CodeMark, "mark")
		return nil
	}
	_, f, err := x.columns(ctx, m)
	if f != nil {
		return x.refused(f, "mark")
	}
	return err
}

// columns asks for the names of a statement's columns; a fault is why the database refuses it.
func (x *examination) columns(ctx context.Context, m mark) ([]string, *fault, error) {
	names, err := x.d.inspector.columns(ctx, x.inspection, m.sql, len(m.names))
	if broken(err) {
		return nil, nil, err
	}
	var f *fault
	if errors.As(err, &f) {
		err = nil
	}
	if e := x.mend(ctx); e != nil {
		err = e
	}
	return names, f, err
}
