package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/inbasket/inbasket/connectors"
)

// sqlSession is a session over database/sql, statement by statement.
type sqlSession struct {
	conn     *sql.Conn
	tx       *sql.Tx
	own      *ownTx           // nil: transactions are the driver's
	answered func(error) bool // the error is the server's own answer
	cell     func(typ string, v any) connectors.Value
	dirty    bool     // a COMMIT failed: the driver may still be inside the transaction
	file     keptFile // that it has open; nil for servers
}

// keptFile is a file that may be replaced while it is open.
type keptFile interface {
	// Fresh says no when the file that is open is no longer the database.
	Fresh() bool
	// Forgotten says no when closing would destroy the database: then it stays open until the process ends.
	Forgotten() bool
}

var errReplaced = errors.New("the database file or its log was replaced or moved away while it was open")

// ownTx begins transactions, and what runs outside of them, by a statement that also settles the session: it costs no
// round trip of its own.
type ownTx struct {
	begin, outside string
	open           bool
}

// linkSQL makes sessions from a *sql.DB; settle gets each ready.
func linkSQL(db *sql.DB, settle func(context.Context, *sqlSession) error) link {
	return link{func(ctx context.Context) (session, error) { return openSQL(ctx, db, settle) }, db.Close}
}

// openSQL makes one session.
func openSQL(ctx context.Context, db *sql.DB, settle func(context.Context, *sqlSession) error) (session, error) {
	db.SetMaxIdleConns(0)
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &sqlSession{conn: c, cell: cell}
	if err := settle(ctx, s); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *sqlSession) start(ctx context.Context, stmts []string) error {
	for _, q := range stmts {
		if _, err := s.conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// ready runs the first statements, makes the ledger where it is missing and the configuration lets it, and runs session:.
func (s *sqlSession) ready(ctx context.Context, c Config, d *dialect, first []string) error {
	if err := s.start(ctx, first); err != nil {
		return err
	}
	if c.Ledger && c.CreateLedger {
		if err := createLedger(ctx, s, d, c.LedgerTable); err != nil {
			return err
		}
	}
	return s.start(ctx, c.Session)
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (s *sqlSession) run(ctx context.Context, stmts []statement, begin, commit bool) ([]result, error) {
	if err := s.open(ctx, begin); err != nil {
		return nil, s.fault(-1, false, err)
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
		if err := stmts[i].holds(r); err != nil { // before anything that relies on it
			return nil, err
		}
		results[i] = r
	}
	if commit {
		if err := s.commit(ctx); err != nil {
			s.dirty = true
			return nil, s.fault(len(stmts), true, err)
		}
	}
	return results, nil
}

// open begins a transaction, or gets the session ready for a statement outside of one.
func (s *sqlSession) open(ctx context.Context, begin bool) error {
	if s.tx != nil || s.own != nil && s.own.open {
		return nil
	}
	if !s.fresh() {
		return errReplaced
	}
	switch {
	case s.own != nil && begin:
		s.own.open = true
		return s.start(ctx, []string{s.own.begin})
	case s.own != nil:
		return s.start(ctx, []string{s.own.outside})
	case begin:
		tx, err := s.conn.BeginTx(ctx, nil)
		s.tx = tx
		return err
	}
	return nil
}

// fresh says no when the file that is open is no longer the database.
func (s *sqlSession) fresh() bool { return s.file == nil || s.file.Fresh() }

// forget: database/sql keeps nothing prepared here.
func (s *sqlSession) forget(context.Context) error { return nil }

func (s *sqlSession) commit(ctx context.Context) error {
	switch {
	case s.own != nil && s.own.open:
		s.own.open = false
		return s.start(ctx, []string{"COMMIT"})
	case s.tx != nil:
		tx := s.tx
		s.tx = nil
		err := tx.Commit()
		if err == nil && !s.fresh() { // it went into a file that is no longer the database
			err = errReplaced
		}
		return err
	}
	return nil
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
			vals[i] = s.cell(types[i].DatabaseTypeName(), c)
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

func (s *sqlSession) rollback(ctx context.Context) error {
	if s.dirty {
		return errors.New("commit failed, the connection is thrown away")
	}
	if s.own != nil && s.own.open {
		s.own.open = false
		return s.start(ctx, []string{"ROLLBACK"})
	}
	if s.tx == nil {
		return nil
	}
	tx := s.tx
	s.tx = nil
	return tx.Rollback()
}

// close throws the connection away; database/sql must not hand it out again. One that would destroy the database by that
// stays open.
func (s *sqlSession) close() {
	if s.tx != nil {
		_ = s.tx.Rollback()
		s.tx = nil
	}
	if s.file != nil && !s.file.Forgotten() {
		return
	}
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}
