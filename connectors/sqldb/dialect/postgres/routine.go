package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// findRoutine finds the procedures and functions that a name may mean; all of one name, because arguments tell them apart.
const findRoutine = `
SELECT n.nspname, p.proname, p.oid::text, p.prokind = 'f', t.typtype = 'c' OR t.oid = 'pg_catalog.record'::pg_catalog.regtype, p.proretset, t.typrelid::text,
       p.pronargdefaults::int8, l.lanname, p.prosrc, pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE lower(p.proname) = lower($2) AND p.prokind IN ('p', 'f')
  AND CASE WHEN $1 = '' THEN pg_catalog.pg_function_is_visible(p.oid) ELSE lower(n.nspname) = lower($1) END
ORDER BY p.proname = $2 DESC, p.proname = lower($2) DESC, n.nspname = $1 DESC, n.nspname = lower($1) DESC, p.oid`

// parameters reads what goes in and out, in the order of the definition, as columns does of a table; the last is the mode.
const parameters = `
WITH RECURSIVE below AS (
  SELECT k.n, k.typ AS typid, -1 AS typmod FROM pg_catalog.pg_proc p
  CROSS JOIN LATERAL pg_catalog.unnest(COALESCE(p.proallargtypes, p.proargtypes::pg_catalog.oid[])) WITH ORDINALITY k(typ, n) WHERE p.oid = $1::pg_catalog.oid
  UNION ALL
  SELECT b.n, t.typbasetype, t.typtypmod FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.typid AND t.typtype = 'd')
SELECT COALESCE(p.proargnames[b.n], ''), bt.oid::int8, bt.typarray::int8, bt.typname, b.typmod, false, false, pg_catalog.format_type(bt.oid, b.typmod),
       bt.typtype = 'e', false, COALESCE(p.proargmodes[b.n]::text, 'i')
FROM below b JOIN pg_catalog.pg_type bt ON bt.oid = b.typid AND bt.typtype <> 'd' JOIN pg_catalog.pg_proc p ON p.oid = $1::pg_catalog.oid
ORDER BY b.n`

// routineIs is a text of all routines of one name in one schema: each definition is a row with a transaction of its own.
func routineIs(first int) string {
	return "(SELECT pg_catalog.string_agg(p.oid::text || '/' || p.xmin::text, ',' ORDER BY p.oid) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace" +
		" WHERE n.nspname = $" + strconv.Itoa(first) + " AND p.proname = $" + strconv.Itoa(first+1) + ")"
}

func routine(ctx context.Context, s dialect.Session, schema, name string) (*dialect.Table, error) {
	about := func(sql string, args ...any) dialect.Statement {
		return dialect.Statement{SQL: sql, Args: args, OIDs: slices.Repeat([]uint32{oidText}, len(args)), Rows: true, Item: -1}
	}
	res, err := s.Run(ctx, []dialect.Statement{about(findRoutine, schema, name)}, false, false)
	if err != nil || len(res[0].Rows) == 0 {
		return nil, err
	}
	found := res[0].Rows[0]
	same := 0
	for _, r := range res[0].Rows {
		if r[1].Str == found[1].Str {
			same++
		}
	}
	if same > 1 {
		return nil, dialect.Several(name, same)
	}
	ask := about("SELECT "+routineIs(1), found[0].Str, found[1].Str)
	res, err = s.Run(ctx, []dialect.Statement{ask, about(parameters, found[2].Str),
		about("SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = $1::pg_catalog.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum", found[6].Str)}, false, false)
	if err != nil {
		return nil, err
	}
	r := &dialect.Routine{Function: found[3].Int == 1, Denied: found[10].Int == 0}
	params, outs := readParameters(res[1].Rows, int(found[7].Int))
	r.Params = params
	switch {
	case !r.Function:
		if found[8].Str == "plpgsql" {
			r.Ends = ends.FindString(dialect.Bare(found[9].Str))
		}
	case len(outs) > 0:
		r.Gives = outs
	case found[4].Int == 1:
		for _, a := range res[2].Rows {
			r.Gives = append(r.Gives, a[0].Str)
		}
	default:
		r.Single, r.Gives = true, []string{dialect.ResultName}
	}
	t := dialect.NewTable(name, dialect.QuoteDouble(found[0].Str)+"."+dialect.QuoteDouble(found[1].Str), params)
	t.Routine = r
	t.Proofs = []dialect.Proof{{Ask: ask, Print: dialect.PrintOf(res[0]), Term: routineIs}}
	return t, nil
}

// ends are the words by which PL/pgSQL ends a transaction.
var ends = regexp.MustCompile(`(?i)\b(?:commit|rollback)\b`)

// readParameters are those that a call has, and the names of what a function gives. Defaults are those of the last that go in.
func readParameters(rows [][]connectors.Value, defaults int) (params []*dialect.Column, gives []string) {
	var in []*dialect.Column
	for _, r := range rows {
		c := column(r)
		switch r[10].Str {
		case "o":
			c.Out = dialect.OnlyOut
		case "b":
			c.Out = dialect.InOut
		case "t":
			gives = append(gives, c.Name)
			continue
		}
		if c.Out != dialect.In {
			gives = append(gives, c.Name)
		}
		if c.Out != dialect.OnlyOut {
			c.Required = true
			in = append(in, c)
		}
		params = append(params, c)
	}
	for _, c := range in[max(0, len(in)-defaults):] {
		c.Required = false
	}
	return params, gives
}

// call calls a procedure or selects from a function, with named parameters; those that are left out have their defaults.
func call(d *dialect.Dialect, w *dialect.Rowset) ([]dialect.Statement, error) {
	r := w.Tab.Routine
	var stmts []dialect.Statement
	for _, row := range w.Rows {
		st := dialect.Statement{Op: "call " + w.Shape.Object, Item: row.Item, Rows: len(w.Shape.Returning) > 0}
		var marks []string
		for i, at := range w.CallArgs() {
			switch p := r.Params[i]; {
			case at >= 0:
				st.Args = append(st.Args, row.Args[at])
				marks = append(marks, d.Quote(p.Name)+" => "+d.Bind(len(st.Args)))
			case p.Out == dialect.OnlyOut && !r.Function: // nothing goes in, and yet it has to be named
				marks = append(marks, d.Quote(p.Name)+" => NULL")
			case p.Required: // of this row alone
				return nil, &dialect.Misfit{Code: dialect.CodeNotNull, Column: p.Name}
			}
		}
		st.SQL = w.Tab.Name + "(" + strings.Join(marks, ", ") + ")"
		switch {
		case r.Single:
			st.SQL = "SELECT * FROM " + st.SQL + ` AS r("` + dialect.ResultName + `")`
		case r.Function:
			st.SQL = "SELECT * FROM " + st.SQL
		default:
			st.SQL = "CALL " + st.SQL
		}
		stmts = append(stmts, st)
	}
	return stmts, nil
}

// lock is held until the transaction ends.
func lock(run func(dialect.Statement) (dialect.Result, error), key string) (bool, error) {
	sum := sha256.Sum256([]byte("inbasket/" + key))
	res, err := run(dialect.Statement{SQL: "SELECT pg_catalog.pg_try_advisory_xact_lock($1)::int4", Args: []any{int64(binary.BigEndian.Uint64(sum[:]))}})
	return err == nil && len(res.Rows) == 1 && dialect.AsInt(res.Rows[0][0]) == 1, err
}
