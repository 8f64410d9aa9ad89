package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Session speaks to PostgreSQL without database/sql: a whole transaction travels in one go, statements
// stay prepared, and arguments are in text form, so that the server converts them exactly.
type Session struct {
	Conn    *pgconn.PgConn
	known   map[string]string   // names of what is prepared, by text and types
	first   []dialect.Statement // go before all else in each transaction: what correctness stands on, see settle
	Unnamed bool                // somebody in between may change the server's session: nothing stays prepared
	pooled  *atomic.Bool        // the target's: set when a prepared statement was not there or was another's
	args    [][]byte            // of the statement that is sent
	text    []byte              // of its arguments
	wire    wire                // what is sent
	open    bool                // a transaction is open
	stale   bool                // the server no longer takes what is prepared
}

// maxPrepared bounds what one connection keeps prepared on the server.
const maxPrepared = 256

// Run pipelines BEGIN, the settings, the statements and COMMIT in one round trip. Without BEGIN all of it is one
// transaction too, up to the end of the pipeline. The server skips everything after an error, COMMIT too.
func (s *Session) Run(ctx context.Context, stmts []dialect.Statement, begin, commit bool) ([]dialect.Result, error) {
	if len(s.known) > maxPrepared {
		if err := s.Forget(ctx); err != nil {
			return nil, err
		}
	}
	var lead []dialect.Statement
	rest, offset := stmts, 0
	if !s.open {
		lead = make([]dialect.Statement, 0, len(s.first)+2)
		if begin {
			s.open = true
			lead = append(lead, beginning)
		}
		if len(stmts) > 0 && stmts[0].Opens {
			lead, rest, offset = append(lead, stmts[0]), stmts[1:], 1
		}
		lead = append(lead, s.first...)
	}
	p := s.pipeline(ctx)
	prepared := make([]string, len(lead)+len(rest)) // key of what this pipeline prepares, by statement
	fresh := map[string]string{}
	for i := range lead {
		s.send(p, &lead[i], &prepared[i], fresh)
	}
	for i := range rest {
		s.send(p, &rest[i], &prepared[len(lead)+i], fresh)
	}
	if commit {
		p.SendQueryParams("COMMIT", nil, nil, nil, nil)
	}
	if err := p.Sync(); err != nil {
		_ = p.Close()
		return nil, s.fault(-1, commit, err)
	}
	results := make([]dialect.Result, len(stmts))
	_, err := s.collect(p, lead, prepared, fresh, nil)
	index := -1
	if err == nil {
		if index, err = s.collect(p, rest, prepared[len(lead):], fresh, results[offset:]); err != nil {
			index += offset
		}
	}
	if err == nil && commit {
		_, err = result(p, nil)
		index = len(stmts)
	}
	closed := p.Close()
	if err == nil {
		err, index = closed, len(stmts)
	}
	if err != nil {
		return nil, s.fault(index, commit, err)
	}
	if commit {
		s.open = false
	}
	return results, nil
}

// beginning has every statement see what is committed, whatever the role or the database has as default: a proof about
// tables that sees what they were when the transaction began proves nothing.
var beginning = dialect.Statement{SQL: "BEGIN ISOLATION LEVEL READ COMMITTED", Op: "begin", Item: -1}

// Forget closes what this connection prepared, and nothing else: DEALLOCATE ALL would take other programs' statements
// away where they share the server's session.
func (s *Session) Forget(ctx context.Context) error {
	if len(s.known) == 0 {
		return nil
	}
	p := s.Conn.StartPipeline(ctx)
	for _, name := range s.known {
		p.SendDeallocate(name)
	}
	clear(s.known)
	if err := errors.Join(p.Sync(), p.Close()); err != nil {
		return s.fault(-1, false, err)
	}
	return nil
}

func (s *Session) send(p *pgconn.Pipeline, st *dialect.Statement, prepared *string, fresh map[string]string) {
	args := s.texts(st.Args)
	s.makeRoom(len(st.SQL), args)
	if s.Unnamed {
		p.SendQueryParams(st.SQL, args, st.OIDs, nil, nil)
		return
	}
	key := st.SQL
	for _, o := range st.OIDs {
		key += "," + strconv.FormatUint(uint64(o), 36)
	}
	name := s.known[key]
	if name == "" {
		name = fresh[key]
	}
	if name == "" {
		name = StatementName(key)
		fresh[key] = name
		*prepared = key
		p.SendPrepare(name, st.SQL, st.OIDs)
	}
	p.SendQueryPrepared(name, args, nil, nil)
}

// StatementName is a digest of text and types: whoever prepared a statement of this name, it is this one.
func StatementName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "ib_" + hex.EncodeToString(sum[:])[:56] // a name may have 63 bytes
}

// texts are arguments in PostgreSQL's text form, nil for NULL. They are good until the next call: what is sent is copied.
func (s *Session) texts(args []any) [][]byte {
	s.args, s.text = s.args[:0], s.text[:0]
	if s.text == nil || cap(s.text) > maxKeptText {
		s.text = make([]byte, 0, 4<<10)
	}
	for _, a := range args {
		if a == nil {
			s.args = append(s.args, nil)
			continue
		}
		if raw, ok := a.(rawText); ok {
			s.args = append(s.args, raw)
			continue
		}
		from := len(s.text)
		s.text = appendText(s.text, a)
		s.args = append(s.args, s.text[from:len(s.text):len(s.text)]) // never nil: '' is not NULL
	}
	return s.args
}

// maxKeptText bounds what a connection keeps for the next statement.
const maxKeptText = 256 << 10

func appendText(b []byte, a any) []byte {
	switch x := a.(type) {
	case string:
		return append(b, x...)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case []byte:
		return hex.AppendEncode(append(b, `\x`...), x)
	}
	return fmt.Append(b, a)
}

// collect reads the answers in the order of the questions into results; nil: they are not wanted. The index is that of the
// failed statement.
func (s *Session) collect(p *pgconn.Pipeline, stmts []dialect.Statement, prepared []string, fresh map[string]string, results []dialect.Result) (int, error) {
	for i := range stmts {
		if key := prepared[i]; key != "" {
			if _, err := p.GetResults(); err != nil {
				return i, err
			}
			s.known[key] = fresh[key]
		}
		r, err := result(p, &stmts[i])
		if err != nil {
			return i, err
		}
		if results != nil {
			results[i] = r
		}
	}
	return 0, nil
}

func result(p *pgconn.Pipeline, st *dialect.Statement) (dialect.Result, error) {
	got, err := p.GetResults()
	if err != nil {
		return dialect.Result{}, err
	}
	rr, ok := got.(*pgconn.ResultReader)
	if !ok {
		return dialect.Result{}, errors.New("pipeline out of step")
	}
	var r dialect.Result
	fields := rr.FieldDescriptions()
	if st != nil && st.Rows {
		for _, f := range fields {
			r.Names = append(r.Names, f.Name)
		}
	}
	more := st != nil && st.Rows
	for rr.NextRow() {
		if !more {
			continue
		}
		vals := make([]connectors.Value, len(fields))
		for i, b := range rr.Values() {
			if vals[i], err = cell(fields[i].DataTypeOID, b); err != nil {
				return dialect.Result{}, err
			}
		}
		if st.Each != nil {
			more = st.Each(r.Names, vals)
			continue
		}
		r.Rows = append(r.Rows, vals)
	}
	tag, err := rr.Close()
	if err != nil {
		return dialect.Result{}, err
	}
	if more && st.Each != nil {
		st.Each(nil, nil)
	}
	r.Affected = tag.RowsAffected()
	return r, nil
}

// cell reads the text form of a type, by its OID.
func cell(oid uint32, b []byte) (connectors.Value, error) {
	if b == nil {
		return connectors.Value{Kind: connectors.Null}, nil
	}
	switch oid {
	case 16:
		return dialect.Boolean(len(b) == 1 && b[0] == 't'), nil
	case 17:
		raw, err := bytea(b)
		blob := connectors.BytesBlob(raw)
		return connectors.Value{Kind: connectors.Binary, Blob: &blob}, err
	case 20, 21, 23, 26:
		return dialect.CellText(dialect.FamInteger, string(b)), nil
	case 1700:
		return dialect.CellText(dialect.FamDecimal, string(b)), nil
	case 700, 701:
		f, err := strconv.ParseFloat(string(b), 64)
		if err == nil {
			return connectors.Value{Kind: connectors.Decimal, Str: strconv.FormatFloat(f, 'f', -1, 64)}, nil
		}
	case 1082:
		return dialect.CellText(dialect.FamDate, string(b)), nil
	case 1114:
		return dialect.CellText(dialect.FamDateTime, string(b)), nil
	case 1184:
		return dialect.CellText(dialect.FamInstant, string(b)), nil
	}
	return dialect.CellText(dialect.FamText, string(b)), nil
}

var errBytea = errors.New("the server sent bytes in a form that is not known")

// bytea reads bytea in either of its two text forms, by what came and not by what was asked for.
func bytea(b []byte) ([]byte, error) {
	if digits, ok := bytes.CutPrefix(b, []byte(`\x`)); ok {
		return hex.DecodeString(string(digits))
	}
	raw := make([]byte, 0, len(b))
	for len(b) > 0 {
		switch {
		case b[0] != '\\':
			raw, b = append(raw, b[0]), b[1:]
		case len(b) > 1 && b[1] == '\\':
			raw, b = append(raw, '\\'), b[2:]
		case len(b) > 3:
			n, err := strconv.ParseUint(string(b[1:4]), 8, 8)
			if err != nil {
				return nil, errBytea
			}
			raw, b = append(raw, byte(n)), b[4:]
		default:
			return nil, errBytea
		}
	}
	return raw, nil
}

// fault says what an error means for the connection. An answer with severity FATAL may come while the
// server goes down with our COMMIT in its hands, so it is no answer.
func (s *Session) fault(index int, committed bool, err error) *dialect.Fault {
	f := &dialect.Fault{Index: index, Committed: committed, Err: err}
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Severity != "FATAL" && e.Severity != "PANIC" && e.SeverityUnlocalized != "FATAL" && e.SeverityUnlocalized != "PANIC" && !s.Conn.IsClosed() {
		f.Answered = e.Code != "40003" && e.Code != "08007" || raised(e)
		alien := (e.Code == "26000" || e.Code == "42P05") && !raised(e) // not there, or there already: this is another session of the server
		if alien && s.pooled != nil {
			s.pooled.Store(true)
		}
		s.stale = s.stale || alien || stalePlan(e)
	}
	return f
}

// stalePlan reports "cached plan must not change result type": a table was changed under a prepared statement.
func stalePlan(e *pgconn.PgError) bool {
	return e.Code == "0A000" && strings.Contains(e.Routine, "RevalidateCachedQuery")
}

// Fresh: a server stays the one that it is.
func (s *Session) Fresh() bool { return true }

// Rollback takes back the open transaction, if any.
func (s *Session) Rollback(ctx context.Context) error {
	if s.stale {
		return errors.New("prepared statements are stale, the connection is thrown away")
	}
	if !s.open {
		return nil
	}
	s.open = false
	_, err := s.Conn.Exec(ctx, "ROLLBACK").ReadAll()
	return err
}

// Close breaks the connection without waiting for the server.
func (s *Session) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Conn.Close(ctx)
}
