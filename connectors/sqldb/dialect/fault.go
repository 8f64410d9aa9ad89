package dialect

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Culprit is an error that is known to belong to one item.
type Culprit struct {
	Item int
	Code string
	Op   string
	Err  error
	By   *connectors.Failure // the mapping judges so, by what a call returned
}

// Error names no data.
func (c *Culprit) Error() string { return c.Op + ": " + c.Code }

// Unwrap returns what the system or the agent found.
func (c *Culprit) Unwrap() error { return c.Err }

// Misfit is a value that its column would refuse, round or cut. It names no data.
type Misfit struct {
	Code   string
	Column string
}

// Error names no data.
func (m *Misfit) Error() string { return m.Code + " in column " + m.Column }

// ErrChanged says that a table is not what this call took it for.
var ErrChanged = errors.New("a table is not as it was read")

// ProveByReading asks for each text again and has it compared.
func ProveByReading(proofs []*Proof) []Statement {
	stmts := make([]Statement, len(proofs))
	for i, p := range proofs {
		stmts[i] = p.Ask
		stmts[i].proves = p
	}
	return stmts
}

// Holds compares what a statement gave with what it is to prove.
func (st *Statement) Holds(res Result) error {
	if st.proves != nil && PrintOf(res) != st.proves.Print {
		return ErrChanged
	}
	return nil
}

// PrintOf reads what ask gave.
func PrintOf(res Result) string {
	if len(res.Rows) == 0 {
		return ""
	}
	var all []string
	for _, v := range res.Rows[0] {
		all = append(all, KeyText(v))
	}
	return counter.ReplaceAllString(strings.Join(all, "\x00"), "")
}

// Fault is an error of a session with the place where it happened.
type Fault struct {
	Index     int  // of the statement; -1 for BEGIN, connect and so on
	Committed bool // COMMIT may have been sent: without the server's answer the outcome is unknown
	Answered  bool // the server itself said so: what was open is taken back
	Err       error
}

// Error has the words of the driver.
func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap returns the error of the driver.
func (f *Fault) Unwrap() error { return f.Err }

// Verdict is the meaning of a driver's error.
type Verdict struct {
	Class connectors.Class
	Code  string
	Hint  string
}

// Broken reports an error after which the connection cannot be trusted.
func Broken(err error) bool {
	var f *Fault
	return errors.As(err, &f) && !f.Answered
}

// BadSetting refuses a session.
func BadSetting(system, what, hint string) error {
	return connectors.Errorf(connectors.TargetError, CodeSession, "connect to "+system, fmt.Sprintf("%s makes rows or values wrong; %s", what, hint), "%s", what)
}

// rule is a verdict on some of the numbers or codes that a system has for errors.
type rule[K comparable] struct {
	Verdict
	of []K
}

// On makes a rule.
func On[K comparable](class connectors.Class, code, hint string, of ...K) rule[K] {
	return rule[K]{Verdict{class, code, hint}, of}
}

// Rules finds the verdict on a number or code; false: there is none.
func Rules[K comparable](all ...rule[K]) func(K) (Verdict, bool) {
	by := map[K]Verdict{}
	for _, r := range all {
		for _, k := range r.of {
			by[k] = r.Verdict
		}
	}
	return func(k K) (Verdict, bool) {
		v, ok := by[k]
		return v, ok
	}
}

// LedgerOp is how ledger statements are named in messages, and told from the data's.
const LedgerOp = "write to the ledger"

// counter is the part of SHOW CREATE TABLE that every row changes.
var counter = regexp.MustCompile(` AUTO_INCREMENT=\d+`)
