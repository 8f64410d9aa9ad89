package mysql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

const (
	findRoutine = `SELECT routine_schema, routine_name, routine_type, COALESCE(routine_definition, '') FROM information_schema.routines
 WHERE routine_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND LOWER(routine_name) = LOWER(?) AND routine_type IN ('PROCEDURE', 'FUNCTION')`

	// parameters has what column reads, and the way behind it; a function's value has none.
	parameters = `SELECT parameter_name, data_type, character_maximum_length, numeric_scale, '', 'YES', 0, dtd_identifier, datetime_precision, character_set_name, NULL, collation_name,
 parameter_mode FROM information_schema.parameters WHERE specific_schema = ? AND specific_name = ? AND routine_type = ? AND ordinal_position > 0 ORDER BY ordinal_position`

	// routineIs is what changes with a definition; of a body that the account may not see its time does.
	routineIs = `SELECT MD5(COALESCE(r.routine_definition, '')), CAST(r.created AS CHAR), CAST(r.last_altered AS CHAR), r.sql_mode,
  (SELECT CAST(SUM(CONV(LEFT(MD5(CONCAT_WS(',', p.ordinal_position, p.parameter_mode, p.parameter_name, p.dtd_identifier, p.character_set_name)), 12), 16, 10)) AS CHAR)
     FROM information_schema.parameters p WHERE p.specific_schema = r.routine_schema AND p.specific_name = r.routine_name AND p.routine_type = r.routine_type)
 FROM information_schema.routines r WHERE r.routine_schema = ? AND r.routine_name = ? AND r.routine_type = ?`
)

func routine(ctx context.Context, s dialect.Session, schema, name string) (*dialect.Table, error) {
	about := func(sql string, args ...any) dialect.Statement {
		return dialect.Statement{SQL: sql, Args: args, Rows: true, Item: -1}
	}
	res, err := s.Run(ctx, []dialect.Statement{about(findRoutine, schema, name)}, false, false)
	if err != nil || len(res[0].Rows) == 0 {
		return nil, err
	}
	if n := len(res[0].Rows); n > 1 { // a procedure and a function
		return nil, dialect.Several(name, n)
	}
	found := res[0].Rows[0]
	in, plain, kind := found[0].Str, found[1].Str, found[2].Str
	ask := about(routineIs, in, plain, kind)
	res, err = s.Run(ctx, []dialect.Statement{ask, about(parameters, in, plain, kind)}, false, false)
	if err != nil {
		return nil, err
	}
	r := &dialect.Routine{Function: kind == "FUNCTION"}
	for _, p := range res[1].Rows {
		c := column(p)
		switch c.Required = true; p[12].Str {
		case "OUT":
			c.Out, c.Required = dialect.OnlyOut, false
		case "INOUT":
			c.Out = dialect.InOut
		}
		r.Params = append(r.Params, c)
	}
	proofs := []dialect.Proof{{Ask: ask, Print: dialect.PrintOf(res[0])}}
	if r.Function { // the server lets none end a transaction
		r.Single, r.Gives = true, []string{dialect.ResultName}
	} else if r.Ends, err = endsIn(ctx, s, in, found[3].Str, &proofs, 0); err != nil {
		return nil, err
	}
	t := dialect.NewTable(name, quoteBack(in)+"."+quoteBack(plain), r.Params)
	t.Routine, t.Proofs, t.Clocked = r, proofs, true
	return t, nil
}

var (
	temporary = regexp.MustCompile(`(?i)\b(?:create|drop)\s+(?:or\s+replace\s+)?temporary\b|\brollback\s+(?:work\s+)?to\b`)
	ending    = regexp.MustCompile(`(?i)\b(?:commit|rollback|start\s+transaction|begin\s+work|(?:un)?lock\s+tables|autocommit|create|alter|drop|truncate|rename|grant|revoke|` +
		`analyze|optimize|repair|check\s+table|cache\s+index|load\s+(?:data|index)|flush|reset|install|uninstall|set\s+password|xa|prepare|execute)\b`)
	calling = regexp.MustCompile("(?i)\\bcall\\s+((?:[a-z0-9_$]+|`[^`]+`)(?:\\s*\\.\\s*(?:[a-z0-9_$]+|`[^`]+`))?)")
)

// endsIn finds what in a body, or in those of procedures that it calls, ends the transaction of its caller, or may: statements that are
// put together as it runs, and bodies that are not to be seen.
func endsIn(ctx context.Context, s dialect.Session, schema, body string, proofs *[]dialect.Proof, depth int) (string, error) {
	if body == "" || depth > 8 {
		return "its definition is not to be seen by this account, and may have COMMIT: have the DBA grant SHOW CREATE ROUTINE on it", nil
	}
	body = unquoted(body)
	if word := ending.FindString(temporary.ReplaceAllString(body, " ")); word != "" {
		return "it has " + strings.ToUpper(word), nil
	}
	for _, m := range calling.FindAllStringSubmatch(body, -1) {
		in, name := dialect.SplitName(strings.NewReplacer("`", "", " ", "").Replace(m[1]), schema)
		res, err := s.Run(ctx, []dialect.Statement{{SQL: findRoutine, Args: []any{in, name}, Rows: true, Item: -1}}, false, false)
		if err != nil {
			return "", err
		}
		inner := ""
		for _, r := range res[0].Rows {
			if r[2].Str == "PROCEDURE" {
				inner = r[3].Str
				ask := dialect.Statement{SQL: routineIs, Args: []any{r[0].Str, r[1].Str, r[2].Str}, Rows: true, Item: -1}
				now, err := s.Run(ctx, []dialect.Statement{ask}, false, false)
				if err != nil {
					return "", err
				}
				*proofs = append(*proofs, dialect.Proof{Ask: ask, Print: dialect.PrintOf(now[0])})
			}
		}
		if why, err := endsIn(ctx, s, in, inner, proofs, depth+1); why != "" || err != nil {
			return why, err
		}
	}
	return "", nil
}

// unquoted is a body without texts and comments. What only some versions run stands in comments, and counts.
func unquoted(body string) string {
	var b strings.Builder
	for i := 0; i < len(body); {
		n := connectors.Skip(body[i:])
		switch {
		case strings.HasPrefix(body[i:], "/*!"), strings.HasPrefix(body[i:], "/*M!"), n == 0 || body[i] == '`':
			b.WriteByte(body[i])
			i++
		case body[i] == '#':
			i += strings.IndexByte(body[i:]+"\n", '\n')
		default:
			b.WriteByte(' ')
			i += n
		}
	}
	return b.String()
}

// call calls a procedure once a row. What comes out of it does so by variables of the session, and by the row of its first result set; a
// function is selected.
func call(d *dialect.Dialect, w *dialect.Rowset) ([]dialect.Statement, error) {
	r := w.Tab.Routine
	var stmts []dialect.Statement
	for _, row := range w.Rows {
		st := dialect.Statement{Op: "call " + w.Shape.Object, Item: row.Item, Calls: true}
		marks := make([]string, len(r.Params))
		var set, names []string
		var values []any
		for i, at := range w.CallArgs() {
			p := r.Params[i]
			if at < 0 && p.Required { // of this row alone
				return nil, &dialect.Misfit{Code: dialect.CodeNotNull, Column: p.Name}
			}
			if p.Out == dialect.In {
				marks[i] = d.Bind(i)
				st.Args = append(st.Args, row.Args[at])
				continue
			}
			marks[i] = "@ib_" + strconv.Itoa(i+1)
			names = append(names, marks[i]+" AS "+quoteBack(p.Name))
			if at >= 0 {
				set, values = append(set, marks[i]+" = ?"), append(values, row.Args[at])
			} else {
				set = append(set, marks[i]+" = NULL")
			}
		}
		if st.SQL = w.Tab.Name + "(" + strings.Join(marks, ", ") + ")"; r.Function {
			st.SQL, st.Rows = "SELECT "+st.SQL+" AS "+dialect.ResultName, true
			stmts = append(stmts, st)
			continue
		}
		st.SQL = "CALL " + st.SQL
		for _, n := range w.Shape.Returning {
			if c := w.Tab.Column(n); c == nil || c.Out == dialect.In {
				st.Rows = true
			}
		}
		if len(set) > 0 {
			stmts = append(stmts, dialect.Statement{SQL: "SET " + strings.Join(set, ", "), Args: values, Op: st.Op, Item: row.Item})
		}
		if stmts = append(stmts, st); len(names) > 0 && len(w.Shape.Returning) > 0 {
			stmts = append(stmts, dialect.Statement{SQL: "SELECT " + strings.Join(names, ", "), Rows: true, Op: st.Op, Item: row.Item})
		}
	}
	return stmts, nil
}

// lock is held by the session, whatever becomes of its transactions. One that holds it and rests is of a connection that was lost, and is
// ended; what it was sent and has not begun, it will not do.
func lock(run func(dialect.Statement) (dialect.Result, error), key string) (bool, error) {
	name := lockName(key)
	take := func(wait int64) (bool, error) {
		res, err := run(dialect.Statement{SQL: "SELECT GET_LOCK(?, ?)", Args: []any{name, wait}})
		return err == nil && len(res.Rows) == 1 && dialect.AsInt(res.Rows[0][0]) == 1, err
	}
	if mine, err := take(0); mine || err != nil {
		return mine, err
	}
	res, err := run(dialect.Statement{SQL: "SELECT id FROM information_schema.processlist WHERE id = IS_USED_LOCK(?) AND command = 'Sleep'", Args: []any{name}})
	if err != nil || len(res.Rows) != 1 {
		return false, err
	}
	if _, err := run(dialect.Statement{SQL: "KILL CONNECTION " + dialect.KeyText(res.Rows[0][0])}); dialect.Broken(err) { // it may be gone by now
		return false, err
	}
	return take(2)
}

func unlock(key string) dialect.Statement {
	return dialect.Statement{SQL: "DO RELEASE_LOCK(?)", Args: []any{lockName(key)}}
}

func lockName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "inbasket/" + hex.EncodeToString(sum[:16])
}
