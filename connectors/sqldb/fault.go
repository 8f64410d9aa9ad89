package sqldb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// culprit is an error that is known to belong to one item.
type culprit struct {
	item int
	code string
	op   string
	err  error
}

func (c *culprit) Error() string { return c.op + ": " + c.code }
func (c *culprit) Unwrap() error { return c.err }

// misfit is a value that its column would refuse, round or cut. It names no data.
type misfit struct {
	code   string
	column string
}

func (m *misfit) Error() string { return m.code + " in column " + m.column }

// errChanged says that a table is not what this call took it for.
var errChanged = errors.New("a table is not as it was read")

// proveByReading asks for each text again and has it compared.
func proveByReading(proofs []*proof) []statement {
	stmts := make([]statement, len(proofs))
	for i, p := range proofs {
		stmts[i] = p.ask
		stmts[i].proves = p
	}
	return stmts
}

// holds compares what a statement gave with what it is to prove.
func (st *statement) holds(res result) error {
	if st.proves != nil && printOf(res) != st.proves.print {
		return errChanged
	}
	return nil
}

// printOf reads what ask gave.
func printOf(res result) string {
	if len(res.rows) == 0 {
		return ""
	}
	var all []string
	for _, v := range res.rows[0] {
		all = append(all, keyText(v))
	}
	return counter.ReplaceAllString(strings.Join(all, "\x00"), "")
}

// fault is an error of a session with the place where it happened.
type fault struct {
	index     int  // of the statement; -1 for BEGIN, connect and so on
	committed bool // COMMIT may have been sent: without the server's answer the outcome is unknown
	answered  bool // the server itself said so: what was open is taken back
	err       error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// verdict is the meaning of a driver's error.
type verdict struct {
	class connectors.Class
	code  string
	hint  string
}

// broken reports an error after which the connection cannot be trusted.
func broken(err error) bool {
	var f *fault
	return errors.As(err, &f) && !f.answered
}

// badSetting refuses a session.
func badSetting(system, what, hint string) error {
	return connectors.Errorf(connectors.TargetError, CodeSession, "connect to "+system, fmt.Sprintf("%s makes rows or values wrong; %s", what, hint), "%s", what)
}

// rule is a verdict on some of the numbers or codes that a system has for errors.
type rule[K comparable] struct {
	verdict
	of []K
}

// on makes a rule.
func on[K comparable](class connectors.Class, code, hint string, of ...K) rule[K] {
	return rule[K]{verdict{class, code, hint}, of}
}

// rules finds the verdict on a number or code; false: there is none.
func rules[K comparable](all ...rule[K]) func(K) (verdict, bool) {
	by := map[K]verdict{}
	for _, r := range all {
		for _, k := range r.of {
			by[k] = r.verdict
		}
	}
	return func(k K) (verdict, bool) {
		v, ok := by[k]
		return v, ok
	}
}
