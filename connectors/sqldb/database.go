package sqldb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// DB is one database that sessions are taken from.
type DB struct {
	env  connectors.Env
	cfg  Config
	sys  *system
	pool *pool
}

// system is one kind of database, and how to connect to this one.
type system struct {
	dialect
	link
	zone *time.Location // of columns without a zone
}

func newDB(e connectors.Env, c Config, sys *system) *DB {
	return &DB{env: e, cfg: c, sys: sys, pool: &pool{sys: sys, clock: e.Clock, patience: c.ConnectTimeout, max: c.Parallel + 1}}
}

// use does something on a session, which is given back or thrown away by how that ended.
func (t *DB) use(ctx context.Context, do func(session) error) error {
	s, err := t.pool.get(ctx)
	if err != nil {
		return t.connectError(err)
	}
	if err = do(s); err == nil || !broken(err) {
		t.giveBack(ctx, s)
	} else {
		s.close()
	}
	if err != nil {
		return t.meaning(err).err
	}
	return nil
}

func (t *DB) giveBack(ctx context.Context, s session) {
	if s.rollback(ctx) != nil {
		s.close()
		return
	}
	t.pool.put(s)
}

// refusal is an error of a transaction, with the item it belongs to or -1.
type refusal struct {
	err  *connectors.Error
	item int
	// maybeRow: by its words the system is at fault, but it may be so for one row only.
	maybeRow bool
}

// located is a fault with the statement it happened in.
type located struct {
	*fault
	op   string
	item int
}

func (l *located) Unwrap() error { return l.fault }

func (t *DB) locate(err error, stmts []statement) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	l := &located{fault: f, op: "commit", item: -1}
	if f.index < 0 {
		l.op = "begin"
	}
	if f.index >= 0 && f.index < len(stmts) {
		st := &stmts[f.index]
		switch {
		case f.answered && st.means != nil && t.sys.refutes(f.err):
			return st.means
		case f.answered && st.tries && t.sys.classify(f.err).class == connectors.TargetError:
			return &culprit{st.item, CodeWrongType, st.op, f.err}
		}
		l.op, l.item = st.op, st.item
	}
	return l
}

// meaning turns any error of an attempt into the agent's terms.
func (t *DB) meaning(err error) *refusal {
	var c *culprit
	if errors.As(err, &c) {
		if strings.HasPrefix(c.op, ledgerOp) {
			return &refusal{err: &connectors.Error{Class: connectors.TargetError, Code: c.code, Op: c.op,
				Hint: "the ledger must keep every row: take the trigger, rule or policy off it", Err: c.err}, item: -1}
		}
		return &refusal{err: &connectors.Error{Class: connectors.ItemError, Code: c.code, Op: c.op, Hint: hints[c.code], Err: c.err}, item: c.item}
	}
	if errors.Is(err, errChanged) {
		return &refusal{err: &connectors.Error{Class: connectors.Transient, Code: CodeChanged, Op: "write a group", Err: err}, item: -1}
	}
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return &refusal{err: ours, item: -1}
	}
	op, index := "write a group", -1
	var l *located
	if errors.As(err, &l) {
		op, index = l.op, l.item
	}
	var f *fault
	if !errors.As(err, &f) {
		return &refusal{err: &connectors.Error{Class: connectors.TargetError, Code: CodeRefused, Op: op, Err: err}, item: -1}
	}
	if !f.answered {
		return &refusal{err: lost(f, op), item: -1}
	}
	v := t.sys.classify(f.err)
	if v.class == connectors.Uncertain && !f.committed {
		v.class = connectors.Transient
	}
	switch {
	case f.index < 0 && v.class == connectors.ItemError: // nothing was sent yet but settings
		v = refusesSetting
	case op == ledgerOp && v.code == CodeNoTable:
		v.code, v.hint = CodeNoLedger, "have the DBA run what inbasket ledger ddl prints"
	case op == ledgerOp && v.class == connectors.ItemError && v.code != CodeDuplicate:
		v.class = connectors.TargetError
	}
	maybe := op != ledgerOp && v.class == connectors.TargetError && (v.code == CodeRefused || t.sys.inside != nil && t.sys.inside(f.err))
	return &refusal{&connectors.Error{Class: v.class, Code: v.code, Op: op, Hint: v.hint, Err: f.err}, index, maybe}
}

// refusesSetting is what it means when a server refuses a value before any of ours was sent.
var refusesSetting = verdict{connectors.TargetError, CodeSession, "the server refuses a setting; check zone, schema and session: of the target"}

// lost is a connection that broke: with COMMIT on its way the outcome is unknown, else it is nothing.
func lost(f *fault, op string) *connectors.Error {
	e := &connectors.Error{Class: connectors.Transient, Code: CodeLost, Op: op, Err: f.err}
	if f.committed {
		e.Class = connectors.Uncertain
	}
	return e
}

// connectError is an error before anything was sent; what the system did not say is a matter of reach.
func (t *DB) connectError(err error) *connectors.Error {
	e := &connectors.Error{Class: connectors.Transient, Code: CodeUnreachable, Op: "connect to " + t.sys.name, Err: err}
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return ours
	}
	if v := t.sys.classify(err); v.class == connectors.TargetError || v.class == connectors.Transient {
		e.Class, e.Code, e.Hint = v.class, v.code, v.hint
		if v.code == CodeLogin && t.cfg.Password != "" {
			e.Hint += "; the password was read again from where it lies"
		}
	} else if v.class == connectors.ItemError {
		e.Class, e.Code, e.Hint = refusesSetting.class, refusesSetting.code, refusesSetting.hint
	} else if isCertificate(err) {
		e.Class, e.Code, e.Hint = connectors.TargetError, CodeCertificate, "set tls.ca to the authority's certificates, or renew the server's"
	}
	return e
}

func isCertificate(err error) bool {
	s := fmt.Sprint(err)
	return strings.Contains(s, "x509:") || strings.Contains(s, "certificate")
}

// Close closes all connections.
func (t *DB) Close() error {
	t.pool.drop(true)
	return t.sys.close()
}
