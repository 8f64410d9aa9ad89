package examine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/results"
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
			if key := n.Path[1]; results.Contains(x.Bytes, n.Name) && key != "id" && key != "documents" {
				x.Add(connectors.Finding{Warning: true, Code: dialect.CodeQuery, Path: n.Path, Message: fmt.Sprintf("answer.query gives the column %s as bytes, which cannot be told: each decision would wait for a person", n.Name),
					Cure: "have the query turn it into a text"})
			}
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
			if known && results.Contains(names, n.Name) { // what query lacks was said there
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
	f := connectors.Finding{Code: dialect.CodeQuery, Path: path, Offset: offset}
	switch n {
	case 1:
		return
	case 0:
		f.Message, f.Cure = fmt.Sprintf("answer.%s gives no column %s", key, name), "correct the name, or add the column to the query"
		f.Word, f.Known = name, names
	default:
		f.Message, f.Cure = fmt.Sprintf("answer.%s gives %d columns %s", key, n, name), "give each column of the query a name of its own by AS"
	}
	x.Add(f)
}

// gives asks for the names of a query's columns; false: they are not known, and if something is wrong it is noted.
func (x *examination) gives(ctx context.Context, query, key string) (names []string, known bool, err error) {
	m, err := results.ParseMark(query, x.D.Bind)
	if err != nil || m.SQL == "" {
		return nil, false, nil // a query without places may have what looks like one
	}
	if key == "query" {
		m = results.Mark{SQL: strings.TrimRight(strings.TrimSpace(query), "; \t\r\n")}
	}
	names, f, err := x.columns(ctx, m)
	switch {
	case errors.Is(err, dialect.ErrUnknownNames):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case f != nil:
		return nil, false, x.refused(f, key)
	}
	if x.D.Inspector.Explain != "" && dialect.Begins(m.SQL, explained) {
		refused, err := x.judge(ctx, dialect.Statement{SQL: m.SQL, Args: make([]any, len(m.Names)), Item: -1}, "ask answer."+key)
		if err != nil {
			return nil, false, err
		}
		if refused != nil {
			refused.Path = []any{"answer", key}
			x.Add(*refused)
		}
	}
	return names, true, nil
}

// refused notes why a query cannot be asked.
func (x *examination) refused(f *dialect.Fault, key string) error {
	v := x.D.Classify(f.Err)
	if v.Class == connectors.Transient || v.Class == connectors.Uncertain {
		return f
	}
	code := v.Code
	if code == dialect.CodeRefused || v.Class == connectors.ItemError {
		code = dialect.CodeQuery
	}
	out := connectors.Finding{Code: code, Path: []any{"answer", key}, Raw: f.Error(), Message: "the database refuses answer." + key, Cure: v.Hint}
	if v.Code == dialect.CodeGrant {
		out.Message = "the account lacks a right to ask answer." + key
		x.denied(&out, f)
	}
	x.Add(out)
	return nil
}

// explained are statements that EXPLAIN takes.
var explained = regexp.MustCompile(`(?is)^(?:select|insert|update|delete|with|merge|replace)\b`)

// marking looks at the statement that hides fetched rows.
func (x *examination) marking(ctx context.Context, sql string) error {
	m, err := results.ParseMark(sql, x.D.Bind)
	if err != nil {
		x.Add(connectors.Finding{Code: dialect.CodeMark, Path: []any{"answer", "mark"}, Message: err.Error(), Cure: "write :NAME for a column of the query"})
		return nil
	}
	if x.D.Inspector.Explain == "" || !dialect.Begins(m.SQL, explained) {
		return x.described(ctx, m)
	}
	f, err := x.judge(ctx, dialect.Statement{SQL: m.SQL, Args: make([]any, len(m.Names)), Item: -1}, "run answer.mark")
	if err != nil || f == nil {
		return err
	}
	f.Path = []any{"answer", "mark"}
	x.Add(*f)
	return nil
}

// described has a mark that EXPLAIN does not take, such as a call, described where the server does that without running it.
func (x *examination) described(ctx context.Context, m results.Mark) error {
	if !x.D.Inspector.Describes {
		x.Unseen(dialect.CodeMark, "mark")
		return nil
	}
	_, f, err := x.columns(ctx, m)
	if f != nil {
		return x.refused(f, "mark")
	}
	return err
}

// columns asks for the names of a statement's columns; a fault is why the database refuses it.
func (x *examination) columns(ctx context.Context, m results.Mark) ([]string, *dialect.Fault, error) {
	names, err := x.D.Inspector.Columns(ctx, x.Inspection, m.SQL, len(m.Names))
	if dialect.Broken(err) {
		return nil, nil, err
	}
	var f *dialect.Fault
	if errors.As(err, &f) {
		err = nil
	}
	if e := x.mend(ctx); e != nil {
		err = e
	}
	return names, f, err
}
