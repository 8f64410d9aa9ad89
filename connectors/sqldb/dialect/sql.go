package dialect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/inbasket/inbasket/connectors"
)

// SQLSession is a session over database/sql, statement by statement.
type SQLSession struct {
	conn     *sql.Conn
	tx       *sql.Tx
	Own      *OwnTx           // nil: transactions are the driver's
	Answered func(error) bool // the error is the server's own answer
	Cell     func(typ string, v any) connectors.Value
	dirty    bool     // a COMMIT failed: the driver may still be inside the transaction
	File     keptFile // that it has open; nil for servers
}

// keptFile is a file that may be replaced while it is open.
type keptFile interface {
	// Fresh says no when the file that is open is no longer the database.
	Fresh() bool
	// Forgotten says no when closing would destroy the database: then it stays open until the process ends.
	Forgotten() bool
}

// ErrReplaced says that a session writes where nobody reads.
var ErrReplaced = errors.New("the database file or its log was replaced or moved away while it was open")

// OwnTx begins transactions, and what runs outside of them, by a statement that also settles the session: it costs no
// round trip of its own.
type OwnTx struct {
	Begin, Outside string
	open           bool
}

// LinkSQL makes sessions from a *sql.DB; settle gets each ready.
func LinkSQL(db *sql.DB, settle func(context.Context, *SQLSession) error) Link {
	return Link{func(ctx context.Context) (Session, error) { return OpenSQL(ctx, db, settle) }, db.Close}
}

// OpenSQL makes one session.
func OpenSQL(ctx context.Context, db *sql.DB, settle func(context.Context, *SQLSession) error) (Session, error) {
	db.SetMaxIdleConns(0)
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &SQLSession{conn: c, Cell: Cell}
	if err := settle(ctx, s); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Start runs statements that settle the session.
func (s *SQLSession) Start(ctx context.Context, stmts []string) error {
	for _, q := range stmts {
		if _, err := s.conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// Ready runs the first statements, makes the ledger where it is missing and the configuration lets it, and runs session:.
func (s *SQLSession) Ready(ctx context.Context, c Config, d *Dialect, first []string) error {
	if err := s.Start(ctx, first); err != nil {
		return err
	}
	if c.Ledger && c.CreateLedger {
		if err := CreateLedger(ctx, s, d, c.LedgerTable); err != nil {
			return err
		}
	}
	return s.Start(ctx, c.Session)
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Run sends the statements one by one.
func (s *SQLSession) Run(ctx context.Context, stmts []Statement, begin, commit bool) ([]Result, error) {
	if err := s.open(ctx, begin); err != nil {
		return nil, s.fault(-1, false, err)
	}
	var on execer = s.conn
	if s.tx != nil {
		on = s.tx
	}
	results := make([]Result, len(stmts))
	for i := range stmts {
		r, err := s.one(ctx, on, &stmts[i])
		if err == nil && stmts[i].Calls && s.Own != nil && s.Own.open {
			err = s.Start(ctx, []string{s.Own.Begin})
		}
		if err != nil {
			return nil, s.fault(i, false, err)
		}
		if err := stmts[i].Holds(r); err != nil { // before anything that relies on it
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
func (s *SQLSession) open(ctx context.Context, begin bool) error {
	if s.tx != nil || s.Own != nil && s.Own.open {
		return nil
	}
	if !s.Fresh() {
		return ErrReplaced
	}
	switch {
	case s.Own != nil && begin:
		s.Own.open = true
		return s.Start(ctx, []string{s.Own.Begin})
	case s.Own != nil:
		return s.Start(ctx, []string{s.Own.Outside})
	case begin:
		tx, err := s.conn.BeginTx(ctx, nil)
		s.tx = tx
		return err
	}
	return nil
}

// Fresh says no when the file that is open is no longer the database.
func (s *SQLSession) Fresh() bool { return s.File == nil || s.File.Fresh() }

// Forget: database/sql keeps nothing prepared here.
func (s *SQLSession) Forget(context.Context) error { return nil }

func (s *SQLSession) commit(ctx context.Context) error {
	switch {
	case s.Own != nil && s.Own.open:
		s.Own.open = false
		return s.Start(ctx, []string{"COMMIT"})
	case s.tx != nil:
		tx := s.tx
		s.tx = nil
		err := tx.Commit()
		if err == nil && !s.Fresh() { // it went into a file that is no longer the database
			err = ErrReplaced
		}
		return err
	}
	return nil
}

func (s *SQLSession) fault(index int, committed bool, err error) *Fault {
	return &Fault{Index: index, Committed: committed, Answered: s.Answered(err), Err: err}
}

func (s *SQLSession) one(ctx context.Context, on execer, st *Statement) (Result, error) {
	if st.Outs > 0 {
		return s.outs(ctx, on, st)
	}
	if st.Rows {
		rows, err := on.QueryContext(ctx, st.SQL, st.Args...)
		if err != nil {
			return Result{}, err
		}
		return s.read(rows, st.Each)
	}
	res, err := on.ExecContext(ctx, st.SQL, st.Args...)
	if err != nil {
		return Result{}, err
	}
	var r Result
	if r.Affected, err = res.RowsAffected(); err != nil {
		r.Affected = 0
	}
	return r, nil
}

// outs runs a statement whose last arguments are places for RETURNING … INTO.
func (s *SQLSession) outs(ctx context.Context, on execer, st *Statement) (Result, error) {
	places := make([]sql.NullString, st.Outs)
	args := append([]any(nil), st.Args...)
	for i := range places {
		args = append(args, sql.Out{Dest: &places[i]})
	}
	res, err := on.ExecContext(ctx, st.SQL, args...)
	if err != nil {
		return Result{}, err
	}
	r := Result{Rows: [][]connectors.Value{make([]connectors.Value, st.Outs)}}
	r.Affected, _ = res.RowsAffected()
	for i, p := range places {
		r.Rows[0][i] = connectors.Value{Kind: connectors.Null}
		if p.Valid {
			r.Rows[0][i] = CellText(FamOther, p.String)
		}
	}
	return r, nil
}

func (s *SQLSession) read(rows *sql.Rows, each func([]string, []connectors.Value) bool) (Result, error) {
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return Result{}, err
	}
	r := Result{}
	for _, t := range types {
		r.Names = append(r.Names, t.Name())
		if each == nil && FamilyOf(t.DatabaseTypeName()) == FamBinary {
			r.Bytes = append(r.Bytes, t.Name())
		}
	}
	cells := make([]any, len(types))
	places := make([]any, len(types))
	for i := range cells {
		places[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return Result{}, err
		}
		vals := make([]connectors.Value, len(cells))
		for i, c := range cells {
			vals[i] = s.Cell(types[i].DatabaseTypeName(), c)
		}
		r.Affected++
		if each == nil {
			r.Rows = append(r.Rows, vals)
		} else if !each(r.Names, vals) {
			return r, nil
		}
	}
	if each != nil && rows.Err() == nil {
		each(nil, nil)
	}
	for rows.Err() == nil && rows.NextResultSet() { // a call may fail after its first
	}
	return r, rows.Err()
}

// Rollback takes back the open transaction, if any.
func (s *SQLSession) Rollback(ctx context.Context) error {
	if s.dirty {
		return errors.New("commit failed, the connection is thrown away")
	}
	if s.Own != nil && s.Own.open {
		s.Own.open = false
		return s.Start(ctx, []string{"ROLLBACK"})
	}
	if s.tx == nil {
		return nil
	}
	tx := s.tx
	s.tx = nil
	return tx.Rollback()
}

// Close throws the connection away; database/sql must not hand it out again. One that would destroy the database by that
// stays open.
func (s *SQLSession) Close() {
	if s.tx != nil {
		_ = s.tx.Rollback()
		s.tx = nil
	}
	if s.File != nil && !s.File.Forgotten() {
		return
	}
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}
