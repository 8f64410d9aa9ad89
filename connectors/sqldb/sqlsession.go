package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// sqlSession is a session over database/sql, statement by statement.
type sqlSession struct {
	conn     *sql.Conn
	tx       *sql.Tx
	answered func(error) bool // the error is the server's own answer
	lite     bool             // SQLite: bytes are always a blob, whatever the column says
	dirty    bool             // a COMMIT failed: the driver may still be inside the transaction
}

// openSQL makes sessions from a *sql.DB and runs the start statements on each.
func openSQL(ctx context.Context, db *sql.DB, answered func(error) bool, start []string) (*sqlSession, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &sqlSession{conn: c, answered: answered}
	for _, q := range start {
		if _, err := c.ExecContext(ctx, q); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (s *sqlSession) run(ctx context.Context, stmts []statement, begin, commit bool) ([]result, error) {
	if begin {
		tx, err := s.conn.BeginTx(ctx, nil)
		if err != nil {
			return nil, s.fault(-1, false, err)
		}
		s.tx = tx
	}
	var on execer = s.conn
	if s.tx != nil {
		on = s.tx
	}
	results := make([]result, len(stmts))
	for i := range stmts {
		r, err := s.one(ctx, on, &stmts[i])
		if err != nil {
			return nil, s.fault(i, false, err)
		}
		results[i] = r
	}
	if commit && s.tx != nil {
		tx := s.tx
		s.tx = nil
		if err := tx.Commit(); err != nil {
			s.dirty = true
			return nil, s.fault(len(stmts), true, err)
		}
	}
	return results, nil
}

func (s *sqlSession) fault(index int, committed bool, err error) *fault {
	return &fault{index: index, committed: committed, answered: s.answered(err), err: err}
}

func (s *sqlSession) one(ctx context.Context, on execer, st *statement) (result, error) {
	if st.outs > 0 {
		return s.outs(ctx, on, st)
	}
	if st.rows {
		rows, err := on.QueryContext(ctx, st.sql, st.args...)
		if err != nil {
			return result{}, err
		}
		return s.read(rows, st.each)
	}
	res, err := on.ExecContext(ctx, st.sql, st.args...)
	if err != nil {
		return result{}, err
	}
	var r result
	if r.affected, err = res.RowsAffected(); err != nil {
		r.affected = 0
	}
	return r, nil
}

// outs runs a statement whose last arguments are places for RETURNING … INTO.
func (s *sqlSession) outs(ctx context.Context, on execer, st *statement) (result, error) {
	places := make([]sql.NullString, st.outs)
	args := append([]any(nil), st.args...)
	for i := range places {
		args = append(args, sql.Out{Dest: &places[i]})
	}
	res, err := on.ExecContext(ctx, st.sql, args...)
	if err != nil {
		return result{}, err
	}
	r := result{rows: [][]connectors.Value{make([]connectors.Value, st.outs)}}
	r.affected, _ = res.RowsAffected()
	for i, p := range places {
		r.rows[0][i] = connectors.Value{Kind: connectors.Null}
		if p.Valid {
			r.rows[0][i] = cellText(famOther, p.String)
		}
	}
	return r, nil
}

func (s *sqlSession) read(rows *sql.Rows, each func([]string, []connectors.Value) bool) (result, error) {
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return result{}, err
	}
	r := result{}
	for _, t := range types {
		r.names = append(r.names, t.Name())
	}
	cells := make([]any, len(types))
	places := make([]any, len(types))
	for i := range cells {
		places[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return result{}, err
		}
		vals := make([]connectors.Value, len(cells))
		for i, c := range cells {
			typ := types[i].DatabaseTypeName()
			if _, isBytes := c.([]byte); isBytes && s.lite {
				typ = "blob"
			}
			if at, isTime := c.(time.Time); isTime && s.lite {
				if _, offset := at.Zone(); offset != 0 { // the text had it
					typ = zonedType
				}
			}
			vals[i] = cell(typ, c)
		}
		r.affected++
		if each == nil {
			r.rows = append(r.rows, vals)
		} else if !each(r.names, vals) {
			return r, nil
		}
	}
	if each != nil && rows.Err() == nil {
		each(nil, nil)
	}
	return r, rows.Err()
}

func (s *sqlSession) rollback(context.Context) error {
	if s.dirty {
		return errors.New("commit failed, the connection is thrown away")
	}
	if s.tx == nil {
		return nil
	}
	tx := s.tx
	s.tx = nil
	return tx.Rollback()
}

// close throws the connection away; database/sql must not hand it out again.
func (s *sqlSession) close() {
	if s.tx != nil {
		_ = s.tx.Rollback()
		s.tx = nil
	}
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}
