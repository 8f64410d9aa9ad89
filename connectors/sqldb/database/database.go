package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// DB is one database that sessions are taken from.
type DB struct {
	Env  connectors.Env
	Cfg  dialect.Config
	Sys  *System
	Pool *pool
}

// System is one kind of database, and how to connect to this one.
type System struct {
	dialect.Dialect
	dialect.Link
	Zone *time.Location // of columns without a zone
}

// New has no session yet.
func New(e connectors.Env, c dialect.Config, sys *System) *DB {
	return &DB{Env: e, Cfg: c, Sys: sys, Pool: &pool{sys: sys, clock: e.Clock, patience: c.ConnectTimeout, max: c.Parallel + 1}}
}

// Use does something on a session, which is given back or thrown away by how that ended.
func (t *DB) Use(ctx context.Context, do func(dialect.Session) error) error {
	s, err := t.Pool.Get(ctx)
	if err != nil {
		return t.ConnectError(err)
	}
	if err = do(s); err == nil || !dialect.Broken(err) {
		t.GiveBack(ctx, s)
	} else {
		s.Close()
	}
	if err != nil {
		return t.Meaning(err).Err
	}
	return nil
}

// GiveBack ends what is open in a session and lets others have it.
func (t *DB) GiveBack(ctx context.Context, s dialect.Session) {
	if s.Rollback(ctx) != nil {
		s.Close()
		return
	}
	t.Pool.Put(s)
}

// Refusal is an error of a transaction, with the item it belongs to or -1.
type Refusal struct {
	Err  *connectors.Error
	Item int
	// MaybeRow: by its words the system is at fault, but it may be so for one row only.
	MaybeRow bool
	By       *connectors.Failure // what the mapping makes of what a call returned
}

// Located is a fault with the statement it happened in.
type Located struct {
	*dialect.Fault
	op   string
	Item int
}

// Unwrap returns the fault.
func (l *Located) Unwrap() error { return l.Fault }

// Locate says which of the statements an error is of.
func (t *DB) Locate(err error, stmts []dialect.Statement) error {
	var f *dialect.Fault
	if !errors.As(err, &f) {
		return err
	}
	l := &Located{Fault: f, op: "commit", Item: -1}
	if f.Index < 0 {
		l.op = "begin"
	}
	if f.Index >= 0 && f.Index < len(stmts) {
		st := &stmts[f.Index]
		switch {
		case f.Answered && st.Means != nil && t.Sys.Refutes(f.Err):
			return st.Means
		case f.Answered && st.Fences && t.Sys.Classify(f.Err).Class == connectors.TargetError:
			return &dialect.Culprit{Item: st.Item, Code: dialect.CodeEnds, Op: st.Op, Err: f.Err}
		case f.Answered && st.Tries && t.Sys.Classify(f.Err).Class == connectors.TargetError:
			return &dialect.Culprit{Item: st.Item, Code: dialect.CodeWrongType, Op: st.Op, Err: f.Err}
		}
		l.op, l.Item = st.Op, st.Item
	}
	return l
}

// Meaning turns any error of an attempt into the agent's terms.
func (t *DB) Meaning(err error) *Refusal {
	var c *dialect.Culprit
	if errors.As(err, &c) {
		if c.By != nil {
			return &Refusal{Err: &connectors.Error{Class: c.By.Class, Code: c.Code, Op: c.Op, Err: c.Err}, Item: c.Item, By: c.By}
		}
		if strings.HasPrefix(c.Op, dialect.LedgerOp) {
			return &Refusal{Err: &connectors.Error{Class: connectors.TargetError, Code: c.Code, Op: c.Op,
				Hint: "the ledger must keep every row: take the trigger, rule or policy off it", Err: c.Err}, Item: -1}
		}
		return &Refusal{Err: &connectors.Error{Class: connectors.ItemError, Code: c.Code, Op: c.Op, Hint: dialect.Hints[c.Code], Err: c.Err}, Item: c.Item}
	}
	if errors.Is(err, dialect.ErrChanged) {
		return &Refusal{Err: &connectors.Error{Class: connectors.Transient, Code: dialect.CodeChanged, Op: "write a group", Err: err}, Item: -1}
	}
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return &Refusal{Err: ours, Item: -1}
	}
	op, index := "write a group", -1
	var l *Located
	if errors.As(err, &l) {
		op, index = l.op, l.Item
	}
	var f *dialect.Fault
	if !errors.As(err, &f) {
		return &Refusal{Err: &connectors.Error{Class: connectors.TargetError, Code: dialect.CodeRefused, Op: op, Err: err}, Item: -1}
	}
	if !f.Answered {
		return &Refusal{Err: lost(f, op), Item: -1}
	}
	v := t.Sys.Classify(f.Err)
	if v.Class == connectors.Uncertain && !f.Committed {
		v.Class = connectors.Transient
	}
	switch {
	case f.Index < 0 && v.Class == connectors.ItemError: // nothing was sent yet but settings
		v = refusesSetting
	case op == dialect.LedgerOp && v.Code == dialect.CodeNoTable:
		v.Code, v.Hint = dialect.CodeNoLedger, "have the DBA run what inbasket ledger ddl prints"
	case op == dialect.LedgerOp && v.Class == connectors.ItemError && v.Code != dialect.CodeDuplicate:
		v.Class = connectors.TargetError
	}
	maybe := op != dialect.LedgerOp && v.Class == connectors.TargetError && (v.Code == dialect.CodeRefused || t.Sys.Inside != nil && t.Sys.Inside(f.Err))
	return &Refusal{Err: &connectors.Error{Class: v.Class, Code: v.Code, Op: op, Hint: v.Hint, Err: f.Err}, Item: index, MaybeRow: maybe}
}

// refusesSetting is what it means when a server refuses a value before any of ours was sent.
var refusesSetting = dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeSession, Hint: "the server refuses a setting; check zone, schema and session: of the target"}

// lost is a connection that broke: with COMMIT on its way the outcome is unknown, else it is nothing.
func lost(f *dialect.Fault, op string) *connectors.Error {
	e := &connectors.Error{Class: connectors.Transient, Code: dialect.CodeLost, Op: op, Err: f.Err}
	if f.Committed {
		e.Class = connectors.Uncertain
	}
	return e
}

// ConnectError is an error before anything was sent; what the system did not say is a matter of reach.
func (t *DB) ConnectError(err error) *connectors.Error {
	e := &connectors.Error{Class: connectors.Transient, Code: dialect.CodeUnreachable, Op: "connect to " + t.Sys.Name, Err: err}
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return ours
	}
	if v := t.Sys.Classify(err); v.Class == connectors.TargetError || v.Class == connectors.Transient {
		e.Class, e.Code, e.Hint = v.Class, v.Code, v.Hint
		if v.Code == dialect.CodeLogin && t.Cfg.Password != "" {
			e.Hint += "; the password was read again from where it lies"
		}
	} else if v.Class == connectors.ItemError {
		e.Class, e.Code, e.Hint = refusesSetting.Class, refusesSetting.Code, refusesSetting.Hint
	} else if isCertificate(err) {
		e.Class, e.Code, e.Hint = connectors.TargetError, dialect.CodeCertificate, "set tls.ca to the authority's certificates, or renew the server's"
	}
	return e
}

func isCertificate(err error) bool {
	s := fmt.Sprint(err)
	return strings.Contains(s, "x509:") || strings.Contains(s, "certificate")
}

// Close closes all connections.
func (t *DB) Close() error {
	t.Pool.Drop(true)
	return t.Sys.Close()
}
